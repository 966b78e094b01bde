"""Where QEMU 7.2 is known to depart from the manual, or to make another choice than the description where the manual leaves one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fnmatch import fnmatch

from tests.support.rv64_agreement import Difference
from tests.support.rv64_cases import Case
from tests.support.rv64_state import VS, VU, M, S


@dataclasses.dataclass(frozen=True)
class Waiver:
    """A known difference: patterns of the instruction's name and of the field, why, where the manual says so, and when it shows."""

    instruction: str
    field: str
    reason: str
    section: str
    condition: Callable[[Difference], bool] = dataclasses.field(default=lambda difference: True, repr=False)
    on: Callable[[Case], bool] = dataclasses.field(default=lambda case: True, repr=False)  # which cases can show it
    example: str = ""  # a pattern of instructions that show it soon, where others would take long

    def covers(self, difference: Difference) -> bool:
        return (
            fnmatch(difference.case.instruction.name, self.instruction)
            and fnmatch(difference.field, self.field)
            and self.on(difference.case)
            and self.condition(difference)
        )


def destination(difference: Difference) -> bool:
    return difference.field == f"x{difference.case.operands.get('rd')}"


def into_machine_mode(difference: Difference) -> bool:
    return bool(difference.cause) and difference.after.mode == M


def into_guest(difference: Difference) -> bool:
    return bool(difference.cause) and difference.after.mode == VS


def implicit(difference: Difference) -> bool:
    """A guest-page fault of an implicit access to a guest's table, which QEMU reports as a load's."""
    fault = difference.cause in ("instruction_guest_page_fault", "store_guest_page_fault")
    return fault and (difference.after.words["mtinst" if difference.after.mode == M else "htinst"] in (0x3000, 0x3020))


def other_delegation(difference: Difference) -> bool:
    """Such a fault where the delegation of a load's differs."""
    code = {"instruction_guest_page_fault": 20, "store_guest_page_fault": 23}.get(difference.cause, 21)
    medeleg = difference.case.start.words["medeleg"]
    return implicit(difference) and medeleg >> code & 1 != medeleg >> 21 & 1


def supervisor_register_in_vu(difference: Difference) -> bool:
    return difference.case.start.mode == VU and difference.cause == "virtual_instruction"


def one_less(difference: Difference) -> bool:
    return into_guest(difference) and difference.described in (2, 6, 10) and difference.emulated == difference.described - 1


def executable_table(difference: Difference) -> bool:
    """An implicit access to a page of the second stage that may only be executed, where MXR is set."""
    words = difference.case.start.words
    report = difference.after.words["mtinst" if difference.after.mode == M else "htinst"]
    return difference.cause.endswith("guest_page_fault") and report == 0x3000 and bool((words["mstatus"] | words["vsstatus"]) >> 19 & 1)


def clean_table(difference: Difference) -> bool:
    return difference.described == difference.emulated | 0x80


def breakpoint_of_ebreak(difference: Difference) -> bool:
    return difference.cause == "breakpoint"


def no_access(difference: Difference) -> bool:
    return difference.cause in ("virtual_instruction", "illegal_instruction")


def fault_by_mprv(difference: Difference) -> bool:
    """A guest-page fault of a load or store of M-mode with MPRV and MPV."""
    mask = 1 << 39 | 1 << 17
    start = difference.case.start
    return difference.cause.endswith("guest_page_fault") and start.mode == M and start.words["mstatus"] & mask == mask


def guest_user_page(difference: Difference) -> bool:
    """A page fault of an access as in VS-mode, made by HS-, U- or M-mode, where vsstatus.SUM forbids users' pages."""
    case = difference.case
    fault = difference.cause in ("load_page_fault", "store_page_fault") and not case.start.words["vsstatus"] >> 18 & 1
    return fault and case.guest and case.start.mode not in (VS, VU)


def protected_guest(difference: Difference) -> bool:
    return difference.case.start.pmp and difference.cause.endswith("access_fault") and difference.case.guest


def other_mxr(case: Case) -> bool:
    """A load as in a virtual machine, whose MXR is not that of HS-mode."""
    return case.loads and case.guest and (case.start.words["mstatus"] ^ case.start.words["vsstatus"]) >> 19 & 1 == 1


def both_stages(case: Case) -> bool:
    return case.guest and case.start.words["vsatp"] >> 60 != 0 != case.start.words["hgatp"] >> 60


def accessed(difference: Difference) -> bool:
    return bool(difference.cause) and difference.field.startswith("memory") and difference.emulated == difference.described | 0x40


def machine_by_mprv(case: Case) -> bool:
    """A load or store of M-mode with MPRV, MPV, and MPP = M."""
    mask = 1 << 39 | 1 << 17 | 3 << 11
    return case.start.mode == M and case.start.words["mstatus"] & mask == mask


def masked_by_mideleg(difference: Difference) -> bool:
    case = difference.case
    left = difference.described & case.start.words["mideleg"]
    return destination(difference) and case.start.mode == VS and difference.emulated in (left, left & 2)


def one_place_off(difference: Difference) -> bool:
    name = difference.case.instruction.name
    return name.endswith(("_vsip", "_vsie")) or difference.case.start.mode == VS


def odd(difference: Difference) -> bool:
    return difference.described == difference.emulated & ~1


def undelegated(difference: Difference) -> bool:
    """Bit 0, and the call from M-mode."""
    return difference.described == difference.emulated & ~0x801


def holds_zero(difference: Difference) -> bool:
    """A write of CSRRS or CSRRC with a register that is not x0 and holds zero."""
    operands, x = difference.case.operands, difference.case.start.x
    return operands["source.form"] == 0 and operands["source.rs1"] != 0 and x[operands["source.rs1"]] == 0


def unwritable_table(difference: Difference) -> bool:
    report = difference.after.words["mtinst" if difference.after.mode == M else "htinst"]
    return difference.cause.endswith("guest_page_fault") and report == 0x3020


def misaligned(difference: Difference) -> bool:
    return difference.cause == "store_address_misaligned"


def traps_guest(difference: Difference, bit: int) -> bool:
    """In VS-mode, with a bit of mstatus that is about HS-mode."""
    return difference.case.start.mode == VS and bool(difference.case.start.words["mstatus"] >> bit & 1)


def traps_on_satp(difference: Difference) -> bool:
    words = difference.case.start.words
    return difference.case.start.mode == VS and bool((words["mstatus"] | words["hstatus"]) >> 20 & 1)


def traps_on_hgatp(difference: Difference) -> bool:
    return difference.case.start.mode == S and bool(difference.case.start.words["mstatus"] >> 20 & 1)


def wide(difference: Difference) -> bool:
    return difference.described == difference.emulated & 0xFFFF_FFFF


WAIVERS = (
    # Trap entry
    Waiver(
        "*", "mstatus.GVA", "QEMU never clears it, and sets it for any value in mtval", "8.4.1", into_machine_mode, example="csrr?_mscratch"
    ),
    Waiver("*", "hstatus.GVA", "QEMU writes it when VS-mode takes a trap", "8.2.1, 8.6.2", into_guest, example="ecall"),
    Waiver("*", "htval", "QEMU writes it when VS-mode takes a trap", "8.6.2", into_guest, example="ecall"),
    Waiver(
        "*",
        "vscause",
        "QEMU takes exceptions 2, 6 and 10 for interrupts of VS-mode, which count one lower",
        "8.2.3",
        one_less,
        example="csrr?_medeleg",
    ),
    Waiver("*", "[ms]cause", "QEMU reports a load where a fault of the second stage comes from a table", "8.5.1", implicit, example="sd"),
    Waiver("*", "*", "QEMU reports a load where a fault of the second stage comes from a table", "8.5.1", other_delegation, example="sd"),
    Waiver("csrr?_*", "*", "QEMU raises an illegal-instruction exception in VU-mode", "8.6.1", supervisor_register_in_vu),
    Waiver("*", "?tval", "QEMU reports nothing of EBREAK; either is allowed", "3.1.16", breakpoint_of_ebreak, example="ebreak"),
    Waiver("*", "vstval", "QEMU reports nothing of EBREAK; either is allowed", "3.1.16", breakpoint_of_ebreak, example="ebreak"),
    Waiver("*", "hstatus.GVA", "QEMU reports nothing of EBREAK; either is allowed", "3.1.16", breakpoint_of_ebreak, example="ebreak"),
    Waiver("h[ls]v*", "?tval", "QEMU reports another instruction, or nothing", "3.1.16", no_access),
    Waiver("sret", "*", "QEMU raises an illegal-instruction exception in VU-mode", "8.6.1", supervisor_register_in_vu),
    Waiver("[sh]fence_*", "*", "QEMU raises an illegal-instruction exception in VU-mode", "8.6.1", supervisor_register_in_vu),
    # Address translation
    Waiver("*", "*", "QEMU lets MXR of VS-mode stand for that of HS-mode", "8.2.11, 8.5.1", on=other_mxr, example="lw"),
    Waiver("*", "*", "QEMU lets MXR make tables readable, which is about explicit loads", "3.1.6.3, 8.5.1", executable_table, example="lw"),
    Waiver(
        "*",
        "*",
        "QEMU sets A and D in a table that the second stage does not let it write",
        "8.5.1, 8.6.3",
        unwritable_table,
        both_stages,
        example="sd",
    ),
    Waiver(
        "*",
        "memory*",
        "QEMU sets A before a trap that ends the instruction; A may be set speculatively",
        "4.3.1",
        accessed,
        example="[ls][bhwd]",
    ),
    Waiver("*", "*", "QEMU translates by the second stage though MPP is M", "8.4.1, table 8.5", on=machine_by_mprv, example="lw"),
    Waiver("*", "*", "QEMU ignores SUM when another mode accesses as VS-mode", "8.3.1", guest_user_page, example="h[ls]v.d"),
    Waiver("hlvx*", "*", "QEMU asks for read permission", "8.3.1"),
    Waiver("*", "?cause", "QEMU reports a page fault, not a guest-page fault", "8.6", fault_by_mprv, example="[ls][bhwd]"),
    Waiver("*", "*", "QEMU reports a guest-page fault where physical memory protection forbids it", "3.7.1", protected_guest, example="lw"),
    Waiver(
        "*", "memory*", "QEMU does not mark the page of a table dirty that it updates", "8.5.1, 4.3.1", clean_table, both_stages,
        "h[ls]v.[wd]",
    ),
    # Values of registers
    Waiver("[ms]ret", "mstatus.MPRV", "QEMU does not clear it", "3.1.6.3", lambda it: it.described == 0),
    Waiver("csrr?_*cycle", "x*", "QEMU counts", "3.1.10", destination),
    Waiver("csrr?_*instret", "x*", "QEMU counts", "3.1.10", destination),
    Waiver("csrr?_time", "x*", "QEMU counts", "3.1.10", destination),
    Waiver("csrr?_*epc", "*epc", "QEMU keeps the lowest bit", "3.1.14, 4.1.7, 8.2.14", odd),
    Waiver("csrr?_[mh]edeleg", "?edeleg", "QEMU lets bit 0 be written; no instruction is misaligned with C", "3.1.8, 8.2.2", undelegated),
    Waiver("csrr?_?counteren", "?counteren", "QEMU has 64 bits in it", "3.1.11, 4.1.5, 8.2.6", wide),
    Waiver(
        "csrr?_mcountinhibit", "mcountinhibit", "QEMU lets bit 1 be written", "3.1.12", lambda it: it.described == it.emulated & 0xFFFF_FFFD
    ),
    Waiver("csrr?_vsatp", "vsatp.MODE", "QEMU takes modes that do not exist", "8.2.18"),
    Waiver("csrr?_hgatp", "hgatp.MODE", "QEMU takes modes that do not exist", "8.2.10"),
    Waiver("csrr?_vstvec", "vstvec", "QEMU takes modes that do not exist", "8.2.12, 4.1.2", lambda it: bool(it.emulated & 2)),
    Waiver("csrr?_[mh]envcfg", "x*", "QEMU has no ADUE", "Svadu", lambda it: destination(it) and it.described ^ it.emulated == 1 << 61),
    Waiver("csrr?_htinst", "*", "QEMU does not hold what is written to it", "8.2.9"),
    Waiver("csrr?_f*", "*FS", "QEMU makes one of the two dirty", "8.2.11", lambda it: it.case.start.mode in (VS, VU)),
    Waiver("csrr?_vsstatus", "x*", "QEMU does not show SD", "8.2.11", lambda it: destination(it) and it.described ^ it.emulated == 1 << 63),
    Waiver("csrr?_si[ep]", "x*", "QEMU hides what M-mode does not delegate, though it always delegates these", "8.2.13", masked_by_mideleg),
    Waiver("csrr?_vsip", "x*", "QEMU shows SSIP alone", "8.2.13", lambda it: destination(it) and it.emulated == it.described & 2),
    Waiver("csrr?_mideleg", "x*", "QEMU has guest external interrupts", "8.4.2", lambda it: it.described == it.emulated & ~(1 << 12)),
    Waiver("csrr?_mhpm*", "x*", "QEMU has events and counts them", "3.1.10", destination),
    Waiver("csrr?_m*id", "x*", "QEMU has numbers of its own", "3.1.2 to 3.1.4", destination),
    Waiver("csrr?_*si[ep]", "mi[ep].VS*", "QEMU writes the bits of VS-mode one place off", "8.2.13", one_place_off),
    Waiver("csrr?_mip", "mip.VS[TE]I*", "QEMU lets it be written", "8.4.3"),
    Waiver("csrr?_mstatus", "mstatus.MPP", "QEMU takes a mode that does not exist", "3.1.6.1", lambda it: it.emulated == 2),
    Waiver("csrr?_pmpcfg?", "*", "QEMU takes reserved combinations and bits", "3.7.1"),
    # What traps
    Waiver("sc_?", "*", "QEMU lets it fail without a look at the address", "Unpriv. 8.2", misaligned),
    Waiver("sret", "*", "QEMU obeys TSR in VS-mode", "8.4.1", lambda it: traps_guest(it, 22)),
    Waiver("sfence_vma", "*", "QEMU obeys TVM in VS-mode", "8.4.1", lambda it: traps_guest(it, 20)),
    Waiver("csrr?_satp", "*", "QEMU obeys TVM in VS-mode, and not VTVM", "8.4.1, 8.2.1", traps_on_satp),
    Waiver("csrr[sc]_*", "*", "QEMU does not write if the register holds zero", "Unpriv. 9.1", holds_zero, example="csrr[sc]_mvendorid"),
    Waiver("csrr?_hgatp", "*", "QEMU does not obey TVM", "8.4.1", traps_on_hgatp),
)


def waived(difference: Difference) -> bool:
    return any(waiver.covers(difference) for waiver in WAIVERS)
