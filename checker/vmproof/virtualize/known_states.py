"""States made of those that are known to exist: with memory to use, and two guests that differ in one register.

An instruction that walks tables which it names itself makes questions that are large even over the view, and a solver that is to find
states for one finds real memory, tables and sizes that fit one another last. So such a question is first asked of states like those that
show that there are any (`premises.inhabited`). Open are only what a program computes with, the guest's memory, and one register; what the
real memory holds follows from the guest's. What is found so is a candidate like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vmproof.language import Role
from vmproof.language.memory import CELLS
from vmproof.terms import ArrayValue, BitVecSort, Op, Term, Value, default_value, evaluate, substitute, variables
from vmproof.virtualize.agreement import ROUNDS, Agreement, Gap
from vmproof.virtualize.asking import Task
from vmproof.virtualize.concrete import world_of_constants
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.nearby import Likeness
from vmproof.virtualize.premises import find_states, inhabited
from vmproof.virtualize.setting import ACCESSES, GUEST, REAL, ModeValue, Setting
from vmproof.virtualize.world import World

_BLOCK = 12
"""The bits of an address that are counted through at most where what a guest's memory holds is carried over."""


@dataclass(frozen=True, eq=False)
class Alike:
    """How two guests and the real states that carry them become like known ones.

    `common` replaces all but the `registers` of the second guest; these, by leaf path, are variables with what they are in the first.
    """

    common: Likeness
    registers: Mapping[str, tuple[Term, Term]]

    def but_for(self, path: str) -> Likeness:
        """What makes the second guest like the first in all registers but one."""
        return {variable: value for other, (variable, value) in self.registers.items() if other != path}


def known_pairs(setting: Setting) -> Task[tuple[Mapping[str, Value], ...]]:
    """The values of a guest g and a real state r that carries it, by the names of variables, for each mode in which such were found."""
    if setting.known is None:
        found = []
        for mode in setting.domain:
            values = yield from _furnished(setting, mode)
            if values is not None:
                found.append({variable.name: value for variable, value in values.items()})
        setting.known = tuple(found)
    return setting.known


def likely_pairs(world: World, question: Question) -> Task[list[Alike]]:
    """Known states in the place of all states of a world whose question is about two guests; always in one order."""
    known = yield from known_pairs(world.setting)
    return [_alike(world, question, values) for values in known]


def _furnished(setting: Setting, mode: ModeValue) -> Task[Mapping[Term, Value] | None]:
    """States that are known to exist, the guest with some memory: only what the real memory holds for it is looked for anew."""
    states = yield from inhabited(setting, mode)
    if states.values is None or setting.memory is None:
        return None
    pool = setting.pool
    world = World(setting)
    _, real = world.pair()
    memory = real.state[setting.memory]
    open_ = {variable for variable in variables([memory]) if variable.sort == memory.sort}
    values = _built(world, {variable: value for variable, value in states.values.items() if variable not in open_})
    likeness = {variable: pool.value(variable.sort, value) for variable, value in values.items()}
    found = yield from find_states(world, likeness=likeness, mended=lambda values: carried(world, values))
    return found.values


def _built(world: World, values: dict[Term, Value]) -> dict[Term, Value]:
    """The values with each size that the guest is built with, where it is nothing, the least power of two that it may be."""
    setting, guest = world.setting, world.body("g").state
    for path, field in setting.fields.items():
        size = guest[path]
        if field.role is not Role.PLATFORM or path not in setting.translation_reads or not isinstance(size.sort, BitVecSort):
            continue
        if size.op is Op.VAR and values.get(size) == 0:
            tried: Iterator[dict[Term, Value]] = ({**values, size: 1 << bit} for bit in range(size.sort.width))
            values = next((one for one in tried if all(evaluate(world.constraints, one, default=True))), values)
    return values


def carried(world: World, values: Mapping[Term, Value]) -> Task[dict[Term, Value]]:
    """The values with what guests hold in memory put where their real states show it, as long as that is what their views differ in."""
    setting = world.setting
    found = dict(values)
    agreement = Agreement(world)
    for _ in range(ROUNDS if setting.memory is not None else 0):
        states = world_of_constants(world, found)
        gap = yield from agreement.where(states)
        if gap is None or states.body(gap.other).partner != gap.one:
            break
        memory = world.body(gap.other).state[setting.memory or ""]
        moved = _moved(world, states, gap, found)
        if memory.op is not Op.VAR or moved == found[memory]:
            break
        found[memory] = moved
    return found


def _moved(world: World, states: World, gap: Gap, values: Mapping[Term, Value]) -> ArrayValue:
    """The real memory, with what the guest's holds around the addresses of a gap."""
    setting = world.setting
    bodies = [states.body(gap.one), states.body(gap.other)]
    memories = evaluate([world.body(body.name).state[setting.memory or ""] for body in bodies], values, default=True)
    guests, real = memories
    assert isinstance(guests, ArrayValue)
    assert isinstance(real, ArrayValue)
    block = 1 << min(setting.page, _BLOCK)
    entries = dict(real.entries)
    for here, _ in gap.places:
        for access in ACCESSES:
            in_force = [setting.in_registers(body.kind, body.state, dict(here.registers)) for body in bodies]
            places = [setting.seen(body.kind, state, here.va, access) for body, state in zip(bodies, in_force, strict=True)]
            *faults, source, target = evaluate([*(p.fault for p in places), *(p.address for p in places)], {}, default=True)
            if not any(faults):
                assert isinstance(source, int)
                assert isinstance(target, int)
                start, to = source // block * block, target // block * block
                held = {i for memory, first in ((guests, start), (real, to)) for i in _offsets(memory, first, block)}
                anew = held if guests.default == real.default else range(block)
                entries.update({to + i: guests.get(start + i) for i in anew})
    return ArrayValue(real.default, entries)


def _offsets(memory: ArrayValue, first: int, block: int) -> Iterator[int]:
    """Where a block of a memory holds something."""
    return (index - first for index in memory.entries if isinstance(index, int) and first <= index < first + block)


def _alike(world: World, question: Question, known: Mapping[str, Value]) -> Alike:
    setting, pool = world.setting, world.pool
    first, second = world.body(question.first), world.body(question.second)
    reading = setting.vmm_registers(GUEST)
    registers = {
        path: (second.state[path], first.state[path])
        for path, field in setting.fields.items()
        if path in reading and path not in setting.mode_paths and field.role is not Role.PLATFORM
        if second.state[path].op is Op.VAR and second.state[path].name == f"{second.name}.{path}"
    }
    shared = set(variables([term for body in world.bodies.values() for path, term in body.state.items() if path in setting.shared]))
    open_ = {variable for variable, _ in registers.values()}
    common: Likeness = {}
    for body in world.bodies.values():
        private = [term for path, term in body.state.items() if path not in setting.shared and path != CELLS]
        for variable in variables([*private, *body.picks.values()]):
            owner, _, rest = variable.name.partition(".")
            if variable not in shared and variable not in open_:
                name = f"{_LETTERS[world.body(owner).kind]}.{rest}" if owner in world.bodies else variable.name
                common[variable] = pool.value(variable.sort, known.get(name, default_value(variable.sort)))
    if setting.memory is not None:
        memory = first.state[setting.memory]
        common.pop(memory, None)
        common[second.state[setting.memory]] = memory
    values = substitute(pool, [value for _, value in registers.values()], common)
    alike = zip(registers.items(), values, strict=True)
    return Alike(common, {path: (variable, value) for (path, (variable, _)), value in alike})


_LETTERS = {GUEST: "g", REAL: "r"}
"""What the states of a world of two are called."""
