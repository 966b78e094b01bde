"""Shadow paging with write-protected tables, seen as the guest's machine without a TLB.

What the hardware lets the guest do by a TLB is an access of that machine. A fault that the VMM reflects is an access that is denied
there, a store that it emulates one that is made, and a fault after which it sets a bit or fills is an access that is granted and begins
again. Nothing else that the VMM does is to be seen.

A fault has one answer, unless a page has to be brought in first; and the guest gets whatever registers it asks for, if there is a space
that no other hart is in.
"""

from vmproof.lang import *
from spec.mmu import guest_immediate
from spec.mmu import shadow_claims
from spec.mmu.shadow_tables import sees


@abstraction
def seen(w: shadow_claims.Shadow, g: guest_immediate.Guest):
    """The guest's memory is what its pages hold, wherever the VMM keeps them."""
    g.memory = array(lambda page, index: shadow_claims.guest_word(w, page, index))
    g.vpn = w.vpn
    g.cpu = w.cpu
    g.last = w.last


@simulates("set_registers")
def set_registers(w, g, h, root, user, controls):
    guest_immediate.set_registers(g, h, root, user, controls)


@offers("set_registers")
def to_registers(w, g, h, s):
    return forall(lambda other: other == h or w.space[other] != s, shadow_claims.Hart)


@simulates("load")
def load(w, g, h, p, access, index):
    value = w.memory[w.tlb[h, w.space[h], p].frame][index]
    guest_immediate.access(g, h, p, access, index, value)


@simulates("store")
def store(w, g, h, p, index, value):
    guest_immediate.access(g, h, p, Access.write, index, value)


@simulates("reflect")
def reflect(w, g, h, p, access, offset):
    guest_immediate.access(g, h, p, access, offset, 0)


@simulates("emulate")
def emulate(w, g, h, p, offset, value):
    guest_immediate.access(g, h, p, Access.write, offset, value)


@simulates("mark", "refill")
def again(w, g, h, p, access, offset):
    guest_immediate.mark(g, h, p, access, offset)


@simulates("device")
def device(w, g, page, index, value):
    guest_immediate.write(g, page, index, value)


def at_hand(w, h, p):
    """All that the VMM's walk comes to is in frames: the tables, and the page, if they lead to one."""

    def look(ppn, index):
        return shadow_claims.guest_word(w, ppn, index), shadow_claims.backed(w, ppn)

    _, useful, _, steps, ppn = sees(look, w.cpu[h], w.vpn[p])
    return all(there for there, _, _ in steps) and implies(useful, shadow_claims.backed(w, ppn))


@offers("reflect", "mark", "refill")
def to_a_load(w, g, h, p, access):
    return access != Access.write and at_hand(w, h, p)


@offers("reflect", "mark", "refill", "emulate")
def to_a_store(w, g, h, p, access):
    return access == Access.write and at_hand(w, h, p)
