"""x86 paging: 32-bit with PSE, PAE, four-level and five-level.

Intel SDM, volume 3A: 4.3 (32-bit), 4.4 (PAE), 4.5 (four and five levels), 4.6 (access rights), 4.7 (page faults), 4.8 (accessed and dirty
flags). Levels are numbered as the tables are: PT 1, PD 2, PDPT 3, PML4 4, PML5 5. Left out: shadow stacks, HLAT and SGX. Of PAE paging,
the PDPTEs are read by each walk (`walk`), or stand in registers (`walk_below`): a processor reads them when CR3 is loaded, and refuses to
load reserved bits then (4.4.1).

`code` of a fault is the error code of #PF (4.7); an address that is not canonical is #GP(0) or #SS(0), `Reason.not_canonical`. What the
second stage refuses is an EPT violation, or where the reason is `reserved` a misconfiguration (x86_ept.py).
"""

from vmproof.lang import *
from spec.mmu.radix import blank_references, blank_updates, blocked, descend, finish, write_entry
from spec.mmu.result import Reason, refused
from spec.mmu.tables import DIRECT


class Control(Record):
    """What the walk depends on besides the tables.

    user: a user-mode access (4.6: CPL = 3 and explicit); implicit: an access to a system table, which is a supervisor's whatever CPL is.
    WP of CR0; PSE, SMEP, SMAP, PKE, PKS of CR4; NXE of EFER; AC of EFLAGS; PKRU and PKRS the rights of the protection keys.
    """

    user: bool
    implicit: bool
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


def format(levels, entry, large, width, maxphyaddr):
    return {"levels": levels, "entry": entry, "large": large, "width": width, "maxphyaddr": maxphyaddr}


PT_AND_PD = ((2, 29, 21), (1, 20, 12))
FOUR_LEVELS = ((4, 47, 39), (3, 38, 30), *PT_AND_PD)

# `large`: the levels whose entries may map a page. `maxphyaddr`: the processor's; bits of an address above it are reserved (4.1.4).
TWO_LEVEL = format(((2, 31, 22), (1, 21, 12)), 4, (2,), 32, 40)  # 4.3
PAE = format(((3, 31, 30), *PT_AND_PD), 8, (2,), 32, 52)  # 4.4
BELOW_PDPTES = format(PT_AND_PD, 8, (2,), 32, 52)  # 4.4, where the PDPTEs are registers
FOUR_LEVEL = format(FOUR_LEVELS, 8, (3, 2), 48, 52)  # 4.5
FIVE_LEVEL = format(((5, 56, 48), *FOUR_LEVELS), 8, (3, 2), 57, 52)  # 4.5


def narrowed(paging, maxphyaddr, pages_of_1g=True):
    """The format on a processor with fewer physical address bits, or without pages of 1 GiB (4.1.4)."""
    large = paging["large"] if pages_of_1g else tuple(level for level in paging["large"] if level != 3)
    return format(paging["levels"], paging["entry"], large, paging["width"], maxphyaddr)


def is_pdpte(paging, level):
    """PAE's top table: no access rights, no accessed flag, other reserved bits (4.4.1)."""
    return paging["width"] == 32 and level == 3


def canonical(paging, la):
    """A linear address has 32 bits, or its upper bits are copies of the highest one (4.5.1; volume 1, 3.3.7.1)."""
    width = paging["width"]
    return width == 32 or la == sext(la[width - 1 : 0], 64)


def maps_page(paging, entry, level, control):
    """Whether the entry maps a page: PS, bit 7; in 32-bit paging only with CR4.PSE (4.3)."""
    if level == 1:
        return True
    if level not in paging["large"]:
        return False
    return entry[7] and (control.PSE or paging["entry"] == 8)


def any_set(entry, high, low):
    """Whether a bit of `entry[high:low]` is set; there may be no such bits."""
    return high >= low and entry[high:low] != 0


def reserved(paging, entry, level, control):
    """Reserved bits of an entry that is present (4.3, 4.4.2, 4.5.4; figures 4-4, 4-7, 4-11)."""
    page = maps_page(paging, entry, level, control)
    width = paging["maxphyaddr"]
    if paging["entry"] == 4:
        # PSE-36: a page of 4 MiB has its address bits 39:32 in 20:13; those from MAXPHYADDR on, and bit 21, are reserved.
        return level == 2 and page and any_set(entry, 21, min(width, 40) - 19)
    if is_pdpte(paging, level):
        return any_set(entry, 2, 1) or any_set(entry, 8, 5) or any_set(entry, 63, width)
    beyond = any_set(entry, 62 if paging["width"] == 32 else 51, width)
    execute_disable = entry[63] and not control.NXE
    no_page = level > 1 and level not in paging["large"] and paging["width"] > 32 and entry[7]
    low = {3: 29, 2: 20, 1: 0, 4: 0, 5: 0}[level]  # below the frame of a large page, above its PAT bit
    misplaced = low > 0 and page and any_set(entry, max(low, 13), 13)
    return beyond or execute_disable or no_page or misplaced


def frame(paging, entry, level):
    """The table or page that an entry names; of a large page the bits below its size are not used."""
    if paging["entry"] == 8:
        return zext(cat(entry[51:12], bits[12](0)), 64)
    table = zext(cat(entry[31:12], bits[12](0)), 64)
    if level == 1:
        return table
    return zext(cat(entry[20:13], entry[31:22], bits[22](0)), 64) if entry[7] else table


def decode(paging, entry, level, control):
    """What an entry is: not present (P, bit 0), with reserved bits, a page, or a table."""
    if not entry[0]:
        reason = Reason.invalid
    elif reserved(paging, entry, level, control):
        reason = Reason.reserved
    else:
        reason = Reason.none
    page = maps_page(paging, entry, level, control)
    address = frame(paging, entry, level)
    if paging["entry"] == 4 and level == 2 and not page:
        address = zext(cat(entry[31:12], bits[12](0)), 64)
    return reason, page, address


def gather(paging, rights, entry, level):
    """4.6: R/W and U/S must be set in every entry, XD in none. PDPTEs of PAE paging have no such bits."""
    if is_pdpte(paging, level):
        return rights
    write, user, execute = rights
    disabled = paging["entry"] == 8 and entry[63]
    return write and entry[1], user and entry[2], execute and not disabled


def key_denies(paging, rights, entry, access, control):
    """4.6.2: AD forbids data accesses, WD writes, by the key in bits 62:59 of the entry that maps the page."""
    if paging["width"] == 32 or access == Access.fetch:
        return False
    _, user_page, _ = rights
    shift = cat(entry[62:59], bits[1](0))
    registers, on = (control.PKRU, control.PKE) if user_page else (control.PKRS, control.PKS)
    rule = (registers >> shift)[1:0]
    limited = control.WP or (user_page and control.user)  # WD does not bind a supervisor while WP is clear
    return on and (rule[0] or (access == Access.write and rule[1] and limited))


def may(rights, access, control):
    """4.6.1, in the order of its list: supervisor-mode reads, writes and fetches, then user-mode ones."""
    write, user_page, execute = rights
    if control.user:
        if not user_page:
            return Reason.supervisor_page
    elif user_page and access == Access.fetch and control.SMEP:
        return Reason.user_page
    elif user_page and access != Access.fetch and control.SMAP and (control.implicit or not control.AC):
        return Reason.user_page
    if access == Access.fetch:
        return Reason.none if execute else Reason.not_executable
    if access == Access.write and not write and (control.user or control.WP):
        return Reason.not_writable
    return Reason.none


def error_code(paging, access, control, present, bad_bits, key):
    """4.7: P <0>, W/R <1>, U/S <2>, RSVD <3>, I/D <4>, PK <5>."""
    told = control.SMEP or (paging["entry"] == 8 and control.NXE)
    fetching = access == Access.fetch and told
    flags = (key, fetching, bad_bits, control.user, access == Access.write, present)
    return zext(cat(*(bits[1](flag) for flag in flags)), 16)


def marked_levels(paging):
    """The levels whose entries have an accessed flag."""
    return tuple(level for level, _, _ in paging["levels"] if not is_pdpte(paging, level))


def nothing_done(paging, tables):
    """The references and updates of a walk before its first."""
    levels, marked = paging["levels"], marked_levels(paging)
    return blank_references(levels, tables, (*marked, "final")), blank_updates(levels, tables, marked, ("final",))


def walk(paging, root, la, access, control, read, tables=DIRECT):
    """Translate a linear address from the table at `root` (CR3); `read(place, size)` reads an entry. Gives `(result, references, updates)`.

    With `tables=x86_ept.second_stage(...)`, `root` and the entries hold guest physical addresses (28.3).
    """
    la = zext(la, 64)
    levels, marked = paging["levels"], marked_levels(paging)
    references, updates = nothing_done(paging, tables)
    if not canonical(paging, la):
        return refused(Reason.not_canonical, levels[0][0], 0), references, updates
    reason, level, entry, gpa, _, _, rights, below, references, updates = descend(
        levels,
        paging["entry"],
        root,
        la,
        read,
        lambda entry, level: decode(paging, entry, level, control),
        lambda rights, entry, level: gather(paging, rights, entry, level),
        (True, True, True),
        tables,
        references,
        updates,
    )
    if reason == Reason.second_stage:
        return blocked(below, True, False, level, below.code), references, updates
    if reason != Reason.none:
        code = error_code(paging, access, control, reason == Reason.reserved, reason == Reason.reserved, False)
        return refused(reason, level, code), references, updates
    denied = key_denies(paging, rights, entry, access, control)
    reason = may(rights, access, control)
    if reason == Reason.none and denied:
        reason = Reason.protection_key
    if reason != Reason.none:
        return refused(reason, level, error_code(paging, access, control, True, False, denied)), references, updates
    # 4.8: the accessed flag (bit 5) of every entry used, the dirty flag (bit 6) of the one that maps the page.
    step, changes = 1 + len(tables["blank"]), len(tables["still"])
    for number, column in enumerate(marked):
        used = references[(len(levels) - len(marked) + number + 1) * step - 1][2]
        dirty = level == column and access == Access.write
        new = used.entry | (0x60 if dirty else 0x20)
        if used.done and new != used.entry:
            at = (len(levels) * step + number * len(tables["blank"]), len(levels) * changes + number * (changes + 1))
            entry = (used.address, used.place, used.entry, new)
            via, references, updates = write_entry(tables, column, *entry, references, updates, *at)
            if not via.ok:
                return blocked(via, True, True, column, via.code), references, updates
    return finish(tables, gpa, access, level, references, updates)


def walk_below(pdptes, la, access, control, read, tables=DIRECT):
    """PAE paging from the PDPTE registers, of which bits 31:30 of the address select one (4.4.2): `walk` of what lies below.

    The registers were loaded with CR3, or by VM entry from the guest-state area (26.3.2.4). Behind EPT they hold guest physical addresses,
    and what loaded them was no part of this walk: with EPT's flags on, it was a read and no write (28.3.3.2).
    """
    pdpte = pdptes[la[31:30]]
    if not pdpte[0]:
        return refused(Reason.invalid, 3, error_code(PAE, access, control, False, False, False)), *nothing_done(BELOW_PDPTES, tables)
    return walk(BELOW_PDPTES, frame(PAE, pdpte, 3), la, access, control, read, tables)
