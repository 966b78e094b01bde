"""What the architecture lets a guest of Sv39 see: its memory, by translations that need not be of now, on any number of harts.

What the entries of a walk come to says `guest_access.py`, and which entries these may be, `fences.py`.
"""

from vmproof.lang import *
from spec.mmu.fences import EntryUse, Key, Root, RootUse, Use, Walk, is_global, kept_for, order, region, switch, usable, write
from spec.mmu.guest_access import comes_to, marked, place
from spec.mmu.guest_interface import ADUE, Event, Hart, Outcome, Page
from spec.mmu.result import Reason
from spec.mmu.riscv import cause

class Guest(State):
    memory: array[(bits[44], bits[9]), bits[64]]
    cpu: array[Hart, Key]
    vpn: array[Page, bits[27]]  # the number of a virtual page; never changes
    last: Event
    use: array[Use, EntryUse]  # of what account is remembered; never changes, and neither does `root`
    stale: array[Use, bool]
    root: array[Root, RootUse]
    former: array[Root, bool]


@init
def reset(w):
    """Nothing is stale."""
    return forall(lambda u: not w.stale[u], Use) and forall(lambda r: not w.former[r], Root)


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
    require(usable(w, h, w.cpu[h].asid, w.vpn[p], walk, lambda page, index: w.memory[page, index]))
    return walk


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
    use, everywhere = w.use[u], is_global(walk)
    same = use.depth == 1 and use.region == region(1, vpn) and use.table == key.root and use.index == vpn[26:18] and use.value == e2
    remembered = same and kept_for(use, h, key.asid, everywhere) and w.stale[u]
    return formed and reason == Reason.none and remembered and w.memory[key.root, vpn[26:18]] != e2
