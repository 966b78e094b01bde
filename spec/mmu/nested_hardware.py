"""A nested page-table walker in small steps, as hardware is built: a step reads one entry, or changes one.

One memory holds the guest's tables and the host's. Each address in the guest's root and tables, and the final one, is a guest physical
address, which the host's tables translate. Nothing here calls the walks of this folder: they are the specification, this is the machine.

What an entry means is the architecture's own (`nested_riscv.py`, `nested_x86.py`, `nested_arm.py`) and stands in a dict of functions,
`unit`. Levels are counted from the last table, 0, up to `guest` - 1 and `host` - 1:

- `guest_read(w, place)` and `guest_write(w, place, entry)` of an entry of the guest's in memory, `host_read` and `host_write` of one of the
  host's, each as 64 bits; `guest_size` and `host_size`, the bytes of such an entry; `page(place)`, the number of its page;
- `va(w)`, `outside(w)`: the address, and whether the guest's tables do not cover it, with `outside_code(w)`;
- `guest_table(w)`, `host_table(w)`: the roots, at a multiple of a table's size;
- `beyond(w, gpa)`: whether the host's tables do not cover this address, with `beyond_code(w, access, implicit)`;
- `guest_entry(w, pte, level, rights)`, `host_entry(w, pte, level, rights, access, implicit)`: `(fault, code, leaf, table, rights)`; a leaf
  without a fault allows the access;
- `guest_frame(pte, level)`, `host_frame(pte, level)`: the page that a leaf names; `guest_covered(level)`, `host_covered(level)`: the bits
  of address within it; `guest_index(va, level)`, `host_index(gpa, level)`: the index of an entry in its table;
- `changes(w)`: whether hardware may change tables, of either stage; `guest_mark(w, pte, leaf)` and
  `host_mark(w, pte, leaf, access, implicit)`: the entry with its accessed and dirty state as hardware sets it, `marks` all of these bits;
  `marks_tables`: whether the host's entries that are no leaves have such a state, too; `writes(w)`: whether an entry of the guest's that
  was read may be changed as it was found.
"""

from vmproof.lang import *


class Phase(Enum):
    """What the walker does next: wait for a request, read an entry of the host's or of the guest's tables, change one, or report."""

    idle = 0
    host = 1
    guest = 2
    mark_host = 3
    mark_guest = 4
    done = 5


class Purpose(Enum):
    """Why the host's tables are walked: to find an entry of the guest's tables, to change it, or for the final address."""

    table = 0
    update = 1
    final = 2


class Registers(Record):
    """The walker's own registers.

    `level` and `host_level`: of the tables at hand. `leaf`, `host_leaf`: the levels of the leaves. `at`: the physical address of the entry
    that is read or changed next, in the end the result. `gpa`: the address that the host's tables translate. `rights`, `host_rights`: what
    the entries so far allow. By level, `entries` are the guest's, `places` their guest physical addresses and `found` the physical ones;
    `host_entries` and `host_places` are those of the host's walk at hand. `count`: the entries that were read.
    """

    phase: Phase
    purpose: Purpose
    level: bits[3]
    leaf: bits[3]
    host_level: bits[3]
    host_leaf: bits[3]
    at: bits[64]
    gpa: bits[64]
    rights: bits[4]
    host_rights: bits[4]
    entries: array[bits[3], bits[64]]
    places: array[bits[3], bits[64]]
    found: array[bits[3], bits[64]]
    host_entries: array[bits[3], bits[64]]
    host_places: array[bits[3], bits[64]]
    count: bits[8]
    ok: bool
    code: bits[16]
    second: bool
    implicit: bool
    writing: bool


def apart(w, unit, host):
    """Where hardware changes tables, no page holds tables of both stages."""
    require(not unit["changes"](w) or w.hosts[unit["page"](w.r.at)] == host)


def start_step(w, unit):
    require(w.r.phase == Phase.idle)
    begin(w, unit)


def read_step(w, unit, purpose):
    """Read an entry of the host's tables on the way to one of the guest's, to a mark of one, or to the final address."""
    require(w.r.phase == Phase.host and w.r.purpose == purpose)
    apart(w, unit, True)
    host_step(w, unit)


def read_guest_step(w, unit):
    require(w.r.phase == Phase.guest)
    apart(w, unit, False)
    guest_step(w, unit)


def mark_step(w, unit, purpose):
    """Change an entry of the host's tables."""
    require(w.r.phase == Phase.mark_host and w.r.purpose == purpose)
    apart(w, unit, True)
    host_mark_step(w, unit)


def mark_guest_step(w, unit):
    require(w.r.phase == Phase.mark_guest)
    apart(w, unit, False)
    guest_mark_step(w, unit)


def report(w, code, second, implicit, writing):
    """The walk ends in a fault."""
    w.r.phase, w.r.ok, w.r.code, w.r.second, w.r.implicit, w.r.writing = Phase.done, False, code, second, implicit, writing


def place_in(table, index, size):
    """The address of an entry in a table, which begins at a multiple of its own size."""
    below = len(index) + (2 if size == 4 else 3)
    return cat(table[63:below], index, bits[below - len(index)](0))


def page_and_offset(page, address, covered):
    """An address in a page: the offset is an address's lowest `covered` bits."""
    return cat(page[63:covered], address[covered - 1 : 0])


def access_behind(w):
    """The access that the host's tables are walked for. The guest's tables are read, or written, whatever the instruction does."""
    if w.r.purpose == Purpose.final:
        return w.access
    return Access.write if w.r.purpose == Purpose.update else Access.read


def host_refuses(w, code):
    """The second stage's fault, with the guest physical address that stays in its register."""
    final = w.r.purpose == Purpose.final
    report(w, code, True, not final, w.r.purpose == Purpose.update or (final and w.access == Access.write))


def present(w, unit, gpa, purpose):
    """Hand a guest physical address to the second stage."""
    w.r.gpa, w.r.purpose = gpa, purpose
    top = unit["host"] - 1
    if unit["beyond"](w, gpa):
        host_refuses(w, unit["beyond_code"](w, access_behind(w), purpose != Purpose.final))
    else:
        w.r.phase, w.r.host_level, w.r.host_rights = Phase.host, top, 15
        w.r.at = place_in(unit["host_table"](w), unit["host_index"](gpa, top), unit["host_size"])


def begin(w, unit):
    """A request comes in: the guest's root table is looked for."""
    top = unit["guest"] - 1
    w.r.level, w.r.rights, w.r.purpose = top, 15, Purpose.table
    if unit["outside"](w):
        report(w, unit["outside_code"](w), False, False, False)
    else:
        present(w, unit, place_in(unit["guest_table"](w), unit["guest_index"](unit["va"](w), top), unit["guest_size"]), Purpose.table)


def host_step(w, unit):
    """Read one entry of the host's tables: go down, find the page, or stop."""
    level, at, before = w.r.host_level, w.r.at, w.r.host_rights
    pte = unit["host_read"](w, at)
    w.r.count = w.r.count + 1
    access = access_behind(w)
    for here in range(unit["host"]):
        if level == here:
            fault, code, leaf, table, rights = unit["host_entry"](w, pte, here, before, access, w.r.purpose != Purpose.final)
            w.r.host_entries[here], w.r.host_places[here] = pte, at
            if fault:
                host_refuses(w, code)
            elif leaf:
                w.r.host_leaf = here
                after_host_mark(w, unit, here, unit["host"])
            elif here > 0:
                w.r.host_level, w.r.host_rights = here - 1, rights
                w.r.at = place_in(table, unit["host_index"](w.r.gpa, here - 1), unit["host_size"])


def host_takes(w, unit, pte, level):
    """The walker takes an entry of the host's for a leaf that allows the access."""
    fault, _, leaf, _, _ = unit["host_entry"](w, pte, level, w.r.host_rights, access_behind(w), w.r.purpose != Purpose.final)
    return leaf and not fault


def guest_takes(w, unit, pte, level):
    """The walker takes an entry of the guest's for a leaf that allows the access."""
    fault, _, leaf, _, _ = unit["guest_entry"](w, pte, level, w.r.rights)
    return leaf and not fault


def host_marked(w, unit, pte, leaf):
    return unit["host_mark"](w, pte, leaf, access_behind(w), w.r.purpose != Purpose.final)


def after_host_mark(w, unit, leaf, above):
    """The host's entries from `above` on have their marks: on to the next one that lacks some, from the root down, or to the page."""
    todo = True
    for level in reversed(range(leaf, above)):
        entry = w.r.host_entries[level]
        if todo and (unit["marks_tables"] or level == leaf) and host_marked(w, unit, entry, level == leaf) != entry:
            todo = False
            w.r.phase, w.r.host_level, w.r.at = Phase.mark_host, level, w.r.host_places[level]
    if todo:
        arrive(w, page_and_offset(unit["host_frame"](w.r.host_entries[leaf], leaf), w.r.gpa, unit["host_covered"](leaf)))


def arrive(w, place):
    """The second stage has found where `gpa` is."""
    w.r.at = place
    if w.r.purpose == Purpose.table:
        w.r.phase = Phase.guest
    elif w.r.purpose == Purpose.update:
        w.r.phase = Phase.mark_guest
    else:
        w.r.phase, w.r.ok, w.r.code, w.r.second, w.r.implicit, w.r.writing = Phase.done, True, 0, False, False, False


def guest_step(w, unit):
    """Read one entry of the guest's tables."""
    level, at, gpa, before = w.r.level, w.r.at, w.r.gpa, w.r.rights
    pte = unit["guest_read"](w, at)
    w.r.count = w.r.count + 1
    for here in range(unit["guest"]):
        if level == here:
            fault, code, leaf, table, rights = unit["guest_entry"](w, pte, here, before)
            w.r.entries[here], w.r.places[here], w.r.found[here] = pte, gpa, at
            if fault:
                report(w, code, False, False, False)
            elif leaf:
                w.r.leaf = here
                after_update(w, unit, unit["guest"])
            elif here > 0:
                w.r.level, w.r.rights = here - 1, rights
                present(w, unit, place_in(table, unit["guest_index"](unit["va"](w), here - 1), unit["guest_size"]), Purpose.table)


def after_update(w, unit, above):
    """The guest's entries from `above` on have their marks: on to the next one without, from the root down, or to the final address."""
    todo = True
    for level in reversed(range(above)):
        entry = w.r.entries[level]
        if todo and level >= w.r.leaf and unit["guest_mark"](w, entry, w.r.leaf == level) != entry:
            todo = False
            w.r.level = level
            if unit["writes"](w):
                w.r.phase, w.r.purpose, w.r.gpa, w.r.at = Phase.mark_guest, Purpose.update, w.r.places[level], w.r.found[level]
            else:
                present(w, unit, w.r.places[level], Purpose.update)
    if todo:
        w.r.level = w.r.leaf
        for level in range(unit["guest"]):
            if w.r.leaf == level:
                page = unit["guest_frame"](w.r.entries[level], level)
                present(w, unit, page_and_offset(page, unit["va"](w), unit["guest_covered"](level)), Purpose.final)


def host_mark_step(w, unit):
    """Set the marks of one of the host's entries in one step, if it still is what was read, marks aside; else walk its tables again."""
    host_leaf, host_level, at = w.r.host_leaf, w.r.host_level, w.r.at
    pte = unit["host_read"](w, at)
    for leaf in range(unit["host"]):
        for here in range(leaf, unit["host"] if unit["marks_tables"] else leaf + 1):
            if host_leaf == leaf and host_level == here:
                if pte | unit["marks"] != w.r.host_entries[here] | unit["marks"]:
                    present(w, unit, w.r.gpa, w.r.purpose)
                else:
                    unit["host_write"](w, at, host_marked(w, unit, pte, leaf == here))
                    after_host_mark(w, unit, leaf, here)


def guest_mark_step(w, unit):
    """Set the marks of one of the guest's entries in one step, if it still is what was read, marks aside; else begin again."""
    level, at = w.r.level, w.r.at
    pte = unit["guest_read"](w, at)
    for here in range(unit["guest"]):
        if level == here:
            if pte | unit["marks"] != w.r.entries[here] | unit["marks"]:
                begin(w, unit)
            else:
                unit["guest_write"](w, at, unit["guest_mark"](w, pte, w.r.leaf == here))
                after_update(w, unit, here)
