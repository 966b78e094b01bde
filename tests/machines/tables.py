"""A page table that the VMM keeps in storage, below a guest that has paging off.

THEORY.md, premises: "no VMM-owned table that the real walker reads is writable through the view". A guest that is placed over
the table gives itself what storage it likes, by ordinary stores.
"""

from vmproof.lang import *
from tiny import *


class Machine(State):
    pc: bits[8]
    r: array[bits[2], bits[8]]
    mode: Mode = role.mode(least=Mode.user)
    paging: bool = role.control
    root: bits[8] = role.control  # the table: four entries
    base: bits[8] = role.control
    bound: bits[8] = role.control
    old_pc: bits[8] = role.control
    old_mode: Mode = role.control
    cause: Cause = role.control
    vector: bits[8] = role.control
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@legal
def whole_frames(m):
    """Frames of 64 cells."""
    return m.storage[5:0] == 0


@translation
def walk(m, va: bits[8], access: Access) -> bits[8]:
    """An entry has a valid bit (7), a writable bit (6) and a frame (1 and 0). Only user mode is paged."""
    entry = m.mem[m.root + zext(va[7:6], 8)]
    paged = m.paging and m.mode == Mode.user
    if paged and (not entry[7] or (access == Access.write and not entry[6])):
        trap(Cause.memory)
    pa = cat(entry[1:0], va[5:0]) if paged else va
    if zext(pa, 9) >= m.storage:
        trap(Cause.memory)
    return pa


def mapped(real, guest, start):
    """The guest's frames, from frame `start` on; the real table lies in the real machine's first frame."""
    return (
        not guest.paging
        and real.paging
        and real.root < 60
        and zext(cat(start, bits[6](0)), 9) + guest.storage <= real.storage
        and all(
            real.mem[real.root + page] == (cat(bits[6](0b110000), start + page) if 64 * page < guest.storage else 0) for page in range(4)
        )
    )


@scenario("the guest lies above the table")
class Above:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[2]):
        return start >= 1 and mapped(real, guest, start)


@scenario("the guest may lie over the table")
class Over:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[2]):
        return mapped(real, guest, start)
