"""Claims that known invariants imply in every state that satisfies them, without a step; types need no sizes."""

from __future__ import annotations

from collections.abc import Sequence

from vmproof.engines.asking import Task
from vmproof.engines.quantifiers import Instances
from vmproof.engines.system import Property, TransitionSystem, domain_of
from vmproof.engines.unroll import in_range
from vmproof.solvers import Answer


def implied(system: TransitionSystem, claim: Property, lemmas: Sequence[Property], types: bool = True) -> Task[Answer]:
    """Whether a state that satisfies the lemmas can violate the claim: UNSAT is a proof; a model need not be of a reachable state.

    With `types`, leaves hold values of their types. The claim's parameters are constants in the query, named as in the claim.
    """
    pool = system.pool
    question = Instances(system)
    for item in lemmas:
        legal = pool.implies(domain_of(item.parameters, pool), item.term)
        question.state([parameter.term for parameter in item.parameters], legal, item.name)
    if types:
        question.assume(in_range(system, system.state))
    question.assume(domain_of(claim.parameters, pool))
    question.assume(pool.not_(claim.term))
    answer = yield from question.decide()
    return answer
