"""What a translation may be made from while tables change: SFENCE.VMA of RISC-V.

Privileged Architecture, version 1.13 (20240411), 4.2.1: an implicit read of a table may give any value that the entry had since the last
fence that subsumes this read. A fence with an address orders reads of leaf entries for this address only; one with an address space leaves
global mappings alone. The root in satp is such a value, too: a hart may go on with a former one until a fence of all addresses.

A system that keeps account of it has, beside `memory` (the guest's, by page and word) and the registers `cpu` of its harts, four
fields: `use` and `stale` for the uses of table entries, `root` and `former` for roots. Of how many uses and roots account is kept is left
open; what is claimed holds for any number of them, and so for all. Stores become visible to all harts at once; a fence concerns the hart
that executes it.
"""

from vmproof.lang import *
from spec.mmu.guest_interface import Hart

Use = unsized("Use")
Root = unsized("Root")


class Key(Record):
    """The registers that translation depends on: satp.PPN and satp.ASID, the privilege (user or supervisor), SUM and MXR of sstatus."""

    root: bits[44]
    asid: bits[16]
    user: bool
    SUM: bool
    MXR: bool


class Walk(Record):
    """A walk of Sv39 from a root, over `depth` entries, of which the last one is a leaf or does not lead on."""

    root: bits[44]
    depth: bits[2]
    e2: bits[64]
    e1: bits[64]
    e0: bits[64]


class EntryUse(Record):
    """An entry's former value, as a hart uses it: in a global mapping, or in that of an address space; as a pointer (depth 0), or as the
    last entry of a walk of this depth, then for the addresses of one region."""

    hart: Hart
    everywhere: bool
    asid: bits[16]
    depth: bits[2]
    region: bits[27]
    table: bits[44]
    index: bits[9]
    value: bits[64]


class RootUse(Record):
    """A former root, as a hart uses it: for a global mapping, or for that of an address space."""

    hart: Hart
    everywhere: bool
    asid: bits[16]
    root: bits[44]


def region(depth, vpn):
    """The addresses that share the last entry of a walk of this depth, by their first page."""
    if depth == 1:
        return cat(vpn[26:18], bits[18](0))
    return cat(vpn[26:9], bits[9](0)) if depth == 2 else vpn


def nothing_stale(w):
    """Where a system begins."""
    return forall(lambda u: not w.stale[u], Use) and forall(lambda r: not w.former[r], Root)


def write(w, page, index, value):
    """A store to the guest's memory, where this is an array of its own."""
    outdate(w, page, index, w.memory[page, index])
    w.memory[page, index] = value


def outdate(w, page, index, old):
    """A word of the guest's memory is written: what it was is stale."""
    stale, use = w.stale, w.use
    w.stale = array(lambda u: stale[u] or (use[u].table == page and use[u].index == index and use[u].value == old))


def switch(w, h, key):
    """Other registers: the root of this hart's address space becomes a former one."""
    leave(w, h, w.cpu[h].root, w.cpu[h].asid)
    w.cpu[h] = key


def leave(w, h, old, asid):
    """A hart has another root than `old`, or another address space than `asid`."""
    former, root = w.former, w.root
    w.former = array(lambda r: former[r] or (root[r].hart == h and root[r].root == old and (root[r].everywhere or root[r].asid == asid)))


def order(w, h, one_page, vpn, one_asid, asid):
    """SFENCE.VMA on a hart, for the address of page `vpn` if it is for `one_page`, and for `asid` if it is for `one_asid`."""
    stale, use, former, root = w.stale, w.use, w.former, w.root

    def named(item):
        return item.hart == h and (not one_asid or (not item.everywhere and item.asid == asid))

    def reached(item):
        return not one_page or (item.depth != 0 and item.region == region(item.depth, vpn))

    w.stale = array(lambda u: stale[u] and not (named(use[u]) and reached(use[u])))
    w.former = array(lambda r: former[r] and not (named(root[r]) and not one_page))


# What a hart may use, as far as account is kept of it. A mapping is global if an entry of its walk says so (4.3.1): it is one of all
# address spaces, so that the root may be any address space's, too.


def is_global(walk):
    return (walk.depth > 0 and walk.e2[5]) or (walk.depth > 1 and walk.e1[5]) or (walk.depth > 2 and walk.e0[5])


def root_lasts(w, r, h, asid, walk, everywhere):
    """The hart may begin a walk at its root, in an address space, or for a global mapping if `everywhere`."""
    return root_now(w, h, asid, walk, everywhere) or implies(is_root_use(w.root[r], h, asid, walk, everywhere), w.former[r])


def root_now(w, h, asid, walk, everywhere):
    return w.cpu[h].root == walk.root and (everywhere or w.cpu[h].asid == asid)


def is_root_use(use, h, asid, walk, everywhere):
    """Account is kept by `use` of this use of a root."""
    return use.root == walk.root and kept_for(use, h, asid, everywhere)


def entries(walk, vpn, complete=True):
    """The entries of a walk, each as `(whether it goes so far, the table, the index, what it is, its depth if it is the last one, else 0)`.
    A walk that is not `complete` has no last one yet."""

    def last(depth):
        return bits[2](depth) if complete and walk.depth == depth else bits[2](0)

    return (
        (walk.depth >= 1, walk.root, vpn[26:18], walk.e2, last(1)),
        (walk.depth >= 2, walk.e2[53:10], vpn[17:9], walk.e1, last(2)),
        (walk.depth >= 3, walk.e1[53:10], vpn[8:0], walk.e0, last(3)),
    )


def entries_last(w, u, h, asid, vpn, walk, everywhere, word, complete=True):
    """The hart may use the entries of a walk for a page, in an address space, or for a global mapping if `everywhere`.

    `word(page, index)` is what memory holds. A walk that is not `complete` has but pointers so far.
    """
    holds = True
    for so_far, table, index, value, last in entries(walk, vpn, complete):
        remembered = implies(is_use(w.use[u], h, asid, vpn, table, index, value, last, everywhere), w.stale[u])
        holds = holds and implies(so_far, word(table, index) == value or remembered)
    return holds


def is_use(use, h, asid, vpn, table, index, value, last, everywhere):
    """Account is kept by `use` of this use of an entry; `last` is its depth where it is the last one of its walk, else 0."""
    same = use.table == table and use.index == index and use.value == value
    return same and use.depth == last and (last == 0 or use.region == region(last, vpn)) and kept_for(use, h, asid, everywhere)


def kept_for(item, h, asid, everywhere):
    return item.hart == h and (item.everywhere if everywhere else not item.everywhere and item.asid == asid)


def usable(w, h, asid, vpn, walk, word):
    """The hart may use this walk for a page in an address space."""
    everywhere = is_global(walk)
    return forall(lambda u: entries_last(w, u, h, asid, vpn, walk, everywhere, word), Use) and forall(
        lambda r: root_lasts(w, r, h, asid, walk, everywhere), Root
    )


def known(w, h, asid, vpn, walk, word):
    """Account is kept of all that a walk uses and that is not so now."""
    everywhere = is_global(walk)
    holds = root_now(w, h, asid, walk, everywhere) or exists(lambda r: is_root_use(w.root[r], h, asid, walk, everywhere), Root)
    for so_far, table, index, value, last in entries(walk, vpn):
        held = exists(lambda u: is_use(w.use[u], h, asid, vpn, table, index, value, last, everywhere), Use)
        holds = holds and implies(so_far, word(table, index) == value or held)
    return holds
