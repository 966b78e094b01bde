"""Nested paging of RISC-V: a walker in small steps, and that it does what the manual says.

Privileged Architecture, version 1.13 (20240411): 4.3 to 4.6, 8.5. GUEST_LEVELS behind HOST_LEVELS of 3, 4 and 5 are Sv39, Sv48 and Sv57
behind Sv39x4, Sv48x4 and Sv57x4, in any combination; with entries of four bytes it is Sv32 behind Sv32x4. Two levels of entries of eight
bytes are no format of the manual's, but one that its rules make.
"""

from vmproof.lang import *
from spec.mmu import riscv
from spec.mmu.nested_hardware import Phase, Purpose, Registers, begin, guest_mark_step, guest_step, host_mark_step, host_step
from spec.mmu.nested_manual import agrees, in_order, memory_follows, pages_apart, to_a_mark, to_a_table, to_the_page

GUEST_LEVELS = parameter(3)
HOST_LEVELS = parameter(3)
MARKS = parameter(1)  # whether hardware may set A and D (Svadu); else it never does (Svade)
ENTRY = parameter(8)  # bytes of an entry

LOG = 2 if ENTRY == 4 else 3
INDEX = 12 - LOG  # bits of an index
PHYSICAL = 34 if ENTRY == 4 else 56


class Walker(State):
    """`ADUE` and `PBMTE` are menvcfg's, for the host's tables, `VADUE` and `VPBMTE` henvcfg's, for the guest's; `MXR` is sstatus.MXR and
    `VMXR` vsstatus.MXR. `vsatp` and `hgatp` are the numbers of the root's pages. `written` is what software wrote, without the marks."""

    memory: array[bits[PHYSICAL - LOG], bits[8 * ENTRY]]
    written: array[bits[PHYSICAL - LOG], bits[8 * ENTRY]]
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
    entries: array[bits[3], bits[64]]
    places: array[bits[3], bits[64]]


@init
def idle(w):
    return w.r.phase == Phase.idle and w.r.count == 0 and w.memory == w.written


def slot(place):
    return place[PHYSICAL - 1 : LOG]


def read_word(w, place):
    return zext(w.memory[slot(place)], 64)


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
    leaf = pte[1] or pte[3]
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


def guest_entry(w, pte, level, rights):
    leaf = pte[1] or pte[3]
    mine = pte[4] if w.user else not pte[4] or (w.SUM and w.access != Access.fetch)
    allowed = mine and grants(pte, w.access, w.MXR or w.VMXR, w.HLVX) and (guest_marks(w) or fresh(pte, w.access))
    fault = unusable(pte, w.VPBMTE, level) or (leaf and not allowed)
    return fault, page_fault(w), leaf, frame_of(pte, level), rights


def host_entry(w, pte, level, rights, access, implicit):
    leaf = pte[1] or pte[3]
    allowed = pte[4] and grants(pte, access, w.MXR and not implicit, w.HLVX and not implicit) and (host_marks(w) or fresh(pte, access))
    fault = unusable(pte, w.PBMTE, level) or (leaf and not allowed)
    return fault, guest_page_fault(w), leaf, frame_of(pte, level), rights


def marked(pte, access):
    return pte | (bits[64](0xC0) if access == Access.write else bits[64](0x40))


UNIT = {
    "guest": GUEST_LEVELS,
    "host": HOST_LEVELS,
    "size": ENTRY,
    "read": read_word,
    "write": write_word,
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
    "covered": covered,
    "marks": 0xC0,
    "guest_mark": lambda w, pte, leaf: marked(pte, w.access) if MARKS == 1 and leaf else pte,
    "host_mark": lambda w, pte, access: marked(pte, access) if MARKS == 1 else pte,
}


def apart(w, host):
    """Where hardware changes tables, no page holds tables of both stages."""
    require(not (host_marks(w) or guest_marks(w)) or w.hosts[w.r.at[PHYSICAL - 1 : 12]] == host)


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

SHORT = riscv.format(((1, 29, 21), (0, 20, 12)), 8, 30)
SHORT_X4 = riscv.format(((1, 31, 21), (0, 20, 12)), 8, 32, True)
GUEST = riscv.SV32 if ENTRY == 4 else {2: SHORT, 3: riscv.SV39, 4: riscv.SV48, 5: riscv.SV57}[GUEST_LEVELS]
HOST = riscv.SV32X4 if ENTRY == 4 else {2: SHORT_X4, 3: riscv.SV39X4, 4: riscv.SV48X4, 5: riscv.SV57X4}[HOST_LEVELS]


def manual(w):
    """The manual's walk of what software wrote."""

    def read(place, size):
        return w.written[slot(place)]

    mode = riscv.Privilege.U if w.user else riscv.Privilege.S
    first = riscv.Control(mode=mode, SUM=w.SUM, MXR=w.MXR or w.VMXR, ADUE=guest_marks(w), PBMTE=w.VPBMTE, HLVX=w.HLVX)
    second = riscv.Control(mode=mode, SUM=w.SUM, MXR=w.MXR, ADUE=host_marks(w), PBMTE=w.PBMTE, HLVX=w.HLVX)
    tables = riscv.second_stage(HOST, page_of(w.hgatp), second, read)
    return riscv.walk(GUEST, page_of(w.vsatp), w.va, w.access, first, read, tables)


PLAN = {
    "guest": GUEST_LEVELS,
    "host": HOST_LEVELS,
    "columns": 1,
    "marks": MARKS == 1,
    "changes": 1,
    "same_slot": lambda place, other: slot(place) == slot(other),
    "root": lambda w: page_of(w.vsatp),
    "index": lambda w, level: zext(cat(UNIT["guest_index"](w.va, level), bits[LOG](0)), 64),
    "frame": lambda entry, level: riscv.frame(GUEST, entry),
    "covered": covered,
    "va": lambda w: w.va,
    "premise": lambda w, entry, level: True,
    "guest_rights": lambda entries: 15,
    "host_rights": lambda entries: 15,
    "numbers": range(GUEST_LEVELS),
}


@invariant("nested translation is the host's after the guest's: the result or the fault, and the guest physical address of a fault")
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
def memory_marked(w, place: bits[PHYSICAL - LOG]):
    if MARKS == 0:
        return w.memory[place] == w.written[place]
    at = zext(cat(place, bits[LOG](0)), 64)
    return memory_follows(w, manual(w), PLAN, zext(w.memory[place], 64), zext(w.written[place], 64), at)


@invariant("marks are set in pages of the stage that they belong to")
def pages(w):
    if MARKS == 0:
        return True
    return implies(host_marks(w) or guest_marks(w), pages_apart(w, manual(w), PLAN, lambda place: w.hosts[place[PHYSICAL - 1 : 12]]))


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
