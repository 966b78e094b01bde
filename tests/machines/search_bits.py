"""Bits by which the monitor makes what a supervisor does trap, as TVM, TW and TSR of RISC-V.

THEORY.md: "Host configurations: values for the `search` bits under which virtualizable, resource control and efficiency hold
together ..., minimal ones first". The window must trap, and so must waiting. Leaving supervisor mode need not where the mode is
the guest's own, and must where it is the VMM's.
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
    trap_window: bool = role.control
    trap_idle: bool = role.control
    trap_leave: bool = role.control
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@trap_entry
def enter(m, cause: Cause):
    to_monitor(m, cause)


@instruction("1000 rd[2] rs[2]")
def set_window(m, rd, rs):
    if m.mode == Mode.user or (m.mode == Mode.supervisor and m.trap_window):
        trap(Cause.privileged)
    m.base, m.bound = m.r[rd], m.r[rs]


@instruction("1001 0000")
def idle(m):
    if m.mode == Mode.user or (m.mode == Mode.supervisor and m.trap_idle):
        trap(Cause.privileged)
    wait()


@instruction("1010 rs[2] 00")
def leave(m, rs):
    """From supervisor to user mode."""
    if m.mode == Mode.user or (m.mode == Mode.supervisor and m.trap_leave):
        trap(Cause.privileged)
    m.mode = Mode.user
    m.pc = m.r[rs]


def plain(guest):
    """No guest mode reaches these bits: they are set before a supervisor runs."""
    return not guest.trap_window and not guest.trap_idle and not guest.trap_leave


@scenario("the mode is the guest's own")
class OwnMode:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.supervisor}
    own = ["mode"]
    search = ["trap_window", "trap_idle", "trap_leave"]

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start) and plain(guest)


@scenario("the mode is the VMM's")
class KeptMode:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.supervisor}
    search = ["trap_window", "trap_idle", "trap_leave"]

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start) and plain(guest)
