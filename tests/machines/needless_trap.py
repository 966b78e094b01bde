"""A read of the mode that only supervisor mode may make: it can read but one value, so it might as well not trap.

THEORY.md: "Efficiency: ... an innocuous e that completes on g completes on r, memory traps and interrupts aside." And
"behaviour-sensitive: two states ... in which e completes": in user mode it does not.
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
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@instruction("1000 rd[2] 00")
def read_mode(m, rd):
    supervisor_only(m)
    m.r[rd] = zext(bits[1](m.mode), 8)


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
