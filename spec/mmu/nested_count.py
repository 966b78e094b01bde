"""How many entries the nested walker of RISC-V reads: never more than MOST, and so many in some walk.

Any number of guest levels behind any number of host levels, from 2 to 5; entries are not marked (MARKS = 0). MOST is the limit that a
theorem gives: `vmproof paging` finds it.
"""

from vmproof.lang import *
from spec.mmu.nested_hardware import Phase
from spec.mmu.nested_states import counted
from spec.mmu.nested_riscv import *

MOST = parameter(15)


@invariant("the walker counts as it goes")
def in_step(w):
    return counted(w, PLAN)


@invariant("a walk reads no more entries than the limit")
def at_most(w):
    return implies(w.r.phase == Phase.done, w.r.count <= MOST)


@invariant("a walk reads fewer entries than the limit")
def fewer(w):
    return implies(w.r.phase == Phase.done, w.r.count < MOST)
