"""SMT-LIB text: the whole script, and names that the format cannot write."""

from __future__ import annotations

import z3

from vmproof.solvers import Query, smtlib
from vmproof.terms import BOOL, ArraySort, Pool, UninterpretedSort, bitvec


def status(text: str) -> str:
    solver = z3.Solver()
    solver.from_string(text)
    return str(solver.check())


def test_a_script() -> None:
    pool = Pool()
    memory = pool.var("r.mem", ArraySort(bitvec(8), bitvec(6)))
    address = pool.var("op rs1", bitvec(8))
    cell = pool.select(memory, address)
    written = pool.store(memory, pool.bv(1, 8), cell)
    query = Query((pool.ult(cell, pool.bv(5, 6)), pool.eq(written, pool.array_const(memory.sort, pool.bv(2, 6)))))
    assert smtlib(query) == (
        "(set-logic QF_ABV)\n"
        "(declare-const r.mem (Array (_ BitVec 8) (_ BitVec 6)))\n"
        "(declare-const |op rs1| (_ BitVec 8))\n"
        "(define-fun $2 () (_ BitVec 6) (select r.mem |op rs1|))\n"
        "(assert (bvult $2 #b000101))\n"
        "(assert (= (store r.mem #x01 $2) ((as const (Array (_ BitVec 8) (_ BitVec 6))) #b000010)))\n"
        "(check-sat)\n"
        "(get-model)\n"
    )


def test_the_logic_is_as_small_as_the_sorts_allow() -> None:
    pool = Pool()
    item = UninterpretedSort("Item")
    plain = pool.ult(pool.var("x", bitvec(4)), pool.var("y", bitvec(4)))
    free = pool.eq(pool.var("i", item), pool.value(item, 3))
    both = pool.eq(pool.var("a", ArraySort(item, BOOL)), pool.var("b", ArraySort(item, BOOL)))
    logics = [smtlib(Query((goal,))).splitlines()[0] for goal in (plain, free, both)]
    assert logics == ["(set-logic QF_BV)", "(set-logic QF_UFBV)", "(set-logic ALL)"]


def test_names_stay_apart() -> None:
    pool = Pool()
    names = ["and", "and!", "$1", "a|b", "a_b", "a\\b", "9lives", "", "été", "true", "new\nline", "bvadd"]
    variables = [pool.var(name, bitvec(8)) for name in names]
    text = smtlib(Query((pool.distinct(*variables), pool.eq(variables[0], pool.bv(3, 8)))))
    assert "; and! stands for 'and'" in text
    assert r"; new_line stands for 'new\nline'" in text
    assert status(text) == "sat"
    assert len([line for line in text.splitlines() if line.startswith("(declare-const")]) == len(names)


def test_constants_of_an_uninterpreted_sort_are_distinct() -> None:
    pool = Pool()
    item = UninterpretedSort("Item")
    x = pool.var("x", item)
    text = smtlib(Query((pool.eq(x, pool.value(item, 1)), pool.eq(x, pool.value(item, 2)))))
    assert "(assert (distinct Item.1 Item.2))" in text
    assert status(text) == "unsat"


def test_deep_terms_do_not_nest() -> None:
    pool = Pool()
    x, y = pool.var("x", bitvec(8)), pool.var("y", bitvec(8))
    term = x
    for number in range(400):
        term = pool.bvnot(pool.add(term, pool.bvxor(y, pool.bv(number % 256, 8))))
    text = smtlib(Query((pool.eq(term, y),)))
    assert max(line.count("(") for line in text.splitlines()) < 60
    assert status(text) == "sat"
