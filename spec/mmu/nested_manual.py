"""How far the manual's walk is where the walker of `nested_hardware.py` stands: what ties the two together, step by step.

`manual` is what a nested walk of this folder gives, `(result, references, updates)`, of memory as software wrote it. Its references and
updates are tuples of a fixed order (`radix.blank_references`): for each table of the guest's what the host's walk reads, then the entry;
then, for each of `columns` entries that may be marked, what the host's walk reads; then the same for the final address.

`plan` says how the two are seen as one:

- `guest` and `host`, how many levels there are; `numbers`, the manual's names of the guest's levels, from the last one up;
- `columns`; `marks`, whether entries are marked at all; `changes`, the updates that one walk of the host's tables can make;
- `root(w)`, `index(w, level)` and `frame(entry, level)` of the guest's tables; `covered(level)`, the bits of address in a page; `va(w)`;
- `guest_rights(entries)` and `host_rights(entries)`, what entries from the root down leave; `premise(w, entry, level)`, what is assumed
  of an entry of the guest's;
- `same_slot(place, other)`, whether two addresses are of one word.
"""

from vmproof.lang import *
from spec.mmu.nested_hardware import Phase, Purpose
from spec.mmu.result import marked


def agrees(w, manual, plan):
    """What is reported is what the manual's walk gives."""
    found, _, _ = manual
    same = w.r.ok == found.ok and w.r.code == found.code and w.r.second == found.second and w.r.implicit == found.implicit
    same = same and w.r.writing == found.writing
    for level in range(plan["guest"]):
        same = same and implies(w.r.level == level, found.level == plan["numbers"][level])
    same = same and implies(w.r.ok, w.r.at == found.pa) and implies(w.r.ok or w.r.second, w.r.gpa == found.gpa)
    return implies(w.r.phase == Phase.done, same)


def entry_of(manual, plan, level):
    """The reference to the guest's table of this level."""
    number = plan["guest"] - 1 - level
    return manual[1][number * (plan["host"] + 1) + plan["host"]][2]


def behind_of(manual, plan, column, host_level):
    """The reference to the host's table of this level, in the walk for a table (column 0 is the root's), a mark, or the final address."""
    tables = plan["guest"]
    before = column * (plan["host"] + 1) if column < tables else tables * (plan["host"] + 1) + (column - tables) * plan["host"]
    return manual[1][before + plan["host"] - 1 - host_level][2]


def mark_column(plan, level):
    """The column of the mark of an entry of this level."""
    return plan["guest"] + (plan["guest"] - 1 - level if plan["columns"] > 1 else 0)


def final_column(plan):
    return plan["guest"] + plan["columns"]


def updates_before(plan, column):
    """How many updates stand before a column's."""
    tables = plan["guest"]
    if column <= tables:
        return column * plan["changes"]
    return tables * plan["changes"] + (column - tables) * (plan["changes"] + 1)


def latched(w, manual, plan, level):
    """The registers hold the guest's entry of this level as the manual's walk read it."""
    there = entry_of(manual, plan, level)
    same = there.done and w.entries[level] == there.entry and w.places[level] == there.address
    return same and plan["premise"](w, there.entry, level)


def table_address(w, manual, plan, level):
    """Where the manual's walk looks for the entry of this level, as a guest physical address."""
    above = plan["root"](w)
    if level < plan["guest"] - 1:
        above = plan["frame"](entry_of(manual, plan, level + 1).entry, level + 1)
    return above | plan["index"](w, level)


def on_the_way(w, manual, plan, column, host_level):
    """The host's tables are walked for this column, and the manual's walk comes by the same place; it ends there, where marks are due."""
    there = behind_of(manual, plan, column, host_level)
    above = tuple(behind_of(manual, plan, column, upper).entry for upper in reversed(range(host_level + 1, plan["host"])))
    holds = there.done and there.place == w.r.at and w.r.host_rights == plan["host_rights"](above)
    if plan["changes"] == 1:
        update = manual[2][updates_before(plan, column)][2]
        last = True if host_level == 0 else not behind_of(manual, plan, column, host_level - 1).done
        holds = holds and implies(w.r.phase == Phase.mark_host, last and update.done and update.place == w.r.at)
    return holds


def to_a_table(w, manual, plan):
    """While an entry of the guest's tables is looked for."""
    holds = True
    for level in range(plan["guest"]):
        column = plan["guest"] - 1 - level
        walking = w.r.purpose == Purpose.table and w.r.level == level
        uppers = tuple(reversed(range(level + 1, plan["guest"])))
        rights = plan["guest_rights"](tuple(entry_of(manual, plan, upper).entry for upper in uppers))
        above = w.r.rights == rights and all(latched(w, manual, plan, upper) for upper in uppers)
        address = w.r.gpa == table_address(w, manual, plan, level)
        for host_level in range(plan["host"]):
            here = walking and (w.r.phase == Phase.host or w.r.phase == Phase.mark_host) and w.r.host_level == host_level
            holds = holds and implies(here, on_the_way(w, manual, plan, column, host_level) and address and above)
        there = entry_of(manual, plan, level)
        found = there.done and there.place == w.r.at and there.address == w.r.gpa and above
        holds = holds and implies(w.r.phase == Phase.guest and w.r.level == level, walking and found)
    return holds


def path_to(w, manual, plan, leaf):
    """The guest's leaf is of this level, and the registers hold all entries down to it."""
    last = True if leaf == 0 else not entry_of(manual, plan, leaf - 1).done
    return last and all(latched(w, manual, plan, level) for level in range(leaf, plan["guest"]))


def to_a_mark(w, manual, plan):
    """While an entry of the guest's tables is looked for again, to be marked."""
    if not plan["marks"]:
        again = w.r.phase == Phase.host and w.r.purpose == Purpose.update
        return w.r.phase != Phase.mark_guest and w.r.phase != Phase.mark_host and not again
    holds = True
    for level in range(plan["guest"]):
        column = mark_column(plan, level)
        there = entry_of(manual, plan, level)
        walking = w.r.purpose == Purpose.update and w.r.level == level
        leafs = (level,) if plan["columns"] == 1 else range(level + 1)
        path = any(w.r.leaf == leaf and path_to(w, manual, plan, leaf) for leaf in leafs) and w.r.gpa == there.address
        for host_level in range(plan["host"]):
            here = walking and (w.r.phase == Phase.host or w.r.phase == Phase.mark_host) and w.r.host_level == host_level
            holds = holds and implies(here, on_the_way(w, manual, plan, column, host_level) and path)
        update = manual[2][updates_before(plan, column) + plan["changes"]][2]
        found = update.done and update.place == w.r.at and there.place == w.r.at and path
        holds = holds and implies(w.r.phase == Phase.mark_guest and w.r.level == level, walking and found)
    return holds


def to_the_page(w, manual, plan):
    """While the final address is looked for."""
    holds = True
    for leaf in range(plan["guest"]):
        walking = w.r.purpose == Purpose.final and w.r.level == leaf
        path = path_to(w, manual, plan, leaf) and w.r.leaf == leaf
        covered = plan["covered"](leaf)
        page = plan["frame"](entry_of(manual, plan, leaf).entry, leaf)
        address = w.r.gpa == cat(page[63:covered], plan["va"](w)[covered - 1 : 0])
        for host_level in range(plan["host"]):
            here = walking and (w.r.phase == Phase.host or w.r.phase == Phase.mark_host) and w.r.host_level == host_level
            holds = holds and implies(here, on_the_way(w, manual, plan, final_column(plan), host_level) and path and address)
    return holds


def in_order(w, plan):
    """Registers hold levels that there are, and phases belong to purposes."""
    walking = w.r.phase != Phase.idle
    levels = implies(walking, w.r.level < plan["guest"]) and implies(
        w.r.phase == Phase.host or w.r.phase == Phase.mark_host, w.r.host_level < plan["host"]
    )
    table = implies(w.r.phase == Phase.guest, w.r.purpose == Purpose.table)
    return levels and table and implies(w.r.phase == Phase.mark_guest, w.r.purpose == Purpose.update)


def stage_of_updates(w, manual, plan):
    """`(condition, count)`: which of the manual's updates are made, by what the walker is about."""
    stages = [(w.r.phase == Phase.idle, 0), (w.r.phase == Phase.done, len(manual[2]))]
    behind = w.r.phase == Phase.host or w.r.phase == Phase.mark_host
    for level in range(plan["guest"]):
        column = plan["guest"] - 1 - level
        stages = [*stages, (behind and w.r.purpose == Purpose.table and w.r.level == level, updates_before(plan, column))]
        stages = [*stages, (w.r.phase == Phase.guest and w.r.level == level, updates_before(plan, column + 1))]
        if plan["columns"] > 1 or level == 0:
            column = mark_column(plan, level)
            here = w.r.level == level or plan["columns"] == 1
            stages = [*stages, (behind and w.r.purpose == Purpose.update and here, updates_before(plan, column))]
            stages = [*stages, (w.r.phase == Phase.mark_guest and here, updates_before(plan, column) + plan["changes"])]
    return [*stages, (behind and w.r.purpose == Purpose.final, updates_before(plan, final_column(plan)))]


def word_after(word, place, updates, plan):
    """A word of memory after updates, in order."""
    for _, _, update in updates:
        if update.done and plan["same_slot"](update.place, place):
            word = marked(word, update)
    return word


def memory_follows(w, manual, plan, now, before, place):
    """The word at `place`, which is `now` and was `before`, has the marks of the updates so far."""
    return all(
        implies(here, now == word_after(before, place, manual[2][:count], plan)) for here, count in stage_of_updates(w, manual, plan)
    )


def pages_apart(w, manual, plan, is_host):
    """The updates so far are of pages of the stage that they belong to. `is_host(place)` says whether a page holds the host's tables."""
    holds = True
    for here, count in stage_of_updates(w, manual, plan):
        for _, row, update in manual[2][:count]:
            holds = holds and implies(here and update.done, is_host(update.place) == (row != "entry"))
    return holds


def counted(w, plan):
    """No more entries are read than stand, in the manual's order, before the one at hand; without those that are read to mark an entry."""
    stride = plan["host"] + 1
    walked = plan["guest"] * stride
    holds = implies(w.r.phase == Phase.idle, w.r.count == 0) and implies(w.r.phase == Phase.done, w.r.count <= walked + plan["host"])
    for host_level in range(plan["host"]):
        behind = plan["host"] - 1 - host_level
        here = w.r.phase == Phase.host and w.r.host_level == host_level
        holds = holds and implies(here and w.r.purpose == Purpose.final, w.r.count <= walked + behind)
        for level in range(plan["guest"]):
            before = (plan["guest"] - 1 - level) * stride
            holds = holds and implies(here and w.r.purpose == Purpose.table and w.r.level == level, w.r.count <= before + behind)
    for level in range(plan["guest"]):
        before = (plan["guest"] - 1 - level) * stride + plan["host"]
        holds = holds and implies(w.r.phase == Phase.guest and w.r.level == level, w.r.count <= before)
    return holds
