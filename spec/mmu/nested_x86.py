"""Nested paging of x86: a walker in small steps behind EPT of four or five levels, and that it does what the manual says.

Intel SDM, volume 3: 4.3 to 4.8, 28.3. GUEST_LEVELS are those of the manual's guest paging: 2 is 32-bit paging, with pages of 4 MiB where
CR4.PSE is set, 3 is PAE paging, 4 and 5 are four and five levels. Of PAE paging the third level are the four PDPTE registers, of any
contents: MOV to CR3 loaded them from the guest's memory through EPT, or VM entry from the VMCS (4.4.1, 26.3.2.4). That load is not
modelled, and a walk reads tables of two levels.

Hardware always marks the guest's entries, by writes that EPT may refuse, and where EPT's own accessed and dirty flags are on those of EPT,
too; then it takes each access to the guest's tables for a write. No page holds tables of both stages.
"""

from vmproof.lang import *
from spec.mmu import x86, x86_ept
from spec.mmu.nested_hardware import Phase, Purpose, Registers, guest_takes, host_marked, host_takes
from spec.mmu.nested_hardware import mark_guest_step, mark_step, read_guest_step, read_step, start_step
from spec.mmu.nested_claims import HAPPENS, implied, inductive, inductive_of_words
from spec.mmu.nested_manual import Manual, given, second_stage
from spec.mmu.nested_states import refused_by_guest

GUEST_LEVELS = parameter(4)
HOST_LEVELS = parameter(4)

TABLES = 2 if GUEST_LEVELS == 3 else GUEST_LEVELS  # levels of the guest's tables that are in memory
WIDTH = 32 if GUEST_LEVELS < 4 else 64  # bits of a linear address, and of CR3
ENTRY = 4 if GUEST_LEVELS == 2 else 8  # bytes of an entry of the guest's
LOG = 2 if ENTRY == 4 else 3
INDEX = 12 - LOG  # bits of an index into the guest's tables

SLOT = bits[52 - LOG]  # the number of a word of memory, which has the size of an entry of the guest's


class Walker(State):
    """CR0.WP, CR4's PSE, SMEP, SMAP, PKE and PKS, EFER.NXE, EFLAGS.AC, the rights of the protection keys and the PDPTE registers are the
    guest's; `user`: CPL is 3 and the access explicit; `system`: an access to a system table; `execute_only`: EPT has pages that can only be
    fetched from; `AD`: EPT's accessed and dirty flags are on. `CR3` and `EPTP` are the numbers of the root's pages."""

    memory: array[SLOT, bits[8 * ENTRY]]
    written: array[SLOT, bits[8 * ENTRY]]
    hosts: array[bits[40], bool]  # the pages that hold tables of the host's
    va: bits[WIDTH]
    access: Access
    user: bool
    system: bool
    WP: bool
    PSE: bool
    SMEP: bool
    SMAP: bool
    AC: bool
    NXE: bool
    PKE: bool
    PKS: bool
    PKRU: bits[32]
    PKRS: bits[32]
    execute_only: bool
    AD: bool
    CR3: bits[20 if WIDTH == 32 else 40]
    PDPTE: array[bits[2], bits[64]]
    EPTP: bits[40]
    r: Registers
    m: Manual


@init
def idle(w):
    return w.r.phase == Phase.idle and w.r.count == 0 and w.memory == w.written and given(w, PLAN)


def slot(place):
    return place[51:LOG]


def second_slot(place):
    """The upper half of an entry of EPT's, where words have four bytes."""
    return cat(place[51:3], bits[1](1))


def read_word(w, place):
    return zext(w.memory[slot(place)], 64)


def software_word(w, place):
    return zext(w.written[slot(place)], 64)


def write_word(w, place, word):
    w.memory[slot(place)] = word[8 * ENTRY - 1 : 0]


def read_behind(w, place):
    """An entry of EPT's."""
    return cat(w.memory[second_slot(place)], w.memory[slot(place)]) if ENTRY == 4 else read_word(w, place)


def write_behind(w, place, word):
    write_word(w, place, word)
    if ENTRY == 4:
        w.memory[second_slot(place)] = word[63:32]


def page_of(number):
    return zext(cat(number, bits[12](0)), 64)


def covered(level):
    """Bits of an address that a page of this level covers."""
    return 12 + INDEX * level


def covered_behind(level):
    return 12 + 9 * level


def frame_of(pte, level):
    return page_of(pte[51:12])


def page_frame(pte, level):
    """A page of 4 MiB has bits 39:32 of its address in 20:13 of the entry (PSE-36)."""
    return zext(cat(pte[20:13], pte[31:22], bits[22](0)), 64) if ENTRY == 4 and level == 1 else frame_of(pte, level)


def is_page(w, pte, level):
    """PS, bit 7, in the tables that have large pages: those of 4 MiB, 2 MiB and 1 GiB."""
    large = pte[7] and (w.PSE or ENTRY == 8)
    return True if level == 0 else large if level < 3 else bits[1](0) != 0


def is_page_behind(pte, level):
    return True if level == 0 else pte[7] if level < 3 else bits[1](0) != 0


def flag(condition, bit):
    return bits[16](1 << bit) if condition else bits[16](0)


def page_fault(w, present, bad, key):
    fetching = w.access == Access.fetch and (w.SMEP or (w.NXE and ENTRY == 8))
    why = flag(present, 0) | flag(bad, 3) | flag(key, 5)
    return why | flag(w.access == Access.write, 1) | flag(w.user, 2) | flag(fetching, 4)


def misplaced(w, pte, level):
    """A large page that does not begin at a multiple of its size: bits above PAT, bit 12, and below the frame. Of 4 MiB: bit 21."""
    if level == 0 or level > 2:
        return False
    return is_page(w, pte, level) and pte[11 + INDEX * level : 21 if ENTRY == 4 else 13] != 0


def unusable(w, pte, level):
    """Reserved bits: XD where it is not enabled, PS where there are no large pages; with PAE all from 62 down to the frame."""
    if ENTRY == 4:
        return misplaced(w, pte, level)
    return (pte[63] and not w.NXE) or misplaced(w, pte, level) or (level > 2 and pte[7]) or (WIDTH == 32 and pte[62:52] != 0)


def by_key(w, pte, user_page):
    """The rights of the key in 62:59 forbid the access: two bits of PKRU or PKRS for each key, AD and WD. Only with four levels or more."""
    if WIDTH == 32:
        return False
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
    page = is_page(w, pte, level)
    bad = unusable(w, pte, level)
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


def flags_on(w):
    """EPT's accessed and dirty flags."""
    return w.AD


def qualification(w, access, implicit, rights):
    """With EPT's flags on, an access to a table is reported as a read and a write."""
    both = implicit and flags_on(w)
    tried = flag(access == Access.read or both, 0) | flag(access == Access.write or both, 1) | flag(access == Access.fetch, 2)
    return tried | zext(cat(rights, bits[3](0)), 16) | bits[16](0x80) | flag(not implicit, 8)


def host_entry(w, pte, level, rights, access, implicit):
    """`rights` <2:0>: reading, writing and execution, in every entry so far."""
    page = is_page_behind(pte, level)
    nothing = not pte[0] and not pte[1] and not pte[2]
    bad = not pte[0] and (pte[1] or (pte[2] and not w.execute_only))
    if level > 2:
        bad = bad or pte[7:3] != 0
    elif level > 0:
        bad = bad or (page and (pte[11 + 9 * level : 12] != 0)) or (not page and pte[6:3] != 0)
    bad = bad or (page and (pte[5:3] == 2 or pte[5:3] == 3 or pte[5:3] == 7))
    left = rights & zext(pte[2:0], 4)
    writing = access == Access.write or (implicit and flags_on(w))
    allowed = left[1] if writing else left[2] if access == Access.fetch else left[0]
    code = qualification(w, access, implicit, bits[3](0) if nothing else left[2:0])
    if not nothing and bad:
        code = bits[16](0)
    return nothing or bad or (page and not allowed), code, page, frame_of(pte, level), left


def accessed(w, pte, leaf):
    return pte | (bits[64](0x60) if leaf and w.access == Access.write else bits[64](0x20))


def accessed_behind(w, pte, leaf, access, implicit):
    """A, bit 8, and D, bit 9, of EPT's entries."""
    writing = access == Access.write or implicit
    return pte | (bits[64](0x300) if leaf and writing else bits[64](0x100)) if flags_on(w) else pte


def pointer(w):
    """The PDPTE register that bits 31:30 of the address select."""
    return w.PDPTE[w.va[31:30]]


def outside(w):
    """The address is not canonical; one of 32 bits is within the tables, unless its PDPTE is not present."""
    if WIDTH == 32:
        return GUEST_LEVELS == 3 and not pointer(w)[0]
    upper = w.va[63 : covered(TABLES) - 1]
    return upper != 0 and ~upper != 0


UNIT = {
    "guest": TABLES,
    "host": HOST_LEVELS,
    "guest_size": ENTRY,
    "host_size": 8,
    "guest_read": read_word,
    "host_read": read_behind,
    "guest_write": write_word,
    "host_write": write_behind,
    "page": lambda place: place[51:12],
    "va": lambda w: w.va,
    "outside": outside,
    "outside_code": lambda w: page_fault(w, False, False, False) if WIDTH == 32 else bits[16](0),
    "guest_table": lambda w: frame_of(pointer(w), 2) if GUEST_LEVELS == 3 else page_of(w.CR3),
    "host_table": lambda w: page_of(w.EPTP),
    "guest_index": lambda va, level: va[covered(level + 1) - 1 : covered(level)],
    "host_index": lambda gpa, level: gpa[covered_behind(level + 1) - 1 : covered_behind(level)],
    "beyond": lambda w, gpa: gpa[63 : covered_behind(HOST_LEVELS)] != 0,
    "beyond_code": lambda w, access, implicit: qualification(w, access, implicit, bits[3](0)),
    "guest_entry": guest_entry,
    "host_entry": host_entry,
    "guest_frame": page_frame,
    "host_frame": frame_of,
    "guest_covered": covered,
    "host_covered": covered_behind,
    "marks": 0x360,
    "guest_mark": accessed,
    "host_mark": accessed_behind,
    "changes": lambda w: True,
    "marks_tables": True,
    "writes": flags_on,
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


@action
def find_mark(w):
    read_step(w, UNIT, Purpose.update)


@action
def mark_for_table(w):
    mark_step(w, UNIT, Purpose.table)


# No entry of EPT's is marked on the way to a mark of the guest's: with EPT's flags on, the access that read it was a write already.


@action
def mark_for_page(w):
    mark_step(w, UNIT, Purpose.final)


@action
def mark_guest(w):
    mark_guest_step(w, UNIT)


# What the manual says

GUEST = {2: x86.TWO_LEVEL, 3: x86.BELOW_PDPTES, 4: x86.FOUR_LEVEL, 5: x86.FIVE_LEVEL}[GUEST_LEVELS]
HOST = {4: x86_ept.EPT4, 5: x86_ept.EPT5}[HOST_LEVELS]


def read_written(w):
    """Memory as software wrote it: an entry of `size` bytes."""

    def read(place, size):
        if size == ENTRY:
            return w.written[slot(place)]
        return cat(w.written[slot(place + 4)], w.written[slot(place)])

    return read


def manual(w, tables):
    """The manual's walk of what software wrote, behind an EPT."""
    control = x86.Control(
        user=w.user,
        implicit=w.system,
        WP=w.WP,
        PSE=w.PSE,
        SMEP=w.SMEP,
        SMAP=w.SMAP,
        AC=w.AC,
        NXE=w.NXE,
        PKE=w.PKE,
        PKS=w.PKS,
        PKRU=w.PKRU,
        PKRS=w.PKRS,
    )
    if GUEST_LEVELS == 3:
        return x86.walk_below(w.PDPTE, w.va, w.access, control, read_written(w), tables)
    return x86.walk(GUEST, page_of(w.CR3), w.va, w.access, control, read_written(w), tables)


def host_tables(w):
    """The manual's EPT."""
    control = x86_ept.Control(AD=flags_on(w), execute_only=w.execute_only)
    return x86_ept.second_stage(HOST, page_of(w.EPTP), control, read_written(w))


def behind(w, address, access, implicit):
    return host_tables(w)["locate"]("final", address, access, implicit)


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


def changing(w, place):
    """The bits of a word that hardware may have changed by now: the guest's only once the guest's tables have been read."""
    if w.hosts[UNIT["page"](place)]:
        return bits[64](0x300) if flags_on(w) and (ENTRY == 8 or place[2] == 0) else bits[64](0)
    late = w.r.phase != Phase.idle and w.r.purpose != Purpose.table
    return bits[64](0x60) if late else bits[64](0)


def due(w):
    return implies(w.r.phase == Phase.mark_host, flags_on(w))


def marks_only(w, place):
    now, before = read_word(w, place), software_word(w, place)
    mask = changing(w, place)
    return now & ~mask == before & ~mask and before & ~now == 0


PLAN = {
    "guest": TABLES,
    "host": HOST_LEVELS,
    "walk": lambda w: manual(w, second_stage(w, PLAN)),
    "behind": behind,
    "numbers": range(1, TABLES + 1),
    "outside_number": GUEST_LEVELS,
    "levels": {level: TABLES - level for level in range(1, TABLES + 1)},
    "marked": {level: 2 * TABLES - level for level in range(1, TABLES + 1)},
    "changes": HOST_LEVELS,
    "writes": flags_on,
    "blocked_code": lambda w, answer, implicit: answer.code,
    "guest_rights": rights_of,
    "host_rights": host_rights_of,
    "word": read_word,
    "host_word": read_behind,
    "is_first": lambda place: ENTRY == 8 or place[2] == 0,
    "written": software_word,
    "due": due,
    "marks_only": marks_only,
    "same_slot": lambda place, other: slot(place) == slot(other),
    "marks": 0x300,
    "outside": UNIT["outside"],
    "host_mark": lambda w, word, leaf: host_marked(w, UNIT, word, leaf),
    "guest_mark": UNIT["guest_mark"],
    "host_takes": lambda w, word, level: host_takes(w, UNIT, word, level),
    "guest_takes": lambda w, word, level: guest_takes(w, UNIT, word, level),
    "at_home": lambda w, host: w.hosts[UNIT["page"](w.r.at)] == host,
    "all_marks": 0x360,
}


def at(place):
    """The address of a word."""
    return zext(cat(place, bits[LOG](0)), 64)


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


if GUEST_LEVELS != 2:

    @reachable("the guest's tables do not cover the address")
    def uncovered(w):
        return refused_by_guest(w) and outside(w)
