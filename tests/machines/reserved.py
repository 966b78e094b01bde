"""A few addresses at the top of each address space are the supervisor's, where the VMM keeps what it needs.

THEORY.md: "`reserved`: addresses the VMM keeps in the guest's address space (vector, descriptor tables), if any", and the view
is realised "outside `reserved`".
"""

from vmproof.lang import *
from tiny import *


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


@translation
def relocate(m, va: bits[8], access: Access) -> bits[8]:
    """240 and up: supervisor mode only. Below: relocation, in both modes."""
    if va >= 240 and m.mode == Mode.user:
        trap(Cause.memory)
    if va >= m.bound or zext(va, 9) + zext(m.base, 9) >= m.storage:
        trap(Cause.memory)
    return m.base + va


@scenario("guests know that the top is the VMM's")
class Kept:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)

    def reserved(va):
        return va >= 240


@scenario("guests may use the top")
class Unkept:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
