"""Invariants and reachables as goals: what a search looks for, and what it then answers, which is opposite for the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmproof.engines.domains import combinations, valuations
from vmproof.engines.replay import replay
from vmproof.engines.result import Answer, Trace
from vmproof.engines.system import Kind, Parameter, Property, TransitionSystem, domain_of
from vmproof.engines.verdict import Verdict
from vmproof.terms import Term, Value, substitute

_WRITTEN_OUT = 1024  # valuations of parameters


@dataclass(frozen=True, eq=False)
class Goal:
    """A property with the state that decides it: `found` holds where an invariant is false, or a reachable is true, for values of the
    property's parameters within their types."""

    claim: Property
    found: Term

    @property
    def sought(self) -> bool:
        """Whether finding the state is what the property claims."""
        return self.claim.kind is Kind.SOMETIMES


def goal(claim: Property) -> Goal:
    """The goal of an invariant or a reachable; ValueError for an eventuality."""
    if claim.kind is Kind.EVENTUALLY:
        raise ValueError(f"{claim.name} is an eventuality, which no single state decides")
    pool = claim.term.pool
    term = claim.term if claim.kind is Kind.SOMETIMES else pool.not_(claim.term)
    return Goal(claim, pool.and_(domain_of(claim.parameters, pool), term))


def nowhere(item: Goal) -> Term | None:
    """That the state is not one that the goal looks for, whatever the parameters; None if these have too many values to write that out."""
    pool, parameters = item.found.pool, item.claim.parameters
    return written_out(pool.not_(item.found), parameters)


def written_out(term: Term, parameters: tuple[Parameter, ...], limit: int = _WRITTEN_OUT) -> Term | None:
    """That `term` holds for all values of the parameters; None if these have more than `limit` values together."""
    instances = instances_of(term, parameters, limit)
    return None if instances is None else term.pool.and_(*instances)


def instances_of(term: Term, parameters: tuple[Parameter, ...], limit: int = _WRITTEN_OUT) -> list[Term] | None:
    """`term` for each valuation of the parameters; None if there are more than `limit`."""
    pool = term.pool
    if combinations(parameters) > limit:
        return None
    terms = [item.term for item in parameters]
    return [
        substitute(pool, [term], {at: pool.value(at.sort, value) for at, value in zip(terms, values, strict=True)})[0]
        for values in valuations(parameters)
    ]


def found(system: TransitionSystem, claim: Property, engine: str, trace: Trace, parameters: Mapping[str, Value], seconds: float) -> Answer:
    """The answer that a trace is, after its replay. RuntimeError if the replay fails: nothing was abstracted, so that is a bug."""
    failure = replay(system, trace, claim, parameters)
    if failure is not None:
        raise RuntimeError(f"{engine}: the trace for {claim.name} fails its replay: {failure}")
    verdict = Verdict.PROVED if claim.kind is Kind.SOMETIMES else Verdict.REFUTED
    return Answer(claim.name, verdict, engine, trace=trace, parameters=dict(parameters), seconds=seconds)


def never(item: Goal, engine: str, seconds: float, reason: str = "") -> Answer:
    """The answer where no execution reaches the goal."""
    if item.sought:
        because = f": {reason}" if reason else ""
        return Answer(item.claim.name, Verdict.REFUTED, engine, f"it never happens{because}", seconds=seconds)
    return Answer(item.claim.name, Verdict.PROVED, engine, reason, seconds=seconds)


def not_within(item: Goal, bound: int, engine: str, seconds: float, reason: str = "") -> Answer:
    """The answer where no execution of at most `bound` steps reaches the goal, and longer ones are unknown."""
    if item.sought:
        return Answer(item.claim.name, Verdict.UNKNOWN, engine, f"bound: it does not happen within {bound} steps", seconds=seconds)
    return Answer(item.claim.name, Verdict.HOLDS_UP_TO, engine, reason, bound, seconds=seconds)


def undecided(claim: Property, engine: str, reason: str, seconds: float) -> Answer:
    """UNKNOWN; the reason begins with its class."""
    return Answer(claim.name, Verdict.UNKNOWN, engine, reason, seconds=seconds)
