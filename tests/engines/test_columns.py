"""Columns agree with evaluation, packed cells come back, and a set of packed states is a set."""

from __future__ import annotations

import random

import numpy as np
import pytest

from vmproof.engines.scalars import Unsupported
from vmproof.engines.stateset import StateSet
from vmproof.engines.vector import Column, Program, column_type
from vmproof.terms import BOOL, Pool, Term, Value, bitvec, evaluate

WIDTHS = (1, 3, 8, 13, 16, 31, 32, 63, 64)


def interesting(rng: random.Random, width: int) -> int:
    return rng.choice((0, 1, (1 << width) - 1, 1 << (width - 1), rng.randrange(1 << width), rng.randrange(min(1 << width, 70))))


@pytest.mark.parametrize("width", WIDTHS)
def test_every_operation_agrees_with_evaluation(width: int) -> None:
    rng = random.Random(width)
    pool = Pool()
    a, b, c = (pool.var(name, bitvec(width)) for name in "abc")
    f = pool.var("f", BOOL)
    constant = pool.bv(interesting(rng, width) | 1, width)
    operations = [pool.add, pool.sub, pool.mul, pool.udiv, pool.urem, pool.sdiv, pool.srem, pool.bvand, pool.bvor, pool.bvxor]
    operations += [pool.shl, pool.lshr, pool.ashr]
    terms: list[Term] = [op(x, y) for op in operations for x, y in ((a, b), (a, constant), (constant, b))]
    terms += [op(x, y) for op in (pool.eq, pool.ult, pool.slt, pool.ule, pool.sle) for x, y in ((a, b), (a, constant))]
    terms += [pool.neg(a), pool.bvnot(a), pool.ite(f, a, b), pool.ite(f, constant, c)]
    terms += [pool.and_(f, pool.eq(a, b), pool.ult(b, c)), pool.not_(f)]
    terms += [pool.extract(a, high, low) for high in range(width) for low in (0, high // 2, high)]
    terms += [pool.sext(a, wide) for wide in WIDTHS if wide > width]
    terms += [pool.zext(a, wide) for wide in WIDTHS if wide > width]
    if 2 * width <= 64:
        terms += [pool.concat(a, b), pool.concat(pool.bvxor(a, c), pool.bv(0, 1), b) if 2 * width < 64 else pool.concat(b, a)]
    rows = [{a: interesting(rng, width), b: interesting(rng, width), c: interesting(rng, width), f: rng.random() < 0.5} for _ in range(300)]
    program = Program(terms)
    columns = [np.array([row[term] for row in rows], column_type(term.width)) for term in program.inputs]
    results = [np.broadcast_to(result, len(rows)) for result in program.run(columns)]
    for term, column in zip(terms, results, strict=True):
        assert column.dtype == column_type(term.width), term
    for number, row in enumerate(rows):
        given: dict[Term, Value] = dict(row)
        for term, expected, column in zip(terms, evaluate(terms, given), results, strict=True):
            assert column[number] == expected, (term, row)


def test_values_wider_than_a_word_are_told() -> None:
    pool = Pool()
    with pytest.raises(Unsupported, match="a value of 65 bits is wider than 64 bits"):
        Program([pool.eq(pool.zext(pool.var("a", bitvec(64)), 65), pool.var("b", bitvec(65)))])


@pytest.mark.parametrize("words", [1, 2, 3])
def test_a_state_set_numbers_each_state_once(words: int) -> None:
    rng = np.random.default_rng(words)
    states = StateSet(words)
    known: dict[tuple[int, ...], int] = {}
    for batch in range(60):
        size = int(rng.integers(0, 3000))
        high = 40 if batch % 2 else 1 << 30 // words
        columns: list[Column] = [rng.integers(0, high, size).astype(np.uint64) for _ in range(words)]
        before = states.count
        numbers, new = states.add(columns)
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
        assert len(new) == states.count - before
        for position, number in zip(new.tolist(), range(before, states.count), strict=True):
            assert rows[position] not in known
            known[rows[position]] = number
        assert [known[row] for row in rows] == numbers.tolist()
    assert states.count == len(known)
    for row, number in list(known.items())[:: 97]:
        assert tuple(states.state(number)) == row
