"""What a VMM does with page tables of its own when it runs a guest's S-mode in U-mode: shadow page tables, Sv48, one page at a time.

The VMM's tables lie in pages of their own, above the guest's memory: the root, a page of entries for each index of the root, and so on.
"""

from vmproof.lang import *
from state import *
from memory import effective_mode, in_storage
from spec.mmu.riscv import SV48, Control, Privilege, walk
from spec.mmu.tables import DIRECT

GUEST_PAGES = 1 << 34  # a guest has at most 2^46 bytes, so that Sv48 has a virtual address for each
TABLES = 1 << 42  # the first page that may hold a table
ROOT = 7 << 40


def guest_page(guest, va, access):
    """`(allowed, page)`: whether the guest may make an access in its present mode, and the page of its memory; without effects.

    An access that would change the guest's tables is not allowed: the VMM has to see it.
    """
    by = effective_mode(guest, access)
    if by == Mode.M or guest.satp.MODE == BARE:
        return in_storage(guest, va), va[55:12]

    def read(place, size):
        return guest.mem.read(place[55:0], size)

    control = Control(
        mode=Privilege.U if by == Mode.U else Privilege.S,
        SUM=guest.mstatus.SUM,
        MXR=guest.mstatus.MXR,
        ADUE=guest.menvcfg.ADUE,
        PBMTE=False,
        HLVX=False,
    )
    root = zext(cat(guest.satp.PPN, bits[12](0)), 64)
    found, references, updates = walk(SV48, root, va, access, control, read, DIRECT, guest.satp.MODE == SV39_MODE)
    there = all(not step.done or in_storage(guest, step.place) for _, _, step in references)
    unchanged = all(not step.done for _, _, step in updates)
    return found.ok and there and unchanged and in_storage(guest, found.pa), found.pa[55:12]


def table_page(level, index):
    """Where the tables of a level below the root are: of level 2 one for each vpn[3], of level 0 one for each vpn[3:1]."""
    return cat(bits[2](1), bits[2](level), zext(index, 40))


def write_entry(real, page, index, entry):
    real.mem.write(cat(page, index, bits[3](0)), entry)


def show(real, guest, va):
    """Enter the page of a virtual address into the tables, with the permissions that the guest has there, as a page of U-mode.

    What is no address of Sv48 is none of a guest's memory either (GUEST_PAGES), and shares its entry with one that is.
    """
    vpn3, vpn2, vpn1, vpn0 = va[47:39], va[38:30], va[29:21], va[20:12]
    write_entry(real, real.satp.PPN, vpn3, pointer(table_page(2, vpn3)))
    write_entry(real, table_page(2, vpn3), vpn2, pointer(table_page(1, va[47:30])))
    write_entry(real, table_page(1, va[47:30]), vpn1, pointer(table_page(0, va[47:21])))
    write_entry(real, table_page(0, va[47:21]), vpn0, leaf(guest, sext(va[47:0], 64)))


def pointer(page):
    return cat(bits[10](0), page, bits[10](1))


def leaf(guest, va):
    """D A G U X W R V (Priv. 4.4): accessed and dirty, so that the walker changes nothing.

    Where fetches lead elsewhere than loads (MPRV), one page cannot show both: the VMM gives up the fetch.
    """
    readable, page = guest_page(guest, va, Access.read)
    writable, _ = guest_page(guest, va, Access.write)
    executable, to = guest_page(guest, va, Access.fetch)
    frame = page if readable else to
    fetched = executable and to == frame
    valid = readable or writable or fetched
    return cat(bits[10](0), frame, bits[2](0), bits[4](0b1101), bits[1](fetched), bits[1](writable), bits[1](readable), bits[1](valid))


def confined(real, guest, va):
    """Whatever a walk reads is a table of the VMM's, and wherever it leads is the guest's memory."""

    def read(place, size):
        return real.mem.read(place[55:0], size)

    control = Control(mode=Privilege.U, SUM=False, MXR=False, ADUE=real.menvcfg.ADUE, PBMTE=False, HLVX=False)
    root = zext(cat(real.satp.PPN, bits[12](0)), 64)
    held = True
    for access in (Access.read, Access.write, Access.fetch):
        found, references, _ = walk(SV48, root, va, access, control, read, DIRECT, False)
        tables = all(not step.done or step.place[55:12] >= TABLES for _, _, step in references)
        held = held and tables and (not found.ok or found.pa[55:12] < guest.storage)
    return held
