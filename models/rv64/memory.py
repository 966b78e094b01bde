"""From a virtual address to a physical one: the mode of an access, page tables of one and two stages, physical memory protection.

Misaligned loads and stores are carried out, in two pages where they cross. Memory is what the machine was
built with, from address zero on: there are no physical memory attributes.
"""

from vmproof.lang import *
from state import *
from spec.mmu.result import allowed, perform
from spec.mmu.riscv import SV48, SV48X4, Control, Privilege, explicit, walk
from spec.mmu.tables import DIRECT, behind

PMP_ENTRIES = 16


def effective_mode(m, access):
    """MPRV lets M-mode load and store as the mode in MPP and MPV (Priv. 3.1.6.3, 8.4.1)."""
    if access != Access.fetch and m.mode == Mode.M and m.mstatus.MPRV:
        return mode_of(m.mstatus.MPV, m.mstatus.MPP)
    return m.mode


# Physical memory protection (Priv. 3.7.1), with a grain of a page (G = 10): the lowest nine bits of an address register say nothing.


def pmp_holds(m, i, page):
    """Whether entry `i` matches a page: A is 0 for off, 1 for a top of range, 3 for a naturally aligned power of two."""
    top = m.pmpaddr[i][53:9]
    bottom = m.pmpaddr[i - 1][53:10] if i > 0 else bits[44](0)
    ones = top ^ (top + 1)  # the lowest bits that are ones, and the zero above them
    match m.pmpcfg[i].A:
        case 0:
            return False
        case 1:
            return bottom <= page and page < top[44:1]
        case _:
            return cat(page, bits[1](0)) | ones == top | ones


def pmp_allows(m, page, access, machine):
    """3.7.1: the lowest entry that matches decides; without one only M-mode may. M-mode is bound by locked entries."""
    if not m.pmp:
        return True
    allowed = machine
    for i in reversed(range(PMP_ENTRIES)):
        entry = m.pmpcfg[i]
        granted = entry.X if access == Access.fetch else entry.W if access == Access.write else entry.R
        if pmp_holds(m, i, page):
            allowed = granted or machine and not entry.L
    return allowed


def access_fault(access, va, gva):
    match access:
        case Access.fetch:
            trap(Cause.instruction_access_fault, report(va, gva))
        case Access.write:
            trap(Cause.store_access_fault, report(va, gva))
        case _:
            trap(Cause.load_access_fault, report(va, gva))


def protected(m, place, access, machine, original, va, gva):
    """Trap unless PMP allows it; an implicit access faults as the `original` one does (3.7.1)."""
    if not in_storage(m, place) or not pmp_allows(m, place[55:12], access, machine):
        access_fault(original, va, gva)


def in_storage(m, place):
    """Whether there is memory at a physical address."""
    return place[63:56] == 0 and place[55:12] < m.storage


# Page tables


def page_fault(access, va, gva, guest=False, gpa=bits[64](0), pseudo=bits[2](0)):
    """Priv. 3.1.15, 8.6: page faults, and guest-page faults, which report the guest physical address and what was done to a table."""
    told = report(va, gva, gpa >> 2, pseudo)
    match access:
        case Access.fetch:
            trap(Cause.instruction_guest_page_fault if guest else Cause.instruction_page_fault, told)
        case Access.write:
            trap(Cause.store_guest_page_fault if guest else Cause.store_page_fault, told)
        case _:
            trap(Cause.load_guest_page_fault if guest else Cause.load_page_fault, told)


def table_accesses(m, original, va, gva):
    """`(read, write)`: how a walk reads and writes tables, for an `original` access to `va`."""

    def read(place, size):
        protected(m, place, Access.read, False, original, va, gva)
        return m.mem.read(place[55:0], size)

    def write(place, entry):
        protected(m, place, Access.write, False, original, va, gva)
        m.mem.write(place[55:0], entry)

    return read, write


def stages(m, va, access, mode, hlvx):
    """Page tables of one stage for U and S, by satp; of two for VU and VS, by vsatp and then hgatp (Priv. 4.3.2, 8.5)."""
    two = virtual(mode)
    read, write = table_accesses(m, access, va, two)

    def walked(atp, control, tables):
        """Sv48, or Sv39, which has a table less."""
        root = zext(cat(atp.PPN, bits[12](0)), 64)
        found, _, updates = walk(SV48, root, va, access, control, read, tables, atp.MODE == SV39_MODE)
        if not found.ok:
            page_fault(access, va, two)
        perform(updates, read, write)
        return found.pa

    if not two:
        control = Control(
            mode=Privilege.U if user_level(mode) else Privilege.S,
            SUM=m.mstatus.SUM,
            MXR=m.mstatus.MXR,
            ADUE=m.menvcfg.ADUE,
            PBMTE=False,
            HLVX=False,
        )
        return va if m.satp.MODE == BARE else walked(m.satp, control, DIRECT)
    guest = Control(
        mode=Privilege.U if user_level(mode) else Privilege.S,
        SUM=m.vsstatus.SUM,
        MXR=m.mstatus.MXR or m.vsstatus.MXR,
        ADUE=m.henvcfg.ADUE,
        PBMTE=False,
        HLVX=hlvx,
    )

    def locate(column, address, by, implicit):
        return allowed(second_stage(m, address, by, implicit, hlvx, access, va), 0, address), (), ()

    if m.vsatp.MODE != BARE:
        return walked(m.vsatp, guest, behind(locate, (), ()))
    return second_stage(m, va, access, False, hlvx, access, va)


@stage
def second_stage(m, gpa: bits[64], access: Access, implicit, hlvx, original: Access, va: bits[64]) -> bits[64]:
    """Sv48x4 or Sv39x4 (Priv. 8.2.10, 8.5.1), or nothing; for an `original` access to `va`, or for a table that it needs (`implicit`)."""
    if m.hgatp.MODE == BARE:
        return gpa
    read, write = table_accesses(m, original, va, True)
    control = Control(mode=Privilege.U, SUM=False, MXR=m.mstatus.MXR, ADUE=m.menvcfg.ADUE, PBMTE=False, HLVX=hlvx)
    root = zext(cat(m.hgatp.PPN, bits[14](0)), 64)
    found, _, updates = walk(SV48X4, root, gpa, access, explicit(control, implicit), read, DIRECT, m.hgatp.MODE == SV39_MODE)
    if not found.ok:
        pseudo = (bits[2](2) if access == Access.write else bits[2](1)) if implicit else bits[2](0)
        page_fault(original, va, True, True, gpa, pseudo)
    perform(updates, read, write)
    return cat(found.pa[63:12], gpa[11:0])


@translation(page=12)
def translate(m, va: bits[64], access: Access, mode=None, hlvx=False) -> bits[56]:
    """The physical address of a byte. `mode` stands in for that of the access, and `hlvx` says that it must be executable (8.3.1)."""
    by = effective_mode(m, access) if mode is None else mode
    place = va if by == Mode.M else stages(m, va, access, by, hlvx)
    protected(m, place, access, by == Mode.M, access, va, virtual(by))
    return place[55:0]
