"""Judgements made by hand, for tests of what people see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vmproof.engines import Verdict
from vmproof.virtualize.result import (
    THEOREMS,
    Answer,
    EncodingClass,
    HostResult,
    InstructionVerdict,
    Judgement,
    Repair,
    TheoremVerdict,
)
from vmproof.virtualize.witness import Side, Witness

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


def instruction(name: str, yes: str = "", unknown: str = "", mnemonic: str = "", line: int = 10) -> InstructionVerdict:
    """A verdict with the named questions (separated by blanks) answered yes or unknown, and all others no."""
    unasked = InstructionVerdict(name, mnemonic or name, line, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO)
    answers: dict[str, Any] = {**dict.fromkeys(yes.split(), YES), **dict.fromkeys(unknown.split(), UNKNOWN)}
    return replace(unasked, **answers)


def claim(name: str, verdict: Verdict = Verdict.PROVED, reason: str = "") -> TheoremVerdict:
    return TheoremVerdict(name, verdict, reason)


def witness() -> Witness:
    """What MOVE from SR shows."""
    return Witness(
        machine="m68000",
        scenario="Guest",
        instruction="move_from_sr",
        property="critical",
        reason="It completes on both, and the results differ in d[0].",
        encoding="40c0",
        assembly="move sr, d0",
        operands={"ea.form": 0, "ea.reg": 0},
        picks={"start": 4096},
        choices={},
        first=Side("guest", {"sr.S": 1, "sr.IPM": 7, "d": {0: 0, "default": 5}, "pc": 512}, "completes", {"d": {0: 0x2700}, "pc": 514}),
        second=Side("real", {"sr.S": 0, "sr.IPM": 0, "d": {0: 0, "default": 5}, "pc": 512}, "completes", {"d": {0: 0}, "pc": 514}),
        differences=(("d[0]", "0x00002700", "0x00000000"), ("the view", "one", "another")),
    )


def theorems(**verdicts: tuple[Verdict, str]) -> Mapping[str, TheoremVerdict]:
    """All six, proved unless said otherwise."""
    return {name: claim(name, *verdicts.get(name, (Verdict.PROVED, ""))) for name in THEOREMS}


_TRAPS = "privileged privileged_strict"


def m68010() -> Judgement:
    """A machine that is virtualizable."""
    return Judgement(
        machine="m68010",
        scenario="Guest",
        scenario_title="a guest in user mode",
        theorems=theorems(recursive=(Verdict.UNKNOWN, "the description says nothing about time")),
        premises={"host exists": claim("host exists")},
        instructions=(
            instruction("add", "innocuous"),
            instruction("move_to_sr", f"{_TRAPS} control_sensitive mode_sensitive behaviour_sensitive", mnemonic="MOVE to SR"),
            instruction("move_from_sr", f"{_TRAPS} mode_sensitive behaviour_sensitive", mnemonic="MOVE from SR", line=312),
            instruction("move_from_ccr", "innocuous", mnemonic="MOVE from CCR"),
            instruction("trap", "privileged innocuous"),
        ),
        repair=(),
        host=None,
        status_as_control=(),
        timings={"building": 0.5, "solving": 1.25, "replaying": 0.0},
        solver="z3",
        queries=42,
    )


def m68000() -> Judgement:
    """The same machine with one critical instruction, and without MOVE from CCR."""
    shown = replace(
        instruction("move_from_sr", "critical user_sensitive mode_sensitive behaviour_sensitive", mnemonic="MOVE from SR", line=312),
        witness=witness(),
        witnesses={"critical": witness(), "mode_sensitive": replace(witness(), property="mode_sensitive")},
        classes=(EncodingClass("ea.form = dn", {"critical": YES}), EncodingClass("", {"critical": YES, "mode_sensitive": YES})),
    )
    newer = m68010()
    return replace(
        newer,
        machine="m68000",
        theorems=theorems(
            virtualizable=(Verdict.REFUTED, "1 critical instruction: move_from_sr"),
            hybrid=(Verdict.REFUTED, "move_from_sr is critical in a mode that runs as itself"),
            equivalence=(Verdict.REFUTED, "move_from_sr"),
            recursive=(Verdict.REFUTED, "it is not virtualizable"),
        ),
        premises={"host exists": claim("host exists"), "legal kept": claim("legal kept", Verdict.UNKNOWN, "timeout")},
        instructions=(newer.instructions[0], newer.instructions[1], shown, newer.instructions[4]),
        repair=(Repair("move_from_sr", "MOVE from SR", "it must trap where sr.S = 0", (("ctl.P", 1),)),),
        status_as_control=("sr.T",),
    )


def searched() -> Judgement:
    """A machine whose host configuration was searched for, and one of whose instructions is undecided."""
    return replace(
        m68010(),
        machine="rv",
        theorems=theorems(virtualizable=(Verdict.UNKNOWN, "wfi is undecided (timeout)")),
        instructions=(replace(instruction("wfi", "waiting", "critical trap_sensitive"), reasons={"critical": "timeout after 60 s"}),),
        host=HostResult(("mstatus.TVM", "mstatus.TW"), Verdict.PROVED, "2 settings suffice", ({"mstatus.TVM": 1}, {"mstatus.TW": 1}), 3, 4),
    )
