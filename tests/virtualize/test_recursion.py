"""Theorem 2 of the paper where a guest's guests run otherwise than a guest does, and where some traps go beyond the VMM."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.machines import mistake
from vmproof.language import load
from vmproof.solvers import SolverPool
from vmproof.virtualize import judge
from vmproof.virtualize.asking import Asker
from vmproof.virtualize.result import TheoremVerdict
from vmproof.virtualize.round import carrying, play
from vmproof.virtualize.setting import Setting

MACHINES = Path(__file__).parents[1] / "machines"

APART = """

@scenario("whose guests run in another scenario")
class Apart(Timeless):
    guests = Beneath
"""


def recursion(tmp_path: Path, scenario: str, more: str = "", *changes: tuple[str, str]) -> TheoremVerdict:
    """What becomes of recursion on the machine without readable time, with scenarios added and texts changed."""
    for name in ("tiny", "window", "recursive"):
        text = (MACHINES / f"{name}.py").read_text()
        for old, new in changes:
            text = text.replace(old, new)
        (tmp_path / f"{name}.py").write_text(text + (more if name == "recursive" else ""))
    judgement = judge(load(tmp_path / "recursive.py"), scenario)
    assert str(judgement.theorems["virtualizable"].verdict) == "proved"
    return judgement.theorems["recursive"]


BENEATH = """

@scenario("what carries a guest's guests")
class Beneath(Timeless):
    runs = {{{runs}}}
    timing = {timing}

    def host(real, guest, start: bits[8]):
        return {host}
"""

BOTH = "Mode.user: Mode.user, Mode.supervisor: Mode.user"


@pytest.mark.parametrize(
    ("parts", "verdict", "reason"),
    [
        ({}, "proved", "The guest can hold a VMM, the composed map satisfies the diagram, and no time is read without a trap."),
        (
            {"host": "placed(real, guest, start) and guest.vector == 0"},
            "refuted",
            "A register that the VMM relies on is not virtualised: some guest has no real state, however it is built.",
        ),
        ({"runs": "Mode.supervisor: Mode.user"}, "refuted", "No real state can carry a guest that carries a guest."),
        (
            {"host": "real.base == guest.base and real.bound == guest.bound and real.storage == guest.storage"},
            "refuted",
            "As to what runs in a guest's virtual machines: ",
        ),
    ],
    ids=("one-as-good", "that-restricts-a-guest", "of-other-modes", "that-is-not-virtualizable"),
)
def test_what_carries_a_guests_guests(tmp_path: Path, parts: dict[str, str], verdict: str, reason: str) -> None:
    given = {"runs": BOTH, "timing": "[]", "host": "placed(real, guest, start)"} | parts
    changes: tuple[tuple[str, str], ...] = ()
    if reason.startswith("As to"):  # a read of the base is innocuous nowhere, and traps where the VMM hides the base
        given["host"] = "placed(real, guest, start) and real.shown"
        changes = (
            ("    storage: bits[9] = role.platform\n", "    storage: bits[9] = role.platform\n    shown: bool = role.control\n"),
            ("return placed(real, guest, start)\n\n\n@scenario", "return placed(real, guest, start) and not real.shown\n\n\n@scenario"),
            ('@instruction("0101', READ_BASE + '@instruction("0101'),
        )
    found = recursion(tmp_path, "Apart", BENEATH.format(**given) + APART, *changes)
    assert str(found.verdict) == verdict
    assert found.reason.startswith(reason)


READ_BASE = '''@instruction("0111 rd[2] 00")
def read_base(m, rd):
    """User programs may see the base where `shown` says so."""
    if m.mode != Mode.supervisor and not m.shown:
        trap(Cause.privileged)
    m.r[rd] = m.base


'''

BEYOND = (
    ("    supervisor = 1\n", "    supervisor = 1\n    monitor = 2\n"),
    ("    call = 2\n", "    call = 2\n    alarm = 3\n"),
    ("m.pc, m.mode = m.vector, Mode.supervisor", "m.pc, m.mode = m.vector, Mode.monitor if cause == Cause.alarm else Mode.supervisor"),
)
"""A trap that goes to a mode beyond the VMM's, as an interrupt of M-mode does under HS."""


def test_traps_that_no_instruction_makes_may_go_beyond_the_vmm(tmp_path: Path) -> None:
    assert str(recursion(tmp_path, "Timeless", "", *BEYOND).verdict) == "proved"


def test_the_vmms_mode_is_where_instructions_trap_to(tmp_path: Path) -> None:
    raised = ('@instruction("0101', '@instruction("0111 0000")\ndef alarm(m):\n    trap(Cause.alarm)\n\n\n@instruction("0101')
    found = recursion(tmp_path, "Timeless", "", *BEYOND, raised)
    assert str(found.verdict) == "refuted"
    assert found.reason == "The mode that the VMM runs in is not one that this scenario's guests have."


@pytest.mark.parametrize("machine", ["machines/mprv.py", "machines/always_traps.py", "machines/readable_clock.py"])
def test_what_is_asked_of_a_guests_guests_is_what_a_judgement_finds(machine: str) -> None:
    """Less is asked where a VMM runs in a guest; premises, what is critical and who reads the time are the same."""
    description = load(Path(__file__).parents[1] / machine)
    with SolverPool(2) as solvers:
        whole, part = (
            asked(Setting(description, description.scenario(None)), Asker(solvers), description.instructions) for asked in (play, carrying)
        )
    assert {name: premise.verdict for name, premise in part.premises.items()} == {n: p.verdict for n, p in whole.premises.items()}
    for question in ("critical", "lost"):
        assert [one.of(question).answer for one in part.classified] == [one.of(question).answer for one in whole.classified]
    assert {name: found.answer for name, found in part.timing.items()} == {n: f.answer for n, f in whole.timing.items()}
    assert {name for one in part.classified for name in one.findings} <= {"critical", "lost"}


def test_guests_that_are_no_scenario() -> None:
    text = "@scenario('s')\nclass S:\n    runs = {Mode.user: Mode.user}\n    guests = 5\n"
    assert mistake(text) == "`guests` is a scenario, not an integer"
