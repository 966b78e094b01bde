"""RISC-V page tables: Sv32, Sv39, Sv48, Sv57, and Sv32x4 ... Sv57x4 of the second stage (G-stage).

Privileged Architecture, version 1.13 (20240411): 4.3 to 4.6 for the formats, 4.3.2 for the ten steps of the walk, 8.5 for two stages.
Left out: Svnapot (so bit 63 of an entry is reserved) and shadow stacks (step 7). PMA and PMP are the caller's: its `read` may trap.

`code` of a fault is its cause number (3.1.15). Of a fault of the second stage, `gpa` is what htval holds, shifted right by two.
"""

from vmproof.lang import *
from spec.mmu.tables import DIRECT, behind
from spec.mmu.radix import blank_references, blank_updates, blocked, descend, finish, write_entry
from spec.mmu.result import Reason, asked, refused


class Privilege(Enum):
    """The effective privilege mode of the access: MPRV and SPP are applied already."""

    U = 0
    S = 1


class Control(Record):
    """What the walk depends on besides the tables.

    SUM, MXR: of sstatus (3.1.6.3). For a two-stage walk MXR of the first stage is vsstatus.MXR or sstatus.MXR, of the second stage
    sstatus.MXR alone (8.5.1). ADUE: hardware sets A and D (Svadu), else they fault (Svade); PBMTE: bits 62:61 hold a memory type
    (Svpbmt), else they are reserved; both of menvcfg, or of henvcfg for the first of two stages. HLVX: a load of HLVX, which needs
    execute permission instead of read permission (8.2.4).
    """

    mode: Privilege
    SUM: bool
    MXR: bool
    ADUE: bool
    PBMTE: bool
    HLVX: bool


def format(levels, entry, width, second=False):
    return {"levels": levels, "entry": entry, "width": width, "second": second}


# (level, high, low): va.vpn[level] is va[high:low].
SV39_LEVELS = ((2, 38, 30), (1, 29, 21), (0, 20, 12))
SV48_LEVELS = ((3, 47, 39), (2, 38, 30), (1, 29, 21), (0, 20, 12))
SV57_LEVELS = ((4, 56, 48), (3, 47, 39), (2, 38, 30), (1, 29, 21), (0, 20, 12))

SV32 = format(((1, 31, 22), (0, 21, 12)), 4, 32)  # 4.3
SV39 = format(SV39_LEVELS, 8, 39)  # 4.4
SV48 = format(SV48_LEVELS, 8, 48)  # 4.5
SV57 = format(SV57_LEVELS, 8, 57)  # 4.6
# 8.5.1: two more bits of address, so a root of 16 KiB, aligned so.
SV32X4 = format(((1, 33, 22), (0, 21, 12)), 4, 34, True)
SV39X4 = format(((2, 40, 30), *SV39_LEVELS[1:]), 8, 41, True)
SV48X4 = format(((3, 49, 39), *SV48_LEVELS[1:]), 8, 50, True)
SV57X4 = format(((4, 58, 48), *SV57_LEVELS[1:]), 8, 59, True)


def in_range(format, va, shallow):
    """4.4.1, 4.5.1, 4.6.1: the bits above are copies of the highest one; of a guest physical address they are zero (8.5.1)."""
    if shallow:
        return extended(format, va, format["width"] - 9)
    return extended(format, va, format["width"])


def extended(format, va, width):
    if format["second"]:
        return va == zext(va[width - 1 : 0], 64)
    return format["entry"] == 4 or va == sext(va[width - 1 : 0], 64)


def first_table(format, root, va, shallow):
    """Of a second stage the root is indexed by two more bits (8.5.1): if the walk begins a level lower, by those above that level's."""
    if not format["second"]:
        return root
    _, high, low = format["levels"][0]
    return cat(root[63:14], va[low + 1 : low], root[11:0]) if shallow else root


def frame(format, pte):
    """pte.ppn × PAGESIZE: 34 bits of address in Sv32, else 56."""
    ppn = pte[31:10] if format["entry"] == 4 else pte[53:10]
    return zext(cat(ppn, bits[12](0)), 64)


def reserved(format, pte, level, control):
    """Step 3: encodings and bits that are reserved for future standard use."""
    r, w, x, u, a, d = pte[1], pte[2], pte[3], pte[4], pte[6], pte[7]
    encoding = w and not r
    pointer = not r and not w and not x
    beyond = pointer and (u or a or d)  # 4.3.1: of a pointer, D, A and U are reserved
    if format["entry"] == 4:
        return encoding or beyond
    memory_type = pte[62:61] != 0 and (not control.PBMTE or pointer or pte[62:61] == 3)  # 4.4.1, Svpbmt
    return encoding or beyond or pte[63] or pte[60:54] != 0 or memory_type


def decode(format, pte, level, low, control):
    """Steps 3 to 5: what an entry is."""
    leaf = pte[3:1] != 0
    if not pte[0]:
        reason = Reason.invalid
    elif reserved(format, pte, level, control):
        reason = Reason.reserved
    elif not leaf:
        reason = Reason.no_leaf if level == 0 else Reason.none
    elif level > 0 and frame(format, pte)[low - 1 : 12] != 0:
        reason = Reason.misaligned
    else:
        reason = Reason.none
    return reason, level == 0 or leaf, frame(format, pte)


def may(format, pte, access, control):
    """Steps 6 and 8: the U bit, then R, W and X. The second stage takes every access for a user's (8.5.1)."""
    r, w, x, u = pte[1], pte[2], pte[3], pte[4]
    if format["second"] or control.mode == Privilege.U:
        if not u:
            return Reason.supervisor_page
    elif u and (access == Access.fetch or not control.SUM):
        return Reason.user_page
    if access == Access.fetch:
        return Reason.none if x else Reason.not_executable
    if access == Access.write:
        return Reason.none if w else Reason.not_writable
    readable = x if control.HLVX else r or (control.MXR and x)
    return Reason.none if readable else Reason.not_readable


def cause(access, guest):
    """Page faults 12, 13, 15; guest-page faults 20, 21, 23 (3.1.15)."""
    if guest:
        return 20 if access == Access.fetch else 23 if access == Access.write else 21
    return 12 if access == Access.fetch else 15 if access == Access.write else 13


def walk(format, root, va, access, control, read, tables=DIRECT, shallow=False):
    """The walk of 4.3.2 from the root table at `root`; `read(place, size)` reads an entry. Gives `(result, references, updates)`.

    `shallow`, where it holds, says that the tables are those of the format with one level less: one walk then serves a machine that has
    Sv39 and Sv48, whichever satp chooses.

    With `tables=second_stage(...)` it is a VS-stage walk, and `root` and the entries hold guest physical addresses (8.5).
    """
    va = zext(va, 64)
    guest = format["second"]
    levels, spare = format["levels"], ("update", "final")
    references = blank_references(levels, tables, spare)
    updates = blank_updates(levels, tables, ("update",), ("final",))

    def refuse(reason, level):
        return refused(reason, level, cause(access, guest))

    if not in_range(format, va, shallow):
        return refuse(Reason.not_canonical, levels[0][0]), references, updates
    # Steps 1 to 5. a = satp.ppn × PAGESIZE, i = LEVELS - 1, and down.
    lows = {level: low for level, _, low in levels}
    reason, level, pte, gpa, at, place, _, below, references, updates = descend(
        levels,
        format["entry"],
        first_table(format, root, va, shallow),
        va,
        read,
        lambda entry, level: decode(format, entry, level, lows[level], control),
        lambda rights, entry, level: rights,
        None,
        tables,
        references,
        updates,
        shallow,
    )
    if reason == Reason.second_stage:
        return blocked(below, True, False, level, cause(access, True)), references, updates
    if reason == Reason.none:
        reason = may(format, pte, access, control)  # steps 6 to 8
    # Step 9: A, and D for a store.
    writing = access == Access.write
    clean = writing and not pte[7]
    if reason == Reason.none and not control.ADUE:
        reason = Reason.not_accessed if not pte[6] else Reason.not_dirty if clean else Reason.none
    if reason != Reason.none:
        return refuse(reason, level), references, updates
    if not pte[6] or clean:
        new = pte | (0xC0 if writing else 0x40)
        count = len(tables["blank"])
        via, references, updates = write_entry(
            tables,
            "update",
            at,
            place,
            pte,
            new,
            references,
            updates,
            len(levels) * (count + 1),
            len(levels) * len(tables["still"]),
        )
        if not via.ok:  # 8.5.3: a store to the table, reported with the original access
            return blocked(via, True, True, level, cause(access, True)), references, updates
    # Step 10; of two stages, the second one for the final address.
    return finish(tables, gpa, access, level, references, updates)


def second_stage(format, root, control, read, shallow=False):
    """A G-stage for `walk`: every table and the final address lie behind it. `control` is the second stage's (8.5.1)."""

    def locate(column, address, access, implicit):
        result, references, updates = walk(format, root, address, access, explicit(control, implicit), read, DIRECT, shallow)
        return asked(result, address), references, updates

    return behind(locate, tuple(level for level, _, _ in format["levels"]), ("update",))


def explicit(control, implicit):
    """MXR and HLVX are about explicit loads (3.1.6.3, 8.2.4): an access to a table is none, whatever the instruction is."""
    return Control(
        mode=control.mode,
        SUM=control.SUM,
        MXR=control.MXR and not implicit,
        ADUE=control.ADUE,
        PBMTE=control.PBMTE,
        HLVX=control.HLVX and not implicit,
    )
