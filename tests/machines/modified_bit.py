"""A store sets a bit in the page table that it goes through, as on the VAX and on x86.

THEORY.md, "The view": "An access that would set a bit in the guest's own tables is one the view does not allow where r can make it
memory-trap; where r cannot, every such access is critical." The tables lie where no program can address them.
"""

from vmproof.lang import *
from tiny import *

PAGES = (bits[2](0), bits[2](1), bits[2](2), bits[2](3))


class Machine(State):
    pc: bits[8]
    r: array[bits[2], bits[8]]
    mode: Mode = role.mode(least=Mode.user)
    base: bits[8] = role.control  # where the table is
    bound: bits[8] = role.control
    old_pc: bits[8] = role.control
    old_mode: Mode = role.control
    cause: Cause = role.control
    vector: bits[8] = role.control
    storage: bits[9] = role.platform
    mem: memory[bits[9], bits[8]]


@legal
def whole_frames(m):
    """Frames of 64 cells."""
    return m.storage[5:0] == 0


def entry_at(m, page):
    return cat(bits[1](1), m.base + zext(page, 8))


def allowed(m, entry, access):
    """An entry has a valid bit (7), a writable bit (6), a modified bit (5) and a frame (1 and 0)."""
    present = zext(entry[1:0], 3) < m.storage[8:6]
    return entry[7] and present and (access != Access.write or entry[6])


@translation
def walk(m, va: bits[8], access: Access) -> bits[9]:
    """Only user mode is paged. A store marks its page as modified."""
    if m.mode == Mode.supervisor:
        if zext(va, 9) >= m.storage:
            trap(Cause.memory)
        return zext(va, 9)
    at = entry_at(m, va[7:6])
    entry = m.mem[at]
    if not allowed(m, entry, access):
        trap(Cause.memory)
    if access == Access.write:
        m.mem[at] = entry | 0x20
    return cat(bits[1](0), entry[1:0], va[5:0])


def shadow(guest, page, start, writable):
    """The entry that gives a guest its own page: where its frames begin at `start`, no store goes through before the guest's bit is set."""
    own = guest.mem[entry_at(guest, page)]
    paged = guest.mode == Mode.user
    present = allowed(guest, own, Access.read) if paged else zext(page, 3) < guest.storage[8:6]
    written = writable(own) if paged else bits[1](1)
    return cat(bits[1](present), written, bits[4](0b1000), start + (own[1:0] if paged else page))


def shadowed(real, guest, start, writable, held):
    fits = zext(start, 4) + zext(guest.storage[8:6], 4) <= zext(real.storage[8:6], 4)
    return fits and all(held(real.mem[entry_at(real, page)]) == shadow(guest, page, start, writable) for page in PAGES)


@scenario("pages that the guest has not modified are write-protected")
class Protected:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[2]):
        """The real modified bits are as the real walker leaves them."""
        return shadowed(real, guest, start, lambda own: own[6] & own[5], lambda entry: entry | 0x20)


@scenario("pages that the guest may write are writable")
class Unprotected:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[2]):
        return shadowed(real, guest, start, lambda own: own[6], lambda entry: entry)
