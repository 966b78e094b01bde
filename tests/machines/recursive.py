"""Whether a machine can be virtualized under its own VMM depends on time as well.

THEORY.md: "no timing source is read without a trap (a description that says nothing about time gets `unknown`)".
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


@scenario("the machine has no readable time")
class Timeless:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}
    timing = []

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)


@scenario("nothing is said about time")
class Silent:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
