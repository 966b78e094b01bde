"""What the machines with three modes share: user, supervisor and monitor, relocation in all of them, traps to the monitor."""

from vmproof.lang import *


class Mode(Enum):
    user = 0
    supervisor = 1
    monitor = 2


class Cause(Enum):
    privileged = 0
    memory = 1
    call = 2


@translation
def relocate(m, va: bits[8], access: Access) -> bits[8]:
    if va >= m.bound or zext(va, 9) + zext(m.base, 9) >= m.storage:
        trap(Cause.memory)
    return m.base + va


@fetch
def next_word(m):
    return m.load(m.pc)


@legal
def storage_can_be_addressed(m):
    return m.storage <= 256


def to_monitor(m, cause):
    m.old_pc, m.old_mode, m.cause = m.pc, m.mode, cause
    m.pc, m.mode = m.vector, Mode.monitor


def placed(real, guest, start):
    """The guest's storage lies at `start`, and its window is cut where its storage ends."""
    base, bound = zext(guest.base, 9), zext(guest.bound, 9)
    room = guest.storage - base if base < guest.storage else 0
    return (
        zext(start, 9) + guest.storage <= real.storage
        and real.base == guest.base + start
        and zext(real.bound, 9) == (bound if bound < room else room)
    )


@instruction("0001 rd[2] rs[2]")
def load(m, rd, rs):
    m.r[rd] = m.load(m.r[rs])


@instruction("0011 rd[2] rs[2]")
def add(m, rd, rs):
    m.r[rd] = m.r[rd] + m.r[rs]


@instruction("0101 rs[2] 00")
def resume(m, rs):
    """The monitor's return from a trap."""
    if m.mode != Mode.monitor:
        trap(Cause.privileged)
    m.pc, m.mode = m.old_pc, m.old_mode
