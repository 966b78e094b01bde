"""What is claimed of nested paging with TLBs: a translation is made from a walk that may still be used, and from the host of now."""

from vmproof.lang import *
from spec.mmu.fences import Root, Use, entries_last, is_global, root_lasts
from spec.mmu.nested_tlb import *


@invariant("what was combined leads to the frame that is behind the page now")
def led(w, h: Hart, t: Slot):
    line = w.tlb[h, t]
    page = page_behind(line.walk, line.vpn)
    return implies(line.found, leads(line.walk) and backed(w, page) and w.host[page] == line.frame)


@invariant("a walk goes on behind pointers only")
def formed(w, h: Hart, t: Slot):
    walk = w.tlb[h, t].walk
    return implies(walk.depth > 1, pointer(walk.e2) and not unusable(walk.e2)) and implies(
        walk.depth > 2, pointer(walk.e1) and not unusable(walk.e1)
    )


def lasts(w, u, h, line, everywhere):
    walk = line.walk
    return entries_last(w, u, h, line.asid, line.vpn, walk, everywhere, lambda page, index: word(w, page, index), complete=ends(walk))


@invariant("the entries that a TLB has read the architecture may still use for a global mapping")
def lasts_everywhere(w, h: Hart, t: Slot, u: Use):
    return lasts(w, u, h, w.tlb[h, t], True)


@invariant("if nothing says so far that the mapping is global, it may use them for one of the address space")
def lasts_here(w, h: Hart, t: Slot, u: Use):
    line = w.tlb[h, t]
    return implies(not is_global(line.walk), lasts(w, u, h, line, False))


@invariant("the root that a TLB began at the architecture may still use for a global mapping")
def rooted_everywhere(w, h: Hart, t: Slot, r: Root):
    line = w.tlb[h, t]
    return implies(line.walk.depth != 0, root_lasts(w, r, h, line.asid, line.walk, True))


@invariant("if nothing says so far that the mapping is global, it may use it for one of the address space")
def rooted_here(w, h: Hart, t: Slot, r: Root):
    line = w.tlb[h, t]
    return implies(line.walk.depth != 0 and not is_global(line.walk), root_lasts(w, r, h, line.asid, line.walk, False))


@reachable("a leaf that lets the guest store is no more in memory")
def outdated(w, h: Hart, t: Slot):
    line = w.tlb[h, t]
    other = word(w, line.walk.root, line.vpn[26:18]) != line.walk.e2
    return other and granted(line, w.cpu[h], Access.write)
