"""Shadow paging that lets the guest's tables diverge from the shadow until it fences: a virtual TLB, for Sv39 on any number of harts.

The guest writes its tables as it likes, and so do devices: the VMM sees nothing of it before the guest's SFENCE.VMA. So a shadow entry may
outlive what it was made from, as the architecture lets a TLB's; which entries it may be made from is said in `fences.py`, of which this
system keeps account for that sake alone. The harts share one shadow: an entry must do for each of them. A fence drops what it subsumes
from the shadow and from the TLB of the hart that executes it, and from no other.

Page frames of the guest stand for those of the host here; `shadow.py` has the map between them.
"""

from vmproof.lang import *
from spec.mmu.fences import EntryUse, Key, Root, RootUse, Use, Walk, nothing_stale, order, region, switch, write
from spec.mmu.guest_interface import ADUE, Event, Hart, Outcome, Page
from spec.mmu.shadow_tables import sees
from spec.mmu.shadow_walk import fault_cause, grants, rights

# Of the shadow; to the hardware, an address space identifier. An ASID of the guest is a hart's own affair (4.2.1), so that it does not tell
# address spaces apart where several harts share a shadow: the root has to, too.
Space = unsized("Space")


class Entry(Record):
    """An entry of the shadow, or of a TLB: a page, and the rights of a program without privilege."""

    valid: bool
    ppn: bits[44]
    r: bool
    w: bool
    x: bool


class Diverging(State):
    """`origin` and `tlb_origin`: the walk that an entry was made by. The VMM needs of it the depth only, to know what a fence is about."""

    memory: array[(bits[44], bits[9]), bits[64]]
    vpn: array[Page, bits[27]]  # the number of a virtual page; never changes
    cpu: array[Hart, Key]
    space: array[Hart, Space]
    tag: array[Space, Key]
    shadow: array[(Space, Page), Entry]
    origin: array[(Space, Page), Walk]
    tlb: array[(Hart, Space, Page), Entry]
    tlb_origin: array[(Hart, Space, Page), Walk]
    last: Event
    use: array[Use, EntryUse]
    stale: array[Use, bool]
    root: array[Root, RootUse]
    former: array[Root, bool]


@init
def power_on(w):
    return (
        forall(lambda s, p: not w.shadow[s, p].valid, Space, Page)
        and forall(lambda h, s, p: not w.tlb[h, s, p].valid, Hart, Space, Page)
        and forall(lambda h: w.tag[w.space[h]] == w.cpu[h], Hart)
        and nothing_stale(w)
        and w.last.outcome == Outcome.again
    )


def unless(gone, old):
    return Entry(valid=old.valid and not gone, ppn=old.ppn, r=old.r, w=old.w, x=old.x)


def drop(w, gone):
    """Take entries for which `gone(space, page, depth)` holds out of the shadow."""
    shadow, origin = w.shadow, w.origin
    w.shadow = array(lambda s, p: unless(gone(s, p, origin[s, p].depth), shadow[s, p]))


def flush(w, at, gone):
    """The same for the TLBs of the harts for which `at(hart)` holds."""
    tlb, origin = w.tlb, w.tlb_origin
    w.tlb = array(lambda h, s, p: unless(at(h) and gone(s, p, origin[h, s, p].depth), tlb[h, s, p]))


# Steps of the guest's.


@action
def set_registers(w, h: Hart, root: bits[44], asid: bits[16], user: bool, SUM: bool, MXR: bool, s: Space):
    """The guest writes satp or sstatus, traps, or returns from a trap: the VMM takes the space of these registers, or empties one for them
    in which no other hart is."""
    key = Key(root=root, asid=asid, user=user, SUM=SUM, MXR=MXR)
    if w.tag[s] != key:
        require(forall(lambda other: other == h or w.space[other] != s, Hart))
        drop(w, lambda space, page, depth: space == s)
        flush(w, lambda hart: True, lambda space, page, depth: space == s)
        w.tag[s] = key
    switch(w, h, key)
    w.space[h] = s


@action
def sfence(w, h: Hart, one_page: bool, p: Page, one_asid: bool, asid: bits[16]):
    """SFENCE.VMA of the guest's. For one page it is about all the pages that were made from this page's leaf."""
    vpn, tag = w.vpn, w.tag
    order(w, h, one_page, vpn[p], one_asid, asid)

    def about(s, page, depth):
        return (not one_page or region(depth, vpn[page]) == region(depth, vpn[p])) and (not one_asid or tag[s].asid == asid)

    drop(w, about)
    flush(w, lambda hart: hart == h, about)


@action
def load(w, h: Hart, p: Page, access: Access, offset: bits[9], value: bits[64]):
    """A load, or a fetch, by what the hart's TLB holds."""
    entry = w.tlb[h, w.space[h], p]
    require(entry.valid and access != Access.write and grants(entry.r, entry.w, entry.x, access))
    require(value == w.memory[entry.ppn, offset])
    w.last = Event(hart=h, page=p, access=access, offset=offset, value=value, outcome=Outcome.made, code=0)


@action
def store(w, h: Hart, p: Page, offset: bits[9], value: bits[64]):
    """A store by what the hart's TLB holds, to a table or not."""
    entry = w.tlb[h, w.space[h], p]
    require(entry.valid and entry.w)
    w.last = Event(hart=h, page=p, access=Access.write, offset=offset, value=value, outcome=Outcome.made, code=0)
    write(w, entry.ppn, offset, value)


@action
def device_write(w, page: bits[44], index: bits[9], value: bits[64]):
    write(w, page, index, value)


# Steps of the hardware's.


@action
def fill(w, h: Hart, p: Page):
    s = w.space[h]
    require(w.shadow[s, p].valid)
    w.tlb[h, s, p], w.tlb_origin[h, s, p] = w.shadow[s, p], w.origin[s, p]


@action
def evict(w, h: Hart, s: Space, p: Page):
    w.tlb[h, s, p].valid = False


# Steps of the VMM's.


@action
def fault(w, h: Hart, p: Page, access: Access, offset: bits[9]):
    """The hardware denied an access: the VMM walks the guest's tables of now, and reflects the fault, or sets A and D and fills."""
    key, s, vpn = w.tag[w.space[h]], w.space[h], w.vpn[p]
    _, found, depth, steps, ppn = sees(lambda page, index: (w.memory[page, index], page), key, vpn)
    table, index, pte = steps[2]
    read, write_too, execute = rights(pte, key)
    storing = access == Access.write
    marked = pte | (0xC0 if storing else 0x40)
    if not found or not grants(read, write_too, execute, access) or (marked != pte and not ADUE):
        w.last = Event(hart=h, page=p, access=access, offset=offset, value=0, outcome=Outcome.denied, code=fault_cause(access))
    else:
        w.last = Event(hart=h, page=p, access=access, offset=offset, value=0, outcome=Outcome.again, code=0)
        if marked != pte:
            write(w, table, index, marked)
        w.shadow[s, p] = Entry(valid=True, ppn=ppn, r=read, w=write_too and marked[7] == 1, x=execute)
        e2, e1 = marked if depth == 1 else steps[0][2], steps[1][2] if depth == 3 else marked
        w.origin[s, p] = Walk(root=key.root, depth=depth[1:0], e2=e2, e1=e1, e0=marked)
        w.tlb[h, s, p].valid = False
