"""What the manual's walk comes to, beside the walker of `nested_hardware.py`: ghosts of the state, given from the start.

The manual's nested walk is the first stage's, which asks the second stage for the address of each table, of each entry that is to be
changed, and for the final address, in this order: its *columns*. The ghosts (`Manual`) hold what the second stage answers in each column,
and what the first stage comes to with these answers; so each question is about one of the two walks, and most are about neither.
`nested_claims.py` ties the walker's registers to them, step by step.

`plan` has the architecture's own side:

- `walk(w)`, the manual's first stage over the ghosts' answers (`second_stage`), and `behind(w, address, access, implicit)`, the manual's
  second stage; both of memory as software wrote it, and both give `(result, references, updates)`;
- `guest` and `host`, how many levels there are; `numbers`, the manual's names of the guest's levels, from the last one up;
  `outside_number`, that of the level where the address is `outside(w)`: the guest's tables do not cover it;
- `levels` and `marked`, the numbers of the columns of tables, by level, and of entries that are changed; `changes`, the updates that one
  walk of the host's tables can make, where it is more than one those of its levels from the root down;
- `writes(w)`, whether entries are changed as they were found; `blocked_code(w, answer, implicit)`, what is reported of an access that the
  second stage refused;
- `guest_rights(entries)` and `host_rights(entries)`, what entries from the root down leave;
- `word(w, place)` and `written(w, place)`, a word of memory as it is by now, and as software wrote it, which has the size of an entry of
  the guest's; `host_word(w, place)`, an entry of the host's as it is by now; `same_slot(place, other)`, whether two addresses are of one
  word; `is_first(place)`, whether this is the address of the first word of an entry of the host's, in which its marks are;
- `host_mark(w, word, leaf)` and `guest_mark(w, word, leaf)`, what the walker makes of an entry when it marks it;
  `host_takes(w, word, level)` and `guest_takes(w, word, level)`, whether it takes one for a leaf that allows the access;
- `at_home(w, host)`, whether the entry at hand is in a page of the stage that it belongs to, if that matters;
- `due(w)`, where entries are to be marked at all; `marks_only(w, place)`, which bits of a word may have changed;
- `marks`, all accessed and dirty bits of the host's entries, and `all_marks`, those of either stage.
"""

from vmproof.lang import *
from spec.mmu.result import NO_REFERENCE, NO_UPDATE, Reference, Result, Update, marked


class Manual(Record):
    """What the manual's walk comes to.

    By column, `answers` are the second stage's, `changes` the updates that it makes for them, and `asks` says what it is asked for, if
    anything. By level, `reads` are the guest's entries. `result` and `made` are the whole walk's result and updates, in their order. `spot`
    is an arbitrary address, and `stages` are the word there before each update, and after the last.
    """

    answers: array[bits[4], Result]
    changes: array[bits[6], Update]
    asks: array[bits[4], Reference]
    reads: array[bits[3], Reference]
    result: Result
    made: array[bits[6], Update]
    spot: bits[64]
    stages: array[bits[6], bits[64]]


def columns(plan):
    return plan["guest"] + len(plan["marked"]) + 1


def is_implicit(plan, column):
    """Whether a column is about a table of the guest's."""
    return column < columns(plan) - 1


def is_update(plan, column):
    """Whether a column is about an entry that is to be changed."""
    return plan["guest"] <= column and is_implicit(plan, column)


def updates_before(plan, column):
    """How many of the manual's updates stand before a column's."""
    tables = plan["guest"]
    if column <= tables:
        return column * plan["changes"]
    return tables * plan["changes"] + (column - tables) * (plan["changes"] + 1)


def updates_of(plan, column):
    """The numbers of the manual's updates in a column: the second stage's, and that of the guest's entry which it is about, if any."""
    first = updates_before(plan, column)
    return range(first, first + plan["changes"] + (1 if is_update(plan, column) else 0))


def updates_in_all(plan):
    return updates_before(plan, columns(plan) - 1) + plan["changes"]


def second_stage(w, plan):
    """The second stage for the manual's walk, as the ghosts have it."""

    def locate(column, address, access, implicit):
        number = columns(plan) - 1
        if implicit:
            number = plan["marked"][column] if access == Access.write else plan["levels"][column]
        changes = tuple((row, "entry", w.m.changes[number * plan["changes"] + row]) for row in range(plan["changes"]))
        return w.m.answers[number], (("asked", "entry", Reference(done=True, address=address, place=0, entry=0)),), changes

    return {
        "writes": plan["writes"](w),
        "locate": locate,
        "blank": (("asked", "entry", NO_REFERENCE),),
        "still": tuple((row, "entry", NO_UPDATE) for row in range(plan["changes"])),
    }


def same_result(one, other):
    same = one.ok == other.ok and one.pa == other.pa and one.reason == other.reason and one.level == other.level
    same = same and one.code == other.code and one.second == other.second and one.implicit == other.implicit
    return same and one.writing == other.writing and one.gpa == other.gpa


def same_reference(one, other):
    return one.done == other.done and one.address == other.address and one.place == other.place and one.entry == other.entry


def same_update(one, other):
    return one.done == other.done and one.place == other.place and one.old == other.old and one.new == other.new


def result_recorded(w, plan):
    """The ghosts hold the result of the manual's first stage."""
    return same_result(w.m.result, plan["walk"](w)[0])


def ask_recorded(w, plan, column):
    """The ghosts hold what the manual's first stage asks the second one in this column."""
    number = 2 * column if column < plan["guest"] else plan["guest"] + column
    return same_reference(w.m.asks[column], plan["walk"](w)[1][number][2])


def read_recorded(w, plan, level):
    """The ghosts hold the guest's entry of this level as the manual's first stage reads it."""
    return same_reference(w.m.reads[level], plan["walk"](w)[1][2 * (plan["guest"] - 1 - level) + 1][2])


def made_recorded(w, plan, column):
    """The ghosts hold the updates that the manual makes in this column."""
    updates = plan["walk"](w)[2]
    return all(same_update(w.m.made[number], updates[number][2]) for number in updates_of(plan, column))


def answers_are(answer, changes, found, updates):
    """An answer of the second stage, and the updates that it makes, are these."""
    same = answer.ok == found.ok and answer.pa == found.pa and answer.reason == found.reason
    same = same and answer.code == found.code and answer.gpa == found.gpa
    return same and all(same_update(change, update) for change, (_, _, update) in zip(changes, updates))


def answered(w, plan, column):
    """The ghosts hold what the manual's second stage answers in this column."""
    access = Access.read if column < plan["guest"] else Access.write if is_implicit(plan, column) else w.access
    found, _, updates = plan["behind"](w, w.m.asks[column].address, access, is_implicit(plan, column))
    changes = tuple(w.m.changes[column * plan["changes"] + row] for row in range(plan["changes"]))
    return implies(w.m.asks[column].done, answers_are(w.m.answers[column], changes, found, updates))


def after(word, place, updates, plan):
    """A word of memory after updates, in order."""
    for update in updates:
        if update.done and plan["same_slot"](update.place, place):
            word = marked(word, update)
    return word


def staged(w, plan, column):
    """The ghosts hold the word at `spot` before and after each of the updates of this column."""
    holds = column > 0 or w.m.stages[0] == plan["written"](w, w.m.spot)
    for number in updates_of(plan, column):
        holds = holds and w.m.stages[number + 1] == after(w.m.stages[number], w.m.spot, (w.m.made[number],), plan)
    return holds


def given(w, plan):
    """The ghosts are the manual's."""
    here = range(columns(plan))
    recorded = all(ask_recorded(w, plan, column) and made_recorded(w, plan, column) for column in here) and result_recorded(w, plan)
    recorded = recorded and all(read_recorded(w, plan, level) for level in range(plan["guest"]))
    recorded = recorded and all(answered(w, plan, column) for column in here)
    return recorded and all(staged(w, plan, column) for column in here)
