"""RV64 with its hypervisor extension agrees with QEMU 7.2: modes, translation of one and two stages, protection, traps and delegation.

Every instruction runs from random legal states, and all registers and the memory are compared, after trap entry too. A difference is a
lead, not a refutation: `tests/support/rv64_waivers.py` says what the manual says of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch

import pytest

from tests.support.rv64_agreement import differences
from tests.support.rv64_cases import background, cases
from tests.support.rv64_qemu import Qemu, program
from tests.support.rv64_state import leaves, machine
from tests.support.rv64_waivers import WAIVERS, Waiver, waived
from vmproof.simulate import Simulator

pytestmark = pytest.mark.skipif(program() is None, reason="qemu-system-riscv64 is not installed")

SYSTEM = re.compile(r"[ms]ret|wfi|ecall|ebreak|[sh]fence_.*|(lw|sd|lhu|sb|hlv\.[wd]|hsv\.[wd]|amoadd_d|sc_d|c_ldsp)")
PROTECTED = ("lw", "sd", "lr_d", "amoor_w", "hlv.d", "hsv.w", "c_j", "mret")
SEARCH = 400  # rounds in which every waiver must have been used


@pytest.fixture(scope="module")
def qemu() -> Iterator[Qemu]:
    running = Qemu(background())
    yield running
    running.close()


def turns(name: str) -> int:
    """How many states an instruction runs from: more where modes and translation matter."""
    return 5 if SYSTEM.fullmatch(name) else 1


@pytest.mark.parametrize("name", [item.name for item in machine().instructions])
def test_an_instruction_agrees_with_qemu(name: str, qemu: Qemu) -> None:
    instruction = machine().instruction(name)
    assert instruction is not None
    results = [differences(case, qemu) for case in cases(instruction, turns(name))]
    assert [str(each) for result in results for each in result or () if not waived(each)] == []


@pytest.mark.parametrize("name", PROTECTED)
def test_physical_memory_protection_agrees_with_qemu(name: str, qemu: Qemu) -> None:
    instruction = machine().instruction(name)
    assert instruction is not None
    results = [differences(case, qemu) for case in cases(instruction, 8, pmp=True)]
    assert [str(each) for result in results for each in result or () if not waived(each)] == []


def test_the_states_are_legal() -> None:
    for instruction in machine().instructions[::9]:
        for case in cases(instruction, 1):
            assert Simulator(machine(), leaves(case.start)).legal()


@pytest.mark.parametrize("waiver", WAIVERS, ids=lambda waiver: f"{waiver.instruction} {waiver.field} {waiver.reason}")
def test_a_waiver_is_needed(waiver: Waiver, qemu: Qemu) -> None:
    """A waiver that covers nothing is to be taken out."""
    candidates = [item for item in machine().instructions if fnmatch(item.name, waiver.example or waiver.instruction)]
    assert any(
        waiver.covers(each)
        for turn in range(SEARCH)
        for instruction in candidates
        for case in cases(instruction, 1, f"waiver {turn}", pmp=waiver.section == "3.7.1")
        if waiver.on(case)
        for each in differences(case, qemu) or ()
    ), f"no difference needs the waiver: {waiver.reason} ({waiver.section})"
