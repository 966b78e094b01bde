"""INT n through a table of gates: which handler is entered depends on the table, the mode and the gate's level.

THEORY.md: "A call that always reaches the VMM is innocuous; so INT n under a VMM-owned IDT is judged by its semantics."
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
    gates: bits[8] = role.control  # physical address of the table
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@instruction("1000 number[4]")
def int_n(m, number):
    """Bit 7 of a gate says whether user mode may go through it; if not, it is a protection fault. Either way it traps."""
    gate = m.mem[m.gates + zext(number, 8)]
    if not gate[7] and m.mode == Mode.user:
        trap(Cause.privileged)
    trap(Cause.call)


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
