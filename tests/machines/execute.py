"""EXECUTE runs the word that it finds in memory: what that is decides whether it traps.

THEORY.md: "Sensitivity and completion must meet in one pair: EXECUTE of an LPSW traps, of an ADD completes, and is fine."
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


@instruction("1000 rs[2] 00")
def execute(m, rs):
    """Executes an `add` or a `set_window` out of line; no other word is executed."""
    word = m.load(m.r[rs])
    if word[7:4] == 0b0100:
        supervisor_only(m)
        m.base, m.bound = m.r[word[3:2]], m.r[word[1:0]]
    elif word[7:4] == 0b0011:
        m.r[word[3:2]] = m.r[word[3:2]] + m.r[word[1:0]]
    else:
        trap(Cause.privileged)


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start)
