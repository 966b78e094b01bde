"""The process that performs tasks: `python -m vmproof.theorems.worker DESCRIPTOR PARENT_PID`.

Tasks come and results go, pickled, over the pipe with that descriptor. The process ends when the pipe does, and on Linux with its parent.
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
class Proof:
    """The task to prove one theorem: the seconds it may take, and how its queries are solved; `store` is where answers are remembered,
    if anywhere."""

    theorem: Theorem
    seconds: float
    solver: str
    memory_mb: int
    store: Path | None

    def perform(self) -> Outcome:
        """The outcome."""
        with self.pool() as pool:
            return prove(self.theorem, pool, self.seconds)

    def lost(self, seconds: float, reason: str, fault: bool) -> Outcome:
        """The outcome where there is none."""
        return Outcome(self.theorem.name, Verdict.ERROR if fault else Verdict.UNKNOWN, seconds, reason=reason, fault=fault)

    def pool(self) -> SolverPool:
        """One solver, within the task's limits."""
        if self.store is None:
            return SolverPool(1, self.solver, self.seconds, self.memory_mb)
        return RememberingPool(Store(self.store), 1, self.solver, self.seconds, self.memory_mb)


def fault_of(error: Exception) -> str:
    """An exception of vmproof's own in one line."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(str(error).split())[:200]
    return f"internal error: {type(error).__name__}: {what} ({Path(place.filename).name}:{place.lineno})"


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
            try:
                result = task.perform()
            except Exception as error:  # a fault of vmproof is a result too: the other tasks go on
                result = task.lost(0.0, fault_of(error), True)
            pipe.send(result)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
