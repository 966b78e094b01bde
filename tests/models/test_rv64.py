"""RV64 agrees with Unicorn's SiFive U54, in M-, S- and U-mode. Known differences are waived one by one.

A difference is a lead, not a refutation: each waiver says what the manuals say (Priv. and Unpriv. as the model cites them).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fnmatch import fnmatch

import pytest

from tests.support.rv64_state import M, machine
from tests.support.rv64_unicorn import Difference, cases, compared, differences

TURNS = 3  # random states for each instruction
SEARCH = 30  # rounds in which every waiver must have been used


@dataclasses.dataclass(frozen=True)
class Waiver:
    """A known difference: patterns of the instruction's name and of the field, why, where the manual says so, and when it shows."""

    instruction: str
    field: str
    reason: str
    section: str
    condition: Callable[[Difference], bool] = dataclasses.field(default=lambda difference: True, repr=False)

    def covers(self, difference: Difference) -> bool:
        return (
            fnmatch(difference.case.instruction.name, self.instruction)
            and fnmatch(difference.field, self.field)
            and self.condition(difference)
        )


def misaligned(difference: Difference) -> bool:
    return difference.cause == "store_address_misaligned" and difference.emulated == 4


def odd(difference: Difference) -> bool:
    return difference.described == difference.emulated & ~1


def undelegated(difference: Difference) -> bool:
    """Bit 0, the call from M-mode, and the causes of a draft of the hypervisor extension."""
    return difference.described == difference.emulated & 0xB3FE


def widths(difference: Difference) -> bool:
    return difference.described == difference.emulated | difference.described & 0xA_0000_0000


def guest_interrupts(difference: Difference) -> bool:
    return difference.described == difference.emulated & ~0x444


def wide(difference: Difference) -> bool:
    return difference.described == difference.emulated & 0xFFFF_FFFF


def destination(difference: Difference) -> bool:
    return difference.field == f"x{difference.case.operands['rd']}"


def in_lower_mode(difference: Difference) -> bool:
    return difference.case.start.mode != M and difference.described == 2 and difference.emulated == 0


WAIVERS = (
    Waiver("amo*", "cause", "the emulator loads first", "Priv. 3.1.15", misaligned),
    Waiver("ecall", "cause", "the emulator reports calls of all modes alike", "Priv. 3.1.15", lambda it: it.emulated == 8),
    Waiver("ebreak", "cause", "the emulator stops", "Priv. 3.3.1", lambda it: it.emulated < 0),
    Waiver("csrr?_?epc", "?epc", "the emulator keeps the lowest bit", "Priv. 3.1.14, 4.1.7", odd),
    Waiver("csrr?_medeleg", "medeleg", "the emulator lets other causes be delegated", "Priv. 3.1.8", undelegated),
    Waiver("csrr?_mi*", "mi*", "the emulator has interrupts of a draft of the hypervisor extension", "Priv. 3.1.9", guest_interrupts),
    Waiver("csrr?_sie", "mie", "the emulator does not obey mideleg", "Priv. 4.1.3", lambda it: not (it.described ^ it.emulated) & ~0x222),
    Waiver("csrr?_?status", "x*", "the emulator does not show UXL and SXL", "Priv. 3.1.6.2", widths),
    Waiver("csrr?_?counteren", "?counteren", "the emulator has 64 bits in it", "Priv. 3.1.11, 4.1.5", wide),
    Waiver("csrr?_m*cycle", "x*", "the emulator counts", "Priv. 3.1.10", destination),
    Waiver("csrr?_m*instret", "x*", "the emulator counts", "Priv. 3.1.10", destination),
    Waiver("csrr?_cycle", "x*", "the emulator counts", "Priv. 3.1.10", destination),
    Waiver("csrr?_instret", "x*", "the emulator counts", "Priv. 3.1.10", destination),
    Waiver("csrr?_time", "cause", "the emulator has no time", "Priv. 3.2.1", lambda it: it.emulated == 2),
    Waiver("csrr?_*", "cause", "the emulator's counters do not obey mcounteren", "Priv. 3.1.11", in_lower_mode),
)


def unwaived(difference: Difference) -> bool:
    return not any(waiver.covers(difference) for waiver in WAIVERS)


@pytest.mark.parametrize("name", [item.name for item in compared()])
def test_an_instruction_agrees_with_the_emulator(name: str) -> None:
    instruction = machine().instruction(name)
    assert instruction is not None
    results = [differences(case) for case in cases(instruction, TURNS)]
    assert any(result is not None for result in results)
    assert [str(each) for result in results for each in result or () if unwaived(each)] == []


@pytest.mark.parametrize("waiver", WAIVERS, ids=lambda waiver: f"{waiver.instruction}-{waiver.section}")
def test_a_waiver_is_needed(waiver: Waiver) -> None:
    """A waiver that covers nothing is to be taken out."""
    candidates = [item for item in compared() if fnmatch(item.name, waiver.instruction)]
    assert any(
        waiver.covers(each)
        for turn in range(SEARCH)
        for instruction in candidates
        for case in cases(instruction, 1, f"waiver {turn}")
        for each in differences(case) or ()
    ), f"no difference needs the waiver: {waiver.reason} ({waiver.section})"
