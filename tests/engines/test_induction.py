"""Induction over systems whose types have no size, and what it says where it has no proof."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.solving import Recorder
from tests.support.systems import Sketch, counter
from vmproof.data import library
from vmproof.engines.induction import induction
from vmproof.engines.reading import transition_system
from vmproof.engines.result import Answer
from vmproof.engines.verdict import Verdict
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool
from vmproof.terms import BOOL, Term

FRAMES = library() / "spec" / "kernel" / "frames.py"


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def judged(text: str, pool: SolverPool, path: Path = FRAMES, sizes: dict[str, int] | None = None) -> dict[str, Answer]:
    system = transition_system(load_system(path, sizes=sizes, texts={path.resolve(): text}))
    return {answer.property: answer for answer in induction(system, system.properties, pool=pool)}


@pytest.mark.parametrize("sizes", [{}, {"Pid": 3, "Page": 2, "Frame": 3}])
def test_frames_are_owned_for_any_number_of_processes_and_for_few(pool: SolverPool, sizes: dict[str, int]) -> None:
    answers = judged(FRAMES.read_text(), pool, sizes=sizes)
    assert {name: answer.verdict for name, answer in answers.items() if name != "two_at_once"} == {
        "owned": Verdict.PROVED,
        "unshared": Verdict.PROVED,
        "accounted": Verdict.PROVED,
    }
    assert answers["two_at_once"].reason == "induction: it decides invariants only"


@pytest.mark.parametrize(
    ("dropped", "broken"),
    [
        ("require(w.owner[frame] == FREE)", "owned"),
        ("w.owner[frame] = pid", "owned"),
        ("w.place[frame] = page", "accounted"),
        ("w.table[pid, page].valid = False", "owned"),
    ],
)
def test_a_mutant_has_a_counterexample_to_induction_and_no_violation(pool: SolverPool, dropped: str, broken: str) -> None:
    text = FRAMES.read_text()
    assert dropped in text
    answers = judged(text.replace(dropped, "require(True)"), pool)
    assert answers[broken].verdict is Verdict.UNKNOWN
    assert answers[broken].reason.startswith("induction: ")
    assert f"does not preserve {broken} from a state" in answers[broken].reason
    assert answers[broken].trace is None
    assert "action" in answers[broken].details
    assert "state owner" in answers[broken].details


def test_an_invariant_that_fails_proves_nothing_else(pool: SolverPool) -> None:
    s = Sketch("leaning")
    n = s.number("n", 8)
    s.action("step", s.pool.true, {"n": s.pool.add(n, s.pool.bv(2, 3))})
    s.always("small", s.pool.ult(n, s.pool.bv(4, 3)))  # wrong
    s.always("not six", s.pool.ne(n, s.pool.bv(6, 3)))  # wrong, though no step from a small state leads there
    s.always("even", s.pool.eq(s.pool.extract(n, 0, 0), s.pool.bv(0, 1)))
    system = s.system(s.pool.eq(n, s.pool.bv(0, 3)))
    small, six, even = induction(system, system.properties, pool=pool)
    assert (small.verdict, six.verdict, even.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.PROVED)
    assert six.reason.endswith("(small cannot be used, for want of a proof)")


def test_an_initial_state_that_violates_is_a_violation(pool: SolverPool) -> None:
    system = counter(wraps=False)
    s = Sketch("begins badly")
    n = s.number("n", 3)
    s.always("not zero", s.pool.ne(n, s.pool.bv(0, 2)))
    begins = s.system(s.pool.true)
    [answer] = induction(begins, begins.properties, pool=pool)
    assert answer.verdict is Verdict.REFUTED
    assert answer.trace is not None
    assert answer.trace.initial == {"n": 0}
    assert induction(system, [], pool=pool) == []


BULK = """
from vmproof.lang import *

Pid = unsized("Pid")
Page = unsized("Page")
Frame = unsized("Frame")
FREE = constant(Pid)


class World(State):
    owner: array[Frame, Pid]
    table: array[(Pid, Page), bool]
    maps: array[(Pid, Page), Frame]


@init
def boot(w):
    return forall(lambda p, v: not w.table[p, v], Pid, Page)


@action
def map_page(w, pid: Pid, page: Page, frame: Frame):
    require(pid != FREE and w.owner[frame] == FREE)
    require(forall(lambda p, v: implies(w.table[p, v], w.maps[p, v] != frame), Pid, Page))
    w.owner[frame] = pid
    w.table[pid, page] = True
    w.maps[pid, page] = frame


@action
def end(w, pid: Pid):
    before = w.table
    w.table = array(lambda p, v: before[p, v] and p != pid)
    w.owner = array(lambda f: FREE if w.owner[f] == pid else w.owner[f])


@invariant("what is mapped is owned")
def owned(w, pid: Pid, page: Page):
    return implies(w.table[pid, page], w.owner[w.maps[pid, page]] == pid)


@invariant("a process that owns nothing has nothing mapped")
def nothing(w, pid: Pid, page: Page):
    return implies(forall(lambda f: w.owner[f] != pid, Frame), not w.table[pid, page])
"""


def test_bulk_updates_and_quantified_guards_of_any_size(pool: SolverPool, tmp_path: Path) -> None:
    answers = judged(BULK, pool, tmp_path / "bulk.py")
    assert {name: answer.verdict for name, answer in answers.items()} == {"owned": Verdict.PROVED, "nothing": Verdict.PROVED}


def test_a_bulk_update_that_forgets_has_a_counterexample_to_induction(pool: SolverPool, tmp_path: Path) -> None:
    wrong = BULK.replace("before[p, v] and p != pid", "before[p, v]")
    answer = judged(wrong, pool, tmp_path / "bulk.py")["owned"]
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason == "induction: end does not preserve owned from a state that satisfies all invariants"


NESTED = """\
from vmproof.lang import *

Door = unsized("Door")
Process = unsized("Process")
NOBODY = constant(Process)


class W(State):
    closed: bool
    holder: array[Door, Process]
    waiting: array[(Door, Process), bool]


@init
def start(w):
    return not w.closed and forall(
        lambda d: w.holder[d] == NOBODY and (w.closed or forall(lambda p: not w.waiting[d, p], Process)), Door
    ) and forall(lambda d: forall(lambda p: not w.waiting[d, p], Process) and w.holder[d] == NOBODY, Door)


@action
def ask(w, d: Door, p: Process):
    require(p != NOBODY)
    w.waiting[d, p] = True


@invariant("only processes wait")
def process(w, d: Door, p: Process):
    return implies(w.waiting[d, p], p != NOBODY)


@invariant("nobody waits anywhere")
def empty(w):
    return forall(lambda d: w.closed or forall(lambda p: not w.waiting[d, p], Process), Door)
"""


def test_quantifiers_within_quantifiers(pool: SolverPool, tmp_path: Path) -> None:
    answers = judged(NESTED, pool, tmp_path / "nested.py")
    assert {name: answer.verdict for name, answer in answers.items()} == {"process": Verdict.PROVED, "empty": Verdict.UNKNOWN}
    assert answers["empty"].reason == "induction: ask does not preserve empty from a state that satisfies all invariants"


def test_a_guard_and_a_claim_that_is_refuted_say_what_leaves_are() -> None:
    """What speaks of another phase than the action's, or than the claim's, is not asked about."""
    s = Sketch("phases")
    pool, phase, table = s.pool, s.number("phase", 4), s.array("table", 4, 16)
    first, second, value = s.number("first", 16), s.number("second", 16), s.number("value", 16)
    there = pool.select(table, pool.bv(2, 2))

    def now(number: int) -> Term:
        return pool.eq(phase, pool.bv(number, 2))

    s.action("go", now(0), {"phase": pool.bv(1, 2), "value": first})
    s.action("on", pool.and_(now(1), pool.eq(there, pool.bv(9, 4))), {"phase": pool.bv(2, 2), "value": pool.ite(now(1), second, there)})
    s.always("at one", pool.implies(now(1), pool.eq(value, first)))
    s.always("at two", pool.implies(now(2), pool.and_(pool.eq(value, second), pool.eq(there, pool.bv(9, 4)))))
    s.always("at three", pool.implies(now(3), pool.ne(value, there)))
    system = s.system(now(0))
    with Recorder() as solvers:
        assert [item.verdict for item in induction(system, system.properties, pool=solvers)] == [Verdict.PROVED] * 3
    assert len(solvers.asked) == 1  # whether there is an initial state: the steps need no solver


def test_only_leaves_have_the_values_that_a_condition_says() -> None:
    """What else is a variable, as a marker of a quantifier or a parameter, may be bound where the condition does not hold."""
    s = Sketch("markers")
    pool, phase, table = s.pool, s.number("phase", 4), s.array("table", 4, 16)
    marker, bound = pool.var("for all", BOOL), s.parameter("p", 4)
    there, phase_is, bound_is = pool.select(table, pool.bv(2, 2)), pool.eq(phase, pool.bv(1, 2)), pool.eq(bound.term, pool.bv(1, 2))
    known = s.system(phase_is).exactly(pool.and_(phase_is, pool.eq(there, pool.bv(9, 4)), marker, bound_is))
    assert known([phase, there, marker, bound.term]) == [pool.bv(1, 2), pool.bv(9, 4), marker, bound.term]
