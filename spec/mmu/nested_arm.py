"""Nested paging of Arm: a walker in small steps of stage 1 behind stage 2, 48 bits each, and that it does what the manual says.

Arm ARM (DDI 0487), D8.2 to D8.5, D8.15. `guest` is stage 1, `host` stage 2, and guest physical addresses are intermediate ones.
"""

from vmproof.lang import *
from spec.mmu import arm
from spec.mmu.nested_hardware import Phase, Purpose, Registers, begin, guest_mark_step, guest_step, host_mark_step, host_step
from spec.mmu.nested_manual import agrees, in_order, memory_follows, pages_apart, to_a_mark, to_a_table, to_the_page

MARKS = parameter(1)  # whether hardware may manage the access flag and the dirty state; else a clear access flag is a fault


class Walker(State):
    """`EL1`: the access is EL1's, else EL0's. PAN, WXN, HPD and `HA`, `HD` are stage 1's; XNX and `HA2`, `HD2` stage 2's. `TTBR` and
    `VTTBR` are the numbers of the roots' pages."""

    memory: array[bits[45], bits[64]]
    written: array[bits[45], bits[64]]
    hosts: array[bits[36], bool]  # the pages that hold tables of stage 2
    va: bits[64]
    access: Access
    EL1: bool
    PAN: bool
    WXN: bool
    HPD: bool
    HA: bool
    HD: bool
    XNX: bool
    HA2: bool
    HD2: bool
    TTBR: bits[36]
    VTTBR: bits[36]
    r: Registers
    entries: array[bits[3], bits[64]]
    places: array[bits[3], bits[64]]


@init
def idle(w):
    return w.r.phase == Phase.idle and w.r.count == 0 and w.memory == w.written


def slot(place):
    return place[47:3]


def read_word(w, place):
    return w.memory[slot(place)]


def write_word(w, place, word):
    w.memory[slot(place)] = word


def page_of(number):
    return zext(cat(number, bits[12](0)), 64)


def covered(level):
    return 12 + 9 * level


def frame_of(pte, level):
    return page_of(pte[47:12])


def host_marks(w):
    return w.HA2 if MARKS == 1 else False


def guest_marks(w):
    return w.HA if MARKS == 1 else False


def status(kind, level):
    """Translation 1, access flag 2, permission 3; the level as the manual counts it."""
    return bits[16](4 * kind + 3 - level)


def is_leaf(pte, level):
    return True if level == 0 else not pte[1]


def missing(pte, level):
    """Invalid, a last-level descriptor that is no page, or a block of 512 GiB."""
    return not pte[0] or ((level == 0 or level == 3) and not pte[1])


def may_be_dirtied(w, pte):
    return guest_marks(w) and w.HD and pte[51]


def guest_entry(w, pte, level, rights):
    """`rights`: what the tables above do not forbid: <3> writing, <2> EL0, <1> execution by EL0, <0> by EL1."""
    left = rights if level == 0 else rights & ~(pte[62:59] if pte[1] else bits[4](0))
    bound = bits[4](15) if w.HPD else left
    el0 = pte[6] and bound[2]
    writable = (not pte[7] or may_be_dirtied(w, pte)) and bound[3]
    if w.access == Access.fetch:
        never = pte[53] or not bound[0] or (el0 and writable) if w.EL1 else pte[54] or not bound[1]
        if w.EL1:
            never = never or (w.WXN and writable)
        else:
            never = never or (w.WXN and writable and el0)
        refused = never
    elif w.EL1:
        refused = (el0 and w.PAN) or (w.access == Access.write and not writable)
    else:
        refused = not el0 or (w.access == Access.write and not writable)
    leaf = is_leaf(pte, level)
    unused = not pte[10] and not guest_marks(w)
    code = status(1, level) if missing(pte, level) else status(2, level) if unused else status(3, level)
    return missing(pte, level) or (leaf and (unused or refused)), code, leaf, frame_of(pte, level), left


def host_entry(w, pte, level, rights, access, implicit):
    if access == Access.fetch:
        only = pte[54:53] == 3 if w.EL1 else pte[54:53] == 1
        allowed = pte[54:53] == 0 or only if w.XNX else not pte[54]
    elif access == Access.write:
        allowed = pte[7] or (host_marks(w) and w.HD2 and pte[51])
    else:
        allowed = pte[6]
    leaf = is_leaf(pte, level)
    unused = not pte[10] and not host_marks(w)
    code = status(1, level) if missing(pte, level) else status(2, level) if unused else status(3, level)
    return missing(pte, level) or (leaf and (unused or not allowed)), code, leaf, frame_of(pte, level), rights


def guest_mark(w, pte, leaf):
    """The access flag; a write clears AP[2] where DBM says that this is the dirty state."""
    if not leaf or MARKS == 0:
        return pte
    dirty = w.access == Access.write and may_be_dirtied(w, pte)
    return (pte & ~bits[64](0x80) if dirty else pte) | bits[64](0x400)


def host_mark(w, pte, access):
    """The access flag; a write sets S2AP[1] where DBM says that this is the dirty state."""
    if MARKS == 0:
        return pte
    dirty = access == Access.write and host_marks(w) and w.HD2 and pte[51]
    return pte | (bits[64](0x480) if dirty else bits[64](0x400))


UNIT = {
    "guest": 4,
    "host": 4,
    "size": 8,
    "read": read_word,
    "write": write_word,
    "va": lambda w: w.va,
    "outside": lambda w: w.va[63:48] != 0 and ~w.va[63:48] != 0,
    "outside_code": lambda w: status(1, 3),
    "guest_table": lambda w: page_of(w.TTBR),
    "host_table": lambda w: page_of(w.VTTBR),
    "guest_index": lambda va, level: va[covered(level + 1) - 1 : covered(level)],
    "host_index": lambda gpa, level: gpa[covered(level + 1) - 1 : covered(level)],
    "beyond": lambda w, gpa: gpa[63:48] != 0,
    "beyond_code": lambda w, access, implicit: status(1, 3),
    "guest_entry": guest_entry,
    "host_entry": host_entry,
    "guest_frame": frame_of,
    "host_frame": frame_of,
    "covered": covered,
    "marks": 0x480,
    "guest_mark": guest_mark,
    "host_mark": host_mark,
}


def apart(w, host):
    """Where hardware changes tables, no page holds tables of both stages."""
    require(not (host_marks(w) or guest_marks(w)) or w.hosts[w.r.at[47:12]] == host)


@action
def start(w):
    require(w.r.phase == Phase.idle)
    begin(w, UNIT)


@action
def find_table(w):
    """Read an entry of the host's tables on the way to one of the guest's."""
    require(w.r.phase == Phase.host and w.r.purpose == Purpose.table)
    apart(w, True)
    host_step(w, UNIT)


@action
def find_page(w):
    """Read an entry of the host's tables on the way to the final address."""
    require(w.r.phase == Phase.host and w.r.purpose == Purpose.final)
    apart(w, True)
    host_step(w, UNIT)


@action
def read_guest(w):
    require(w.r.phase == Phase.guest)
    apart(w, False)
    guest_step(w, UNIT)


if MARKS == 1:

    @action
    def find_mark(w):
        """Read an entry of the host's tables on the way to one of the guest's that is to be marked."""
        require(w.r.phase == Phase.host and w.r.purpose == Purpose.update)
        apart(w, True)
        host_step(w, UNIT)

    @action
    def mark_for_table(w):
        require(w.r.phase == Phase.mark_host and w.r.purpose == Purpose.table)
        apart(w, True)
        host_mark_step(w, UNIT)

    @action
    def mark_for_mark(w):
        require(w.r.phase == Phase.mark_host and w.r.purpose == Purpose.update)
        apart(w, True)
        host_mark_step(w, UNIT)

    @action
    def mark_for_page(w):
        require(w.r.phase == Phase.mark_host and w.r.purpose == Purpose.final)
        apart(w, True)
        host_mark_step(w, UNIT)

    @action
    def mark_guest(w):
        require(w.r.phase == Phase.mark_guest)
        apart(w, False)
        guest_mark_step(w, UNIT)


# What the manual says


def manual(w):
    """The manual's walk of what software wrote."""

    def read(place, size):
        return w.written[slot(place)]

    level = arm.Level.EL1 if w.EL1 else arm.Level.EL0
    first = arm.Control(EL=level, PAN=w.PAN, WXN=w.WXN, HA=guest_marks(w), HD=w.HD, HPD=w.HPD)
    second = arm.Control2(EL=level, XNX=w.XNX, HA=host_marks(w), HD=w.HD2)
    tables = arm.second_stage(arm.ARM48_2, page_of(w.VTTBR), second, read)
    return arm.walk(arm.ARM48, page_of(w.TTBR), w.va, w.access, first, read, tables)


def rights_of(entries):
    """D8.4: what the table descriptors so far leave."""
    limits = bits[4](0)
    for entry in entries:
        limits = arm.gather(arm.ARM48, limits, entry, 0)
    return ~limits


PLAN = {
    "guest": 4,
    "host": 4,
    "columns": 1,
    "marks": MARKS == 1,
    "changes": 1,
    "same_slot": lambda place, other: slot(place) == slot(other),
    "root": lambda w: page_of(w.TTBR),
    "index": lambda w, level: zext(cat(UNIT["guest_index"](w.va, level), bits[3](0)), 64),
    "frame": lambda entry, level: zext(cat(entry[47:12], bits[12](0)), 64),
    "covered": covered,
    "va": lambda w: w.va,
    "premise": lambda w, entry, level: True,
    "guest_rights": rights_of,
    "host_rights": lambda entries: 15,
    "numbers": (3, 2, 1, 0),
}


@invariant("nested translation is stage 2 after stage 1: the result or the fault, and the intermediate physical address of a fault")
def equal(w):
    return agrees(w, manual(w), PLAN)


@invariant("while an entry of the guest's tables is looked for, the manual's walk comes by the same places")
def tables_found(w):
    return to_a_table(w, manual(w), PLAN)


@invariant("while an entry of the guest's tables is looked for to be marked, the manual's walk comes by the same places")
def marks_found(w):
    return to_a_mark(w, manual(w), PLAN)


@invariant("while the final address is looked for, the manual's walk comes by the same places")
def page_found(w):
    return to_the_page(w, manual(w), PLAN)


@invariant("memory is what software wrote, with the marks of the manual's updates so far")
def memory_marked(w, place: bits[45]):
    if MARKS == 0:
        return w.memory[place] == w.written[place]
    at = zext(cat(place, bits[3](0)), 64)
    return memory_follows(w, manual(w), PLAN, w.memory[place], w.written[place], at)


@invariant("marks are set in pages of the stage that they belong to")
def pages(w):
    if MARKS == 0:
        return True
    return implies(host_marks(w) or guest_marks(w), pages_apart(w, manual(w), PLAN, lambda place: w.hosts[place[47:12]]))


@invariant("the host's leaf that is to be marked is in its register")
def leaf_latched(w):
    return implies(w.r.phase == Phase.mark_host, w.r.entry == read_word(w, w.r.at))


@invariant("registers name levels that there are")
def ordered(w):
    return in_order(w, PLAN)


@reachable("a walk ends well")
def allowed(w):
    return w.r.phase == Phase.done and w.r.ok


@reachable("the guest's tables refuse, and the fault is the guest's")
def guest_refused(w):
    return w.r.phase == Phase.done and not w.r.ok and not w.r.second


@reachable("the host's tables refuse an access to the guest's tables")
def table_refused(w):
    return w.r.phase == Phase.done and not w.r.ok and w.r.second and w.r.implicit and w.r.count > 0


@reachable("the host's tables refuse the final address")
def page_refused(w):
    return w.r.phase == Phase.done and not w.r.ok and w.r.second and not w.r.implicit and w.r.count > 2
