"""A supervisor call that traps in every mode.

THEORY.md: "privileged (weak, all that the proof needs): e traps on every r"; strictly it is not privileged, since it traps
in the guest's supervisor mode too. "A call that always reaches the VMM is innocuous."
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


@instruction("1000 number[4]")
def call(m, number):
    trap(Cause.call)


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
