"""Whether a proof by induction notices a change: only what is changed is asked again.

Where the original is proved, an obligation of an action that is the same, or of a claim that speaks of nothing that is given another value,
is proved of the changed system too. What is left is asked of the system with any number of elements, where an answer is quick, and a
counterexample of one with sizes, where it is certain: a state that is seen by evaluation to satisfy all claims, and a step from it to one
that does not. That state need not be reachable: the proof breaks, and whether the claim does is another question.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vmproof.engines.asking import Asker, Task
from vmproof.engines.changes import Change
from vmproof.engines.domains import combinations, misfit, normal_value, valuations
from vmproof.engines.induction import Claim, claims_of, posed, value_in
from vmproof.engines.quantifiers import Instances
from vmproof.engines.system import Action, Property, TransitionSystem, domain_of
from vmproof.solvers import SolverPool, Status
from vmproof.terms import Evaluator, Term, Value, evaluate, substitute

_LISTED = 4096  # valuations of a claim's parameters that are looked at one by one; of more, a solver is asked
_ROUNDS = 12  # candidates of one question


@dataclass(frozen=True)
class Broken:
    """A claim that fails after an action, from a state that satisfies all claims; or, no action, in an initial state, which refutes it."""

    claim: str
    action: str | None

    @property
    def text(self) -> str:
        if self.action is None:
            return f"an initial state violates {self.claim}"
        return f"induction: {self.action} does not preserve {self.claim} from a state that satisfies all invariants"


@dataclass(eq=False)
class _Obligation:
    """What is not proved yet of a changed system. `candidate`: a state of any number of elements may break it; `holds`: none with the given
    sizes does."""

    claim: str
    action: str | None
    candidate: bool = False
    holds: bool = False

    @property
    def text(self) -> str:
        return f"that {self.action} preserves {self.claim}" if self.action else f"that the initial states satisfy {self.claim}"


class Notice:
    """The obligations of a change that is to be noticed.

    `general` is the change of the system with types of any size, None where all have sizes; `sized` that of the system with sizes.
    `properties` are what the proof claims, of which those in `following` hold wherever the others do. Asking leaves in `open` what is not
    proved of the changed system.
    """

    def __init__(
        self, general: Change | None, sized: Change, properties: Callable[[TransitionSystem], Sequence[Property]], following: set[str]
    ) -> None:
        self._general, self._sized, self._properties, self._following = general, sized, properties, following
        self._claims = {id(change): claims_of(change.system, properties(change.system)) for change in (general, sized) if change}
        first = general or sized
        self.open = _obligations(first, self.claims(first))

    def claims(self, change: Change) -> list[Claim]:
        """The claims that are hypotheses, as the system of a change has them."""
        return [claim for claim in self._claims[id(change)] if claim.name not in self._following]

    def ask(self, pool: SolverPool, seconds: float, deadline: float, first: Sequence[str] = (), solver: str | None = None) -> Broken | None:
        """Ask what is open, `seconds` for each question, claims of the names `first` first; the first that breaks is the answer."""
        limits = (pool, seconds, deadline, solver)
        rank = {name: number for number, name in enumerate(first)}
        for item in sorted(self.open, key=lambda item: (item.action is not None, rank.get(item.claim, len(rank)))):
            if self._general is not None and not item.candidate:
                status = self._status(self._general, item, *limits)
                item.candidate = status is Status.SAT
                if status is Status.UNSAT:
                    self.open.remove(item)
                    continue
            if item.holds:
                continue
            status = self._status(self._sized, item, *limits)
            item.holds = status is Status.UNSAT
            if status is Status.SAT:
                return Broken(item.claim, item.action)
            if item.holds and self._general is None:
                self.open.remove(item)
        return None

    def resize(self, sized: Change) -> None:
        """Ask what is open of the system with other sizes from now on."""
        self._sized = sized
        self._claims[id(sized)] = claims_of(sized.system, self._properties(sized.system))
        for item in self.open:
            item.holds = False

    @property
    def holds(self) -> bool:
        """Whether nothing can break what is open with the given sizes."""
        return all(item.holds for item in self.open)

    @property
    def reason(self) -> str:
        """Why what is open is open."""
        item = next((item for item in self.open if not item.holds), self.open[0])
        how = "proved with the given sizes only" if item.holds else "timeout: not decided"
        return f"{how}: {item.text}"

    def _status(self, change: Change, item: _Obligation, pool: SolverPool, seconds: float, deadline: float, solver: str | None) -> Status:
        left = min(seconds, deadline - time.monotonic())
        if left <= 0:
            return Status.UNKNOWN
        whole = self._claims[id(change)]
        claim = next(claim for claim in whole if claim.name == item.claim)
        action = next((one.after for one in change.actions if one.after.name == item.action), None)
        if item.action is not None and action is None:
            return Status.UNSAT  # with these sizes the action is the same
        known = self.claims(change)
        asker = Asker(pool, left, solver)
        if change is self._sized:
            return asker.run([_confirmed(change.system, claim, action, known, whole)])[0]
        return asker.run([_asked(change.system, claim, action, known)])[0]


def _obligations(change: Change, claims: Sequence[Claim]) -> list[_Obligation]:
    found = [_Obligation(claim.name, None) for claim in claims if change.init and not claim.type]
    question = Instances(change.system)
    for item in change.actions:
        values = {v.term for v in change.system.variables if v.path in item.paths}
        for claim in claims:
            if item.guard or not values.isdisjoint(question.depends([claim.body])):
                found.append(_Obligation(claim.name, item.after.name))
    return found


def _asked(system: TransitionSystem, claim: Claim, action: Action | None, hypotheses: Sequence[Claim]) -> Task[Status]:
    """Whether a claim can fail, in a system whose types have any number of elements: UNSAT is a proof, SAT a candidate."""
    made = posed(system, claim, action, hypotheses)
    if made is None:
        return Status.UNSAT
    answer = yield from made[0].decide()
    return answer.status


def _confirmed(
    system: TransitionSystem, claim: Claim, action: Action | None, hypotheses: Sequence[Claim], whole: Sequence[Claim]
) -> Task[Status]:
    """Whether a claim can fail, in a system with sizes. SAT: evaluation says so of a state and a step."""
    made = posed(system, claim, action, hypotheses)
    if made is None:
        return Status.UNSAT
    question, arbitrary = made
    for _ in range(_ROUNDS):
        answer = yield from question.decide()
        if answer.model is None:
            return answer.status
        state = {v.term: normal_value(v, value_in(answer.model, v.term)) for v in system.variables}
        lacking = False
        for other in whole if action is not None else ():
            exceptions = yield from _exceptions(other, state)
            if exceptions is None:
                return Status.UNKNOWN
            for values in exceptions:
                lacking = True
                [instance] = question.rename([other.body], {at: system.pool.value(at.sort, value) for at, value in values.items()})
                question.assume(instance)
        if not lacking:
            given = {item.term: value_in(answer.model, arbitrary[item.term]) for item in claim.parameters}
            fails = _fails(system, claim, action, state, answer.model, given)
            return Status.SAT if fails else Status.UNKNOWN
    return Status.UNKNOWN


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


def _fails(
    system: TransitionSystem,
    claim: Claim,
    action: Action | None,
    state: Mapping[Term, Value],
    model: Mapping[str, Value],
    given: Mapping[Term, Value],
) -> bool:
    """Whether evaluation alone finds that a claim is false in an initial state, or after an action that is possible in a state."""
    if any(misfit(v, state[v.term]) is not None for v in system.variables):
        return False
    if action is None:
        return evaluate([system.init, claim.body], {**state, **given}) == [True, False]
    inputs = (*action.parameters, *action.choices)
    environment = {**state, **{item.term: value_in(model, item.term) for item in inputs}}
    possible, *after = evaluate([system.pool.and_(action.guard, domain_of(inputs, system.pool)), *action.next.values()], environment)
    changed = dict(zip(action.next, after, strict=True))
    then = {v.term: changed.get(v.path, state[v.term]) for v in system.variables}
    return possible is True and evaluate([claim.body], {**then, **given}) == [False]
