"""A wait that user mode finds a no-op or a trap, as the implementation likes (RISC-V WFI).

THEORY.md: "Efficiency: ... An outcome that may be a trap or a no-op does not refute it."
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


@instruction("1000 0000")
def idle(m):
    if m.mode == Mode.user:
        if choose(bool):
            trap(Cause.privileged)
    else:
        wait()


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
