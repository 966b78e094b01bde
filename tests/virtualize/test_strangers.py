"""Machines that the tool was not made for get the verdict that a reader of their descriptions comes to on paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.language import load
from vmproof.virtualize import judge

STRANGERS = Path(__file__).parent.parent / "strangers"


def test_stack_machine() -> None:
    """RING pushes the real ring; LOWER 0 completes for an application, and changes a guest's ring; PEEK reads by the monitor's banks.

    RESUME, BANK and SLEEP trap in the application ring. An application of the guest runs as an application: the three show it nothing, so a
    hybrid monitor is possible. LOWER 1 and 2 always trap among applications; LOWER 2 need not, as the nucleus, the only ring that it
    does not trap in, stays what it is: that much efficiency is lost. Every bank can be shown at the application ring.
    """
    judgement = judge(load(STRANGERS / "stack_machine.py"))
    assert judgement.critical == ("RING", "LOWER", "PEEK")
    assert judgement.undecided == ()
    assert {name: str(verdict.verdict) for name, verdict in judgement.theorems.items()} == {
        "virtualizable": "refuted",
        "hybrid": "proved",
        "recursive": "refuted",
        "equivalence": "refuted",
        "resource_control": "proved",
        "efficiency": "refuted",
    }
    assert judgement.theorems["efficiency"].instructions == ("LOWER",)
    classes = {each.condition: str(each.answers["critical"]) for each in judgement.instruction("LOWER").classes}
    assert classes == {"wanted = 0": "yes", "wanted = 1": "no", "wanted = 2 | 3": "no"}
    ring = judgement.instruction("RING")
    assert (str(ring.mode_sensitive), str(ring.control_sensitive)) == ("yes", "no")
    assert str(judgement.instruction("LOWER").control_sensitive) == "yes"
    assert {name: str(judgement.instruction(name).privileged_strict) for name in ("BANK", "SLEEP", "RESUME")} == {
        "BANK": "no",  # the executive may not either
        "SLEEP": "yes",
        "RESUME": "no",  # nor the executive, back to the nucleus
    }
    assert str(judgement.instruction("SERVICE").innocuous) == "yes"


@pytest.mark.slow(50)
def test_segmented() -> None:
    """LDS loads a relocation register from the monitor's table; STCS shows the level, SGDT the table's place; POPF is silent.

    VERR judges by the real level and the monitor's table.
    LDS, SGDT and VERR do so in user mode too, so not even a hybrid monitor is possible. STS returns what the program itself loaded.
    """
    judgement = judge(load(STRANGERS / "segmented.py"))
    assert judgement.critical == ("lds", "stcs", "verr", "sgdt", "popf")
    assert judgement.undecided == ()
    assert str(judgement.theorems["virtualizable"].verdict) == "refuted"
    assert str(judgement.theorems["hybrid"].verdict) == "refuted"
    assert str(judgement.instruction("sts").innocuous) == "yes"
    assert str(judgement.instruction("lgdt").privileged_strict) == "yes"
    assert str(judgement.instruction("int_n").critical) == "no"
