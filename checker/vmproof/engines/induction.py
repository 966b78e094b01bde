"""Induction: the initial states satisfy an invariant, and no action leads from a state that satisfies all of them to one that does not.

One query for each action and invariant, in which the invariants, or those that it says it uses, are instantiated at the terms that matter
(see `quantifiers`); so unsized types need no size, and a proof is one for any number of their elements. An invariant that follows from
others in every state takes one query in all: where these hold it holds, too. A state from which an action breaks an invariant need not be
reachable: it is a counterexample to induction, never a violation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vmproof.engines.asking import Asker, Task
from vmproof.engines.completing import completed
from vmproof.engines.domains import index_count, normal_value
from vmproof.engines.equated import equation
from vmproof.engines.goals import undecided
from vmproof.engines.quantifiers import Instances
from vmproof.engines.replay import replay
from vmproof.engines.result import Answer, Trace
from vmproof.engines.system import Action, Kind, Parameter, Property, TransitionSystem, Variable, domain_of
from vmproof.engines.unroll import fits, in_range
from vmproof.engines.verdict import Verdict
from vmproof.engines.written import written
from vmproof.solvers import SolverPool, Status
from vmproof.terms import ArraySort, Op, Term, Value, conjuncts, default_value, evaluate

ENGINE = "induction"
_MANY = 4
"""Of so many actions, asking first whether an invariant follows from others is worth a query."""


@dataclass(frozen=True, eq=False)
class Claim:
    """What is proved: `body` for all values of `parameters`. That leaves hold values of their types is a claim like any other, but of the
    initial states it is known (`type`). `using`: the names of the claims that it is proved from, None for all; with `follows` they imply it
    in every state."""

    name: str
    parameters: tuple[Parameter, ...]
    body: Term
    type: bool = False
    using: tuple[str, ...] | None = None
    follows: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the claims that it says it is proved from."""
        return self.using or ()


@dataclass(frozen=True, eq=False)
class _Outcome:
    """One query's outcome: SAT with the values of the candidate, UNSAT with the names of the claims it used, or UNKNOWN with the reason."""

    status: Status
    used: frozenset[str] = frozenset()
    reason: str = ""
    model: Mapping[str, Value] = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)


def induction(system: TransitionSystem, properties: Sequence[Property], *, pool: SolverPool, timeout: float | None = None) -> list[Answer]:
    """Prove invariants, each with the help of all the others that are proved too, within `timeout` seconds in all; types need no sizes.

    PROVED, or UNKNOWN: "induction: ..." with the counterexample to induction as details. An initial state that violates an invariant of a
    sized system makes it REFUTED, after replay. VACUOUS if a sized system has no initial state. Other properties than invariants are
    UNKNOWN.
    """
    asker = Asker(pool, timeout)
    claims = claims_of(system, properties)
    found = _greatest(system, claims, asker)
    sized = not system.quantified and not system.defined
    empty = sized and completed(asker, [system.init, in_range(system, system.state)], []).status is Status.UNSAT
    answers = []
    for item in properties:
        if item.kind is not Kind.ALWAYS:
            answers.append(undecided(item, ENGINE, "induction: it decides invariants only", asker.seconds))
        elif empty:
            answers.append(Answer(item.name, Verdict.VACUOUS, ENGINE, "there is no initial state", seconds=asker.seconds))
        elif item.name not in found:
            answers.append(Answer(item.name, Verdict.PROVED, ENGINE, seconds=asker.seconds))
        else:
            lacking = [name for name in item.using or () if all(other.name != name for other in properties)]
            answers.append(_failed(system, item, found[item.name], sized, lacking, asker.seconds))
    return answers


@dataclass(frozen=True, eq=False)
class _Failure:
    """Why a claim is not proved: from the initial states (no action) or by an action; `without` are claims that failed before."""

    action: Action | None
    outcome: _Outcome
    without: tuple[str, ...]


def _greatest(system: TransitionSystem, claims: Sequence[Claim], asker: Asker) -> dict[str, _Failure]:
    """The claims that fail; the others are inductive together. What used a claim that fails is asked again without it; what is found to
    follow from the others is no help for them."""
    alive = list(claims)
    failures: dict[str, _Failure] = {}
    used: dict[tuple[str, str | None], frozenset[str]] = {}
    following = _following(system, _tried(claims), alive, {}, asker)
    pending = _obligations(system, [claim for claim in claims if claim.name not in following])
    while pending:
        known = [claim for claim in alive if claim.name not in following]
        outcomes = asker.run(_asked(system, claim, action, helpful(claim, known), claim.follows) for claim, action in pending)
        without = tuple(failures)
        for (claim, action), outcome in zip(pending, outcomes, strict=True):
            if outcome.status is Status.UNSAT:
                used[claim.name, action.name if action is not None else None] = outcome.used
            elif claim.name not in failures:
                failures[claim.name] = _Failure(action, outcome, without)
        alive = [claim for claim in alive if claim.name not in failures]
        gone = failures.keys() - set(without)
        proved = _obligations(system, [claim for claim in alive if claim.name not in following])
        pending = [(claim, action) for claim, action in proved if used[claim.name, action.name if action is not None else None] & gone]
        lost = [claim for claim in alive if following.get(claim.name, frozenset()) & gone]
        for claim in lost:
            del following[claim.name]
        following |= _following(system, lost, alive, following, asker)
        pending += _obligations(system, [claim for claim in lost if claim.name not in following])
    return failures


def helpful(claim: Claim, known: Sequence[Claim]) -> list[Claim]:
    """The hypotheses for a claim, of the claims `known`, in the order in which they are declared.

    A step may assume anything of the state before it, also of the claim itself, and also what follows there. What is to follow in a state
    may assume of the same state what does not follow itself, and of what follows only what stands before it: so there is no circle.
    """
    if not claim.follows:
        named = {claim.name, *claim.names}
        return [other for other in known if claim.using is None or other.type or other.name in named]
    earlier = [other.name for other in known].index(claim.name)
    return [
        other
        for number, other in enumerate(known)
        if other.type or (other.name in claim.names and (number < earlier or not other.follows))
    ]


def _obligations(system: TransitionSystem, claims: Sequence[Claim]) -> list[tuple[Claim, Action | None]]:
    """What makes claims inductive: that the initial states satisfy them, and that each action preserves them; or that they follow."""
    steps = [(claim, action) for claim in claims if not claim.follows for action in system.actions]
    return [*((claim, None) for claim in claims if not claim.type), *steps]


def _tried(claims: Sequence[Claim]) -> list[Claim]:
    """The claims that may turn out to follow from others, which is no help for these: none that says what it is proved from, or that one
    of those needs."""
    needed = {name for claim in claims for name in claim.names}
    return [claim for claim in claims if not claim.type and claim.using is None and claim.name not in needed]


def _following(
    system: TransitionSystem, tried: Sequence[Claim], alive: Sequence[Claim], known: Mapping[str, frozenset[str]], asker: Asker
) -> dict[str, frozenset[str]]:
    """Those of the claims `tried` that follow, in every state, from claims that do not follow themselves; with the names of these."""
    known = dict(known)
    found: dict[str, frozenset[str]] = {}
    if len(system.actions) < _MANY:
        return found
    hypotheses = [claim for claim in alive if claim.name not in known and not claim.follows]
    outcomes = asker.run(_asked(system, claim, None, [other for other in hypotheses if other is not claim], True) for claim in tried)
    for claim, outcome in zip(tried, outcomes, strict=True):
        needed = {name for names in known.values() for name in names}
        if outcome.status is Status.UNSAT and claim.name not in needed and outcome.used.isdisjoint(known):
            known[claim.name] = found[claim.name] = outcome.used
    return found


def claims_of(system: TransitionSystem, properties: Sequence[Property]) -> list[Claim]:
    """What induction proves together: the invariants among the properties, and that leaves hold values of their types."""
    types = (_type(system, variable) for variable in system.variables)
    return [_claim(item) for item in properties if item.kind is Kind.ALWAYS] + [claim for claim in types if claim is not None]


def _claim(item: Property) -> Claim:
    pool = item.term.pool
    body = pool.implies(domain_of(item.parameters, pool), item.term)
    return Claim(item.name, item.parameters, body, using=item.using, follows=item.follows)


def following(system: TransitionSystem, claims: Sequence[Claim], asker: Asker) -> set[str]:
    """The names of the claims that turn out to hold in every state in which the others hold: these need no proof of their own."""
    return set(_following(system, _tried(claims), claims, {}, asker))


def _type(system: TransitionSystem, variable: Variable) -> Claim | None:
    """That a leaf holds values of its type, where its sort has others."""
    pool, element = system.pool, variable.term
    parameters: list[Parameter] = []
    while isinstance(element.sort, ArraySort):
        index = pool.var(f"{variable.path}#index {len(parameters)}", element.sort.index)
        count = index_count(element.sort, variable.indices[len(parameters)])
        parameters.append(Parameter(f"index {len(parameters)}", index, count))
        element = pool.select(element, index)
    body = fits(variable, element)
    if body is pool.true:
        return None
    return Claim(f"the type of {variable.path}", tuple(parameters), pool.implies(domain_of(parameters, pool), body), type=True)


def posed(
    system: TransitionSystem, claim: Claim, action: Action | None, hypotheses: Iterable[Claim], anywhere: bool = False
) -> tuple[Instances, Mapping[Term, Term]] | None:
    """The question whether the claim can be false in an initial state, or after the action from a state that satisfies the hypotheses; or,
    `anywhere`, in a state that satisfies these. With it what stands for the claim's parameters. None where it plainly cannot: the action
    changes nothing that the claim speaks of, or the initial states are said to satisfy it."""
    pool = system.pool
    question = Instances(system)
    arbitrary = {item.term: question.constant(f"{claim.name}?{item.name}", item.term.sort) for item in claim.parameters}
    changed: dict[Term, Term] = {}
    here = system.exactly(pool.true) if action is None else system.taken[action]
    if action is not None:
        changed = {v.term: here([action.next[v.path]])[0] for v in system.variables if v.path in action.next}
        if changed.keys().isdisjoint(question.depends([claim.body])):
            return None
    elif not anywhere:
        changed = _given(system.init)
    [goal] = here(question.inlined(question.rename([claim.body], {**changed, **arbitrary})))
    if goal is pool.true or (action is None and not anywhere and goal in conjuncts([system.init])):
        return None
    violated = pool.not_(goal)
    there = system.exactly(violated)
    named = tuple(arbitrary.values()) if claim.using is not None else None
    for item in hypotheses:
        if action is not None or anywhere or item.type:
            [body] = there(here([item.body]))
            question.state([parameter.term for parameter in item.parameters], body, item.name, named, claim.using is not None)
    if action is not None:
        question.assume(pool.and_(action.guard, domain_of((*action.parameters, *action.choices), pool)))
    elif not anywhere:
        question.assume(system.init)
        question.assume(in_range(system, system.state))
    for part in conjuncts([violated]):
        question.assume(part if equation(part) is not None else there([part])[0])
    return question, arbitrary


def _given(init: Term) -> dict[Term, Term]:
    """The variables of which the initial states say what they are, each with that: a value, or a variable that is not replaced itself."""
    known: dict[Term, Term] = {}
    for part in conjuncts([init]):
        for one, other in (part.args, part.args[::-1]) if part.op is Op.EQ else ():
            plain = other.is_const or (other.op is Op.VAR and other not in known)
            if one.op is Op.VAR and plain and one not in known and one not in known.values():
                known[one] = other
                break
    return known


def _asked(
    system: TransitionSystem, claim: Claim, action: Action | None, hypotheses: Sequence[Claim], anywhere: bool = False
) -> Task[_Outcome]:
    """The outcome of what `posed` asks. That types are kept mostly follows from themselves, so the other hypotheses are added where not."""
    types = [item for item in hypotheses if item.type]
    if claim.type and len(types) < len(hypotheses):
        outcome = yield from _asked(system, claim, action, types)
        if outcome.status is Status.UNSAT:
            return outcome
    made = posed(system, claim, action, hypotheses, anywhere)
    if made is None:
        return _Outcome(Status.UNSAT, frozenset([claim.name]))
    question, arbitrary = made
    answer = yield from question.decide()
    if answer.model is None:
        return _Outcome(answer.status, frozenset(question.used), answer.reason)
    chosen = {item.name: value_in(answer.model, arbitrary[item.term]) for item in claim.parameters}
    return _Outcome(Status.SAT, model=answer.model, parameters=chosen)


def _failed(system: TransitionSystem, item: Property, failure: _Failure, sized: bool, lacking: Sequence[str], seconds: float) -> Answer:
    """The answer where a claim fails; `lacking` are those that it says it is proved from and that nobody claims."""
    outcome, action = failure.outcome, failure.action
    if item.follows:
        what = f"that {item.name} follows"
    else:
        what = f"that {action.name} preserves {item.name}" if action is not None else f"that the initial states satisfy {item.name}"
    if outcome.status is Status.UNKNOWN:
        return undecided(item, ENGINE, f"{outcome.reason}: not decided {what}", seconds)
    if action is None and not item.follows and sized:
        values = {v.path: normal_value(v, value_in(outcome.model, v.term)) for v in system.variables}
        trace = Trace(values, ())
        if replay(system, trace, item, outcome.parameters) is None:
            return Answer(item.name, Verdict.REFUTED, ENGINE, trace=trace, parameters=outcome.parameters, seconds=seconds)
    reason = _reason(item, failure, lacking)
    return Answer(item.name, Verdict.UNKNOWN, ENGINE, reason, seconds=seconds, details=_details(system, item, action, outcome))


def _reason(item: Property, failure: _Failure, lacking: Sequence[str]) -> str:
    without = [name for name in failure.without if item.using is None or name in item.using]
    if item.follows:
        reason = f"induction: {item.name} does not follow from the invariants that it names"
    elif failure.action is None:
        reason = f"induction: an initial state may violate {item.name}"
    else:
        known = "all of the invariants that are proved" if failure.without else "all invariants"
        if item.using is not None:
            known = "the invariants that it uses"
        reason = f"induction: {failure.action.name} does not preserve {item.name} from a state that satisfies {known}"
    for names, why in ((without, "for want of a proof"), (lacking, "as nothing claims it here")):
        named = [name for name in names if not name.startswith("the type of ")]
        if named:
            reason += f" ({', '.join(named)} cannot be used, {why})"
    return reason


def _details(system: TransitionSystem, claim: Property, action: Action | None, outcome: _Outcome) -> dict[str, str]:
    """The counterexample to induction as text: the state, the action with its parameters, what it changes, the claim's parameters."""
    model = outcome.model
    before = {v.path: value_in(model, v.term) for v in system.variables}
    details = {f"state {v.path}": written(v, before[v.path]) for v in system.variables}
    if action is not None:
        details["action"] = action.name
        inputs = (*action.parameters, *action.choices)
        details.update((f"action parameter {item.name}", written(item, value_in(model, item.term))) for item in inputs)
        after = dict(zip(action.next, _evaluated(model, action.next.values()), strict=True))
        for v in system.variables:
            if v.path in after and after[v.path] != before[v.path]:
                details[f"after {v.path}"] = written(v, after[v.path])
    details.update((f"parameter {item.name}", written(item, outcome.parameters[item.name])) for item in claim.parameters)
    return details


def value_in(model: Mapping[str, Value], term: Term) -> Value:
    """The value that a model gives to a variable; one that the query did not need has its default."""
    known = model.get(term.name)
    return default_value(term.sort) if known is None else known


def _evaluated(model: Mapping[str, Value], terms: Iterable[Term]) -> list[Value]:
    return evaluate(terms, lambda variable: value_in(model, variable))
