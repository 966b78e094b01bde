"""A probe of what the present mode may read, made with the translation that is in force.

THEORY.md: "what uses only u and the view agrees by congruence, aliases included." The VMM can realise the view of either mode,
so that this probe, unlike one for another mode, tells nothing.
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
    fence: bits[8] = role.control  # below it, addresses are the supervisor's
    storage: bits[9] = role.platform
    mem: memory[bits[8], bits[8]]


@translation
def fenced(m, va: bits[8], access: Access, mode=None) -> bits[8]:
    """User mode reaches nothing below the fence; else relocation by base and bound."""
    checked = m.mode if mode is None else mode
    if checked == Mode.user and va < m.fence:
        trap(Cause.memory)
    if va >= m.bound or zext(va, 9) + zext(m.base, 9) >= m.storage:
        trap(Cause.memory)
    return m.base + va


@instruction("1000 rd[2] rs[2]")
def probe(m, rd, rs):
    m.r[rd] = 1 if attempt(fenced, m, m.r[rs], Access.read).ok else 0


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return (
            placed(real, guest, start)
            and real.fence == (guest.fence if guest.mode == Mode.user else 0)
        )
