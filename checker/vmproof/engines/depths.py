"""The search that bounded checking and the base case of k-induction share: every depth is examined, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from vmproof.engines.asking import Asker
from vmproof.engines.completing import completed
from vmproof.engines.goals import Goal, found, never, not_within, undecided
from vmproof.engines.result import Answer
from vmproof.engines.system import Action, TransitionSystem
from vmproof.engines.unroll import Unrolling, away, valued
from vmproof.engines.verdict import Verdict
from vmproof.solvers import Status
from vmproof.terms import Term, Value, evaluate

_PATIENCE = 5.0
"""Seconds that making a counterexample simpler may take."""


class DepthSearch:
    """Looks for goals after 0, 1, 2, ... steps from an initial state.

    A goal found at a depth was not there at any smaller one, so its trace has the fewest steps. `depth` is the number of depths examined,
    `open` the goals that are not answered, `answers` the rest by the property's name. A `schedule` names the steps.
    """

    def __init__(self, system: TransitionSystem, goals: Iterable[Goal], asker: Asker, engine: str, schedule: Sequence[Action] = ()) -> None:
        self.system = system
        self.unrolling = Unrolling(system, schedule)
        self.asker = asker
        self.open: list[Goal] = list(goals)
        self.answers: dict[str, Answer] = {}
        self.depth = 0
        self._engine = engine

    def deepen(self) -> None:
        """Examine the next depth, and answer the goals that are found there, that solvers cannot decide, and all of them at the end of all
        executions."""
        k = self.depth
        met = self._look(k, list(self.open))
        if self.open and not met:
            longer = completed(self.asker, self.unrolling.initial(), self.unrolling.path(k), glance=True)
            if longer.status is Status.UNSAT:
                self._end(k)
        self.depth = k + 1

    def look(self, k: int) -> None:
        """Search after `k` steps only; what is not found, or not decided, stays open."""
        self._look(k, list(self.open))

    def _look(self, k: int, goals: list[Goal]) -> bool:
        """Search for all goals at one depth at once; whether any was found."""
        pool, initial, path = self.system.pool, self.unrolling.initial(), self.unrolling.path(k)
        met = False
        while goals:
            here = self.unrolling.at(k, [item.found for item in goals])
            answer = completed(self.asker, initial, [*path, pool.or_(*here)])
            if answer.status is Status.UNSAT:
                break
            if answer.model is not None:
                met = True
                holds = evaluate(here, valued(answer.model), True)
                hits = [(item, term) for item, term, value in zip(goals, here, holds, strict=True) if value]
                for item, term in hits:
                    self._found(item, [*initial, *path, term], k, answer.model)
                goals = [item for item in goals if all(item is not hit for hit, _ in hits)]
            elif len(goals) == 1:
                self._undecided(goals[0], answer.reason, k)
                goals = []
            else:  # one of them may be what is hard
                for item in goals:
                    met = self._look(k, [item]) or met
                break
        return met

    def _found(self, item: Goal, assertions: Sequence[Term], k: int, model: Mapping[str, Value]) -> None:
        parameters = item.claim.parameters
        costs = [*self.unrolling.inputs_away(k), *(away(parameter.term) for parameter in parameters)]
        model = least(self.asker, assertions, costs, model)
        values = evaluate([parameter.term for parameter in parameters], valued(model), True)
        chosen = {parameter.name: value for parameter, value in zip(parameters, values, strict=True)}
        trace = self.unrolling.trace(model, k)
        self.close(item, found(self.system, item.claim, self._engine, trace, chosen, self.asker.seconds))

    def _undecided(self, item: Goal, reason: str, k: int) -> None:
        known = "" if k == 0 else f"; not found within {k - 1} steps" if item.sought else f"; holds up to {k - 1} steps"
        self.close(item, undecided(item.claim, self._engine, f"{reason}: undecided at {k} steps{known}", self.asker.seconds))

    def _end(self, k: int) -> None:
        """No execution has `k` steps, and all shorter ones were examined."""
        for item in list(self.open):
            if k == 0 and not item.sought:
                answer = Answer(item.claim.name, Verdict.VACUOUS, self._engine, "there is no initial state", seconds=self.asker.seconds)
            else:
                ends = "there is no initial state" if k == 0 else f"no execution has more than {k - 1} steps"
                answer = never(item, self._engine, self.asker.seconds, ends)
            self.close(item, answer)

    def close(self, item: Goal, answer: Answer) -> None:
        """Answer a goal."""
        self.answers[item.claim.name] = answer
        self.open = [other for other in self.open if other is not item]

    def close_all(self, reason: str = "") -> None:
        """Answer what is open with the depths examined."""
        for item in list(self.open):
            self.close(item, not_within(item, self.depth - 1, self._engine, self.asker.seconds, reason))


def least(asker: Asker, assertions: Sequence[Term], costs: Sequence[Term], model: Mapping[str, Value]) -> Mapping[str, Value]:
    """A model of the assertions in which as few as possible of the Boolean terms `costs` are true; `model` is one to begin with.

    A query that the solver does not decide ends the descent, and so does the end of patience: the model is then the best one found.
    """
    deadline = asker.seconds + _PATIENCE
    costs = [cost for cost in costs if not cost.is_const]
    if not costs:
        return model
    pool = costs[0].pool
    width = len(costs).bit_length()
    total = pool.bv(0, width)
    for cost in costs:
        total = pool.add(total, pool.ite(cost, pool.bv(1, width), pool.bv(0, width)))
    while True:
        count = evaluate(costs, valued(model), True).count(True)
        left = deadline - asker.seconds
        if count == 0 or left <= 0:
            return model
        answer = asker.check(*assertions, pool.ult(total, pool.bv(count, width)), most=left)
        if answer.model is None:
            return model
        model = answer.model
