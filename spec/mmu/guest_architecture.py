"""What the architecture lets a guest of Sv39 see: its memory, by translations that need not be of now, on any number of harts.

What the entries of a walk come to says `guest_access.py`, and which entries these may be, `fences.py`.
"""

from vmproof.lang import *
from spec.mmu.fences import EntryUse, Key, Root, RootUse, Use, Walk
from spec.mmu.fences import is_global, is_use, known, nothing_stale, order, region, switch, usable, write
from spec.mmu.guest_access import comes_to, marked, place
from spec.mmu.guest_interface import ADUE, Event, Hart, Outcome, Page
from spec.mmu.result import Reason
from spec.mmu.riscv import cause

FENCED = parameter(0)  # 1: the guest makes no access before it has fenced all changes of the tables that this needs


class Guest(State):
    memory: array[(bits[44], bits[9]), bits[64]]
    cpu: array[Hart, Key]
    vpn: array[Page, bits[27]]  # the number of a virtual page; never changes
    last: Event
    use: array[Use, EntryUse]  # of what account is kept; never changes, and neither does `root`
    stale: array[Use, bool]
    root: array[Root, RootUse]
    former: array[Root, bool]


@init
def reset(w):
    """Nothing is stale, and no access was made yet."""
    return w.last.outcome == Outcome.again and nothing_stale(w)


@action
def set_registers(w, h: Hart, root: bits[44], asid: bits[16], user: bool, SUM: bool, MXR: bool):
    """The guest writes satp or sstatus, traps, or returns from a trap; none of it is a fence."""
    switch(w, h, Key(root=root, asid=asid, user=user, SUM=SUM, MXR=MXR))


@action
def sfence(w, h: Hart, one_page: bool, p: Page, one_asid: bool, asid: bits[16]):
    order(w, h, one_page, w.vpn[p], one_asid, asid)


@action
def device_write(w, page: bits[44], index: bits[9], value: bits[64]):
    """A device writes to the guest's memory."""
    write(w, page, index, value)


def by(w, h, p, root, depth, e2, e1, e0):
    """A walk that the hart may use now."""
    walk = Walk(root=root, depth=depth, e2=e2, e1=e1, e0=e0)
    asid, vpn = w.cpu[h].asid, w.vpn[p]

    def word(page, index):
        return w.memory[page, index]

    require(usable(w, h, asid, vpn, walk, word))
    if FENCED == 1:
        require(known(w, h, asid, vpn, walk, word) and fenced(w, h, asid, vpn, word))
    return walk


def fenced(w, h, asid, vpn, word):
    """Whatever was changed of the entries that a walk of now reads, and of the root, was fenced since. What hardware has marked is not
    meant: a former leaf may lack A and D that it has now."""
    root = w.cpu[h].root
    e2 = word(root, vpn[26:18])
    e1 = word(e2[53:10], vpn[17:9])
    e0 = word(e1[53:10], vpn[8:0])
    cells = ((root, vpn[26:18], e2), (e2[53:10], vpn[17:9], e1), (e1[53:10], vpn[8:0], e0))

    def settled(u):
        use = w.use[u]
        mine = use.hart == h and (use.everywhere or use.asid == asid) and (use.depth == 0 or use.region == region(use.depth, vpn))
        holds = True
        for table, index, now in cells:
            grown = ADUE and now[3:1] != 0 and use.value | 0xC0 == now | 0xC0 and use.value | now == now
            holds = holds and implies(mine and w.stale[u] and use.table == table and use.index == index, use.value == now or grown)
        return holds

    def rooted(r):
        mine = w.root[r].hart == h and (w.root[r].everywhere or w.root[r].asid == asid)
        return implies(mine and w.former[r], w.root[r].root == root)

    return forall(settled, Use) and forall(rooted, Root)


@action
def access(
    w,
    h: Hart,
    p: Page,
    kind: Access,
    offset: bits[9],
    value: bits[64],
    root: bits[44],
    depth: bits[2],
    e2: bits[64],
    e1: bits[64],
    e0: bits[64],
):
    """A load, a store or a fetch of a word, by a walk whose leaf has the marks that it needs; or its page fault."""
    walk = by(w, h, p, root, depth, e2, e1, e0)
    formed, reason, leaf, page = comes_to(walk, w.vpn[p], kind, w.cpu[h])
    fresh = marked(leaf, kind) == leaf
    require(formed and (reason != Reason.none or fresh or not ADUE))
    if reason != Reason.none or not fresh:
        w.last = Event(hart=h, page=p, access=kind, offset=offset, value=0, outcome=Outcome.denied, code=cause(kind, False))
    else:
        w.last = Event(hart=h, page=p, access=kind, offset=offset, value=value, outcome=Outcome.made, code=0)
        if kind == Access.write:
            write(w, page, offset, value)
        else:
            require(value == w.memory[page, offset])


@action
def mark(w, h: Hart, p: Page, kind: Access, offset: bits[9], root: bits[44], depth: bits[2], e2: bits[64], e1: bits[64], e0: bits[64]):
    """Hardware sets A, and D for a store, where the leaf still is in memory; then the access begins again."""
    walk = by(w, h, p, root, depth, e2, e1, e0)
    formed, reason, leaf, _ = comes_to(walk, w.vpn[p], kind, w.cpu[h])
    table, index = place(walk, w.vpn[p])
    require(formed and reason == Reason.none and (ADUE or marked(leaf, kind) == leaf) and w.memory[table, index] == leaf)
    w.last = Event(hart=h, page=p, access=kind, offset=offset, value=0, outcome=Outcome.again, code=0)
    if marked(leaf, kind) != leaf:
        write(w, table, index, marked(leaf, kind))


@reachable("a load by an entry that is no more in memory")
def outdated(w, h: Hart, p: Page, u: Use, e2: bits[64]):
    key, vpn = w.cpu[h], w.vpn[p]
    walk = Walk(root=key.root, depth=bits[2](1), e2=e2, e1=bits[64](0), e0=bits[64](0))
    formed, reason, _, _ = comes_to(walk, vpn, Access.read, key)
    old = is_use(w.use[u], h, key.asid, vpn, key.root, vpn[26:18], e2, walk.depth, is_global(walk))
    return formed and reason == Reason.none and old and w.stale[u] and w.memory[key.root, vpn[26:18]] != e2
