"""What a judgement of an instruction set says: typed results for the report, the JSON output and theorem files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vmproof.engines.verdict import Verdict
from vmproof.virtualize.witness import Witness


class Answer(StrEnum):
    """The answer to a question about an instruction; the value is its name in JSON."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "n/a"

    def __bool__(self) -> bool:
        raise TypeError("an Answer has more than two values; compare it with Answer.YES")


QUESTIONS = (
    "privileged",
    "privileged_strict",
    "control_sensitive",
    "behaviour_sensitive",
    "mode_sensitive",
    "resource_sensitive",
    "trap_sensitive",
    "waiting",
    "user_sensitive",
    "critical",
    "innocuous",
)
"""The questions asked of every instruction (THEORY, "Classes of an encoding"), in the order of the JSON schema."""

THEOREMS = ("virtualizable", "hybrid", "recursive", "equivalence", "resource_control", "efficiency")
"""The theorems, in the order of the JSON schema."""


@dataclass(frozen=True)
class EncodingClass:
    """Encodings of one instruction that are judged alike: `condition` says which, in terms of operand fields ("csr = 0x100")."""

    condition: str
    answers: Mapping[str, Answer]


@dataclass(frozen=True)
class InstructionVerdict:
    """The classes of one instruction, summed over its encodings.

    `privileged`, `privileged_strict` and `innocuous` hold of an instruction if they hold of each of its encodings, all others if they
    hold of one. `witness` shows the most serious finding that has one (critical before the rest); `witnesses` has one for each question
    that was answered by a replayed execution. `reasons` says why an answer is `unknown`, or what stands behind a `yes`.
    """

    name: str
    mnemonic: str
    line: int
    privileged: Answer
    privileged_strict: Answer
    control_sensitive: Answer
    behaviour_sensitive: Answer
    mode_sensitive: Answer
    resource_sensitive: Answer
    trap_sensitive: Answer
    waiting: Answer
    user_sensitive: Answer
    critical: Answer
    innocuous: Answer
    witness: Witness | None = None
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[EncodingClass, ...] = ()

    def answer(self, question: str) -> Answer:
        """The answer to one of QUESTIONS."""
        found: Answer = getattr(self, question)
        return found

    @property
    def sensitive(self) -> Answer:
        """Sensitive in any way (THEORY): the opposite of innocuous, summed over encodings."""
        kinds = (self.control_sensitive, self.behaviour_sensitive, self.trap_sensitive, self.waiting)
        if Answer.YES in kinds:
            return Answer.YES
        return Answer.UNKNOWN if Answer.UNKNOWN in kinds else Answer.NO


@dataclass(frozen=True)
class TheoremVerdict:
    """The verdict on one theorem or premise; `reason` is one sentence, `instructions` are those that refute it or leave it open."""

    name: str
    verdict: Verdict
    reason: str
    witness: Witness | None = None
    instructions: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostResult:
    """What the search over the scenario's `search` bits found.

    `found`: PROVED (an assignment exists, `assignments` has the minimal ones that were found, first the one that the judgement assumes),
    REFUTED (there is none) or UNKNOWN. `tried` counts the assignments that were judged, `space` all there are.
    """

    searched: tuple[str, ...]
    found: Verdict
    reason: str
    assignments: tuple[Mapping[str, int], ...] = ()
    tried: int = 0
    space: int = 1

    @property
    def assignment(self) -> Mapping[str, int] | None:
        """The assignment that the judgement assumes; None where there is none."""
        return self.assignments[0] if self.assignments else None


@dataclass(frozen=True)
class Repair:
    """What would have to change for one critical instruction.

    `condition`: when it must trap, as a readable sentence. `bits`: published control bits of the description that do it, as
    (path, value); empty where it has none.
    """

    instruction: str
    mnemonic: str
    condition: str
    bits: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Judgement:
    """All that was found out about one machine in one scenario. Times are seconds of wall clock by phase: building, solving, replaying.

    `not_judged` counts the instructions of the description that were left out: what is proved says nothing of them.
    """

    machine: str
    scenario: str
    scenario_title: str
    theorems: Mapping[str, TheoremVerdict]
    premises: Mapping[str, TheoremVerdict]
    instructions: tuple[InstructionVerdict, ...]
    repair: tuple[Repair, ...]
    host: HostResult | None
    status_as_control: tuple[str, ...]
    timings: Mapping[str, float]
    solver: str
    queries: int = 0
    not_judged: int = 0

    @property
    def critical(self) -> tuple[str, ...]:
        """The names of the critical instructions, in the order of the description."""
        return tuple(verdict.name for verdict in self.instructions if verdict.critical is Answer.YES)

    @property
    def undecided(self) -> tuple[str, ...]:
        """The names of the instructions for which it is not known whether they are critical."""
        return tuple(verdict.name for verdict in self.instructions if verdict.critical is Answer.UNKNOWN)

    def instruction(self, name: str) -> InstructionVerdict:
        """The verdict on one instruction; KeyError if there is none of that name."""
        for verdict in self.instructions:
            if verdict.name == name:
                return verdict
        raise KeyError(name)
