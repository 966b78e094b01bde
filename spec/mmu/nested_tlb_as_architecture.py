"""Nested paging with TLBs, seen as the guest's architecture: what the guest does and sees is what this allows.

Nothing that the VMM does is to be seen: it moves pages, and what they hold stays. To an access by a line of its TLB the hardware has one
answer; and a walk goes on, unless the page that it needs is in no frame: then the VMM brings it in.
"""

from vmproof.lang import *
from spec.mmu.guest_account import *
from spec.mmu import nested_tlb_claims
from spec.mmu.fences import is_global
from spec.mmu.guest_access import comes_to, marked, place
from spec.mmu.guest_interface import ADUE
from spec.mmu.result import Reason
from spec.mmu.riscv import SV39, decode
from spec.mmu.shadow_spec import registers


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


@offers("set_registers")
def to_registers(w, g):
    return True


@offers("access", "page_fault", "mark")
def to_a_hit(w, g, h, t, p, kind, offset, value):
    """What a line answers is for its page, in its address space, or in all if its mapping is global. If it lets the access be made, it has
    been combined with a frame; if it wants marks, the leaf still is in memory."""
    line, key, vpn = w.tlb[h, t], w.cpu[h], w.vpn[p]
    formed, reason, leaf, page = comes_to(line.walk, vpn, kind, key)
    table, index = place(line.walk, vpn)
    granted, fresh = reason == Reason.none, marked(leaf, kind) == leaf
    return (
        formed
        and line.vpn == vpn
        and (line.asid == key.asid or is_global(line.walk))
        and implies(granted and fresh, line.found and (kind == Access.write or g.memory[page, offset] == value))
        and implies(granted and not fresh and ADUE, nested_tlb_claims.backed(w, table) and g.memory[table, index] == leaf)
    )


@offers("begin", "bring_in")
def to_a_miss(w, g, h, page, to):
    return page == w.cpu[h].root and not w.used[to]


@offers("go_on", "bring_in")
def to_a_pointer(w, g, h, t, page, to):
    walk = w.tlb[h, t].walk
    entry = walk.e2 if walk.depth == 1 else walk.e1
    reason, leaf, _ = decode(SV39, entry, 1, 21, registers(w.cpu[h], False))
    on = (walk.depth == 1 or walk.depth == 2) and reason == Reason.none and not leaf
    return on and page == entry[53:10] and not w.used[to]


@offers("combine", "bring_in")
def to_a_leaf(w, g, h, t, page, to):
    line, maps = w.tlb[h, t], False
    for depth, entry, level, low in ((1, line.walk.e2, 2, 30), (2, line.walk.e1, 1, 21), (3, line.walk.e0, 0, 12)):
        reason, leaf, _ = decode(SV39, entry, level, low, registers(w.cpu[h], False))
        maps = maps or (line.walk.depth == depth and reason == Reason.none and leaf)
    _, _, _, behind = comes_to(line.walk, line.vpn, Access.read, w.cpu[h])
    return maps and page == behind and not w.used[to]
