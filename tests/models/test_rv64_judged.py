"""Where RV64 runs a guest: its S-mode or M-mode in U-mode (RVirt, Miralis), its S-mode in S-mode under M, or in VS-mode under HS.

What the privileged specification says about each (3.1.6.5, 3.1.11, 8.2.1) comes out: which bits must trap, and what would be critical.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from vmproof.language import load
from vmproof.virtualize import judge

ROOT = Path(__file__).parent.parent.parent

SENSITIVE = ("csrrw_sstatus", "csrrs_satp", "csrrs_time", "sret", "sfence_vma")
"""They behave differently in S-mode, or change what is the VMM's, and all trap in U-mode."""
ORDINARY = ("addi", "ld", "sd", "amoadd_d", "ecall", "mret", "hlv.d")
"""In a guest without M-mode's rights and without the H extension, MRET and HLV always trap."""


FINE = {"virtualizable": "proved", "equivalence": "proved", "resource_control": "proved", "efficiency": "proved"}


def changed(tmp_path: Path, file: str, old: str, new: str) -> Path:
    """The model with one change of a text."""
    shutil.copytree(ROOT / "spec", tmp_path / "spec", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns("__pycache__"))
    text = (tmp_path / "models" / file).read_text()
    assert old in text
    (tmp_path / "models" / file).write_text(text.replace(old, new))
    return tmp_path / "models" / "rv64.py"


def test_supervisor_in_user() -> None:
    """A sample: all 369 descriptions of instructions take a minute and a half."""
    judgement = judge(load(ROOT / "models" / "rv64.py"), "SupervisorInUser", only=(*SENSITIVE, *ORDINARY, "wfi"))
    assert judgement.critical == ()
    assert judgement.undecided == ()
    verdicts = {name: str(theorem.verdict) for name, theorem in judgement.theorems.items()}
    assert verdicts == {
        "virtualizable": "proved",
        "hybrid": "proved",
        "equivalence": "proved",
        "resource_control": "proved",
        "efficiency": "proved",
        "recursive": "refuted",  # the VMM runs in a mode that no guest of this scenario has
    }
    for name in SENSITIVE:
        instruction = judgement.instruction(name)
        assert (str(instruction.privileged), str(instruction.innocuous)) == ("yes", "no"), name
    for name in ORDINARY:
        assert str(judgement.instruction(name).innocuous) == "yes", name
    wfi = judgement.instruction("wfi")
    assert (str(wfi.privileged), str(wfi.waiting)) == ("no", "yes")  # it may complete as a no-op


def test_a_time_that_user_mode_may_read(tmp_path: Path) -> None:
    """With mcounteren.TM and scounteren.TM both 1 RDTIME completes in U-mode; that it does is for the judgement to find."""
    model = changed(tmp_path, "rv64.py", "real.mcounteren == 0 and", "real.mcounteren == 2 and")
    judgement = judge(load(model), "SupervisorInUser", only=("csrrs_time", "csrrs_cycle"))
    assert set(judgement.critical) == {"csrrs_time"}
    assert str(judgement.theorems["virtualizable"].verdict) == "refuted"
    assert judgement.theorems["virtualizable"].instructions == ("csrrs_time",)


def test_machine_mode_in_user() -> None:
    """No instruction is critical; but M-mode under MPRV loads from other pages than it fetches from, and U-mode has one page for both."""
    judgement = judge(load(ROOT / "models" / "rv64.py"), "MachineInUser", only=("ld", "csrrw_mstatus", "mret"))
    assert judgement.critical == ()
    assert judgement.undecided == ()
    verdicts = {name: str(theorem.verdict) for name, theorem in judgement.theorems.items()}
    assert (verdicts["virtualizable"], verdicts["equivalence"], verdicts["efficiency"]) == ("proved", "proved", "refuted")
    premises = judgement.premises
    assert (str(premises["realisation"].verdict), str(premises["view"].verdict)) == ("refuted", "proved")
    assert premises["realisation"].reason.startswith("No real state gives the guest its view at address ")
    assert premises["view"].reason == "What the real mode cannot give traps."


@pytest.mark.parametrize(
    ("scenario", "bits"),
    [
        ("SupervisorInSupervisor", {"mstatus.TVM": 1, "mstatus.TW": 1, "mstatus.TSR": 0}),
        ("SupervisorSeen", {"mstatus.TVM": 1, "mstatus.TW": 1, "mstatus.TSR": 1}),
        ("VirtualSupervisor", {"hstatus.VTVM": 0, "hstatus.VTW": 1, "hstatus.VTSR": 0}),
    ],
)
def test_which_bits_must_trap(scenario: str, bits: Mapping[str, int]) -> None:
    """Priv. 3.1.6.5 and 8.2.1: what the VMM owns must trap, and what would wait; SRET only where the mode is not the guest's own."""
    only = ("csrrw_satp", "csrrw_sstatus", "sret", "wfi", "ld", "hlv.d", "ecall")
    judgement = judge(load(ROOT / "models" / "rv64.py"), scenario, only=only)
    assert judgement.undecided == ()
    assert {name: str(judgement.theorems[name].verdict) for name in FINE} == FINE
    assert {name: str(premise.verdict) for name, premise in judgement.premises.items()} == dict.fromkeys(judgement.premises, "proved")
    assert judgement.host is not None
    assert [dict(values) for values in judgement.host.assignments] == [bits]
    guests_own = scenario == "VirtualSupervisor"
    assert (str(judgement.instruction("csrrw_satp").privileged), str(judgement.instruction("csrrw_satp").innocuous)) == (
        ("no", "yes") if guests_own else ("yes", "no")
    )
    assert str(judgement.instruction("csrrw_sstatus").innocuous) == "yes"
    assert str(judgement.instruction("sret").privileged) == ("yes" if scenario == "SupervisorSeen" else "no")
    assert str(judgement.instruction("hlv.d").privileged) == "yes"


OF_ITS_GUESTS = ("hlv.b", "hsv.d", "hlvx.wu")
"""What a VMM loads and stores as a guest of its own would: two VMMs that see the same may have other tables for that one."""
VMM_INSTRUCTIONS = ("csrrw_satp", "csrrw_hgatp", "csrrw_vsatp", "csrrw_sie", "sret", "wfi", "ld", "ecall", "hfence_gvma", *OF_ITS_GUESTS)


def test_a_vmm_as_guest() -> None:
    """HS-mode in VS-mode: what governs its own guests traps, and SRET, which may enter one of them; and a VMM can run in itself.

    For that the scenario in which its guests run is judged as well, with the same instructions.
    """
    judgement = judge(load(ROOT / "models" / "rv64.py"), "VirtualHypervisor", only=VMM_INSTRUCTIONS)
    assert judgement.undecided == ()
    assert {name: str(judgement.theorems[name].verdict) for name in FINE} == FINE
    assert {name: str(premise.verdict) for name, premise in judgement.premises.items()} == dict.fromkeys(judgement.premises, "proved")
    assert str(judgement.theorems["recursive"].verdict) == "proved"
    privileged = {one.name for one in judgement.instructions if str(one.privileged) == "yes"}
    assert privileged == {"csrrw_hgatp", "csrrw_vsatp", "sret", "hfence_gvma", *OF_ITS_GUESTS}
    assert {one.name for one in judgement.instructions if str(one.innocuous) == "yes"} == {"csrrw_satp", "ld", "ecall"}
    for name in OF_ITS_GUESTS:
        one = judgement.instruction(name)
        assert (str(one.sensitive), str(one.resource_sensitive)) == ("yes", "yes"), name
        assert "resource_sensitive" in one.witnesses, name


def test_the_guests_of_a_vmm_as_guest() -> None:
    """VS-mode behind a shadow second stage: all that is the guest's own stays with it, unless the guest VMM wants to see it."""
    only = ("csrrw_satp", "csrrw_sstatus", "csrrs_time", "sret", "wfi", "ld", "ecall", "hlv.d", "csrrw_hgatp")
    judgement = judge(load(ROOT / "models" / "rv64.py"), "GuestOfVirtualHypervisor", only=only)
    assert judgement.undecided == ()
    assert {name: str(judgement.theorems[name].verdict) for name in FINE} == FINE
    assert {name: str(premise.verdict) for name, premise in judgement.premises.items()} == dict.fromkeys(judgement.premises, "proved")
    assert {one.name for one in judgement.instructions if str(one.innocuous) == "yes"} == set(only) - {"csrrs_time", "wfi"}


def test_what_a_guest_vmm_wants_to_see(tmp_path: Path) -> None:
    """8.2.1, 8.2.2: an exception that it has not delegated, and what VTSR or VTW makes trap, is not for its guest alone."""
    file = "rv64/shadow_stage2.py"
    model = changed(tmp_path, file, "(guest.medeleg & guest.hedeleg)", "guest.medeleg")
    for old, new in (("real.hstatus.VTSR == guest.hstatus.VTSR", "not real.hstatus.VTSR"), ("real.hstatus.VTW and", "True and")):
        text = (tmp_path / "models" / file).read_text()
        assert old in text
        (tmp_path / "models" / file).write_text(text.replace(old, new))
    judgement = judge(load(model), "GuestOfVirtualHypervisor", only=("ebreak", "sret", "wfi", "csrrw_satp"))
    assert set(judgement.critical) == {"ebreak", "sret", "wfi"}


def test_a_delegated_trap_clears_nothing_of_hstatus(tmp_path: Path) -> None:
    """8.6.2: a trap into HS-mode sets SPV and GVA by where it comes from, which one into VS-mode does not do for the guest's hstatus."""
    model = changed(tmp_path, "rv64/stage2.py", "(cleared or real.hedeleg == 0)", "True")
    judgement = judge(load(model), "VirtualHypervisor", only=("ecall",))
    assert judgement.critical == ("ecall",)
    reason = judgement.instruction("ecall").reasons["critical"]
    assert re.search(r"machine in U mode it changes (hstatus\.GVA|hstatus\.SPV|htval|htinst), which the VMM does not see\.$", reason)


def test_illegal_instructions_must_reach_the_vmm(tmp_path: Path) -> None:
    """With medeleg[2] = 1 the guest itself gets the exception by which the VMM was to see its write of satp."""
    model = changed(tmp_path, "rv64/vmm.py", "MEMORY_FAULTS | ILLEGAL)", "MEMORY_FAULTS)")
    judgement = judge(load(model), "SupervisorInSupervisor", only=("csrrw_satp", "csrrw_sscratch"))
    assert judgement.critical == ("csrrw_satp",)
    assert str(judgement.theorems["virtualizable"].verdict) == "refuted"
