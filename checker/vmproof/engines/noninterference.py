"""Two-run properties from a policy: what a domain may not learn of, changes nothing that it observes.

Unwinding after J. Rushby: "Noninterference, Transitivity, and Channel-Control Security Policies", SRI-CSL-92-02. Two states look the same
to a domain if they agree on all that it observes. For each action: output consistency (of states that look the same to the domain that
acts, what it does there, and whether it can, is the same), local respect (a domain that the acting one may not flow to sees no change) and
step consistency (states that look the same to a domain, and to the acting one, do so afterwards; this weak form also fits policies that are
not transitive). What an action chooses at the same place is the same in both runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vmproof.engines.asking import Asker
from vmproof.engines.bmc import bmc
from vmproof.engines.goals import undecided
from vmproof.engines.implied import implied
from vmproof.engines.induction import value_in
from vmproof.engines.kinduction import closed
from vmproof.engines.meanings import Meanings
from vmproof.engines.refinement import adopted
from vmproof.engines.result import Answer
from vmproof.engines.system import Action, Kind, Parameter, Property, TransitionSystem, domain_of
from vmproof.engines.tworuns import OTHER, reached, side_by_side
from vmproof.engines.unroll import Unrolling
from vmproof.engines.verdict import Verdict
from vmproof.engines.written import written
from vmproof.solvers import SolverPool, Status
from vmproof.terms import Term, substitute

ENGINE = "noninterference"


@dataclass(frozen=True, eq=False)
class Policy:
    """Who observes what, who acts, and what may flow.

    `domain` is the variable for an observing domain (a scalar; `size`, how many there are; None: all of its sort). `observations` are terms
    over the current state, `domain` and `places`: what the domain sees, at every place. `acting` gives the domain on whose behalf an action
    happens, as a term over the state and the action's parameters. `flows` says of two domains, `source` and `domain`, that the first may
    flow to the second; it must hold of each domain and itself. `outputs` are what an action lets its domain know, beside whether it is
    enabled.
    """

    domain: Parameter
    source: Term
    flows: Term
    observations: tuple[Term, ...]
    acting: Mapping[str, Term]
    places: tuple[Parameter, ...] = ()
    outputs: Mapping[str, tuple[Term, ...]] = field(default_factory=dict)


def noninterference(
    system: TransitionSystem,
    policy: Policy,
    *,
    pool: SolverPool,
    lemmas: Sequence[Property] = (),
    bound: int = 6,
    timeout: float | None = None,
) -> list[Answer]:
    """An answer for each condition of each action, such as "local respect of A", within `timeout` seconds in all; types need no sizes.

    PROVED, if it holds of all pairs of states that satisfy the `lemmas` (invariants that are known to hold). Else, for a sized system,
    REFUTED with a shortest trace of two runs (of one, for local respect) to states that violate it, if these take at most `bound` steps
    together. Else UNKNOWN, with the pair of states as details: it need not be reachable. ValueError if no domain is given for an action.
    """
    asker = Asker(pool, timeout)
    both, claims, known = conditions(system, policy, lemmas)
    sized = not both.quantified and not both.defined
    types = sized and closed(Unrolling(system), asker)
    replies = asker.run(implied(both, claim, [*known, *premises], types) for claim, premises in claims)
    answers = []
    for (claim, premises), reply in zip(claims, replies, strict=True):
        if reply.status is Status.UNSAT:
            answers.append(Answer(claim.name, Verdict.PROVED, ENGINE, seconds=asker.seconds))
            continue
        if sized:
            searched = _searched(system, claim, premises, pool=pool, bound=bound, timeout=asker.left)
            if searched is not None and searched.verdict in (Verdict.REFUTED, Verdict.PROVED, Verdict.VACUOUS):
                answers.append(replace(searched, engine=ENGINE, seconds=asker.seconds))
                continue
        if reply.model is None:
            answers.append(undecided(claim, ENGINE, reply.reason, asker.seconds))
        else:
            spoken_of = both.variables if premises else system.variables
            shown = {f"state {v.path}": written(v, value_in(reply.model, v.term)) for v in spoken_of}
            shown.update((f"parameter {item.name}", written(item, value_in(reply.model, item.term))) for item in claim.parameters)
            reason = f"induction: {claim.name} fails for states that need not be reachable"
            answers.append(Answer(claim.name, Verdict.UNKNOWN, ENGINE, reason, seconds=asker.seconds, details=shown))
    return answers


def _searched(
    system: TransitionSystem, claim: Property, premises: Sequence[Property], *, pool: SolverPool, bound: int, timeout: float | None
) -> Answer | None:
    """What executions show of a condition: two of them, or one where nothing is said of another."""
    if premises:
        return reached(side_by_side(system), claim, premises, pool=pool, bound=bound, timeout=timeout)
    [answer] = bmc(system, [claim], pool=pool, bound=bound, timeout=timeout)
    return answer


Condition = tuple[Property, tuple[Property, ...]]


def conditions(
    system: TransitionSystem, policy: Policy, lemmas: Sequence[Property] = ()
) -> tuple[TransitionSystem, list[Condition], list[Property]]:
    """The pair of two states as one system without actions; each condition over it with the premises that hold at every place; and the
    lemmas, said of both states."""
    pool = system.pool
    copy = adopted(system, pool, OTHER)
    pairs = {v.term: w.term for v, w in zip(system.variables, copy.variables, strict=True) if not v.rigid}
    meanings = Meanings(pool, system.quantified, system.defined)
    renamed = meanings.rename

    def alike(domain: Term, first: Mapping[Term, Term], second: Mapping[Term, Term], places: Mapping[Term, Term]) -> Term:
        """That a domain observes the same in two states at some places."""
        seen = renamed(policy.observations, {**first, policy.domain.term: domain, **places})
        other = renamed(policy.observations, {**second, policy.domain.term: domain, **places})
        return pool.and_(*(pool.eq(a, b) for a, b in zip(seen, other, strict=True)))

    def everywhere(name: str, domain: Term) -> Property:
        """As a premise: that a domain observes the same in the two states, wherever that is."""
        return Property(Kind.ALWAYS, name, name, policy.places, alike(domain, {}, pairs, {}))

    claims: list[Condition] = []
    for action in system.actions:
        if action.name not in policy.acting:
            raise ValueError(f"the policy does not say on whose behalf {action.name} happens")
        acting, inputs = policy.acting[action.name], (*action.parameters, *action.choices)
        [other_acting, other_guard] = renamed([acting, action.guard], pairs)
        after = {v.term: action.next[v.path] for v in system.variables if v.path in action.next}
        other_values = renamed(after.values(), pairs)
        other_after = {**pairs, **dict(zip(after, other_values, strict=True))}
        observer = _observer(policy, action)
        legal = pool.and_(action.guard, domain_of(inputs, pool))
        parameters = (*inputs, observer, *policy.places)
        same_acting = everywhere(f"alike to the one who acts by {action.name}", acting)
        same_observer = everywhere(f"alike to the one who observes {action.name}", observer.term)

        outputs = policy.outputs.get(action.name, ())
        told = zip(outputs, renamed(outputs, pairs), strict=True)
        consistent = pool.and_(pool.eq(acting, other_acting), other_guard, domain_of(inputs, pool), *(pool.eq(a, b) for a, b in told))
        claims.append((_claim(f"output consistency of {action.name}", inputs, pool.implies(legal, consistent)), (same_acting,)))

        [flows] = substitute(pool, [policy.flows], {policy.source: acting, policy.domain.term: observer.term})
        unchanged = alike(observer.term, {}, after, {})
        respects = pool.implies(pool.and_(legal, pool.not_(flows)), unchanged)
        claims.append((_claim(f"local respect of {action.name}", parameters, respects), ()))

        kept = pool.implies(pool.and_(legal, other_guard, pool.eq(acting, other_acting)), alike(observer.term, after, other_after, {}))
        step = _claim(f"step consistency of {action.name}", parameters, kept)
        claims.append((step, (same_acting, same_observer)))
    others = renamed([item.term for item in lemmas], pairs)
    known = [*lemmas, *(replace(item, name=f"{OTHER}{item.name}", term=term) for item, term in zip(lemmas, others, strict=True))]
    leaves = (*system.variables, *(replace(v, path=f"{OTHER}{v.path}") for v in copy.variables if not v.rigid))
    both = replace(system, variables=leaves, actions=(), quantified=meanings.quantified, defined=meanings.defined)
    return both, claims, known


def _claim(name: str, parameters: tuple[Parameter, ...], term: Term) -> Property:
    return Property(Kind.ALWAYS, name, name, parameters, term)


def _observer(policy: Policy, action: Action) -> Parameter:
    """The domain that observes an action, which is any."""
    return replace(policy.domain, name="observer", term=policy.source.pool.var(f"{action.name}?observer", policy.domain.term.sort))
