"""A bit that makes every instruction of user mode trap.

THEORY.md: "Host configurations: values for the `search` bits under which virtualizable, resource control and efficiency hold
together (a bit that makes everything trap is no answer)".
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
    step: bool = role.control
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


def stepped(m):
    if m.step and m.mode == Mode.user:
        trap(Cause.call)


@instruction("1000 rd[2] rs[2]")
def move(m, rd, rs):
    stepped(m)
    m.r[rd] = m.r[rs]


@instruction("1001 rd[2] 00")
def read_mode(m, rd):
    stepped(m)
    m.r[rd] = zext(bits[1](m.mode), 8)


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}
    search = ["step"]

    def host(real, guest, start: bits[8]):
        return (
            placed(real, guest, start)
            and not guest.step
        )
