"""The relocation-bounds register (Popek and Goldberg 1974, section 2)."""

from vmproof.lang import *
from state import *


@translation
def relocate(m: Machine, va: bits[8], access: Access) -> bits[8]:
    """R = (l, b): address a memory-traps if a + l >= q or a >= b, else it is E[a + l]; in force in both modes."""
    if va >= m.bound or zext(va, 9) + zext(m.base, 9) >= m.storage:
        trap(Cause.memory, va)
    return m.base + va
