"""The third-generation machine with a supervisor half of each address space, and a test of access made in the current mode.

Addresses 128 and up are the supervisor's, as the upper half of a MIPS or VAX address space is. A guest's supervisor that
runs in user mode reaches none of them without a trap; and a test tells it so (as VERR, LAR and PROBE do on their machines).
"""

from vmproof.lang import *
from state import *
from instructions import *
from relocated import *


@translation
def relocate(m: Machine, va: bits[8], access: Access) -> bits[8]:
    """Relocation as in the paper, after the check that user mode stays below 128."""
    if m.mode == Mode.user and va >= 128:
        trap(Cause.memory, va)
    if va >= m.bound or zext(va, 9) + zext(m.base, 9) >= m.storage:
        trap(Cause.memory, va)
    return m.base + va


@instruction("0101 rd[2] rs[2]", asm="test_access r{rd}, (r{rs})")
def test_access(m, rd, rs):
    """1 if a load from that address would be allowed now, else 0; never a trap."""
    m.r[rd] = 1 if attempt(relocate, m, m.r[rs], Access.read).ok else 0
