"""What the VMM of `shadow_diverging.py` promises beside what its guest sees: that it has an answer, and drops no more than it must.

For the mapping that shows what the guest sees, `diverging_as_architecture.py`.
"""

from vmproof.lang import *
from spec.mmu import diverging_claims
from spec.mmu.fences import Key, region
from spec.mmu.guest_interface import Outcome
from spec.mmu.shadow_spec import permits

# What it offers.


@offers("set_registers")
def to_registers(w, g, h, s):
    """Whatever registers the guest asks for, if there is a space that no other hart is in."""
    return forall(lambda other: other == h or w.space[other] != s, diverging_claims.Hart)


@offers("fault")
def to_an_access(w, g):
    return True


@offers("load")
def to_a_load_by_tlb(w, g, h, p, access, offset, value):
    entry = w.tlb[h, w.space[h], p]
    return access != Access.write and permits(entry, access) and value == w.memory[entry.ppn, offset]


@offers("store")
def to_a_store_by_tlb(w, g, h, p):
    return permits(w.tlb[h, w.space[h], p], Access.write)


# What its steps come to.


@ensures("fault")
def let_through(w, after, h, p, access):
    """An access that begins again is let through by the shadow, and by no entry that the TLB had before."""
    s = w.space[h]
    again = after.last.outcome == Outcome.again
    return implies(again, permits(after.shadow[s, p], access) and not after.tlb[h, s, p].valid)


@ensures("evict")
def evicted(w, after, h, s, p):
    return not after.tlb[h, s, p].valid


# And what they leave alone.


@ensures("set_registers")
def nothing_flushed(
    w, after, root, asid, user, SUM, MXR, s, hart: diverging_claims.Hart, space: diverging_claims.Space, q: diverging_claims.Page
):
    """A space that is taken as it is keeps its entries, and so do all others, in the shadow and in the TLBs."""
    taken = w.tag[s] == Key(root=root, asid=asid, user=user, SUM=SUM, MXR=MXR)
    same = after.shadow[space, q] == w.shadow[space, q] and after.tlb[hart, space, q] == w.tlb[hart, space, q]
    return implies(space != s or taken, same)


@ensures("sfence")
def not_named(
    w, after, h, one_page, p, one_asid, asid, hart: diverging_claims.Hart, s: diverging_claims.Space, q: diverging_claims.Page
):
    """A fence takes nothing of another address space than it names, nor of pages that share no leaf with the one it names, nor of the TLB
    of another hart."""

    def apart(depth):
        return (one_asid and w.tag[s].asid != asid) or (one_page and region(depth, w.vpn[q]) != region(depth, w.vpn[p]))

    shadow = implies(apart(w.origin[s, q].depth), after.shadow[s, q] == w.shadow[s, q])
    tlb = implies(hart != h or apart(w.tlb_origin[hart, s, q].depth), after.tlb[hart, s, q] == w.tlb[hart, s, q])
    return shadow and tlb
