"""Two runs of one system side by side: what is claimed of two states is looked for in states that two executions reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vmproof.engines.bmc import bmc
from vmproof.engines.goals import written_out
from vmproof.engines.refinement import adopted
from vmproof.engines.result import Answer
from vmproof.engines.system import Action, Kind, Parameter, Property, TransitionSystem
from vmproof.solvers import SolverPool
from vmproof.terms import Term, substitute

OTHER = "other "
"""What the names of the second run begin with, those of its leaves and of its actions."""


def side_by_side(system: TransitionSystem) -> TransitionSystem:
    """Two copies of a system, which share its constants and nothing else; each step is one of either. The properties are left out."""
    pool = system.pool
    copy = adopted(system, pool, OTHER)
    shared = {w.term: v.term for v, w in zip(system.variables, copy.variables, strict=True) if v.rigid}

    def moved(term: Term) -> Term:
        return substitute(pool, [term], shared)[0]

    def inputs(items: Sequence[Parameter]) -> tuple[Parameter, ...]:
        return tuple(replace(item, term=moved(item.term)) for item in items)

    actions = [
        Action(
            name=f"{OTHER}{action.name}",
            parameters=inputs(action.parameters),
            guard=moved(action.guard),
            next={f"{OTHER}{path}": moved(term) for path, term in action.next.items()},
            choices=inputs(action.choices),
            place=action.place,
        )
        for action in copy.actions
    ]
    others = [replace(v, path=f"{OTHER}{v.path}") for v in copy.variables if not v.rigid]
    return replace(
        system,
        variables=(*system.variables, *others),
        init=pool.and_(system.init, moved(copy.init)),
        actions=(*system.actions, *actions),
        properties=(),
    )


def reached(
    system: TransitionSystem, claim: Property, premises: Sequence[Property], *, pool: SolverPool, bound: int, timeout: float | None
) -> Answer | None:
    """The answer where the states of two executions, of `bound` steps together, violate a claim of two states, or where all do not.

    `system` is one that `side_by_side` made. The premises must hold at all values of their parameters; None where these are too many.
    """
    terms: list[Term] = []
    for premise in premises:
        written = written_out(premise.term, premise.parameters)
        if written is None:
            return None
        terms.append(written)
    both = replace(claim, kind=Kind.ALWAYS, term=system.pool.implies(system.pool.and_(*terms), claim.term))
    [answer] = bmc(system, [both], pool=pool, bound=bound, timeout=timeout)
    return answer
