"""A fast call that enters the supervisor and keeps the return address.

THEORY.md: "a direct transfer there (call gate, SYSENTER) passes the same test": it is a trap by another name.
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
def fast_call(m):
    m.old_pc, m.old_mode, m.cause = m.pc, m.mode, Cause.call
    m.mode = Mode.supervisor
    m.pc = m.vector


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
