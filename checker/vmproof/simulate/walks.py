"""Page-table walks of the library (`spec/mmu`), run on numbers or on terms: the same text either way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vmproof.data import library
from vmproof.language.convert import to_leaves
from vmproof.language.library import Library
from vmproof.language.types import ACCESS, BoolType, EnumMember, EnumType, RecordType, leaves
from vmproof.language.values import EnumValue, Fields, Value
from vmproof.terms import BitVecSort, Term

ACCESSES = ("read", "write", "fetch")
Read = Callable[[Term, int], Term]
"""Reads an entry: its physical address, 64 bits wide, and its size in bytes, to its bits."""


@dataclass(frozen=True, eq=False)
class Step:
    """An entry that is read or changed: where it stands in the walk (spec/mmu/result.py) and its leaves, by name."""

    column: int | str
    row: int | str
    terms: Mapping[str, Term]


@dataclass(frozen=True, eq=False)
class Walk:
    """A walk as terms: the leaves of its `Result`, all references and all updates that it can make."""

    result: Mapping[str, Term]
    references: tuple[Step, ...]
    updates: tuple[Step, ...]


class Walks:
    """The formats of `spec/mmu/formats.py`. `formats` and `seconds` are its tables: what can be walked, and what as a second stage."""

    def __init__(self) -> None:
        self.library = Library(library() / "spec" / "mmu" / "formats.py")
        self.pool = self.library.pool
        self.formats: Mapping[str, Mapping[str, Value]] = self.library.names["formats"]
        self.seconds: Mapping[str, Mapping[str, Value]] = self.library.names["seconds"]
        self.reasons: EnumType = self.library.names["reasons"]

    def control(self, name: str, second: bool = False) -> Fields:
        """What a format's walk depends on besides the tables, at its default values."""
        made = (self.seconds if second else self.formats)[name]["control"]
        assert isinstance(made, Fields)
        return made

    def control_type(self, name: str, second: bool = False) -> RecordType:
        """The type of a format's control record."""
        kind = self.control(name, second).type
        assert isinstance(kind, RecordType)
        return kind

    def settings(self, name: str, second: bool = False) -> Mapping[str, BoolType | BitVecSort | EnumType]:
        """The fields of a format's control record, with what each holds."""
        fields = leaves(self.control_type(name, second))
        return {leaf.path: leaf.enum or (leaf.sort if isinstance(leaf.sort, BitVecSort) else BoolType()) for leaf in fields}

    def with_control(self, name: str, terms: Mapping[str, Term], second: bool = False) -> Fields:
        """A format's control record with some of its fields given as terms."""
        control, kind = self.control(name, second), self.control_type(name, second)
        return self.library.record(kind, {**to_leaves(self.pool, control, kind), **terms})

    def access(self, access: str | Term) -> EnumMember | EnumValue:
        """An access by its name, or by a term of two bits."""
        return ACCESS.member(access) if isinstance(access, str) else EnumValue(ACCESS, access)

    def second_stage(self, name: str, root: Term, control: Fields, read: Read) -> Value:
        """The second stage that `walk` takes as its `tables`."""
        return self.library.call(self.seconds[name]["stage"], [root, control, self._read(read)])

    def walk(
        self, name: str, root: Term, va: Term, access: str | Term, control: Fields, read: Read, tables: Value | None = None
    ) -> Walk:
        """Walk from the table at `root`; `root` and `va` are 64 bits wide."""
        arguments = [root, va, self.access(access), control, self._read(read)]
        given = self.library.names["direct"] if tables is None else tables
        result, references, updates = self.library.call(self.formats[name]["walk"], [*arguments, given])
        return Walk(self._leaves(result), self._steps(references), self._steps(updates))

    def marked(self, current: int, update: Mapping[str, int]) -> int:
        """An entry with the bits that an update (its leaves as numbers) sets, and without those that it clears."""
        kind: RecordType = self.library.names["no_update"].type
        terms = {leaf.path: self.pool.value(leaf.sort, update.get(leaf.path, True)) for leaf in leaves(kind)}
        word = self.library.call(self.library.names["with_marks"], [self.pool.bv(current, 64), self.library.record(kind, terms)])
        return int(word.value)

    def _read(self, read: Read) -> Value:
        return self.library.foreign("read", read)

    def _leaves(self, record: Fields) -> Mapping[str, Term]:
        return to_leaves(self.pool, record, record.type)

    def _steps(self, steps: Value) -> tuple[Step, ...]:
        return tuple(Step(column, row, self._leaves(record)) for column, row, record in steps)
