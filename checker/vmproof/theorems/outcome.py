"""What came of one theorem: its verdict, and whether that is what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from vmproof.engines.verdict import Verdict
from vmproof.theorems.deciding import Found
from vmproof.theorems.theorem import Theorem


class Standing(StrEnum):
    """How a verdict stands to what was expected."""

    MET = "met"
    NOT_MET = "not met"
    VACUOUS = "vacuous"
    OPEN = "open"
    WRONG = "wrong"
    """The theorem itself cannot be asked."""
    BUG = "bug"
    """vmproof failed."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one theorem. `critical` is what was found critical, for a machine. `fault` is an exception of vmproof's own."""

    name: str
    verdict: Verdict
    seconds: float
    bound: int | None = None
    reason: str = ""
    found: tuple[Found, ...] = ()
    critical: tuple[str, ...] = ()
    mismatch: str = ""
    cached: bool = False
    fault: bool = False

    def standing(self, expected: Verdict) -> Standing:
        """How it stands to the expectation. A proof is more than a bounded one that was expected; an unknown is never a success."""
        if self.fault:
            return Standing.BUG
        if self.verdict is Verdict.ERROR:
            return Standing.WRONG
        if self.verdict is expected or (expected is Verdict.HOLDS_UP_TO and self.verdict is Verdict.PROVED):
            return Standing.NOT_MET if self.mismatch else Standing.MET
        if self.verdict is Verdict.VACUOUS:
            return Standing.VACUOUS
        if self.verdict is Verdict.UNKNOWN or (self.verdict is Verdict.HOLDS_UP_TO and expected is Verdict.PROVED):
            return Standing.OPEN
        return Standing.NOT_MET

    @property
    def lasting(self) -> bool:
        """Whether it may be remembered: a decision, not the end of somebody's patience."""
        decided = self.verdict in (Verdict.PROVED, Verdict.REFUTED, Verdict.HOLDS_UP_TO, Verdict.VACUOUS)
        return decided and not self.fault and not any(item.verdict is Verdict.UNKNOWN for item in self.found)

    def to_json(self) -> dict[str, Any]:
        """For the cache; the name is not part of it."""
        return {
            "verdict": self.verdict.value,
            "seconds": round(self.seconds, 3),
            "bound": self.bound,
            "reason": self.reason,
            "found": [item.to_json() for item in self.found],
            "critical": list(self.critical),
            "mismatch": self.mismatch,
        }

    @classmethod
    def from_json(cls, theorem: Theorem, data: Mapping[str, Any]) -> Outcome | None:
        """What the cache holds of a theorem; None where that is not what `to_json` wrote."""
        try:
            given = {name: data[name] for name in ("seconds", "bound", "reason", "mismatch")}
            found = tuple(Found.from_json(item) for item in data["found"])
            made = cls(theorem.name, Verdict(data["verdict"]), **given, found=found, critical=tuple(data["critical"]), cached=True)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        return made if made.lasting else None

    def named(self, name: str) -> Outcome:
        return replace(self, name=name)
