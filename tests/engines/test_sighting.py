"""What can happen is seen by executions whose steps are given: whatever explicit search reaches within the bound, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.systems import Sketch, counter, dead_end, peterson, philosophers, random_system
from vmproof.engines.explicit import explicit
from vmproof.engines.replay import replay
from vmproof.engines.sighting import sight
from vmproof.engines.system import Kind, Property, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool

SEEDS = 60
BOUND = 3


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def agrees(system: TransitionSystem, pool: SolverPool, bound: int) -> None:
    """All that can happen within the bound is seen, by a trace that replays."""
    claims = [item for item in system.properties if item.kind is not Kind.EVENTUALLY]
    truth = {answer.property: answer for answer in explicit(system, claims)}
    for claim, answer in zip(claims, sight(system, claims, pool=pool, bound=bound), strict=True):
        known = truth[claim.name].trace
        told = f"{system.name}: {answer}, and explicit search says {truth[claim.name]}"
        if known is None or len(known.steps) > bound:
            assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, f"bound: not seen within {bound} steps"), told
        else:
            assert answer.verdict is truth[claim.name].verdict, told
            assert answer.trace is not None
            assert len(answer.trace.steps) <= bound, told
            assert replay(system, answer.trace, claim, answer.parameters) is None, told


@pytest.mark.parametrize(
    "system", [counter(), counter(wraps=False), peterson(), peterson(right=False), philosophers(), dead_end()], ids=lambda it: str(it.name)
)
def test_what_happens_in_classics_is_seen(system: TransitionSystem, pool: SolverPool) -> None:
    agrees(system, pool, 5)


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_what_happens_in_random_systems_is_seen(first: int, pool: SolverPool) -> None:
    for seed in range(first, first + 20):
        agrees(random_system(seed), pool, BOUND)


def test_steps_that_are_nothing_new_are_taken_where_nothing_else_leads_on(pool: SolverPool) -> None:
    s = Sketch("stairs")
    n, lamp, p = s.number("n", 8), s.flag("lamp"), s.pool
    s.action("rest", p.true, {})
    s.action("light", p.true, {"lamp": p.not_(lamp)})
    s.action("up", p.ult(n, p.bv(7, 3)), {"n": p.add(n, p.bv(1, 3))})
    s.sometimes("top", p.eq(n, p.bv(4, 3)))
    system = s.system(p.and_(p.eq(n, p.bv(0, 3)), p.not_(lamp)))
    [answer] = sight(system, system.properties, pool=pool, bound=3)
    assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, "bound: not seen within 3 steps")
    [answer] = sight(system, system.properties, pool=pool, bound=4)
    assert answer.trace is not None
    assert [step.action for step in answer.trace.steps] == ["up"] * 4


def test_what_an_action_makes_possible_for_the_first_time_is_looked_for_first(pool: SolverPool) -> None:
    s = Sketch("locks")
    n, p = s.number("n", 16), s.pool
    for lock in range(12):  # each opens the next; all but the last can be turned again and again
        here = p.eq(n, p.bv(lock, 4))
        s.action(f"open {lock}", here, {"n": p.add(n, p.bv(1, 4))})
        s.action(f"rattle {lock}", here, {})
    s.sometimes("open", p.eq(n, p.bv(12, 4)))
    system = s.system(p.eq(n, p.bv(0, 4)))
    [answer] = sight(system, system.properties, pool=pool, bound=12)
    assert answer.trace is not None
    assert [step.action for step in answer.trace.steps] == [f"open {lock}" for lock in range(12)]


def test_no_time_sees_nothing(pool: SolverPool) -> None:
    system = counter()
    claims = [item for item in system.properties if item.kind is Kind.SOMETIMES]
    [answer] = sight(system, claims, pool=pool, timeout=0.0)
    assert answer.verdict is Verdict.UNKNOWN


def test_an_eventuality_cannot_be_seen(pool: SolverPool) -> None:
    system = counter()
    [wrong] = [item for item in system.properties if item.name == "reaches the top"]
    assert isinstance(wrong, Property)
    with pytest.raises(ValueError, match="reaches the top is an eventuality, which no single state decides"):
        sight(system, [wrong], pool=pool)
