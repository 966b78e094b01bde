"""RV64 hosts a VMM with the guest's S-mode, or its M-mode too, in U-mode (Priv. 3.1.11; RVirt, Miralis); with open counters it does not."""

from __future__ import annotations

import shutil
from pathlib import Path

from vmproof.language import load
from vmproof.virtualize import judge

ROOT = Path(__file__).parent.parent.parent

SENSITIVE = ("csrrw_sstatus", "csrrs_satp", "csrrs_time", "sret", "sfence_vma")
"""They behave differently in S-mode, or change what is the VMM's, and all trap in U-mode."""
ORDINARY = ("addi", "ld", "sd", "amoadd_d", "ecall", "mret", "hlv.d")
"""In a guest without M-mode's rights and without the H extension, MRET and HLV always trap."""


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
    shutil.copytree(ROOT / "spec", tmp_path / "spec", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "models" / "rv64", tmp_path / "models" / "rv64", ignore=shutil.ignore_patterns("__pycache__"))
    described = (ROOT / "models" / "rv64.py").read_text()
    open_ = described.replace("real.mcounteren == 0 and", "real.mcounteren == 2 and")
    assert open_ != described
    (tmp_path / "models" / "rv64.py").write_text(open_)
    judgement = judge(load(tmp_path / "models" / "rv64.py"), "SupervisorInUser", only=("csrrs_time", "csrrs_cycle"))
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
