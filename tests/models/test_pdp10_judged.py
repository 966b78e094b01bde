"""The PDP-10 hosts no VMM, but a hybrid one, as long as User In-Out stays off (Popek and Goldberg 1974, section 5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.language import load
from vmproof.virtualize import judge

MODELS = Path(__file__).parent.parent.parent / "models"

PUBLISHED = ("jrst_1", "jrstf", "jsr", "jsp", "pushj")
"""The published list."""
DERIVED = (*PUBLISHED, "jrst_3", "xct", "luuo")
"""JRST 3 is JRST 1 and JRSTF at once; XCT and LUUO execute any of these that they find in memory."""


@pytest.mark.slow(150)
def test_without_user_in_out() -> None:
    """All 83 descriptions of instructions."""
    judgement = judge(load(MODELS / "pdp10.py"))
    assert set(judgement.critical) == set(DERIVED)
    assert judgement.undecided == ()
    verdicts = {name: str(theorem.verdict) for name, theorem in judgement.theorems.items()}
    assert (verdicts["virtualizable"], verdicts["equivalence"], verdicts["resource_control"]) == ("refuted", "refuted", "proved")
    assert verdicts["hybrid"] == "proved"
    for name in ("jrst_1", "jrst_3", "jrstf"):
        assert str(judgement.instruction(name).control_sensitive) == "yes"
    for name in ("jsr", "jsp", "pushj"):
        assert str(judgement.instruction(name).mode_sensitive) == "yes"
    assert {name for name in DERIVED if str(judgement.instruction(name).user_sensitive) == "yes"} == set()


@pytest.mark.slow(30)
def test_with_user_in_out() -> None:
    """A guest's user program sees the real flag without a trap; JRST 1 does not show it."""
    judgement = judge(load(MODELS / "pdp10_userio.py"), only=("jrst_1", "jsp"))
    assert set(judgement.critical) == {"jrst_1", "jsp"}
    assert str(judgement.theorems["hybrid"].verdict) == "refuted"
    assert str(judgement.instruction("jsp").user_sensitive) == "yes"
    assert str(judgement.instruction("jrst_1").user_sensitive) == "no"
