"""Bounded model checking: are the properties decided by executions of up to a number of steps? Shortest counterexamples.

A. Biere, A. Cimatti, E. Clarke, Y. Zhu: "Symbolic Model Checking without BDDs", TACAS 1999.
"""

from __future__ import annotations

from collections.abc import Sequence

from vmproof.engines.asking import Asker
from vmproof.engines.depths import DepthSearch
from vmproof.engines.goals import goal, undecided
from vmproof.engines.result import Answer
from vmproof.engines.system import Kind, Property, TransitionSystem
from vmproof.solvers import SolverPool

ENGINE = "bmc"


def bmc(
    system: TransitionSystem,
    properties: Sequence[Property],
    *,
    pool: SolverPool,
    bound: int = 20,
    timeout: float | None = None,
    solver: str | None = None,
) -> list[Answer]:
    """Examine the executions of up to `bound` steps of a sized system, within `timeout` seconds in all, by `solver` or the pool's own.

    An invariant is REFUTED with a shortest trace or HOLDS_UP_TO the bound; a reachable is PROVED with a shortest trace or UNKNOWN (bound).
    Where every execution ends within the bound, both are decided for good: PROVED, and REFUTED ("never happens"). An eventuality is
    UNKNOWN: that it fails takes a loop or a stuck end (see `liveness`). RuntimeError if a trace fails its replay.
    """
    asker = Asker(pool, timeout, solver)
    search = DepthSearch(system, [goal(claim) for claim in properties if claim.kind is not Kind.EVENTUALLY], asker, ENGINE)
    while search.open and search.depth <= bound:
        search.deepen()
    search.close_all()
    reason = "bound: no bounded execution decides an eventuality; use the engine liveness"
    return [
        undecided(claim, ENGINE, reason, asker.seconds) if claim.kind is Kind.EVENTUALLY else search.answers[claim.name]
        for claim in properties
    ]


def scheduled(
    system: TransitionSystem, properties: Sequence[Property], schedule: Sequence[str], *, pool: SolverPool, timeout: float | None = None
) -> list[Answer]:
    """Examine those executions of a sized system whose steps are the actions that `schedule` names, and the states that they end in.

    An invariant is REFUTED, a reachable PROVED, with a trace; what is not found is UNKNOWN (bound), whatever other executions do.
    ValueError for a name that no action has, and for an eventuality. RuntimeError if a trace fails its replay.
    """
    actions = {action.name: action for action in system.actions}
    for name in schedule:
        if name not in actions:
            raise ValueError(f"{system.name} has no action {name}")
    asker = Asker(pool, timeout)
    search = DepthSearch(system, [goal(claim) for claim in properties], asker, ENGINE, [actions[name] for name in schedule])
    search.look(len(schedule))
    reason = f"bound: not found after {', '.join(schedule)}"
    return [
        search.answers[claim.name] if claim.name in search.answers else undecided(claim, ENGINE, reason, asker.seconds)
        for claim in properties
    ]
