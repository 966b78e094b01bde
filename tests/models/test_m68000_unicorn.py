"""The 68000 agrees with Unicorn's: every instruction in every form, from random legal states. Known differences are waived one by one.

A difference is a lead, not a refutation: each waiver says what the manuals say (PRM and UM as the model cites them).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fnmatch import fnmatch

import pytest

from tests.support.m68k_agreement import Case, Difference, cases, differences, machine

TURNS = 1  # random states for each form of each instruction
SEARCH = 12  # rounds in which every waiver must have been used


@dataclasses.dataclass(frozen=True)
class Waiver:
    """A known difference: patterns of the instruction's name and of the field, why, where the manuals say so, and when it shows."""

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


def odd_address(difference: Difference) -> bool:
    return difference.cause == "address_error"


def traced(difference: Difference) -> bool:
    return difference.cause == "trace" and difference.emulated == "completes"


def scaled_index(difference: Difference) -> bool:
    """A brief extension word with any of bits 10 to 8 set; their don't-care bits come last among the case's operands."""
    case = difference.case
    indexed = [name for name, forms in case.instruction.encoding.forms.items() if _form(case, name).endswith("index")]
    return bool(indexed) and case.operands.get("-", 0) != 0


def _form(case: Case, operand: str) -> str:
    forms = case.instruction.encoding.forms.get(operand)
    return "" if forms is None else forms.names[case.operands.get(f"{operand}.form", 0)]


def mode_bit(difference: Difference) -> bool:
    """Bit 3 of the instruction word, which belongs to the addressing mode here."""
    return bool(difference.case.code[1] & 8)


def no_mode_bit(difference: Difference) -> bool:
    return not mode_bit(difference)


def long_branch(difference: Difference) -> bool:
    return difference.case.code[1] == 0xFF


def upper_byte(difference: Difference) -> bool:
    return difference.case.code[2] != 0


def moved_pointer(difference: Difference) -> bool:
    return difference.cause in ("chk", "zero_divide") and _form(difference.case, "ea") in ("postinc", "predec")


def stack_pointer(difference: Difference) -> bool:
    return difference.case.code[1] & 7 == 7


def either_stack_pointer(difference: Difference) -> bool:
    return 7 in (difference.case.operands["rx"], difference.case.operands["ry"])


def moved_stack_pointer(difference: Difference) -> bool:
    return stack_pointer(difference) and _form(difference.case, "ea") in ("postinc", "predec")


def master_bit(difference: Difference) -> bool:
    return bool(difference.emulated_sr & 1 << 12)


def stores_its_pointer(difference: Difference) -> bool:
    """The mask is in the second word, A7 in its lowest bit."""
    mask = int.from_bytes(difference.case.code[2:4], "big")
    return bool(mask & 1 << 7 - difference.case.operands["reg"])


WAIVERS = (
    Waiver("*", "outcome", "the emulator accesses words at odd addresses", "UM 6.3.10", odd_address),
    Waiver("*", "outcome", "the emulator does not trace", "UM 6.3.8", traced),
    Waiver("*", "*", "the emulator takes the extension word of later processors", "PRM 2.4", scaled_index),
    Waiver("b[crs][car]", "pc", "the emulator takes the displacement $FF for a long branch", "PRM 4, Bcc: MC68020 on", long_branch),
    Waiver("bsr", "memory", "the emulator takes the displacement $FF for a long branch", "PRM 4, BSR: MC68020 on", long_branch),
    Waiver("b*_immediate", "outcome", "the emulator minds the unused half of the bit number", "UM 6.3.6: first words", upper_byte),
    Waiver("chk", "a[0-7]", "the emulator forgets that the address register has moved before the trap", "UM 6.3.5", moved_pointer),
    Waiver("div[us]", "a[0-7]", "the emulator forgets that the address register has moved before the trap", "UM 6.3.5", moved_pointer),
    Waiver("asr_memory", "*", "the emulator takes a bit of the addressing mode for the kind of shift", "PRM 4, ASR", mode_bit),
    Waiver("lsr_memory", "*", "the emulator takes a bit of the addressing mode for the kind of shift", "PRM 4, LSR", no_mode_bit),
    Waiver("asl_memory", "V", "the emulator compares the sign at the wrong bit", "PRM 4, ASL"),
    Waiver("addx_b_memory", "*", "the emulator moves the stack pointer by one byte", "PRM 2.2.5", either_stack_pointer),
    Waiver("subx_b_memory", "*", "the emulator moves the stack pointer by one byte", "PRM 2.2.5", either_stack_pointer),
    Waiver("movem_?_predecrement", "memory", "the emulator stores the moved pointer", "PRM 4, MOVEM: MC68000", stores_its_pointer),
    Waiver("link", "memory", "the emulator stores A7 as it was before it moved", "PRM 4, LINK: SP - 4 -> SP first", stack_pointer),
    Waiver("unlk", "a7", "the emulator loses what it loads into A7", "PRM 4, UNLK: (SP) -> An", stack_pointer),
    Waiver("jsr", "pc", "the emulator computes the address after pushing", "PRM 2.2.3", stack_pointer),
    Waiver("*_to_sr", "a7", "the emulator has a third stack pointer, chosen by bit 12", "PRM 1.3.2: MC68020 on", master_bit),
    Waiver("stop", "a7", "the emulator has a third stack pointer, chosen by bit 12", "PRM 1.3.2: MC68020 on", master_bit),
    Waiver("move_to_sr", "other_sp", "the emulator moves the pointer after changing the mode", "PRM 2.2.5", moved_stack_pointer),
    Waiver("move_to_sr", "a7", "the emulator moves the pointer after changing the mode", "PRM 2.2.5", moved_stack_pointer),
    Waiver("line_f", "outcome", "the emulator has some coprocessor instructions", "UM 6.3.6"),
    Waiver("rtr", "outcome", "the emulator has no RTR on this processor", "PRM 4, RTR"),
    Waiver("rte", "outcome", "the emulator leaves RTE to the code that enters exceptions", "PRM 6, RTE"),
    Waiver("trapv", "outcome", "the emulator has no TRAPV", "PRM 4, TRAPV"),
)


def unwaived(difference: Difference) -> bool:
    return not any(waiver.covers(difference) for waiver in WAIVERS)


@pytest.mark.parametrize("name", [item.name for item in machine().instructions])
def test_an_instruction_agrees_with_the_emulator(name: str) -> None:
    instruction = machine().instruction(name)
    assert instruction is not None
    found = [str(each) for case in cases(instruction, TURNS) for each in differences(case) if unwaived(each)]
    assert found == []


@pytest.mark.parametrize("waiver", WAIVERS, ids=lambda waiver: f"{waiver.instruction}-{waiver.section}")
def test_a_waiver_is_needed(waiver: Waiver) -> None:
    """A waiver that covers nothing is to be taken out."""
    candidates = [item for item in machine().instructions if fnmatch(item.name, waiver.instruction)]
    assert any(
        waiver.covers(each)
        for turn in range(SEARCH)
        for instruction in candidates
        for case in cases(instruction, 1, f"waiver {turn}")
        for each in differences(case)
    ), f"no difference needs the waiver: {waiver.reason} ({waiver.section})"
