"""Extended page tables: the second stage of x86, with four or five levels.

Intel SDM, volume 3C: 28.3.2 (the walk, tables 28-1 to 28-6), 28.3.3 (misconfigurations and violations), 28.3.5 (accessed and dirty flags).
Left out: mode-based execute control, guest paging verification and sub-page permissions.

`code` of a violation is the exit qualification (table 27-7): what was tried <2:0>, what the entries allow <5:3>, and that the linear
address is valid <7> and whether the access was to its translation <8> or to a table. A misconfiguration (`Reason.reserved`) has none.
"""

from vmproof.lang import *
from spec.mmu.radix import blank_references, blank_updates, descend, finish, write_entry
from spec.mmu.result import Reason, asked, refused
from spec.mmu.tables import DIRECT, behind
from spec.mmu.x86 import FIVE_LEVEL, FOUR_LEVEL, any_set


class Control(Record):
    """AD: EPT's own accessed and dirty flags are on (EPTP <6>). execute_only: pages that can only be fetched from are supported."""

    AD: bool
    execute_only: bool


def format(paging):
    return {"levels": paging["levels"], "width": paging["width"], "maxphyaddr": paging["maxphyaddr"]}


EPT4 = format(FOUR_LEVEL)
EPT5 = format(FIVE_LEVEL)


def maps_page(entry, level):
    return level == 1 or (level < 4 and entry[7])


def misconfigured(ept, entry, level, control):
    """28.3.3.1: a writable page that cannot be read, bits that are reserved, a memory type that is reserved."""
    page = maps_page(entry, level)
    rights = entry[1] and not entry[0] or (entry[2:0] == 4 and not control.execute_only)
    beyond = any_set(entry, 51, ept["maxphyaddr"])
    low = {1: 11, 2: 20, 3: 29}[level] if level < 4 else 11
    if page:
        memory_type = entry[5:3]
        return rights or beyond or any_set(entry, low, 12) or memory_type == 2 or memory_type == 3 or memory_type == 7
    return rights or beyond or any_set(entry, 7 if level >= 4 else 6, 3)


def decode(ept, entry, level, control):
    if entry[2:0] == 0:
        reason = Reason.invalid
    elif misconfigured(ept, entry, level, control):
        reason = Reason.reserved
    else:
        reason = Reason.none
    return reason, maps_page(entry, level), zext(cat(entry[51:12], bits[12](0)), 64)


def qualification(access, implicit, flags, rights):
    """What was tried and what is allowed; with EPT's flags on, an access to a table is a read and a write at once (28.3.3.2)."""
    reading = access == Access.read or (implicit and flags)
    writing = access == Access.write or (implicit and flags)
    tried = cat(bits[1](access == Access.fetch), bits[1](writing), bits[1](reading))
    return zext(cat(bits[1](not implicit), bits[1](1), bits[1](0), rights, tried), 16)


def walk(ept, root, gpa, access, implicit, control, read):
    """Translate a guest physical address. `implicit`: it is that of an entry of the guest's tables. Gives `(result, references, updates)`.

    The result's `gpa` is the address that was asked for.
    """
    levels = ept["levels"]
    columns = tuple(level for level, _, _ in levels)
    references = blank_references(levels, DIRECT, ())
    updates = blank_updates(levels, DIRECT, columns, ())
    # 28.3.5: with its flags on, an access to an entry of the guest's tables is treated as a write.
    writing = access == Access.write or (implicit and control.AD)
    if zext(gpa[ept["width"] - 1 : 0], 64) != gpa:
        code = qualification(access, implicit, control.AD, bits[3](0))
        return asked(refused(Reason.not_canonical, levels[0][0], code), gpa), references, updates
    reason, level, entry, pa, _, _, rights, _, references, updates = descend(
        levels,
        8,
        root,
        gpa,
        read,
        lambda entry, level: decode(ept, entry, level, control),
        lambda rights, entry, level: rights & entry[2:0],
        bits[3](7),
        DIRECT,
        references,
        updates,
    )
    if reason == Reason.none:
        if writing:
            reason = Reason.none if rights[1] else Reason.not_writable
        elif access == Access.fetch:
            reason = Reason.none if rights[2] else Reason.not_executable
        else:
            reason = Reason.none if rights[0] else Reason.not_readable
    if reason == Reason.reserved:
        return asked(refused(reason, level, 0), gpa), references, updates
    if reason != Reason.none:
        granted = bits[3](0) if reason == Reason.invalid else rights
        return asked(refused(reason, level, qualification(access, implicit, control.AD, granted)), gpa), references, updates
    for number, column in enumerate(columns):
        used = references[number][2]
        new = used.entry | (0x300 if level == column and writing else 0x100)  # A <8>, D <9>
        if control.AD and used.done and new != used.entry:
            entry = (used.address, used.place, used.entry, new)
            _, references, updates = write_entry(DIRECT, column, *entry, references, updates, 0, number)
    result, references, updates = finish(DIRECT, pa, access, level, references, updates)
    return asked(result, gpa), references, updates


def second_stage(ept, root, control, read):
    """EPT for `x86.walk`: every table and the final address lie behind it."""
    columns = tuple(level for level, _, _ in ept["levels"])

    def locate(column, address, access, implicit):
        return walk(ept, root, address, access, implicit, control, read)

    return behind(locate, columns, columns, control.AD)
