"""A clock that every program reads, and that guests are given as it is.

THEORY.md: "Recursive: ... no timing source is read without a trap".
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
    clock: bits[8] = role.control
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@instruction("1000 rd[2] 00")
def read_clock(m, rd):
    m.r[rd] = m.clock


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}
    own = ["clock"]
    timing = ["clock"]

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
