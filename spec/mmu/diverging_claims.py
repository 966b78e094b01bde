"""What is claimed of shadow paging with tables that diverge: an entry comes from a walk that the architecture may still use."""

from vmproof.lang import *
from spec.mmu.fences import Use, entries_last, is_global
from spec.mmu.guest_access import comes_to, marked
from spec.mmu.result import Reason
from spec.mmu.shadow_diverging import *
from spec.mmu.shadow_spec import permits


def granted(key, vpn, access, entry, walk):
    """The entries of the walk grant what the entry permits, with the marks that they need, and lead to its page."""
    formed, reason, leaf, page = comes_to(walk, vpn, access, key)
    return implies(
        entry.valid,
        formed
        and walk.root == key.root
        and implies(permits(entry, access), reason == Reason.none and marked(leaf, access) == leaf and page == entry.ppn),
    )


@invariant("what a TLB lets the guest do, the entries grant that it was made from")
def tlb_granted(w, h: Hart, s: Space, p: Page, access: Access):
    return granted(w.tag[s], w.vpn[p], access, w.tlb[h, s, p], w.tlb_origin[h, s, p])


@invariant("what the shadow lets the guest do, the entries grant that it was made from")
def shadow_granted(w, s: Space, p: Page, access: Access):
    return granted(w.tag[s], w.vpn[p], access, w.shadow[s, p], w.origin[s, p])


def lasts(w, u, h, key, vpn, walk):
    return entries_last(w, u, h, key.asid, vpn, walk, is_global(walk), lambda page, index: w.memory[page, index])


@invariant("the entries that a TLB's was made from the architecture may still use")
def tlb_lasts(w, h: Hart, s: Space, p: Page, u: Use):
    return implies(w.tlb[h, s, p].valid, lasts(w, u, h, w.tag[s], w.vpn[p], w.tlb_origin[h, s, p]))


@invariant("the entries that the shadow's was made from the architecture may still use, on each hart")
def shadow_lasts(w, h: Hart, s: Space, p: Page, u: Use):
    return implies(w.shadow[s, p].valid, lasts(w, u, h, w.tag[s], w.vpn[p], w.origin[s, p]))


@invariant("a hart runs in a space of the guest's registers")
def placed(w, h: Hart):
    return w.tag[w.space[h]] == w.cpu[h]


@reachable("the guest writes to a page by a TLB")
def written(w, h: Hart, p: Page):
    return permits(w.tlb[h, w.space[h], p], Access.write)
