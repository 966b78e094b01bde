"""Nested paging with TLBs: a guest with Sv39 on any number of harts, whose tables hardware walks itself, behind a host's.

That a nested walk comes to what the guest's tables and then the host's say is proved of a walker in `nested_riscv.py`; here a walk of the
host's is one look at `host`. The TLB of a hart keeps what it has read of the guest's tables, entry by entry, and combines a leaf with the
page frame behind it. It may take up and drop any of this at any time, so that a translation may be made from entries that never stood in
memory together. The guest's fences go to the hardware and never exit; which entries a translation may be made from is said in `fences.py`,
of which this system keeps account for that sake alone.

The VMM has its own affairs: it moves the guest's pages from frame to frame, and out of memory, and executes HFENCE.GVMA on all harts then,
which drops what was combined and keeps what was read of the guest's tables (RISC-V Privileged Architecture 1.13, 8.3.2, 8.5.3).
"""

from vmproof.lang import *
from spec.mmu.fences import EntryUse, Key, Root, RootUse, Use, Walk, is_global, nothing_stale, order, outdate, region, switch
from spec.mmu.guest_interface import ADUE, Event, Hart, Outcome, Page
from spec.mmu.shadow_walk import fault_cause, grants, pointer, rights, unusable

Frame = unsized("Frame")  # of the host's memory


Slot = unsized("Slot")  # of a TLB


class Line(Record):
    """What a TLB knows: for a page of an address space the entries of a walk, as far as it goes (`walk.depth`, none: 0), and the page frame
    behind the page that it leads to, if that was `found`."""

    asid: bits[16]
    vpn: bits[27]
    walk: Walk
    found: bool
    frame: Frame


class Nested(State):
    memory: array[Frame, array[bits[9], bits[64]]]
    host: array[bits[44], Frame]  # the frame behind a page of the guest's, if it is in use for this page
    used: array[Frame, bool]
    place: array[Frame, bits[44]]
    away: array[bits[44], array[bits[9], bits[64]]]  # the pages that are in no frame
    vpn: array[Page, bits[27]]  # the number of a virtual page; never changes
    cpu: array[Hart, Key]
    tlb: array[(Hart, Slot), Line]
    last: Event
    use: array[Use, EntryUse]
    stale: array[Use, bool]
    root: array[Root, RootUse]
    former: array[Root, bool]


@init
def power_on(w):
    return (
        forall(lambda h, t: w.tlb[h, t].walk.depth == 0 and not w.tlb[h, t].found, Hart, Slot)
        and nothing_stale(w)
        and w.last.outcome == Outcome.again
    )


# The guest's memory, wherever it is.


def backed(w, page):
    """The frame in `host` really is this page's."""
    return w.used[w.host[page]] and w.place[w.host[page]] == page


def word(w, page, index):
    return w.memory[w.host[page]][index] if backed(w, page) else w.away[page][index]


def put(w, page, index, value):
    """Write to a page that is in a frame."""
    outdate(w, page, index, word(w, page, index))
    w.memory[w.host[page]][index] = value


# What the hardware makes of entries.


def last_entry(walk):
    return walk.e2 if walk.depth == 1 else walk.e1 if walk.depth == 2 else walk.e0


def ends(walk):
    """The walk has come to a leaf, or to what is none and leads nowhere."""
    entry = last_entry(walk)
    return walk.depth == 3 or (walk.depth != 0 and (unusable(entry) or not pointer(entry)))


def leads(walk):
    """It has come to a leaf, which is aligned."""
    entry = last_entry(walk)
    aligned = walk.depth == 3 or (entry[18:10] == 0 and (walk.depth == 2 or entry[27:19] == 0))
    return ends(walk) and not unusable(entry) and not pointer(entry) and aligned


def page_behind(walk, vpn):
    entry = last_entry(walk)
    return cat(entry[53:28], vpn[17:0]) if walk.depth == 1 else cat(entry[53:19], vpn[8:0]) if walk.depth == 2 else entry[53:10]


def position(walk, vpn):
    """The table in which the last entry stands, and its index."""
    if walk.depth == 1:
        return walk.root, vpn[26:18]
    return (walk.e2[53:10], vpn[17:9]) if walk.depth == 2 else (walk.e1[53:10], vpn[8:0])


def with_marks(entry, access):
    return entry | (bits[64](0xC0) if access == Access.write else bits[64](0x40))


def granted(line, key, access):
    read, write, execute = rights(last_entry(line.walk), key)
    return leads(line.walk) and grants(read, write, execute, access)


def hits(w, h, t, p):
    """A line for a page in the hart's address space; a global mapping is one of all."""
    line = w.tlb[h, t]
    require(ends(line.walk) and line.vpn == w.vpn[p] and (line.asid == w.cpu[h].asid or is_global(line.walk)))
    return line


# Steps of the guest's.


@action
def set_registers(w, h: Hart, root: bits[44], asid: bits[16], user: bool, SUM: bool, MXR: bool):
    """The guest writes satp or sstatus, traps, or returns from a trap; the TLB is left alone."""
    switch(w, h, Key(root=root, asid=asid, user=user, SUM=SUM, MXR=MXR))


@action
def sfence(w, h: Hart, one_page: bool, p: Page, one_asid: bool, asid: bits[16]):
    """SFENCE.VMA: the hart's TLB drops leaves of one page, or whole walks; of one address space, or all."""
    order(w, h, one_page, w.vpn[p], one_asid, asid)
    tlb, vpn = w.tlb, w.vpn[p]
    w.tlb = array(lambda hart, t: after_fence(tlb[hart, t], one_page, vpn, one_asid, asid) if hart == h else tlb[hart, t])


def after_fence(line, one_page, vpn, one_asid, asid):
    named = not one_asid or (line.asid == asid and not is_global(line.walk))
    if named and not one_page:
        return cut(line, bits[2](0))
    if named and ends(line.walk) and region(line.walk.depth, line.vpn) == region(line.walk.depth, vpn):
        return cut(line, line.walk.depth - 1)
    return line


def cut(line, depth):
    """The walk as far as this depth, and nothing combined. The pointers of a global mapping may have outlived a fence of their address
    space: without the entry that makes it global they are good for nothing."""
    old = line.walk
    shorter = Walk(root=old.root, depth=depth, e2=old.e2, e1=old.e1, e0=old.e0)
    if is_global(old) and not is_global(shorter):
        shorter = Walk(root=old.root, depth=0, e2=old.e2, e1=old.e1, e0=old.e0)
    return Line(asid=line.asid, vpn=line.vpn, walk=shorter, found=False, frame=line.frame)


@action
def access(w, h: Hart, t: Slot, p: Page, kind: Access, offset: bits[9], value: bits[64]):
    """A load, a store or a fetch by what a TLB has combined."""
    line = hits(w, h, t, p)
    leaf = last_entry(line.walk)
    require(line.found and granted(line, w.cpu[h], kind) and with_marks(leaf, kind) == leaf)
    w.last = Event(hart=h, page=p, access=kind, offset=offset, value=value, outcome=Outcome.made, code=0)
    if kind == Access.write:
        page = page_behind(line.walk, line.vpn)
        outdate(w, page, offset, w.memory[line.frame][offset])
        w.memory[line.frame][offset] = value
    else:
        require(value == w.memory[line.frame][offset])


@action
def device_write(w, page: bits[44], index: bits[9], value: bits[64]):
    """A device writes to the guest's memory, behind an IOMMU that has the host's tables."""
    require(backed(w, page))
    put(w, page, index, value)


# Steps of the hardware's.


@action
def page_fault(w, h: Hart, t: Slot, p: Page, kind: Access, offset: bits[9]):
    """The guest's tables deny an access, or want marks that software is to set: the guest gets the fault, and nothing exits."""
    line = hits(w, h, t, p)
    leaf = last_entry(line.walk)
    require(not granted(line, w.cpu[h], kind) or (with_marks(leaf, kind) != leaf and not ADUE))
    w.last = Event(hart=h, page=p, access=kind, offset=offset, value=0, outcome=Outcome.denied, code=fault_cause(kind))


@action
def mark(w, h: Hart, t: Slot, p: Page, kind: Access, offset: bits[9]):
    """The hardware sets A, and D for a store, if the leaf still is in memory, where it finds it anew; then the access begins again."""
    line = hits(w, h, t, p)
    leaf = last_entry(line.walk)
    table, index = position(line.walk, line.vpn)
    marked = with_marks(leaf, kind)
    require(ADUE and granted(line, w.cpu[h], kind) and marked != leaf and backed(w, table) and word(w, table, index) == leaf)
    put(w, table, index, marked)
    w.tlb[h, t] = cut(line, line.walk.depth - 1)
    w.last = Event(hart=h, page=p, access=kind, offset=offset, value=0, outcome=Outcome.again, code=0)


@action
def begin(w, h: Hart, t: Slot, p: Page):
    """A slot is taken for a walk, wanted or not: the entry of the root table is read. An address that is in no frame exits to the VMM."""
    root, vpn = w.cpu[h].root, w.vpn[p]
    require(backed(w, root))
    old = w.tlb[h, t]
    walk = Walk(root=root, depth=1, e2=word(w, root, vpn[26:18]), e1=old.walk.e1, e0=old.walk.e0)
    w.tlb[h, t] = Line(asid=w.cpu[h].asid, vpn=vpn, walk=walk, found=False, frame=old.frame)


@action
def go_on(w, h: Hart, t: Slot):
    """The next table's entry is read by a pointer that was kept, whatever memory holds in its place by now."""
    line = w.tlb[h, t]
    old = line.walk
    require(old.depth != 0 and not ends(old))
    table, index = (old.e2[53:10], line.vpn[17:9]) if old.depth == 1 else (old.e1[53:10], line.vpn[8:0])
    require(backed(w, table))
    entry = word(w, table, index)
    e1, e0 = (entry, old.e0) if old.depth == 1 else (old.e1, entry)
    w.tlb[h, t].walk = Walk(root=old.root, depth=old.depth + 1, e2=old.e2, e1=e1, e0=e0)


@action
def combine(w, h: Hart, t: Slot):
    """The host's tables are walked for the page that a leaf leads to."""
    line = w.tlb[h, t]
    page = page_behind(line.walk, line.vpn)
    require(leads(line.walk) and backed(w, page))
    w.tlb[h, t].found, w.tlb[h, t].frame = True, w.host[page]


@action
def evict(w, h: Hart, t: Slot, depth: bits[2]):
    """A TLB drops some of what it knows."""
    require(depth < w.tlb[h, t].walk.depth)
    w.tlb[h, t] = cut(w.tlb[h, t], depth)


# Steps of the VMM's.


def hfence(w, frame):
    """HFENCE.GVMA on all harts, for what leads to this frame: nothing is combined with it any more."""
    tlb = w.tlb
    w.tlb = array(lambda h, t: forgotten(tlb[h, t], frame))


def forgotten(line, frame):
    found = line.found and line.frame != frame
    return Line(asid=line.asid, vpn=line.vpn, walk=line.walk, found=found, frame=line.frame)


@action
def move(w, page: bits[44], to: Frame):
    """The VMM copies a page to another frame, and puts that behind it."""
    require(backed(w, page) and not w.used[to])
    old = w.host[page]
    hfence(w, old)
    w.memory[to] = w.memory[old]
    w.used[old] = False
    w.host[page], w.place[to], w.used[to] = to, page, True


@action
def take_out(w, page: bits[44]):
    """The VMM takes a page out of memory."""
    require(backed(w, page))
    old = w.host[page]
    hfence(w, old)
    w.away[page] = w.memory[old]
    w.used[old] = False


@action
def bring_in(w, page: bits[44], to: Frame):
    """A page is brought into a frame, when the guest wants it or before."""
    require(not backed(w, page) and not w.used[to])
    w.memory[to] = w.away[page]
    w.host[page], w.place[to], w.used[to] = to, page, True


@action
def scribble(w, frame: Frame, index: bits[9], value: bits[64]):
    """Somebody else writes to a frame that is not the guest's."""
    require(not w.used[frame])
    w.memory[frame][index] = value
