"""What becomes of a mutant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vmproof.engines.verdict import Verdict
from vmproof.theorems.outcome import Outcome, Standing
from vmproof.theorems.theorem import Theorem


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    """The theorem no longer comes out as expected: it is refuted, or vacuous."""
    BROKEN = "broken"
    """The proof breaks: a step leads from a state in which all that is claimed holds to one in which it does not; or, of a refinement, the
    abstract system has no such step. Whether that state is reachable is not known."""
    SURVIVED = "survived"
    """The theorem is proved of the mutant as well."""
    EQUIVALENT = "equivalent"
    """So it is, since the mutant does the same in every state that the claims allow: solvers proved that."""
    UNDECIDED = "undecided"
    """Neither proved nor refuted of the mutant; not counted as noticed."""
    INVALID = "invalid"
    """The mutant is no description; not counted."""


@dataclass(frozen=True)
class Trialled:
    """The fate of a mutant, and the outcome of the theorem about it as far as it was asked."""

    fate: Fate
    outcome: Outcome

    def to_json(self) -> dict[str, Any]:
        """For the cache."""
        return {"fate": self.fate.value, **self.outcome.to_json()}

    @classmethod
    def from_json(cls, theorem: Theorem, data: Mapping[str, Any]) -> Trialled | None:
        """What `to_json` wrote; None for anything else."""
        try:
            verdict, given = Verdict(data["verdict"]), {name: data[name] for name in ("seconds", "bound", "reason", "mismatch")}
            return cls(Fate(data["fate"]), Outcome(theorem.name, verdict, **given, cached=True))
        except (KeyError, TypeError, ValueError):
            return None


def fate_of(theorem: Theorem, outcome: Outcome) -> Fate:
    """The fate of a mutant of which a theorem has an outcome."""
    match outcome.standing(theorem.expect):
        case Standing.MET:
            return Fate.SURVIVED
        case Standing.NOT_MET | Standing.VACUOUS:
            return Fate.KILLED
        case Standing.OPEN | Standing.BUG:
            return Fate.UNDECIDED
    return Fate.INVALID
