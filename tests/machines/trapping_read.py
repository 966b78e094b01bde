"""A read of the relocation register that traps unless the mode is supervisor.

THEORY.md: "sensitive: any of these", and critical only if "one pair g, r = f(g) shows it: e completes on r": what is sensitive
among the guest's states alone may be left to a trap.
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
def read_base(m, rd):
    supervisor_only(m)
    m.r[rd] = m.base


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
