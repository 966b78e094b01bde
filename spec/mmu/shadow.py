"""Shadow paging with write-protected guest tables: a guest of Sv39, or of x86 with four levels or PAE, on any number of harts.

The VMM runs the guest without privilege on tables of its own, the shadow, which map virtual pages straight to page frames of the host. It
fills an entry on the fault that wants it, from a walk of the guest's tables, and write-protects the tables that it read, so that each
change of them reaches the VMM. So an entry never says anything but what the guest's tables say at that very moment, and the guest's
fences need nothing.

The shadow is kept by space: one for each set of those registers on which the guest's translation depends. What the VMM knows of the guest's
tables stands in `shadow_tables.py`; what the guest's architecture allows is left to `shadow_claims.py` and `guest_immediate.py`.

Frames, virtual pages, spaces and harts are of any number. A page of the guest's that no frame backs lies in `swap`. Devices write by the
VMM, which emulates them: one that writes by itself must be kept from guarded frames by an IOMMU. Left out: a device in place of memory
behind a page of the guest's.
"""

from vmproof.lang import *
from spec.mmu.guest_interface import ADUE, CONTROLS, PPN, RISCV, ROOT, VPN, Event, Hart, Key, Outcome, Page
from spec.mmu.shadow_tables import DIRTY, LEVELS, fault_code, indices, key_of, marks, rights, sees
from spec.mmu.shadow_walk import grants

Space = unsized("Space")  # of the shadow; to the hardware, an address space identifier
Frame = unsized("Frame")  # of the host's memory


class Entry(Record):
    """An entry of the shadow, or of a TLB: a frame, and the rights of a program without privilege."""

    valid: bool
    frame: Frame
    r: bool
    w: bool
    x: bool


class Step(Record):
    """An entry that the VMM read on a walk: the frame of its table, and what it says, its new accessed and dirty bits included."""

    table: Frame
    entry: bits[64]


class Origin3(Record):
    """What the VMM remembers of an entry: how many of the guest's tables it comes from, the steps of the walk from the root down, the last
    one repeated where there are fewer, and the guest's page that they lead to."""

    depth: bits[3]
    first: Step
    second: Step
    third: Step
    ppn: bits[PPN]


class Origin4(Record):
    """The same with four tables."""

    depth: bits[3]
    first: Step
    second: Step
    third: Step
    fourth: Step
    ppn: bits[PPN]


Origin = Origin4 if LEVELS == 4 else Origin3


class Shadow(State):
    memory: array[Frame, array[bits[9], bits[64]]]
    swap: array[bits[PPN], array[bits[9], bits[64]]]  # what the guest's pages hold that no frame backs
    host: array[bits[PPN], Frame]  # the frame behind a page of the guest's physical memory, if it is in use for this page
    used: array[Frame, bool]
    place: array[Frame, bits[PPN]]
    vpn: array[Page, bits[VPN]]  # the number of a virtual page; never changes
    key: array[Space, Key]
    cpu: array[Hart, Key]
    space: array[Hart, Space]  # the space that a hart runs in
    guarded: array[Frame, bool]  # write-protected, for shadow entries come from it
    shadow: array[(Space, Page), Entry]
    origin: array[(Space, Page), Origin]
    tlb: array[(Hart, Space, Page), Entry]
    last: Event  # the guest's access that came last


@init
def power_on(w):
    """Shadow and TLBs are empty, and no hart runs yet in a space of other registers than its own; memory holds anything."""
    return (
        forall(lambda s, p: not w.shadow[s, p].valid, Space, Page)
        and forall(lambda h, s, p: not w.tlb[h, s, p].valid, Hart, Space, Page)
        and forall(lambda h: w.key[w.space[h]] == w.cpu[h], Hart)
        and w.last.outcome == Outcome.again
    )


# The VMM's walk of the guest's tables.


def backed(w, ppn):
    """The frame in `host` really is this page's."""
    frame = w.host[ppn]
    return w.used[frame] and w.place[frame] == ppn


def guest_word(w, ppn, index):
    """A word of the guest's physical memory, wherever the VMM keeps it."""
    return w.memory[w.host[ppn]][index] if backed(w, ppn) else w.swap[ppn][index]


def look(w, ppn, index):
    """An entry of a table, and its frame; where nothing backs it, the step is not possible: the VMM has to bring it in first."""
    require(backed(w, ppn))
    return w.memory[w.host[ppn]][index], w.host[ppn]


def made_from(depth, steps, ppn):
    """The origin of an entry."""
    if LEVELS == 4:
        return Origin4(depth=depth, first=steps[0], second=steps[1], third=steps[2], fourth=steps[3], ppn=ppn)
    return Origin3(depth=depth, first=steps[0], second=steps[1], third=steps[2], ppn=ppn)


def steps_of(origin):
    """The steps of a walk, from the root down."""
    below = origin.second, origin.third
    return (origin.first, *below, origin.fourth) if LEVELS == 4 else (origin.first, *below)


# What the VMM does to the shadow, and to the TLBs of all harts before it goes on.


def comes_from(w, s, p, frame, index):
    """Whether an entry was made from the guest's entry at `index` of the table in `frame`."""
    origin, found = w.origin[s, p], False
    for number, (step, at) in enumerate(zip(steps_of(origin), indices(w.key[s], w.vpn[p]))):
        found = found or (origin.depth > number and step.table == frame and at == index)
    return found


def from_frame(origin, frame):
    """Whether it was made from any entry of the table in `frame`."""
    return any(step.table == frame for step in steps_of(origin))


def unless(gone, old):
    return Entry(valid=old.valid and not gone, frame=old.frame, r=old.r, w=old.w, x=old.x)


def drop(w, gone):
    """Take out of the shadow and of the TLBs the entries for which `gone(space, page)` holds."""
    shadow, tlb = w.shadow, w.tlb
    w.tlb = array(lambda h, s, p: unless(gone(s, p), tlb[h, s, p]))
    w.shadow = array(lambda s, p: unless(gone(s, p), shadow[s, p]))


def write_word(w, frame, index, value):
    """Write to a frame of the guest's in its stead: what comes from that word is no longer so."""
    w.memory[frame][index] = value
    drop(w, lambda s, p: comes_from(w, s, p, frame, index))


def guard(w, frame):
    """Write-protect a frame: who could write to it loses its entry."""
    w.guarded[frame] = True
    shadow = w.shadow
    drop(w, lambda s, p: shadow[s, p].w and shadow[s, p].frame == frame)


# Steps of the guest's.


@action
def set_registers(w, h: Hart, root: bits[ROOT], user: bool, controls: bits[CONTROLS], s: Space):
    """The guest writes a register, traps, or returns from a trap: the VMM takes the space of these registers, and flushes nothing; or it
    empties a space for them, in which no other hart is."""
    key = key_of(root, user, controls)
    if not same_key(w.key[s], key):
        require(forall(lambda other: other == h or w.space[other] != s, Hart))
        drop(w, lambda space, p: space == s)
        w.key[s] = key
    w.cpu[h] = key
    w.space[h] = s


def same_key(a, b):
    """A space is for certain registers: all of those that the translation depends on."""
    if RISCV:
        return a.root == b.root and a.user == b.user and a.SUM == b.SUM and a.MXR == b.MXR
    return (
        a.root == b.root and a.user == b.user and a.WP == b.WP and a.SMEP == b.SMEP and a.SMAP == b.SMAP and a.AC == b.AC and a.NXE == b.NXE
    )


@action
def load(w, h: Hart, p: Page, access: Access, index: bits[9]):
    """The guest loads or fetches by what the hart's TLB holds."""
    entry = w.tlb[h, w.space[h], p]
    require(access != Access.write and entry.valid and grants(entry.r, entry.w, entry.x, access))
    value = w.memory[entry.frame][index]
    w.last = Event(hart=h, page=p, access=access, offset=index, value=value, outcome=Outcome.made, code=0)


@action
def store(w, h: Hart, p: Page, index: bits[9], value: bits[64]):
    """The guest stores by what the hart's TLB holds."""
    entry = w.tlb[h, w.space[h], p]
    require(entry.valid and entry.w)
    w.memory[entry.frame][index] = value
    w.last = Event(hart=h, page=p, access=Access.write, offset=index, value=value, outcome=Outcome.made, code=0)


# Steps of the hardware's.


@action
def fill(w, h: Hart, p: Page):
    """A TLB is filled from the shadow, wanted or not."""
    require(w.shadow[w.space[h], p].valid)
    w.tlb[h, w.space[h], p] = w.shadow[w.space[h], p]


@action
def evict(w, h: Hart, s: Space, p: Page):
    w.tlb[h, s, p].valid = False


# Steps of the VMM's. The hardware denied an access: the VMM walks the guest's tables, and reflects the fault, or sets an accessed or dirty
# bit, or does the store itself, or fills the shadow. After a bit was set, and after a fill, the access begins again.


class Walk(Record):
    """What the VMM's walk found out.

    Whether the guest's own machine faults, and with which code; whether accessed and dirty bits are as the access needs them; the page that
    the tables lead to, and what they let the guest do there.
    """

    denied: bool
    code: bits[16]
    marked: bool
    ppn: bits[PPN]
    read: bool
    write: bool
    execute: bool


def walk(w, h, p, access):
    """The VMM's walk for an access: what it found out, how many tables it took, and the steps."""
    key = w.cpu[h]
    present, useful, depth, steps, ppn = sees(lambda ppn, index: look(w, ppn, index), key, w.vpn[p])
    entries = tuple(entry for _, _, entry in steps)
    read, write, execute = rights(entries, key)
    marked = all(entry & mask == mask for entry, mask in zip(entries, marks(depth, access == Access.write)))
    denied = not useful or not grants(read, write, execute, access) or (RISCV and not marked and not ADUE)
    code = fault_code(present, useful, key, access)
    return Walk(denied=denied, code=code, marked=marked, ppn=ppn, read=read, write=write, execute=execute), depth, steps


@action
def reflect(w, h: Hart, p: Page, access: Access, offset: bits[9]):
    """The guest's own tables deny the access: the guest gets the fault."""
    found, _, _ = walk(w, h, p, access)
    require(found.denied)
    w.last = Event(hart=h, page=p, access=access, offset=offset, value=0, outcome=Outcome.denied, code=found.code)


@action
def mark(w, h: Hart, p: Page, access: Access, offset: bits[9]):
    """The first entry that wants its accessed or dirty bit gets it, as by the guest's hardware."""
    found, depth, steps = walk(w, h, p, access)
    require(not found.denied and not found.marked)
    masks = marks(depth, access == Access.write)
    table, index, entry = steps[LEVELS - 1]
    new = entry | masks[LEVELS - 1]
    for number in reversed(range(LEVELS - 1)):
        above, at, old = steps[number]
        if old & masks[number] != masks[number]:
            table, index, new = above, at, old | masks[number]
    write_word(w, table, index, new)
    w.last = Event(hart=h, page=p, access=access, offset=offset, value=0, outcome=Outcome.again, code=0)


@action
def emulate(w, h: Hart, p: Page, offset: bits[9], value: bits[64]):
    """The store goes to a guarded frame: the VMM makes it in the guest's stead."""
    found, _, _ = walk(w, h, p, Access.write)
    require(not found.denied and found.marked and backed(w, found.ppn) and w.guarded[w.host[found.ppn]])
    write_word(w, w.host[found.ppn], offset, value)
    w.last = Event(hart=h, page=p, access=Access.write, offset=offset, value=value, outcome=Outcome.made, code=0)


@action
def refill(w, h: Hart, p: Page, access: Access, offset: bits[9]):
    """The guest's tables allow the access: the VMM guards them, and makes an entry for the page, to write only if it is dirty."""
    found, depth, steps = walk(w, h, p, access)
    s, target = w.space[h], w.host[found.ppn]
    require(not found.denied and found.marked and backed(w, found.ppn) and not (access == Access.write and w.guarded[target]))
    for table, _, _ in steps:
        guard(w, table)
    drop(w, lambda space, page: space == s and page == p)
    leaf = steps[LEVELS - 1][2]
    writable = found.write and leaf & DIRTY != 0 and not w.guarded[target]
    w.shadow[s, p] = Entry(valid=True, frame=target, r=found.read, w=writable, x=found.execute)
    w.origin[s, p] = made_from(depth, tuple(Step(table=table, entry=entry) for table, _, entry in steps), found.ppn)
    w.last = Event(hart=h, page=p, access=access, offset=offset, value=0, outcome=Outcome.again, code=0)


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
def swap_out(w, page: bits[PPN]):
    """The VMM takes the frame behind a page of the guest's away, and keeps what it holds."""
    require(backed(w, page))
    old, shadow = w.host[page], w.shadow
    drop(w, lambda s, p: shadow[s, p].frame == old or from_frame(w.origin[s, p], old))
    w.swap[page] = w.memory[old]
    w.used[old] = False


@action
def swap_in(w, page: bits[PPN], to: Frame):
    """The VMM puts a frame behind a page of the guest's that has none. To remap a page is to take one away and to put another."""
    require(not backed(w, page) and not w.used[to])
    w.memory[to] = w.swap[page]
    w.host[page], w.place[to], w.used[to] = to, page, True


@action
def device(w, page: bits[PPN], index: bits[9], value: bits[64]):
    """A device that the VMM emulates writes to a page of the guest's."""
    require(backed(w, page))
    write_word(w, w.host[page], index, value)


@action
def scribble(w, frame: Frame, index: bits[9], value: bits[64]):
    """Somebody else writes to a frame that is not the guest's."""
    require(not w.used[frame])
    w.memory[frame][index] = value
