"""Writing below a leaf path: what `m.sr.C = 1` or `m.d[r][7:0] = x` changes (LANGUAGE.md, rule 5)."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmproof.language.convert import (
    Mistake,
    from_leaves,
    index_terms,
    is_integer,
    layout_from_word,
    layout_word,
    select_at,
    store_at,
    to_bits,
    to_leaves,
)
from vmproof.language.lookups import slice_ends
from vmproof.language.operators import binary
from vmproof.language.suggest import suggest
from vmproof.language.types import ArrayType, BitsType, LayoutType, MemoryType, RecordType, StateType, Type, join
from vmproof.language.values import Value, article
from vmproof.terms import Term

if TYPE_CHECKING:
    from vmproof.language.expressions import Expressions

_NONE = object()


@dataclass(frozen=True)
class Step:
    """One step of an assigned path: an attribute, an index, or a slice of bits (high, low)."""

    node: ast.AST
    attribute: str | None = None
    index: Value = _NONE
    slice: tuple[Value, Value] | None = None

    @property
    def has_index(self) -> bool:
        return self.index is not _NONE


def update(run: Expressions, kind: Type, get: Callable[[str], Term], steps: list[Step], value: Value) -> dict[str, Term]:
    """The leaves that change, by path, when `value` is written at the end of `steps` below a value of type `kind`.

    `get` gives the present leaf at a path. Raises `Mistake` where a step does not fit the type.
    """
    pool = run.pool
    if not steps:
        return to_leaves(pool, value, kind)
    step, rest = steps[0], steps[1:]
    match kind:
        case RecordType() | StateType() if step.attribute is not None:
            if step.attribute not in kind.fields:
                raise Mistake(f"no field `{step.attribute}` in {kind}", suggest(step.attribute, kind.fields))
            name = step.attribute
            inner = update(run, kind.fields[name], lambda path: get(join(name, path)), rest, value)
            return {join(name, path): term for path, term in inner.items()}
        case LayoutType() if step.attribute is not None:
            if step.attribute not in kind.fields:
                raise Mistake(f"no field `{step.attribute}` in {kind}", suggest(step.attribute, kind.fields))
            name = step.attribute
            inner = update(run, kind.fields[name].type, lambda path: get(name), rest, value)
            return {name: inner[""]}
        case LayoutType():
            word = layout_word(pool, from_leaves(kind, get))
            changed = update(run, BitsType(kind.width), lambda path: word, steps, value)[""]
            return to_leaves(pool, layout_from_word(pool, kind, changed), kind)
        case ArrayType() if step.has_index:
            place = index_terms(pool, step.index, kind)
            inner = update(run, kind.element, lambda path: select_at(pool, get(path), place), rest, value)
            return {path: store_at(pool, get(path), place, term) for path, term in inner.items()}
        case MemoryType() if step.has_index:
            at = to_bits(pool, step.index, kind.address)
            return {"": pool.store(get(""), at, to_bits(pool, value, kind.cell))}
        case BitsType() if step.slice is not None or (is_integer(step.index) and isinstance(step.index, int)):
            high, low = step.slice if step.slice is not None else (step.index, step.index)
            hi, lo = slice_ends(kind.width, high, low)
            if rest:
                raise Mistake("a slice of bits has no parts")
            old = get("")
            pieces = [to_bits(pool, value, hi - lo + 1)]
            if hi + 1 < kind.width:
                pieces.insert(0, pool.extract(old, kind.width - 1, hi + 1))
            if lo > 0:
                pieces.append(pool.extract(old, lo - 1, 0))
            return {"": pool.concat(*pieces) if len(pieces) > 1 else pieces[0]}
        case BitsType() if step.has_index:
            amount = step.index
            one = binary(pool, run.budget, "<<", pool.bv(1, kind.width), amount, lambda claim, sentence: None)
            bit = pool.eq(to_bits(pool, value, 1), pool.bv(1, 1))
            return {"": pool.ite(bit, pool.bvor(get(""), one), pool.bvand(get(""), pool.bvnot(one)))}
    what = f"field `{step.attribute}`" if step.attribute is not None else "such element"
    raise Mistake(f"{article(kind)} has no {what}")
