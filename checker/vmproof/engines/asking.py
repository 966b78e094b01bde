"""How engines ask solvers: within one time limit for all their queries, one query at a time or many tasks in flight."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeAlias, TypeVar

from vmproof.solvers import Answer, Query, SolverPool, Status
from vmproof.solvers.interface import TIMEOUT
from vmproof.terms import Term

T = TypeVar("T")

Task: TypeAlias = Generator[tuple[Term, ...], Answer, T]
"""A computation that yields assertions and is sent the answer to whether they have a model. Its result is what it returns."""

SEARCHER = "z3"
"""Whoever proves best, for models over large arrays this is the quickest."""

_IN_FLIGHT = 4
_SECOND = "cvc5"  # asked where the pool's own solver fails for a reason of its own
_OTHER = {"z3": "bitwuzla", "bitwuzla": "z3", "cvc5": "z3"}
_OUT_OF_TIME = Answer(Status.UNKNOWN, None, TIMEOUT, 0.0, "")


class Asker:
    """Asks a solver pool on behalf of one run of an engine, which may take `timeout` seconds altogether (None: no limit of its own).

    `solver` is asked where a question names no other; None: the pool's own.
    """

    def __init__(self, pool: SolverPool, timeout: float | None = None, solver: str | None = None) -> None:
        self._pool = pool
        self._solver = solver
        self.started = time.monotonic()
        self._deadline = None if timeout is None else self.started + timeout
        self._known: dict[frozenset[Term], Answer] = {}

    @property
    def seconds(self) -> float:
        """Since the engine began."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float | None:
        """The seconds that are left; None without a limit."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def submit(self, assertions: Iterable[Term], solver: str | None = None, most: float | None = None) -> Future[Answer]:
        """Ask and return at once; past the time limit, or after `most` seconds, the answer is UNKNOWN (timeout)."""
        left = min((limit for limit in (self.left, most) if limit is not None), default=None)
        if left is None or left > 0:
            return self._pool.submit(Query(tuple(assertions)), left, solver or self._solver)
        late: Future[Answer] = Future()
        late.set_result(_OUT_OF_TIME)
        return late

    def check(self, *assertions: Term, most: float | None = None, other: bool = False) -> Answer:
        """Ask and wait, `most` seconds: do the assertions have a model? What was decided before is not asked again. `other`: ask another
        solver than is asked else."""
        key = frozenset(assertions)
        if key not in self._known:
            solver = _OTHER[self._solver or self._pool.solver] if other else None
            answer = self._settled(assertions, self.submit(assertions, solver, most).result())
            if answer.status is Status.UNKNOWN:
                return answer
            self._known[key] = answer
        return self._known[key]

    def _settled(self, assertions: Iterable[Term], answer: Answer) -> Answer:
        """The answer, or another solver's: one may find a model and not be able to say what it is."""
        if answer.status is Status.UNKNOWN and answer.reason.startswith("solver"):
            second = self.submit(assertions, _SECOND).result()
            return answer if second.status is Status.UNKNOWN else second
        return answer

    def run(self, tasks: Iterable[Task[T]]) -> list[T]:
        """The results of all tasks, in order; a few are in flight at a time. An exception of a task ends everything."""
        queue = deque(enumerate(tasks))
        results: dict[int, T] = {}
        waiting: dict[int, tuple[Future[Answer], Task[T], tuple[Term, ...]]] = {}

        def step(number: int, task: Task[T], answer: Answer | None) -> None:
            try:
                assertions = next(task) if answer is None else task.send(answer)
            except StopIteration as end:
                results[number] = end.value
                return
            waiting[number] = (self.submit(assertions), task, assertions)

        while queue or waiting:
            while queue and len(waiting) < _IN_FLIGHT:
                step(*queue.popleft(), None)
            if waiting:
                wait([future for future, _, _ in waiting.values()], return_when=FIRST_COMPLETED)
                for number in [number for number, (future, _, _) in waiting.items() if future.done()]:
                    future, task, assertions = waiting.pop(number)
                    step(number, task, self._settled(assertions, future.result()))
        return [results[number] for number in sorted(results)]
