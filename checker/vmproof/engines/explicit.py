"""Explicit-state search: every reachable state of a sized system, with exact counts and shortest traces."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vmproof.engines.domains import departures, valuations
from vmproof.engines.instances import Model, OutOfDomain, given_values
from vmproof.engines.lasso import Graph, Lasso, OutOfTime
from vmproof.engines.replay import environment, replay
from vmproof.engines.result import Answer, Trace
from vmproof.engines.scalars import Unsupported
from vmproof.engines.search import Limits, Search
from vmproof.engines.symmetry import symmetries
from vmproof.engines.system import Kind, Property, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.terms import Term, Value, evaluate

NAME = "explicit"


@dataclass(frozen=True)
class Exploration:
    """What a search found. `stuck` answers whether every reachable state has a successor: REFUTED with a shortest trace if not.

    `states` and `transitions` are exact if `complete`; a transition is a state with an enabled action and values of its parameters and
    choices. `search` is there for graphs of small systems; None if the system could not be searched.
    """

    answers: tuple[Answer, ...]
    stuck: Answer
    states: int
    transitions: int
    complete: bool
    search: Search | None = None

    def state(self, number: int) -> dict[str, Value]:
        """A state by path; initial states have the lowest numbers, and nearer states lower ones than farther states."""
        if self.search is None:
            raise ValueError("the system was not searched")
        return self.search.model.state(self.search.states.state(number))

    def transition_list(self) -> Iterator[tuple[int, str, dict[str, Value], int]]:
        """Every transition: the number of its source, its action and parameters, the number of its target. ValueError without edges."""
        if self.search is None or self.search.edges is None:
            raise ValueError("the transitions were not kept; explore with keep_edges=True")
        for source, target, label in zip(*(part.tolist() for part in self.search.edges.joined()), strict=True):
            instance = self.search.model.instances[label]
            yield source, instance.action.name, instance.parameters, target


def explicit(
    system: TransitionSystem,
    properties: Sequence[Property],
    *,
    pool: SolverPool | None = None,
    limits: Limits | None = None,
    timeout: float | None = None,
    symmetry: bool = True,
) -> list[Answer]:
    """An answer for each property, from a search that ends as soon as all are decided. See `explore`."""
    limits = limits or Limits()
    if timeout is not None:
        limits = replace(limits, seconds=timeout)
    return list(explore(system, properties, pool=pool, limits=limits, symmetry=symmetry, exhaustive=False).answers)


def explore(
    system: TransitionSystem,
    properties: Sequence[Property],
    *,
    pool: SolverPool | None = None,
    limits: Limits | None = None,
    symmetry: bool = True,
    exhaustive: bool = True,
    keep_edges: bool = False,
) -> Exploration:
    """Search all reachable states, or, unless `exhaustive`, until all properties are decided.

    PROVED and REFUTED are definite; UNKNOWN tells the limit, or why the system is beyond this engine. Where there is no initial state, or
    the premise of an eventuality never holds, the answer is VACUOUS. A system whose actions leave the values of a type is an ERROR.
    `symmetry`: search one of several states that differ in the names of interchangeable elements only; `states` and `transitions` then
    count representatives. It is not used where an eventuality is asked, since fairness tells such states apart. `pool` may prove that
    elements are interchangeable where that is not plain, and finds initial states that no enumeration would. Raises RuntimeError if a
    trace does not replay.
    """
    began = time.monotonic()
    limits = limits or Limits()
    liveness = any(claim.kind is Kind.EVENTUALLY for claim in properties)
    try:
        model = Model(system)
        watched: list[Term] = []
        simple = [claim for claim in properties if claim.kind is not Kind.EVENTUALLY]
        for claim in simple:
            whole = model.over_parameters(claim, model.scalars.pool.and_ if claim.kind is Kind.ALWAYS else model.scalars.pool.or_)
            watched.append(model.scalars.pool.not_(whole) if claim.kind is Kind.ALWAYS else whole)
        reduction = symmetries(model, watched, pool) if symmetry and not liveness and not keep_edges else None
        search = Search(model, watched, limits, liveness or keep_edges, reduction, pool)
        search.run(exhaustive or liveness, want_stuck=exhaustive)
    except (Unsupported, OutOfDomain) as failure:
        verdict = Verdict.ERROR if isinstance(failure, OutOfDomain) else Verdict.UNKNOWN
        reason = str(failure) if isinstance(failure, OutOfDomain) else f"abstraction: {failure}"
        none = [Answer(name, verdict, NAME, reason) for name in (*(claim.name for claim in properties), "stuck")]
        return Exploration(tuple(none[:-1]), none[-1], 0, 0, False)
    judge = _Judge(system, search, began, began + limits.seconds)
    hits = iter([search.hits.get(number) for number in range(len(simple))])
    answers = tuple(judge.eventually(claim) if claim.kind is Kind.EVENTUALLY else judge.simple(claim, next(hits)) for claim in properties)
    return Exploration(answers, judge.stuck(), search.states.count, search.transitions, search.complete, search)


class _Judge:
    """Turns what a search found into answers."""

    def __init__(self, system: TransitionSystem, search: Search, began: float, deadline: float) -> None:
        self.system, self.search, self.began, self.deadline = system, search, began, deadline
        self._graph: Graph | None = None

    def answer(self, name: str, verdict: Verdict, reason: str = "", trace: Trace | None = None, **given: Value) -> Answer:
        search = self.search
        exact = search.complete
        details = {"distance": str(len(search.levels) - 2)}
        if search.symmetry is not None:
            details["symmetry"] = ", ".join(search.symmetry.sizes)
        return Answer(
            name,
            verdict,
            NAME,
            reason,
            trace=trace,
            parameters=given,
            states=search.states.count if exact else None,
            transitions=search.transitions if exact else None,
            seconds=time.monotonic() - self.began,
            details=details,
        )

    def shown(self, claim: Property, verdict: Verdict, trace: Trace, parameters: Mapping[str, Value], reason: str = "") -> Answer:
        """An answer with a trace, once that was replayed."""
        failure = replay(self.system, trace, claim, parameters)
        if failure is not None:
            raise RuntimeError(f"the trace for {claim.name} does not replay: {failure}")
        return self.answer(claim.name, verdict, reason, trace, **parameters)

    def simple(self, claim: Property, hit: int | None) -> Answer:
        """An invariant or a reachable."""
        if hit is not None:
            trace = self.search.trace(hit)
            verdict = Verdict.REFUTED if claim.kind is Kind.ALWAYS else Verdict.PROVED
            return self.shown(claim, verdict, trace, self._parameters(claim, trace))
        if not self.search.complete:
            return self.answer(claim.name, Verdict.UNKNOWN, self.search.reason)
        if claim.kind is Kind.SOMETIMES:
            return self.answer(claim.name, Verdict.REFUTED, "it never happens")
        return self._proved(claim)

    def _proved(self, claim: Property) -> Answer:
        if not self.search.states.count:
            return self.answer(claim.name, Verdict.VACUOUS, "there is no initial state")
        return self.answer(claim.name, Verdict.PROVED)

    def _parameters(self, claim: Property, trace: Trace) -> dict[str, Value]:
        """The values of a property's parameters that the last state of a trace violates or shows, most of them at their default."""
        values = environment(self.system, trace.steps[-1].state if trace.steps else trace.initial)
        wanted = claim.kind is Kind.SOMETIMES
        names = [item.name for item in claim.parameters]
        choices = [dict(zip(names, valuation, strict=True)) for valuation in valuations(claim.parameters)]
        for choice in sorted(choices, key=departures):
            values.update((item.term, choice[item.name]) for item in claim.parameters)
            if evaluate([claim.term], values) == [wanted]:
                return choice
        raise RuntimeError(f"no values of the parameters of {claim.name} fit the state that was found")

    def eventually(self, claim: Property) -> Answer:
        """An eventuality, for each value of its parameters."""
        search = self.search
        if not search.complete:
            return self.answer(claim.name, Verdict.UNKNOWN, search.reason)
        names = [item.name for item in claim.parameters]
        best: tuple[Lasso, dict[str, Value]] | None = None
        happens = False
        try:
            if self._graph is None:
                self._graph = Graph(search, self.deadline)
            for given in given_values(claim.parameters):
                goal = search.column(search.model.scalars.formula(claim.term, given))
                if claim.premise is None:
                    starts = np.arange(search.states.count) < (search.levels[1] if len(search.levels) > 1 else 0)
                else:
                    starts = search.column(search.model.scalars.formula(claim.premise, given))
                happens = happens or bool(starts.any())
                lasso = self._graph.avoiding(goal, starts)
                if lasso is not None and (best is None or len(lasso.steps) < len(best[0].steps)):
                    best = lasso, dict(zip(names, given.values(), strict=True))
        except OutOfTime:
            return self.answer(claim.name, Verdict.UNKNOWN, "timeout: the states were found, but not all loops among them")
        if best is not None:
            lasso, parameters = best
            trace = search.execution(lasso.first, lasso.steps, lasso.loop, stuck=lasso.loop is None)
            return self.shown(claim, Verdict.REFUTED, trace, parameters)
        if search.states.count and not happens:
            return self.answer(claim.name, Verdict.VACUOUS, "its premise never holds")
        return self._proved(claim)

    def stuck(self) -> Answer:
        """Whether every state has a successor."""
        search = self.search
        if search.stuck is not None:
            trace = search.trace(search.stuck, stuck=True)
            failure = replay(self.system, trace)
            if failure is not None:
                raise RuntimeError(f"the trace to a stuck state does not replay: {failure}")
            return self.answer("stuck", Verdict.REFUTED, "no action is enabled in the last state", trace)
        if not search.complete:
            return self.answer("stuck", Verdict.UNKNOWN, search.reason)
        return self.answer("stuck", Verdict.PROVED if search.states.count else Verdict.VACUOUS)
