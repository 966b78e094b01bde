"""Virtualizability in the sense of Popek and Goldberg (CACM 17(7), 1974): classes of instructions, six theorems, and evidence."""

from vmproof.virtualize.judge import Progress, judge
from vmproof.virtualize.replay import Replayed, replay
from vmproof.virtualize.result import (
    QUESTIONS,
    THEOREMS,
    Answer,
    EncodingClass,
    HostResult,
    InstructionVerdict,
    Judgement,
    Repair,
    TheoremVerdict,
)
from vmproof.virtualize.theorems import InconsistencyError
from vmproof.virtualize.witness import Side, Witness

__all__ = [
    "QUESTIONS",
    "THEOREMS",
    "Answer",
    "EncodingClass",
    "HostResult",
    "InconsistencyError",
    "InstructionVerdict",
    "Judgement",
    "Progress",
    "Repair",
    "Replayed",
    "Side",
    "TheoremVerdict",
    "Witness",
    "judge",
    "replay",
]
