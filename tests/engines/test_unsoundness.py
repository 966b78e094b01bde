"""The classic ways in which an engine proves what is wrong, on systems that such an engine would accept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.systems import Sketch, dead_end, late
from vmproof.engines.bmc import bmc
from vmproof.engines.kinduction import kinduction
from vmproof.engines.liveness import liveness
from vmproof.engines.result import Answer
from vmproof.engines.system import Kind, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def steps(answer: Answer) -> int:
    assert answer.trace is not None
    return len(answer.trace.steps)


def eventualities(system: TransitionSystem, pool: SolverPool) -> list[Answer]:
    return liveness(system, [item for item in system.properties if item.kind is Kind.EVENTUALLY], pool=pool, bound=6)


@pytest.mark.parametrize("engine", [bmc, kinduction])
def test_a_monitor_does_not_block_the_future(engine: type, pool: SolverPool) -> None:
    """A violation after another one, and one in a state that nothing follows: monitors that stop at the first, or that need a step to
    notice, cut these executions off."""
    s = Sketch("blocked")
    n = s.number("n", 4)
    s.action("step", s.pool.ult(n, s.pool.bv(2, 2)), {"n": s.pool.add(n, s.pool.bv(1, 2))})
    s.always("not one", s.pool.ne(n, s.pool.bv(1, 2)))
    s.always("not two", s.pool.ne(n, s.pool.bv(2, 2)))
    system = s.system(s.pool.eq(n, s.pool.bv(0, 2)))
    one, two = engine(system, system.properties, pool=pool, bound=4)
    assert (one.verdict, two.verdict) == (Verdict.REFUTED, Verdict.REFUTED)
    assert (steps(one), steps(two)) == (1, 2)


def test_k_induction_examines_every_depth_of_its_base(pool: SolverPool) -> None:
    """The violation lies on an execution that ends early: no execution of two steps shows it, and the step with two states holds."""
    s = Sketch("early end")
    n = s.number("n", 4)
    is_zero = s.pool.eq(n, s.pool.bv(0, 2))
    s.action("fall", is_zero, {"n": s.pool.bv(3, 2)})
    s.action("go", is_zero, {"n": s.pool.bv(1, 2)})
    s.action("stay", s.pool.eq(n, s.pool.bv(1, 2)), {})
    s.always("never falls", s.pool.ne(n, s.pool.bv(3, 2)))
    system = s.system(is_zero)
    [answer] = kinduction(system, system.properties, pool=pool, bound=4)
    assert (answer.verdict, steps(answer)) == (Verdict.REFUTED, 1)


def test_k_induction_whose_base_is_checked_once_accepts_what_comes_late(pool: SolverPool) -> None:
    system = late(6)
    [answer] = kinduction(system, system.properties, pool=pool, bound=10)
    assert (answer.verdict, steps(answer)) == (Verdict.REFUTED, 6)
    [answer] = kinduction(system, system.properties, pool=pool, bound=5)
    assert (answer.verdict, answer.bound) == (Verdict.HOLDS_UP_TO, 5)


def test_liveness_does_not_overlook_a_dead_end(pool: SolverPool) -> None:
    [answer] = eventualities(dead_end(), pool)
    assert (answer.verdict, steps(answer)) == (Verdict.REFUTED, 2)
    assert answer.trace is not None
    assert answer.trace.stuck


def test_no_measure_proves_that_a_dead_end_is_left(pool: SolverPool) -> None:
    s = Sketch("measured dead end")
    n = s.number("n", 4)
    s.action("step", s.pool.ult(n, s.pool.bv(2, 2)), {"n": s.pool.add(n, s.pool.bv(1, 2))}, fair=True)
    s.eventually("three", s.pool.eq(n, s.pool.bv(3, 2)), measure=s.pool.sub(s.pool.bv(3, 2), n))
    [answer] = eventualities(s.system(s.pool.eq(n, s.pool.bv(0, 2))), pool)
    assert answer.verdict is Verdict.REFUTED


def test_fair_actions_that_disable_each_other_in_turn_prove_nothing(pool: SolverPool) -> None:
    """Always some fair action is enabled, and each would lower the measure; but an unfair one swaps them for ever."""
    s = Sketch("swapped")
    side, done = s.flag("side"), s.flag("done")
    p = s.pool
    s.action("left", p.and_(side, p.not_(done)), {"done": p.true}, fair=True)
    s.action("right", p.and_(p.not_(side), p.not_(done)), {"done": p.true}, fair=True)
    s.action("swap", p.true, {"side": p.not_(side)})
    s.eventually("done", done, measure=p.ite(done, p.bv(0, 1), p.bv(1, 1)))
    [answer] = eventualities(s.system(p.not_(done)), pool)
    assert answer.verdict is Verdict.REFUTED
    assert answer.trace is not None
    assert [step.action for step in answer.trace.steps] == ["swap", "swap"]
    assert answer.trace.loop == 0


def test_a_proof_about_a_premise_that_never_holds_is_vacuous(pool: SolverPool) -> None:
    s = Sketch("no premise")
    n = s.number("n", 4)
    p = s.pool
    s.action("step", p.true, {"n": p.bvand(n, p.bv(1, 2))}, fair=True)
    s.eventually("zero", p.eq(n, p.bv(0, 2)), premise=p.eq(n, p.bv(3, 2)), measure=n)
    [answer] = eventualities(s.system(p.eq(n, p.bv(0, 2))), pool)
    assert (answer.verdict, answer.reason) == (Verdict.VACUOUS, "its premise never holds")
