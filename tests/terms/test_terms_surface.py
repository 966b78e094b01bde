"""The surface of terms: errors, values, text, evaluation, substitution."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmproof.terms import (
    BOOL,
    ArraySort,
    ArrayValue,
    Evaluator,
    Op,
    Pool,
    SortError,
    Substitution,
    UnassignedVariable,
    UninterpretedSort,
    bits_of_each,
    bitvec,
    default_value,
    deserialize,
    equal_values,
    evaluate,
    fingerprint,
    reachable,
    serialize,
    size,
    substitute,
    to_text,
    variables,
    variables_of_each,
)

BYTES = ArraySort(bitvec(8), bitvec(8))


def test_errors_name_the_operator_and_the_sorts() -> None:
    pool, other = Pool(), Pool()
    x, y, p, m = pool.var("x", bitvec(8)), pool.var("y", bitvec(4)), pool.var("p", BOOL), pool.var("m", BYTES)
    cases: dict[str, Callable[[], object]] = {
        "add of bits[8], bits[4]": lambda: pool.add(x, y),
        "add of bool, bool": lambda: pool.add(p, p),
        "bvand of bits[8], bits[4]": lambda: pool.bvand(x, y),
        "eq of bits[8], bool": lambda: pool.eq(x, p),
        "and of bits[8]": lambda: pool.and_(p, x),
        "not of bits[8]": lambda: pool.not_(x),
        "ite of bits[8], bits[8], bits[8]": lambda: pool.ite(x, x, x),
        "ult of bits[8], bits[4]": lambda: pool.ult(x, y),
        "bits 8 to 0 of bits[8]": lambda: pool.extract(x, 8, 0),
        "zero extension of bits[8] to 4 bits": lambda: pool.zext(x, 4),
        "concat of bits[8], bool": lambda: pool.concat(x, p),
        "select of array[bits[8], bits[8]], bits[4]": lambda: pool.select(m, y),
        "store of array[bits[8], bits[8]], bits[8], bits[4]": lambda: pool.store(m, x, y),
        "a bit vector has at least 1 bit, not 0": lambda: pool.bv(0, 0),
        "variable x is of sort bits[8] and cannot be of bool as well": lambda: pool.var("x", BOOL),
        "add of a term of another pool": lambda: pool.add(x, other.var("x", bitvec(8))),
        "an array cannot be indexed by arrays": lambda: ArraySort(BYTES, BOOL),
    }
    for message, build in cases.items():
        with pytest.raises(SortError, match=f"^{re.escape(message)}$"):
            build()


def test_a_term_is_no_truth_value() -> None:
    pool = Pool()
    message = r"^a term has no truth value until it is evaluated; use pool\.and_, pool\.or_, pool\.ite, or `is`$"
    with pytest.raises(TypeError, match=message):
        bool(pool.var("p", BOOL))


def test_value_is_of_constants_and_name_of_variables_only() -> None:
    pool = Pool()
    x = pool.var("x", bitvec(8))
    assert (pool.bv(300, 8).value, pool.true.value, x.name, x.width, pool.true.width) == (44, True, "x", 8, 0)
    with pytest.raises(ValueError, match=r"^the term x is not a constant$"):
        _ = x.value
    with pytest.raises(ValueError, match=r"^the term #x01 is not a variable$"):
        _ = pool.bv(1, 8).name


def test_terms_are_copied_as_themselves_and_not_pickled() -> None:
    term = Pool().true
    assert copy.deepcopy([term])[0] is term
    with pytest.raises(TypeError, match=r"^a term cannot be pickled; use vmproof\.terms\.serialize$"):
        pickle.dumps(term)


def test_evaluation_says_which_variable_is_missing() -> None:
    pool = Pool()
    x, m = pool.var("x", bitvec(8)), pool.var("m", BYTES)
    term = pool.add(x, pool.select(m, x))
    with pytest.raises(UnassignedVariable, match=r"^variable m has no value$"):
        evaluate([term], {x: 1})
    assert evaluate([term, x], {x: 7}, default=True) == [7, 7]
    assert evaluate([term], lambda v: 3 if v is x else ArrayValue(0, {3: 4})) == [7]
    with pytest.raises(ValueError, match=r"^variable x: 256 is not a value of bits\[8\]$"):
        evaluate([x], {x: 256})
    with pytest.raises(ValueError, match=r"^variable x: -1 is not a value of bits\[8\]$"):
        evaluate([x], {x: -1})
    evaluator = Evaluator([term])
    assert [evaluator.run({x: v, m: ArrayValue(1)}) for v in (1, 255)] == [[2], [0]]


def test_substitution_is_simultaneous_and_takes_any_term() -> None:
    pool = Pool()
    x, y, z = (pool.var(n, bitvec(8)) for n in "xyz")
    term = pool.sub(x, y)
    assert substitute(pool, [term], {x: y, y: x}) == [pool.sub(y, x)]
    assert substitute(pool, [pool.mul(term, z)], {term: z}) == [pool.mul(z, z)]
    assert substitute(pool, [term], {x: pool.add(y, pool.bv(1, 8))}) == [pool.bv(1, 8)]
    with pytest.raises(SortError, match=r"^substitution of bits\[8\], bool$"):
        substitute(pool, [term], {x: pool.true})
    other = Pool()
    other.var("y", bitvec(8))
    assert substitute(other, [term], {}) == [other.sub(other.var("x", bitvec(8)), other.var("y", bitvec(8)))]


def test_a_substitution_is_applied_again_and_asks_for_variables_that_it_does_not_name() -> None:
    pool = Pool()
    x, y, z = (pool.var(name, bitvec(8)) for name in "xyz")
    replace = Substitution(pool, {x: y}, lambda variable: pool.bv(1, 8) if variable is z else variable)
    one, other = pool.add(x, z), pool.mul(pool.add(x, z), y)
    assert replace([one]) == [pool.add(y, pool.bv(1, 8))]
    assert replace([other, x]) == [pool.mul(pool.add(y, pool.bv(1, 8)), y), y]
    with pytest.raises(SortError):
        Substitution(pool, {x: pool.bv(1, 4)})


@given(st.integers(0, 7), st.integers(0, 255), st.integers(0, 255), st.data())
def test_bits_of_choices_are_choices_of_bits(flags: int, one: int, other: int, data: st.DataObject) -> None:
    """They mean the same, and no bits of a choice are left, however deep the choices are."""
    low, high = sorted(data.draw(st.tuples(st.integers(0, 7), st.integers(0, 7))))
    pool = Pool()
    x, y = pool.var("x", bitvec(8)), pool.var("y", bitvec(8))
    p, q, r = (pool.var(name, BOOL) for name in "pqr")
    inner = pool.ite(p, pool.add(x, y), pool.mul(x, y))
    moved = pool.extract(pool.concat(x, pool.ite(q, inner, y)), 10, 3)
    word = pool.ite(r, pool.concat(pool.extract(inner, 6, 2), pool.extract(moved, 2, 0)), pool.ite(q, moved, inner))
    found = bits_of_each(word, high, low)
    values = {p: bool(flags & 1), q: bool(flags & 2), r: bool(flags & 4), x: one, y: other}
    assert evaluate([found], values) == evaluate([pool.extract(word, high, low)], values)
    single = bits_of_each(pool.extract(moved, 4, 0), 4, 2)  # of `inner` below another choice, which is cut out itself
    assert single.op is Op.ITE
    assert not any(term.op is Op.EXTRACT and term.args[0].op is Op.ITE for term in reachable([single]))


def test_variables_and_size() -> None:
    pool = Pool()
    x, y, _ = (pool.var(n, bitvec(8)) for n in "xyz")
    square = pool.mul(pool.add(y, x), pool.add(x, y))
    assert variables([square]) == [x, y]
    assert size([square, x]) == 4


@given(data=st.data())
def test_the_variables_of_each_are_those_of_it_alone(data: st.DataObject) -> None:
    """Whatever is known already of some of the terms, and whatever they have in common."""
    pool, alone = Pool(), Pool()
    terms, same = ([p.var(n, bitvec(8)) for n in "abcd"] for p in (pool, alone))
    for one, other in data.draw(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=20)):
        for kept in (terms, same):
            kept.append(kept[0].pool.add(kept[one % len(kept)], kept[0].pool.mul(kept[other % len(kept)], kept[-1])))
    asked = data.draw(st.lists(st.integers(0, len(terms) - 1), max_size=8))
    variables([terms[number] for number in data.draw(st.lists(st.integers(0, len(terms) - 1), max_size=3))])
    names = [{variable.name for variable in found} for found in variables_of_each([terms[number] for number in asked])]
    assert names == [{variable.name for variable in variables([same[number]])} for number in asked]


def test_text_names_what_is_shared_and_does_not_depend_on_the_pool() -> None:
    def build(pool: Pool, order: str) -> str:
        v = {n: pool.var(n, bitvec(8)) for n in order}
        total = pool.add(v["b"], v["a"])
        return to_text(pool.ite(pool.ult(total, v["c"]), pool.mul(total, pool.extract(pool.concat(v["a"], v["c"]), 9, 2)), pool.bv(18, 8)))

    expected = "%1 = (bvadd a b)\n(ite (bvult %1 c) (bvmul (concat (extract 1 0 a) (extract 7 2 c)) %1) #x12)"
    texts = {build(Pool(), order) for order in ("abc", "cba", "bca")}
    assert len(texts) == 1
    assert sorted(expected.split()) == sorted(texts.pop().split())


def test_leaves_as_text() -> None:
    pool = Pool()
    cell = UninterpretedSort("Cell")
    leaves = [pool.true, pool.bv(5, 3), pool.bv(5, 12), pool.value(cell, 3), pool.var("mstatus.FS", BOOL)]
    assert [to_text(leaf) for leaf in leaves] == ["true", "#b101", "#x005", "Cell!3", "mstatus.FS"]
    assert repr(pool.array_const(BYTES, pool.bv(0, 8))) == "(const-array array[bits[8], bits[8]] #x00)"


def test_fingerprints_hold_sorts_and_not_ids() -> None:
    def build(width: int, order: str) -> str:
        pool = Pool()
        v = {n: pool.var(n, bitvec(width)) for n in order}
        return fingerprint([pool.ult(pool.add(v["x"], v["y"]), v["y"])])

    assert build(8, "xy") == build(8, "yx") != build(9, "xy")
    pool = Pool()
    assert fingerprint([pool.true, pool.false]) != fingerprint([pool.false, pool.true])


def test_serialized_terms_are_pickled_small() -> None:
    pool = Pool()
    x = pool.var("x", bitvec(32))
    term = x
    for i in range(1000):
        term = pool.bvxor(pool.add(term, x), pool.bv(i, 32))
    data = pickle.dumps(serialize([term, pool.true]))
    assert len(data) < 200_000
    other = Pool()
    assert [to_text(t) for t in deserialize(other, pickle.loads(data))] == [to_text(term), "true"]
    clash = Pool()
    clash.var("x", BOOL)
    with pytest.raises(SortError, match=r"^variable x is of sort bool and cannot be of bits\[32\] as well$"):
        deserialize(clash, serialize([term]))


def test_any_value_as_a_term() -> None:
    pool = Pool()
    value = ArrayValue(7, {3: 1, 200: 2})
    term = pool.value(BYTES, value)
    assert evaluate([term], {}) == [value]
    assert pool.select(term, pool.bv(200, 8)) is pool.bv(2, 8)
    with pytest.raises(ValueError, match=r"^300 is not a value of bits\[8\]$"):
        pool.value(bitvec(8), 300)


def test_array_values() -> None:
    first = ArrayValue(0, {1: 5, 2: 0})
    assert first.entries == {1: 5}
    second = first.set(2, 6)
    third = second.set(1, 0)
    assert [(a.get(1), a.get(2)) for a in (first, second, third)] == [(5, 0), (5, 6), (0, 6)]
    assert third == ArrayValue(0, {2: 6})
    assert hash(third) == hash(ArrayValue(0, {2: 6}))
    assert first == ArrayValue(0, {1: 5})
    assert first.set(1, 5) is first
    assert repr(second) == "ArrayValue(0, {1: 5, 2: 6})"
    assert pickle.loads(pickle.dumps(first)) == first
    assert default_value(ArraySort(bitvec(2), BYTES)) == ArrayValue(ArrayValue(0))


def test_arrays_are_equal_as_functions() -> None:
    flags = ArraySort(BOOL, bitvec(4))
    full = ArrayValue(0, {False: 1, True: 2})
    assert equal_values(flags, full, ArrayValue(2, {False: 1}))
    assert not equal_values(flags, full, ArrayValue(2))
    assert not equal_values(BYTES, ArrayValue(0), ArrayValue(1))
    pool = Pool()
    a, b = pool.var("a", flags), pool.var("b", flags)
    assert evaluate([pool.eq(a, b)], {a: full, b: ArrayValue(2, {False: 1})}) == [True]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5), st.integers(0, 3)), max_size=40), st.data())
def test_versions_of_an_array_value_stay_as_they_were(writes: list[tuple[int, int, int]], data: st.DataObject) -> None:
    versions: list[tuple[ArrayValue, dict[int, int]]] = [(ArrayValue(0), {})]
    for version, index, value in writes:
        array, model = versions[version % len(versions)]
        versions.append((array.set(index, value), model | {index: value}))
    for i in data.draw(st.permutations(range(len(versions)))):
        array, model = versions[i]
        assert array.entries == {index: value for index, value in model.items() if value}
