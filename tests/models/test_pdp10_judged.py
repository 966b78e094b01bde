"""The PDP-10 hosts no VMM, but a hybrid one, as long as User In-Out stays off (Popek and Goldberg 1974, section 5)."""

from __future__ import annotations

from pathlib import Path

from vmproof.language import load
from vmproof.virtualize import judge

MODELS = Path(__file__).parent.parent.parent / "models"

CRITICAL = {"jrst_1", "jrstf", "jrst_3", "jsr", "jsp", "pushj", "luuo", "xct"}
"""The published list, and the two that execute any instruction that they find in memory, so also one of these."""


def test_without_user_in_out() -> None:
    judgement = judge(load(MODELS / "pdp10.py"))
    assert set(judgement.critical) == CRITICAL
    assert judgement.undecided == ()
    assert str(judgement.theorems["virtualizable"].verdict) == "refuted"
    assert str(judgement.theorems["hybrid"].verdict) == "proved"
    assert str(judgement.instruction("jrst_1").control_sensitive) == "yes"
    assert str(judgement.instruction("jrstf").control_sensitive) == "yes"
    for name in ("jsr", "jsp", "pushj"):
        assert str(judgement.instruction(name).mode_sensitive) == "yes"
    assert {name for name in CRITICAL if str(judgement.instruction(name).user_sensitive) == "yes"} == set()
    for name in ("halt", "jen", "cono", "coni", "datao", "datai", "blki", "blko", "consz", "conso"):
        assert str(judgement.instruction(name).privileged) == "yes"


def test_with_user_in_out() -> None:
    """A guest's user program sees the real flag, and clears what the guest's monitor has set, without a trap."""
    judgement = judge(load(MODELS / "pdp10_userio.py"))
    assert set(judgement.critical) == CRITICAL
    assert str(judgement.theorems["hybrid"].verdict) == "refuted"
    user_sensitive = {name for name in CRITICAL if str(judgement.instruction(name).user_sensitive) == "yes"}
    assert user_sensitive == {"jrstf", "jrst_3", "jsr", "jsp", "pushj", "luuo", "xct"}
