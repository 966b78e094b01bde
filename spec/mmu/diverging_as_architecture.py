"""Shadow paging with tables that diverge, seen as the guest's architecture: what the guest does and sees is what this allows.

An access by a TLB is one by the walk that its entry was made from; a fault that is reflected, one by the tables as they are.
"""

from vmproof.lang import *
from spec.mmu import diverging_claims, guest_architecture
from spec.mmu.shadow_walk import sees


@abstraction
def seen(w: diverging_claims.Diverging, g: guest_architecture.Guest):
    g.memory = w.memory
    g.cpu = w.cpu
    g.vpn = w.vpn
    g.last = w.last
    g.use = w.use
    g.stale = w.stale
    g.root = w.root
    g.former = w.former


@simulates("set_registers")
def set_registers(w, g, h, root, asid, user, SUM, MXR):
    guest_architecture.set_registers(g, h, root, asid, user, SUM, MXR)


@simulates("sfence")
def sfence(w, g, h, one_page, p, one_asid, asid):
    guest_architecture.sfence(g, h, one_page, p, one_asid, asid)


@simulates("device_write")
def device_write(w, g, page, index, value):
    guest_architecture.device_write(g, page, index, value)


@simulates("load")
def load(w, g, h, p, access, offset, value):
    walk = w.tlb_origin[h, w.space[h], p]
    guest_architecture.access(g, h, p, access, offset, value, walk.root, walk.depth, walk.e2, walk.e1, walk.e0)


@simulates("store")
def store(w, g, h, p, offset, value):
    walk = w.tlb_origin[h, w.space[h], p]
    guest_architecture.access(g, h, p, Access.write, offset, value, walk.root, walk.depth, walk.e2, walk.e1, walk.e0)


@simulates("fault")
def fault(w, g, h, p, access, offset):
    root = w.cpu[h].root
    _, _, depth, _, entries, _ = sees(lambda page, index: (w.memory[page, index], page), root, w.vpn[p])
    e2, e1, e0 = entries
    guest_architecture.access(g, h, p, access, offset, 0, root, depth, e2, e1, e0)
    guest_architecture.mark(g, h, p, access, offset, root, depth, e2, e1, e0)
