"""The premises of a judgement, each a claim of its own: the states exist, the VMM's tables are out of reach, the view can be realised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from vmproof.language import State
from vmproof.language.types import Role
from vmproof.solvers import Answer as SolverAnswer
from vmproof.solvers import Status
from vmproof.terms import BitVecSort, Term, Value, conjuncts, default_value, evaluate, substitute, variables
from vmproof.virtualize.agreement import ROUNDS, Agreement, Point, everywhere
from vmproof.virtualize.asking import NOT_NEEDED, Task, ask, ask_all
from vmproof.virtualize.concrete import completed, minimised, world_of_constants
from vmproof.virtualize.effects import reserved_in
from vmproof.virtualize.entry import any_entry
from vmproof.virtualize.forall import Unanswered, nothing_answers, unanswered
from vmproof.virtualize.nearby import empty_memories
from vmproof.virtualize.own_tables import Registers, has_own_tables
from vmproof.virtualize.setting import ACCESSES, GUEST, REAL, WRITE, ModeValue, Setting
from vmproof.virtualize.unfolding import told_apart
from vmproof.virtualize.world import Body, World, is_true


@dataclass(frozen=True, eq=False)
class States:
    """What a search for concrete states came to: SAT with the states and the model, UNSAT, or UNKNOWN with the reason."""

    status: Status
    world: World | None = None
    values: Mapping[Term, Value] | None = None
    reason: str = ""


def find_states(
    world: World,
    goal: Sequence[Term] = (),
    points: Sequence[Point] = (),
    likeness: Mapping[Term, Term] | None = None,
    mended: Callable[[Mapping[Term, Value]], Task[dict[Term, Value]]] | None = None,
) -> Task[States]:
    """Concrete states of a world that satisfy a goal and whose views agree as a whole; of a `likeness`, some variables are replaced.

    What a model gives is `mended` before its views are compared.
    """
    agreement = Agreement(world)
    assertions = [*world.constraints, *goal, *agreement.at(points)]
    replaced = likeness or {}
    for _ in range(ROUNDS):
        asked = substitute(world.pool, assertions, replaced) if replaced else assertions
        answer = yield from ask(*asked)
        if answer.model is None:
            return States(answer.status, reason=answer.reason)
        everything = [*asked, *(t for body in world.bodies.values() for t in (*body.state.values(), *body.picks.values()))]
        values = minimised(completed(answer.model, everything), asked)
        values.update(zip(replaced, evaluate(replaced.values(), values, default=True), strict=True))
        if mended is not None:
            values = yield from mended(values)
        more = yield from agreement.gap(values)
        if more is None:
            return States(Status.SAT, world_of_constants(world, values), values)
        if not more:
            return States(Status.UNKNOWN, reason="the views could not be compared")
        assertions += more
    return States(Status.UNKNOWN, reason=f"abstraction: no states whose views agree were found in {ROUNDS} rounds")


def inhabited(setting: Setting, mode: ModeValue) -> Task[States]:
    """A guest in this mode and a real state that carries it; first one with memory to use, then any."""
    world = World(setting)
    guest, _ = world.pair()
    world.require(setting.is_mode(guest.state, mode))
    empty = empty_memories(world)
    if empty:
        found = yield from find_states(world, likeness=empty)
        if found.status is Status.SAT:
            return found
    elif setting.memory is not None:
        pool = setting.pool
        va = pool.var("sample.va", setting.va_sort)
        usable = [pool.not_(setting.seen(body.kind, body.state, va, WRITE).fault) for body in world.bodies.values()]
        found = yield from find_states(world, usable, [Point(va, ())])
        if found.status is Status.SAT:
            return found
    return (yield from find_states(world))


def vector_written(setting: Setting) -> Task[States]:
    """A store through the view of r changes where a trap leads, or what it leads with: a vector that the VMM does not own."""
    world, real, after = _entry(setting)
    if setting.memory is None or after is None:
        return States(Status.UNSAT)
    memory = real.state[setting.memory]
    fields = {
        path: term for path, term in after.items() if path in setting.fields and path != setting.memory and memory in variables([term])
    }
    if not fields:
        return States(Status.UNSAT)
    pool = setting.pool
    va, stored = _store(setting, real.state)
    [*others] = substitute(pool, fields.values(), {memory: stored.array})
    changed = pool.or_(*(pool.ne(term, other) for term, other in zip(fields.values(), others, strict=True)))
    goal = [stored.allowed, pool.not_(setting.in_modes(after, setting.image)), changed]
    return (yield from find_states(world, goal, [Point(va, ())]))


def view_overwritten(setting: Setting) -> Task[States]:
    """A trap to the VMM writes a cell of the view, so that its content is lost."""
    world, real, after = _entry(setting)
    if setting.memory is None or after is None or after[setting.memory] is real.state[setting.memory]:
        return States(Status.UNSAT)
    pool = setting.pool
    va = pool.var("lost.va", setting.va_sort)
    reached: list[Term] = []
    for access in ACCESSES:
        place = setting.seen(REAL, real.state, va, access)
        content = [pool.select(state[setting.memory], place.address) for state in (real.state, after)]
        reached.append(pool.and_(pool.not_(place.fault), pool.ne(*content)))
    kept = reserved_in(setting, world.bodies, real, va)
    goal = [pool.or_(*reached), pool.not_(kept), pool.not_(setting.in_modes(after, setting.image))]
    return (yield from find_states(world, goal, [Point(va, ())]))


def table_written(setting: Setting, bare: Registers | None = None) -> Task[States]:
    """A store through the view changes what the real walker finds, and not because of tables that the guest's own walker follows too.

    With `bare`, this is asked of the view that the guest has when it translates nothing.
    """
    if setting.memory is None or setting.memory not in setting.translation_reads:
        return States(Status.UNSAT)
    pool = setting.pool
    world = World(setting)
    guest, real = world.pair()
    carrying = setting.in_registers(REAL, real.state, bare or {})
    va, stored = _store(setting, carrying)
    probe = pool.var("walk.va", setting.va_sort)
    written = {**carrying, setting.memory: stored.array}
    theirs = bare is None and has_own_tables(setting)
    differs: list[Term] = []
    if theirs:
        place = setting.seen(GUEST, guest.state, va, WRITE)
        followed = {**guest.state, setting.memory: pool.store(guest.state[setting.memory], place.address, stored.value)}
    for access in ACCESSES:
        after = setting.seen(REAL, written, probe, access)
        if theirs:
            expected = setting.seen(GUEST, followed, probe, access)
            differs.append(pool.and_(expected.fault, pool.not_(after.fault)))
        else:
            before = setting.seen(REAL, carrying, probe, access)
            differs.append(
                pool.or_(pool.ne(before.fault, after.fault), pool.and_(pool.not_(after.fault), pool.ne(before.address, after.address)))
            )
    if setting.scenario.everywhere is not None:  # an instance of what holds everywhere: unsatisfiable is a proof, a model none
        assumed = [*world.constraints, everywhere(setting, world, va), everywhere(setting, world, probe)]
        if bare is not None:
            differs.append(pool.not_(setting.description.everywhere(setting.scenario, written, guest.state, probe)))
        answer = yield from ask(*assumed, stored.allowed, pool.or_(*differs))
        if answer.status is Status.UNSAT:
            return States(Status.UNSAT)
    registers = tuple((bare or {}).items())
    return (yield from find_states(world, [stored.allowed, pool.or_(*differs)], [Point(va, registers), Point(probe, registers)]))


def unrealised(setting: Setting, weakly: bool, bare: Registers | None = None) -> Task[tuple[Unanswered, World]]:
    """A guest that has real states, and addresses where none of them gives it its view, whatever it sets its own registers to.

    `weakly`: where each gives it more than its view, or other cells; what a real state lacks of the view then does not count. With `bare`
    this is asked of the view that the guest has when it translates nothing.
    """
    pool = setting.pool
    world = World(setting)
    guest, real = world.pair()
    if setting.memory is None or not setting.translated:
        return Unanswered(Status.UNSAT), world
    other = World(setting)
    other.bodies["g"] = guest
    # what the real machine is built with is not the VMM's to choose
    chosen = [path for path, field in setting.fields.items() if field.role is not Role.PLATFORM]
    candidate = other.real("a", "g", like=real.state, fresh=chosen, picks=real.picks)
    places = [pool.var(name, setting.va_sort) for name in ("view.va", "view.other")]
    anything = {path: pool.var(f"view.{path}", setting.sort(path)) for path in setting.key_registers(GUEST)}
    registers = ({}, anything) if bare is None else (bare, bare)
    guests = [setting.in_registers(GUEST, guest.state, named) for named in registers]
    agree = [*other.constraints]
    rows = []
    for va, named, carried in zip(places, registers, guests, strict=True):
        carrying = setting.in_registers(REAL, candidate.state, named)
        for access in ACCESSES:
            here, there = setting.seen(GUEST, carried, va, access), setting.seen(REAL, carrying, va, access)
            agree.append(pool.implies(here.fault, there.fault))
            if not weakly:
                agree.append(pool.implies(there.fault, here.fault))
            rows.append((here, there))
    allowed: dict[Term, list[Term]] = {}  # kinds of access that find one cell need not be told apart
    for i, (here, there) in enumerate(rows):
        for elsewhere, beyond in rows[:i]:
            same = pool.eq(pool.eq(here.address, elsewhere.address), pool.eq(there.address, beyond.address))
            both = pool.and_(*(pool.not_(place.fault) for place in (here, there, elsewhere, beyond)))
            allowed.setdefault(same, []).append(both)
    patterns = [pool.implies(pool.or_(*cases), same) for same, cases in allowed.items()]
    premises = [pool.not_(reserved_in(setting, world.bodies, real, va)) for va in places]
    for named, carried in zip(registers, guests, strict=True):
        if named:  # the guest has set its registers, and there still is a real state for it
            carrying = setting.in_registers(REAL, real.state, named)
            premises += [setting.in_modes(carried, setting.domain), setting.description.legal(carried), setting.description.legal(carrying)]
            premises.append(setting.description.host(setting.scenario, carrying, carried, real.picks))
    if setting.scenario.realise is not None:
        kept = [pool.implies(pool.not_(pool.or_(here.fault, there.fault)), pool.eq(here.address, there.address)) for here, there in rows]
        used = list(zip(places, guests, strict=True))
        open_ = yield from _constructed(world, candidate, used, premises, agree[len(other.constraints) :], kept, patterns)
        if open_ is None:
            return Unanswered(Status.UNSAT), world
        if open_.model is None:
            return Unanswered(Status.UNKNOWN, None, open_.reason), world
        values = completed(open_.model, [*world.constraints, *premises, *agree, *patterns])
        inner = [v for v in variables(candidate.state.values()) if v.name.startswith("a.")]
        status = yield from nothing_answers(pool.and_(*agree, *patterns), inner, values)
        if status is Status.UNSAT:
            return Unanswered(Status.SAT, values), world
        return Unanswered(Status.UNKNOWN, None, "the tables that the scenario makes do not show the guest its view"), world
    agree += patterns
    inner = [v for v in variables(candidate.state.values()) if v.name.startswith("a.")]
    first = {v: real.state[v.name.removeprefix("a.")] for v in inner}
    found = yield from unanswered(world, premises, pool.and_(*agree), inner, first)
    return found, world


def _constructed(
    world: World,
    candidate: Body,
    places: Sequence[tuple[Term, State]],
    premises: Sequence[Term],
    permitted: Sequence[Term],
    kept: Sequence[Term],
    patterns: Sequence[Term],
) -> Task[SolverAnswer | None]:
    """None if the real state that `realise` of the scenario makes of one with empty memory shows each guest its view at all `places`.

    That is what is `permitted` and the `patterns` of cells, which need no question of their own where each cell of the guest is `kept` in
    its place; and its tables must be everywhere as the scenario says. Else what was answered where one of this does not hold.
    """
    setting, pool = world.setting, world.pool
    assert setting.memory is not None
    description, scenario, guest, real = setting.description, setting.scenario, world.body("g"), world.body("r")
    sort = setting.sort(setting.memory)
    state: State = {**real.state, setting.memory: pool.value(sort, default_value(sort))}
    for va, carried in places:
        state = description.realise(scenario, state, carried, va)
    made = {v: pool.var(f"r.{v.name.removeprefix('a.')}", v.sort) for v in variables(candidate.state.values()) if v.name.startswith("a.")}
    made |= {term: state[path] for path, term in candidate.state.items() if term in made}
    third = pool.var("view.third", setting.va_sort)
    relation = description.host(scenario, state, guest.state, real.picks)
    confined = description.everywhere(scenario, state, guest.state, third)
    claims = [description.legal(state), relation, confined, *substitute(pool, permitted, made)]

    def shown(claims: Sequence[Term], last: Sequence[Term]) -> Task[tuple[SolverAnswer | None, bool]]:
        """None where all the claims hold, else what was answered of one that does not, or is open; and whether the `last` are seen to."""
        goals = [pool.and_(*premises, pool.not_(claim)) for claim in (*conjuncts(claims), *conjuncts(last))]
        needed = len(conjuncts(claims))
        cases = told_apart(goals, *(va for va, _ in places))
        failed: set[int] = set()
        open_: SolverAnswer | None = None
        for some in (islice(cases, 2), cases):  # what does not hold at all shows in the first ones already
            parts = [part for case in some for part in case][::-1]  # and of guests that have set their registers
            while parts:
                queries = [[*world.relevant([part]), part] for _, part in parts]
                decisive = [place for place, (number, _) in enumerate(parts) if number < needed and number not in failed]
                answers = yield from ask_all(queries, arrays=True, decisive=decisive)
                answered = list(zip(parts, answers, strict=True))
                failing = {number for (number, _), answer in answered if answer.status is not Status.UNSAT and answer is not NOT_NEEDED}
                for number in sorted(failing - failed):
                    if number < needed:
                        answer = yield from ask(*world.constraints, goals[number])
                        if answer.status is Status.SAT:
                            return answer, False
                        open_ = answer if answer.status is Status.UNKNOWN else open_
                failed |= failing
                parts = [part for part, answer in answered if answer is NOT_NEEDED]
        return open_, all(number < needed for number in failed)

    open_, in_place = yield from shown(claims, substitute(pool, kept, made))
    if open_ is None and not in_place:
        open_, _ = yield from shown(substitute(pool, patterns, made), ())
    return open_


def states_at(setting: Setting, world: World, values: Mapping[Term, Value]) -> World:
    """The concrete states of a model."""
    everything = [t for body in world.bodies.values() for t in (*body.state.values(), *body.picks.values())]
    complete = completed({variable.name: value for variable, value in values.items()}, everything)
    return world_of_constants(world, complete)


def disagreeing(setting: Setting, states: World, addresses: Sequence[int]) -> list[int]:
    """The addresses at which the permissions of a concrete guest and its real state differ."""
    guest, real = states.body("g"), states.body("r")
    found = []
    for address in addresses:
        va = setting.pool.value(setting.va_sort, address)
        faults = [
            (setting.seen(GUEST, guest.state, va, access).fault, setting.seen(REAL, real.state, va, access).fault) for access in ACCESSES
        ]
        if any(here is not there for here, there in faults):
            found.append(address)
    return found


def marking(setting: Setting, states: World, addresses: Sequence[int]) -> list[int]:
    """The addresses at which an access of a concrete guest sets a bit in its tables."""
    guest = states.body("g").state
    places = [(address, setting.pool.value(setting.va_sort, address)) for address in addresses]
    return [address for address, va in places if any(is_true(setting.translate(guest, va, access).updates) for access in ACCESSES)]


@dataclass(frozen=True, eq=False)
class _Stored:
    allowed: Term
    array: Term
    value: Term


def _store(setting: Setting, real: State) -> tuple[Term, _Stored]:
    """A store of any value to any address that the real state allows."""
    pool = setting.pool
    assert setting.memory is not None
    memory = real[setting.memory]
    va = pool.var("store.va", setting.va_sort)
    value = pool.var("store.value", BitVecSort(setting.description.cell_width))
    place = setting.seen(REAL, real, va, WRITE)
    return va, _Stored(pool.not_(place.fault), pool.store(memory, place.address, value), value)


def _entry(setting: Setting) -> tuple[World, Body, State | None]:
    """A real state and the state after the entry of any trap in it; None where the description has no trap entry."""
    world = World(setting)
    _, real = world.pair()
    found = any_entry(setting, real.state)
    if found is None:
        return world, real, None
    named, after = found
    world.require(named)
    return world, real, after
