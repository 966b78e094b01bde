"""A status bit that ordinary instructions set and any mode reads.

THEORY.md: "Status: ignored only where no instruction that completes on real states shows it in u ...; otherwise it counts as
control." VMM-owned status may differ, so the reader sees another value; and what sets it changes control.
"""

from vmproof.lang import *
from window import *


class Machine(State):
    pc: bits[8]
    r: array[bits[2], bits[8]]
    mode: Mode = role.mode(least=Mode.user)
    base: bits[8] = role.control
    bound: bits[8] = role.control
    old_pc: bits[8] = role.control
    old_mode: Mode = role.control
    cause: Cause = role.control
    vector: bits[8] = role.control
    dirty: bool = role.status  # an accumulating instruction was used
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@instruction("1000 rd[2] rs[2]")
def accumulate(m, rd, rs):
    m.r[rd] = m.r[rd] + m.r[rs] + 1
    m.dirty = True


@instruction("1001 rd[2] 00")
def read_dirty(m, rd):
    m.r[rd] = 1 if m.dirty else 0


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
