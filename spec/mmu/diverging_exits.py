"""When a change of the guest's tables costs an exit: with tables that may diverge never, but its fence does, by `sfence` of the VMM."""

from vmproof.lang import *
from spec.mmu.diverging_claims import *


@reachable("the guest stores to a leaf that the shadow was made from, by a TLB")
def updates_do_not_exit(w, h: Hart, p: Page, q: Page):
    s = w.space[h]
    walk = w.origin[s, q]
    return permits(w.tlb[h, s, p], Access.write) and w.shadow[s, q].valid and walk.depth == 3 and w.tlb[h, s, p].ppn == walk.e1[53:10]
