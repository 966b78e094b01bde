"""When actions are enabled, as formulas over the state: what weak fairness and stuck states are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmproof.engines.asking import Asker
from vmproof.engines.domains import valuations
from vmproof.engines.goals import instances_of
from vmproof.engines.implied import implied
from vmproof.engines.kinduction import closed
from vmproof.engines.result import Answer
from vmproof.engines.system import Action, Kind, Parameter, Property, TransitionSystem, domain_of
from vmproof.engines.unroll import Unrolling, in_range
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool, Status
from vmproof.terms import Term, Value, substitute, variables

_MOST = 4096


class TooMany(Exception):
    """An action has too many values of its parameters to be written out; the message names it."""


@dataclass(frozen=True, eq=False)
class FairInstance:
    """A fair action with values of its parameters, which must not stay `enabled` (over the state) for ever without happening."""

    action: Action
    values: tuple[Value, ...]
    enabled: Term


def enabled(action: Action, parameters: bool = True) -> Term:
    """That the action may happen, whatever its choices are and, with `parameters`, for some values of its parameters.

    Without `parameters` the formula is over these, too. TooMany if there are too many values.
    """
    pool = action.guard.pool
    inputs = (*action.parameters, *action.choices) if parameters else action.choices
    legal = pool.and_(action.guard, domain_of((*action.parameters, *action.choices), pool))
    return _some(action, legal, inputs)


def stuck(system: TransitionSystem) -> Term:
    """That no action is enabled. TooMany if there are too many values of parameters."""
    return system.pool.and_(*(system.pool.not_(enabled(action)) for action in system.actions))


def never_stuck(system: TransitionSystem, lemmas: Sequence[Property], *, pool: SolverPool, timeout: float | None = None) -> Answer | None:
    """The proof that each reachable state of a sized system has a successor, where invariants known to hold imply it; else None."""
    asker = Asker(pool, timeout)
    try:
        claim = Property(Kind.ALWAYS, "stuck", "every reachable state has a successor", (), system.pool.not_(stuck(system)))
    except TooMany:
        return None
    if asker.check(system.init, in_range(system, system.state)).status is not Status.SAT:
        return None
    types = closed(Unrolling(system), asker)
    if asker.run([implied(system, claim, lemmas, types)])[0].status is not Status.UNSAT:
        return None
    return Answer("stuck", Verdict.PROVED, "induction", seconds=asker.seconds)


def fair_instances(system: TransitionSystem) -> list[FairInstance]:
    """All fair actions with all values of their parameters. TooMany if there are too many."""
    found = []
    for action in system.actions:
        if not action.fair:
            continue
        formula = enabled(action, parameters=False)
        instances = instances_of(formula, action.parameters, _MOST)
        if instances is None:
            raise TooMany(f"{action.name} has too many values of its parameters")
        found += [FairInstance(action, v, term) for v, term in zip(valuations(action.parameters), instances, strict=True)]
    return found


def _some(action: Action, formula: Term, inputs: tuple[Parameter, ...]) -> Term:
    pool = formula.pool
    read = set(variables([action.guard]))
    unread = {item.term: pool.value(item.term.sort, False if not item.term.width else 0) for item in inputs if item.term not in read}
    [formula] = substitute(pool, [formula], unread)
    instances = instances_of(formula, tuple(item for item in inputs if item.term in read), _MOST)
    if instances is None:
        raise TooMany(f"{action.name} has too many values of its parameters")
    return pool.or_(*instances)
