"""Nothing recurses on the depth of a term: a long chain of operations goes through everything."""

from __future__ import annotations

import gc
import pickle

import pytest

from vmproof.terms import (
    BOOL,
    ArraySort,
    Op,
    Pool,
    bits_of_each,
    bitvec,
    deserialize,
    evaluate,
    fingerprint,
    serialize,
    size,
    substitute,
    to_text,
    variables,
)

DEEP = 200_000  # far more than the interpreter's or the C stack holds


@pytest.fixture(scope="module", autouse=True)
def _quick_allocation() -> object:
    """No garbage collection while many terms are made, none of which is garbage."""
    gc.disable()
    yield
    gc.enable()


def test_a_long_chain() -> None:
    pool = Pool()
    x, y = pool.var("x", bitvec(32)), pool.var("y", bitvec(32))
    term = x
    for _ in range(DEEP):
        term = pool.udiv(term, y)
    assert size([term]) == DEEP + 2
    assert evaluate([term], {x: 12345, y: 1}) == [12345]
    assert substitute(pool, [term], {y: pool.bv(1, 32)}) == [x]
    assert variables([term]) == [x, y]
    assert to_text(term).startswith("(bvudiv (bvudiv (bvudiv ")
    assert len(fingerprint([term])) == 32
    (copy,) = deserialize(Pool(), pickle.loads(pickle.dumps(serialize([term]))))
    assert copy.id == term.id
    del pool, term, copy, x, y
    gc.collect()


def test_deep_chains_whose_rules_look_inside() -> None:
    pool = Pool()
    x, m = pool.var("x", bitvec(8)), pool.var("m", ArraySort(bitvec(8), bitvec(8)))
    word, flag, array, choice = x, pool.false, m, x
    for i in range(30_000):
        p = pool.var(f"p{i}", BOOL)
        word = pool.bvxor(pool.bvor(pool.bvand(word, pool.var(f"a{i % 7}", bitvec(8))), pool.bv(0x5A, 8)), pool.var(f"b{i % 5}", bitvec(8)))
        flag = pool.or_(pool.and_(flag, p), pool.ult(word, x))
        array = pool.ite(p, pool.store(array, word, x), pool.store(m, x, word)) if i % 2 else pool.store(array, word, x)
        choice = pool.ite(p, pool.bv(i % 200, 8), choice)
    picked = x
    for i in range(30_000):
        picked = pool.ite(pool.var(f"p{i}", BOOL), pool.var(f"c{i % 9}", bitvec(8)), picked)
    mixed = x
    for i in range(30_000):
        mixed = pool.add(pool.bvxor(mixed, pool.bv(0x55 + i % 9, 8)), pool.bv(1 + i % 7, 8))
    pool.eq(mixed, pool.bv(7, 8))
    pool.eq(mixed, pool.add(mixed.args[0].args[0], pool.bv(9, 8)))
    pool.extract(word, 3, 1)
    pool.extract(choice, 3, 1)
    assert bits_of_each(picked, 3, 1).op is Op.ITE
    pool.eq(choice, pool.bv(7, 8))
    pool.eq(array, m)
    pool.select(array, pool.bv(1, 8))
    pool.not_(pool.and_(flag, pool.not_(flag)))
    low = pool.bvnot(pool.neg(pool.mul(word, choice)))
    results = [flag, pool.select(array, low), choice, word]
    assert len(evaluate(results, {}, default=True)) == 4
    assert len(substitute(pool, results, {x: pool.bv(1, 8)})) == 4


def test_a_conjunction_built_one_by_one_takes_linear_time() -> None:
    pool = Pool()
    variables_ = [pool.var(f"p{i}", BOOL) for i in range(20_000)]
    conjunction = disjunction = pool.true
    for p in variables_:
        conjunction = pool.and_(conjunction, p)
        disjunction = pool.or_(pool.not_(p), disjunction) if disjunction is not pool.true else pool.not_(p)
    assert evaluate([conjunction, disjunction], lambda _: True) == [True, False]
    assert evaluate([conjunction, disjunction], lambda v: v is not variables_[777]) == [False, True]
    assert len(pool.and_(*variables_).args) == 20_000
