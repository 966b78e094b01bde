"""A call from user mode that goes straight to the supervisor, not to the monitor, as a delegated ECALL or VAX CHMS.

THEORY.md: "A trap delivered inside the image (VAX CHMS, a delegated ECALL, a user UUO) is completion: g and r are compared
after the entry." It is harmless if the vector is the guest's own, and not if it is the VMM's.
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
    supervisor_vector: bits[8] = role.control
    supervisor_link: bits[8] = role.control
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@trap_entry
def enter(m, cause: Cause):
    if cause == Cause.call and m.mode == Mode.user:
        m.supervisor_link = m.pc
        m.pc, m.mode = m.supervisor_vector, Mode.supervisor
    else:
        to_monitor(m, cause)


@instruction("1000 0000")
def call(m):
    trap(Cause.call)


@scenario("the supervisor's vector is the guest's own")
class OwnVector:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.supervisor}
    own = ["mode", "supervisor_vector", "supervisor_link"]

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)


@scenario("the supervisor's vector is the VMM's")
class KeptVector:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.supervisor}
    own = ["mode"]

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
