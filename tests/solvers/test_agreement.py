"""The back ends, the evaluator and the SMT-LIB text say the same about random terms."""

from __future__ import annotations

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from vmproof.solvers import Query, Status, smtlib
from vmproof.solvers.backends import BACKENDS, solve
from vmproof.solvers.interface import Reply, flatten, validated
from vmproof.terms import BOOL, ArraySort, ArrayValue, Pool, Sort, Term, UninterpretedSort, Value, bitvec, evaluate

WORD = bitvec(3)
WIDE = bitvec(70)
ITEM = UninterpretedSort("Item")
TABLE = ArraySort(WORD, WORD)
FLAGS = ArraySort(WORD, BOOL)
OWNER = ArraySort(ITEM, WORD)
PLACE = ArraySort(WORD, ITEM)
NESTED = ArraySort(WORD, TABLE)
SORTS: tuple[Sort, ...] = (BOOL, WORD, WIDE, ITEM, TABLE, FLAGS, OWNER, PLACE, NESTED)
SOLVERS = tuple(BACKENDS)


LIMITS = {
    "solver: bitwuzla does not decide equality of constant arrays",
    "solver: cvc5 has constant arrays of constants only",
}


def ask(solver: str, query: Query) -> Status:
    """The status a back end finds, after its model was evaluated."""
    answer = validated(query, solve(solver, flatten(query), 20.0, 4096), 0.0, solver)
    assert answer.reason == ""
    return answer.status


def ask_all(query: Query) -> set[Status]:
    """The statuses that the back ends find, but for those that say what they lack; Z3 lacks nothing."""
    found = {ask("z3", query)}
    for solver in SOLVERS:
        answer = validated(query, solve(solver, flatten(query), 20.0, 4096), 0.0, solver)
        if answer.reason not in LIMITS:
            assert answer.reason == ""
            found.add(answer.status)
    return found


class Builder:
    """Draws terms: at each step an operator and operands among the terms drawn so far."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.pool = Pool()
        self.known: dict[Sort, list[Term]] = {sort: [] for sort in SORTS}
        for sort in SORTS:
            for number in range(2):
                self.known[sort].append(self.pool.var(f"v{number}.{sort}", sort))
        self.known[WORD].append(self.pool.bv(draw(st.integers(0, 7)), 3))
        self.known[WIDE].append(self.pool.bv(draw(st.integers(0, 2**70 - 1)), 70))
        self.known[ITEM].append(self.pool.value(ITEM, draw(st.integers(0, 2))))
        self.known[TABLE].append(self.pool.array_const(TABLE, self.pool.bv(draw(st.integers(0, 7)), 3)))

    def any(self, sort: Sort) -> Term:
        return self.draw(st.sampled_from(self.known[sort]))

    def step(self) -> None:
        pool, any_ = self.pool, self.any
        made = self.draw(st.sampled_from(range(12)))
        if made == 0:
            name = self.draw(st.sampled_from(["add", "sub", "mul", "udiv", "urem", "sdiv", "srem", "shl", "lshr", "ashr"]))
            term = getattr(pool, name)(any_(WORD), any_(WORD))
        elif made == 1:
            term = getattr(pool, self.draw(st.sampled_from(["bvand", "bvor", "bvxor"])))(any_(WORD), any_(WORD))
        elif made == 2:
            term = getattr(pool, self.draw(st.sampled_from(["ult", "ule", "slt", "sle"])))(any_(WORD), any_(WORD))
        elif made == 3:
            sort = self.draw(st.sampled_from(SORTS))
            term = pool.eq(any_(sort), any_(sort))
        elif made == 4:
            sort = self.draw(st.sampled_from(SORTS))
            term = pool.ite(any_(BOOL), any_(sort), any_(sort))
        elif made == 5:
            sort = self.draw(st.sampled_from([TABLE, FLAGS, OWNER, PLACE, NESTED]))
            term = pool.select(any_(sort), any_(sort.index))
        elif made == 6:
            sort = self.draw(st.sampled_from([TABLE, FLAGS, OWNER, PLACE, NESTED]))
            term = pool.store(any_(sort), any_(sort.index), any_(sort.element))
        elif made == 7:
            term = getattr(pool, self.draw(st.sampled_from(["and_", "or_", "xor", "implies"])))(any_(BOOL), any_(BOOL))
        elif made == 8:
            term = pool.not_(any_(BOOL))
        elif made == 9:
            term = getattr(pool, self.draw(st.sampled_from(["neg", "bvnot"])))(any_(WORD))
        elif made == 10:
            low = self.draw(st.integers(0, 67))
            term = pool.extract(any_(WIDE), low + 2, low)
        else:
            wide = pool.concat(any_(WORD), pool.extract(any_(WIDE), 66, 0))
            term = pool.add(wide, getattr(pool, self.draw(st.sampled_from(["zext", "sext"])))(any_(WORD), 70))
        self.known[term.sort].append(term)


@st.composite
def goals(draw: st.DrawFn) -> Term:
    """A Boolean term."""
    builder = Builder(draw)
    for _ in range(draw(st.integers(2, 14))):
        builder.step()
    pool = builder.pool
    parts = [pool.eq(*builder.known[sort][-2:]) for sort in draw(st.lists(st.sampled_from(SORTS), max_size=2))]
    return pool.xor(builder.known[BOOL][-1], pool.and_(*parts))


@settings(max_examples=25)
@given(goals())
def test_backends_agree(goal: Term) -> None:
    pool = goal.pool
    for assertion in (goal, pool.not_(goal)):
        assert len(ask_all(Query((assertion,)))) == 1


@settings(max_examples=25)
@given(goals())
def test_what_evaluation_finds_the_solvers_find(goal: Term) -> None:
    (value,) = evaluate((goal,), {}, default=True)
    query = Query((goal if value else goal.pool.not_(goal),))
    assert ask_all(query) == {Status.SAT}


@settings(max_examples=25)
@given(goals())
def test_the_text_means_the_same(goal: Term) -> None:
    query = Query((goal,))
    solver = z3.Solver()
    solver.from_string(smtlib(query))
    assert str(solver.check()) == ask("z3", query)


@pytest.mark.parametrize("solver", SOLVERS)
def test_division_by_zero(solver: str) -> None:
    pool = Pool()
    x, zero = pool.var("x", WORD), pool.bv(0, 3)
    y = pool.var("y", WORD)
    zeroed = pool.eq(y, zero)
    wrong = pool.or_(
        pool.ne(pool.udiv(x, y), pool.bv(7, 3)),
        pool.ne(pool.urem(x, y), x),
        pool.ne(pool.srem(x, y), x),
        pool.ne(pool.sdiv(x, y), pool.ite(pool.slt(x, zero), pool.bv(1, 3), pool.bv(7, 3))),
    )
    assert ask(solver, Query((zeroed, wrong))) is Status.UNSAT


@pytest.mark.parametrize("solver", SOLVERS)
def test_elements_of_an_uninterpreted_sort_never_run_out(solver: str) -> None:
    pool = Pool()
    items = [pool.var(f"i{n}", ITEM) for n in range(20)] + [pool.value(ITEM, n) for n in range(3)]
    query = Query((pool.distinct(*items),))
    reply = solve(solver, flatten(query), 20.0, 4096)
    answer = validated(query, reply, 0.0, solver)
    assert answer.model is not None
    assert len(set(answer.model.values()) - {0, 1, 2}) == 20


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_model_has_every_variable(solver: str) -> None:
    pool = Pool()
    table, flags, x = pool.var("table", TABLE), pool.var("flags", FLAGS), pool.var("x", WORD)
    goal = pool.or_(pool.select(flags, x), pool.eq(table, pool.array_const(TABLE, x)))
    query = Query((goal, pool.eq(x, pool.bv(5, 3))))
    answer = validated(query, solve(solver, flatten(query), 20.0, 4096), 0.0, solver)
    if answer.reason in LIMITS:
        assert solver != "z3"
        return
    assert answer.model is not None
    assert set(answer.model) == {"table", "flags", "x"}
    assert answer.model["x"] == 5
    assert isinstance(answer.model["table"], ArrayValue)


@pytest.mark.parametrize("solver", SOLVERS)
def test_deep_terms(solver: str) -> None:
    pool = Pool()
    x, y = pool.var("x", bitvec(8)), pool.var("y", bitvec(8))
    term = x
    for number in range(5000):
        term = pool.ite(pool.eq(y, pool.bv(number % 251, 8)), pool.bvnot(term), pool.bvxor(term, y))
    assert ask(solver, Query((pool.eq(term, pool.bv(3, 8)), pool.eq(y, pool.bv(9, 8))))) is Status.SAT


@pytest.mark.parametrize("values", [{"x": 6}, {}])
def test_a_model_that_does_not_satisfy_the_query_is_no_answer(values: dict[str, Value]) -> None:
    pool = Pool()
    query = Query((pool.eq(pool.var("x", WORD), pool.bv(5, 3)),))
    answer = validated(query, Reply(Status.SAT, values), 0.5, "z3")
    assert (answer.status, answer.model, answer.reason) == (Status.UNKNOWN, None, "solver: model does not satisfy the query")


def test_what_a_query_is_made_of() -> None:
    pool, other = Pool(), Pool()
    with pytest.raises(ValueError, match=r"^an assertion must be Boolean, not bits\[3\]$"):
        Query((pool.var("x", WORD),))
    with pytest.raises(ValueError, match=r"^the assertions of a query must come from one pool$"):
        Query((pool.var("p", BOOL), other.var("p", BOOL)))


@pytest.mark.parametrize("solver", SOLVERS)
def test_elements_that_are_read_at_values_come_back_as_arrays(solver: str) -> None:
    pool = Pool()
    table, other = pool.var("table", TABLE), pool.var("other", TABLE)
    nested, places = pool.var("nested", NESTED), pool.var("places", PLACE)
    like = pool.var("table[3]", WORD)  # as an element would be called
    three, five = pool.bv(3, 3), pool.bv(5, 3)
    one, two = pool.select(places, three), pool.select(places, five)
    inner = pool.select(nested, three)
    parts = [
        pool.eq(pool.select(table, three), five),
        pool.eq(pool.select(table, five), pool.select(pool.select(nested, five), three)),
        pool.eq(pool.select(inner, five), three),
        pool.eq(pool.select(other, pool.select(other, three)), five),  # at no value
        pool.ne(one, two),
        pool.ne(like, five),
    ]
    query = Query(tuple(parts))
    answer = validated(query, solve(solver, flatten(query), 20.0, 4096), 0.0, solver)
    assert answer.status is Status.SAT, answer.reason
    assert answer.model is not None
    assert set(answer.model) == {"table", "other", "nested", "places", "table[3]"}
    refuted = Query((*parts, pool.eq(pool.select(table, three), like)))
    assert validated(refuted, solve(solver, flatten(refuted), 20.0, 4096), 0.0, solver).status is Status.UNSAT
