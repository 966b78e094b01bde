"""Nested paging of RISC-V as a walker in small steps."""

from vmproof.lang import *
from spec.mmu import riscv
from spec.mmu.result import Reason
from spec.mmu.nested_hardware import Phase, Purpose

GUEST_LEVELS = parameter(3)
HOST_LEVELS = parameter(3)
ENTRY = parameter(8)  # bytes of an entry: 4 for Sv32 on Sv32x4

LOG = 2 if ENTRY == 4 else 3
INDEX = 12 - LOG  # bits of an index
PHYSICAL = 34 if ENTRY == 4 else 56

GUEST = riscv.SV32 if ENTRY == 4 else {3: riscv.SV39, 4: riscv.SV48, 5: riscv.SV57}[GUEST_LEVELS]
HOST = riscv.SV32X4 if ENTRY == 4 else {3: riscv.SV39X4, 4: riscv.SV48X4, 5: riscv.SV57X4}[HOST_LEVELS]


class Walker(State):
    memory: array[bits[PHYSICAL - LOG], bits[8 * ENTRY]]
    va: bits[64]
    access: Access
    user: bool
    SUM: bool
    MXR: bool
    VMXR: bool
    PBMTE: bool
    VPBMTE: bool
    HLVX: bool
    vsatp: bits[PHYSICAL - 12]
    hgatp: bits[PHYSICAL - 12]
    phase: Phase
    purpose: Purpose
    level: bits[3]
    host_level: bits[3]
    at: bits[PHYSICAL]
    gpa: bits[PHYSICAL]
    count: bits[8]
    ok: bool
    code: bits[16]
    second: bool
    implicit: bool


@init
def idle(w):
    return w.phase == Phase.idle and w.count == 0


def slot(place):
    return place[PHYSICAL - 1 : LOG]


def page_number(pte):
    return pte[PHYSICAL - 3 : 10]


def covered(level):
    """Bits of an address that a page of this level covers."""
    return 12 + INDEX * level


def index(address, level, more=0):
    return address[covered(level) + INDEX + more - 1 : covered(level)]


def report(w, code, second, implicit):
    w.phase, w.ok, w.code, w.second, w.implicit = Phase.done, False, code, second, implicit


def page_fault(w):
    report(w, bits[16](15) if w.access == Access.write else bits[16](12) if w.access == Access.fetch else bits[16](13), False, False)


def guest_page_fault(w):
    code = bits[16](23) if w.access == Access.write else bits[16](20) if w.access == Access.fetch else bits[16](21)
    report(w, code, True, w.purpose == Purpose.table)


def present(w, gpa, purpose):
    """Hand a guest physical address to the second stage."""
    w.gpa, w.purpose = gpa, purpose
    limit = covered(HOST_LEVELS) + 2
    if limit < PHYSICAL and gpa[PHYSICAL - 1 : min(limit, PHYSICAL - 1)] != 0:
        guest_page_fault(w)
    else:
        w.phase = Phase.host
        w.host_level = HOST_LEVELS - 1
        w.at = cat(w.hgatp[PHYSICAL - 13 : 2], index(wide(gpa), HOST_LEVELS - 1, 2), bits[LOG](0))


def wide(gpa):
    return zext(gpa, 64)


def unusable(pte, menv):
    """Whether V is clear, or the entry's encoding is reserved."""
    leaf = pte[1] or pte[3]
    bad = not pte[0] or (pte[2] and not pte[1]) or (not leaf and (pte[4] or pte[6] or pte[7]))
    if ENTRY == 8:
        memory_type = pte[62:61] == 3 or ((pte[61] or pte[62]) and not (menv and leaf))
        bad = bad or pte[63] or pte[60:54] != 0 or memory_type
    return bad


def merged(pte, address, level):
    """The physical address within the page that a leaf of this level maps."""
    if level == 0:
        return cat(page_number(pte), address[11:0])
    return cat(page_number(pte)[PHYSICAL - 13 : INDEX * level], address[covered(level) - 1 : 0])


def splintered(pte, level):
    """Whether a superpage does not begin at a multiple of its size."""
    return False if level == 0 else page_number(pte)[INDEX * level - 1 : 0] != 0


def granted(w, pte, mxr, hlvx, access):
    if access == Access.fetch:
        return pte[3]
    if access == Access.write:
        return pte[2]
    return pte[3] if hlvx else pte[1] or (mxr and pte[3])


def host_access(w):
    return w.access if w.purpose == Purpose.final else Access.read


@action
def start(w):
    require(w.phase == Phase.idle)
    w.level = GUEST_LEVELS - 1
    width = covered(GUEST_LEVELS)
    upper = w.va[63 : width - 1]
    if ENTRY == 8 and upper != 0 and ~upper != 0:
        page_fault(w)
    else:
        present(w, cat(w.vsatp, index(w.va, GUEST_LEVELS - 1), bits[LOG](0)), Purpose.table)


@action
def read_host(w):
    require(w.phase == Phase.host)
    pte = w.memory[slot(w.at)]
    w.count = w.count + 1
    if unusable(pte, w.PBMTE):
        guest_page_fault(w)
    elif not (pte[1] or pte[3]):
        if w.host_level == 0:
            guest_page_fault(w)
        for level in range(1, HOST_LEVELS):
            if w.host_level == level:
                w.host_level = level - 1
                w.at = cat(page_number(pte), index(wide(w.gpa), level - 1), bits[LOG](0))
    else:
        explicit = w.purpose == Purpose.final
        allowed = granted(w, pte, w.MXR and explicit, w.HLVX and explicit, host_access(w)) and pte[4] and pte[6]
        allowed = allowed and (pte[7] or host_access(w) != Access.write)
        for level in range(HOST_LEVELS):
            if w.host_level == level:
                if splintered(pte, level) or not allowed:
                    guest_page_fault(w)
                else:
                    w.at = merged(pte, wide(w.gpa), level)
                    if explicit:
                        w.phase, w.ok, w.code, w.second, w.implicit = Phase.done, True, 0, False, False
                    else:
                        w.phase = Phase.guest


@action
def read_guest(w):
    require(w.phase == Phase.guest)
    pte = w.memory[slot(w.at)]
    w.count = w.count + 1
    if unusable(pte, w.VPBMTE):
        page_fault(w)
    elif not (pte[1] or pte[3]):
        if w.level == 0:
            page_fault(w)
        for level in range(1, GUEST_LEVELS):
            if w.level == level:
                w.level = level - 1
                present(w, cat(page_number(pte), index(w.va, level - 1), bits[LOG](0)), Purpose.table)
    else:
        mine = pte[4] if w.user else not pte[4] or (w.SUM and w.access != Access.fetch)
        allowed = mine and granted(w, pte, w.MXR or w.VMXR, w.HLVX, w.access) and pte[6]
        allowed = allowed and (pte[7] or w.access != Access.write)
        for level in range(GUEST_LEVELS):
            if w.level == level:
                if splintered(pte, level) or not allowed:
                    page_fault(w)
                else:
                    present(w, merged(pte, w.va, level), Purpose.final)


# What the manual says


def expected(w):
    def read(place, size):
        return w.memory[slot(place)]

    mode = riscv.Privilege.U if w.user else riscv.Privilege.S
    first = riscv.Control(mode=mode, SUM=w.SUM, MXR=w.MXR or w.VMXR, ADUE=False, PBMTE=w.VPBMTE, HLVX=w.HLVX)
    second = riscv.Control(mode=mode, SUM=w.SUM, MXR=w.MXR, ADUE=False, PBMTE=w.PBMTE, HLVX=w.HLVX)
    tables = riscv.second_stage(HOST, zext(cat(w.hgatp, bits[12](0)), 64), second, read)
    root = zext(cat(w.vsatp, bits[12](0)), 64)
    found, references, _ = riscv.walk(GUEST, root, w.va, w.access, first, read, tables)
    return found, {(column, row): reference for column, row, reference in references}


@invariant("nested translation is the host's after the guest's: result, fault and the address that is reported")
def equal(w):
    found, _ = expected(w)
    return implies(
        w.phase == Phase.done,
        w.ok == found.ok
        and w.code == found.code
        and w.second == found.second
        and w.implicit == found.implicit
        and w.level == found.level
        and implies(w.ok, zext(w.at, 64) == found.pa)
        and implies(w.second or w.ok, zext(w.gpa, 64) == found.gpa),
    )


def table_of(w, reached, level):
    """Where the guest's table of this level is, as a guest physical address."""
    above = zext(cat(w.vsatp, bits[12](0)), 64)
    if level < GUEST_LEVELS - 1:
        above = riscv.frame(GUEST, reached[level + 1, "entry"].entry)
    return above


@invariant("while the host's tables are walked for an entry of the guest's, the manual's walk comes by the same place")
def on_the_way_to_a_table(w):
    _, reached = expected(w)
    holds = True
    for level, high, low in GUEST["levels"]:
        gpa = table_of(w, reached, level) | zext(cat(zext(w.va, 64)[high:low], bits[LOG](0)), 64)
        for host_level, _, _ in HOST["levels"]:
            here = w.phase == Phase.host and w.purpose == Purpose.table and w.level == level and w.host_level == host_level
            there = reached[level, host_level]
            holds = holds and implies(here, there.done and there.place == zext(w.at, 64) and zext(w.gpa, 64) == gpa)
    return holds


@invariant("an entry of the guest's tables is read where the manual's walk reads it")
def at_a_table(w):
    _, reached = expected(w)
    holds = True
    for level, _, _ in GUEST["levels"]:
        there = reached[level, "entry"]
        same = there.done and there.place == zext(w.at, 64) and there.address == zext(w.gpa, 64)
        holds = holds and implies(w.phase == Phase.guest and w.level == level, same)
    return holds


@invariant("while the host's tables are walked for the final address, the manual's walk comes by the same place")
def on_the_way_to_the_page(w):
    _, reached = expected(w)
    holds = True
    for level, _, low in GUEST["levels"]:
        leaf = reached[level, "entry"]
        gpa = cat(riscv.frame(GUEST, leaf.entry)[63:low], w.va[low - 1 : 0])
        last = level == 0 or not reached[level - 1, "entry"].done
        for host_level, _, _ in HOST["levels"]:
            here = w.phase == Phase.host and w.purpose == Purpose.final and w.level == level and w.host_level == host_level
            there = reached["final", host_level]
            same = there.done and there.place == zext(w.at, 64) and leaf.done and last and zext(w.gpa, 64) == gpa
            holds = holds and implies(here, same)
    return holds


@invariant("levels are those of the formats")
def levels_exist(w):
    return implies(w.phase != Phase.idle, w.level < GUEST_LEVELS) and implies(w.phase == Phase.host, w.host_level < HOST_LEVELS)


@invariant("only a final address is walked from a leaf")
def purposes(w):
    return implies(w.phase == Phase.guest, w.purpose == Purpose.table)
