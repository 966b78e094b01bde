"""Exit codes (DESIGN, section 2)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from vmproof.engines.verdict import Verdict


class Exit(IntEnum):
    """What a process of vmproof ends with."""

    MET = 0
    """Every claim met its expectation."""
    NOT_MET = 1
    """A claim did not meet its expectation."""
    INPUT = 2
    """The input or the command line is wrong."""
    INCONCLUSIVE = 3
    """A claim could not be decided."""
    VACUOUS = 4
    """The premise of a claim cannot happen."""
    BUG = 70
    """vmproof itself is wrong."""
    INTERRUPTED = 130
    """Stopped from the keyboard."""
    PIPE_CLOSED = 141
    """Nobody reads the output any more."""


_FIRST_THAT_APPLIES = (Exit.BUG, Exit.INPUT, Exit.NOT_MET, Exit.VACUOUS, Exit.INCONCLUSIVE, Exit.MET)


def worst(exits: Iterable[Exit]) -> Exit:
    """The exit code for several claims together; MET for none."""
    present = set(exits)
    return next((code for code in _FIRST_THAT_APPLIES if code in present), Exit.MET)


def judged(verdict: Verdict, expected: Verdict) -> Exit:
    """The exit code for one claim that was expected to be PROVED, or to be REFUTED."""
    match verdict:
        case Verdict.PROVED | Verdict.REFUTED:
            return Exit.MET if verdict is expected else Exit.NOT_MET
        case Verdict.VACUOUS:
            return Exit.VACUOUS
        case Verdict.ERROR:
            return Exit.INPUT
        case _:
            return Exit.INCONCLUSIVE
