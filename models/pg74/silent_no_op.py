"""The third-generation machine with a load of the bound that user mode ignores, as POPF of IA-32 ignores the interrupt flag.

The paper's definition of privileged asks for a trap: an instruction that does nothing in user mode is not privileged
(Popek and Goldberg 1974, section 3).
"""

from vmproof.lang import *
from base import *


@instruction("0101 rs[2] 00", asm="set_bound r{rs}")
def set_bound(m, rs):
    if m.mode == Mode.supervisor:
        m.bound = m.r[rs]
