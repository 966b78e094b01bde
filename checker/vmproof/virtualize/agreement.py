"""When two states have the same view, exactly: instances at given addresses, and an address where concrete states disagree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from vmproof.language import Located, State
from vmproof.solvers import Status
from vmproof.terms import Term, Value, evaluate
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.concrete import without_stores, world_of_constants
from vmproof.virtualize.effects import reserved_in, view_differs
from vmproof.virtualize.setting import ACCESSES, READ, REAL, Setting, Touch
from vmproof.virtualize.world import Body, World

ROUNDS = 32
"""How often states whose views do not agree are refined before they are given up."""
_PAIRS = 6
"""How many pairs of addresses are compared for naming the same cell."""
_GAPS = 6
"""At how many addresses at a time the views of constant states are made to agree."""


def everywhere(setting: Setting, world: World, va: Term) -> Term:
    """What the scenario says of the VMM's tables at every address, at this one."""
    return setting.pool.and_(
        *(
            setting.description.everywhere(setting.scenario, body.state, world.bodies[body.partner].state, va)
            for body in world.bodies.values()
            if body.kind == REAL and body.partner is not None
        )
    )


@dataclass(frozen=True, eq=False)
class Point:
    """An address at which views are compared, in the guest's own registers as given (by guest leaf path; the others as they are)."""

    va: Term
    registers: tuple[tuple[str, Term], ...]
    size: int = 1

    @staticmethod
    def of(body: Body, touch: Touch) -> Point:
        """The address that a run in this state translates."""
        changed = tuple((path, term) for path, term in touch.registers if term is not body.state[path])
        return Point(touch.va, changed, touch.size)


@dataclass(frozen=True, eq=False)
class Gap:
    """Two states of a world, by name, whose views differ at the first address of each of these pairs; with no pair it is undecided."""

    one: str
    other: str
    places: tuple[tuple[Point, Point], ...]


class Agreement:
    """The premise that all states of a world have the same view."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._setting = world.setting
        self._pool = world.pool

    def at(self, points: Iterable[Point]) -> list[Term]:
        """Instances of the premise: implied by it, so a proof from them is a proof from it."""
        if self._setting.memory is None:
            return []
        distinct = {(point.va, point.registers, point.size): point for point in points}
        found = [everywhere(self._setting, self._world, va) for va in dict.fromkeys(point.va for point in distinct.values())]
        for point in distinct.values():
            for one, other in self._pairs(self._world):
                found.append(self._pool.not_(self._differs(self._world, one, other, point)))
        for here, there in list(combinations(distinct.values(), 2))[:_PAIRS]:
            for one, other in self._pairs(self._world):
                found.append(self._pool.not_(self._other_pattern(self._world, one, other, here, there)))
        return found

    def gap(self, values: Mapping[Term, Value]) -> Task[list[Term] | None]:
        """More instances, at an address where the views of the concrete states differ; None where they are the same, [] where undecided."""
        setting, pool = self._setting, self._pool
        if setting.memory is None:
            return None
        states = world_of_constants(self._world, values)
        gap = yield from self.where(states)
        if gap is not None:
            return [term for pair in gap.places for term in self.at(pair)]
        if setting.scenario.everywhere is None:
            return None
        here = pool.var("gap.va", setting.va_sort)
        answer = yield from ask(*without_stores([pool.not_(everywhere(setting, states, here))]))
        if answer.status is Status.UNSAT:
            return None
        return [] if answer.model is None else [everywhere(setting, self._world, pool.value(here.sort, answer.model.get(here.name, 0)))]

    def where(self, states: World) -> Task[Gap | None]:
        """Where the views of two concrete states differ, at a few addresses; None where none do."""
        setting, pool = self._setting, self._pool
        here, there = (pool.var(name, setting.va_sort) for name in ("gap.va", "gap.other"))
        keys = setting.unmoded_registers()
        anything = tuple((path, pool.var(f"gap.{path}", setting.sort(path))) for path in keys)
        for one, other in self._pairs(states):
            registers = tuple(setting.bare.items()) if setting.bare is not None and other.partner == one.name else anything
            first, second = Point(here, registers), Point(there, registers)
            for gap in (self._differs(states, one, other, first), self._other_pattern(states, one, other, first, second)):
                found: list[tuple[Point, Point]] = []
                [goal] = without_stores([gap])
                for _ in range(_GAPS):  # asking where constants differ costs a fraction of asking for other constants
                    answer = yield from ask(goal)
                    if answer.model is None:
                        break
                    model = answer.model
                    fixed = {v: pool.value(v.sort, model.get(v.name, 0)) for v in (here, there)}
                    chosen = tuple((path, self._value(term, model, one.state[path])) for path, term in registers)
                    found.append((Point(fixed[here], chosen), Point(fixed[there], chosen)))
                    goal = pool.and_(goal, pool.ne(here, fixed[here]))
                if found or answer.status is Status.UNKNOWN:
                    return Gap(one.name, other.name, tuple(found))
        return None

    def _value(self, term: Term, model: Mapping[str, Value], otherwise: Term) -> Term:
        """What a register is in a model: a constant, or what it was, where the model does not say."""
        if term.is_const:
            return term
        return self._pool.value(term.sort, model[term.name]) if term.name in model else otherwise

    def reaches(self, values: Mapping[Term, Value], cell: Term) -> Task[list[Term] | None]:
        """The cell of the probe must lie outside the view of r: an instance where some address reaches it; None where none does."""
        setting, pool = self._setting, self._pool
        states = world_of_constants(self._world, values)
        va = pool.var("gap.va", setting.va_sort)
        [place] = evaluate([cell], values, default=True)
        goal = self._reached(states.body("r").state, va, pool.value(cell.sort, place))
        answer = yield from ask(*without_stores([goal]))
        if answer.status is Status.UNSAT:
            return None
        if answer.model is None:
            return []
        at = pool.value(va.sort, answer.model.get(va.name, 0))
        return [pool.not_(self._reached(self._world.body("r").state, at, cell))]

    def _reached(self, state: State, va: Term, cell: Term) -> Term:
        pool = self._pool
        located = [self._setting.seen(REAL, state, va, access) for access in ACCESSES]
        return pool.or_(*(pool.and_(pool.not_(place.fault), pool.eq(place.address, cell)) for place in located))

    def _pairs(self, world: World) -> list[tuple[Body, Body]]:
        """Every state beside the first, which it must agree with; a real one beside its own guest."""
        bodies = list(world.bodies.values())
        anchors = [(world.bodies[body.partner] if body.partner is not None else bodies[0], body) for body in bodies[1:]]
        return [(one, other) for one, other in anchors if other.name not in world.apart]

    def _locate(self, body: Body, point: Point, access: int) -> Located:
        return self._setting.seen(body.kind, self._as_in(body, point), point.va, access, point.size)

    def _as_in(self, body: Body, point: Point) -> State:
        """The state with the point's registers."""
        return self._setting.in_registers(body.kind, body.state, dict(point.registers)) if point.registers else body.state

    def _differs(self, world: World, one: Body, other: Body, point: Point) -> Term:
        """At this address the permissions differ, or what both may look at does."""
        setting, pool = self._setting, self._pool
        assert setting.memory is not None
        found: list[Term] = []
        real_faults = pool.true
        for access in ACCESSES:
            here, there = self._locate(one, point, access), self._locate(other, point, access)
            found.append(view_differs(setting, one, here.fault, other, there.fault))
            contents = pool.ne(
                pool.select(one.state[setting.memory], here.address), pool.select(other.state[setting.memory], there.address)
            )
            found.append(pool.and_(pool.not_(here.fault), pool.not_(there.fault), contents))
            real_faults = pool.and_(real_faults, *(place.fault for body, place in ((one, here), (other, there)) if body.kind == REAL))
        differs = pool.or_(*found)
        kept = pool.or_(*(reserved_in(setting, world.bodies, body, point.va) for body in (one, other)))
        return pool.ite(kept, pool.not_(real_faults), differs)

    def _other_pattern(self, world: World, one: Body, other: Body, here: Point, there: Point) -> Term:
        """Two addresses name one cell in one state and two in the other."""
        pool, setting = self._pool, self._setting
        places = [[self._locate(body, point, READ) for point in (here, there)] for body in (one, other)]
        allowed = pool.and_(*(pool.not_(place.fault) for row in places for place in row))
        same = [pool.eq(row[0].address, row[1].address) for row in places]
        kept = pool.or_(*(reserved_in(setting, world.bodies, body, point.va) for body in (one, other) for point in (here, there)))
        return pool.and_(pool.not_(kept), allowed, pool.ne(*same))
