"""A supervisor whose loads and stores may be made to go through the user's window, while it fetches without one (RISC-V MPRV).

THEORY.md: "Where it cannot (MIPS kseg; MPRV, where fetch and load differ), the accesses given up must trap, and efficiency is
refuted with that address." No instruction is to blame.
"""

from vmproof.lang import *
from tiny import *


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
    lent: bool = role.control
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@translation
def relocate(m, va: bits[8], access: Access) -> bits[8]:
    """User mode has a window; supervisor mode has none, but for loads and stores while `lent` is set."""
    if m.mode == Mode.user or (m.lent and access != Access.fetch):
        if va >= m.bound or zext(va, 9) + zext(m.base, 9) >= m.storage:
            trap(Cause.memory)
        return m.base + va
    if zext(va, 9) >= m.storage:
        trap(Cause.memory)
    return va


@instruction("1000 rs[2] 00")
def lend(m, rs):
    """Privileged."""
    supervisor_only(m)
    m.lent = m.r[rs][0]


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return (
            guest.storage < 256
            and zext(start, 9) + guest.storage <= real.storage
            and not real.lent
            and (
                placed(real, guest, start)
                if guest.mode == Mode.user
                else real.base == start and zext(real.bound, 9) == (0 if guest.lent else guest.storage)
            )
        )
