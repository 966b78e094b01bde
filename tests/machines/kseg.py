"""Half of each address space is the supervisor's and is not translated, as kseg0 of MIPS.

THEORY.md: "the real mode can realise the view: for every address, all that some guest mode may do there ... Where it cannot
(MIPS kseg; ...), the accesses given up must trap, and efficiency is refuted with that address."
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
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@translation
def segments(m, va: bits[8], access: Access) -> bits[8]:
    """128 and up: supervisor mode only, straight to the first half of storage. Below: relocation, in both modes."""
    if va[7]:
        if m.mode == Mode.user or zext(va[6:0], 9) >= m.storage:
            trap(Cause.memory)
        return zext(va[6:0], 8)
    if va >= m.bound or zext(va, 9) + zext(m.base, 9) >= m.storage:
        trap(Cause.memory)
    return m.base + va


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
