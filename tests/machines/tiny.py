"""What the small machines beside this file share: two modes, traps into registers, a few ordinary instructions.

Each of them is a counterexample to a simpler rule of virtualizability; see `tests/virtualize/test_theory_rules.py`.
"""

from vmproof.lang import *


class Mode(Enum):
    user = 0
    supervisor = 1


class Cause(Enum):
    privileged = 0
    memory = 1
    call = 2


@fetch
def next_word(m):
    return m.load(m.pc)


@trap_entry
def enter(m, cause: Cause):
    """The old state goes to registers, so that no storage is lost; the bound and the base stay."""
    m.old_pc, m.old_mode, m.cause = m.pc, m.mode, cause
    m.pc, m.mode = m.vector, Mode.supervisor


@legal
def storage_can_be_addressed(m):
    return m.storage <= 256


def supervisor_only(m):
    if m.mode != Mode.supervisor:
        trap(Cause.privileged)


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


@instruction("0010 rd[2] rs[2]")
def store(m, rd, rs):
    m.store(m.r[rd], m.r[rs])


@instruction("0011 rd[2] rs[2]")
def add(m, rd, rs):
    m.r[rd] = m.r[rd] + m.r[rs]


@instruction("0100 rd[2] rs[2]")
def set_window(m, rd, rs):
    """Privileged: what relocates."""
    supervisor_only(m)
    m.base, m.bound = m.r[rd], m.r[rs]


@instruction("0101 rs[2] 00")
def resume(m, rs):
    """Privileged: back from a trap."""
    supervisor_only(m)
    m.pc, m.mode = m.old_pc, m.old_mode
