"""Proves many theorems at once, with results that are remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmproof.theorems.keys import Files, theorem_key
from vmproof.theorems.outcome import Outcome
from vmproof.theorems.processes import Task, perform_all
from vmproof.theorems.store import Store
from vmproof.theorems.theorem import DEFAULT_TIMEOUT, Theorem

if TYPE_CHECKING:
    from vmproof.theorems.worker import Proof


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

    def key(self, theorem: Theorem, files: Files | None = None) -> str:
        """What the theorem's result is remembered by; `files` as in `theorem_key`."""
        return theorem_key(theorem, self.seconds(theorem), theorem.solver or self.solver, files)

    def proof(self, theorem: Theorem) -> Proof:
        """The theorem as a task of a process."""
        from vmproof.theorems.worker import Proof  # brings engines and solvers, which remembered results do not need

        folder = self.store.folder if self.store is not None else None
        return Proof(theorem, self.seconds(theorem), theorem.solver or self.solver, self.memory_mb, folder)


def run(theorems: Sequence[Theorem], settings: Settings, ended: Callable[[Theorem, Outcome], None]) -> list[Outcome]:
    """The outcomes in the order of the theorems; `ended` is told each as it is there.

    What is remembered is there at once. On KeyboardInterrupt, or whatever else leaves this function, all processes are ended first.
    """
    outcomes: dict[str, Outcome] = {}
    keys: dict[str, str] = {}
    left: dict[int, Theorem] = {}
    tasks: list[Task[Outcome]] = []
    files = Files()
    for theorem in theorems:
        known: Outcome | None = None
        if settings.store is not None:
            keys[theorem.name] = settings.key(theorem, files)
            entry = settings.store.get(keys[theorem.name])
            known = Outcome.from_json(theorem, entry) if entry is not None else None
        if known is not None:
            outcomes[theorem.name] = known
            ended(theorem, known)
        else:
            tasks.append(settings.proof(theorem))
            left[id(tasks[-1])] = theorem

    def take(task: Task[Outcome], outcome: Outcome) -> None:
        theorem = left[id(task)]
        outcomes[theorem.name] = outcome
        if settings.store is not None and outcome.lasting:
            settings.store.put(keys[theorem.name], outcome.to_json())
        ended(theorem, outcome)

    tasks.sort(key=lambda task: -task.seconds)  # what may take longest first: else one process is busy with it when the others are done
    perform_all(tasks, settings.jobs, take)
    return [outcomes[theorem.name] for theorem in theorems]
