"""What the VMM of `shadow.py` promises beside what its guest sees: that it has an answer to each fault, and takes nothing back in vain.

For the mapping that shows what the guest sees, `shadow_as_immediate.py`.
"""

from vmproof.lang import *
from spec.mmu import shadow_claims
from spec.mmu.shadow_spec import permits, register_file
from spec.mmu.shadow_tables import indices, sees

# What it offers. The guest gets whatever registers it asks for, if there is a space that no other hart is in; and a fault has one answer,
# unless a page has to be brought in first.


@offers("set_registers")
def to_registers(w, g, h, s):
    return forall(lambda other: other == h or w.space[other] != s, shadow_claims.Hart)


def look(w, ppn, index):
    """An entry of a table, and whether that is in a frame."""
    return shadow_claims.guest_word(w, ppn, index), shadow_claims.backed(w, ppn)


def at_hand(w, h, p):
    """All that the VMM's walk comes to is in frames: the tables, and the page, if they lead to one."""
    _, useful, _, steps, ppn = sees(lambda ppn, index: look(w, ppn, index), w.cpu[h], w.vpn[p])
    return all(there for there, _, _ in steps) and implies(useful, shadow_claims.backed(w, ppn))


@offers("reflect", "mark", "refill")
def to_a_load(w, g, h, p, access):
    return access != Access.write and at_hand(w, h, p)


@offers("reflect", "mark", "refill", "emulate")
def to_a_store(w, g, h, p, access):
    return access == Access.write and at_hand(w, h, p)


@offers("load")
def to_a_load_by_tlb(w, g, h, p, access):
    entry = w.tlb[h, w.space[h], p]
    return access != Access.write and permits(entry, access)


@offers("store")
def to_a_store_by_tlb(w, g, h, p):
    return permits(w.tlb[h, w.space[h], p], Access.write)


# What its steps come to.


@ensures("refill")
def let_through(w, after, h, p, access):
    """The access that faulted, unless it is a store to a table, which comes back to be emulated."""
    entry = after.shadow[w.space[h], p]
    return permits(entry, access) or (access == Access.write and after.guarded[entry.frame])


@ensures("evict")
def evicted(w, after, h, s, p):
    return not after.tlb[h, s, p].valid


@ensures("release")
def released(w, after, frame):
    return not after.guarded[frame]


@ensures("swap_out")
def away(w, after, page):
    return not shadow_claims.backed(after, page)


@ensures("swap_in")
def back(w, after, page, to):
    return shadow_claims.backed(after, page) and after.host[page] == to


@ensures("scribble")
def scribbled(w, after, frame, index, value):
    return after.memory[frame][index] == value


# And what they leave alone.


@ensures("set_registers")
def nothing_flushed(w, after, root, user, controls, s, other: shadow_claims.Space, p: shadow_claims.Page):
    """A space that is taken as it is keeps its entries, and so do all others."""
    return implies(other != s or w.key[s] == register_file(root, user, controls), after.shadow[other, p] == w.shadow[other, p])


@ensures("mark", "emulate", "device")
def made_from_others(w, after, written: shadow_claims.Frame, word: bits[9], space: shadow_claims.Space, other: shadow_claims.Page):
    """Where a word of the guest's changes, entries that come from others stay."""
    changed, same, origin = after.memory[written][word] != w.memory[written][word], True, w.origin[space, other]
    for number, (step, at) in enumerate(zip(shadow_claims.steps_of(origin), indices(w.key[space], w.vpn[other]))):
        same = same and implies(origin.depth > number, after.memory[step.table][at] == w.memory[step.table][at])
    return implies(changed and same, after.shadow[space, other] == w.shadow[space, other])


@ensures("refill")
def all_but_one(w, after, h, p, s: shadow_claims.Space, other: shadow_claims.Page):
    """All entries stay but that of the page, and those that would let the guest write to a table."""
    old = w.shadow[s, other]
    taken = (s == w.space[h] and other == p) or (old.w and after.guarded[old.frame])
    return taken or after.shadow[s, other] == old


@ensures("forget")
def only_one(w, after, s, p, space: shadow_claims.Space, other: shadow_claims.Page):
    entry = after.shadow[space, other]
    return not entry.valid if space == s and other == p else entry == w.shadow[space, other]
