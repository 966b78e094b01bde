"""k-induction: what holds in `k` different states in a row holds in the next one, and it holds in the first `k` states.

M. Sheeran, S. Singh, G. Stålmarck: "Checking Safety Properties Using Induction and a SAT-Solver", FMCAD 2000. The base case examines every
depth up to k, not depth k alone: where the relation is not total, an execution may end before it has k steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vmproof.engines.asking import Asker
from vmproof.engines.depths import DepthSearch
from vmproof.engines.goals import Goal, goal, never, nowhere, undecided
from vmproof.engines.result import Answer
from vmproof.engines.system import Kind, Property, TransitionSystem
from vmproof.engines.unroll import Unrolling, valued
from vmproof.solvers import SolverPool, Status
from vmproof.terms import Term, Value, evaluate

ENGINE = "k-induction"


def kinduction(
    system: TransitionSystem, properties: Sequence[Property], *, pool: SolverPool, bound: int = 20, timeout: float | None = None
) -> list[Answer]:
    """Prove or refute invariants and reachables of a sized system, with up to `bound` steps of hypothesis, within `timeout` seconds in all.

    Invariants are PROVED (together: each may use the others, as long as all of them are proved), REFUTED with a shortest trace, or
    HOLDS_UP_TO the bound; reachables PROVED with a shortest trace, REFUTED ("never happens") or UNKNOWN (bound). An eventuality is UNKNOWN.
    The states of the hypothesis are all different, so that a bound as large as the longest path without repetition decides everything.
    RuntimeError if a trace fails its replay.
    """
    asker = Asker(pool, timeout)
    search = DepthSearch(system, [goal(claim) for claim in properties if claim.kind is not Kind.EVENTUALLY], asker, ENGINE)
    step = _Step(search, asker)
    while search.open and search.depth <= bound:
        search.deepen()
        for item in step.proved(search.depth - 1):
            search.close(item, never(item, ENGINE, asker.seconds, f"by induction over {search.depth} steps" if search.depth > 1 else ""))
    search.close_all()
    reason = "induction: this engine decides no eventualities; use the engine liveness"
    return [
        undecided(claim, ENGINE, reason, asker.seconds) if claim.kind is Kind.EVENTUALLY else search.answers[claim.name]
        for claim in properties
    ]


def closed(unrolling: Unrolling, asker: Asker) -> bool:
    """Whether every step leads from leaves that hold values of their types to such leaves; only then may that be assumed of any state."""
    before, after = unrolling.in_range(0), unrolling.in_range(1)
    return asker.check(before, *unrolling.path(1), unrolling.pool.not_(after)).status is Status.UNSAT


class _Step:
    """The induction step: of the goals that no state at a depth up to k is, which are nowhere for that reason?"""

    def __init__(self, search: DepthSearch, asker: Asker) -> None:
        self._search = search
        self._asker = asker
        self._unrolling = search.unrolling
        self._lemmas: list[Term] = []  # hold in every reachable state
        self._different: list[Term] = []  # that states along the path differ, as far as that was needed
        self._absent: dict[Goal, Term] = {}
        self._in_range: Term | None = None

    def proved(self, k: int) -> list[Goal]:
        """The goals that no reachable state is: after k + 1 different states without any of them, no step leads to one.

        To be asked after depths 0 to k were examined. A goal that can be stepped to is left out, and the rest must do without it.
        """
        unrolling, pool = self._unrolling, self._search.system.pool
        claimed = list(self._search.open)
        if not claimed:
            return []
        if self._in_range is None:
            self._in_range = unrolling.in_range(0) if closed(unrolling, self._asker) else pool.true
        path = unrolling.path(k + 1)
        while claimed:
            absent = [self._nowhere(item) for item in claimed]
            known = [term for j in range(k + 1) for term in unrolling.at(j, [*self._lemmas, *absent])]
            known += unrolling.at(k + 1, self._lemmas)
            last = unrolling.at(k + 1, [item.found for item in claimed])
            answer = self._asker.check(self._in_range, *path, *known, *self._different, pool.or_(*last))
            if answer.status is Status.UNSAT:
                self._lemmas += absent
                return claimed
            if answer.model is None:
                return []
            if self._repeats(k, answer.model):
                continue
            holds = evaluate(last, valued(answer.model), True)
            claimed = [item for item, value in zip(claimed, holds, strict=True) if not value]
        return []

    def _nowhere(self, item: Goal) -> Term:
        """The hypothesis; where it cannot be written out, for the same values of the parameters as in what is to be shown."""
        if item not in self._absent:
            written = nowhere(item)
            self._absent[item] = self._search.system.pool.not_(item.found) if written is None else written
        return self._absent[item]

    def _repeats(self, k: int, model: Mapping[str, Value]) -> bool:
        """Whether the model has one state twice among the first k + 1; that is then excluded for this path and all longer ones."""
        pool = self._search.system.pool
        pairs = [(j, i) for i in range(1, k + 1) for j in range(i)]
        same = [self._unrolling.same(j, i) for j, i in pairs]
        repeated = [term for term, value in zip(same, evaluate(same, valued(model), True), strict=True) if value]
        self._different += [pool.not_(term) for term in repeated]
        return bool(repeated)
