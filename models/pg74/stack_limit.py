"""The third-generation machine with a stack whose limit is checked in supervisor mode only, as the PDP-11/45 checks the kernel's stack.

The guest's supervisor, run in user mode, pushes past the limit and never hears of it: a trap condition is lost.
"""

from vmproof.lang import *
from base import *

STACK_POINTER = 3
STACK_LIMIT = 8  # the two PSWs lie below


@instruction("0101 rs[2] 00", asm="push r{rs}")
def push(m, rs):
    """PDP-11/45 processor handbook, "stack limit": a kernel push below the limit traps; the user's stack has the bound instead."""
    top = m.r[STACK_POINTER] - 1
    if m.mode == Mode.supervisor and top < STACK_LIMIT:
        trap(Cause.memory, top)
    m.store(top, m.r[rs])
    m.r[STACK_POINTER] = top
