"""A TLB with a cache of walks, and what the architecture says of it, for tables of two levels and any format.

The TLB takes up entries and drops them at any time: the pointers of the upper tables, and leaves, which it finds by a pointer that it
kept. So a translation may mix old and new. RISC-V Privileged Architecture 1.13, 4.2.1: each table entry that it used had its
value at some time since the last fence that subsumes this use. A fence with an address covers leaves only; one with an address space leaves
global entries alone. Entries that are not valid are values like others, which may be cached.

The rule is recorded for one table entry and one value, one page and one address space, all arbitrary: `CELL`, `VALUE`, `PAGE`, `ASID`.
"""

from vmproof.lang import *

Asid = unsized("Asid")
Page = unsized("Page")
Cell = unsized("Cell")  # a place in memory where a table entry may stand
Value = unsized("Value")
CELL = constant(Cell)
VALUE = constant(Value)
PAGE = constant(Page)
ASID = constant(Asid)


class Cached(Record):
    """What is kept of a page: the pointer that was read for it, and the leaf with the pointer by which it was found."""

    has_pointer: bool
    pointer: Value
    has_leaf: bool
    by: Value
    leaf: Value


class Held(Record):
    """Whether CELL held VALUE since the last fence that subsumes its use as a pointer, as a leaf, and as a global one."""

    pointer: bool
    leaf: bool
    global_leaf: bool


class Tlb(State):
    words: array[Cell, Value]
    upper: array[(Asid, Page), Cell]  # where the pointer for a page stands; never changes
    lower: array[(Value, Page), Cell]  # where its leaf stands, by the pointer; a matter of the format
    everywhere: array[Value, bool]  # the format says that this leaf is global
    cache: array[(Asid, Page), Cached]
    held: Held
    fenced: bool  # the last that happened to memory and rule was a fence of everything


@init
def power_on(t):
    now = t.words[CELL] == VALUE
    empty = forall(lambda a, p: not t.cache[a, p].has_pointer and not t.cache[a, p].has_leaf, Asid, Page)
    return empty and t.fenced and t.held == Held(pointer=now, leaf=now, global_leaf=now)


@action
def store(t, cell: Cell, value: Value):
    """Anybody writes to memory."""
    t.words[cell] = value
    t.fenced = False
    if cell == CELL and value == VALUE:
        t.held = Held(pointer=True, leaf=True, global_leaf=True)


@action
def read_pointer(t, a: Asid, p: Page):
    t.cache[a, p].has_pointer = True
    t.cache[a, p].pointer = t.words[t.upper[a, p]]


@action
def read_leaf(t, a: Asid, p: Page):
    """By the pointer that was kept, whatever memory holds in its place by now."""
    require(t.cache[a, p].has_pointer)
    pointer = t.cache[a, p].pointer
    t.cache[a, p].has_leaf, t.cache[a, p].by, t.cache[a, p].leaf = True, pointer, t.words[t.lower[pointer, p]]


@action
def evict(t, a: Asid, p: Page, pointer: bool):
    if pointer:
        t.cache[a, p].has_pointer = False
    else:
        t.cache[a, p].has_leaf = False


def subsumed(t, a, p, one_page, page, one_asid, asid):
    """What a fence takes from the TLB of a page: `(pointer, leaf)`. A leaf that was found by a pointer that goes has to go, too."""
    old = t.cache[a, p]
    named = not one_asid or a == asid
    pointer = named and not one_page
    leaf = (not one_page or p == page) and named and (not one_asid or not t.everywhere[old.leaf])
    return pointer, leaf or pointer


@action
def fence(t, one_page: bool, page: Page, one_asid: bool, asid: Asid):
    """SFENCE.VMA: what it subsumes is from now on only what memory holds now, and the TLB drops it."""
    now = t.words[CELL] == VALUE
    if not one_asid or asid == ASID:
        if not one_page:
            t.held.pointer = now
        if not one_page or page == PAGE:
            t.held.leaf = now
    if not one_asid and (not one_page or page == PAGE):
        t.held.global_leaf = now
    t.fenced = not one_page and not one_asid
    old = t.cache
    t.cache = array(lambda a, p: without(old[a, p], subsumed(t, a, p, one_page, page, one_asid, asid)))


def without(old, gone):
    pointer, leaf = gone
    return Cached(
        has_pointer=old.has_pointer and not pointer, pointer=old.pointer, has_leaf=old.has_leaf and not leaf, by=old.by, leaf=old.leaf
    )


@invariant("the pointer and the leaf of a translation had their values since the last fence that subsumes them")
def allowed(t):
    entry = t.cache[ASID, PAGE]
    by, at = entry.by, t.lower[entry.by, PAGE]
    may_leaf = t.held.global_leaf if t.everywhere[entry.leaf] else t.held.leaf
    return implies(entry.has_leaf and at == CELL and entry.leaf == VALUE, may_leaf) and implies(
        entry.has_leaf and t.upper[ASID, PAGE] == CELL and by == VALUE, t.held.pointer
    )


@invariant("the pointers that are kept had their values since the last fence that subsumes them")
def pointers(t):
    entry = t.cache[ASID, PAGE]
    return implies(entry.has_pointer and t.upper[ASID, PAGE] == CELL and entry.pointer == VALUE, t.held.pointer)


@invariant("what memory holds now may be used")
def current(t):
    return implies(t.words[CELL] == VALUE, t.held == Held(pointer=True, leaf=True, global_leaf=True))


@invariant("after a fence of everything nothing may be used but what memory holds")
def forgotten(t):
    now = t.words[CELL] == VALUE
    return implies(t.fenced, t.held == Held(pointer=now, leaf=now, global_leaf=now))


@reachable("a translation mixes a pointer that is no more with a leaf of now")
def mixed(t):
    entry = t.cache[ASID, PAGE]
    return entry.has_leaf and entry.by != t.words[t.upper[ASID, PAGE]] and entry.leaf == t.words[t.lower[entry.by, PAGE]]
