"""The process that proves theorems for the runner: `python -m vmproof.theorems.worker DESCRIPTOR PARENT_PID`.

Tasks come and outcomes go, pickled, over the pipe with that descriptor. The process ends when the pipe does, and on Linux with its parent.
"""

from __future__ import annotations

import signal
import sys
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.solvers.worker import die_with
from vmproof.theorems.outcome import Outcome
from vmproof.theorems.proving import prove
from vmproof.theorems.remembering import RememberingPool
from vmproof.theorems.store import Store
from vmproof.theorems.theorem import Theorem


@dataclass(frozen=True)
class Task:
    """One theorem, the seconds it may take, and how its queries are solved; `store` is where their answers are remembered, if anywhere."""

    theorem: Theorem
    timeout: float
    solver: str
    memory_mb: int
    store: Path | None


def perform(task: Task) -> Outcome:
    """The outcome of a task. A fault of vmproof is an outcome too: the other theorems go on."""
    try:
        with _pool(task) as pool:
            return prove(task.theorem, pool, task.timeout)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = " ".join(str(error).split())[:200]
        reason = f"internal error: {type(error).__name__}: {what} ({Path(place.filename).name}:{place.lineno})"
        return Outcome(task.theorem.name, Verdict.ERROR, 0.0, reason=reason, fault=True)


def _pool(task: Task) -> SolverPool:
    if task.store is None:
        return SolverPool(1, task.solver, task.timeout, task.memory_mb)
    return RememberingPool(Store(task.store), 1, task.solver, task.timeout, task.memory_mb)


def main(descriptor: int, parent: int) -> None:
    """Perform tasks until the pipe ends."""
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who pressed the keys talks to the parent, which ends this process
    with Connection(descriptor) as pipe:
        while True:
            try:
                task = pipe.recv()
            except EOFError:
                return
            pipe.send(perform(task))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
