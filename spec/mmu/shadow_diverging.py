"""Shadow paging that lets the guest's tables diverge from the shadow until the guest fences: a virtual TLB, for Sv39 on one hart.

The guest writes its tables as it likes, and so do other harts and devices: the VMM sees nothing of it before the guest's SFENCE.VMA. What
an entry may be made from is the architecture's own rule (RISC-V Privileged Architecture 1.13, 4.2.1): each table entry that the walk used
had its value at some time since the last fence that subsumes this use of it. A fence with an address covers leaf entries only; one with an
address space leaves global mappings alone.

The rule is recorded for one table entry and one value, one page and one address space, all arbitrary: `CELL`, `VALUE`, `PAGE` and `ASID`.
Page frames of the guest stand for those of the host here; `shadow.py` has the map between them.
"""

from vmproof.lang import *
from spec.mmu.shadow_spec import grant, permits
from spec.mmu.shadow_walk import grants, rights, sees, with_leaf

Space = unsized("Space")  # of the shadow; to the hardware, an address space identifier
Page = unsized("Page")
PAGE = constant(Page)
ASID = constant(bits[16])
CELL = constant(bits[53])  # the number of a table entry in the guest's physical memory
VALUE = constant(bits[64])
ROOT = constant(bits[44])
ADUE = constant(bool)


class Key(Record):
    """What a space stands for: the guest's address space, its privilege, and SUM and MXR of sstatus."""

    asid: bits[16]
    user: bool
    SUM: bool
    MXR: bool


class Entry(Record):
    valid: bool
    ppn: bits[44]
    r: bool
    w: bool
    x: bool


class Origin(Record):
    """The walk that an entry was made by: where its entries stand and what they held, from the root down."""

    root: bits[44]
    depth: bits[2]
    e2: bits[64]
    e1: bits[64]
    e0: bits[64]


class Held(Record):
    """Whether CELL held VALUE since the last fence that subsumes its use: as a pointer or as a leaf, in a global mapping or not.

    `root`: whether ROOT was the root of the address space ASID since the last fence of all its addresses.
    """

    pointer: bool
    leaf: bool
    global_pointer: bool
    global_leaf: bool
    root: bool


class Diverging(State):
    memory: array[bits[53], bits[64]]
    vpn: array[Page, bits[27]]  # never changes, and tells pages apart
    root: bits[44]
    cpu: Key
    space: Space
    key: array[Space, Key]
    shadow: array[(Space, Page), Entry]
    origin: array[(Space, Page), Origin]
    tlb: array[(Space, Page), Entry]
    held: Held


@init
def power_on(w):
    now = w.memory[CELL] == VALUE
    return (
        forall(lambda s, p: not w.shadow[s, p].valid and not w.tlb[s, p].valid, Space, Page)
        and w.key[w.space] == w.cpu
        and w.held == Held(pointer=now, leaf=now, global_pointer=now, global_leaf=now, root=w.root == ROOT and w.cpu.asid == ASID)
    )


def write(w, cell, value):
    """A write to the guest's memory, which the rule takes note of."""
    w.memory[cell] = value
    if cell == CELL and value == VALUE:
        w.held.pointer, w.held.leaf, w.held.global_pointer, w.held.global_leaf = True, True, True, True


def unless(gone, old):
    return Entry(valid=old.valid and not gone, ppn=old.ppn, r=old.r, w=old.w, x=old.x)


def drop(w, gone):
    """Take entries out of the shadow and of the TLB."""
    shadow, tlb = w.shadow, w.tlb
    w.tlb = array(lambda s, p: unless(gone(s, p), tlb[s, p]))
    w.shadow = array(lambda s, p: unless(gone(s, p), shadow[s, p]))


@action
def store(w, cell: bits[53], value: bits[64]):
    """The guest, another hart of its, or a device writes to the guest's memory, tables or not."""
    write(w, cell, value)


@action
def set_registers(w, root: bits[44], asid: bits[16], user: bool, SUM: bool, MXR: bool, s: Space):
    """The guest writes satp or sstatus, traps, or returns from a trap; none of it is a fence."""
    key = w.key[s]
    require(key.asid == asid and key.user == user and key.SUM == SUM and key.MXR == MXR)
    w.cpu = Key(asid=asid, user=user, SUM=SUM, MXR=MXR)
    w.root = root
    w.space = s
    if asid == ASID and root == ROOT:
        w.held.root = True


@action
def sfence(w, one_page: bool, p: Page, one_asid: bool, asid: bits[16]):
    """SFENCE.VMA of the guest: for one page or all, for one address space or all."""
    record_fence(w, one_page, p, one_asid, asid)
    drop(w, lambda s, page: (page == p or not one_page) and (w.key[s].asid == asid or not one_asid))


def record_fence(w, one_page, p, one_asid, asid):
    """The architecture's part: what a fence subsumes is from now on only what memory holds now."""
    now = w.memory[CELL] == VALUE
    if not one_asid or asid == ASID:
        if not one_page:
            w.held.pointer = now
            w.held.root = w.root == ROOT and w.cpu.asid == ASID
        if not one_page or p == PAGE:
            w.held.leaf = now
    if not one_asid:
        if not one_page:
            w.held.global_pointer = now
        if not one_page or p == PAGE:
            w.held.global_leaf = now


@action
def fill(w, p: Page):
    require(w.shadow[w.space, p].valid)
    w.tlb[w.space, p] = w.shadow[w.space, p]


@action
def evict(w, s: Space, p: Page):
    w.tlb[s, p].valid = False


@action
def fault(w, p: Page, access: Access):
    """The VMM walks the guest's tables as they are now; it sets accessed and dirty bits, and fills, or reflects the fault."""
    key, s, vpn = w.key[w.space], w.space, w.vpn[p]
    found, pte, depth, tables, entries, ppn = sees(lambda page, index: (w.memory[cat(page, index)], page), w.root, vpn)
    read, write_too, execute = rights(pte, key)
    storing = access == Access.write
    marked = pte | (0xC0 if storing else 0x40)
    require(found and grants(read, write_too, execute, access) and (marked == pte or ADUE))
    if marked != pte:
        _, _, table = tables
        write(w, cat(table, vpn[26:18] if depth == 1 else vpn[17:9] if depth == 2 else vpn[8:0]), marked)
    drop(w, lambda space, page: space == s and page == p)
    w.shadow[s, p] = Entry(valid=True, ppn=ppn, r=read, w=write_too and marked[7] == 1, x=execute)
    e2, e1, e0 = with_leaf(depth, entries, marked)
    w.origin[s, p] = Origin(root=w.root, depth=depth, e2=e2, e1=e1, e0=e0)


@action
def open_space(w, s: Space, asid: bits[16], user: bool, SUM: bool, MXR: bool):
    """The VMM uses a space for other registers."""
    require(w.space != s)
    drop(w, lambda space, p: space == s)
    w.key[s] = Key(asid=asid, user=user, SUM=SUM, MXR=MXR)


# What is claimed.


@invariant("what the TLB lets the guest do in ASID at PAGE, entries grant that the architecture may still use")
def sound(w, access: Access):
    entry, origin = w.tlb[w.space, PAGE], w.origin[w.space, PAGE]
    entries = origin.e2, origin.e1, origin.e0
    return implies(
        permits(entry, access) and w.cpu.asid == ASID,
        grant(w.cpu, w.vpn[PAGE], access, origin.depth, entries, entry.ppn) and usable(w, w.held, origin, w.vpn[PAGE]),
    )


@invariant("what the shadow lets the guest do, the entries that it was made from grant")
def granted(w, s: Space, p: Page, access: Access):
    entry, origin = w.shadow[s, p], w.origin[s, p]
    return implies(permits(entry, access), grant(w.key[s], w.vpn[p], access, origin.depth, (origin.e2, origin.e1, origin.e0), entry.ppn))


@invariant("an entry comes from a leaf, after pointers")
def formed(w, s: Space, p: Page):
    origin = w.origin[s, p]
    return implies(
        w.shadow[s, p].valid,
        origin.depth != 0
        and (origin.depth > 1) == (origin.e2[3:1] == 0)
        and implies(origin.depth > 1, (origin.depth > 2) == (origin.e1[3:1] == 0)),
    )


@invariant("the entries that the shadow was made from had their values since the last fence that subsumes them")
def lasting(w, s: Space):
    origin = w.origin[s, PAGE]
    return implies(w.shadow[s, PAGE].valid and w.key[s].asid == ASID, usable(w, w.held, origin, w.vpn[PAGE]))


def usable(w, held, origin, vpn):
    """If CELL with VALUE is one of the entries of the walk, the architecture may use it as that; if ROOT is its root, that as well."""
    first, second = origin.e2[5] == 1, origin.e1[5] == 1
    return (
        implies(is_held(origin.root, vpn[26:18], origin.e2), may_use(held, origin.depth == 1, first))
        and implies(origin.depth > 1 and is_held(origin.e2[53:10], vpn[17:9], origin.e1), may_use(held, origin.depth == 2, first or second))
        and implies(
            origin.depth > 2 and is_held(origin.e1[53:10], vpn[8:0], origin.e0), may_use(held, True, first or second or origin.e0[5] == 1)
        )
        and implies(origin.root == ROOT, held.root)
    )


def is_held(table, index, entry):
    return cat(table, index) == CELL and entry == VALUE


def may_use(held, leaf, everywhere):
    """`everywhere`: the mapping is global, since the entry or one above it says so (4.3.1)."""
    if everywhere:
        return held.global_leaf if leaf else held.global_pointer
    return held.leaf if leaf else held.pointer


@invariant("the guest runs in a space of its registers")
def placed(w):
    return w.key[w.space] == w.cpu


@invariant("the TLB holds nothing but entries of the shadow")
def cached(w, s: Space, p: Page):
    entry, shadow = w.tlb[s, p], w.shadow[s, p]
    return implies(entry.valid, shadow == entry)


@reachable("the guest writes to a page by the TLB")
def written(w):
    return permits(w.tlb[w.space, PAGE], Access.write)


@invariant("what memory holds now the architecture may use, and the root of now")
def current(w):
    held = w.held
    return implies(w.memory[CELL] == VALUE, held.pointer and held.leaf and held.global_pointer and held.global_leaf) and implies(
        w.root == ROOT and w.cpu.asid == ASID, held.root
    )
