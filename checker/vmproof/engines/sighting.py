"""Sees that things can happen, by executions whose steps are given: each is grown from one in which something else was seen.

Where an action becomes possible for the first time, what it makes possible in turn is looked for first; so is what comes after a state in
which two variables of few bits are what they have not been together. A step that is nothing new costs, and executions are examined by what
they cost. A query whose steps are named is small, where bounded checking has a choice of all actions in each step. Traces need not be
shortest, and what is not seen may yet happen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from itertools import combinations, count

from vmproof.engines.asking import SEARCHER, Asker
from vmproof.engines.completing import completed, possible
from vmproof.engines.goals import Goal, found, goal, undecided
from vmproof.engines.result import Answer
from vmproof.engines.system import Action, Parameter, Property, TransitionSystem, domain_of
from vmproof.engines.unroll import Unrolling, elements, valued
from vmproof.solvers import SolverPool
from vmproof.terms import Term, Value, evaluate

ENGINE = "sighting"
_MOST = 10.0
"""Seconds of one query: another execution may show the same at once."""
_SMALL = 3
"""Bits of a variable whose values say where an execution stands: a phase, a level."""
_WAYS = 300
"""Sequences of steps that are tried: where so many show nothing, bounded checking is the better search."""


def sight(
    system: TransitionSystem,
    properties: Sequence[Property],
    *,
    pool: SolverPool,
    bound: int = 20,
    timeout: float | None = None,
    solver: str = SEARCHER,
) -> list[Answer]:
    """Whether what the properties look for (see `goals`) is found within `bound` steps of a sized system: for a reachable, PROVED with a
    trace, or UNKNOWN.

    ValueError for an eventuality. RuntimeError if a trace fails its replay.
    """
    asker = Asker(pool, timeout, solver)
    search = _Sighting(system, [goal(claim) for claim in properties], asker)
    search.run(bound)
    reason = f"bound: not seen within {bound} steps"
    return [search.answers.get(claim.name) or undecided(claim, ENGINE, reason, asker.seconds) for claim in properties]


class _Sighting:
    """One search. A way, the executions of the steps that it schedules, waits with its cost: how many of its steps were nothing new since
    something was last seen on it, and how many write into large arrays, which makes queries hard. One that was looked at waits a second
    time, with the actions that it was gone on with already, to be gone on with by others."""

    def __init__(self, system: TransitionSystem, goals: Sequence[Goal], asker: Asker) -> None:
        pool = system.pool
        self.answers: dict[str, Answer] = {}
        self._system = system
        self._asker = asker
        self._open = list(goals)
        moving = [action for action in system.actions if action.next]  # one that changes nothing leads nowhere
        self._possible = {action: pool.and_(domain_of(_inputs(action), pool), action.guard) for action in moving}
        self._unseen = set(moving)
        changed = [item for item in system.variables if any(item.path in action.next for action in moving)]
        self._small = [item for item in changed if item.term.width in range(1, _SMALL + 1)]
        large = [item for item in changed if not elements(item, item.term)]
        self._writing = {action for action in moving if any(item.path in action.next for item in large)}
        self._been: set[tuple[tuple[int, Value], tuple[int, Value]]] = set()
        self._waiting: list[tuple[int, int, int, int, Unrolling, frozenset[Action] | None]] = []
        self._numbers = count()
        self._tried = 0

    def run(self, bound: int) -> None:
        """Search until all is seen, nothing waits, or the time is over."""
        self._wait(0, Unrolling(self._system))
        while self._open and self._waiting and self._tried < _WAYS and self._asker.left != 0:
            _, _, _, cost, way, done = heappop(self._waiting)
            if done is not None:
                for action, new in self._possible_after(way, [item for item in self._possible if item not in done]):
                    self._wait(0 if new else cost, way.then(action))
                continue
            self._tried += 1
            left = len(self._open)
            fresh = self._look(way)
            if fresh or len(self._open) < left:
                cost = 0
            if len(way.schedule) < bound:
                for action in fresh:
                    self._wait(cost, way.then(action))
                self._wait(cost + 1, way, frozenset(fresh))

    def _wait(self, cost: int, way: Unrolling, done: frozenset[Action] | None = None) -> None:
        writes = sum(action in self._writing for action in way.schedule)
        heappush(self._waiting, (cost + writes, -len(way.schedule), next(self._numbers), cost, way, done))

    def _look(self, way: Unrolling) -> list[Action]:
        """Answer the goals that are met where a way ends. The actions that become possible there for the first time."""
        fresh: list[Action] = []
        while self._open:
            terms = [*(item.found for item in self._open), *(self._possible[action] for action in self._unseen_in_order())]
            here = way.at(len(way.schedule), terms)
            model = self._model(way, here)
            if model is None:
                break
            holds = evaluate(here, valued(model), True)
            met = [item for item, value in zip(self._open, holds, strict=False) if value]
            seen = [action for action, value in zip(self._unseen_in_order(), holds[len(self._open) :], strict=True) if value]
            for item in met:
                self._met(item, way, model)
            self._unseen.difference_update(seen)
            fresh += seen
        return fresh

    def _unseen_in_order(self) -> list[Action]:
        return [action for action in self._possible if action in self._unseen]

    def _met(self, item: Goal, way: Unrolling, model: Mapping[str, Value]) -> None:
        parameters = item.claim.parameters
        values = evaluate([parameter.term for parameter in parameters], valued(model), True)
        chosen = {parameter.name: value for parameter, value in zip(parameters, values, strict=True)}
        trace = way.trace(model, len(way.schedule))
        self.answers[item.claim.name] = found(self._system, item.claim, ENGINE, trace, chosen, self._asker.seconds)
        self._open.remove(item)

    def _possible_after(self, way: Unrolling, actions: Sequence[Action]) -> list[tuple[Action, bool]]:
        """Those of the actions that are possible where a way ends, as far as its steps tell: what comes of it is looked at whole. With each
        whether it leads where no execution has been."""
        left, able = list(actions), list[tuple[Action, bool]]()
        while left:
            here = way.at(len(way.schedule), [self._possible[action] for action in left])
            rest = [*way.path(len(way.schedule)), self._system.pool.or_(*here)]
            model = possible(self._asker, way.initial(), rest, _MOST).model
            if model is None:
                break
            holds = evaluate(here, valued(model), True)
            able += [(action, self._is_new(way, action, model)) for action, value in zip(left, holds, strict=True) if value]
            left = [action for action, value in zip(left, holds, strict=True) if not value]
        return able

    def _is_new(self, way: Unrolling, action: Action, model: Mapping[str, Value]) -> bool:
        """Whether the action makes two of the small variables what they have not been together."""
        after = way.at(len(way.schedule), [action.next.get(item.path, item.term) for item in self._small])
        pairs = set(combinations(enumerate(evaluate(after, valued(model), True)), 2))
        new = not pairs <= self._been
        self._been |= pairs
        return new

    def _model(self, way: Unrolling, one_of: Sequence[Term]) -> Mapping[str, Value] | None:
        """An execution of a way that ends where one of the terms is true."""
        rest = [*way.path(len(way.schedule)), self._system.pool.or_(*one_of)]
        return completed(self._asker, way.initial(), rest, most=_MOST).model


def _inputs(action: Action) -> tuple[Parameter, ...]:
    return (*action.parameters, *action.choices)
