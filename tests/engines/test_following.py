"""Invariants that follow from others in every state, and large ones about the state as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.systems import Sketch
from vmproof.engines.induction import induction
from vmproof.engines.system import TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.terms import Term


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def stepping(s: Sketch, n: Term, by: int) -> TransitionSystem:
    """Four actions, one of which adds `by`; from zero."""
    for number in range(3):
        s.action(f"rest {number}", s.pool.true, {"n": n})
    s.action("step", s.pool.true, {"n": s.pool.add(n, s.pool.bv(by, 4))})
    return s.system(s.pool.eq(n, s.pool.bv(0, 4)))


def test_two_claims_that_imply_each_other_prove_nothing(pool: SolverPool) -> None:
    s = Sketch("circle")
    n = s.number("n", 16)
    s.always("small", s.pool.ult(n, s.pool.bv(4, 4)))
    s.always("high bits clear", s.pool.eq(s.pool.extract(n, 3, 2), s.pool.bv(0, 2)))
    system = stepping(s, n, 1)
    answers = induction(system, system.properties, pool=pool)
    assert [answer.verdict for answer in answers] == [Verdict.UNKNOWN, Verdict.UNKNOWN]


def test_what_follows_from_a_claim_that_fails_is_asked_for_itself(pool: SolverPool) -> None:
    s = Sketch("leaning")
    n = s.number("n", 16)
    s.always("even", s.pool.eq(s.pool.extract(n, 0, 0), s.pool.bv(0, 1)))
    s.always("zero", s.pool.eq(n, s.pool.bv(0, 4)))  # even follows from it
    system = stepping(s, n, 2)
    even, wrong = induction(system, system.properties, pool=pool)
    assert (even.verdict, wrong.verdict) == (Verdict.PROVED, Verdict.UNKNOWN)
