"""Instructions whose result nobody knows.

THEORY.md: "Two results differ if r has an outcome that no choice on g gives: choices made at the same place are the same in
both runs where both can make them."
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
def random(m, rd):
    """The same choice in both runs: innocuous."""
    m.r[rd] = choose(bits[8])


@instruction("1001 rd[2] 00")
def undefined_in_user(m, rd):
    """Zero in supervisor mode: the real machine, in user mode, has outcomes that the guest has not."""
    m.r[rd] = choose(bits[8]) if m.mode == Mode.user else 0


@instruction("1010 rd[2] 00")
def undefined_in_supervisor(m, rd):
    """Zero in user mode: one of the outcomes that the guest may have."""
    m.r[rd] = 0 if m.mode == Mode.user else choose(bits[8])


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
