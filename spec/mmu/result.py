"""What a walk gives: a result, the entries that it read, and the entries that it changes.

A walk returns a tuple `(result, references, updates)` and has no effect by itself: it never traps and never writes, so that a machine traps
with causes of its own, and a system decides when an update happens.

- `result` is a `Result`.
- `references` and `updates` are static tuples of `(column, row, Reference)` and `(column, row, Update)`, in the order of the walk. `column`
  is the level of the table that was read, or "final" and "update" for what a second stage does with the final address and with an
  entry that is to be changed. `row` is "entry" for an entry of the walk itself and the second stage's level for what stands before it.
  `done` says whether the access is made in the walk at hand.

All addresses are 64 bits wide; a machine takes the bits that its memory has (`pa[55:0]`).
"""

from vmproof.lang import *


class Reason(Enum):
    """Why an access is refused; each manual's name and step for it stand in the table `REASONS` of the architecture's file."""

    none = 0
    second_stage = 1  # the second stage refused the address of a table, or the final one
    not_canonical = 2  # the address is outside the range that the tables cover
    invalid = 3
    reserved = 4  # reserved bits, or a reserved encoding
    no_leaf = 5  # the last table points to a further one
    misaligned = 6  # a superpage whose frame does not begin at a multiple of its size
    user_page = 7  # not accessible to a supervisor in this way
    supervisor_page = 8  # not accessible to a user
    not_readable = 9
    not_writable = 10
    not_executable = 11
    not_accessed = 12  # the accessed bit is clear, and software has to set it
    not_dirty = 13
    protection_key = 14
    length = 15  # beyond the length register
    table_length = 16  # the entry's own address is beyond the length register
    table_invalid = 17  # the page that holds the entry is not valid
    address_size = 18  # an address in an entry has more bits than there are physical ones


class Result(Record):
    """The outcome of a walk.

    `pa`: the physical address, where `ok`. `level`: of the entry that decided. `code`: what the architecture reports of a fault, as each
    walk's own text says. `second`: the second stage refused the address `gpa`, `implicit` where that is the address of a table and
    `writing` where it was to be written; where `ok`, `gpa` is the address between the stages.
    """

    ok: bool
    pa: bits[64]
    reason: Reason
    level: bits[3]
    code: bits[16]
    second: bool
    implicit: bool
    writing: bool
    gpa: bits[64]


class Reference(Record):
    """An entry that is read: its `address` as the walk computes it, the physical `place` where it is, and what it holds."""

    done: bool
    address: bits[64]
    place: bits[64]
    entry: bits[64]


class Update(Record):
    """An entry that is changed by an atomic compare and exchange: where it still is `old` it becomes `new`, else the walk begins again."""

    done: bool
    place: bits[64]
    old: bits[64]
    new: bits[64]


NO_REFERENCE = Reference(done=False, address=0, place=0, entry=0)
NO_UPDATE = Update(done=False, place=0, old=0, new=0)


def allowed(pa, level, gpa):
    """A walk that ends well."""
    return Result(ok=True, pa=pa, reason=Reason.none, level=level, code=0, second=False, implicit=False, writing=False, gpa=gpa)


def refused(reason, level, code):
    """A walk that ends in a fault of its own stage."""
    return Result(ok=False, pa=0, reason=reason, level=level, code=code, second=False, implicit=False, writing=False, gpa=0)


NOTHING = refused(Reason.none, 0, 0)


def asked(result, address):
    """A second stage's result, with the address that it was asked for."""
    return Result(
        ok=result.ok,
        pa=result.pa,
        reason=result.reason,
        level=result.level,
        code=result.code,
        second=False,
        implicit=False,
        writing=False,
        gpa=address,
    )


def put(steps, at, pieces):
    """The tuple `steps` with `pieces` at position `at`."""
    return (*steps[:at], *pieces, *steps[at + len(pieces) :])


def marked(current, update):
    """An entry that is `current` by now, with the bits that an update sets and without those that it clears."""
    return (current | (update.new & ~update.old)) & ~(update.old & ~update.new)


def perform(updates, read, write, entry=8, second=8):
    """Make all updates of a walk, in order. `read(place, size)` and `write(place, word)` are the caller's.

    `entry` and `second` are the bytes of an entry of the walk's own tables and of a second stage's. Two updates of a walk may be of one
    entry, since a second stage is walked many times, each time as if it was the first: so each adds its bits to what is there.
    """
    for _, row, update in updates:
        size = entry if row == "entry" else second
        if update.done:
            word = marked(zext(read(update.place, size), 64), update)
            write(update.place, word[8 * size - 1 : 0])
