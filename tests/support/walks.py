"""Walks of the library, compiled once for a format and then evaluated on numbers; and entries that lead random walks into all corners."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.support.naive_walks import Fault, Found, Memory, riscv, x86
from vmproof.language.convert import to_leaves
from vmproof.language.types import ACCESS, BoolType, EnumType
from vmproof.simulate.walks import Step, Walks
from vmproof.terms import ArraySort, ArrayValue, BitVecSort, Evaluator, Term, Value

WORD = BitVecSort(64)
MEMORY = ArraySort(WORD, WORD)


@cache
def walks() -> Walks:
    return Walks()


@dataclass(frozen=True)
class Outcome:
    """What a walk came to, the same for the specification and for a naive walker."""

    ok: bool
    pa: int
    reason: str
    level: int
    code: int
    second: bool
    implicit: bool
    writing: bool
    gpa: int
    reads: tuple[int, ...]
    updates: tuple[tuple[int, int, int], ...]


def control_widths(name: str, second: bool = False) -> dict[str, int]:
    """The fields of a control record with their widths; 0 for a truth value."""
    found = walks().settings(name, second)
    return {field: 0 if isinstance(kind, BoolType) else kind.width for field, kind in found.items()}


class Compiled:
    """A walk over an arbitrary memory as terms, ready to be evaluated. Words of memory are found by the exact address of an entry."""

    def __init__(self, name: str, second: str | None = None) -> None:
        self.library = walks()
        pool = self.library.pool
        self.memory = pool.var("mmu.mem", MEMORY)
        self.root, self.va = pool.var("mmu.root", WORD), pool.var("mmu.va", WORD)
        self.access = pool.var("mmu.access", BitVecSort(2))
        self.host_root = pool.var("mmu.host_root", WORD)
        kind = self.library.control_type(name)
        control = self.library.library.variables(kind, f"mmu.{name}.")
        self.control = to_leaves(pool, control, kind)
        self.host_control: Mapping[str, Term] = {}
        tables = None
        if second is not None:
            below = self.library.control_type(second, second=True)
            host = self.library.library.variables(below, f"mmu.host.{second}.")
            self.host_control = to_leaves(pool, host, below)
            tables = self.library.second_stage(second, self.host_root, host, self.read)
        self.walk = self.library.walk(name, self.root, self.va, self.access, control, self.read, tables)
        self._evaluator = Evaluator([*self.walk.result.values(), *self._terms(self.walk.references), *self._terms(self.walk.updates)])

    def read(self, place: Term, size: int) -> Term:
        pool = self.library.pool
        return pool.extract(pool.select(self.memory, place), 8 * size - 1, 0)

    @staticmethod
    def _terms(steps: tuple[Step, ...]) -> list[Term]:
        return [term for step in steps for term in step.terms.values()]

    def run(
        self,
        root: int,
        va: int,
        access: str,
        control: Mapping[str, int],
        words: Mapping[int, int],
        host_root: int = 0,
        host_control: Mapping[str, int] | None = None,
    ) -> Outcome:
        env: dict[Term, Value] = {
            self.root: root,
            self.va: va,
            self.access: ACCESS.members[access],
            self.host_root: host_root,
            self.memory: ArrayValue(0, dict(words)),
        }
        for terms, values in ((self.control, control), (self.host_control, host_control or {})):
            for field, term in terms.items():
                env[term] = values[field] if isinstance(term.sort, BitVecSort) else bool(values[field])
        numbers: Iterator[Any] = iter(self._evaluator.run(env))
        found = {field: next(numbers) for field in self.walk.result}
        steps = [{field: next(numbers) for field in step.terms} for step in (*self.walk.references, *self.walk.updates)]
        count = len(self.walk.references)
        reasons: EnumType = self.library.reasons
        return Outcome(
            **{**found, "reason": reasons.name_of(found["reason"])},
            reads=tuple(step["place"] for step in steps[:count] if step["done"]),
            updates=tuple((step["place"], step["old"], step["new"]) for step in steps[count:] if step["done"]),
        )


@cache
def compiled(name: str, second: str | None = None) -> Compiled:
    return Compiled(name, second)


def naive(walk: Callable[[], Found], memory: Memory) -> Outcome:
    """What a naive walker comes to."""
    try:
        found = walk()
    except Fault as fault:
        told = (fault.second, fault.implicit, fault.writing, fault.gpa)
        return Outcome(False, 0, fault.reason, fault.level, fault.code, *told, (*memory.reads,), (*memory.updates,))
    return Outcome(True, found.pa, "none", found.level, 0, False, False, False, found.gpa, (*memory.reads,), (*memory.updates,))


def is_told(name: str, second: str | None, outcome: Outcome) -> bool:
    """Whether the words of the format have one for the reason of a fault."""
    library = walks()
    words = library.seconds[second] if outcome.second and second is not None else library.formats[name]
    return outcome.ok or library.reasons.member(outcome.reason) in words["reasons"]


def random_control(rng: random.Random, name: str, second: bool = False) -> dict[str, int]:
    return {field: rng.getrandbits(width or 1) for field, width in control_widths(name, second).items()}


def riscv_entry(rng: random.Random, size: int) -> int:
    """An entry that is a pointer or a leaf more often than chance would have it."""
    ppn = rng.getrandbits(22 if size == 4 else 44)
    if rng.random() < 0.8:
        ppn &= ~((1 << rng.choice((9, 10, 18, 20, 27, 36, 36, 36))) - 1)
    flags = 1 if rng.random() < 0.97 else rng.getrandbits(8)
    if rng.random() < 0.4:
        flags |= rng.choice((1, 3, 5, 7)) << 1 | rng.getrandbits(1) << 4
        flags |= rng.choice((0, 1, 1, 2, 3, 3)) << 6
        if rng.random() < 0.7:
            ppn &= ~((1 << (10 if size == 4 else 36)) - 1)
    elif rng.random() < 0.05:
        flags |= rng.getrandbits(8)
    high = 0 if rng.random() < 0.9 else 1 << rng.randrange(54, 64)
    return (high if size == 8 else 0) | ppn << 10 | rng.getrandbits(3) << 8 | flags


def guest_entry(rng: random.Random, size: int) -> int:
    """An entry of a G-stage: leaves are users'."""
    entry = riscv_entry(rng, size)
    if entry & 0xE and rng.random() < 0.9:
        entry |= rng.choice((0x53, 0x53, 0xD7, 0xDF))
        entry &= ~(((1 << (20 if size == 4 else 36)) - 1) << 10)
    return entry


def x86_entry(rng: random.Random, size: int, reader: str) -> int:
    if reader == "pdpte" and rng.random() < 0.9:
        return rng.getrandbits(40) << 12 | 1
    entry = 1 if rng.random() < 0.96 else 0
    entry |= rng.choice((0, 2, 4, 6, 6, 6)) | rng.getrandbits(2) << 5 | rng.getrandbits(4) << 8
    if rng.random() < 0.2:
        entry |= 0x80 | rng.getrandbits(1) << 12
    frame = rng.getrandbits(40) << 12
    if entry & 0x80 and rng.random() < 0.9:
        frame = frame >> 30 << 30 | (entry & 0x1000)
    if rng.random() < 0.1:
        entry |= rng.getrandbits(5) << 59
    if rng.random() < 0.15:
        entry |= 1 << 63
    if rng.random() < 0.05:
        entry |= rng.getrandbits(11) << 52
    return (entry | frame) & ((1 << 8 * size) - 1)


def ept_entry(rng: random.Random) -> int:
    entry = rng.choice((7, 7, 7, 7, 7, 7, 7, 3, 5)) if rng.random() < 0.98 else rng.getrandbits(3)
    entry |= rng.getrandbits(2) << 8
    if rng.random() < 0.1:
        return entry | 0x80 | rng.choice((0, 6, 6, 1, 4, 5)) << 3 | rng.getrandbits(10) << 39
    if rng.random() < 0.02:
        entry |= rng.getrandbits(5) << 3
    return entry | rng.getrandbits(40) << 12


def naive_walk_of_riscv(
    name: str, root: int, va: int, access: str, control: Mapping[str, int], invent: Callable[[], int]
) -> Mapping[int, int]:
    """The words that a walk over made-up entries reads, as a naive walker goes through them."""
    memory = Memory(lambda reader: invent())
    naive(lambda: riscv(name, root, va, access, control, memory), memory)
    return memory.words


def naive_walk_of_x86(
    name: str, root: int, va: int, access: str, control: Mapping[str, int], invent: Callable[[str], int]
) -> Mapping[int, int]:
    """As `naive_walk_of_riscv`; entries are made up by who reads them."""
    memory = Memory(invent)
    naive(lambda: x86(name, root, va, access, control, memory), memory)
    return memory.words
