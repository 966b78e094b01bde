"""Eventualities under weak fairness: proof by a declared measure, refutation by a fair loop or by a stuck end.

A fair execution is an infinite one in which no fair action, with any values of its parameters, stays enabled from some moment on and never
happens; or a finite one that ends in a state in which no action is enabled. On each the goal is to be reached: in a stuck state nothing
will happen any more, so liveness is not granted for want of a successor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vmproof.engines.asking import Asker
from vmproof.engines.fairness import TooMany
from vmproof.engines.goals import goal, nowhere, undecided
from vmproof.engines.kinduction import closed, kinduction
from vmproof.engines.loops import LoopSearch
from vmproof.engines.ranking import ranked
from vmproof.engines.result import Answer
from vmproof.engines.system import Kind, Property, TransitionSystem
from vmproof.engines.unroll import Unrolling, in_range
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.terms import Term

ENGINE = "liveness"
_LEMMA_BOUND = 4  # steps of hypothesis that proving the system's own invariants may take


def liveness(
    system: TransitionSystem,
    properties: Sequence[Property],
    *,
    pool: SolverPool,
    bound: int = 20,
    timeout: float | None = None,
    lemmas: Sequence[Property] | None = None,
) -> list[Answer]:
    """Decide eventualities of a sized system, with executions of up to `bound` steps, within `timeout` seconds in all.

    PROVED (by the measure, or because nothing waits for the goal for some number of steps), REFUTED with a shortest trace that loops or is
    stuck, VACUOUS (the premise never holds, or there is no initial state), or UNKNOWN. `lemmas` are invariants that are known to hold; by
    default the system's own, as far as they are proved by k-induction at once. Other properties are UNKNOWN.
    """
    asker = Asker(pool, timeout)
    known: Term | None = None
    answers = []
    for claim in properties:
        if claim.kind is not Kind.EVENTUALLY:
            answers.append(undecided(claim, ENGINE, "abstraction: it decides eventualities only", asker.seconds))
            continue
        try:
            if known is None:
                known = system.pool.true
                if any(item.measure is not None or item.premise is not None for item in properties):
                    known = _known(system, lemmas, asker, pool)
            answers.append(_decide(system, claim, asker, pool, bound, known))
        except TooMany as problem:
            answers.append(undecided(claim, ENGINE, f"abstraction: {problem}", asker.seconds))
    return answers


def _decide(system: TransitionSystem, claim: Property, asker: Asker, pool: SolverPool, bound: int, known: Term) -> Answer:
    lacks = "there is no measure to prove it by"
    if claim.measure is not None:
        ranking = ranked(system, claim, asker, known)
        if ranking.proved:
            return _not_vacuous(system, claim, Answer(claim.name, Verdict.PROVED, ENGINE, "by its measure"), asker, pool, bound)
        lacks = ranking.reason
    answer = LoopSearch(system, claim, asker, ENGINE, known).run(bound)
    if answer.verdict is Verdict.PROVED:
        return _not_vacuous(system, claim, answer, asker, pool, bound)
    if answer.verdict is not Verdict.UNKNOWN:
        return answer
    unknown = replace(answer, reason=f"{answer.reason}; {lacks}")
    return unknown if claim.premise is None else _not_vacuous(system, claim, unknown, asker, pool, bound)


def _not_vacuous(system: TransitionSystem, claim: Property, answer: Answer, asker: Asker, pool: SolverPool, bound: int) -> Answer:
    """The answer, if the premise can hold; where it never does, the claim says nothing."""
    premise = system.pool.true if claim.premise is None else claim.premise
    happens = Property(Kind.SOMETIMES, claim.name, claim.sentence, claim.parameters, premise)
    [shown] = kinduction(system, [happens], pool=pool, bound=bound, timeout=asker.left)
    if shown.verdict is Verdict.REFUTED:
        reason = "there is no initial state" if claim.premise is None else "its premise never holds"
        return Answer(claim.name, Verdict.VACUOUS, ENGINE, reason, seconds=asker.seconds)
    if shown.verdict is Verdict.UNKNOWN and answer.verdict is Verdict.PROVED:
        return undecided(claim, ENGINE, f"{shown.reason}: proved, but its premise was not seen to hold", asker.seconds)
    return replace(answer, seconds=asker.seconds)


def _known(system: TransitionSystem, lemmas: Sequence[Property] | None, asker: Asker, pool: SolverPool) -> Term:
    """What holds in every reachable state: the types of leaves, where steps keep them, and invariants."""
    if lemmas is None:
        own = [item for item in system.properties if item.kind is Kind.ALWAYS]
        answers = kinduction(system, own, pool=pool, bound=_LEMMA_BOUND, timeout=asker.left) if own else []
        lemmas = [item for item, answer in zip(own, answers, strict=True) if answer.verdict is Verdict.PROVED]
    written = [nowhere(goal(item)) for item in lemmas]
    types = in_range(system, system.state) if closed(Unrolling(system), asker) else system.pool.true
    return system.pool.and_(types, *(term for term in written if term is not None))
