"""Arm, AArch64 long descriptors with the 4 KiB granule: stage 1 of EL1&0, and stage 2.

Arm ARM (DDI 0487), D8.2 for the walk, D8.3 for the descriptors, D8.4 for permissions, D8.5 for the access flag and dirty state, D8.15 for
faults. Left out: 52-bit addresses, permission indirection and overlays, EPAN, the contiguous hint, and what is not about permission
(memory types, shareability, security state). Levels are the manual's: 0 is the root of 48 bits, 3 the last.

One translation table base register is walked: the caller chooses TTBR0_EL1 or TTBR1_EL1 by bit 55 of the address (D8.2).

`code` of a fault is its status code, DFSC or IFSC: address size 0b0000LL, translation 0b0001LL, access flag 0b0010LL, permission 0b0011LL.
Of a fault of stage 2, `gpa` is the intermediate physical address and `implicit` is ESR_ELx.S1PTW.
"""

from vmproof.lang import *
from spec.mmu.radix import blank_references, blank_updates, blocked, descend, finish, write_entry
from spec.mmu.result import Reason, asked, refused
from spec.mmu.tables import DIRECT, behind


class Level(Enum):
    """The exception level of the access; EL0 also for unprivileged loads and stores of EL1 (LDTR)."""

    EL0 = 0
    EL1 = 1


class Control(Record):
    """Stage 1: PAN of PSTATE, WXN of SCTLR_EL1; HA, HD, HPD of TCR_EL1 (HPD: permissions in table descriptors are ignored)."""

    EL: Level
    PAN: bool
    WXN: bool
    HA: bool
    HD: bool
    HPD: bool


class Control2(Record):
    """Stage 2: the exception level of the access, for XNX (FEAT_XNX); HA and HD of VTCR_EL2."""

    EL: Level
    XNX: bool
    HA: bool
    HD: bool


def format(levels, width, output, second=False):
    return {"levels": levels, "width": width, "output": output, "second": second}


LEVELS = ((0, 47, 39), (1, 38, 30), (2, 29, 21), (3, 20, 12))

# `width`: 64 - TnSZ. `output`: the bits of an output address, IPS or PS; an entry that names more is an address size fault (D8.2).
ARM48 = format(LEVELS, 48, 48)
ARM39 = format(LEVELS[1:], 39, 48)
ARM48_2 = format(LEVELS, 48, 48, True)
ARM40_2 = format(((1, 39, 30), *LEVELS[2:]), 40, 48, True)  # two tables side by side instead of level 0 (D8.2)


def narrowed(arm, output):
    """The format on a processor with fewer bits of output address."""
    return format(arm["levels"], arm["width"], output, arm["second"])


def in_range(arm, va):
    """D8.2: the bits above are those of TTBR0's half or of TTBR1's; of an intermediate physical address they are zero."""
    low = zext(va[arm["width"] - 1 : 0], 64) == va
    ones = (1 << (64 - arm["width"])) - 1
    return low or (not arm["second"] and va[63 : arm["width"]] == ones)


def is_leaf(entry, level):
    """D8.3: bit 1 is clear in a block and set in a page; at level 3 there are pages only."""
    return level == 3 or not entry[1]


def decode(arm, entry, level):
    """D8.3: bits <1:0>, and the address, of which no bit may be beyond the output size."""
    kind = not entry[0] or (level == 3 and not entry[1]) or (level == 0 and not entry[1])
    beyond = arm["output"] < 48 and entry[47 : min(arm["output"], 47)] != 0
    reason = Reason.invalid if kind else Reason.address_size if beyond else Reason.none
    return reason, is_leaf(entry, level), zext(cat(entry[47:12], bits[12](0)), 64)


def gather(arm, rights, entry, level):
    """D8.4: APTable <62:61>, UXNTable <60> and PXNTable <59> of a table limit everything below it."""
    if arm["second"]:
        return rights
    table = bits[4](0) if level == 3 else (bits[4](0) if not entry[1] else entry[62:59])
    return rights | table


def status(reason, level):
    """D8.15, the fault status code."""
    kind = 0 if reason == Reason.address_size else 2 if reason == Reason.not_accessed else 3
    if reason == Reason.invalid or reason == Reason.not_canonical:
        kind = 1
    return cat(bits[10](0), bits[4](kind), bits[2](level))


def managed(entry, control):
    """D8.5: hardware manages the dirty state of this entry: DBM <51>, where HD is on."""
    return control.HD and control.HA and entry[51]


def writable(arm, entry, control):
    """AP[2] <7> forbids writing, S2AP[1] <7> allows it; where hardware manages the dirty state, DBM allows it too."""
    return (entry[7] if arm["second"] else not entry[7]) or managed(entry, control)


def may(arm, entry, rights, access, control):
    """D8.4: what stage 1 allows, with the limits that the tables above set, PAN and WXN."""
    limits = bits[4](0) if control.HPD else rights
    read_only, no_el0, table_uxn, table_pxn = limits[3], limits[2], limits[1], limits[0]
    user = entry[6] and not no_el0
    write = writable(arm, entry, control) and not read_only
    user_mode = control.EL == Level.EL0
    if access == Access.fetch:
        uxn, pxn = entry[54] or table_uxn, entry[53] or table_pxn
        if user_mode:
            execute = not uxn and not (control.WXN and write and user)
        else:  # what EL0 can write, EL1 cannot execute
            execute = not pxn and not (user and write) and not (control.WXN and write)
        return Reason.none if execute else Reason.not_executable
    if user_mode and not user:
        return Reason.supervisor_page
    if not user_mode and user and control.PAN:
        return Reason.user_page
    if access == Access.write and not write:
        return Reason.not_writable
    return Reason.none


def may2(arm, entry, access, control):
    """D8.4, stage 2: S2AP <7:6> and XN <54:53>; with XNX the two bits tell EL0 from EL1."""
    if access == Access.fetch:
        xn = entry[54:53]
        if control.XNX:
            execute = xn == 0 or xn == (1 if control.EL == Level.EL0 else 3)
        else:
            execute = not entry[54]
        return Reason.none if execute else Reason.not_executable
    if access == Access.write:
        return Reason.none if writable(arm, entry, control) else Reason.not_writable
    return Reason.none if entry[6] else Reason.not_readable


def walk(arm, root, va, access, control, read, tables=DIRECT):
    """Walk from the table at `root` (TTBRn_EL1 or VTTBR_EL2); `read(place, size)` reads a descriptor.

    Gives `(result, references, updates)`. With `tables=second_stage(...)` it is a stage 1 behind a stage 2.
    """
    va = zext(va, 64)
    levels, spare = arm["levels"], ("update", "final")
    references = blank_references(levels, tables, spare)
    updates = blank_updates(levels, tables, ("update",), ("final",))

    def refuse(reason, level):
        return refused(reason, level, status(reason, level))

    if not in_range(arm, va):
        return refuse(Reason.not_canonical, 0), references, updates
    reason, level, entry, gpa, at, place, rights, below, references, updates = descend(
        levels,
        8,
        root,
        va,
        read,
        lambda entry, level: decode(arm, entry, level),
        lambda rights, entry, level: gather(arm, rights, entry, level),
        bits[4](0),
        tables,
        references,
        updates,
    )
    if reason == Reason.second_stage:
        return blocked(below, True, False, level, below.code), references, updates
    if reason == Reason.none and not entry[10] and not control.HA:
        reason = Reason.not_accessed  # D8.5, before permissions
    if reason == Reason.none:
        reason = may2(arm, entry, access, control) if arm["second"] else may(arm, entry, rights, access, control)
    if reason != Reason.none:
        return refuse(reason, level), references, updates
    # D8.5: hardware sets the access flag <10>; a write makes a page writable that only DBM allowed to be written.
    new = entry | 0x400
    if access == Access.write and managed(entry, control):
        new = new | 0x80 if arm["second"] else new & ~bits[64](0x80)
    if new != entry:
        count = len(tables["blank"])
        where = (len(levels) * (count + 1), len(levels) * len(tables["still"]))
        via, references, updates = write_entry(tables, "update", at, place, entry, new, references, updates, *where)
        if not via.ok:
            return blocked(via, True, True, level, via.code), references, updates
    return finish(tables, gpa, access, level, references, updates)


def second_stage(arm, root, control, read):
    """Stage 2 for `walk`: every table and the final address lie behind it."""

    def locate(column, address, access, implicit):
        result, references, updates = walk(arm, root, address, access, control, read)
        return asked(result, address), references, updates

    return behind(locate, tuple(level for level, _, _ in arm["levels"]), ("update",))
