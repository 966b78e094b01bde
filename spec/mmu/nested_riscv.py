"""Nested paging of RISC-V: a walker in small steps, and that it does what the manual says.

Privileged Architecture, version 1.13 (20240411): 4.3 to 4.6, 8.5. GUEST_LEVELS behind HOST_LEVELS of 3, 4 and 5 are Sv39, Sv48 and Sv57
behind Sv39x4, Sv48x4 and Sv57x4, in any combination; with entries of four bytes it is Sv32 behind Sv32x4. Two levels of entries of eight
bytes are no format of the manual's, but one that its rules make.
"""

from vmproof.lang import *
from spec.mmu import riscv
from spec.mmu.nested_hardware import Phase, Purpose, Registers, guest_takes, host_marked, host_takes
from spec.mmu.nested_hardware import mark_guest_step, mark_step, read_guest_step, read_step, start_step
from spec.mmu.nested_claims import HAPPENS, implied, inductive, inductive_of_words, orderly
from spec.mmu.nested_manual import Manual, given, second_stage

GUEST_LEVELS = parameter(3)
HOST_LEVELS = parameter(3)
MARKS = parameter(1)  # whether hardware may set A and D (Svadu); else it never does (Svade)
ENTRY = parameter(8)  # bytes of an entry
MANUAL = parameter(1)  # whether the manual's walk stands beside the walker, and the claims about both

LOG = 2 if ENTRY == 4 else 3
INDEX = 12 - LOG  # bits of an index
PHYSICAL = 34 if ENTRY == 4 else 56


SLOT = bits[PHYSICAL - LOG]  # the number of a word of memory


class Walker(State):
    """`ADUE` and `PBMTE` are menvcfg's, for the host's tables, `VADUE` and `VPBMTE` henvcfg's, for the guest's; `MXR` is sstatus.MXR and
    `VMXR` vsstatus.MXR. `vsatp` and `hgatp` are the numbers of the root's pages. `written` is what software wrote, without the marks."""

    memory: array[SLOT, bits[8 * ENTRY]]
    written: array[SLOT, bits[8 * ENTRY]]
    hosts: array[bits[PHYSICAL - 12], bool]  # the pages that hold tables of the host's
    va: bits[64]
    access: Access
    user: bool
    SUM: bool
    MXR: bool
    VMXR: bool
    ADUE: bool
    VADUE: bool
    PBMTE: bool
    VPBMTE: bool
    HLVX: bool
    vsatp: bits[PHYSICAL - 12]
    hgatp: bits[PHYSICAL - 12]
    r: Registers
    m: Manual


@init
def idle(w):
    return w.r.phase == Phase.idle and w.r.count == 0 and w.memory == w.written and (MANUAL == 0 or given(w, PLAN))


def slot(place):
    return place[PHYSICAL - 1 : LOG]


def read_word(w, place):
    return zext(w.memory[slot(place)], 64)


def software_word(w, place):
    return zext(w.written[slot(place)], 64)


def write_word(w, place, word):
    w.memory[slot(place)] = word[8 * ENTRY - 1 : 0]


def page_of(number):
    return zext(cat(number, bits[12](0)), 64)


def covered(level):
    """Bits of an address that a page of this level covers."""
    return 12 + INDEX * level


def frame_of(pte, level):
    return page_of(pte[PHYSICAL - 3 : 10])


def host_marks(w):
    return w.ADUE if MARKS == 1 else False


def guest_marks(w):
    return w.VADUE if MARKS == 1 else False


def outside(w):
    """The bits above the highest that is translated are copies of it."""
    upper = w.va[63 : covered(GUEST_LEVELS) - 1]
    return ENTRY == 8 and upper != 0 and ~upper != 0


def by_access(access, reading, writing, fetching):
    if access == Access.read:
        return bits[16](reading)
    return bits[16](writing) if access == Access.write else bits[16](fetching)


def page_fault(w):
    return by_access(w.access, 13, 15, 12)


def guest_page_fault(w):
    """Reported with the original access, whatever the access to the table was."""
    return by_access(w.access, 21, 23, 20)


def unusable(pte, memory_types, level):
    """V clear, an encoding that is reserved, a last table that points on, or a superpage that does not begin at a multiple of its size."""
    leaf = is_leaf(pte)
    bad = not pte[0] or (pte[2] and not pte[1]) or (not leaf and (pte[4] or pte[6] or pte[7]))
    if ENTRY == 8:
        typed = pte[62:61] == 3 or ((pte[61] or pte[62]) and not (memory_types and leaf))
        bad = bad or typed or pte[63] or pte[60:54] != 0
    if level == 0:
        return bad or not leaf
    return bad or (leaf and pte[9 + INDEX * level : 10] != 0)


def grants(pte, access, mxr, hlvx):
    if access == Access.fetch:
        return pte[3]
    if access == Access.write:
        return pte[2]
    return pte[3] if hlvx else pte[1] or (mxr and pte[3])


def fresh(pte, access):
    """A is set, and D for a store."""
    return pte[6] and (pte[7] or access != Access.write)


def is_leaf(pte):
    return pte[1] or pte[3]


def guest_entry(w, pte, level, rights):
    leaf = is_leaf(pte)
    mine = pte[4] if w.user else not pte[4] or (w.SUM and w.access != Access.fetch)
    allowed = mine and grants(pte, w.access, w.MXR or w.VMXR, w.HLVX) and (guest_marks(w) or fresh(pte, w.access))
    fault = unusable(pte, w.VPBMTE, level) or (leaf and not allowed)
    return fault, page_fault(w), leaf, frame_of(pte, level), rights


def host_entry(w, pte, level, rights, access, implicit):
    leaf = is_leaf(pte)
    allowed = pte[4] and grants(pte, access, w.MXR and not implicit, w.HLVX and not implicit) and (host_marks(w) or fresh(pte, access))
    fault = unusable(pte, w.PBMTE, level) or (leaf and not allowed)
    return fault, guest_page_fault(w), leaf, frame_of(pte, level), rights


def with_marks(pte, access):
    return pte | (bits[64](0xC0) if access == Access.write else bits[64](0x40))


UNIT = {
    "guest": GUEST_LEVELS,
    "host": HOST_LEVELS,
    "guest_size": ENTRY,
    "host_size": ENTRY,
    "guest_read": read_word,
    "host_read": read_word,
    "guest_write": write_word,
    "host_write": write_word,
    "page": lambda place: place[PHYSICAL - 1 : 12],
    "va": lambda w: w.va,
    "outside": outside,
    "outside_code": page_fault,
    "guest_table": lambda w: page_of(w.vsatp),
    "host_table": lambda w: page_of(w.hgatp),
    "guest_index": lambda va, level: va[covered(level + 1) - 1 : covered(level)],
    "host_index": lambda gpa, level: gpa[covered(level + 1) - 1 + (2 if level == HOST_LEVELS - 1 else 0) : covered(level)],
    "beyond": lambda w, gpa: gpa[63 : covered(HOST_LEVELS) + 2] != 0,
    "beyond_code": lambda w, access, implicit: guest_page_fault(w),
    "guest_entry": guest_entry,
    "host_entry": host_entry,
    "guest_frame": frame_of,
    "host_frame": frame_of,
    "guest_covered": covered,
    "host_covered": covered,
    "marks": 0xC0,
    "changes": lambda w: host_marks(w) or guest_marks(w),
    "guest_mark": lambda w, pte, leaf: with_marks(pte, w.access) if MARKS == 1 and leaf else pte,
    "host_mark": lambda w, pte, leaf, access, implicit: with_marks(pte, access) if MARKS == 1 else pte,
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

SHORT = riscv.format(((1, 29, 21), (0, 20, 12)), 8, 30)
SHORT_X4 = riscv.format(((1, 31, 21), (0, 20, 12)), 8, 32, True)
GUEST = riscv.SV32 if ENTRY == 4 else {2: SHORT, 3: riscv.SV39, 4: riscv.SV48, 5: riscv.SV57}[GUEST_LEVELS]
HOST = riscv.SV32X4 if ENTRY == 4 else {2: SHORT_X4, 3: riscv.SV39X4, 4: riscv.SV48X4, 5: riscv.SV57X4}[HOST_LEVELS]


def read_written(w):
    return lambda place, size: w.written[slot(place)]


def mode(w):
    return riscv.Privilege.U if w.user else riscv.Privilege.S


def manual(w, tables):
    """The manual's walk of what software wrote, behind a second stage."""
    control = riscv.Control(mode=mode(w), SUM=w.SUM, MXR=w.MXR or w.VMXR, ADUE=guest_marks(w), PBMTE=w.VPBMTE, HLVX=w.HLVX)
    return riscv.walk(GUEST, page_of(w.vsatp), w.va, w.access, control, read_written(w), tables)


def host_tables(w):
    """The manual's second stage."""
    control = riscv.Control(mode=mode(w), SUM=w.SUM, MXR=w.MXR, ADUE=host_marks(w), PBMTE=w.PBMTE, HLVX=w.HLVX)
    return riscv.second_stage(HOST, page_of(w.hgatp), control, read_written(w))


def behind(w, address, access, implicit):
    return host_tables(w)["locate"]("final", address, access, implicit)


def changing(w, place, word):
    """The bits of a word that hardware may have changed by now: the guest's only once the guest's tables have been read."""
    late = w.r.phase != Phase.idle and w.r.purpose != Purpose.table
    marks = host_marks(w) if w.hosts[UNIT["page"](place)] else guest_marks(w) and late
    return bits[64](0xC0) if marks and is_leaf(word) else bits[64](0)


def due(w):
    again = w.r.phase != Phase.idle and w.r.purpose == Purpose.update
    guest = guest_marks(w) and w.r.level == w.r.leaf and is_leaf(w.r.entries[w.r.leaf])
    host = host_marks(w) and w.r.host_level == w.r.host_leaf and is_leaf(w.r.host_entries[w.r.host_leaf])
    return implies(w.r.phase == Phase.mark_host, host) and implies(again, guest)


def marks_only(w, place):
    now, before = read_word(w, place), software_word(w, place)
    mask = changing(w, place, before)
    return now & ~mask == before & ~mask and before & ~now == 0


PLAN = {
    "guest": GUEST_LEVELS,
    "host": HOST_LEVELS,
    "walk": lambda w: manual(w, second_stage(w, PLAN)),
    "behind": behind,
    "numbers": range(GUEST_LEVELS),
    "outside_number": GUEST_LEVELS - 1,
    "levels": {level: GUEST_LEVELS - 1 - level for level in range(GUEST_LEVELS)},
    "marked": {"update": GUEST_LEVELS},
    "changes": 1,
    "writes": lambda w: False,
    "blocked_code": lambda w, answer, implicit: riscv.cause(w.access, True) if implicit else answer.code,
    "guest_rights": lambda entries: 15,
    "host_rights": lambda entries: 15,
    "word": read_word,
    "host_word": read_word,
    "is_first": lambda place: True,
    "written": software_word,
    "due": due,
    "marks_only": marks_only,
    "same_slot": lambda place, other: slot(place) == slot(other),
    "marks": 0xC0,
    "outside": UNIT["outside"],
    "host_mark": lambda w, word, leaf: host_marked(w, UNIT, word, leaf),
    "guest_mark": UNIT["guest_mark"],
    "host_takes": lambda w, word, level: host_takes(w, UNIT, word, level),
    "guest_takes": lambda w, word, level: guest_takes(w, UNIT, word, level),
    "at_home": lambda w, host: not UNIT["changes"](w) or w.hosts[UNIT["page"](w.r.at)] == host,
    "all_marks": 0xC0,
}


def at(place):
    """The address of a word."""
    return zext(cat(place, bits[LOG](0)), 64)


for name, sentence, reasons, holds in inductive(PLAN) if MANUAL == 1 else orderly(PLAN):

    @invariant(sentence, name=name, using=reasons)
    def kept_claim(w):
        return holds(w)


for name, sentence, reasons, holds in inductive_of_words(PLAN) if MANUAL == 1 else ():

    @invariant(sentence, name=name, using=reasons)
    def kept_claim_of_words(w, place: SLOT):
        return holds(w, at(place))


for name, sentence, reasons, holds in implied(PLAN) if MANUAL == 1 else ():

    @invariant(sentence, name=name, follows=reasons)
    def implied_claim(w):
        return holds(w)


for name, sentence, happens in HAPPENS:

    @reachable(sentence, name=name)
    def reached(w):
        return happens(w)


if MARKS == 1 and MANUAL == 1 and GUEST_LEVELS == 2:  # the steps that mark are those of all formats, and short walks show them soonest

    def has_changed(w, host):
        """A walk ends well in which hardware marked the word at `spot`, of a table of this stage."""
        there = w.hosts[UNIT["page"](w.m.spot)] == host and PLAN["word"](w, w.m.spot) != PLAN["written"](w, w.m.spot)
        return w.r.phase == Phase.done and w.r.ok and there

    @reachable("a walk ends well that has marked an entry of the second stage's")
    def marked_behind(w):
        return has_changed(w, True)

    @reachable("a walk ends well that has marked an entry of the guest's")
    def marked_here(w):
        return has_changed(w, False)
