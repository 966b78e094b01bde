"""The running state of one execution: paths and their conditions, effects, traps, memory.

Branches of a dynamic `if` are both run and then merged. A path ends by `return`, `trap`, `break`, `continue` or `unpredictable()`; it
then records what it has made and raises `Dead`, which the nearest place that joins paths (a branch, a loop, a call) catches. Guards of
traps are mutually exclusive by construction: a path goes on only where the traps before it did not happen.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vmproof.errors import Place
from vmproof.language.convert import Mistake
from vmproof.language.memory import Located, MemoryModel
from vmproof.language.merge import merge, merge_names, merge_terms
from vmproof.language.outcome import Event, Explicit, Obligation, State
from vmproof.language.types import EnumType, Leaf, UnsizedType
from vmproof.language.values import ActionCall, Value
from vmproof.terms import BitVecSort, Pool, Term

if TYPE_CHECKING:
    from vmproof.language.machine import Machine
    from vmproof.language.stages import Stages
    from vmproof.language.values import Function

JUMPED = "$jumped"  # state entry: whether the instruction has assigned pc


class Dead(Exception):
    """The present path has ended; there is nothing left to evaluate on it."""


@dataclass(frozen=True)
class Point:
    """Where a path stands: its condition since the frame began, the state, the kept state, and the local names.

    `taken` is the condition without what traps exclude: it tells apart the paths that go on, whose values are joined by it, and is smaller.
    """

    cond: Term
    taken: Term
    state: State
    kept: State
    names: Mapping[str, Value]


@dataclass
class Frame:
    """One call of a function: its local names, the path condition at its beginning, and what its returns made."""

    function: Function | None
    names: Mapping[str, Value]
    base: Term
    returns: list[tuple[Point, Value]] = field(default_factory=list)
    loops: list[tuple[list[Point], list[Point]]] = field(default_factory=list)  # (breaks, continues) of the loops around


@dataclass(frozen=True)
class RawTrap:
    """A trap as it was raised; the guard is the whole path condition."""

    guard: Term
    cause: Term | None
    value: dict[str, Term] | None
    memory: bool
    state: State


class Run:
    """State and control of one execution. `interpreter` subclasses add the syntax."""

    def __init__(self, pool: Pool, machine: Machine | None, state: State, memory: MemoryModel | None) -> None:
        self.pool = pool
        self.machine = machine
        self.initial = state
        self.state = state
        self.kept = state
        self.keeping = 0
        self.cond: Term = pool.true
        self.taken: Term = pool.true
        self.frames: list[Frame] = [Frame(None, {}, pool.true)]
        self.memory = memory
        self.fetching = False
        self.translating = 0
        self.attempting = 0
        self.traps: list[RawTrap] = []
        self.waits: Term = pool.false
        self.unpredictable: Term = pool.false
        self.disabled: Term = pool.false
        self.choices: list[Term] = []
        self.chosen_kinds: dict[Term, UnsizedType | EnumType] = {}
        self.translations: list[Explicit] = []
        self.events: list[Event] = []
        self.obligations: list[Obligation] = []
        self.label = ""  # what choices are named after
        self.sites: list[str] = []  # the calls and loop turns around, so that a choice has the name of its place
        self.used_sites: dict[str, int] = {}
        self.stages: Stages | None = None  # where the stage of the translation is taken for functions that nobody knows
        self.stage_updates: Term = pool.false  # that it would write something
        self.known: dict[object, Value] | None = None  # the values of calls, where nothing happens
        self.named: list[ActionCall] | None = None  # the actions that were called, where these are named and do not happen

    # paths

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @property
    def path(self) -> Term:
        """The whole condition under which the present path is taken."""
        return self.pool.and_(self.frame.base, self.cond)

    def point(self) -> Point:
        return Point(self.cond, self.taken, self.state, self.kept, self.frame.names)

    def resume(self, point: Point) -> None:
        self.cond, self.taken, self.state, self.kept, self.frame.names = point.cond, point.taken, point.state, point.kept, point.names

    def die(self) -> None:
        self.cond = self.pool.false
        raise Dead

    def split(self, condition: Term, then: Callable[[], Value], otherwise: Callable[[], Value]) -> Value:
        """Run both branches (one, where the condition is constant) and merge state, names and value."""
        if condition is self.pool.true:
            return then()
        if condition is self.pool.false:
            return otherwise()
        start = self.point()
        ends: list[tuple[Point, Value] | None] = []
        sides = (condition, self.pool.not_(condition))
        guards = [self.pool.and_(start.cond, side) for side in sides]
        taken = [self.pool.and_(start.taken, side) for side in sides]
        for guard, decided, branch in zip(guards, taken, (then, otherwise), strict=True):
            self.resume(replace(start, cond=guard, taken=decided))
            if guard is self.pool.false:
                ends.append(None)
                continue
            try:
                value = branch()
                ends.append((self.point(), value))
            except Dead:
                ends.append(None)
        first, second = ends
        if first is None and second is None:
            self.die()
        if first is None or second is None:
            alive = first or second
            assert alive is not None
            self.resume(alive[0])
            return alive[1]
        self.resume(self.join(condition, first[0], second[0]))
        if first[0].cond is guards[0] and second[0].cond is guards[1]:
            self.cond = start.cond
        if first[0].taken is taken[0] and second[0].taken is taken[1]:
            self.taken = start.taken
        return merge(self.pool, condition, first[1], second[1])

    def join(self, condition: Term, one: Point, other: Point) -> Point:
        """The point where two paths meet; `condition` tells them apart."""
        return Point(
            self.pool.or_(one.cond, other.cond),
            self.pool.or_(one.taken, other.taken),
            merge_terms(self.pool, condition, one.state, other.state),
            merge_terms(self.pool, condition, one.kept, other.kept),
            one.names if one.names is other.names else merge_names(self.pool, condition, one.names, other.names),
        )

    def join_all(self, points: Sequence[Point]) -> None:
        """Go on where any of these paths ended; they exclude one another. None left: the path is dead."""
        if not points:
            self.die()
        joined = points[-1]
        for point in reversed(points[:-1]):
            joined = self.join(point.taken, point, joined)
        self.resume(joined)

    @contextmanager
    def call_frame(self, function: Function, names: Mapping[str, Value]) -> Iterator[Frame]:
        """A frame for a call; on leaving it the caller's condition and names are back, narrowed by what the caller of this then sets."""
        frame = Frame(function, names, self.path)
        outer, taken = self.cond, self.taken
        self.frames.append(frame)
        self.cond = self.taken = self.pool.true
        try:
            yield frame
        finally:
            self.frames.pop()
            self.cond, self.taken = self.pool.and_(outer, self.cond), taken

    # effects

    def set_entry(self, path: str, term: Term) -> None:
        """Write one leaf of the state; what is to survive a trap inside `with kept():` is written by way of `effect`."""
        if self.state[path] is not term:
            self.state = {**self.state, path: term}

    def effect(self, write: Callable[[], None]) -> None:
        """Do what writes to the state; inside `with kept():` also to the state that a trap leaves.

        That state lacks the effects which are not kept, so what is written into the same array or word must be written to each.
        """
        write()
        if self.keeping:
            self.state, self.kept = self.kept, self.state
            try:
                write()
            finally:
                self.state, self.kept = self.kept, self.state

    def trap_if(self, fault: Term, cause: Term | None, value: dict[str, Term] | None, memory: bool) -> None:
        """Trap where `fault` holds and go on where it does not."""
        if fault is self.pool.false:
            return
        guard = self.pool.and_(self.path, fault)
        if guard is not self.pool.false:
            self.traps.append(RawTrap(guard, cause, value, memory, self.kept))
        self.cond = self.pool.and_(self.cond, self.pool.not_(fault))
        if self.cond is self.pool.false:
            raise Dead

    def oblige(self, claim: Term, sentence: str, place: Place) -> None:
        if claim is not self.pool.true:
            self.obligations.append(Obligation(self.path, claim, sentence, place))

    def choice(self, node: ast.AST, leaf: Leaf) -> Term:
        """The variable of a `choose`, named after its place, so that two runs that make the choice make the same one."""
        here = f"{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0)}"
        site = "/".join((*self.sites, here))
        count = self.used_sites.get(site, 0)
        self.used_sites[site] = count + 1
        assert self.memory is not None
        term = self.memory.choose(self, f"choice.{self.label}.{site}" + (f"#{count}" if count else ""), leaf.sort)
        if not term.is_const:
            self.choices.append(term)
            kind = leaf.unsized or leaf.enum
            if kind is not None:
                self.chosen_kinds[term] = kind
        return term

    # memory

    def translate(self, va: Term, access: int, size: int) -> Located:
        """The description's own translation of one cell in the present state, faults as a condition."""
        raise NotImplementedError

    def locate(self, va: Term, access: int, cells: int) -> list[Term]:
        """The cells of an access, each piece translated; traps where one is not allowed (LANGUAGE.md, rule 3)."""
        assert self.memory is not None
        page = 0 if self.machine is None else self.machine.translation_page
        if page:
            return self._locate_pages(va, access, cells, page)
        places = []
        for offset in range(cells):
            at = self.pool.add(va, self.pool.bv(offset, va.width)) if offset else va
            found = self.memory.locate(self, at, access, cells if offset == 0 else 1)
            value = None if found.value is None else {"": found.value}
            self.trap_if(found.fault, found.cause, value, memory=True)
            places.append(found.address)
        return places

    def _locate_pages(self, va: Term, access: int, cells: int, page: int) -> list[Term]:
        """The same where pages are translated as wholes: once for the page of the first cell, once for the next one, if it is touched."""
        pool = self.pool
        assert cells <= 1 << page
        low = pool.zext(pool.extract(va, page - 1, 0), page + 1)
        offsets = [pool.add(low, pool.bv(offset, page + 1)) for offset in range(cells)]
        past = [pool.eq(pool.extract(offset, page, page), pool.bv(1, 1)) for offset in offsets]
        following = pool.add(pool.extract(va, va.width - 1, page), pool.bv(1, va.width - page))
        first = self._page(va, access, pool.true)
        beyond = self._page(pool.concat(following, pool.bv(0, page)), access, past[-1])
        places = []
        for offset, over in zip(offsets, past, strict=True):
            frame = first if over is pool.false else pool.ite(over, beyond, first)
            places.append(pool.concat(pool.extract(frame, frame.width - 1, page), pool.extract(offset, page - 1, 0)))
        return places

    def _page(self, va: Term, access: int, touched: Term) -> Term:
        """The place of a cell, which traps where it is not allowed; what it is where the page is not touched does not matter."""
        memory = self.memory
        assert memory is not None
        found: list[Located] = []

        def locate() -> None:
            located = memory.locate(self, va, access, 1)
            value = None if located.value is None else {"": located.value}
            self.trap_if(located.fault, located.cause, value, memory=True)
            found.append(located)

        self.split(touched, locate, lambda: None)
        return found[0].address if found else va

    def load(self, va: Term, access: int, cells: int, big: bool) -> Term:
        """`cells` cells from a virtual address as one bit vector."""
        assert self.memory is not None
        read = []
        for offset, place in enumerate(self.locate(va, access, cells)):
            cell = self.memory.read(self, self.memory.array, place)
            self.events.append(Event(self.path, "fetch" if access == 2 else "load", False, self._offset(va, offset), cell))
            read.append(cell)
        return self.pool.concat(*(read if big else reversed(read))) if len(read) > 1 else read[0]

    def store(self, va: Term, value: Term, cell_width: int, access: int, big: bool) -> None:
        """Store a bit vector to a virtual address; every cell is translated before any is written."""
        assert self.memory is not None
        cells = value.width // cell_width
        for offset, place in enumerate(self.locate(va, access, cells)):
            cell = self._cell(value, offset, cells, cell_width, big)
            self._write_cell(self.memory.array, place, cell)
            self.events.append(Event(self.path, "store", False, self._offset(va, offset), cell))

    def read_physical(self, entry: str, address: Term, cells: int, big: bool) -> Term:
        assert self.memory is not None
        read = []
        for offset in range(cells):
            place = self._offset(address, offset)
            cell = self.memory.read(self, entry, place)
            self.events.append(Event(self.path, "load", True, place, cell))
            read.append(cell)
        return self.pool.concat(*(read if big else reversed(read))) if len(read) > 1 else read[0]

    def write_physical(self, entry: str, address: Term, value: Term, cell_width: int, big: bool) -> None:
        assert self.memory is not None
        cells = value.width // cell_width
        for offset in range(cells):
            place = self._offset(address, offset)
            cell = self._cell(value, offset, cells, cell_width, big)
            self._write_cell(entry, place, cell)
            self.events.append(Event(self.path, "store", True, place, cell))

    def _write_cell(self, entry: str, place: Term, cell: Term) -> None:
        memory = self.memory
        assert memory is not None
        self.effect(lambda: memory.write(self, entry, place, cell))

    def _offset(self, address: Term, offset: int) -> Term:
        return self.pool.add(address, self.pool.bv(offset, address.width)) if offset else address

    def _cell(self, value: Term, offset: int, cells: int, width: int, big: bool) -> Term:
        low = ((cells - 1 - offset) if big else offset) * width
        return self.pool.extract(value, low + width - 1, low)


def width_of(term: Term) -> int:
    """The width of a bit vector term; raises `Mistake` for any other."""
    if not isinstance(term.sort, BitVecSort):
        raise Mistake("a bit vector is wanted")
    return term.sort.width
