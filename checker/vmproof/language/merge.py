"""Merging what two branches of a dynamic `if` made (LANGUAGE.md, rule 7)."""

from __future__ import annotations

from collections.abc import Mapping

from vmproof.language.convert import Mistake, from_leaves, is_bool, is_integer, to_bits, to_bool, to_leaves
from vmproof.language.integers import merge_integers
from vmproof.language.types import ArrayType, BitsType, EnumMember, LayoutType, MemoryType
from vmproof.language.values import ArrayCopy, ElementValue, EnumValue, Fields, Signed, Unusable, Value, describe, weight
from vmproof.terms import BOOL, BitVecSort, Pool, Term

MAX_PARTS = 10_000  # of a tuple that two branches leave


def merge_terms(pool: Pool, condition: Term, then: Mapping[str, Term], otherwise: Mapping[str, Term]) -> dict[str, Term]:
    """Two states over the same entries; an entry that is the same term on both sides stays as it is."""
    if then is otherwise:
        return dict(then)
    merged = {}
    for path, term in then.items():
        other = otherwise[path]
        merged[path] = term if term is other else pool.ite(condition, term, other)
    return merged


def merge_names(pool: Pool, condition: Term, then: Mapping[str, Value], otherwise: Mapping[str, Value]) -> dict[str, Value]:
    """Two sets of local names. A name that only one branch sets, or that cannot be merged, is `Unusable`: an error where it is used."""
    merged: dict[str, Value] = {}
    for name in {**then, **otherwise}:
        if name not in then or name not in otherwise:
            merged[name] = Unusable(f"`{name}` is not set on every path to here")
            continue
        try:
            merged[name] = merge(pool, condition, then[name], otherwise[name])
        except Mistake as problem:
            merged[name] = Unusable(f"`{name}` cannot be used here: {problem.message}")
    return merged


def merge(pool: Pool, condition: Term, then: Value, otherwise: Value) -> Value:
    """One value that is `then` where the condition holds. Raises `Mistake` where the two do not agree in sort."""
    if isinstance(then, tuple) and then is not otherwise and weight(then, MAX_PARTS) > MAX_PARTS:
        raise Mistake(f"the branches leave tuples of more than {MAX_PARTS} parts")
    return _merge(pool, condition, then, otherwise)


def _merge(pool: Pool, condition: Term, then: Value, otherwise: Value) -> Value:
    if then is otherwise:
        return then
    for value in (then, otherwise):
        if isinstance(value, Unusable):
            return value
    if is_integer(then) and is_integer(otherwise):
        return merge_integers(pool, condition, then, otherwise)
    if isinstance(then, Signed) and isinstance(otherwise, Signed) and then.term.sort == otherwise.term.sort:
        return Signed(pool.ite(condition, then.term, otherwise.term))
    for one, other in ((then, otherwise), (otherwise, then)):
        if isinstance(one, Term) and isinstance(one.sort, BitVecSort) and (is_integer(other) or isinstance(other, Term | bool)):
            width = one.sort.width
            if isinstance(other, Term) and other.sort != BOOL and other.sort != one.sort:
                raise Mistake(f"the branches disagree: {describe(then)} and {describe(otherwise)}")
            return pool.ite(condition, to_bits(pool, then, width), to_bits(pool, otherwise, width))
        if all(isinstance(side, bool) or is_bool(side) for side in (one, other)):
            return pool.ite(condition, to_bool(pool, then), to_bool(pool, otherwise))
    match then, otherwise:
        case (EnumMember() | EnumValue(), EnumMember() | EnumValue()) if then.type is otherwise.type:
            if then == otherwise:
                return then
            return EnumValue(then.type, pool.ite(condition, _enum_term(pool, then), _enum_term(pool, otherwise)))
        case (ElementValue(), ElementValue()) if then.type is otherwise.type:
            return ElementValue(then.type, pool.ite(condition, then.term, otherwise.term))
        case (Fields(), Fields()) if then.type is otherwise.type:
            return Fields(then.type, {name: _merge(pool, condition, part, otherwise.parts[name]) for name, part in then.parts.items()})
        case (Fields(), Term()) | (Term(), Fields()):
            kind = then.type if isinstance(then, Fields) else otherwise.type
            if isinstance(kind, LayoutType):
                both = merge_terms(pool, condition, to_leaves(pool, then, kind), to_leaves(pool, otherwise, kind))
                return from_leaves(kind, both.__getitem__)
        case (ArrayCopy(), ArrayCopy()) if then.type == otherwise.type:
            return ArrayCopy(then.type, merge_terms(pool, condition, then.terms, otherwise.terms))
        case (tuple(), tuple()) if len(then) == len(otherwise):
            return tuple(_merge(pool, condition, a, b) for a, b in zip(then, otherwise, strict=True))
        case _:
            if type(then) is type(otherwise) and isinstance(then, str | range | BitsType | ArrayType | MemoryType) and then == otherwise:
                return then
    raise Mistake(f"the branches disagree: {describe(then)} and {describe(otherwise)}")


def _enum_term(pool: Pool, value: EnumMember | EnumValue) -> Term:
    return value.term if isinstance(value, EnumValue) else pool.bv(value.value, value.type.width)
