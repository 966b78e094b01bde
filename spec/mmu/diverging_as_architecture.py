"""Shadow paging with tables that diverge, seen as the guest's architecture: what the guest does and sees is what this allows.

An access by a TLB is one by the walk that its entry was made from; a fault that is reflected, one by the tables as they are.
"""

from vmproof.lang import *
from spec.mmu.guest_account import *
from spec.mmu.diverging_promises import *
from spec.mmu.shadow_tables import sees


@abstraction
def seen(w: diverging_claims.Diverging, g: guest_architecture.Guest):
    g.memory = w.memory
    but_memory(w, g)


@simulates("load")
def load(w, g, h, p, access, offset, value):
    walk = w.tlb_origin[h, w.space[h], p]
    by(g, h, p, access, offset, value, walk)


@simulates("store")
def store(w, g, h, p, offset, value):
    walk = w.tlb_origin[h, w.space[h], p]
    by(g, h, p, Access.write, offset, value, walk)


@simulates("fault")
def fault(w, g, h, p, access, offset):
    root = w.cpu[h].root
    _, _, depth, steps, _ = sees(lambda page, index: (w.memory[page, index], page), w.cpu[h], w.vpn[p])
    e2, e1, e0 = (entry for _, _, entry in steps)
    guest_architecture.access(g, h, p, access, offset, 0, root, depth[1:0], e2, e1, e0)
    guest_architecture.mark(g, h, p, access, offset, root, depth[1:0], e2, e1, e0)
