"""Each simplification that verdicts' speed depends on, one line each: what is written, and the term it becomes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from vmproof.terms import BOOL, ArraySort, Op, Pool, Term, UninterpretedSort, bitvec

Rule = Callable[[Pool, Any], tuple[Term, Term]]


def names(pool: Pool) -> Any:
    """Variables: p q r bool, x y z 8 bits, s t 1 bit, n 4 bits, m an array of bytes, f of flags; k(v) a constant of 8 bits."""
    made = {name: pool.var(name, BOOL) for name in "pqr"} | {name: pool.var(name, bitvec(8)) for name in "xyz"}
    made |= {name: pool.var(name, bitvec(1)) for name in "st"} | {"n": pool.var("n", bitvec(4))}
    made |= {"m": pool.var("m", ArraySort(bitvec(8), bitvec(8))), "f": pool.var("f", ArraySort(bitvec(8), BOOL))}
    return SimpleNamespace(**made, k=lambda value, width=8: pool.bv(value, width))


RULES: dict[str, Rule] = {
    # truth values
    "double negation": lambda b, v: (b.not_(b.not_(v.p)), v.p),
    "and of nothing": lambda b, v: (b.and_(), b.true),
    "or of nothing": lambda b, v: (b.or_(), b.false),
    "and is flat, ordered, and has each once": lambda b, v: (b.and_(v.r, b.and_(v.q, v.p), v.q), b.and_(v.p, v.q, v.r)),
    "and with false": lambda b, v: (b.and_(v.p, b.false, v.q), b.false),
    "and with true": lambda b, v: (b.and_(b.true, v.p), v.p),
    "and of complements": lambda b, v: (b.and_(v.p, v.q, b.not_(v.p)), b.false),
    "or of complements": lambda b, v: (b.or_(v.p, v.q, b.not_(v.p)), b.true),
    "and with the complement of a conjunction": lambda b, v: (b.and_(b.and_(v.p, v.q), b.not_(b.and_(v.p, v.q))), b.false),
    "absorption": lambda b, v: (b.and_(v.p, b.or_(v.p, v.q)), v.p),
    "absorption in or": lambda b, v: (b.or_(v.p, b.and_(v.p, v.q)), v.p),
    "unit propagation": lambda b, v: (b.and_(v.p, b.or_(b.not_(v.p), v.q)), b.and_(v.p, v.q)),
    "unit propagation in a row": lambda b, v: (b.and_(v.p, b.implies(v.p, v.q), b.implies(v.q, v.r)), b.and_(v.p, v.q, v.r)),
    "one term, two constants": lambda b, v: (b.and_(b.eq(v.x, v.k(1)), b.eq(v.x, v.k(2))), b.false),
    "a constant excludes others": lambda b, v: (b.and_(b.eq(v.x, v.k(1)), b.ne(v.x, v.k(2))), b.eq(v.x, v.k(1))),
    "a constant decides a disjunction": lambda b, v: (
        b.and_(b.eq(v.x, v.k(1)), b.or_(b.eq(v.x, v.k(2)), v.p), b.not_(b.and_(b.eq(v.x, v.k(3)), v.q))),
        b.and_(b.eq(v.x, v.k(1)), b.or_(b.eq(v.x, v.k(2)), v.p)),
    ),
    "implies itself": lambda b, v: (b.implies(v.p, v.p), b.true),
    "xor with itself": lambda b, v: (b.xor(v.p, v.p), b.false),
    "iff with a constant": lambda b, v: (b.eq(v.p, b.false), b.not_(v.p)),
    "iff of negations": lambda b, v: (b.eq(b.not_(v.p), b.not_(v.q)), b.eq(v.p, v.q)),
    "iff of complements": lambda b, v: (b.eq(b.not_(v.p), v.p), b.false),
    # choices
    "ite of equal branches": lambda b, v: (b.ite(v.p, v.x, v.x), v.x),
    "ite of a constant": lambda b, v: (b.ite(b.false, v.x, v.y), v.y),
    "ite of a negation": lambda b, v: (b.ite(b.not_(v.p), v.x, v.y), b.ite(v.p, v.y, v.x)),
    "same condition inside then": lambda b, v: (b.ite(v.p, b.ite(v.p, v.x, v.y), v.z), b.ite(v.p, v.x, v.z)),
    "same condition inside else": lambda b, v: (b.ite(v.p, v.x, b.ite(b.not_(v.p), v.y, v.z)), b.ite(v.p, v.x, v.y)),
    "equal results join conditions": lambda b, v: (b.ite(v.p, v.x, b.ite(v.q, v.x, v.y)), b.ite(b.or_(v.p, v.q), v.x, v.y)),
    "inner choice with the outer else": lambda b, v: (b.ite(v.p, b.ite(v.q, v.x, v.y), v.y), b.ite(b.and_(v.p, v.q), v.x, v.y)),
    "ite to or": lambda b, v: (b.ite(v.p, b.true, v.q), b.or_(v.p, v.q)),
    "ite to and": lambda b, v: (b.ite(v.p, v.q, b.false), b.and_(v.p, v.q)),
    "ite to iff": lambda b, v: (b.ite(v.p, v.q, b.not_(v.q)), b.eq(v.p, v.q)),
    "a flag and back": lambda b, v: (b.ite(b.eq(v.s, v.k(1, 1)), v.k(1, 1), v.k(0, 1)), v.s),
    "a flag inverted": lambda b, v: (b.ite(b.eq(v.s, v.k(0, 1)), v.k(1, 1), v.k(0, 1)), b.bvnot(v.s)),
    "choice between what is compared": lambda b, v: (b.ite(b.eq(v.x, v.y), v.x, v.y), v.y),
    "shared fields outside": lambda b, v: (
        b.ite(v.p, b.concat(v.x, v.n, v.z), b.concat(v.x, v.k(3, 4), v.z)),
        b.concat(v.x, b.ite(v.p, v.n, v.k(3, 4)), v.z),
    ),
    # equality
    "reflexive": lambda b, v: (b.eq(v.x, v.x), b.true),
    "constants": lambda b, v: (b.eq(v.k(1), v.k(2)), b.false),
    "choice of constants": lambda b, v: (b.eq(b.ite(v.p, v.k(1), b.ite(v.q, v.k(2), v.k(3))), v.k(2)), b.and_(b.not_(v.p), v.q)),
    "choice with a constant that fits": lambda b, v: (b.eq(b.ite(v.p, v.k(1), v.x), v.k(1)), b.or_(v.p, b.eq(v.x, v.k(1)))),
    "unchanged but for a choice": lambda b, v: (b.eq(b.ite(v.p, v.y, v.x), v.x), b.or_(b.not_(v.p), b.eq(v.x, v.y))),
    "choices by one condition": lambda b, v: (b.eq(b.ite(v.p, v.x, v.y), b.ite(v.p, v.x, v.z)), b.or_(v.p, b.eq(v.y, v.z))),
    "x + c1 = c2": lambda b, v: (b.eq(b.add(v.x, v.k(250)), v.k(1)), b.eq(v.x, v.k(7))),
    "x + c1 = x + c2": lambda b, v: (b.eq(b.add(v.x, v.k(1)), b.add(v.x, v.k(2))), b.false),
    "x + y = x": lambda b, v: (b.eq(b.add(v.x, v.y), v.x), b.eq(v.y, v.k(0))),
    "x + y = x + z": lambda b, v: (b.eq(b.add(v.x, v.y), b.add(v.z, v.x)), b.eq(v.y, v.z)),
    "-x = c": lambda b, v: (b.eq(b.neg(v.x), v.k(1)), b.eq(v.x, v.k(255))),
    "~x = ~y": lambda b, v: (b.eq(b.bvnot(v.x), b.bvnot(v.y)), b.eq(v.x, v.y)),
    "x ^ c1 = c2": lambda b, v: (b.eq(b.bvxor(v.x, v.k(0x55)), v.k(5)), b.eq(v.x, v.k(0x50))),
    "concats piecewise": lambda b, v: (b.eq(b.concat(v.x, v.n), b.concat(v.y, v.n)), b.eq(v.x, v.y)),
    "concat and constant": lambda b, v: (b.eq(b.concat(v.n, v.k(5, 4)), v.k(0x35)), b.eq(v.n, v.k(3, 4))),
    "concat and a constant that does not fit": lambda b, v: (b.eq(b.concat(v.n, v.k(5, 4)), v.k(0x36)), b.false),
    "zero extensions": lambda b, v: (b.eq(b.zext(v.x, 32), b.zext(v.y, 32)), b.eq(v.x, v.y)),
    "sign extension and constant": lambda b, v: (b.eq(b.sext(v.x, 16), v.k(0xFFFE, 16)), b.eq(v.x, v.k(0xFE))),
    "sign extension and what it cannot be": lambda b, v: (b.eq(b.sext(v.x, 16), v.k(0x00FE, 16)), b.false),
    "masked bits": lambda b, v: (b.eq(b.bvand(v.x, v.k(0x55)), v.k(2)), b.false),
    "set bits": lambda b, v: (b.eq(b.bvor(v.x, v.k(0x55)), v.k(2)), b.false),
    "one bit is 0": lambda b, v: (b.eq(v.s, v.k(0, 1)), b.not_(b.eq(v.s, v.k(1, 1)))),
    "flags": lambda b, v: (b.eq(b.ite(v.p, v.k(1, 1), v.k(0, 1)), b.ite(v.q, v.k(1, 1), v.k(0, 1))), b.eq(v.p, v.q)),
    "distinct": lambda b, v: (b.distinct(v.x, v.y, v.x), b.false),
    # arithmetic
    "offsets add up": lambda b, v: (b.add(b.add(v.x, v.k(3)), v.k(254)), b.add(v.x, v.k(1))),
    "offsets move outward": lambda b, v: (b.add(b.add(v.x, v.k(3)), v.y), b.add(b.add(v.x, v.y), v.k(3))),
    "x - x": lambda b, v: (b.sub(v.x, v.x), v.k(0)),
    "(x + y) - y": lambda b, v: (b.sub(b.add(v.x, v.y), v.y), v.x),
    "(x - y) + y": lambda b, v: (b.add(b.sub(v.x, v.y), v.y), v.x),
    "x - (x + 4)": lambda b, v: (b.sub(v.x, b.add(v.x, v.k(4))), v.k(252)),
    "x + 0": lambda b, v: (b.add(v.k(0), v.x), v.x),
    "offset of a choice": lambda b, v: (b.add(b.ite(v.p, v.k(2), v.k(4)), v.k(1)), b.ite(v.p, v.k(3), v.k(5))),
    "x * 0": lambda b, v: (b.mul(v.k(0), v.x), v.k(0)),
    "x * 4": lambda b, v: (b.mul(v.x, v.k(4)), b.concat(b.extract(v.x, 5, 0), v.k(0, 2))),
    "x * -1": lambda b, v: (b.mul(v.x, v.k(255)), b.neg(v.x)),
    "factors": lambda b, v: (b.mul(b.mul(v.x, v.k(3)), v.k(5)), b.mul(v.x, v.k(15))),
    "x / 4": lambda b, v: (b.udiv(v.x, v.k(4)), b.zext(b.extract(v.x, 7, 2), 8)),
    "x / 0": lambda b, v: (b.udiv(v.x, v.k(0)), v.k(255)),
    "x % 4": lambda b, v: (b.urem(v.x, v.k(4)), b.zext(b.extract(v.x, 1, 0), 8)),
    "x % 0": lambda b, v: (b.urem(v.x, v.k(0)), v.x),
    "x % x": lambda b, v: (b.urem(v.x, v.x), v.k(0)),
    "signed x / 1": lambda b, v: (b.sdiv(v.x, v.k(1)), v.x),
    "signed x / -1": lambda b, v: (b.sdiv(v.x, v.k(255)), b.neg(v.x)),
    "signed x % -1": lambda b, v: (b.srem(v.x, v.k(255)), v.k(0)),
    "signed x % 0": lambda b, v: (b.srem(v.x, v.k(0)), v.x),
    # bitwise
    "x & 0": lambda b, v: (b.bvand(v.x, v.k(0)), v.k(0)),
    "x & ones": lambda b, v: (b.bvand(v.x, v.k(255)), v.x),
    "x | 0": lambda b, v: (b.bvor(v.x, v.k(0)), v.x),
    "x | ones": lambda b, v: (b.bvor(v.x, v.k(255)), v.k(255)),
    "x ^ ones": lambda b, v: (b.bvxor(v.x, v.k(255)), b.bvnot(v.x)),
    "x & x": lambda b, v: (b.bvand(v.x, v.x), v.x),
    "x ^ x": lambda b, v: (b.bvxor(v.x, v.x), v.k(0)),
    "x & ~x": lambda b, v: (b.bvand(v.x, b.bvnot(v.x)), v.k(0)),
    "x ^ ~x": lambda b, v: (b.bvxor(v.x, b.bvnot(v.x)), v.k(255)),
    "(x ^ y) ^ y": lambda b, v: (b.bvxor(b.bvxor(v.x, v.y), v.y), v.x),
    "a mask is a field": lambda b, v: (b.bvand(v.x, v.k(0x3C)), b.concat(v.k(0, 2), b.extract(v.x, 5, 2), v.k(0, 2))),
    "a field put into a word": lambda b, v: (
        b.bvor(b.bvand(v.x, v.k(0xC3)), b.shl(b.zext(v.n, 8), v.k(2))),
        b.concat(b.extract(v.x, 7, 6), v.n, b.extract(v.x, 1, 0)),
    ),
    "flags joined": lambda b, v: (
        b.bvor(b.ite(v.p, v.k(1, 1), v.k(0, 1)), b.ite(v.q, v.k(1, 1), v.k(0, 1))),
        b.ite(b.or_(v.p, v.q), v.k(1, 1), v.k(0, 1)),
    ),
    "shift by 0": lambda b, v: (b.shl(v.x, v.k(0)), v.x),
    "shift out": lambda b, v: (b.lshr(v.x, v.k(8)), v.k(0)),
    "shift right": lambda b, v: (b.lshr(v.x, v.k(3)), b.zext(b.extract(v.x, 7, 3), 8)),
    "shift right signed": lambda b, v: (b.ashr(v.x, v.k(200)), b.sext(b.extract(v.x, 7, 7), 8)),
    # fields
    "extract of extract": lambda b, v: (b.extract(b.extract(v.x, 6, 2), 3, 1), b.extract(v.x, 5, 3)),
    "extract of concat": lambda b, v: (b.extract(b.concat(v.x, v.n, v.y), 11, 8), v.n),
    "extract across parts": lambda b, v: (b.extract(b.concat(v.x, v.y), 9, 6), b.concat(b.extract(v.x, 1, 0), b.extract(v.y, 7, 6))),
    "extract of zeros": lambda b, v: (b.extract(b.zext(v.x, 32), 31, 8), v.k(0, 24)),
    "extract of the sign": lambda b, v: (b.extract(b.sext(v.x, 32), 31, 7), b.sext(b.extract(v.x, 7, 7), 25)),
    "extract of a choice": lambda b, v: (b.extract(b.ite(v.p, v.k(0xF0), v.x), 3, 0), b.ite(v.p, v.k(0, 4), b.extract(v.x, 3, 0))),
    "extract of bitwise": lambda b, v: (b.extract(b.bvxor(v.x, b.zext(v.n, 8)), 7, 4), b.extract(v.x, 7, 4)),
    "low bits of a sum": lambda b, v: (b.extract(b.add(v.x, v.k(4)), 1, 0), b.extract(v.x, 1, 0)),
    "neighbours merge": lambda b, v: (b.concat(b.extract(v.x, 7, 3), b.extract(v.x, 2, 0)), v.x),
    "constants merge": lambda b, v: (b.concat(v.k(1, 4), v.k(2, 4), v.x), b.concat(v.k(0x12), v.x)),
    "sign extension twice": lambda b, v: (b.sext(b.sext(v.x, 16), 32), b.sext(v.x, 32)),
    "sign extension of zeros": lambda b, v: (b.sext(b.zext(v.n, 8), 16), b.zext(v.n, 16)),
    # order
    "x < 0": lambda b, v: (b.ult(v.x, v.k(0)), b.false),
    "x < 1": lambda b, v: (b.ult(v.x, v.k(1)), b.eq(v.x, v.k(0))),
    "0 < x": lambda b, v: (b.ult(v.k(0), v.x), b.ne(v.x, v.k(0))),
    "x <= max": lambda b, v: (b.ule(v.x, v.k(255)), b.true),
    "x < x": lambda b, v: (b.ult(v.x, v.x), b.false),
    "x <= y is not y < x": lambda b, v: (b.ule(v.x, v.y), b.not_(b.ult(v.y, v.x))),
    "a short number is below": lambda b, v: (b.ult(b.zext(v.n, 8), v.k(16)), b.true),
    "equal leading bits": lambda b, v: (b.ult(b.zext(v.n, 8), v.k(9)), b.ult(v.n, v.k(9, 4))),
    "signed below 0 is the sign": lambda b, v: (b.slt(v.x, v.k(0)), b.eq(b.extract(v.x, 7, 7), v.k(1, 1))),
    "signed least": lambda b, v: (b.sle(v.k(0x80), v.x), b.true),
    "signed of zero extensions": lambda b, v: (b.slt(b.zext(v.n, 8), b.zext(v.k(9, 4), 8)), b.ult(v.n, v.k(9, 4))),
    # arrays
    "offset into zeros": lambda b, v: (b.add(b.concat(v.n, v.k(4, 4)), v.k(3)), b.concat(v.n, v.k(7, 4))),
    "offset of a choice of concats": lambda b, v: (
        b.add(b.ite(v.p, b.concat(v.n, v.k(0, 4)), v.k(8)), v.k(3)),
        b.ite(v.p, b.concat(v.n, v.k(3, 4)), v.k(11)),
    ),
    "read what was written": lambda b, v: (b.select(b.store(v.m, v.x, v.y), v.x), v.y),
    "read elsewhere, constants": lambda b, v: (b.select(b.store(v.m, v.k(1), v.y), v.k(2)), b.select(v.m, v.k(2))),
    "read elsewhere, offsets": lambda b, v: (
        b.select(b.store(v.m, b.add(v.x, v.k(1)), v.y), b.add(v.x, v.k(2))),
        b.select(v.m, b.add(v.x, v.k(2))),
    ),
    "read elsewhere, parts": lambda b, v: (
        b.select(b.store(v.m, b.concat(v.n, v.k(1, 4)), v.y), b.concat(b.extract(v.x, 3, 0), v.k(2, 4))),
        b.select(v.m, b.concat(b.extract(v.x, 3, 0), v.k(2, 4))),
    ),
    "read of the same everywhere": lambda b, v: (b.select(b.array_const(v.m.sort, v.y), v.x), v.y),
    "read elsewhere, concats cut at other bits": lambda b, v: (
        b.select(b.store(v.m, b.concat(v.n, v.k(5, 4)), v.y), b.concat(v.s, v.k(10, 7))),
        b.select(v.m, b.concat(v.s, v.k(10, 7))),
    ),
    "write back what was there before": lambda b, v: (
        b.store(b.store(b.array_const(v.m.sort, v.y), v.x, v.z), v.x, v.y),
        b.array_const(v.m.sort, v.y),
    ),
    "write over": lambda b, v: (b.store(b.store(v.m, v.x, v.y), v.x, v.z), b.store(v.m, v.x, v.z)),
    "write over behind another": lambda b, v: (
        b.store(b.store(b.store(v.m, v.k(1), v.x), v.k(2), v.y), v.k(1), v.z),
        b.store(b.store(v.m, v.k(2), v.y), v.k(1), v.z),
    ),
    "write back": lambda b, v: (b.store(v.m, v.x, b.select(v.m, v.x)), v.m),
    "writes at one index": lambda b, v: (b.eq(b.store(v.m, v.x, v.y), b.store(v.m, v.x, v.z)), b.eq(v.y, v.z)),
    "a write that changes nothing": lambda b, v: (b.eq(b.store(v.m, v.x, v.y), v.m), b.eq(b.select(v.m, v.x), v.y)),
    "a choice to write": lambda b, v: (
        b.ite(v.p, b.store(v.m, v.x, v.y), v.m),
        b.store(v.m, v.x, b.ite(v.p, v.y, b.select(v.m, v.x))),
    ),
    "constant arrays": lambda b, v: (b.eq(b.array_const(v.m.sort, v.y), b.array_const(v.m.sort, v.z)), b.eq(v.y, v.z)),
    "flags in arrays": lambda b, v: (b.select(b.store(v.f, v.x, v.p), v.x), v.p),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    pool = Pool()
    written, expected = RULES[name](pool, names(pool))
    assert written is expected


def test_equal_structure_is_one_term() -> None:
    pool = Pool()
    v = names(pool)
    assert pool.add(v.x, v.y) is pool.add(v.y, v.x)
    assert pool.bv(-1, 8) is pool.bv(255, 8)
    assert pool.var("x", bitvec(8)) is v.x


def test_elements_of_an_uninterpreted_sort_are_distinct() -> None:
    pool = Pool()
    sort = UninterpretedSort("Cell")
    a, b, c = pool.value(sort, 1), pool.value(sort, 2), pool.var("c", sort)
    assert pool.eq(a, b) is pool.false
    assert pool.eq(c, a).op is Op.EQ
    assert pool.value(sort, 1) is a
    assert a.value == 1


def test_fresh_names() -> None:
    pool = Pool()
    made = [pool.fresh("x", BOOL), pool.fresh("x", bitvec(2)), pool.var("x!2", BOOL), pool.fresh("x", BOOL)]
    assert [term.name for term in made] == ["x", "x!1", "x!2", "x!3"]
