"""All engines agree with explicit search on random small systems, among them non-total ones and ones without an initial state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain

import pytest

from tests.support.systems import counter, dead_end, late, peterson, philosophers, random_system
from vmproof.engines.bmc import bmc
from vmproof.engines.explicit import explicit
from vmproof.engines.induction import induction
from vmproof.engines.kinduction import kinduction
from vmproof.engines.liveness import liveness
from vmproof.engines.result import Answer
from vmproof.engines.system import Kind, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.solvers import Handle, Query, SolverPool
from vmproof.solvers.backends import solve
from vmproof.solvers.interface import flatten, simplified, validated
from vmproof.terms import Term

SYSTEMS, CHUNK = int(os.environ.get("VMPROOF_SYSTEMS", "1000")), 50
BOUND = 3
_SECONDS, _MEGABYTES = 20.0, 2048
_TENTH = 10  # one system in so many is asked of the solver that people use by default, the others of a faster one


class Direct(SolverPool):
    """Solves in this process, and each query once: thousands of small ones are not worth the way to a worker and back.

    Bounded checking and k-induction share the queries of their base case.
    """

    def __init__(self, solver: str) -> None:
        super().__init__(1, solver)
        self._first = solver
        self._asked: dict[tuple[tuple[Term, ...], str], Handle] = {}

    def submit(self, query: Query, timeout: float | None = None, solver: str | None = None) -> Handle:
        chosen = solver or self._first
        key = query.assertions, chosen
        if key not in self._asked:
            answer = simplified(query)
            if answer is None:
                answer = validated(query, solve(chosen, flatten(query), _SECONDS, _MEGABYTES), 0.0, chosen)
            self._asked[key] = Handle(self, query, chosen, _SECONDS)
            self._asked[key].set_result(answer)
        return self._asked[key]


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=_SECONDS) as made:
        yield made


def agree(system: TransitionSystem, pool: SolverPool, bound: int = BOUND) -> None:
    """Definite answers are explicit search's; a bound tells the truth; traces have as few steps as explicit search's."""
    truth = {answer.property: answer for answer in explicit(system, system.properties)}
    assert all(answer.verdict in (Verdict.PROVED, Verdict.REFUTED, Verdict.VACUOUS) for answer in truth.values())
    states = [item for item in system.properties if item.kind is not Kind.EVENTUALLY]
    goals = [item for item in system.properties if item.kind is Kind.EVENTUALLY]
    answers = chain(
        bmc(system, states, pool=pool, bound=bound),
        kinduction(system, states, pool=pool, bound=bound),
        induction(system, [item for item in states if item.kind is Kind.ALWAYS], pool=pool),
        liveness(system, goals, pool=pool, bound=bound),
    )
    shortest = {item.name for item in states}
    for answer in answers:
        fits(system, answer, truth[answer.property], bound, answer.property in shortest)


def fits(system: TransitionSystem, answer: Answer, truth: Answer, bound: int, shortest: bool) -> None:
    told = f"{system.name}, {answer.engine}: {answer}, and explicit search says {truth}"
    steps = None if truth.trace is None else len(truth.trace.steps)
    if answer.verdict is Verdict.UNKNOWN:
        assert answer.reason.startswith(("bound", "induction")), told
        if shortest and answer.engine != "induction":
            assert steps is None or steps > bound, told
    elif answer.verdict is Verdict.HOLDS_UP_TO:
        assert answer.bound == bound, told
        assert steps is None or steps > bound, told
    else:
        assert answer.verdict is truth.verdict, told
        if answer.trace is not None and shortest:
            assert len(answer.trace.steps) == steps, told


@pytest.mark.parametrize(
    "system",
    [counter(), counter(wraps=False), peterson(), peterson(right=False), philosophers(), dead_end(), late()],
    ids=lambda system: str(system.name),
)
def test_engines_agree_on_classics(system: TransitionSystem, pool: SolverPool) -> None:
    agree(system, pool, 7)


@pytest.mark.parametrize("first", range(0, SYSTEMS, CHUNK))
def test_engines_agree_on_random_systems(first: int) -> None:
    for seed in range(first, first + CHUNK):
        with Direct("bitwuzla" if seed % _TENTH else "z3") as pool:
            agree(random_system(seed), pool)
