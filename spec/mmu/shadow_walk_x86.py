"""The VMM's reading of a guest's x86 tables, four levels or PAE, for shadow paging: its own, by the Intel SDM, volume 3, 4.4 to 4.8.

Levels are counted from the page table, 0. The processor has 52 bits of physical address and pages of 1 GiB.
"""

from vmproof.lang import *


def large(entry, level, pae):
    """PS of a page directory's entry, or with four levels of a page-directory pointer's: it maps a page."""
    return level == 0 or ((level == 1 or (level == 2 and not pae)) and bool(entry[7]))


def has_reserved(entry, level, pae, nxe):
    """4.4.2, 4.5.4: XD without EFER.NXE, PS of a PML4 entry, and what lies between PAT and the frame of a large page."""
    if pae and level == 2:
        return entry[2:1] != 0 or entry[8:5] != 0 or entry[63:52] != 0
    bad = entry[63] and not nxe
    if pae:
        bad = bad or entry[62:52] != 0
    if level == 3:
        return bad or bool(entry[7])
    if level == 0:
        return bad
    return bad or (large(entry, level, pae) and entry[20 if level == 1 else 29 : 13] != 0)


def with_rights(entries, pae):
    """Those of a walk's entries that say who may do what: PAE's top table does not."""
    return entries[1:] if pae else entries


def page_rights(entries, pae):
    """4.6: `(user, writable, executable)`, as all entries together have it."""
    user, writable, executable = True, True, True
    for entry in with_rights(entries, pae):
        user, writable, executable = user and entry[2], writable and entry[1], executable and not entry[63]
    return user, writable, executable


def key_rights(entries, key, pae):
    """4.6.1: `(read, write, execute)`. CR0.WP binds a supervisor to R/W, SMEP and SMAP keep it from user pages, AC suspends SMAP."""
    user, writable, executable = page_rights(entries, pae)
    if key.user:
        return user, user and writable, user and executable
    data = not user or not key.SMAP or key.AC
    return data, data and (writable or not key.WP), executable and not (user and key.SMEP)


def page_fault(present, bad_bits, key, access):
    """4.7: the error code. I/D tells only where fetches differ from reads."""
    fetching = access == Access.fetch and (key.SMEP or key.NXE)
    return (
        bits[16](0)
        | (1 if present else 0)
        | (2 if access == Access.write else 0)
        | (4 if key.user else 0)
        | (8 if bad_bits else 0)
        | (16 if fetching else 0)
    )
