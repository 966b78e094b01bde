"""What a VMM in HS-mode holds while a guest's S-mode runs in VS-mode: a second stage of Sv39x4 that is one root table of gigapages.

The guest's memory, in whole gibibytes, lies at the addresses where the guest has it; the root table lies above. Faults of the guest's own
tables come to the VMM, which reflects them.
"""

from vmproof.lang import *
from state import *
from csr import delegable
from vmm import MEMORY_FAULTS, as_asked, ordinary

MOST_PAGES = 1 << 29  # of 2^41 bytes, all that Sv39x4 translates
SECOND_ROOT = MOST_PAGES  # the root table lies above
LARGEST = 1 << 38  # pages of the VMM's machine: all that Sv48x4 translates


def in_virtual_supervisor(real, guest):
    """What a VMM in HS-mode holds while it runs an operating system."""
    asked = (guest.mstatus.TVM, guest.mstatus.TSR)
    return ordinary(guest) and behind_gigapages(real, guest) and as_asked(asked, (real.hstatus.VTVM, real.hstatus.VTSR))


def in_virtual_hypervisor(real, guest):
    """The same while it runs a VMM: SRET may enter a guest of that one's, so it traps (8.2.1). M-mode leaves all traps to it.

    A trap of the guest's that goes to its HS-mode clears what the last one reported of a virtual machine (8.6.2). One that is delegated
    clears nothing, so nothing is delegated while there is something to clear.
    """
    trapping = real.hstatus.VTSR and real.hstatus.VTW and real.hstatus.VTVM == guest.mstatus.TVM
    cleared = not guest.hstatus.SPV and not guest.hstatus.GVA and guest.htval == 0 and guest.htinst == 0
    delegating = (cleared or real.hedeleg == 0) and real.medeleg == delegable(real)
    return guest.hypervisor and not guest.pmp and behind_gigapages(real, guest) and trapping and delegating


def behind_gigapages(real, guest):
    """The second stage and what goes with it. M-mode lets the VMM have the counters and the time, and does not wait for it (TW)."""
    shared = guest.storage <= MOST_PAGES and guest.storage[17:0] == 0
    machine = real.hypervisor and not real.pmp and real.storage == LARGEST
    tables = real.hgatp.MODE == SV39_MODE and real.hgatp.PPN == SECOND_ROOT >> 2 and not real.mstatus.MXR
    marking = not real.menvcfg.ADUE and not real.henvcfg.ADUE
    delegated = real.hedeleg & (~guest.medeleg | MEMORY_FAULTS) == 0 and real.hideleg == guest.mideleg << 1
    counters = real.hcounteren == 0 and guest.mcounteren & ~real.mcounteren == 0
    floating = real.mstatus.FS != 0
    return machine and shared and tables and marking and delegated and counters and floating and not real.mstatus.TW


def gigapage(guest, index):
    """The entry for a gibibyte: a leaf D A U X W R V (Priv. 8.5.1) where the guest has memory, else zero."""
    leaf = cat(bits[10](0), bits[15](0), index, bits[18](0), bits[2](0), bits[8](0b11011111))
    return leaf if zext(cat(index, bits[18](0)), 44) < guest.storage else bits[64](0)


def entry_place(real, gpa):
    return cat(real.hgatp.PPN, gpa[40:30], bits[3](0))


def placed(real, guest, gpa):
    """What the root table holds for a guest physical address: what belongs there, or nothing yet."""
    entry = real.mem.read(entry_place(real, gpa), 8)
    return entry == (gigapage(guest, gpa[40:30]) if entry[0] else bits[64](0))


def show_gigapage(real, guest, gpa):
    real.mem.write(entry_place(real, gpa), gigapage(guest, gpa[40:30]))
