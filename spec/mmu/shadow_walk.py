"""The VMM's walk of a guest's Sv39 tables, for shadow paging: its own, by the RISC-V Privileged Architecture 1.13, 4.3 and 4.4."""

from vmproof.lang import *


def pointer(pte):
    return pte[3:1] == 0


def unusable(pte):
    """V = 0, W without R, or a bit that is reserved: 60:54, 63, memory types, and of a pointer D, A and U."""
    return pte[0] == 0 or pte[2:1] == 2 or pte[63:54] != 0 or (pointer(pte) and (pte[4] or pte[7:6] != 0))


def sees(look, root, vpn):
    """The translation of a page. `look(ppn, index)` gives an entry of the table at a guest page, and where that page is.

    A record in parts: `(found, entry, depth, tables, entries, ppn)`: whether there is a leaf, the last entry read and at which depth, where
    the tables are, from the root down, what they hold, and the page that the leaf leads to.
    """
    e2, t2 = look(root, vpn[26:18])
    if unusable(e2) or not pointer(e2):
        found = not unusable(e2) and e2[27:10] == 0
        return found, e2, bits[2](1), (t2, t2, t2), (e2, bits[64](0), bits[64](0)), cat(e2[53:28], vpn[17:0])
    e1, t1 = look(e2[53:10], vpn[17:9])
    if unusable(e1) or not pointer(e1):
        found = not unusable(e1) and e1[18:10] == 0
        return found, e1, bits[2](2), (t2, t1, t1), (e2, e1, bits[64](0)), cat(e1[53:19], vpn[8:0])
    e0, t0 = look(e1[53:10], vpn[8:0])
    return not unusable(e0) and not pointer(e0), e0, bits[2](3), (t2, t1, t0), (e2, e1, e0), e0[53:10]


def with_leaf(depth, entries, leaf):
    """The entries with another leaf."""
    e2, e1, e0 = entries
    return (leaf if depth == 1 else e2), (leaf if depth == 2 else e1), (leaf if depth == 3 else e0)


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
