"""Executions on which a goal is never reached: a loop that is fair, or an end in which nothing is enabled. Found at growing length.

The loop is a state that is met again (A. Biere, C. Artho, V. Schuppan: "Liveness Checking as Safety Checking", FMICS 2002); in it each fair
action is somewhere disabled, or taken, for each value of its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vmproof.engines.asking import Asker
from vmproof.engines.depths import least
from vmproof.engines.fairness import FairInstance, fair_instances, stuck
from vmproof.engines.goals import found, undecided
from vmproof.engines.result import Answer
from vmproof.engines.system import Property, TransitionSystem, domain_of
from vmproof.engines.unroll import Unrolling, away, valued
from vmproof.engines.verdict import Verdict
from vmproof.solvers import Status
from vmproof.terms import BitVecSort, Term, Value, evaluate


class LoopSearch:
    """Looks for the shortest execution that violates one eventuality, and for a length that no such execution can have.

    `known` holds in every reachable state (over the current variables). Raises TooMany if an action has too many values of its parameters.
    """

    def __init__(self, system: TransitionSystem, claim: Property, asker: Asker, engine: str, known: Term) -> None:
        self._system = system
        self._claim = claim
        self._asker = asker
        self._engine = engine
        self._known = known
        self._unrolling = Unrolling(system)
        self._fair: list[FairInstance] = fair_instances(system)
        self._stuck = stuck(system)
        self._limits = domain_of(claim.parameters, system.pool)
        self._waiting: list[Term] = []
        self._goals: list[Term] = []
        self._ends = True  # no execution that waits, from any state, was seen to end stuck

    def run(self, bound: int) -> Answer:
        """REFUTED with a trace, PROVED where no execution waits for longer than some number of steps, VACUOUS, or UNKNOWN."""
        for k in range(bound + 1):
            answer = self._at(k)
            if answer is not None:
                return answer
        return undecided(self._claim, self._engine, f"bound: no violation within {bound} steps", self._asker.seconds)

    def _at(self, k: int) -> Answer | None:
        """The answer, if executions of `k` steps decide it."""
        unrolling = self._unrolling
        path = [*unrolling.initial(), *unrolling.path(k)]
        waiting = [*path, self._limits, self._waits(k)]
        reply = self._asker.check(*waiting)
        if reply.status is Status.UNKNOWN:
            return self._unknown(reply.reason, k)
        if reply.status is Status.UNSAT:  # nor is there a loop of this length, whose first state waits, too
            return self._over(k, path)
        reply = self._asker.check(*waiting, *unrolling.at(k, [self._stuck]))
        if reply.model is not None:
            return self._violated([*waiting, *unrolling.at(k, [self._stuck])], k, reply.model, stuck_end=True)
        if reply.status is Status.UNKNOWN:
            return self._unknown(reply.reason, k)
        if k > 0:
            loop = [*waiting, *self._loop(k)]
            reply = self._asker.check(*loop)
            if reply.model is not None:
                return self._violated(loop, k, reply.model)
            if reply.status is Status.UNKNOWN:
                return self._unknown(reply.reason, k)
        return None if self._claim.premise is None else self._prompt(k)

    def _over(self, k: int, path: Sequence[Term]) -> Answer | None:
        """The answer, if it is decided by that no execution waits after `k` steps: what waited before was not stuck."""
        longer = self._asker.check(*path)
        if longer.status is Status.UNSAT and k == 0:
            return Answer(self._claim.name, Verdict.VACUOUS, self._engine, "there is no initial state", seconds=self._asker.seconds)
        if longer.status is Status.UNSAT:
            return self._proved(f"no execution has more than {k - 1} steps")
        if self._claim.premise is None:
            return self._proved(f"it is reached within {k} steps")
        return self._prompt(k)

    def _prompt(self, k: int) -> Answer | None:
        """The proof that from no state of the premise an execution waits for `k` steps, if it is one: none ended stuck before, either."""
        unrolling, claim, pool = self._unrolling, self._claim, self._system.pool
        assert claim.premise is not None
        [known, premise] = unrolling.at(0, [self._known, claim.premise])
        waits = [*unrolling.path(k), self._limits, known, premise, *(pool.not_(self._goal(j)) for j in range(k + 1))]
        if self._ends and self._asker.check(*waits).status is Status.UNSAT:
            return self._proved(f"it is reached within {k} steps")
        self._ends = self._ends and self._asker.check(*waits, *unrolling.at(k, [self._stuck])).status is Status.UNSAT
        return None

    def _goal(self, k: int) -> Term:
        """That the goal is reached in the state after `k` steps."""
        while len(self._goals) <= k:
            self._goals += self._unrolling.at(len(self._goals), [self._claim.term])
        return self._goals[k]

    def _waits(self, k: int) -> Term:
        """That after `k` steps the premise has held and the goal was not reached since."""
        pool, premise = self._system.pool, self._claim.premise
        while len(self._waiting) <= k:
            j = len(self._waiting)
            [begins] = self._unrolling.at(j, [premise if premise is not None else pool.bool(j == 0)])
            before = self._waiting[-1] if self._waiting else pool.false
            self._waiting.append(pool.and_(pool.or_(before, begins), pool.not_(self._goal(j))))
        return self._waiting[k]

    def _loop(self, k: int) -> list[Term]:
        """That the state after `k` steps was there before, with no goal since, and that this loop is fair."""
        unrolling, pool = self._unrolling, self._system.pool
        width = k.bit_length()
        start = pool.var(f"loop@{width}", BitVecSort(width))
        claims = [pool.ult(start, pool.bv(k, width)), self._waits(k - 1)]
        inside = [pool.ule(start, pool.bv(j, width)) for j in range(k)]
        for j in range(k):
            claims.append(pool.implies(inside[j], pool.not_(self._goal(j))))
            claims.append(pool.implies(pool.eq(start, pool.bv(j, width)), unrolling.same(j, k)))
        for instance in self._fair:
            just = []
            for j in range(k):
                [enabled] = unrolling.at(j, [instance.enabled])
                just.append(pool.and_(inside[j], pool.or_(pool.not_(enabled), self._taken(instance, j))))
            claims.append(pool.or_(*just))
        return claims

    def _taken(self, instance: FairInstance, j: int) -> Term:
        pool = self._system.pool
        [step] = [item for item in self._unrolling.step(j).instances if item.action is instance.action]
        given = zip(instance.action.parameters, instance.values, strict=True)
        equal = (pool.eq(step.inputs[item.name], pool.value(item.term.sort, value)) for item, value in given)
        return pool.and_(step.condition, *equal)

    def _violated(self, assertions: Sequence[Term], k: int, model: Mapping[str, Value], stuck_end: bool = False) -> Answer:
        parameters = self._claim.parameters
        costs = [*self._unrolling.inputs_away(k), *(away(item.term) for item in parameters)]
        best = least(self._asker, assertions, costs, model)
        values = evaluate([item.term for item in parameters], valued(best), True)
        given = {item.name: value for item, value in zip(parameters, values, strict=True)}
        start = best.get(f"loop@{k.bit_length()}", 0)
        loop = None if stuck_end else int(start) if isinstance(start, int) else 0
        trace = self._unrolling.trace(best, k, loop, stuck_end)
        return found(self._system, self._claim, self._engine, trace, given, self._asker.seconds)

    def _unknown(self, reason: str, k: int) -> Answer:
        return undecided(self._claim, self._engine, f"{reason}: undecided at {k} steps", self._asker.seconds)

    def _proved(self, reason: str) -> Answer:
        return Answer(self._claim.name, Verdict.PROVED, self._engine, reason, seconds=self._asker.seconds)
