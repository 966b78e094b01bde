"""Nested paging of x86: a walker in small steps of four or five levels behind EPT of four or five, and that it does what the manual says.

Intel SDM, volume 3: 4.5 to 4.8, 28.3. EPT's own accessed and dirty flags are off, and so the host's tables never change; the guest's
always do, and an entry is marked by a write, which EPT may refuse. No page holds tables of both stages.
"""

from vmproof.lang import *
from spec.mmu import x86, x86_ept
from spec.mmu.nested_hardware import Phase, Purpose, Registers, begin, guest_mark_step, guest_step, host_step
from spec.mmu.nested_manual import agrees, in_order, memory_follows, pages_apart, to_a_mark, to_a_table, to_the_page

GUEST_LEVELS = parameter(4)
HOST_LEVELS = parameter(4)
MARKS = parameter(1)  # else the guest's entries are taken to have their accessed and dirty flags already


class Walker(State):
    """CR0.WP, CR4's SMEP, SMAP, PKE and PKS, EFER.NXE, EFLAGS.AC and the rights of the protection keys are the guest's; `user`: CPL is 3
    and the access explicit; `system`: an access to a system table; `execute_only`: EPT has pages that can only be fetched from."""

    memory: array[bits[49], bits[64]]
    written: array[bits[49], bits[64]]
    hosts: array[bits[40], bool]  # the pages that hold tables of the host's
    va: bits[64]
    access: Access
    user: bool
    system: bool
    WP: bool
    SMEP: bool
    SMAP: bool
    AC: bool
    NXE: bool
    PKE: bool
    PKS: bool
    PKRU: bits[32]
    PKRS: bits[32]
    execute_only: bool
    CR3: bits[40]
    EPTP: bits[40]
    r: Registers
    entries: array[bits[3], bits[64]]
    places: array[bits[3], bits[64]]


@init
def idle(w):
    return w.r.phase == Phase.idle and w.r.count == 0 and w.memory == w.written


def slot(place):
    return place[51:3]


def read_word(w, place):
    return w.memory[slot(place)]


def write_word(w, place, word):
    w.memory[slot(place)] = word


def page_of(number):
    return zext(cat(number, bits[12](0)), 64)


def covered(level):
    return 12 + 9 * level


def frame_of(pte, level):
    return page_of(pte[51:12])


def is_page(pte, level):
    """PS, bit 7, in the tables that have large pages: those of 2 MiB and 1 GiB."""
    return True if level == 0 else pte[7] if level < 3 else bits[1](0) != 0


def flag(condition, bit):
    return bits[16](1 << bit) if condition else bits[16](0)


def page_fault(w, present, bad, key):
    fetching = w.access == Access.fetch and (w.SMEP or w.NXE)
    why = flag(present, 0) | flag(bad, 3) | flag(key, 5)
    return why | flag(w.access == Access.write, 1) | flag(w.user, 2) | flag(fetching, 4)


def misplaced(pte, level):
    """A large page that does not begin at a multiple of its size: bits above PAT, bit 12, and below the frame."""
    return False if level == 0 or level > 2 else is_page(pte, level) and pte[11 + 9 * level : 13] != 0


def by_key(w, pte, user_page):
    """The rights of the key in 62:59 forbid the access: two bits of PKRU or PKRS for each key, AD and WD."""
    rule = bits[2](0)
    register = w.PKRU if user_page else w.PKRS
    for key in range(16):
        if pte[62:59] == key:
            rule = register[2 * key + 1 : 2 * key]
    on = w.PKE if user_page else w.PKS
    write = w.access == Access.write and rule[1] and (w.WP or (w.user and user_page))
    return w.access != Access.fetch and on and (rule[0] or write)


def guest_entry(w, pte, level, rights):
    """`rights`: what the entries so far leave: <0> writing, <1> a user's access, <2> execution."""
    page = is_page(pte, level)
    bad = (pte[63] and not w.NXE) or misplaced(pte, level) or (level > 2 and pte[7])
    left = rights & cat(bits[1](0), ~pte[63:63], pte[2:2], pte[1:1])
    write, user_page, execute = left[0] == 1, left[1] == 1, left[2] == 1
    denied = w.access == Access.fetch and not execute
    if w.user:
        denied = denied or not user_page or (w.access == Access.write and not write)
    else:
        smap = w.SMAP and w.access != Access.fetch and (w.system or not w.AC)
        smep = w.SMEP and w.access == Access.fetch
        denied = denied or (user_page and (smap or smep)) or (w.access == Access.write and w.WP and not write)
    key = by_key(w, pte, user_page)
    fault = not pte[0] or bad or (page and (denied or key))
    code = page_fault(w, pte[0] == 1, pte[0] == 1 and bad, pte[0] == 1 and not bad and key)
    return fault, code, page, frame_of(pte, level), left


def qualification(access, implicit, rights):
    tried = bits[16](4) if access == Access.fetch else bits[16](2) if access == Access.write else bits[16](1)
    return tried | zext(cat(rights, bits[3](0)), 16) | bits[16](0x80) | flag(not implicit, 8)


def host_entry(w, pte, level, rights, access, implicit):
    """`rights` <2:0>: reading, writing and execution, in every entry so far."""
    page = is_page(pte, level)
    nothing = not pte[0] and not pte[1] and not pte[2]
    bad = not pte[0] and (pte[1] or (pte[2] and not w.execute_only))
    if level > 2:
        bad = bad or pte[7:3] != 0
    elif level > 0:
        bad = bad or (page and (pte[11 + 9 * level : 12] != 0)) or (not page and pte[6:3] != 0)
    bad = bad or (page and (pte[5:3] == 2 or pte[5:3] == 3 or pte[5:3] == 7))
    left = rights & zext(pte[2:0], 4)
    allowed = left[2] if access == Access.fetch else left[1] if access == Access.write else left[0]
    code = qualification(access, implicit, bits[3](0) if nothing else left[2:0])
    if not nothing and bad:
        code = bits[16](0)
    return nothing or bad or (page and not allowed), code, page, frame_of(pte, level), left


def accessed(w, pte, leaf):
    return pte | (bits[64](0x60) if leaf and w.access == Access.write else bits[64](0x20))


def is_marked(w, pte, level):
    """The entry has the flags that the access gives it."""
    leaf = level == 0 or (level < 3 and pte[7])
    return pte[5] and (pte[6] or not leaf or w.access != Access.write)


UNIT = {
    "guest": GUEST_LEVELS,
    "host": HOST_LEVELS,
    "size": 8,
    "read": read_word,
    "write": write_word,
    "va": lambda w: w.va,
    "outside": lambda w: w.va[63 : covered(GUEST_LEVELS) - 1] != 0 and ~w.va[63 : covered(GUEST_LEVELS) - 1] != 0,
    "outside_code": lambda w: bits[16](0),
    "guest_table": lambda w: page_of(w.CR3),
    "host_table": lambda w: page_of(w.EPTP),
    "guest_index": lambda va, level: va[covered(level + 1) - 1 : covered(level)],
    "host_index": lambda gpa, level: gpa[covered(level + 1) - 1 : covered(level)],
    "beyond": lambda w, gpa: gpa[63 : covered(HOST_LEVELS)] != 0,
    "beyond_code": lambda w, access, implicit: qualification(access, implicit, bits[3](0)),
    "guest_entry": guest_entry,
    "host_entry": host_entry,
    "guest_frame": frame_of,
    "host_frame": frame_of,
    "covered": covered,
    "marks": 0x60,
    "guest_mark": accessed if MARKS == 1 else lambda w, pte, leaf: pte,
    "host_mark": lambda w, pte, access: pte,
}


def apart(w, host):
    """No page holds tables of both stages."""
    require(w.hosts[w.r.at[51:12]] == host)


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
    require(MARKS == 1 or is_marked(w, read_word(w, w.r.at), w.r.level))
    guest_step(w, UNIT)


if MARKS == 1:

    @action
    def find_mark(w):
        """Read an entry of the host's tables on the way to one of the guest's that is to be marked."""
        require(w.r.phase == Phase.host and w.r.purpose == Purpose.update)
        apart(w, True)
        host_step(w, UNIT)

    @action
    def mark_guest(w):
        require(w.r.phase == Phase.mark_guest)
        apart(w, False)
        guest_mark_step(w, UNIT)


# What the manual says

GUEST = {4: x86.FOUR_LEVEL, 5: x86.FIVE_LEVEL}[GUEST_LEVELS]
HOST = {4: x86_ept.EPT4, 5: x86_ept.EPT5}[HOST_LEVELS]


def manual(w):
    """The manual's walk of what software wrote."""

    def read(place, size):
        return w.written[slot(place)]

    control = x86.Control(
        user=w.user,
        implicit=w.system,
        WP=w.WP,
        PSE=True,
        SMEP=w.SMEP,
        SMAP=w.SMAP,
        AC=w.AC,
        NXE=w.NXE,
        PKE=w.PKE,
        PKS=w.PKS,
        PKRU=w.PKRU,
        PKRS=w.PKRS,
    )
    tables = x86_ept.second_stage(HOST, page_of(w.EPTP), x86_ept.Control(AD=False, execute_only=w.execute_only), read)
    return x86.walk(GUEST, page_of(w.CR3), w.va, w.access, control, read, tables)


def rights_of(entries):
    """4.6: R/W and U/S set in every entry, XD in none; a bit that has no meaning here stays set, or is the lowest entry's to clear."""
    rights = bits[4](15)
    for entry in entries:
        write, user, execute = x86.gather(GUEST, (True, True, True), entry, 1)
        rights = rights & cat(bits[1](0), bits[1](execute), bits[1](user), bits[1](write))
    return rights


def host_rights_of(entries):
    rights = bits[4](15)
    for entry in entries:
        rights = rights & zext(entry[2:0], 4)
    return rights


PLAN = {
    "guest": GUEST_LEVELS,
    "host": HOST_LEVELS,
    "columns": GUEST_LEVELS,
    "marks": MARKS == 1,
    "changes": HOST_LEVELS,
    "same_slot": lambda place, other: slot(place) == slot(other),
    "root": lambda w: page_of(w.CR3),
    "index": lambda w, level: zext(cat(UNIT["guest_index"](w.va, level), bits[3](0)), 64),
    "frame": lambda entry, level: x86.frame(GUEST, entry, level + 1),
    "covered": covered,
    "va": lambda w: w.va,
    "premise": lambda w, entry, level: True if MARKS == 1 else is_marked(w, entry, level),
    "guest_rights": rights_of,
    "host_rights": host_rights_of,
    "numbers": range(1, GUEST_LEVELS + 1),
}


@invariant("nested translation is EPT's after the guest's: the result or the fault, and the guest physical address of a violation")
def equal(w):
    return agrees(w, manual(w), PLAN)


@invariant("while an entry of the guest's tables is looked for, the manual's walk comes by the same places with the same rights")
def tables_found(w):
    return to_a_table(w, manual(w), PLAN)


@invariant("while an entry of the guest's tables is looked for to be marked, the manual's walk comes by the same places")
def marks_found(w):
    return to_a_mark(w, manual(w), PLAN)


@invariant("while the final address is looked for, the manual's walk comes by the same places")
def page_found(w):
    return to_the_page(w, manual(w), PLAN)


@invariant("memory is what software wrote, with the marks of the manual's updates so far")
def memory_marked(w, place: bits[49]):
    if MARKS == 0:
        return w.memory[place] == w.written[place]
    at = zext(cat(place, bits[3](0)), 64)
    return memory_follows(w, manual(w), PLAN, w.memory[place], w.written[place], at)


@invariant("marks are set in pages of the guest's tables")
def pages(w):
    if MARKS == 0:
        return True
    return pages_apart(w, manual(w), PLAN, lambda place: w.hosts[place[51:12]])


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
