"""The VMM's walk of a guest's Sv39 tables, for shadow paging: its own, by the RISC-V Privileged Architecture 1.13, 4.3 and 4.4."""

from vmproof.lang import *


def pointer(pte):
    return pte[3:1] == 0


def unusable(pte):
    """V = 0, W without R, or a bit that is reserved: 60:54, 63, memory types, and of a pointer D, A and U."""
    return pte[0] == 0 or pte[2:1] == 2 or pte[63:54] != 0 or (pointer(pte) and (pte[4] or pte[7:6] != 0))


def rights(pte, key):
    """Which accesses a leaf grants in a space: `(read, write, execute)`. SUM lets a supervisor at user pages, except to execute them."""
    own = key.user == pte[4]
    reached = own or (not key.user and key.SUM)
    return reached and (pte[1] or (key.MXR and pte[3])), reached and bool(pte[2]), own and bool(pte[3])


def fault_cause(access):
    """A page fault's cause (3.1.15)."""
    return bits[16](12 if access == Access.fetch else 15 if access == Access.write else 13)


def grants(r, w, x, access):
    return x if access == Access.fetch else w if access == Access.write else r
