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
    """An entry's former value, as a hart uses it: in a global mapping, or in that of an address space; as a pointer (depth 0), or as the last
    entry of a walk of this depth, then for the addresses of one region."""

    hart: Hart
    everywhere: bool
    asid: bits[16]
    depth: bits[2]
    region: bits[27]
    table: bits[44]
    index: bits[9]
    value: bits[64]


class RootUse(Record):
    """A former root, as a hart uses it for an address space."""

    hart: Hart
    asid: bits[16]
    root: bits[44]


def region(depth, vpn):
    """The addresses that share the last entry of a walk of this depth, by their first page."""
    if depth == 1:
        return cat(vpn[26:18], bits[18](0))
    return cat(vpn[26:9], bits[9](0)) if depth == 2 else vpn


def write(w, page, index, value):
    """A store to the guest's memory: what the word was is stale."""
    old, stale, use = w.memory[page, index], w.stale, w.use
    w.memory[page, index] = value
    w.stale = array(lambda u: stale[u] or (use[u].table == page and use[u].index == index and use[u].value == old))


def switch(w, h, key):
    """Other registers: the root of this hart's address space becomes a former one."""
    old, former, root = w.cpu[h], w.former, w.root
    w.former = array(lambda r: former[r] or (root[r].hart == h and root[r].asid == old.asid and root[r].root == old.root))
    w.cpu[h] = key


def order(w, h, one_page, vpn, one_asid, asid):
    """SFENCE.VMA on a hart, for the address of page `vpn` if it is for `one_page`, and for `asid` if it is for `one_asid`."""
    stale, use, former, root = w.stale, w.use, w.former, w.root
    w.stale = array(lambda u: stale[u] and not (use[u].hart == h and subsumes(use[u], one_page, vpn, one_asid, asid)))
    w.former = array(lambda r: former[r] and not (root[r].hart == h and not one_page and (not one_asid or root[r].asid == asid)))


def subsumes(use, one_page, vpn, one_asid, asid):
    """Whether a fence is about a use of an entry."""
    named = not one_asid or (not use.everywhere and use.asid == asid)
    return named and (not one_page or (use.depth != 0 and use.region == region(use.depth, vpn)))


def root_lasts(w, r, h, asid, walk):
    """The hart may begin at this root in an address space, as far as account is kept by `r`."""
    mine = w.root[r].hart == h and w.root[r].asid == asid and w.root[r].root == walk.root
    return (w.cpu[h].asid == asid and w.cpu[h].root == walk.root) or implies(mine, w.former[r])


def entries_last(w, u, h, asid, vpn, walk):
    """The hart may use the entries of this walk for a page in an address space, as far as account is kept by `u`."""
    return all(
        implies(
            used, w.memory[table, index] == value or implies(is_use(w.use[u], h, asid, vpn, table, index, value, last, everywhere), w.stale[u])
        )
        for used, last, table, index, value, everywhere in uses(walk, vpn)
    )


def uses(walk, vpn):
    """The entries of a walk, each as `(whether it goes so far, the depth if it is the last one or else 0, the table, the index, what the entry
    is, whether the mapping is global by now)` (4.3.1)."""
    first, second, third = bool(walk.e2[5]), bool(walk.e1[5]), bool(walk.e0[5])
    return (
        (True, bits[2](1) if walk.depth == 1 else bits[2](0), walk.root, vpn[26:18], walk.e2, first),
        (walk.depth > 1, bits[2](2) if walk.depth == 2 else bits[2](0), walk.e2[53:10], vpn[17:9], walk.e1, first or second),
        (walk.depth > 2, bits[2](3), walk.e1[53:10], vpn[8:0], walk.e0, first or second or third),
    )


def is_use(use, h, asid, vpn, table, index, value, last, everywhere):
    """Account is kept by `use` of this entry; `last` is its depth where it is the last one of its walk, else 0."""
    entry = use.table == table and use.index == index and use.value == value
    whose = use.everywhere if everywhere else not use.everywhere and use.asid == asid
    return use.hart == h and entry and whose and use.depth == last and (last == 0 or use.region == region(last, vpn))


def usable(w, h, asid, vpn, walk):
    """The hart may use this walk for a page in an address space."""
    return forall(lambda u: entries_last(w, u, h, asid, vpn, walk), Use) and forall(lambda r: root_lasts(w, r, h, asid, walk), Root)
