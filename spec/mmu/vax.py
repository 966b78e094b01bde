"""VAX memory management: one table for each region, that of the process in virtual space.

VAX Architecture Reference Manual, chapter 4: translation of S0, P0 and P1, the page table entry and its protection codes, the faults
and their parameter. A page has 512 bytes; an entry holds valid <31>, protection <30:27>, modified <26>, software <25:21>, frame <20:0>.

`code` of a fault is the fault parameter word: length violation <0>, the fault is about a page table <1>, write or modify intent <2>.
Reasons `invalid` and `table_invalid` are translation not valid (vector 24), the others access control violations (vector 20).
"""

from vmproof.lang import *
from spec.mmu.result import NO_REFERENCE, NO_UPDATE, Reason, Reference, Update, allowed, put, refused


class Mode(Enum):
    K = 0
    E = 1
    S = 2
    U = 3


class Control(Record):
    """The mode of the access and the registers of the regions; the system table's base SBR, a physical address, is the walk's root.

    Lengths are numbers of entries; of P1, the number of the first one that exists.
    """

    mode: Mode
    SLR: bits[22]
    P0BR: bits[32]
    P0LR: bits[22]
    P1BR: bits[32]
    P1LR: bits[22]


# By protection code, how many modes may write and read, from the kernel on (table 4-1); code 1 is reserved and allows nothing.
WRITERS = (0, 0, 1, 0, 4, 2, 1, 0, 3, 2, 1, 0, 3, 2, 1, 0)
READERS = (0, 0, 1, 1, 4, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4)


def may(entry, access, mode):
    """A mode that may write may read, and a more privileged mode may do what a lesser one may."""
    count = bits[3](WRITERS[entry[30:27]]) if access == Access.write else bits[3](READERS[entry[30:27]])
    return zext(bits[2](mode), 3) < count


def fault_parameter(access, length, table):
    """The fault parameter word."""
    return zext(cat(bits[1](access == Access.write), bits[1](table), bits[1](length)), 16)


def physical(frame, offset):
    """Page frame number and byte of a page: 30 bits."""
    return zext(cat(frame, offset), 64)


def walk(sbr, va, access, control, read):
    """Translate `va` (its low 32 bits); `read(place, size)` reads an entry. Gives `(result, references, updates)`.

    The references are "table", the system table's entry for the page that holds the process's entry, and "page", the page's own entry.
    """
    va = zext(va, 64)
    references = (("table", "entry", NO_REFERENCE), ("page", "entry", NO_REFERENCE))
    updates = (("page", "entry", NO_UPDATE),)

    def refuse(reason, length, table):
        return refused(reason, 0, fault_parameter(access, length, table))

    region, vpn = va[31:30], va[29:9]
    number = zext(vpn, 22)
    if region == 3:  # the region above S0 is reserved: any address is beyond its length
        return refuse(Reason.length, True, False), references, updates
    outside = number >= control.SLR if region == 2 else number < control.P1LR if region == 1 else number >= control.P0LR
    if outside:
        return refuse(Reason.length, True, False), references, updates
    at = zext(sbr, 64) + zext(cat(vpn, bits[2](0)), 64)
    place = at
    if region != 2:
        # The process's entry has a virtual address in S0. Of the page that holds it, length and validity are checked only.
        table = (control.P1BR if region == 1 else control.P0BR) + zext(cat(vpn, bits[2](0)), 32)
        if table[31:30] != 2 or zext(table[29:9], 22) >= control.SLR:
            return refuse(Reason.table_length, True, True), references, updates
        system_at = zext(sbr, 64) + zext(cat(table[29:9], bits[2](0)), 64)
        system = zext(read(system_at, 4), 64)
        step = Reference(done=True, address=system_at, place=system_at, entry=system)
        references = put(references, 0, (("table", "entry", step),))
        if not system[31]:
            return refuse(Reason.table_invalid, False, True), references, updates
        at, place = zext(table, 64), physical(system[20:0], table[8:0])
    entry = zext(read(place, 4), 64)
    references = put(references, 1, (("page", "entry", Reference(done=True, address=at, place=place, entry=entry)),))
    # Protection is checked before validity.
    if not may(entry, access, control.mode):
        reason = Reason.not_writable if access == Access.write else Reason.not_readable
        return refuse(reason, False, False), references, updates
    if not entry[31]:
        return refuse(Reason.invalid, False, False), references, updates
    if access == Access.write and not entry[26]:
        step = Update(done=True, place=place, old=entry, new=entry | 0x4000000)
        updates = (("page", "entry", step),)
    pa = physical(entry[20:0], va[8:0])
    return allowed(pa, 0, pa), references, updates
