"""A call through a table of gates into the mode that the gate names, without a trap.

THEORY.md: "e traps if the entry that follows leads to a mode outside the image of `runs` through a vector that the VMM owns; a
direct transfer there (call gate, SYSENTER) passes the same test." It does so if all of the VMM's gates lead to its mode.
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


@instruction("1000 number[2] 00")
def gate_call(m, number):
    """Bit 7 of a gate is the mode it leads to, bits 6 to 0 the address. The way back is kept in registers."""
    gate = m.mem[m.gates + zext(number, 8)]
    m.old_pc, m.old_mode, m.cause = m.pc, m.mode, Cause.call
    if gate[7]:
        m.mode = Mode.supervisor
    m.pc = zext(gate[6:0], 8)


@scenario("all gates lead to the VMM")
class AllGatesLeadOut:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return (
            placed(real, guest, start)
            and start >= 8
            and real.gates == 0
            and all(real.mem[i][7] for i in range(4))
        )


@scenario("gates may stay in user mode")
class AnyGates:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return (
            placed(real, guest, start)
            and start >= 8
            and real.gates == 0
        )
