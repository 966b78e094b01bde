"""Shadow paging with write-protected guest tables: a guest with Sv39 on any number of harts.

The VMM runs the guest without privilege on tables of its own, the shadow, which map virtual pages straight to page frames of the host. It
fills an entry on the fault that wants it, from a walk of the guest's tables, and write-protects the tables that it read, so that each
change of them reaches the VMM. So an entry never says anything but what the guest's tables say at that very moment, and the guest's
fences need nothing.

The shadow is kept by space: one for each set of those registers on which the guest's translation depends. What the guest's architecture
allows is left to `shadow_claims.py`; the walk here is the VMM's own, by the RISC-V Privileged Architecture 1.13, 4.3 and 4.4.

Frames, virtual pages, spaces and harts are of any number. Left out: a device in place of memory behind a page of the guest's.
"""

from vmproof.lang import *
from spec.mmu.shadow_walk import grants, rights, sees, with_leaf

Hart = unsized("Hart")
Space = unsized("Space")  # of the shadow; to the hardware, an address space identifier
Page = unsized("Page")  # of the guest's virtual memory
Frame = unsized("Frame")  # of the host's memory
ADUE = constant(bool)  # the guest's hardware is to set A and D by itself, else they fault


class Key(Record):
    """What the guest's translation depends on: satp.PPN, the privilege (user or supervisor), SUM and MXR of sstatus."""

    root: bits[44]
    user: bool
    SUM: bool
    MXR: bool


class Entry(Record):
    """An entry of the shadow, or of a TLB: a frame, and the rights of a program without privilege."""

    valid: bool
    frame: Frame
    r: bool
    w: bool
    x: bool


class Origin(Record):
    """What the VMM remembers of an entry: how many of the guest's tables it comes from, the frames of these, from the root down, what their
    entries said, and the guest's page that they lead to."""

    depth: bits[2]
    t2: Frame
    t1: Frame
    t0: Frame
    e2: bits[64]
    e1: bits[64]
    e0: bits[64]
    ppn: bits[44]


class Handled(Record):
    """The last fault that happened: who wanted what of which page, and whether the VMM reflected it, or did the store itself."""

    happened: bool
    key: Key
    page: Page
    access: Access
    offset: bits[9]
    value: bits[64]
    reflected: bool
    emulated: bool


class Shadow(State):
    memory: array[(Frame, bits[9]), bits[64]]
    host: array[bits[44], Frame]  # the frame behind a page of the guest's physical memory, if it is in use for this page
    used: array[Frame, bool]
    place: array[Frame, bits[44]]
    vpn: array[Page, bits[27]]  # the number of a virtual page; never changes
    key: array[Space, Key]
    cpu: array[Hart, Key]
    space: array[Hart, Space]  # the space that a hart runs in
    guarded: array[Frame, bool]  # write-protected, for shadow entries come from it
    shadow: array[(Space, Page), Entry]
    origin: array[(Space, Page), Origin]
    tlb: array[(Hart, Space, Page), Entry]
    handled: Handled
    before: array[(Frame, bits[9]), bits[64]]  # the memory and its arrangement when that fault came, and the memory afterwards
    before_host: array[bits[44], Frame]
    after: array[(Frame, bits[9]), bits[64]]


@init
def power_on(w):
    """Shadow and TLBs are empty, and no hart runs yet in a space of other registers than its own; memory holds anything."""
    return (
        forall(lambda s, p: not w.shadow[s, p].valid, Space, Page)
        and forall(lambda h, s, p: not w.tlb[h, s, p].valid, Hart, Space, Page)
        and forall(lambda h: w.key[w.space[h]] == w.cpu[h], Hart)
        and not w.handled.happened
    )


# The VMM's walk of the guest's tables.


def backed(w, ppn):
    """The frame in `host` really is this page's."""
    frame = w.host[ppn]
    return w.used[frame] and w.place[frame] == ppn


def look(w, ppn, index):
    """An entry of a table, and its frame; where nothing backs it, the step is not possible: the VMM has to bring it in first."""
    require(backed(w, ppn))
    return w.memory[w.host[ppn], index], w.host[ppn]


# What the VMM does to the shadow, and to the TLBs of all harts before it goes on.


def comes_from(origin, vpn, frame, index):
    """Whether an entry for page number `vpn` was made from the guest's entry at `index` of the table in `frame`."""
    return (
        (origin.t2 == frame and vpn[26:18] == index)
        or (origin.depth >= 2 and origin.t1 == frame and vpn[17:9] == index)
        or (origin.depth == 3 and origin.t0 == frame and vpn[8:0] == index)
    )


def from_frame(origin, frame):
    return origin.t2 == frame or (origin.depth >= 2 and origin.t1 == frame) or (origin.depth == 3 and origin.t0 == frame)


def unless(gone, old):
    return Entry(valid=old.valid and not gone, frame=old.frame, r=old.r, w=old.w, x=old.x)


def drop(w, gone):
    """Take out of the shadow and of the TLBs the entries for which `gone(space, page)` holds."""
    shadow, tlb = w.shadow, w.tlb
    w.tlb = array(lambda h, s, p: unless(gone(s, p), tlb[h, s, p]))
    w.shadow = array(lambda s, p: unless(gone(s, p), shadow[s, p]))


def write_table(w, frame, index, value):
    """Write to a guarded frame: what comes from there is no longer so."""
    w.memory[frame, index] = value
    drop(w, lambda s, p: comes_from(w.origin[s, p], w.vpn[p], frame, index))


def guard(w, frame):
    """Write-protect a frame: who could write to it loses its entry."""
    w.guarded[frame] = True
    shadow = w.shadow
    drop(w, lambda s, p: shadow[s, p].w and shadow[s, p].frame == frame)


# Steps of the guest's.


@action
def set_registers(w, h: Hart, root: bits[44], user: bool, SUM: bool, MXR: bool, s: Space):
    """The guest writes satp or sstatus, traps, or returns from a trap: the VMM takes the space of these registers, and flushes nothing."""
    key = w.key[s]
    require(key.root == root and key.user == user and key.SUM == SUM and key.MXR == MXR)
    w.cpu[h] = Key(root=root, user=user, SUM=SUM, MXR=MXR)
    w.space[h] = s


@action
def store(w, h: Hart, p: Page, index: bits[9], value: bits[64]):
    """The guest stores by what the hart's TLB holds."""
    entry = w.tlb[h, w.space[h], p]
    require(entry.valid and entry.w)
    w.memory[entry.frame, index] = value


# Steps of the hardware's.


@action
def fill(w, h: Hart, p: Page):
    """A TLB is filled from the shadow, wanted or not."""
    require(w.shadow[w.space[h], p].valid)
    w.tlb[h, w.space[h], p] = w.shadow[w.space[h], p]


@action
def evict(w, h: Hart, s: Space, p: Page):
    w.tlb[h, s, p].valid = False


# Steps of the VMM's.


@action
def fault(w, h: Hart, p: Page, access: Access, offset: bits[9], value: bits[64]):
    """The hardware denied an access: the VMM walks the guest's tables, and reflects the fault, or fills, or emulates the store."""
    key, s = w.key[w.space[h]], w.space[h]
    vpn = w.vpn[p]
    found, pte, depth, tables, entries, ppn = sees(lambda ppn, index: look(w, ppn, index), key.root, vpn)
    read, write, execute = rights(pte, key)
    storing = access == Access.write
    marked = pte | (0xC0 if storing else 0x40)
    denied = not found or not grants(read, write, execute, access) or (marked != pte and not ADUE)
    w.before, w.before_host = w.memory, w.host
    w.handled = Handled(happened=True, key=w.cpu[h], page=p, access=access, offset=offset, value=value, reflected=denied, emulated=False)
    if not denied:
        require(backed(w, ppn))
        target = w.host[ppn]
        t2, t1, t0 = tables
        if marked != pte:
            index = vpn[26:18] if depth == 1 else vpn[17:9] if depth == 2 else vpn[8:0]
            write_table(w, t0, index, marked)
        if storing and w.guarded[target]:
            write_table(w, target, offset, value)
            w.handled.emulated = True
        else:
            for part in tables:
                guard(w, part)
            drop(w, lambda space, page: space == s and page == p)
            clean = not storing and pte[7] == 0
            w.shadow[s, p] = Entry(valid=True, frame=target, r=read, w=write and not clean and not w.guarded[target], x=execute)
            e2, e1, e0 = with_leaf(depth, entries, marked)
            w.origin[s, p] = Origin(depth=depth, t2=t2, t1=t1, t0=t0, e2=e2, e1=e1, e0=e0, ppn=ppn)
    w.after = w.memory


@action
def open_space(w, s: Space, root: bits[44], user: bool, SUM: bool, MXR: bool):
    """The VMM uses a space for other registers, in which no hart is."""
    require(forall(lambda h: w.space[h] != s, Hart))
    drop(w, lambda space, p: space == s)
    w.key[s] = Key(root=root, user=user, SUM=SUM, MXR=MXR)


@action
def forget(w, s: Space, p: Page):
    """The VMM takes an entry back."""
    drop(w, lambda space, page: space == s and page == p)


@action
def release(w, frame: Frame):
    """The VMM lets the guest write to a frame again, and so gives up what came from there."""
    drop(w, lambda s, p: from_frame(w.origin[s, p], frame))
    w.guarded[frame] = False


@action
def remap(w, page: bits[44], to: Frame):
    """The VMM puts another frame behind a page of the guest's, or takes the first one for it."""
    require(not w.used[to])
    old, there, shadow = w.host[page], backed(w, page), w.shadow
    drop(w, lambda s, p: there and (shadow[s, p].frame == old or from_frame(w.origin[s, p], old)))
    if there:
        w.used[old] = False
    w.host[page], w.place[to], w.used[to] = to, page, True


@action
def scribble(w, frame: Frame, index: bits[9], value: bits[64]):
    """Somebody else writes to a frame that is not the guest's, or the VMM copies a page to it."""
    require(not w.used[frame])
    w.memory[frame, index] = value
