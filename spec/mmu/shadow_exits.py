"""When a change of the guest's tables costs an exit: with write-protected tables always, by `emulate` or `device` of `shadow.py`."""

from vmproof.lang import *
from spec.mmu.shadow_claims import *


@invariant("no store of the guest's own reaches a table that the shadow was made from", follows=("protected", "cached", "traced"))
def updates_exit(w, h: Hart, p: Page, s: Space, q: Page):
    mine, origin = w.tlb[h, w.space[h], p], w.origin[s, q]
    table = any(origin.depth > number and step.table == mine.frame for number, step in enumerate(steps_of(origin)))
    return implies(w.shadow[s, q].valid and table, not permits(mine, Access.write))
