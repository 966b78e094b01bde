"""A walk through real memory: the library's walk on numbers, what it read in order, and what is wrong with the tables themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vmproof.errors import InputError
from vmproof.language.values import Fields, Value
from vmproof.simulate.walks import Step, Walks
from vmproof.terms import Term

Image = Callable[[int, int], int | None]
"""A word of memory by address and size in bytes; None where there is no memory."""


@dataclass(frozen=True)
class Asked:
    """One stage of a walk: the name of its format, the address of its root table, and its control record."""

    format: str
    root: int
    control: Fields


@dataclass(frozen=True, eq=False)
class Visit:
    """An entry that was read or changed. `column` and `row` say where it stands in the walk (spec/mmu/result.py), `values` its numbers."""

    column: int | str
    row: int | str
    values: Mapping[str, int]

    @property
    def own(self) -> bool:
        """An entry of the first stage's tables."""
        return self.row == "entry"


@dataclass(frozen=True)
class RealWalk:
    """A walk on numbers: what was asked, the references and updates that it makes, in order, and the leaves of its result by name."""

    first: Asked
    second: Asked | None
    va: int
    access: str
    result: Mapping[str, Any]
    references: tuple[Visit, ...]
    updates: tuple[Visit, ...]
    words: Mapping[str, Value]
    second_words: Mapping[str, Value] | None

    @property
    def reason(self) -> str:
        """The name of the reason of a fault; "none" where there is none."""
        return str(self.result["reason"])

    def to_change(self) -> tuple[Visit, ...]:
        """The references that a second stage makes once more, since an entry that was read is to be written."""
        seen: set[tuple[int | str, int | str]] = set()
        found = []
        for visit in self.references:
            key = (visit.column, visit.row)
            if visit.column == "update" or key in seen:
                found.append(visit)
            seen.add(key)
        return tuple(found)


def walk_memory(
    walks: Walks, image: Image, extent: str, first: Asked, va: int, access: str, second: Asked | None = None, recursive: bool = False
) -> RealWalk:
    """Walk from the root of `first`, behind `second` if there is one. `extent` says where memory is.

    Raises `InputError` where a table is outside memory, where a root is not aligned, or, unless `recursive`, where a table is met twice.
    """
    pool = walks.pool
    words = walks.formats[first.format]
    below = walks.seconds[second.format] if second is not None else None
    _check_root(words, first, "--root")
    if second is not None and below is not None:
        _check_root(below, second, "--host-root")
    seen: list[int] = []

    def read(place: Term, size: int) -> Term:
        at = place.value
        assert isinstance(at, int)
        word = image(at, size)
        if word is None:
            origin = f"the entry at {seen[-1]:#x} leads to a table entry" if seen else "the root table's entry"
            raise InputError(f"{origin} at {at:#x}, where there is no memory", hint=f"the image holds {extent}")
        seen.append(at)
        return pool.bv(word, 8 * size)

    tables = None
    if second is not None:
        tables = walks.second_stage(second.format, pool.bv(second.root, 64), second.control, read)
    made = walks.walk(first.format, pool.bv(first.root, 64), pool.bv(va, 64), access, first.control, read, tables)
    result: dict[str, Any] = {name: term.value for name, term in made.result.items()}
    result["reason"] = walks.reasons.name_of(result["reason"])
    references, updates = _visits(made.references), _settled(walks, _visits(made.updates))
    walked = RealWalk(first, second, va, access, result, references, updates, words, below)
    if not recursive:
        _check_loops(walked)
    return walked


def _visits(steps: Sequence[Step]) -> tuple[Visit, ...]:
    found = []
    for step in steps:
        if step.terms["done"].value:
            values: dict[str, Any] = {name: term.value for name, term in step.terms.items() if name != "done"}
            found.append(Visit(step.column, step.row, values))
    return tuple(found)


def _settled(walks: Walks, updates: Sequence[Visit]) -> tuple[Visit, ...]:
    """The updates as they happen one after the other: of those of one entry, a later one finds what an earlier one made."""
    current: dict[int, int] = {}
    made = []
    for visit in updates:
        place = visit.values["place"]
        before = current.get(place, visit.values["old"])
        after = walks.marked(before, visit.values)
        if after != before:
            current[place] = after
            made.append(Visit(visit.column, visit.row, {"place": place, "old": before, "new": after}))
    return tuple(made)


def _check_root(words: Mapping[str, Value], asked: Asked, option: str) -> None:
    if asked.root % words["aligned"]:
        wanted = f"a root table of {words['title']} begins at a multiple of {words['aligned']:#x}"
        raise InputError(f"{option} {asked.root:#x} is not aligned: {wanted}")


def table_of(words: Mapping[str, Value], level: int | str, address: int) -> int:
    """Where the table of this level begins that an entry at `address` stands in; the address itself in a format without such tables."""
    for own, high, low in words["levels"]:
        if own == level:
            size: int = words["entry"] << (high - low + 1)
            return address & ~(size - 1)
    return address


def _check_loops(walked: RealWalk) -> None:
    """A table that is met twice in one descent is no tree: hardware does not mind, but nobody means it, recursive mappings aside."""
    descents: dict[int | str, dict[int, int]] = {}
    again = walked.to_change()
    for visit in walked.references:
        if visit in again:
            continue
        own = visit.own
        words = walked.words if own else walked.second_words
        level = visit.column if own else visit.row
        if words is None or not isinstance(level, int) or not words["radix"]:
            continue
        tables = descents.setdefault("first" if own else visit.column, {})
        table = table_of(words, level, visit.values["address"])
        if table in tables:
            kind = "guest's " if own and walked.second is not None else "host's " if not own else ""
            raise InputError(
                f"the {kind}tables form a loop: the table at {table:#x} is used at level {tables[table]} and again at level {level}",
                hint="--recursive walks on, if the mapping is meant to be recursive",
            )
        tables[table] = level
