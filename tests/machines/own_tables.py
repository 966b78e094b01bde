"""A guest with page tables of its own, behind a second stage that the VMM keeps: both walkers follow the guest's tables.

THEORY.md, premises: "tables whose root is the guest's own are guest memory and followed by both walkers". The guest's supervisor sets its
root without a trap; with root 0 it translates nothing.
"""

from vmproof.lang import *


class Mode(Enum):
    user = 0
    supervisor = 1
    monitor = 2


class Cause(Enum):
    privileged = 0
    memory = 1


class Machine(State):
    pc: bits[9]
    r: array[bits[2], bits[9]]
    mode: Mode = role.mode(least=Mode.user)
    root: bits[9] = role.control
    second: bool = role.control
    old_pc: bits[9] = role.control
    old_mode: Mode = role.control
    cause: Cause = role.control
    vector: bits[9] = role.control
    frames: bits[4] = role.platform  # of 64 cells
    mem: memory[bits[9], bits[8]]


def entry_at(page):
    """The second stage's table lies in the last frame."""
    return cat(bits[6](0b111111), page)


@stage
def behind(m, place: bits[9]) -> bits[9]:
    """The second stage: an entry has a valid bit (7) and a frame (2 to 0)."""
    entry = m.mem[entry_at(place[8:6])]
    frame = entry[2:0] if m.second else place[8:6]
    if m.second and not entry[7] or zext(frame, 4) >= m.frames:
        trap(Cause.memory)
    return cat(frame, place[5:0])


@translation(page=6)
def walk(m, va: bits[9], access: Access) -> bits[9]:
    """The first stage: an entry has a valid bit (7), a writable bit (6) and a page (2 to 0). The monitor is not paged."""
    if m.mode == Mode.monitor:
        if zext(va[8:6], 4) >= m.frames:
            trap(Cause.memory)
        return va
    if m.root == 0:
        return behind(m, va)
    entry = m.mem[behind(m, cat(m.root[8:3], va[8:6]))]
    if not entry[7] or access == Access.write and not entry[6]:
        trap(Cause.memory)
    return behind(m, cat(entry[2:0], va[5:0]))


@fetch
def next_word(m):
    return m.load(m.pc)


@trap_entry
def enter(m, cause: Cause):
    m.old_pc, m.old_mode, m.cause = m.pc, m.mode, cause
    m.pc, m.mode = m.vector, Mode.monitor


@instruction("0001 rd[2] rs[2]")
def load(m, rd, rs):
    m.r[rd] = zext(m.load(m.r[rs]), 9)


@instruction("0010 rd[2] rs[2]")
def store(m, rd, rs):
    m.store(m.r[rd], m.r[rs][7:0])


@instruction("0101 rs[2] 00")
def resume(m, rs):
    """The monitor's return from a trap."""
    if m.mode != Mode.monitor:
        trap(Cause.privileged)
    m.pc, m.mode = m.old_pc, m.old_mode


@instruction("0110 rs[2] 00")
def set_root(m, rs):
    if m.mode == Mode.user:
        trap(Cause.privileged)
    m.root = m.r[rs]


def second_entry(guest, page):
    """The guest's frames are the real machine's from 4 on."""
    return cat(bits[5](0b10000), page + 4) if zext(page, 4) < guest.frames else bits[8](0)


@scenario("the guest's root is the real one")
class Nested:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.supervisor}
    own = ["mode", "root"]

    def host(real, guest):
        return real.second and real.frames == 8 and not guest.second and guest.frames <= 3

    def everywhere(real, guest, va):
        entry = real.mem[entry_at(va[8:6])]
        return entry == (second_entry(guest, va[8:6]) if entry[7] else bits[8](0))

    def realise(real, guest, va):
        real.mem[entry_at(va[8:6])] = second_entry(guest, va[8:6])
