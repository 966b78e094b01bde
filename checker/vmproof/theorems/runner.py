"""Proves many theorems at once: a few worker processes, results that are remembered, and nothing left behind whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path

import vmproof
from vmproof.engines.verdict import Verdict
from vmproof.theorems.keys import theorem_key
from vmproof.theorems.outcome import Outcome
from vmproof.theorems.store import Store
from vmproof.theorems.theorem import DEFAULT_TIMEOUT, Theorem

_GRACE = 15.0
"""Seconds beyond a theorem's own after which its process is ended."""


@dataclass(frozen=True)
class Settings:
    """How theorems are proved. `timeout` None: what each theorem says. `store` None: nothing is remembered."""

    jobs: int = 2
    timeout: float | None = None
    solver: str = "z3"
    memory_mb: int = 2048
    store: Store | None = None

    def seconds(self, theorem: Theorem) -> float:
        """How long a theorem may take."""
        return self.timeout or theorem.timeout or DEFAULT_TIMEOUT

    def key(self, theorem: Theorem) -> str:
        return theorem_key(theorem, self.seconds(theorem), theorem.solver or self.solver)


def run(theorems: Sequence[Theorem], settings: Settings, ended: Callable[[Theorem, Outcome], None]) -> list[Outcome]:
    """The outcomes in the order of the theorems; `ended` is told each as it is there.

    What is remembered is there at once. On KeyboardInterrupt, or whatever else leaves this function, all processes are ended first.
    """
    outcomes: dict[str, Outcome] = {}
    keys: dict[str, str] = {}

    def take(theorem: Theorem, outcome: Outcome) -> None:
        outcomes[theorem.name] = outcome
        if settings.store is not None and outcome.lasting and not outcome.cached:
            settings.store.put(keys[theorem.name], outcome.to_json())
        ended(theorem, outcome)

    left: deque[Theorem] = deque()
    for theorem in theorems:
        known: Outcome | None = None
        if settings.store is not None:
            keys[theorem.name] = settings.key(theorem)
            entry = settings.store.get(keys[theorem.name])
            known = Outcome.from_json(theorem, entry) if entry is not None else None
        if known is not None:
            take(theorem, known)
        else:
            left.append(theorem)
    _prove_all(left, settings, take)
    return [outcomes[theorem.name] for theorem in theorems]


def _prove_all(left: deque[Theorem], settings: Settings, take: Callable[[Theorem, Outcome], None]) -> None:
    workers: list[_Worker] = []
    try:
        while left or any(worker.theorem for worker in workers):
            for worker in [item for item in workers if item.theorem is None][: len(left)]:
                worker.give(left.popleft())
            while left and len(workers) < settings.jobs:
                workers.append(_Worker(settings))
                workers[-1].give(left.popleft())
            busy = [worker for worker in workers if worker.theorem]
            soonest = min(worker.deadline for worker in busy)
            wait([worker.pipe for worker in busy], max(0.0, soonest - time.monotonic()))
            for worker in busy:
                theorem = worker.theorem
                outcome = worker.outcome()
                if theorem is not None and outcome is not None:
                    take(theorem, outcome)
            workers = [worker for worker in workers if not worker.gone]
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process with the theorem that it proves."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.theorem: Theorem | None = None
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

    def give(self, theorem: Theorem) -> None:
        """Let the process prove a theorem."""
        from vmproof.theorems.worker import Task  # the worker's module brings engines and solvers, which remembered results do not need

        settings = self._settings
        seconds = settings.seconds(theorem)
        self.theorem = theorem
        self._began = time.monotonic()
        self.deadline = self._began + seconds + _GRACE
        folder = settings.store.folder if settings.store is not None else None
        try:
            self.pipe.send(Task(theorem, seconds, theorem.solver or settings.solver, settings.memory_mb, folder))
        except OSError:
            return  # it is gone already; reading says so

    def outcome(self) -> Outcome | None:
        """What came of the theorem, if anything did; a process that ended, or is late, is an outcome too."""
        assert self.theorem is not None
        theorem = self.theorem
        seconds = time.monotonic() - self._began
        outcome: Outcome | None = None
        try:
            if self.pipe.poll(0):
                outcome = self.pipe.recv()
        except (EOFError, OSError):
            outcome = self._lost(theorem, seconds)
        if outcome is None and time.monotonic() >= self.deadline:
            reason = f"timeout: ended after {seconds:.0f} s"
            outcome = Outcome(theorem.name, Verdict.UNKNOWN, seconds, reason=reason)
            self.end()
        if outcome is not None:
            self.theorem = None
        return outcome

    def _lost(self, theorem: Theorem, seconds: float) -> Outcome:
        """The process ended without an outcome: for want of memory the system kills it; all else is a fault."""
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            code = 0
        self.end()
        if code == -signal.SIGKILL:
            return Outcome(theorem.name, Verdict.UNKNOWN, seconds, reason="memory: the system ended its process")
        return Outcome(theorem.name, Verdict.ERROR, seconds, reason=f"internal error: the process ended with {code}", fault=True)

    def end(self) -> None:
        """End the process, whatever it does; its solvers end with it."""
        self.gone = True
        self._process.kill()
        self._process.wait()
        self.pipe.close()
