"""A register that the guest's supervisor finds under the same name in another place, as vsstatus for sstatus under RISC-V H.

THEORY.md: "`own`: control registers that hold the guest's own value, where needed in pairs (a guest's sstatus in the real vsstatus)."
Here the guest's supervisor is the real machine's `supervisor`; its monitor is interpreted. The monitor's `status` is what a
supervisor without a VMM would have.
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
    status: bits[8] = role.control
    guest_status: bits[8] = role.control
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@trap_entry
def enter(m, cause: Cause):
    to_monitor(m, cause)


@instruction("1000 rd[2] 00")
def read_status(m, rd):
    """A monitor reads `status`, a supervisor, without knowing, `guest_status`."""
    if m.mode == Mode.user:
        trap(Cause.privileged)
    m.r[rd] = m.status if m.mode == Mode.monitor else m.guest_status


@instruction("1001 rs[2] 00")
def write_status(m, rs):
    if m.mode == Mode.user:
        trap(Cause.privileged)
    if m.mode == Mode.monitor:
        m.status = m.r[rs]
    else:
        m.guest_status = m.r[rs]


@scenario("the guest's status is the real guest_status")
class Paired:
    runs = {Mode.user: Mode.user, Mode.monitor: Mode.supervisor}
    own = [("status", "guest_status")]

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)


@scenario("no register is the guest's own")
class Unpaired:
    runs = {Mode.user: Mode.user, Mode.monitor: Mode.supervisor}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
