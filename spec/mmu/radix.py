"""The radix walk that all formats but the VAX's have in common: from the root down, one entry of each table, to a leaf or a fault.

An architecture gives its tables as `levels`, from the root down: `(level, high, low)`, the bits of the address that index the table there.
What an entry says is the architecture's own function, and so is every check of the leaf.
"""

from vmproof.lang import *
from spec.mmu.tables import under
from spec.mmu.result import NO_REFERENCE, NO_UPDATE, NOTHING, Reason, Reference, Result, Update, allowed, put

LOG2 = {2: 1, 4: 2, 8: 3}


def blank_references(levels, tables, spare):
    """The references that a walk can make: those of its levels, and `spare` columns of what only a second stage does."""
    made = ()
    for level, _, _ in levels:
        made = (*made, *under(level, tables["blank"]), (level, "entry", NO_REFERENCE))
    for column in spare:
        made = (*made, *under(column, tables["blank"]))
    return made


def blank_updates(levels, tables, own, spare):
    """The updates that a walk can make: the second stage's for each table, the walk's own at the levels `own`, the spare columns."""
    made = ()
    for level, _, _ in levels:
        made = (*made, *under(level, tables["still"]))
    for column in own:
        made = (*made, *under(column, tables["still"]), (column, "entry", NO_UPDATE))
    for column in spare:
        made = (*made, *under(column, tables["still"]))
    return made


def entry_address(table, index, size):
    """The address of an entry. A table begins at a multiple of its size, so nothing is carried from the offset into the base."""
    shift = len(index) + LOG2[size]
    return cat(table[63:shift], index, bits[LOG2[size]](0))


def descend(levels, size, root, va, read, decode, gather, rights, tables, references, updates, shallow=False):
    """Walk down to the leaf, or to what stands in the way.

    `shallow`: there is no table of the first level, and `root` is of the second.

    `read(place, size)` reads an entry. `decode(entry, level)` gives `(reason, leaf, address)`: why the entry cannot be used, whether it
    is a leaf, and the frame or table that it names. `gather(rights, entry, level)` adds what the entry grants to what those above it do.
    Gives `(reason, level, entry, pa, at, place, rights, below, references, updates)`: `at` is the leaf's address and `place` where that is,
    `below` what the second stage says where the reason is that it refused.
    """
    table, entry, at, place, pa = root, bits[64](0), bits[64](0), bits[64](0), bits[64](0)
    reason, below = Reason.no_leaf, NOTHING
    width, changes = 1 + len(tables["blank"]), len(tables["still"])
    depth = 0
    for number, (level, high, low) in enumerate(levels):
        if number == 0:
            if shallow:
                continue
        depth = level
        at = entry_address(table, va[high:low], size)
        via, behind, changed = tables["locate"](level, at, Access.read, True)
        references = put(references, number * width, under(level, behind))
        updates = put(updates, number * changes, under(level, changed))
        if not via.ok:
            reason, below = Reason.second_stage, via
            break
        place = via.pa
        entry = zext(read(place, size), 64)
        step = Reference(done=True, address=at, place=place, entry=entry)
        references = put(references, number * width + width - 1, ((level, "entry", step),))
        reason, leaf, table = decode(entry, level)
        if reason != Reason.none:
            break
        rights = gather(rights, entry, level)
        if leaf:
            pa = cat(table[63:low], va[low - 1 : 0])
            break
    return reason, depth, entry, pa, at, place, rights, below, references, updates


def write_entry(tables, column, at, place, old, new, references, updates, reference_at, update_at):
    """Change the entry at `at`, found at `place`, which the second stage may refuse: `(via, references, updates)`."""
    via = allowed(place, 0, at)
    if not tables["writes"]:
        via, behind, changed = tables["locate"](column, at, Access.write, True)
        references = put(references, reference_at, under(column, behind))
        updates = put(updates, update_at, under(column, changed))
    if via.ok:
        step = Update(done=True, place=via.pa, old=old, new=new)
        updates = put(updates, update_at + len(tables["still"]), ((column, "entry", step),))
    return via, references, updates


def blocked(below, implicit, writing, level, code):
    """The second stage refused: its result, with what the first stage knows of it. A misconfigured table keeps its own reason."""
    return Result(
        ok=False,
        pa=0,
        reason=below.reason,
        level=level,
        code=code,
        second=True,
        implicit=implicit,
        writing=writing,
        gpa=below.gpa,
    )


def finish(tables, gpa, access, level, references, updates):
    """The first stage allows the access: the second stage translates the final address. `(result, references, updates)`."""
    via, behind, changed = tables["locate"]("final", gpa, access, False)
    references = put(references, len(references) - len(behind), under("final", behind))
    updates = put(updates, len(updates) - len(changed), under("final", changed))
    if via.ok:
        return allowed(via.pa, level, gpa), references, updates
    return blocked(via, False, access == Access.write, level, via.code), references, updates
