"""A monitor that can make waiting trap, but not the change of the window.

THEORY.md: "Host configurations: ... or a proof that there are none."
"""

from vmproof.lang import *
from rings import *


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
    trap_idle: bool = role.control
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@trap_entry
def enter(m, cause: Cause):
    to_monitor(m, cause)


@instruction("1000 rd[2] rs[2]")
def set_window(m, rd, rs):
    if m.mode == Mode.user:
        trap(Cause.privileged)
    m.base, m.bound = m.r[rd], m.r[rs]


@instruction("1001 0000")
def idle(m):
    if m.mode == Mode.user or (m.mode == Mode.supervisor and m.trap_idle):
        trap(Cause.privileged)
    wait()


@scenario("the mode is the guest's own")
class OwnMode:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.supervisor}
    own = ["mode"]
    search = ["trap_idle"]

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start) and not guest.trap_idle
