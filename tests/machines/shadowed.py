"""A VMM that keeps page tables of its own, in storage that no table of its leads to, and makes them show what the guest's own tables say.

THEORY.md, premises: "no VMM-owned table that the real walker reads is writable through the view", and "the real mode can realise the view".
`everywhere` says what the VMM's tables ensure at each address, `realise` how the VMM enters a page.
"""

from vmproof.lang import *
from tiny import *


class Machine(State):
    pc: bits[8]
    r: array[bits[2], bits[8]]
    mode: Mode = role.mode(least=Mode.user)
    old_pc: bits[8] = role.control
    old_mode: Mode = role.control
    cause: Cause = role.control
    vector: bits[8] = role.control
    base: bits[8] = role.control
    bound: bits[8] = role.control
    storage: bits[9] = role.platform
    frames: bits[4] = role.platform  # of 64 cells
    mem: memory[bits[9], bits[8]]


def entry_at(page):
    """The table lies in the last frame."""
    return cat(bits[7](0b1111111), page)


def permits(m, entry, access):
    """An entry has a valid bit (7), a writable bit (6) and a frame (2 to 0)."""
    return entry[7] and zext(entry[2:0], 4) < m.frames and (access != Access.write or entry[6])


@translation(page=6)
def walk(m, va: bits[8], access: Access) -> bits[9]:
    """Only user mode is paged."""
    if m.mode == Mode.supervisor:
        if zext(va[7:6], 4) >= m.frames:
            trap(Cause.memory)
        return zext(va, 9)
    entry = m.mem[entry_at(va[7:6])]
    if not permits(m, entry, access):
        trap(Cause.memory)
    return cat(entry[2:0], va[5:0])


def related(real, guest):
    return real.frames == 8 and guest.frames <= 4


def within(real, guest, va):
    entry = real.mem[entry_at(va[7:6])]
    return not entry[7] or zext(entry[2:0], 4) < guest.frames


def entered(real, guest, va, writable):
    """The guest's frames are the real machine's first ones."""
    own = guest.mem[entry_at(va[7:6])]
    paged = guest.mode == Mode.user
    there = permits(guest, own, Access.read) if paged else zext(va[7:6], 4) < guest.frames
    frame = own[2:0] if paged else zext(va[7:6], 3)
    real.mem[entry_at(va[7:6])] = cat(bits[1](there), bits[1](writable(own) if paged else True), bits[3](0), frame)


@scenario("tables that lead to the guest's storage alone")
class Confined:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest):
        return related(real, guest)

    def everywhere(real, guest, va):
        return within(real, guest, va)

    def realise(real, guest, va):
        entered(real, guest, va, lambda own: own[6])


@scenario("tables that may lead anywhere")
class Unconfined:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest):
        return related(real, guest)

    def realise(real, guest, va):
        entered(real, guest, va, lambda own: own[6])


@scenario("tables with more than the guest's permissions")
class Generous:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest):
        return related(real, guest)

    def everywhere(real, guest, va):
        return within(real, guest, va)

    def realise(real, guest, va):
        entered(real, guest, va, lambda own: True)
