"""Refinement: every execution of a concrete system is, seen through an abstraction, one of an abstract system that may also stand still.

M. Abadi, L. Lamport: "The Existence of Refinement Mappings", TCS 82(2), 1991. What is to be shown of each initial state and each step is
an invariant of the concrete system. Nothing is said of liveness: a system that never moves refines every one with its initial states,
unless it is promised what it can do.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vmproof.engines.asking import Asker
from vmproof.engines.bmc import bmc
from vmproof.engines.domains import index_count
from vmproof.engines.goals import undecided
from vmproof.engines.implied import implied
from vmproof.engines.induction import value_in
from vmproof.engines.inlined import inlined
from vmproof.engines.kinduction import closed
from vmproof.engines.meanings import Meanings
from vmproof.engines.promises import Promise
from vmproof.engines.result import Answer
from vmproof.engines.system import Action, Defined, Kind, Parameter, Property, Quantified, TransitionSystem, Variable, domain_of
from vmproof.engines.unroll import Unrolling, elements, equal, fits, in_range
from vmproof.engines.verdict import Verdict
from vmproof.engines.written import written
from vmproof.solvers import SolverPool, Status
from vmproof.terms import ArraySort, Pool, Term, substitute, variables

ENGINE = "refinement"
INITIAL = "initial states"
"""The name of what is to be shown of these."""


@dataclass(frozen=True, eq=False)
class Matching:
    """A step of the abstract system that a concrete action may be: its action, and its parameters and choices by name, as terms over the
    concrete state and the concrete action's parameters and choices."""

    action: str
    inputs: Mapping[str, Term] = field(default_factory=dict)


def refinement(
    concrete: TransitionSystem,
    abstract: TransitionSystem,
    abstraction: Mapping[str, Term],
    actions: Mapping[str, Sequence[Matching | None]],
    promises: Sequence[Promise] = (),
    *,
    pool: SolverPool,
    lemmas: Sequence[Property] = (),
    bound: int = 10,
    timeout: float | None = None,
) -> list[Answer]:
    """Whether `concrete` refines `abstract`: an answer for the initial states ("initial states"), one for each concrete action, and one for
    each of `promises`.

    `abstraction` gives each leaf of the abstract state as a term over the concrete one; `actions` the abstract steps that each concrete
    action may be; None among them: it may leave the abstract state as it is, which it must where there are none. `lemmas` are invariants of
    the concrete system that are known to hold. PROVED if they imply that every step is matched; else, for a sized system, REFUTED with a
    shortest trace to a state from which a step is not matched (the step's parameters are the answer's), if there is one within `bound`;
    else UNKNOWN. ValueError if the abstraction or a matching lacks something.
    """
    asker = Asker(pool, timeout)
    system, claims = obligations(concrete, abstract, abstraction, actions, promises)
    sized = not system.quantified and not system.defined
    types = sized and closed(Unrolling(system), asker)
    replies = asker.run(implied(system, claim, lemmas, types) for claim in claims)
    answers = []
    for claim, reply in zip(claims, replies, strict=True):
        if reply.status is Status.UNSAT:
            answers.append(Answer(claim.name, Verdict.PROVED, ENGINE, seconds=asker.seconds))
            continue
        if sized:
            [searched] = bmc(system, [claim], pool=pool, bound=bound, timeout=asker.left)
            if searched.verdict in (Verdict.REFUTED, Verdict.PROVED, Verdict.VACUOUS):
                answers.append(replace(searched, engine=ENGINE, seconds=asker.seconds))
                continue
        if reply.model is None:
            answers.append(undecided(claim, ENGINE, reply.reason, asker.seconds))
            continue
        reason = f"induction: {claim.name} may not be matched, from a state that need not be reachable"
        shown = {f"state {v.path}": written(v, value_in(reply.model, v.term)) for v in system.variables}
        shown.update((f"parameter {item.name}", written(item, value_in(reply.model, item.term))) for item in claim.parameters)
        answers.append(Answer(claim.name, Verdict.UNKNOWN, ENGINE, reason, seconds=asker.seconds, details=shown))
    return answers


def obligations(
    concrete: TransitionSystem,
    abstract: TransitionSystem,
    abstraction: Mapping[str, Term],
    actions: Mapping[str, Sequence[Matching | None]],
    promises: Sequence[Promise] = (),
    only: Container[str] | None = None,
) -> tuple[TransitionSystem, list[Property]]:
    """What refinement amounts to, as invariants of the concrete system (which is given back with what explains markers in them).

    The first is named `INITIAL`, the others by their actions, and then the promises by their names; of these two those that `only` has,
    None for all.
    """
    pool = concrete.pool
    above = adopted(abstract, pool, "abstract ")
    for v in above.variables:
        if v.path not in abstraction:
            raise ValueError(f"the abstraction does not give {v.path}")
    seen = {v.term: abstraction[v.path] for v in above.variables}
    meanings = Meanings(pool, [*concrete.quantified, *above.quantified], [*concrete.defined, *above.defined])
    [init] = meanings.rename([above.init], seen)
    ranges = pool.and_(*(fits(v, element) for v in above.variables for element in elements(v, abstraction[v.path])))
    begins = pool.implies(pool.and_(concrete.init, in_range(concrete, concrete.state)), pool.and_(init, ranges))
    [begins] = inlined([begins], meanings, pool)
    claims = [Property(Kind.ALWAYS, INITIAL, f"each initial state of {concrete.name} is one of {abstract.name}", (), begins)]
    for action in concrete.actions:
        if only is not None and action.name not in only:
            continue
        changed = {v.term: action.next[v.path] for v in concrete.variables if v.path in action.next}
        seen_after = dict(zip(abstraction, meanings.rename(abstraction.values(), changed), strict=True))
        places = _Places(action, pool)
        matches = []
        for matching in actions.get(action.name) or (None,):
            if matching is None:
                matches.append(places.same(above.variables, abstraction, seen_after))
                continue
            step = next((item for item in above.actions if item.name == matching.action), None)
            if step is None:
                raise ValueError(f"{abstract.name} has no action {matching.action}")
            inputs = (*step.parameters, *step.choices)
            for item in inputs:
                if item.name not in matching.inputs:
                    raise ValueError(f"{action.name} as {step.name} does not give {item.name}")
            given = {**seen, **{item.term: matching.inputs[item.name] for item in inputs}}
            terms = [pool.and_(step.guard, domain_of(inputs, pool)), *step.next.values()]
            guard, *values = meanings.rename(terms, given)
            reached = {**abstraction, **dict(zip(step.next, values, strict=True))}
            matches.append(pool.and_(guard, places.same(above.variables, reached, seen_after)))
        [term] = inlined([pool.implies(action.guard, pool.or_(*matches))], meanings, pool)
        sentence = f"each step {action.name} of {concrete.name} is a step of {abstract.name}, or leaves its state as it is"
        claims.append(Property(Kind.ALWAYS, action.name, sentence, (*action.parameters, *action.choices, *places.made), term))
    claims += [item.claim(concrete, meanings) for item in promises if only is None or item.name in only]
    said = [concrete.init, *(claim.term for claim in claims), *(item.term for item in concrete.properties)]
    said += [term for action in concrete.actions for term in (action.guard, *action.next.values())]
    needed = set(meanings.occurring(said))
    quantified = tuple(item for item in meanings.quantified if item.marker in needed)
    return replace(concrete, quantified=quantified, defined=tuple(item for item in meanings.defined if item.array in needed)), claims


class _Places:
    """Compares abstract states; arrays that are not written out at an index that is arbitrary, which becomes a parameter of the claim."""

    def __init__(self, action: Action, pool: Pool) -> None:
        self._action = action
        self._pool = pool
        self.made: list[Parameter] = []

    def same(self, leaves: Sequence[Variable], a: Mapping[str, Term], b: Mapping[str, Term]) -> Term:
        """That two abstract states are the same."""
        return self._pool.and_(*(self._leaf(v, a[v.path], b[v.path]) for v in leaves))

    def _leaf(self, v: Variable, a: Term, b: Term) -> Term:
        if a is b or not isinstance(v.sort, ArraySort) or elements(v, a):
            return equal(v, a, b)
        for dimension in v.indices:
            assert isinstance(a.sort, ArraySort)
            name = f"index {len(self.made)}"
            index = self._pool.var(f"{self._action.name}: {name}:{a.sort.index}", a.sort.index)
            self.made.append(Parameter(name, index, index_count(a.sort, dimension)))
            a, b = self._pool.select(a, index), self._pool.select(b, index)
        return self._pool.eq(a, b)


def adopted(system: TransitionSystem, pool: Pool, prefix: str) -> TransitionSystem:
    """The same system over another pool (or the same one), with `prefix` before the names of all its variables."""
    terms = [system.init, *(v.term for v in system.variables)]
    for action in system.actions:
        terms += [action.guard, *action.next.values(), *(item.term for item in (*action.parameters, *action.choices))]
    for marker in system.quantified:
        terms += [marker.marker, marker.body, *marker.bound]
    for array in system.defined:
        terms += [array.array, array.body, *array.bound]
    mapping = {variable: pool.var(f"{prefix}{variable.name}", variable.sort) for variable in variables(terms)}

    def moved(term: Term) -> Term:
        return substitute(pool, [term], mapping)[0]

    def inputs(items: Sequence[Parameter]) -> tuple[Parameter, ...]:
        return tuple(replace(item, term=moved(item.term)) for item in items)

    return replace(
        system,
        pool=pool,
        variables=tuple(replace(v, term=moved(v.term)) for v in system.variables),
        init=moved(system.init),
        actions=tuple(
            replace(
                action,
                parameters=inputs(action.parameters),
                choices=inputs(action.choices),
                guard=moved(action.guard),
                next={path: moved(term) for path, term in action.next.items()},
            )
            for action in system.actions
        ),
        properties=(),
        quantified=tuple(Quantified(moved(q.marker), tuple(map(moved, q.bound)), moved(q.body)) for q in system.quantified),
        defined=tuple(Defined(moved(d.array), tuple(map(moved, d.bound)), moved(d.body)) for d in system.defined),
    )
