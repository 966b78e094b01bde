"""The PDP-10 hosts no VMM, but a hybrid one, as long as User In-Out stays off (Popek and Goldberg 1974, section 5).

Only some instructions are judged here: XCT and LUUO, which execute whatever they find in memory, take the solvers too long.
"""

from __future__ import annotations

from pathlib import Path

from vmproof.language import load
from vmproof.virtualize import judge

MODELS = Path(__file__).parent.parent.parent / "models"

CRITICAL = ("jrst_1", "jrstf", "jsr", "jsp", "pushj")
"""The published list."""
ORDINARY = ("move", "add", "jrst")


def test_without_user_in_out() -> None:
    judgement = judge(load(MODELS / "pdp10.py"), only=(*CRITICAL, *ORDINARY))
    assert set(judgement.critical) == set(CRITICAL)
    assert judgement.undecided == ()
    assert str(judgement.theorems["virtualizable"].verdict) == "refuted"
    assert str(judgement.theorems["hybrid"].verdict) == "proved"
    assert str(judgement.instruction("jrst_1").control_sensitive) == "yes"
    assert str(judgement.instruction("jrstf").control_sensitive) == "yes"
    for name in ("jsr", "jsp", "pushj"):
        assert str(judgement.instruction(name).mode_sensitive) == "yes"
    assert {name for name in CRITICAL if str(judgement.instruction(name).user_sensitive) == "yes"} == set()


def test_with_user_in_out() -> None:
    """A guest's user program sees the real flag without a trap; JRST 1 does not show it."""
    judgement = judge(load(MODELS / "pdp10_userio.py"), only=("jrst_1", "jsp"))
    assert set(judgement.critical) == {"jrst_1", "jsp"}
    assert str(judgement.theorems["hybrid"].verdict) == "refuted"
    assert str(judgement.instruction("jsp").user_sensitive) == "yes"
    assert str(judgement.instruction("jrst_1").user_sensitive) == "no"
