"""Worker processes that answer queries: a few at a time, each within its limits, in the order of submission."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from vmproof.solvers.backends import BACKENDS
from vmproof.solvers.interface import CANCELLED, Answer, Query, Status, flatten, simplified, validated
from vmproof.solvers.process import WorkerProcess

_LEAST_MEMORY = 128  # the interpreter and the largest solver library take about 100


class Handle(Future[Answer]):
    """The answer to come. Works with `concurrent.futures.wait` and `as_completed`."""

    def __init__(self, pool: SolverPool, query: Query, solver: str, timeout: float) -> None:
        super().__init__()
        self._pool = pool
        self.query = query
        self.solver = solver
        self.timeout = timeout

    def cancel(self) -> bool:
        """Give the query up, also while it is being solved: the answer is UNKNOWN, "cancelled". False if it was answered before."""
        return self._pool._cancel(self)


class _Slot:
    """One worker process with the thread that owns it."""

    def __init__(self, pool: SolverPool, memory_mb: int) -> None:
        self.process = WorkerProcess(memory_mb)
        self.job: Handle | None = None
        self.cancelled = False
        self.thread = Thread(target=pool._serve, args=(self,), name="vmproof-solver", daemon=True)


class SolverPool:
    """Up to `workers` processes that answer queries with `solver` ("z3", "bitwuzla", "cvc5").

    A query may take `timeout` seconds, counted from when a worker takes it up; a worker has `memory_mb` MiB of address
    space, at least 128. Both limits hold whatever the solver does. No process is started before a query needs one. Use it
    as a context manager, or call `close`. Raises ValueError for arguments that make no sense.
    """

    def __init__(self, workers: int = 2, solver: str = "z3", timeout: float = 60, memory_mb: int = 2048) -> None:
        if workers < 1:
            raise ValueError(f"a solver pool needs at least one worker, not {workers}")
        if memory_mb < _LEAST_MEMORY:
            raise ValueError(f"a solver needs at least {_LEAST_MEMORY} MiB of memory, not {memory_mb}")
        self._workers = workers
        self._solver = _known(solver)
        self._timeout = timeout
        self._memory_mb = memory_mb
        self._changed = Condition()
        self._queue: deque[Handle] = deque()
        self._slots: list[_Slot] = []
        self._closed = False

    @property
    def solver(self) -> str:
        """Who answers where nothing else is said."""
        return self._solver

    @property
    def workers(self) -> int:
        """How many queries may be answered at a time."""
        return self._workers

    def another(self, workers: int) -> Self:
        """A pool of the same kind and limits, which has nothing to do with this one: for a process that is a copy of this."""
        return type(self)(workers, self._solver, self._timeout, self._memory_mb)

    @property
    def timeout(self) -> float:
        """What a query may take where nothing else is said, in seconds."""
        return self._timeout

    def submit(self, query: Query, timeout: float | None = None, solver: str | None = None) -> Handle:
        """Queue a query and return at once; `timeout` and `solver` default to the pool's.

        Raises ValueError for an unknown solver and RuntimeError when the pool is closed.
        """
        chosen = self._solver if solver is None else _known(solver)
        handle = Handle(self, query, chosen, self._timeout if timeout is None else timeout)
        answer = simplified(query)
        with self._changed:
            if self._closed:
                raise RuntimeError("the solver pool is closed")
            if answer is None:
                self._queue.append(handle)
                idle = sum(slot.job is None for slot in self._slots)
                if idle < len(self._queue) and len(self._slots) < self._workers:
                    slot = _Slot(self, self._memory_mb)
                    self._slots.append(slot)
                    slot.thread.start()
                self._changed.notify()
        if answer is not None:
            handle.set_result(answer)
        return handle

    def check(self, query: Query, timeout: float | None = None, solver: str | None = None) -> Answer:
        """Submit a query and wait for its answer."""
        return self.submit(query, timeout, solver).result()

    def close(self) -> None:
        """Cancel what is not answered yet and end all processes; returns when they are gone."""
        with self._changed:
            self._closed = True
            waiting = list(self._queue)
            self._queue.clear()
            for slot in self._slots:
                if slot.job is not None:
                    slot.cancelled = True
                    slot.process.kill()
            self._changed.notify_all()
        for handle in waiting:
            handle.set_result(_cancelled(handle, 0.0))
        for slot in self._slots:
            slot.thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _cancel(self, handle: Handle) -> bool:
        with self._changed:
            if handle in self._queue:
                self._queue.remove(handle)
            else:
                slot = next((slot for slot in self._slots if slot.job is handle), None)
                if slot is not None:
                    slot.cancelled = True
                    slot.process.kill()
                return slot is not None
        handle.set_result(_cancelled(handle, 0.0))
        return True

    def _serve(self, slot: _Slot) -> None:
        """What a slot's thread does until the pool is closed."""
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if self._closed:
                    break
                slot.job = handle = self._queue.popleft()
                slot.cancelled = False
                slot.process.arm()
            try:
                outcome: Answer | Exception = self._answer(slot, handle)
            except Exception as error:  # a fault of ours: it belongs to who asked, and the slot lives on
                outcome = error
            with self._changed:
                slot.job = None
                cancelled = slot.cancelled
            if isinstance(outcome, Exception):
                handle.set_exception(outcome)
            else:
                handle.set_result(_cancelled(handle, outcome.seconds) if cancelled else outcome)
        slot.process.close()

    def _answer(self, slot: _Slot, handle: Handle) -> Answer:
        started = time.monotonic()
        problem = flatten(handle.query)
        reply = slot.process.ask(handle.solver, problem, handle.timeout)
        return validated(handle.query, reply, time.monotonic() - started, handle.solver)


def _cancelled(handle: Handle, seconds: float) -> Answer:
    return Answer(Status.UNKNOWN, None, CANCELLED, seconds, handle.solver)


def _known(solver: str) -> str:
    if solver not in BACKENDS:
        raise ValueError(f"no solver `{solver}`; there are {', '.join(BACKENDS)}")
    return solver
