"""Proof of an eventuality by a measure: while the goal is not reached, nothing raises it, and fairness makes something lower it.

The rule (Z. Manna, A. Pnueli: "Completing the Temporal Picture", 1991, for weak fairness): a fair action is *helpful* if each of its
steps lowers the measure or reaches the goal, and if it, once enabled, stays so until the measure falls or the goal is reached. Nothing
raises the measure, and some helpful action is always enabled. Without the goal, one of them would then from some moment on be enabled for
ever and never happen, which is not fair. It is not enough that fair actions lower the measure and that some fair action is always enabled:
two of them may be disabled in turn for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmproof.engines.asking import Asker
from vmproof.engines.fairness import enabled
from vmproof.engines.system import Action, Property, TransitionSystem, domain_of
from vmproof.engines.unroll import Unrolling
from vmproof.solvers import Status
from vmproof.terms import Term, substitute


@dataclass(frozen=True)
class Ranking:
    """Whether the measure proves the eventuality; if not, one clause that says what it lacks (or a solver's reason)."""

    proved: bool
    reason: str = ""


def ranked(system: TransitionSystem, claim: Property, asker: Asker, known: Term) -> Ranking:
    """Try the rule; `known` holds in every reachable state (over the current variables). ValueError if the property has no measure.

    A state in which nothing is enabled fails the rule, as some helpful action is to be enabled wherever the goal is not reached. TooMany
    if an action has too many values of its parameters.
    """
    if claim.measure is None:
        raise ValueError(f"{claim.name} has no measure")
    pool = system.pool
    unrolling = Unrolling(system)
    [here, goal, measure] = unrolling.at(0, [known, claim.term, claim.measure])
    [goal_after, measure_after] = unrolling.at(1, [claim.term, claim.measure])
    waits = [domain_of(claim.parameters, pool), here, pool.not_(goal)]
    stays = [*waits, *unrolling.path(1), pool.not_(goal_after)]
    for step in unrolling.step(0).instances:
        failure = _refute(asker, *stays, step.condition, pool.ult(measure, measure_after))
        if failure is not None:
            return Ranking(False, failure or f"{step.action.name} may raise the measure")
    helpful: list[Term] = []
    lacks: list[str] = []
    for step in unrolling.step(0).instances:
        if not step.action.fair:
            continue
        failure = _refute(asker, *stays, step.condition, pool.not_(pool.ult(measure_after, measure)))
        if failure is not None:
            lacks.append(failure or f"{step.action.name} may leave the measure as it is")
            continue
        before, after = _enabled(unrolling, step.action)
        failure = _refute(asker, *stays, pool.eq(measure, measure_after), before, pool.not_(after))
        if failure is not None:
            lacks.append(failure or f"{step.action.name} may be disabled while the measure stays as it is")
            continue
        helpful += unrolling.at(0, [enabled(step.action)])
    failure = _refute(asker, *waits, *(pool.not_(term) for term in helpful))
    if failure is None:
        return Ranking(True)
    return Ranking(False, failure or "; ".join(["there may be no helpful fair action that is enabled", *lacks]))


def _enabled(unrolling: Unrolling, action: Action) -> tuple[Term, Term]:
    """That the action is enabled before and after a step, for the same values of its parameters, which are any."""
    pool = unrolling.pool
    arbitrary = {item.term: pool.var(f"{action.name}:{item.name}@fair", item.term.sort) for item in action.parameters}
    [formula] = substitute(pool, [enabled(action, parameters=False)], arbitrary)
    return unrolling.at(0, [formula])[0], unrolling.at(1, [formula])[0]


def _refute(asker: Asker, *assertions: Term) -> str | None:
    """None if the assertions have no model; "" if they have one; the reason if that is unknown."""
    answer = asker.check(*assertions)
    if answer.status is Status.UNSAT:
        return None
    return "" if answer.status is Status.SAT else answer.reason
