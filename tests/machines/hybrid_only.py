"""A return to user mode that does not trap there: of no harm to programs that the guest runs in user mode.

THEORY.md: "Hybrid (the paper's Theorem 3): no encoding is critical by a pair with runs[m] = m; the other modes are interpreted."
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


@instruction("1000 rs[2] 00")
def enter_user_mode(m, rs):
    m.mode = Mode.user
    m.pc = m.r[rs]


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
