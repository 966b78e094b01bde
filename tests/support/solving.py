"""A solver pool that tells what it was asked."""

from __future__ import annotations

from vmproof.solvers import Handle, Query, SolverPool
from vmproof.terms import Term


class Recorder(SolverPool):
    """Remembers what is asked."""

    def __init__(self) -> None:
        super().__init__(timeout=20)
        self.asked: list[tuple[Term, ...]] = []

    def submit(self, query: Query, timeout: float | None = None, solver: str | None = None) -> Handle:
        self.asked.append(query.assertions)
        return super().submit(query, timeout, solver)
