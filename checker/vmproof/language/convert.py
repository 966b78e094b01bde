"""From values to terms of a wanted type and back: the one place where widths are checked and integers adapt."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vmproof.language.types import (
    ArrayType,
    BitsType,
    BoolType,
    EnumMember,
    EnumType,
    LayoutType,
    MemoryType,
    RecordType,
    StateType,
    Type,
    UnsizedType,
    join,
    leaves,
    scalar_width,
)
from vmproof.language.values import ArrayCopy, Bulk, ElementValue, EnumValue, Fields, IntChoice, Signed, Unusable, Value, article, describe
from vmproof.terms import BOOL, ArraySort, BitVecSort, Pool, Term, default_value

MAX_BULK_INDEX = 10  # bits of the index of an array that a function gives


class Mistake(Exception):
    """A mistake in a description, without its place; the evaluator adds the place of the node at hand."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def is_bits(value: Value) -> bool:
    return isinstance(value, Term) and isinstance(value.sort, BitVecSort)


def is_bool(value: Value) -> bool:
    return isinstance(value, Term) and value.sort == BOOL


def is_integer(value: Value) -> bool:
    """A static integer (a bool is none) or a choice among them."""
    return isinstance(value, IntChoice) or (isinstance(value, int) and not isinstance(value, bool))


def usable(value: Value) -> Value:
    """The value, unless branches disagreed about it."""
    if isinstance(value, Unusable):
        raise Mistake(value.reason)
    return value


def to_bool(pool: Pool, value: Value, role: str = "a condition") -> Term:
    """A Bool term from a bool or a single bit."""
    found: object = usable(value)
    match found:
        case bool():
            return pool.bool(found)
        case Term() as term if term.sort == BOOL:
            return term
        case Term() as term if isinstance(term.sort, BitVecSort) and term.sort.width == 1:
            return pool.eq(term, pool.bv(1, 1))
        case EnumValue():
            raise Mistake(f"{role} must be a bool or one bit, not {describe(value)}", "compare it with a member")
        case Term():
            raise Mistake(f"{role} must be a bool or one bit, not {describe(value)}", "compare it with 0")
        case _:
            raise Mistake(f"{role} must be a bool or one bit, not {describe(value)}")


def to_bits(pool: Pool, value: Value, width: int) -> Term:
    """A term of exactly `width` bits. Integers adapt if they fit (as unsigned, or as a negative number in two's complement)."""
    match usable(value):
        case bool():
            if width != 1:
                raise Mistake(f"a bool is not {BitsType(width)}", f"write {BitsType(width)}(...)")
            return pool.bv(int(value), 1)
        case int():
            if not -(1 << (width - 1)) <= value < 1 << width:
                raise Mistake(f"{value} does not fit in {BitsType(width)}")
            return pool.bv(value, width)
        case IntChoice():
            *cases, (last, _) = value.cases
            result = to_bits(pool, last, width)
            for number, condition in reversed(cases):
                result = pool.ite(condition, to_bits(pool, number, width), result)
            return result
        case Term() if value.sort == BOOL:
            if width != 1:
                raise Mistake(f"a bool is not {BitsType(width)}", f"write {BitsType(width)}(...)")
            return pool.ite(value, pool.bv(1, 1), pool.bv(0, 1))
        case Term() if isinstance(value.sort, BitVecSort):
            if value.sort.width != width:
                raise Mistake(f"widths differ: {describe(value)} where {BitsType(width)} is wanted", _width_hint(value.sort.width, width))
            term: Term = value
            return term
        case Signed():
            return to_bits(pool, value.term, width)
        case Fields() if isinstance(value.type, LayoutType):
            return to_bits(pool, layout_word(pool, value), width)
        case EnumMember() | EnumValue():
            raise Mistake(
                f"{describe(value) if isinstance(value, EnumValue) else value} is no {BitsType(width)}", f"write {BitsType(width)}(...)"
            )
        case _:
            raise Mistake(f"{describe(value)} where {BitsType(width)} is wanted")


def _width_hint(has: int, wants: int) -> str:
    return f"widen it with zext(..., {wants}) or sext(..., {wants})" if has < wants else f"take a slice such as [{wants - 1}:0]"


def layout_word(pool: Pool, value: Fields) -> Term:
    """The word of a layout value; bits that no field names are zero."""
    kind = value.type
    assert isinstance(kind, LayoutType)
    pieces: list[Term] = []
    at = kind.width  # the lowest bit that is already placed
    for part in sorted(kind.fields.values(), key=lambda part: -part.hi):
        if part.hi + 1 < at:
            pieces.append(pool.bv(0, at - part.hi - 1))
        pieces.append(to_leaf(pool, value.parts[part.name], part.type))
        at = part.lo
    if at > 0:
        pieces.append(pool.bv(0, at))
    return pool.concat(*pieces)


def to_leaf(pool: Pool, value: Value, kind: BitsType | BoolType | EnumType | UnsizedType) -> Term:
    """A scalar value as the term that a leaf of this type holds."""
    match kind:
        case BoolType():
            return to_bool(pool, value, "a bool field")
        case BitsType():
            return to_bits(pool, value, kind.width)
        case UnsizedType():
            return _element_term(value, kind)
        case EnumType():
            match usable(value):
                case EnumMember() if value.type is kind:
                    return pool.bv(value.value, kind.width)
                case EnumValue() if value.type is kind:
                    term: Term = value.term
                    return term
                case EnumMember() | EnumValue():
                    raise Mistake(f"{value if isinstance(value, EnumMember) else describe(value)} is no member of {kind}")
                case _:
                    raise Mistake(f"{describe(value)} where {article(kind)} is wanted", f"write {kind}(...) for bits")


def _element_term(value: Value, kind: UnsizedType) -> Term:
    found = usable(value)
    if not isinstance(found, ElementValue) or found.type is not kind:
        raise Mistake(f"{describe(found)} where {article(kind)} is wanted")
    return found.term


def to_leaves(pool: Pool, value: Value, kind: Type) -> dict[str, Term]:
    """A value of a type as its leaves, by path; raises `Mistake` where the value is not of the type."""
    value = usable(value)
    match kind:
        case BoolType() | BitsType() | EnumType() | UnsizedType():
            return {"": to_leaf(pool, value, kind)}
        case LayoutType():
            if isinstance(value, Fields) and value.type is kind:
                return {name: to_leaf(pool, value.parts[name], part.type) for name, part in kind.fields.items()}
            if isinstance(value, Fields):
                raise Mistake(f"{describe(value)} where {article(kind)} is wanted")
            return to_leaves(pool, layout_from_word(pool, kind, to_bits(pool, value, kind.width)), kind)
        case RecordType():
            if not (isinstance(value, Fields) and value.type is kind):
                raise Mistake(f"{describe(value)} where {article(kind)} is wanted")
            found: dict[str, Term] = {}
            for name, inner in kind.fields.items():
                for path, term in to_leaves(pool, value.parts[name], inner).items():
                    found[join(name, path)] = term
            return found
        case StateType():
            raise Mistake("a component is not assigned as a whole", "call its actions, or assign its fields")
        case ArrayType() if isinstance(value, Bulk):
            return _bulk_leaves(pool, value, kind)
        case ArrayType() | MemoryType():
            if not (isinstance(value, ArrayCopy) and value.type == kind):
                raise Mistake(f"{describe(value)} where {article(kind)} is wanted")
            return dict(value.terms)


def _bulk_leaves(pool: Pool, value: Bulk, kind: ArrayType) -> dict[str, Term]:
    """The leaves of an array whose elements a function gives: one for each index there is, or a definition where they have no size."""
    if kind.nested or kind.index_width > MAX_BULK_INDEX:
        return dict(value.define(kind, value.element))
    found: dict[str, Term] = {}
    codes = [pool.bv(number, kind.index_width) for number in range(1 << kind.index_width)]
    indices = [(at, split_index(pool, at, kind)) for at in codes]
    gaps = any(index is None for _, index in indices)  # codes that are no index: zero stands there, in every array of a system
    for at, index in indices:
        if index is None:
            continue
        for path, term in to_leaves(pool, value.element(index), kind.element).items():
            whole = found.get(path)
            if whole is None:
                rest = pool.value(term.sort, default_value(term.sort)) if gaps and not isinstance(term.sort, ArraySort) else term
                whole = pool.array_const(ArraySort(at.sort, term.sort), rest)
            found[path] = pool.store(whole, at, term)
    return found


def split_index(pool: Pool, at: Term, kind: ArrayType) -> tuple[Value, ...] | None:
    """The parts of an index; None where it is known and an enumeration has no such member, or a type no such element."""
    found: list[Value] = []
    top = kind.index_width
    for part in kind.index:
        width = scalar_width(part)
        piece = pool.extract(at, top - 1, top - width)
        top -= width
        code = piece.value if piece.is_const else None
        if isinstance(part, EnumType) and code is not None and code not in part.members.values():
            return None
        if isinstance(part, UnsizedType) and part.size is not None and isinstance(code, int) and code >= part.size:
            return None
        found.append(from_leaves(part, lambda path, part=part, piece=piece: to_bool(pool, piece) if part == BoolType() else piece))  # type: ignore[misc]
    return tuple(found)


def layout_from_word(pool: Pool, kind: LayoutType, word: Term) -> Fields:
    """A layout value from its word."""
    parts: dict[str, Value] = {}
    for name, part in kind.fields.items():
        piece = pool.extract(word, part.hi, part.lo)
        parts[name] = EnumValue(part.enum, piece) if part.enum else piece
    return Fields(kind, parts)


def from_leaves(kind: Type, get: Callable[[str], Term]) -> Value:
    """The value of a type whose leaves `get` gives by path."""
    match kind:
        case BoolType() | BitsType():
            return get("")
        case EnumType():
            return EnumValue(kind, get(""))
        case UnsizedType():
            return ElementValue(kind, get(""))
        case LayoutType():
            return Fields(kind, {name: EnumValue(part.enum, get(name)) if part.enum else get(name) for name, part in kind.fields.items()})
        case StateType():
            raise Mistake("a component is no value", "read its fields")
        case RecordType():
            return Fields(
                kind,
                {name: from_leaves(inner, lambda path, name=name: get(join(name, path))) for name, inner in kind.fields.items()},  # type: ignore[misc]
            )
        case ArrayType() | MemoryType():
            return ArrayCopy(kind, {leaf.path: get(leaf.path) for leaf in leaves(kind)})


def coerce(pool: Pool, value: Value, kind: Type) -> Value:
    """The value as one of this type: an integer gets its width, a bool becomes a bit where a bit is wanted."""
    parts: Mapping[str, Term] = to_leaves(pool, value, kind)
    return from_leaves(kind, parts.__getitem__)


def index_terms(pool: Pool, index: Value, kind: ArrayType) -> tuple[Term, ...]:
    """What selects an element: the indices' bits joined, or one term for each index of a nested array."""
    given = index if isinstance(index, tuple) else (index,)
    if len(given) != len(kind.index):
        raise Mistake(f"{kind} takes {len(kind.index)} {'index' if len(kind.index) == 1 else 'indices'}, not {len(given)}")
    pieces = []
    for value, part in zip(given, kind.index, strict=True):
        term = to_leaf(pool, value, part)
        pieces.append(pool.ite(term, pool.bv(1, 1), pool.bv(0, 1)) if isinstance(part, BoolType) else term)
    if kind.nested or len(pieces) == 1:
        return tuple(pieces)
    return (pool.concat(*pieces),)


def select_at(pool: Pool, array: Term, at: tuple[Term, ...]) -> Term:
    """The element of an array, nested or not."""
    for index in at:
        array = pool.select(array, index)
    return array


def store_at(pool: Pool, array: Term, at: tuple[Term, ...], value: Term) -> Term:
    """The array with another element; at no index the element itself."""
    if not at:
        return value
    if len(at) == 1:
        return pool.store(array, at[0], value)
    return pool.store(array, at[0], store_at(pool, pool.select(array, at[0]), at[1:], value))
