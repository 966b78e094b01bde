"""The third-generation machine with JRST 1 of the PDP-10 (Popek and Goldberg 1974, section 5: no VMM, but a hybrid one)."""

from vmproof.lang import *
from base import *


@instruction("0101 rs[2] 00", asm="jrst1 (r{rs})")
def jrst1(m, rs):
    """Jump and enter user mode. In user mode it is a plain jump, so nothing traps."""
    m.mode = Mode.user
    m.pc = m.r[rs]
