"""Executing a witness again: the states are what they must be, and the instruction does on them what the witness says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vmproof.errors import InputError
from vmproof.language import Description, State
from vmproof.terms import ArraySort, ArrayValue, BoolSort, Sort, Term, Value, default_value, evaluate
from vmproof.virtualize.agreement import Agreement, Point
from vmproof.virtualize.decide import Candidate, holding
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.effects import PROBE_VA
from vmproof.virtualize.evidence import witness as evidence
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.setting import GUEST, REAL, Setting
from vmproof.virtualize.tiers import ConcreteTier
from vmproof.virtualize.witness import Side, Witness
from vmproof.virtualize.world import Body, World


@dataclass(frozen=True)
class Replayed:
    """What a replay found: whether the witness still shows its property, why not, and the witness with what was seen now."""

    confirmed: bool
    reason: str
    witness: Witness


def replay(description: Description, witness: Witness) -> Replayed:
    """Execute a witness with the concrete interpreter.

    Checks that the states are legal and related as the scenario says, equal in user part, the guest's own control and (at the addresses
    that matter) view, and that the property holds. Raises InputError where the witness is not of this description.
    """
    setting = _setting(description, witness)
    instruction = description.instruction(witness.instruction)
    if instruction is None:
        raise InputError(f"{description.path.name} has no instruction `{witness.instruction}`")
    world = _world(setting, witness)
    pool = setting.pool
    executions = Executions(setting)
    operands: dict[str, Term] = {}
    for name, sort in instruction.variables:
        if name not in witness.operands:
            raise InputError(f"the witness gives no value for the operand `{name}` of {instruction.name}")
        operands[name] = pool.value(sort, _value(sort, witness.operands[name], name))
    values: dict[Term, Value] = {}
    if PROBE_VA in witness.choices:
        values[pool.var(PROBE_VA, setting.va_sort)] = int(witness.choices[PROBE_VA])

    def lookup(variable: Term) -> Value:
        """The value of a choice or a probe."""
        given = witness.choices.get(variable.name)
        values[variable] = default_value(variable.sort) if given is None else _value(variable.sort, given, variable.name)
        return values[variable]

    wrong = _wrong(setting, world, witness)
    if wrong:
        return Replayed(False, wrong, witness)
    question = Question(witness.question, *witness.states)
    try:
        labels = holding(ConcreteTier(executions, world, instruction, operands), question, lookup)
    except KeyError:
        raise InputError(f"the witness speaks of an unknown property `{witness.question}`") from None
    if not labels:
        return Replayed(False, "the execution does not show the property", witness)
    seen = evidence(executions, Candidate(world, instruction, question, operands, values, labels), witness.property)
    if (seen.first.outcome, seen.second.outcome) != (witness.first.outcome, witness.second.outcome):
        return Replayed(False, "the executions end otherwise than the witness says", seen)
    return Replayed(True, "", seen)


def _setting(description: Description, witness: Witness) -> Setting:
    named = any(scenario.name == witness.scenario for scenario in description.scenarios)
    if not named and description.scenarios:
        raise InputError(f"{description.path.name} has no scenario `{witness.scenario}`")
    setting = Setting(description, description.scenario(witness.scenario if named else None)).fixing(witness.host)
    setting.promoted |= set(witness.promoted)
    setting.partial = witness.partial
    return setting


def _world(setting: Setting, witness: Witness) -> World:
    """The states of a witness with their partners, by the names that definitions use."""
    world = World(setting)
    sides = dict(zip(witness.states, (witness.first, witness.second), strict=True))
    for name, side in sides.items():
        partner = ("r" if side.kind == GUEST else "g") + name[1:]
        world.bodies[name] = _body(setting, name, side)
        if partner not in sides and side.partner is not None:
            other = REAL if side.kind == GUEST else GUEST
            world.bodies[partner] = Body(partner, other, _state(setting, side.partner))
    for name, body in list(world.bodies.items()):
        if body.kind == REAL:
            guest = "g" + name[1:]
            owner = sides.get(name) or sides.get(guest)
            given = owner.partner_picks if owner is not None else {}
            picks = {pick: setting.pool.value(sort, _value(sort, given.get(pick, 0), pick)) for pick, sort in setting.scenario.picks}
            world.bodies[name] = replace(body, partner=guest if guest in world.bodies else None, picks=picks)
    return world


def _body(setting: Setting, name: str, side: Side) -> Body:
    return Body(name, side.kind, _state(setting, side.state))


def _state(setting: Setting, values: Mapping[str, Any]) -> State:
    state: State = {}
    for path, field in setting.fields.items():
        if path not in values:
            raise InputError(f"the witness gives no value for `{path}`")
        state[path] = setting.pool.value(field.sort, _value(field.sort, values[path], path))
    return state


def _value(sort: Sort, given: Any, what: str) -> Value:
    try:
        if isinstance(sort, ArraySort):
            entries = {int(index): _value(sort.element, element, what) for index, element in given.items() if index != "default"}
            return ArrayValue(_value(sort.element, given["default"], what), entries)
        return bool(given) if isinstance(sort, BoolSort) else int(given)
    except (TypeError, ValueError, AttributeError, KeyError):
        raise InputError(f"the witness has no usable value for `{what}`") from None


def _wrong(setting: Setting, world: World, witness: Witness) -> str:
    """What is wrong with the states, before anything is executed; empty if nothing."""
    pool = setting.pool
    claims: list[tuple[Term, str]] = []
    for body in world.bodies.values():
        claims.append((setting.description.legal(body.state), f"the {body.kind} state is not legal"))
        if body.kind == GUEST:
            claims.append((setting.in_modes(body.state, setting.domain), "the guest's mode is none that the scenario runs"))
        if body.partner is not None:
            guest = world.bodies[body.partner].state
            modes = setting.real_mode(guest)
            right = pool.and_(*(pool.eq(body.state[path], mode) for path, mode in modes.items()))
            claims.append((right, "the real mode is not the one that the scenario runs the guest in"))
            held = setting.description.host(setting.scenario, body.state, guest, dict(body.picks))
            claims.append((held, "the VMM does not hold the real state for this guest"))
            own = pool.and_(*(pool.eq(guest[mine], body.state[its]) for mine, its in setting.own.items() if witness.question != "timing"))
            claims.append((own, "the guest's own control is not equal in both states"))
    bodies = list(world.bodies.values())
    if witness.question != "lost":
        for body in bodies[1:]:
            same = pool.and_(*(pool.eq(bodies[0].state[path], body.state[path]) for path in setting.user))
            claims.append((same, "the user parts of the states differ"))
        probe = witness.choices.get(PROBE_VA)
        places = [Point(pool.value(setting.va_sort, probe), ())] if probe is not None else []
        claims += [(claim, "the views of the states differ") for claim in Agreement(world).at(places)]
    found = evaluate([claim for claim, _ in claims], {}, default=True)
    return next((reason for (_, reason), holds in zip(claims, found, strict=True) if holds is not True), "")
