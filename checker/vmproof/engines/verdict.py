"""The verdicts of vmproof (DESIGN, section 2): what may be said of a claim, in falling order of what it allows one to conclude."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """The answer to one claim; the value is its name in JSON."""

    PROVED = "proved"
    """For all executions."""
    HOLDS_UP_TO = "holds_up_to"
    """For executions up to a bound; never printed without the bound."""
    REFUTED = "refuted"
    """There is a counterexample, and it was replayed."""
    VACUOUS = "vacuous"
    """The premise of the claim cannot happen, so that its proof says nothing."""
    UNKNOWN = "unknown"
    """Undecided; the reason is stated (timeout, memory, solver, abstraction). Never a success."""
    ERROR = "error"
    """The question could not be asked."""

    @property
    def text(self) -> str:
        """The verdict as people read it."""
        return self.value.replace("_", " ")


_WORST_FIRST = (Verdict.ERROR, Verdict.REFUTED, Verdict.UNKNOWN, Verdict.VACUOUS, Verdict.HOLDS_UP_TO, Verdict.PROVED)


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on all of several claims at once: one refutation refutes it, one unknown leaves it unknown; PROVED for no claims."""
    present = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in present), Verdict.PROVED)
