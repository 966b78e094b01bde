"""What a VMM in HS-mode holds while a guest of its guest runs, in VS- and VU-mode: a shadow second stage, Sv48x4, one page at a time.

It is made of the second stage that the guest, a VMM too, has made for its own guest. First-stage tables are that one's own, and both
walkers follow them. The VMM's tables lie above the guest's memory, each at a place of its own: the root of 16 KiB, a page of entries for
each index of the root, and so on.
"""

from vmproof.lang import *
from state import *
from csr import delegable
from stage2 import LARGEST
from vmm import MEMORY_FAULTS, ROOT, page_entry, page_of_tables, pointer, table_page
from memory import in_storage
from spec.mmu.riscv import SV48X4, Control, Privilege


def in_guest_of_guest(real, guest):
    """What the guest VMM wants to see of its guest it sees, and its VMM with it; the guest's MXR acts on both stages, so it is in force."""
    machine = real.hypervisor and not real.pmp and real.storage == (1 << 44) - 1
    carried = guest.hypervisor and not guest.pmp and guest.storage <= LARGEST
    tables = real.hgatp.MODE == SV48_MODE and real.hgatp.PPN == ROOT >> 2 and real.mstatus.MXR == guest.mstatus.MXR
    marking = not real.menvcfg.ADUE and not real.henvcfg.ADUE
    asked = real.hstatus.VTVM == guest.hstatus.VTVM and real.hstatus.VTSR == guest.hstatus.VTSR
    trapping = asked and real.hstatus.VTW and not real.mstatus.TW
    counters = real.hcounteren == 0 and guest.mcounteren & ~real.mcounteren == 0
    delegated = real.hedeleg & (~(guest.medeleg & guest.hedeleg) | MEMORY_FAULTS) == 0 and real.hideleg == guest.hideleg
    leaving = real.medeleg == delegable(real)
    floating = (real.mstatus.FS == 0) == (guest.mstatus.FS == 0)
    return machine and carried and tables and marking and trapping and counters and delegated and leaving and floating


def second_page(guest, gpa, access):
    """`(allowed, page)`: whether the guest's second stage grants an access of its guest's, MXR aside, and the page; without effects."""
    if guest.hgatp.MODE == BARE:
        return in_storage(guest, gpa), gpa[55:12]
    control = Control(mode=Privilege.U, SUM=False, MXR=False, ADUE=guest.menvcfg.ADUE, PBMTE=False, HLVX=False)
    root = zext(cat(guest.hgatp.PPN, bits[14](0)), 64)
    return page_of_tables(guest, SV48X4, root, gpa, access, control, guest.hgatp.MODE == SV39_MODE)


def shadow_leaf(guest, gpa):
    """What the guest's second stage grants for a guest physical address; zero for nothing."""
    readable, page = second_page(guest, gpa, Access.read)
    writable, _ = second_page(guest, gpa, Access.write)
    executable, to = second_page(guest, gpa, Access.fetch)
    entry = page_entry(page if readable else to, True, executable, writable, readable)
    return entry if entry[0] else bits[64](0)


def shadow_path(guest, gpa):
    """The entries that translate a guest physical address: where each one is, and what belongs there."""
    vpn3, vpn2, vpn1, vpn0 = gpa[49:39], gpa[38:30], gpa[29:21], gpa[20:12]
    return (
        (cat(bits[42](ROOT >> 2), vpn3, bits[3](0)), pointer(table_page(2, vpn3))),
        (cat(table_page(2, vpn3), vpn2, bits[3](0)), pointer(table_page(1, gpa[49:30]))),
        (cat(table_page(1, gpa[49:30]), vpn1, bits[3](0)), pointer(table_page(0, gpa[49:21]))),
        (cat(table_page(0, gpa[49:21]), vpn0, bits[3](0)), shadow_leaf(guest, zext(gpa[49:0], 64))),
    )


def shadowed(real, guest, gpa):
    """Each entry of the shadow is what belongs there, or nothing yet."""
    held = [(real.mem.read(place, 8), entry) for place, entry in shadow_path(guest, gpa)]
    return all(there == (entry if there[0] else bits[64](0)) for there, entry in held)


def show_guest_page(real, guest, gpa):
    for place, entry in shadow_path(guest, gpa):
        real.mem.write(place, entry)
