"""Candidate extensions of RV64, judged with an S-mode guest in U-mode: which are good, which are bad, and what their witnesses show.

What the published manuals did in the same place: scounteren gates the counters (Priv. 4.1.5), as a bit does `asid_enabled`; ECALL writes
sepc and no general register (3.3.1), as `fast_call_sepc` does; and mstatus.TW limits WRS.NTO (Zawrs 1.01).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.data import model_name, models
from vmproof.language import Description, load, load_text
from vmproof.virtualize import Judgement, judge

CANDIDATES = Path(__file__).parent.parent.parent / "models" / "candidates"

NEW = {
    "asid": ("csrrw_asid", "csrrs_asid", "csrrc_asid"),
    "asid_enabled": ("csrrw_asid", "csrrs_asid", "csrrc_asid", "csrrw_scustomen", "csrrs_scustomen", "csrrc_scustomen"),
    "fast_call": ("ucall",),
    "fast_call_sepc": ("ucall_sepc",),
    "wait_on_reservation": ("wrs.nto", "wrs.sto"),
}

FIRST = ("asid", "fast_call", "fast_call_sepc", "wait_on_reservation")
SECOND = ("asid_enabled", "wait_on_reservation")
"""Which candidates are judged in one machine: the premises, which take longest, are then asked once."""

BOTH = """
@scenario("both searches")
class Both(WithScustomen):
    search = ["scustomen.ASID", "mstatus.TW"]
"""


def together(names: tuple[str, ...], text: str = "") -> Description:
    imports = "\n".join(f"from {name} import *" for name in names)
    return load_text(f"from vmproof.lang import *\n{imports}\n{text}", CANDIDATES / "together.py")


@pytest.fixture(scope="module")
def first() -> Description:
    return together(FIRST)


@pytest.fixture(scope="module")
def second() -> Description:
    return together(SECOND, BOTH)


@pytest.fixture(scope="module")
def open_(first: Description) -> Judgement:
    """Nothing is asked of the VMM but what RV64 asks for already."""
    return judge(first, "SupervisorInUser", only=("csrrw_asid", "csrrs_asid", "ucall", "ucall_sepc", "wrs.nto", "wrs.sto"))


def test_candidates_add_what_they_say_and_overlap_with_nothing(first: Description, second: Description) -> None:
    for machine, names in ((first, FIRST), (second, SECOND)):
        for name in names:
            file = CANDIDATES / f"{name}.py"
            assert tuple(each.name for each in machine.instructions if each.place is not None and each.place.path == file) == NEW[name]
        assert (machine.decoder.overlaps(), machine.decoder.unreachable()) == ([], [])


def test_a_candidate_is_a_model_whose_own_scenario_comes_first() -> None:
    assert {model_name(path) for path in models() if path.parent == CANDIDATES} == {f"candidates/{name}" for name in NEW}
    machine = load(CANDIDATES / "wait_on_reservation.py")
    assert tuple(each.name for each in machine.added) == NEW["wait_on_reservation"]
    assert machine.scenarios[0].name == "WithTimeout"


def test_the_bad_ones_are_critical_and_the_good_ones_are_not(open_: Judgement) -> None:
    assert open_.critical == ("csrrs_asid", "ucall", "wrs.nto")
    assert open_.undecided == ()
    assert str(open_.theorems["virtualizable"].verdict) == "refuted"
    assert open_.theorems["hybrid"].instructions == open_.critical
    good = {name: open_.instruction(name) for name in ("csrrw_asid", "ucall_sepc", "wrs.sto")}
    assert {name: (str(one.privileged), str(one.innocuous)) for name, one in good.items()} == {
        "csrrw_asid": ("yes", "yes"),  # it writes a read-only register
        "ucall_sepc": ("yes", "no"),
        "wrs.sto": ("no", "yes"),
    }


def test_a_guest_reads_the_identifier_that_its_vmm_has_chosen(open_: Judgement) -> None:
    instruction = open_.instruction("csrrs_asid")
    assert (str(instruction.resource_sensitive), str(instruction.mode_sensitive)) == ("yes", "no")
    shown = instruction.witnesses["critical"]
    assert (shown.first.kind, shown.second.kind) == ("guest", "real")
    assert shown.reason.endswith("and the results differ in x.")
    (where, guest, real), *_ = shown.differences
    assert where.startswith("x[")
    assert (int(guest, 0), int(real, 0)) == (shown.first.state["satp.ASID"], shown.second.state["satp.ASID"])


def test_a_call_that_overwrites_t0_loses_it_for_whoever_traps_it(open_: Judgement) -> None:
    """As SYSENTER loses the EIP: where the guest's own machine takes it for illegal, in S-mode, the handler would find t0 as it was."""
    instruction = open_.instruction("ucall")
    assert (str(instruction.privileged), str(instruction.control_sensitive)) == ("yes", "yes")
    assert instruction.witnesses["critical"].reason == "Its trap to the VMM loses x: two states that differ in it are equal after the trap."
    repair = next(one for one in open_.repair if one.instruction == "ucall")
    assert repair.condition == "ucall traps, but must keep what its trap now loses."


def test_a_wait_without_a_limit_keeps_the_processor(open_: Judgement) -> None:
    instruction = open_.instruction("wrs.nto")
    assert (str(instruction.waiting), str(instruction.trap_sensitive)) == ("yes", "yes")
    wait = "It waits on the real machine in U mode without a trap, so the VMM never gets the processor back."
    assert instruction.reasons["resource_control"] == wait
    assert open_.theorems["resource_control"].instructions == ("wrs.nto",)
    repair = next(one for one in open_.repair if one.instruction == "wrs.nto")
    assert repair.bits == (("mstatus.TW", 1),)


def test_with_bits_to_be_chosen_both_mended_ones_are_good(second: Description) -> None:
    judgement = judge(second, "Both", only=("csrrs_asid", "csrrw_scustomen", "wrs.nto"))
    verdicts = {name: str(theorem.verdict) for name, theorem in judgement.theorems.items()}
    assert verdicts == {
        "virtualizable": "proved",
        "hybrid": "proved",
        "recursive": "refuted",  # the VMM runs in a mode that no guest of this scenario has
        "equivalence": "proved",
        "resource_control": "proved",
        "efficiency": "proved",
    }
    assert judgement.host is not None
    assert judgement.host.assignments == ({"scustomen.ASID": 0, "mstatus.TW": 1},)
    assert str(judgement.instruction("csrrs_asid").privileged) == "yes"
    assert str(judgement.instruction("wrs.nto").privileged) == "no"  # within the limit it may end without a trap
