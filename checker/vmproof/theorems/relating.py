"""Decides theorems that relate a system to another one, or to a policy: for any sizes where there is a proof, else for certain ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vmproof.engines.asking import Asker
from vmproof.engines.implied import implied
from vmproof.engines.induction import induction
from vmproof.engines.noninterference import noninterference
from vmproof.engines.promises import Ensured, Offer
from vmproof.engines.refinement import refinement
from vmproof.engines.relating import Refinement, Separation, read_refinement, read_separation
from vmproof.engines.result import Answer, Trace
from vmproof.engines.system import Action, Kind, Parameter, Property, TransitionSystem
from vmproof.engines.tworuns import OTHER
from vmproof.engines.verdict import Verdict
from vmproof.engines.written import written
from vmproof.errors import InputError
from vmproof.formats.naming import Naming
from vmproof.formats.trace import shown
from vmproof.language.loader import load_relation, load_system
from vmproof.language.relations import Relation
from vmproof.language.systems import System
from vmproof.solvers import SolverPool
from vmproof.terms import Term, Value, default_value, evaluate, substitute, variables
from vmproof.theorems.deciding import DEFAULT_SIZE, Found, Question, combined
from vmproof.theorems.theorem import REFINEMENT, Theorem

_BOUND = 6
"""Steps that executions of sized systems have where a condition is not proved."""


def subject_of(theorem: Theorem) -> System:
    """The system that a theorem is about, as its own file has it. Raises `InputError`."""
    if theorem.relation is None:
        return load_system(theorem.subject, theorem.sizes, theorem.parameters, texts=theorem.texts)
    return load_system(theorem.subject, texts=theorem.texts)  # sizes and parameters may be the other system's


def read_subject(theorem: Theorem, sizes: Mapping[str, int]) -> tuple[System, Relation | None]:
    """The system that a theorem is about, with its parameters and certain sizes; where the theorem relates it to something, as the file has
    it that does so, for the two share types. Raises `InputError`."""
    if theorem.relation is None:
        return load_system(theorem.subject, sizes, theorem.parameters, texts=theorem.texts), None
    relation = load_relation(theorem.relation, sizes, theorem.parameters, texts=theorem.texts)
    return relation.system(theorem.subject), relation


def of_subject(theorem: Theorem, question: Question) -> Question:
    """A question about the subject alone: what has a size, or is a parameter, need not all be the subject's. Raises `InputError`."""
    if theorem.relation is None:
        return question
    known = subject_of(theorem).machine
    return replace(
        question,
        sizes={name: size for name, size in question.sizes.items() if name in known.unsized},
        parameters={name: value for name, value in question.parameters.items() if name in known.parameters},
    )


def decide_related(theorem: Theorem, question: Question, pool: SolverPool) -> list[Found]:
    """An answer for each obligation of a refinement, or each condition of a policy. Raises `InputError` where something is wrong.

    Without sizes for all types a proof is for any number of elements; what is not proved is asked again with the sizes of
    the examples (3 by default).
    """
    deadline = time.monotonic() + question.timeout
    relation, ask = _load(theorem, question, question.sizes)
    unsized = [name for name, kind in relation.machine.unsized.items() if kind.size is None]
    found = ask(_left(deadline) * (0.5 if unsized else 1.0), pool)
    failing = {item.name for item in found if item.verdict is not Verdict.PROVED}
    if not unsized or not failing:
        return found
    examples = {name: size for name, size in question.examples.items() if name in unsized}
    _, ask = _load(theorem, question, {**dict.fromkeys(unsized, DEFAULT_SIZE), **examples, **question.sizes})
    sized = {item.name: item for item in ask(_left(deadline), pool)}
    return [combined(item, sized[item.name]) if item.name in failing else item for item in found]


def _left(deadline: float) -> float:
    return max(0.01, deadline - time.monotonic())


_Asking = Callable[[float, SolverPool], list[Found]]


def _load(theorem: Theorem, question: Question, sizes: Mapping[str, int]) -> tuple[Relation, _Asking]:
    assert theorem.relation is not None
    relation = load_relation(theorem.relation, sizes, question.parameters, texts=question.texts)
    bound = _BOUND if question.bound is None else question.bound
    if theorem.refines is not None and theorem.method == REFINEMENT:
        return relation, _Refining(read_refinement(relation, theorem.subject, theorem.refines), sizes, bound).found
    return relation, _Separating(read_separation(relation, theorem.subject), sizes, bound, theorem.prove).found


def by_induction(system: TransitionSystem, pool: SolverPool, timeout: float) -> list[tuple[Property, Answer]]:
    """The invariants of a system, and what induction says of each; those that it proves are the lemmas of a relation."""
    claims = [item for item in system.properties if item.kind is Kind.ALWAYS]
    answers = induction(system, claims, pool=pool, timeout=timeout) if claims else []
    return list(zip(claims, answers, strict=True))


def _lemmas(system: TransitionSystem, pool: SolverPool, timeout: float) -> list[Property]:
    return [claim for claim, answer in by_induction(system, pool, timeout) if answer.verdict is Verdict.PROVED]


@dataclass(frozen=True, eq=False)
class _Refining:
    """A refinement at certain sizes."""

    read: Refinement
    sizes: Mapping[str, int]
    bound: int

    def found(self, timeout: float, pool: SolverPool) -> list[Found]:
        read, began = self.read, time.monotonic()
        lemmas = _lemmas(read.concrete, pool, timeout / 2)
        left = max(0.01, timeout - (time.monotonic() - began))
        answers = refinement(
            read.concrete,
            read.abstract,
            read.abstraction,
            read.actions,
            read.promises,
            pool=pool,
            lemmas=lemmas,
            bound=self.bound,
            timeout=left,
        )
        return [self._found(answer) for answer in answers]

    def _found(self, answer: Answer) -> Found:
        read = self.read
        promise = next((item for item in read.promises if item.name == answer.property), None)
        if isinstance(promise, Offer):
            return self._offered(answer, promise)
        if promise is not None:
            return self._ensured(answer, promise)
        action = next((item for item in read.concrete.actions if item.name == answer.property), None)
        sentence = f"each initial state of {read.concrete.name} is one of {read.abstract.name}"
        if action is not None:
            sentence = f"each step {action.name} of {read.concrete.name} is one of {read.abstract.name}"
            stays, named = f"leaves the state of {read.abstract.name} as it is", read.actions.get(action.name, ())
            if not named:
                sentence = f"each step {action.name} of {read.concrete.name} {stays}"
            elif None in named:
                sentence += f", or {stays}"
        if answer.trace is None:
            return _plain(answer, sentence, self.sizes)
        return _traced(answer, sentence, self.sizes, Naming(read.below), action, (), self._difference(answer, answer.trace, action))

    def _offered(self, answer: Answer, offer: Offer) -> Found:
        concrete = self.read.concrete
        sentence = f"where {offer.name} says so, {concrete.name} can do {' or '.join(offer.actions)}"
        if answer.trace is None:
            return _plain(answer, sentence, self.sizes)
        naming, possible = Naming(self.read.below), []
        known, parameters = naming.constants(answer.trace.initial), {}
        for action in (item for item in concrete.actions if item.name in offer.actions):
            if _evaluated([action.guard], _values(concrete, _last(answer.trace), action, answer.parameters)) == [True]:
                possible.append(action.name)
            parameters.update(naming.parameters(naming.actions[action.name], _own(action, answer.parameters), known))
        said = f"{' and '.join(possible)} are possible there" if possible else f"no {' or '.join(offer.actions)} is possible there"
        trace = replace(shown(naming, answer.trace, answer.property, {}), parameters=parameters)
        return replace(_plain(answer, sentence, self.sizes), trace=trace, reason=said)

    def _ensured(self, answer: Answer, promise: Ensured) -> Found:
        action = next(item for item in self.read.concrete.actions if item.name == promise.action)
        sentence = f"each step {action.name} of {self.read.concrete.name} ensures what {promise.says} says"
        if answer.trace is None:
            return _plain(answer, sentence, self.sizes)
        said = f"a step {action.name} does not ensure it there"
        return _traced(answer, sentence, self.sizes, Naming(self.read.below), action, tuple(promise.parameters), said)

    def _difference(self, answer: Answer, trace: Trace, action: Action | None) -> str:
        """What the step does to the abstract state, beside arrays that a function gives and nothing lists."""
        read, naming = self.read, Naming(self.read.above)
        values = _values(read.concrete, _last(trace), action, answer.parameters)
        unlisted = {item.array for item in read.concrete.defined}
        seen = {path: term for path, term in read.abstraction.items() if unlisted.isdisjoint(variables([term]))}
        rest = {path: default_value(term.sort) for path, term in read.abstraction.items() if path not in seen}
        before = {**rest, **dict(zip(seen, _evaluated(seen.values(), values), strict=True))}
        if action is None:
            known = naming.constants(before)
            said = ", ".join(
                f"{name} = {_plain_text(value)}"
                for name, value in naming.summary(before, known).items()
                if name.partition("[")[0] not in rest
            )
            return f"as {read.abstract.name} sees it, that state is {said}"
        changed = {v.term: action.next[v.path] for v in read.concrete.variables if v.path in action.next}
        after_terms = substitute(read.concrete.pool, list(seen.values()), changed)
        after = {**rest, **dict(zip(seen, _evaluated(after_terms, values), strict=True))}
        known = naming.constants(before)
        changes = [
            f"{name} from {_plain_text(old)} to {_plain_text(new)}" for name, (old, new) in naming.changes(before, after, known).items()
        ]
        changes = changes or [f"what {path} holds" for path in rest] or ["nothing"]
        steps = " or ".join(dict.fromkeys(matching.action for matching in read.actions.get(action.name, ()) if matching is not None))
        allowed = f"no {steps} does that there" if steps else "the mapping names no step that it may be"
        return f"as {read.abstract.name} sees it, that step changes {', '.join(changes)}, and {allowed}"


@dataclass(frozen=True, eq=False)
class _Separating:
    """A policy at certain sizes; `wanted` are the kinds of conditions that are asked for, none for all."""

    read: Separation
    sizes: Mapping[str, int]
    bound: int
    wanted: Sequence[str]

    def found(self, timeout: float, pool: SolverPool) -> list[Found]:
        read, began = self.read, time.monotonic()
        system = read.transitions
        _check_reflexive(read, pool, timeout / 2)
        lemmas = _lemmas(system, pool, timeout / 2)
        left = max(0.01, timeout - (time.monotonic() - began))
        answers = noninterference(system, read.policy, pool=pool, lemmas=lemmas, bound=self.bound, timeout=left)
        return [self._found(answer) for answer in answers if not self.wanted or answer.property.partition(" of ")[0] in self.wanted]

    def _found(self, answer: Answer) -> Found:
        condition, _, name = answer.property.partition(" of ")
        action = next(item for item in self.read.transitions.actions if item.name == name)
        sentence = _CONDITIONS[condition].format(action=name)
        if answer.trace is None:
            return _plain(answer, sentence, self.sizes)
        two = any(path.startswith(OTHER) for path in answer.trace.initial)
        naming = Naming.of_two_runs(self.read.system) if two else Naming(self.read.system)
        extra = () if condition == "output consistency" else (self.read.policy.domain, *self.read.policy.places)
        return _traced(
            answer, sentence, self.sizes, naming, action, extra, self._difference(answer, answer.trace, action, two, bool(extra))
        )

    def _difference(self, answer: Answer, trace: Trace, action: Action, two: bool, observed: bool) -> str:
        """What a domain sees before and after the step, or after it in the two runs."""
        read = self.read
        system, state = read.transitions, _last(trace)
        other = {path: state.get(OTHER + path, value) for path, value in state.items()}
        policy = read.policy
        given = {item.term: answer.parameters[item.name] for item in (policy.domain, *policy.places) if item.name in answer.parameters}
        runs = [{**_values(system, each, action, answer.parameters), **given} for each in ((state, other) if two else (state,))]
        changed = {v.term: action.next[v.path] for v in system.variables if v.path in action.next}
        if not observed:
            return self._told(action, runs)
        parts = []
        for item in read.observations:
            after = substitute(system.pool, list(item.terms), changed)
            seen = [_evaluated(after, run) for run in runs]
            first, second = seen if two else (_evaluated(item.terms, runs[0]), seen[0])
            if first != second:
                names = f"{item.declaration.function.name} = {_tuple(first)}"
                parts.append(
                    f"{names} after it in one run and {_tuple(second)} in the other"
                    if two
                    else f"{names} before it and {_tuple(second)} after it"
                )
        who = written(policy.domain, answer.parameters[policy.domain.name])
        return f"{who} sees {' and '.join(parts)}"

    def _told(self, action: Action, runs: Sequence[Mapping[Term, Value]]) -> str:
        policy = self.read.policy
        acting = [_evaluated([policy.acting[action.name]], run)[0] for run in runs]
        possible = [_evaluated([action.guard], run)[0] for run in runs]
        if acting[0] != acting[1]:
            return "it happens on behalf of another domain in the other run"
        if possible[0] != possible[1]:
            return "it is possible in one run and not in the other"
        told = [_evaluated(policy.outputs.get(action.name, ()), run) for run in runs]
        return f"it tells {_tuple(told[0])} in one run and {_tuple(told[1])} in the other"


_CONDITIONS = {
    "output consistency": "where the one who acts sees the same, it can do {action}, and is told the same by it",
    "local respect": "{action} changes nothing that is seen by a domain to which the one who acts may not flow",
    "step consistency": "where a domain sees the same, and so does the one who acts, it sees the same after {action}",
}


def _check_reflexive(read: Separation, pool: SolverPool, timeout: float) -> None:
    """Raises `InputError` where a policy does not let each domain flow to itself."""
    policy, terms = read.policy, read.transitions.pool
    [itself] = substitute(terms, [policy.flows], {policy.source: policy.domain.term})
    claim = Property(Kind.ALWAYS, "reflexive", "", (policy.domain,), itself)
    [answer] = Asker(pool, timeout).run([implied(read.transitions, claim, ())])
    if answer.model is not None:
        raise InputError("the policy does not let each domain flow to itself", None, "return source == to or ...")


def _plain(answer: Answer, sentence: str, sizes: Mapping[str, int]) -> Found:
    details = answer.details if answer.verdict is Verdict.UNKNOWN else {}
    return Found(
        answer.property,
        Kind.ALWAYS.value,
        sentence,
        answer.verdict,
        answer.engine,
        answer.seconds,
        answer.bound,
        answer.reason,
        dict(sizes),
        details=details,
    )


def _traced(
    answer: Answer,
    sentence: str,
    sizes: Mapping[str, int],
    naming: Naming,
    action: Action | None,
    extra: Sequence[Parameter],
    difference: str,
) -> Found:
    """A refutation: the trace to the state, the step's parameters by name, and what differs."""
    assert answer.trace is not None
    known = naming.constants(answer.trace.initial)
    parameters = {}
    if action is not None:
        parameters = dict(naming.parameters(naming.actions[action.name], _own(action, answer.parameters), known))
    for item in extra:
        if item.name in answer.parameters:
            parameters[item.name] = written(item, answer.parameters[item.name])
    trace = replace(shown(naming, answer.trace, answer.property, {}), parameters=parameters)
    return replace(_plain(answer, sentence, sizes), trace=trace, reason=difference)


def _own(action: Action, values: Mapping[str, Value]) -> dict[str, Value]:
    names = [item.name for item in (*action.parameters, *action.choices)]
    return {name: values[name] for name in names if name in values}


def _last(trace: Trace) -> Mapping[str, Value]:
    return trace.steps[-1].state if trace.steps else trace.initial


def _values(
    system: TransitionSystem, state: Mapping[str, Value], action: Action | None, parameters: Mapping[str, Value]
) -> dict[Term, Value]:
    inputs = (*action.parameters, *action.choices) if action is not None else ()
    return {**{v.term: state[v.path] for v in system.variables}, **{item.term: parameters[item.name] for item in inputs}}


def _evaluated(terms: Iterable[Term], values: Mapping[Term, Value]) -> list[Value]:
    return evaluate(terms, dict(values))


def _plain_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tuple(values: Sequence[Value]) -> str:
    shown_ = [_plain_text(value) for value in values]
    return shown_[0] if len(shown_) == 1 else f"({', '.join(shown_)})"
