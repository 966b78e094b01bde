"""Runs tasks in a few processes: each within its time, and nothing left behind whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import vmproof

_GRACE = 15.0
"""Seconds beyond a task's own after which its process is ended."""

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class Task(Protocol[R_co]):
    """What a process does; it is pickled. `seconds`: about how long it takes at most, by its own care."""

    @property
    def seconds(self) -> float: ...

    def perform(self) -> R_co:
        """Do it, in the process. What it raises is a fault of vmproof, and the task lost."""
        ...

    def lost(self, seconds: float, reason: str, fault: bool) -> R_co:
        """What stands for the result where the process ended without one; `fault`: that is a fault of vmproof."""
        ...


def perform_all(tasks: Iterable[Task[R]], jobs: int, take: Callable[[Task[R], R], None]) -> None:
    """Perform all tasks, up to `jobs` at a time, begun in their order; `take` is told each result as it is there.

    On KeyboardInterrupt, or whatever else leaves this function, all processes are ended first.
    """
    left = deque(tasks)
    workers: list[_Worker[R]] = []
    try:
        while left or any(worker.task for worker in workers):
            for worker in [item for item in workers if item.task is None][: len(left)]:
                worker.give(left.popleft())
            while left and len(workers) < jobs:
                workers.append(_Worker())
                workers[-1].give(left.popleft())
            busy = [worker for worker in workers if worker.task]
            soonest = min(worker.deadline for worker in busy)
            wait([worker.pipe for worker in busy], max(0.0, soonest - time.monotonic()))
            for worker in busy:
                task = worker.task
                result = worker.result()
                if task is not None and result is not None:
                    take(task, result)
            workers = [worker for worker in workers if not worker.gone]
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[R]):
    """A process with the task that it performs."""

    def __init__(self) -> None:
        self.task: Task[R] | None = None
        self.deadline = 0.0
        self.gone = False
        self._began = 0.0
        self.pipe, theirs = Pipe()
        package = str(Path(vmproof.__file__).resolve().parent.parent)
        inherited = os.environ.get("PYTHONPATH")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "vmproof.theorems.worker", str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": package + (os.pathsep + inherited if inherited else "")},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def give(self, task: Task[R]) -> None:
        """Let the process perform a task."""
        self.task = task
        self._began = time.monotonic()
        self.deadline = self._began + task.seconds + _GRACE
        try:
            self.pipe.send(task)
        except OSError:
            return  # it is gone already; reading says so

    def result(self) -> R | None:
        """What came of the task, if anything did; a process that ended, or is late, is a result too."""
        assert self.task is not None
        task = self.task
        seconds = time.monotonic() - self._began
        result: R | None = None
        try:
            if self.pipe.poll(0):
                result = self.pipe.recv()
        except (EOFError, OSError):
            result = self._lost(task, seconds)
        if result is None and time.monotonic() >= self.deadline:
            result = task.lost(seconds, f"timeout: ended after {seconds:.0f} s", False)
            self.end()
        if result is not None:
            self.task = None
        return result

    def _lost(self, task: Task[R], seconds: float) -> R:
        """The process ended without a result: for want of memory the system kills it; all else is a fault."""
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            code = 0
        self.end()
        if code == -signal.SIGKILL:
            return task.lost(seconds, "memory: the system ended its process", False)
        return task.lost(seconds, f"internal error: the process ended with {code}", True)

    def end(self) -> None:
        """End the process, whatever it does; its solvers end with it."""
        self.gone = True
        self._process.kill()
        self._process.wait()
        self.pipe.close()
