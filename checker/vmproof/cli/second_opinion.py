"""`--second-opinion`: no solver is believed alone when it says that nothing satisfies a query, which is what proofs rest on."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from vmproof.cli.parser import SOLVERS
from vmproof.errors import VmproofError
from vmproof.solvers import Answer, Handle, Query, SolverPool, Status


class DisagreementError(VmproofError):
    """Two solvers contradict each other about one query: a fault of one of them, or of the translation for it."""


class SecondOpinionPool(SolverPool):
    """A solver pool whose UNSAT answers were given by two solvers of different authors.

    The others are asked in turn until one decides. Where none does, the answer is UNKNOWN, with its reason; where one finds a model, the
    result raises DisagreementError. Models need no second opinion: they are evaluated.
    """

    def __init__(self, workers: int = 2, solver: str = "z3", timeout: float = 60, memory_mb: int = 2048) -> None:
        super().__init__(workers, solver, timeout, memory_mb)
        self._asked: dict[Handle, Handle] = {}  # whose answer is waited for

    def submit(self, query: Query, timeout: float | None = None, solver: str | None = None) -> Handle:
        """As SolverPool.submit. `timeout` is for the first solver; an opinion may take what the pool allows."""
        first = super().submit(query, timeout, solver)
        confirmed = Handle(self, query, first.solver, first.timeout)
        others = [other for other in ("bitwuzla", "z3", "cvc5") if other != first.solver and other in SOLVERS]
        self._asked[confirmed] = first
        first.add_done_callback(lambda done: self._heard(confirmed, done, others, done))
        return confirmed

    def _cancel(self, handle: Handle) -> bool:
        return super()._cancel(self._asked.get(handle, handle))

    def _heard(self, confirmed: Handle, first: Future[Answer], left: Sequence[str], latest: Future[Answer]) -> None:
        """One solver has answered: pass its word on, or ask the next."""
        self._asked.pop(confirmed, None)
        try:
            answer, opinion = first.result(), latest.result()
            if answer.status is not Status.UNSAT or answer.solver not in SOLVERS:
                confirmed.set_result(answer)
            elif opinion.status is Status.SAT:
                raise DisagreementError(f"{answer.solver} finds a query unsatisfiable, and {opinion.solver} has a model of it")
            elif latest is not first and opinion.status is Status.UNSAT:
                confirmed.set_result(replace(answer, seconds=answer.seconds + opinion.seconds))
            elif left:
                following = super().submit(confirmed.query, None, left[0])
                self._asked[confirmed] = following
                following.add_done_callback(lambda done: self._heard(confirmed, first, left[1:], done))
            else:
                confirmed.set_result(Answer(Status.UNKNOWN, None, f"no second opinion: {opinion.reason}", opinion.seconds, opinion.solver))
        except Exception as error:  # it belongs to who asked, not to the thread that happens to run this
            confirmed.set_exception(error)
