"""The nested walker of RISC-V while others store to memory, its tables included, between any two of its steps.

Privileged Architecture, version 1.13, 4.3.2, step 9: A and D are set by a compare and exchange, so that an entry which has changed since it
was read is not touched, and the walk begins again.
"""

from vmproof.lang import *
from spec.mmu.nested_hardware import Phase, Purpose
from spec.mmu.nested_riscv import *


@action
def store(w, place: bits[PHYSICAL - LOG], word: bits[8 * ENTRY]):
    """Somebody else stores a word: another processor, or a device."""
    w.memory[place] = word
    w.written[place] = word


@invariant("the walker changes nothing but A and D, only sets them, and only in entries that are valid as they stand")
def only_marks(w, place: bits[PHYSICAL - LOG]):
    now, before = zext(w.memory[place], 64), zext(w.written[place], 64)
    same = now & ~bits[64](0xC0) == before & ~bits[64](0xC0) and before & ~now == 0
    return same and (now == before or before[0] == 1)


@invariant("an entry that is to be marked was valid when it was read")
def was_valid(w):
    again = w.r.phase == Phase.host and w.r.purpose == Purpose.update
    here = w.r.host_level == w.r.host_leaf and w.r.host_level < HOST_LEVELS
    host = implies(w.r.phase == Phase.mark_host, here and w.r.host_entries[w.r.host_level][0] == 1)
    later = again or w.r.phase == Phase.mark_guest or (w.r.phase == Phase.mark_host and w.r.purpose == Purpose.update)
    return host and implies(later, w.r.level == w.r.leaf and w.r.level < GUEST_LEVELS and w.r.entries[w.r.level][0] == 1)


@invariant("registers name purposes that fit")
def fitting(w):
    return implies(w.r.phase == Phase.guest, w.r.purpose == Purpose.table) and implies(
        w.r.phase == Phase.mark_guest, w.r.purpose == Purpose.update
    )
