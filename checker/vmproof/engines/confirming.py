"""Candidates for a claim that fails: of a system of any size a solver's word, of one with sizes a state that evaluation confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vmproof.engines.asking import Task
from vmproof.engines.domains import combinations, misfit, normal_value, valuations
from vmproof.engines.induction import Claim, posed, value_in
from vmproof.engines.system import Action, TransitionSystem, domain_of
from vmproof.solvers import Status
from vmproof.terms import Evaluator, Term, Value, evaluate, substitute, variables

_LISTED = 4096  # valuations of a claim's parameters that are looked at one by one; of more, a solver is asked
_ROUNDS = 12  # candidates of one question


@dataclass(frozen=True, eq=False)
class Doubt:
    """Whether a claim can fail: after an action, or, without one, in an initial state; or, `anywhere`, in a state itself.

    `hypotheses` hold in the state that the question begins with, and with them all claims of `whole`.
    """

    system: TransitionSystem
    claim: Claim
    action: Action | None
    hypotheses: Sequence[Claim]
    whole: Sequence[Claim]
    anywhere: bool = False

    def asked(self) -> Task[Status]:
        """UNSAT is a proof, SAT a candidate."""
        made = posed(self.system, self.claim, self.action, self.hypotheses, self.anywhere)
        if made is None:
            return Status.UNSAT
        answer = yield from made[0].decide()
        return answer.status

    def confirmed(self) -> Task[Status]:
        """The same of a system with sizes. SAT: evaluation alone says so, of a state that satisfies all claims of `whole`.

        First with the claim itself for a hypothesis, and of the others what a candidate lacks: models over large arrays are found quickly
        where little is said of them.
        """
        status = yield from self._searched([item for item in self.hypotheses if item.type or item is self.claim])
        if status is Status.UNKNOWN:
            status = yield from self._searched(self.hypotheses)
        return status

    def _searched(self, hypotheses: Sequence[Claim]) -> Task[Status]:
        system = self.system
        made = posed(system, self.claim, self.action, hypotheses, self.anywhere)
        if made is None:
            return Status.UNSAT
        question, arbitrary = made
        for _ in range(_ROUNDS):
            answer = yield from question.decide()
            if answer.model is None:
                return answer.status
            state = {v.term: normal_value(v, value_in(answer.model, v.term)) for v in system.variables}
            lacking = False
            for other in self.whole:
                exceptions = yield from _exceptions(other, state)
                if exceptions is None:
                    return Status.UNKNOWN
                for values in exceptions:
                    lacking = True
                    [instance] = question.rename([other.body], {at: system.pool.value(at.sort, value) for at, value in values.items()})
                    question.assume(instance)
            if not lacking:
                given = {item.term: value_in(answer.model, arbitrary[item.term]) for item in self.claim.parameters}
                return Status.SAT if self._fails(state, answer.model, given) else Status.UNKNOWN
        return Status.UNKNOWN

    def _fails(self, state: Mapping[Term, Value], model: Mapping[str, Value], given: Mapping[Term, Value]) -> bool:
        """Whether evaluation alone finds that the claim is false where the question says, and that this can happen."""
        system, action, body = self.system, self.action, self.claim.body
        if any(misfit(v, state[v.term]) is not None for v in system.variables):
            return False
        if self.anywhere:
            values = {**state, **given}
            return all(term in values for term in variables([body])) and evaluate([body], values) == [False]
        if action is None:
            return evaluate([system.init, body], {**state, **given}) == [True, False]
        inputs = (*action.parameters, *action.choices)
        environment = {**state, **{item.term: value_in(model, item.term) for item in inputs}}
        possible, *after = evaluate([system.pool.and_(action.guard, domain_of(inputs, system.pool)), *action.next.values()], environment)
        changed = dict(zip(action.next, after, strict=True))
        then = {v.term: changed.get(v.path, state[v.term]) for v in system.variables}
        return possible is True and evaluate([body], {**then, **given}) == [False]


def _exceptions(claim: Claim, state: Mapping[Term, Value]) -> Task[Sequence[Mapping[Term, Value]] | None]:
    """Parameters for which a claim is false in a state, once, if there are any; None where that is not known."""
    parameters = [item.term for item in claim.parameters]
    if combinations(claim.parameters) <= _LISTED:
        body = Evaluator([claim.body])
        listed = (dict(zip(parameters, values, strict=True)) for values in valuations(claim.parameters))
        return [given for given in listed if body.run({**state, **given}) != [True]][:1]
    pool = claim.body.pool
    [body_there] = substitute(pool, [claim.body], {term: pool.value(term.sort, value) for term, value in state.items()})
    answer = yield (pool.not_(body_there),)
    if answer.status is Status.UNKNOWN:
        return None
    return [] if answer.model is None else [{term: value_in(answer.model, term) for term in parameters}]
