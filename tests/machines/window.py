"""Relocation by base and bound, in force in both modes: the translation of most of the machines beside this file."""

from vmproof.lang import *
from tiny import *


@translation
def relocate(m, va: bits[8], access: Access) -> bits[8]:
    if va >= m.bound or zext(va, 9) + zext(m.base, 9) >= m.storage:
        trap(Cause.memory)
    return m.base + va
