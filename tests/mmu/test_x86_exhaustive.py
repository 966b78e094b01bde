"""x86 over all combinations of P, W, U, A, D, NX, PSE and a reserved bit, accesses and controls: outcome, fault code, flags that are set.

Both sides are computed over columns: the specification's terms by the vector evaluator, and the manual's rules (SDM volume 3A, 4.6 and 4.7)
written here once more, with numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.walks import walks
from vmproof.engines.vector import Program
from vmproof.language.convert import to_leaves
from vmproof.terms import BitVecSort, Term

Column: TypeAlias = npt.NDArray[Any]
LEVELS = {"x86-32": 2, "x86-pae": 3, "x86-4": 4, "x86-5": 5}
CONTROLS = ("user", "WP", "SMEP", "SMAP", "AC", "NXE")
READ, WRITE, FETCH = 0, 1, 2
VA = 0x0000_0000_1234_5678


@dataclass(frozen=True)
class Rows:
    """Entries from the root down, the access, and the controls by name; every one a column."""

    entries: tuple[Column, ...]
    access: Column
    controls: Mapping[str, Column]


@dataclass(frozen=True)
class Seen:
    """What came out, as columns: whether allowed, the address, the error code, and for each level the entry after the walk."""

    ok: Column
    pa: Column
    code: Column
    entries: tuple[Column, ...]


def flags(bits: Sequence[Column], places: Sequence[int]) -> Column:
    made: Column = np.zeros(len(bits[0]), np.uint64)
    for column, place in zip(bits, places, strict=True):
        made |= column.astype(np.uint64) << np.uint64(place)
    return made


def grid(counts: Sequence[int]) -> list[Column]:
    """All combinations of numbers below the counts, as columns."""
    total = int(np.prod(counts))
    rest, columns = np.arange(total), []
    for count in reversed(counts):
        columns.append(rest % count)
        rest = rest // count
    return columns[::-1]


def places(name: str, level: int) -> tuple[int, ...]:
    """Where P, W, U, A, D, NX, PSE and a reserved bit are; bit 13, or 21 with small entries, is reserved where PSE makes a large page."""
    size = 4 if name == "x86-32" else 8
    reserved = 52 if name == "x86-pae" else 21 if size == 4 else 13
    return (0, 1, 2, 5, 6, 63 if size == 8 else 9, 7, reserved)


def each_level(name: str, level: int) -> Rows:
    """All 256 combinations in the entry of one level, where the others allow everything; all accesses and controls."""
    columns = grid((2,) * 8 + (3,) + (2,) * len(CONTROLS))
    size = len(columns[0])
    entries = []
    for other in range(LEVELS[name], 0, -1):
        frame = np.uint64(0x10_0000 * other << 12 if other > 1 else 0x4321_0000)
        if other == level:
            entries.append(flags(columns[:8], places(name, level)) | frame)
        elif name == "x86-pae" and other == 3:
            entries.append(np.full(size, frame | np.uint64(1)))
        else:
            entries.append(np.full(size, frame | np.uint64(7)))
    width = np.uint64(0xFFFFFFFF if name == "x86-32" else 0xFFFFFFFFFFFFFFFF)
    return Rows(tuple(entry & width for entry in entries), columns[8], dict(zip(CONTROLS, columns[9:], strict=True)))


def all_levels(name: str) -> Rows:
    """All combinations of W, U and NX in all levels: rights are ANDed along the walk."""
    count = LEVELS[name]
    columns = grid((2,) * (3 * count) + (3,) + (2,) * len(CONTROLS))
    size = len(columns[0])
    entries = []
    for number, level in enumerate(range(count, 0, -1)):
        base = np.full(size, (0x10_0000 * level << 12) | 0x61, np.uint64)
        entries.append(base | flags(columns[3 * number : 3 * number + 3], (1, 2, 63)))
    return Rows(tuple(entries), columns[3 * count], dict(zip(CONTROLS, columns[3 * count + 1 :], strict=True)))


def specified(name: str, rows: Rows) -> Seen:
    """The specification's walk over the columns."""
    library = walks()
    pool = library.pool
    kind = library.control(name).type
    variables = {field: pool.var(f"all.{field}", term.sort) for field, term in to_leaves(pool, library.control(name), kind).items()}
    given = {field: variables[field] for field in CONTROLS}
    control = library.with_control(name, given)
    reads: list[Term] = []

    def read(place: Term, size: int) -> Term:
        reads.append(pool.var(f"all.entry{len(reads)}.{size}", BitVecSort(8 * size)))
        return reads[-1]

    access = pool.var("all.access", BitVecSort(2))
    walk = library.walk(name, pool.bv(0x1000, 64), pool.bv(VA, 64), access, control, read)
    assert len(reads) == LEVELS[name]
    outputs = [walk.result["ok"], walk.result["pa"], walk.result["code"]]
    outputs += [term for step in walk.updates for term in (step.terms["done"], step.terms["new"])]
    program = Program(outputs)
    columns: dict[Term, Column] = {access: rows.access.astype(np.uint8)}
    for field, term in given.items():
        columns[term] = rows.controls[field].astype(np.bool_)
    for term, entry in zip(reads, rows.entries, strict=True):
        columns[term] = entry.astype(np.uint32 if term.sort == BitVecSort(32) else np.uint64)
    ok, pa, code, *changes = (np.broadcast_to(column, rows.access.shape) for column in program.run([columns[t] for t in program.inputs]))
    after = list(rows.entries)
    skipped = len(rows.entries) - len(walk.updates)
    for number in range(len(walk.updates)):
        done, new = changes[2 * number], changes[2 * number + 1]
        after[number + skipped] = np.where(done, new, after[number + skipped])
    return Seen(ok, pa, code, tuple(after))


def manual(name: str, rows: Rows) -> Seen:
    """The manual's rules once more."""
    on = {field: column.astype(bool) for field, column in rows.controls.items()}
    write, fetch = rows.access == WRITE, rows.access == FETCH
    size = len(rows.access)
    wide, bits = name != "x86-32", (10 if name == "x86-32" else 9)
    count = LEVELS[name]
    going = np.ones(size, bool)
    code = np.zeros(size, np.uint16)
    w, u, nx = np.ones(size, bool), np.ones(size, bool), np.zeros(size, bool)
    pa, mapped_at = np.zeros(size, np.uint64), np.zeros(size, int)
    used = []
    context = (write << 1) | (on["user"] << 2) | ((fetch & (on["SMEP"] | (on["NXE"] & wide))) << 4)

    def bit(entry: Column, place: int) -> Column:
        found: Column = entry >> np.uint64(place) & np.uint64(1) == 1
        return found

    for number, level in enumerate(range(count, 0, -1)):
        entry = rows.entries[number]
        shift = 12 + bits * (level - 1)
        pdpte = name == "x86-pae" and level == 3
        absent = going & ~bit(entry, 0)
        code[absent] = context[absent]
        going = going & ~absent
        large = bit(entry, 7) if level == 2 or (level == 3 and name in ("x86-4", "x86-5")) else np.zeros(size, bool)
        bad = np.zeros(size, bool)
        if not wide:
            bad = large & bit(entry, 21)  # PSE is on throughout
        elif pdpte:
            for place in (1, 2, 5, 6, 7, 8, *range(52, 64)):
                bad |= bit(entry, place)
        else:
            bad = bit(entry, 63) & ~on["NXE"]
            if name == "x86-pae":
                bad = bad | bit(entry, 52)
            if level > 3:
                bad = bad | bit(entry, 7)
            bad = bad | (large & bit(entry, 13))
        bad = bad & going
        code[bad] = context[bad] | 9
        going = going & ~bad
        used.append(going & (not pdpte))
        if not pdpte:
            w, u = np.where(going, w & bit(entry, 1), w), np.where(going, u & bit(entry, 2), u)
            nx = np.where(going, nx | (bit(entry, 63) & wide), nx)
        here = going & (large if level > 1 else True)
        frame = entry & np.uint64(0x000FFFFFFFFFF000)
        if not wide and level == 2:
            frame = (entry >> np.uint64(22) << np.uint64(22)) | ((entry >> np.uint64(13) & np.uint64(255)) << np.uint64(32))
        low = np.uint64((1 << shift) - 1)
        pa = np.where(here, frame & ~low | np.uint64(VA) & low, pa)
        mapped_at[here] = level
        going = going & ~here
    mapped = mapped_at > 0
    denied = np.where(on["user"], ~u, u & np.where(fetch, on["SMEP"], on["SMAP"] & ~on["AC"]))
    denied = denied | (fetch & nx) | (write & ~w & (on["user"] | on["WP"]))
    denied = denied & mapped
    code[denied] = context[denied] | 1
    ok = mapped & ~denied
    after = []
    for number, level in enumerate(range(count, 0, -1)):
        entry = rows.entries[number]
        marks = np.uint64(0x20) | np.where(write & (mapped_at == level), np.uint64(0x40), np.uint64(0))
        after.append(np.where(ok & used[number], entry | marks, entry))
    return Seen(ok, np.where(ok, pa, np.uint64(0)), code, tuple(after))


def same(name: str, rows: Rows) -> None:
    ours, theirs = specified(name, rows), manual(name, rows)
    for what, one, other in (
        ("outcome", ours.ok, theirs.ok),
        ("address", ours.pa, theirs.pa),
        ("error code", ours.code, theirs.code),
        *((f"entry {number}", *pair) for number, pair in enumerate(zip(ours.entries, theirs.entries, strict=True))),
    ):
        differ = np.flatnonzero(one != other)
        if len(differ):
            row = differ[0]
            entries = [hex(int(entry[row])) for entry in rows.entries]
            controls = {field: int(column[row]) for field, column in rows.controls.items()}
            pytest.fail(f"{what}: {one[row]} and {other[row]} of {entries}, access {rows.access[row]}, {controls}; {len(differ)} rows")
    assert 0 < np.count_nonzero(ours.ok) < len(ours.ok)


@pytest.mark.parametrize(("name", "level"), [(name, level) for name, count in LEVELS.items() for level in range(1, count + 1)])
def test_every_combination_of_bits_in_the_entry_of_one_level(name: str, level: int) -> None:
    same(name, each_level(name, level))


@pytest.mark.parametrize("name", ["x86-4"])
def test_every_combination_of_rights_in_the_entries_of_all_levels(name: str) -> None:
    same(name, all_levels(name))
