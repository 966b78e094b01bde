"""Nested paging of Arm: a walker in small steps of stage 1 behind stage 2, 48 bits each, and that it does what the manual says.

Arm ARM (DDI 0487), D8.2 to D8.5, D8.15. `guest` is stage 1, `host` stage 2, and guest physical addresses are intermediate ones.
"""

from vmproof.lang import *
from spec.mmu import arm
from spec.mmu.nested_hardware import Phase, Purpose, Registers, guest_takes, host_marked, host_takes
from spec.mmu.nested_hardware import mark_guest_step, mark_step, read_guest_step, read_step, start_step
from spec.mmu.nested_claims import HAPPENS, implied, inductive, inductive_of_words
from spec.mmu.nested_manual import Manual, given, second_stage

MARKS = parameter(1)  # whether hardware may manage the access flag and the dirty state; else a clear access flag is a fault


SLOT = bits[45]  # the number of a word of memory


class Walker(State):
    """`EL1`: the access is EL1's, else EL0's. PAN, WXN, HPD and `HA`, `HD` are stage 1's; XNX and `HA2`, `HD2` stage 2's. `TTBR` and
    `VTTBR` are the numbers of the roots' pages."""

    memory: array[SLOT, bits[64]]
    written: array[SLOT, bits[64]]
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
    m: Manual


@init
def idle(w):
    return w.r.phase == Phase.idle and w.r.count == 0 and w.memory == w.written and given(w, PLAN)


def slot(place):
    return place[47:3]


def read_word(w, place):
    return w.memory[slot(place)]


def software_word(w, place):
    return w.written[slot(place)]


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


def host_mark(w, pte, leaf, access, implicit):
    """The access flag; a write sets S2AP[1] where DBM says that this is the dirty state."""
    if MARKS == 0:
        return pte
    dirty = access == Access.write and host_marks(w) and w.HD2 and pte[51]
    return pte | (bits[64](0x480) if dirty else bits[64](0x400))


UNIT = {
    "guest": 4,
    "host": 4,
    "guest_size": 8,
    "host_size": 8,
    "guest_read": read_word,
    "host_read": read_word,
    "guest_write": write_word,
    "host_write": write_word,
    "page": lambda place: place[47:12],
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
    "guest_covered": covered,
    "host_covered": covered,
    "marks": 0x480,
    "guest_mark": guest_mark,
    "host_mark": host_mark,
    "changes": lambda w: host_marks(w) or guest_marks(w),
    "marks_tables": False,
    "writes": lambda w: False,
}


@action
def start(w):
    start_step(w, UNIT)


@action
def find_table(w):
    read_step(w, UNIT, Purpose.table)


@action
def find_page(w):
    read_step(w, UNIT, Purpose.final)


@action
def read_guest(w):
    read_guest_step(w, UNIT)


if MARKS == 1:

    @action
    def find_mark(w):
        read_step(w, UNIT, Purpose.update)

    @action
    def mark_for_table(w):
        mark_step(w, UNIT, Purpose.table)

    @action
    def mark_for_mark(w):
        mark_step(w, UNIT, Purpose.update)

    @action
    def mark_for_page(w):
        mark_step(w, UNIT, Purpose.final)

    @action
    def mark_guest(w):
        mark_guest_step(w, UNIT)


# What the manual says


def read_written(w):
    return lambda place, size: w.written[slot(place)]


def exception_level(w):
    return arm.Level.EL1 if w.EL1 else arm.Level.EL0


def manual(w, tables):
    """The manual's walk of what software wrote, behind a stage 2."""
    control = arm.Control(EL=exception_level(w), PAN=w.PAN, WXN=w.WXN, HA=guest_marks(w), HD=w.HD, HPD=w.HPD)
    return arm.walk(arm.ARM48, page_of(w.TTBR), w.va, w.access, control, read_written(w), tables)


def host_tables(w):
    """The manual's stage 2."""
    control = arm.Control2(EL=exception_level(w), XNX=w.XNX, HA=host_marks(w), HD=w.HD2)
    return arm.second_stage(arm.ARM48_2, page_of(w.VTTBR), control, read_written(w))


def behind(w, address, access, implicit):
    return host_tables(w)["locate"]("final", address, access, implicit)


def rights_of(entries):
    """D8.4: what the table descriptors so far leave."""
    limits = bits[4](0)
    for entry in entries:
        limits = arm.gather(arm.ARM48, limits, entry, 0)
    return ~limits


def changing(w, place, word):
    """The bits of a word that hardware may have changed by now: the guest's only once the guest's tables have been read."""
    late = w.r.phase != Phase.idle and w.r.purpose != Purpose.table
    host = w.hosts[UNIT["page"](place)]
    marks = host_marks(w) if host else guest_marks(w) and late
    dirty = word[51] and (w.HD2 if host else w.HD)
    return (bits[64](0x480) if dirty else bits[64](0x400)) if marks else bits[64](0)


def due(w):
    again = w.r.phase != Phase.idle and w.r.purpose == Purpose.update
    guest = guest_marks(w) and w.r.level == w.r.leaf
    host = host_marks(w) and w.r.host_level == w.r.host_leaf
    return implies(w.r.phase == Phase.mark_host, host) and implies(again, guest)


def marks_only(w, place):
    now, before = read_word(w, place), software_word(w, place)
    mask = changing(w, place, before)
    set_only = bits[64](0x480) if w.hosts[UNIT["page"](place)] else bits[64](0x400)
    return now & ~mask == before & ~mask and before & ~now & set_only == 0 and now & ~before & ~set_only == 0


PLAN = {
    "guest": 4,
    "host": 4,
    "walk": lambda w: manual(w, second_stage(w, PLAN)),
    "behind": behind,
    "numbers": (3, 2, 1, 0),
    "outside_number": 0,
    "levels": {level: level for level in range(4)},
    "marked": {"update": 4},
    "changes": 1,
    "writes": lambda w: False,
    "blocked_code": lambda w, answer, implicit: answer.code,
    "guest_rights": rights_of,
    "host_rights": lambda entries: 15,
    "word": read_word,
    "host_word": read_word,
    "is_first": lambda place: True,
    "written": software_word,
    "due": due,
    "marks_only": marks_only,
    "same_slot": lambda place, other: slot(place) == slot(other),
    "marks": 0x480,
    "outside": UNIT["outside"],
    "host_mark": lambda w, word, leaf: host_marked(w, UNIT, word, leaf),
    "guest_mark": UNIT["guest_mark"],
    "host_takes": lambda w, word, level: host_takes(w, UNIT, word, level),
    "guest_takes": lambda w, word, level: guest_takes(w, UNIT, word, level),
    "at_home": lambda w, host: not UNIT["changes"](w) or w.hosts[UNIT["page"](w.r.at)] == host,
    "all_marks": 0x480,
}


def at(place):
    """The address of a word."""
    return zext(cat(place, bits[3](0)), 64)


for name, sentence, reasons, holds in inductive(PLAN):

    @invariant(sentence, name=name, using=reasons)
    def kept_claim(w):
        return holds(w)


for name, sentence, reasons, holds in inductive_of_words(PLAN):

    @invariant(sentence, name=name, using=reasons)
    def kept_claim_of_words(w, place: SLOT):
        return holds(w, at(place))


for name, sentence, reasons, holds in implied(PLAN):

    @invariant(sentence, name=name, follows=reasons)
    def implied_claim(w):
        return holds(w)


for name, sentence, happens in HAPPENS:

    @reachable(sentence, name=name)
    def reached(w):
        return happens(w)
