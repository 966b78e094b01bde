"""Nested paging with TLBs, seen as the guest's architecture: what the guest does and sees is what this allows.

Nothing that the VMM does is to be seen: it moves pages, and what they hold stays.
"""

from vmproof.lang import *
from spec.mmu.guest_account import *
from spec.mmu.nested_tlb_promises import *


@abstraction
def seen(w: nested_tlb_claims.Nested, g: guest_architecture.Guest):
    g.memory = array(lambda page, index: nested_tlb_claims.word(w, page, index))
    but_memory(w, g)


@simulates("access")
def access(w, g, h, t, p, kind, offset, value):
    walk = w.tlb[h, t].walk
    by(g, h, p, kind, offset, value, walk)


@simulates("page_fault")
def page_fault(w, g, h, t, p, kind, offset):
    walk = w.tlb[h, t].walk
    by(g, h, p, kind, offset, 0, walk)


@simulates("mark")
def mark(w, g, h, t, p, kind, offset):
    walk = w.tlb[h, t].walk
    guest_architecture.mark(g, h, p, kind, offset, walk.root, walk.depth, walk.e2, walk.e1, walk.e0)
