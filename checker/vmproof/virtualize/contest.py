"""One query put to several solvers: nearly always the first answers at once; where it does not, the others compete for it.

Which solver is fast differs from query to query by a factor of ten and more, and nothing tells beforehand. The verdict is the same whoever
gives it: a model is evaluated, and that there is none can be confirmed by another solver (`--second-opinion`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from concurrent.futures import Future

from vmproof.solvers import Answer, Handle, Query, SolverPool, Status
from vmproof.terms import ArraySort, Op, Term, reachable

_ARRAYS = "bitwuzla"
"""Who is asked first where arrays are stored to or compared as wholes, and about walks of page tables: it decides these fastest."""
_OTHERS = (_ARRAYS, "cvc5")
_FIRST_SECONDS = 3.0
"""What the first solver may take: nearly all queries take it a fraction of that, on a busy machine too."""
_ARRAYS_SECONDS = 10.0
"""The same where that is about arrays, as the others are seldom faster then."""
_BRIEF_SECONDS = 2.0
"""What each may take of a query that is to be tried only."""


class Contest:
    """The attempts at one query. `pending` are those that are under way; there are some until `settle` gives the answer.

    `arrays` says that it is about arrays, where its operators do not; `brief` that it is given up soon.
    """

    def __init__(self, pool: SolverPool, query: Query, arrays: bool = False, brief: bool = False) -> None:
        self._pool = pool
        self._query = query
        first, seconds = (_ARRAYS, _ARRAYS_SECONDS) if arrays or _stores(query.assertions) else (None, _FIRST_SECONDS)
        most = min(_BRIEF_SECONDS if brief else pool.timeout, pool.timeout)
        self._rounds: deque[tuple[tuple[str | None, float], ...]] = deque([((first, min(seconds, most)),)])
        if brief:
            self._rounds.append(((_ARRAYS if first is None else None, most),))
        else:
            self._rounds += [tuple((name, most) for name in _OTHERS), ((None, most),)]
        self.pending: list[Handle] = []
        self._next_round()

    def settle(self, finished: Collection[Future[Answer]]) -> Answer | None:
        """The answer, if one of the attempts that are finished has it or none is left; then the others are given up.

        Raises what an attempt raised.
        """
        ended = [handle for handle in self.pending if handle in finished]
        self.pending = [handle for handle in self.pending if handle not in finished]
        for handle in ended:
            answer = handle.result()
            if answer.status is not Status.UNKNOWN or not (self.pending or self._rounds):
                self.cancel()
                return answer
        if not self.pending:
            self._next_round()
        return None

    def cancel(self) -> None:
        """Give up the attempts that are under way."""
        for handle in self.pending:
            handle.cancel()
        self.pending = []

    def _next_round(self) -> None:
        self.pending = [self._pool.submit(self._query, seconds, solver) for solver, seconds in self._rounds.popleft()]


def _stores(assertions: Iterable[Term]) -> bool:
    """Whether an array is written to or compared as a whole, which bit-blasting solvers differ in most."""
    return any(term.op is Op.STORE or (term.op is Op.EQ and isinstance(term.args[0].sort, ArraySort)) for term in reachable(assertions))
