"""Nested paging with TLBs, seen as the guest's architecture: what the guest does and sees is what this allows.

Nothing that the VMM does is to be seen: it moves pages, and what they hold stays.
"""

from vmproof.lang import *
from spec.mmu import guest_architecture, nested_tlb_claims


@abstraction
def seen(w: nested_tlb_claims.Nested, g: guest_architecture.Guest):
    g.memory = array(lambda page, index: nested_tlb_claims.word(w, page, index))
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


@simulates("access")
def access(w, g, h, t, p, kind, offset, value):
    walk = w.tlb[h, t].walk
    guest_architecture.access(g, h, p, kind, offset, value, walk.root, walk.depth, walk.e2, walk.e1, walk.e0)


@simulates("page_fault")
def page_fault(w, g, h, t, p, kind, offset):
    walk = w.tlb[h, t].walk
    guest_architecture.access(g, h, p, kind, offset, 0, walk.root, walk.depth, walk.e2, walk.e1, walk.e0)


@simulates("mark")
def mark(w, g, h, t, p, kind, offset):
    walk = w.tlb[h, t].walk
    guest_architecture.mark(g, h, p, kind, offset, walk.root, walk.depth, walk.e2, walk.e1, walk.e0)
