"""From a replayed candidate to a witness that people can read and machines can replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmproof.language import CELLS, Instruction
from vmproof.language.assembly import render
from vmproof.language.patterns import PatternError
from vmproof.terms import ArrayValue, Term, Value, evaluate
from vmproof.virtualize.decide import Candidate
from vmproof.virtualize.effects import PROBE_PA, PROBE_VA
from vmproof.virtualize.runs import Executions, Run
from vmproof.virtualize.sentences import sentence
from vmproof.virtualize.setting import GUEST, REAL, Setting
from vmproof.virtualize.witness import Side, Witness
from vmproof.virtualize.world import Body, World


def witness(executions: Executions, candidate: Candidate, prop: str | None = None) -> Witness:
    """The witness of a candidate for a property (that of its question, unless given)."""
    setting = executions.setting
    question, instruction = candidate.question, candidate.instruction
    operands = dict(candidate.operands)
    values = {name: number(term) for name, term in operands.items()}
    runs = {name: executions.concrete(instruction, candidate.world.body(name), operands) for name in (question.first, question.second)}
    environment = candidate.environment
    sides = [_side(setting, candidate.world, runs[name], environment) for name in (question.first, question.second)]
    first, second = (candidate.world.body(name) for name in (question.first, question.second))
    related = first.partner == second.name or second.partner == first.name
    carrier = second if second.partner == first.name else first if first.partner == second.name else None
    name = prop or question.name
    encoding, assembly = encoded(instruction, values)
    return Witness(
        machine=setting.description.name,
        scenario=setting.scenario.name,
        instruction=instruction.name,
        property=name,
        reason=sentence(setting, question.name, candidate.labels, first, second),
        encoding=encoding,
        assembly=assembly,
        operands=values,
        picks={} if carrier is None else {pick: number(term) for pick, term in carrier.picks.items()},
        choices=_choices(environment),
        first=sides[0],
        second=sides[1],
        differences=tuple(_differences(setting, runs[question.first], runs[question.second], sides, environment)),
        related=related,
        host=dict(setting.fixed),
        question=question.name,
        states=(question.first, question.second),
        promoted=tuple(sorted(setting.promoted)),
        partial=setting.partial,
    )


def encoded(instruction: Instruction, values: Mapping[str, int]) -> tuple[str, str]:
    """The instruction's bits, most significant first, in hexadecimal (in binary where they are no whole digits), and its assembly text."""
    try:
        stream, bits = instruction.encoding.assemble(values)
        word = instruction.encoding.number(stream, bits)
        digits = f"{word:0{bits // 4}x}" if bits % 4 == 0 else f"0b{word:0{bits}b}"
    except PatternError:
        digits = ""
    return digits, render(instruction.asm, instruction.name, instruction.encoding, values)


def number(term: Term) -> int:
    """The value of a constant scalar."""
    value = term.value
    return int(value) if not isinstance(value, ArrayValue) else 0


def plain(setting: Setting, body: Body) -> dict[str, Any]:
    """A state of constants as plain values; arrays as a default and the entries that differ from it."""
    paths = [path for path in body.state if path != CELLS]
    found = evaluate([body.state[path] for path in paths], {}, default=True)
    return {path: shown(value) for path, value in zip(paths, found, strict=True)}


def shown(value: Value) -> Any:
    """A value as JSON has it."""
    if isinstance(value, ArrayValue):
        return {
            "default": shown(value.default),
            **{index: shown(value.entries[index]) for index in sorted(int(i) for i in value.entries if not isinstance(i, ArrayValue))},
        }
    return int(value)


def value_text(setting: Setting, path: str, value: Any) -> str:
    """A value as people read it: a member's name, or a number in hexadecimal from ten on."""
    field = setting.fields.get(path)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {value_text(setting, path, item)}" for key, item in value.items()) + "}"
    if field is not None and field.enum is not None:
        return field.enum.name_of(int(value))
    return str(value) if -10 < int(value) < 10 else hex(int(value))


def _choices(environment: Mapping[Term, Value]) -> dict[str, int]:
    """The values of choices and probes, which a replay needs."""
    kept = ("choice.", "anyhow.", PROBE_VA, PROBE_PA)
    return {
        variable.name: int(value)
        for variable, value in environment.items()
        if variable.name.startswith(kept) and not isinstance(value, ArrayValue)
    }


def _side(setting: Setting, world: World, run: Run, environment: Mapping[Term, Value]) -> Side:
    body = run.body
    outcome, cause, state = ended(setting, run, environment)
    before = plain(setting, body)
    paths = [path for path in state if path in setting.fields]
    after = dict(zip(paths, (shown(v) for v in evaluate([state[path] for path in paths], environment, default=True)), strict=True))
    partners = [other for other in world.bodies.values() if other.partner == body.name or body.partner == other.name]
    partner = partners[0] if partners else None
    carrier = body if body.kind != GUEST else partner
    return Side(
        kind=body.kind,
        state=before,
        outcome=outcome,
        cause=cause,
        after={path: value for path, value in after.items() if value != before[path]},
        partner=None if partner is None else plain(setting, partner),
        partner_picks={} if carrier is None else {pick: number(term) for pick, term in carrier.picks.items()},
    )


def ended(setting: Setting, run: Run, environment: Mapping[Term, Value]) -> tuple[str, str | None, Mapping[str, Term]]:
    """How a concrete run ended: the outcome, the trap's cause by name, and the terms of the state after."""
    trapped = run.traps
    flags = evaluate([run.plain, run.waits, run.wild, *(trap.guard for trap in trapped)], environment, default=True)
    for trap, happened in zip(trapped, flags[3:], strict=True):
        if happened is True:
            cause = None
            kind = setting.description.machine.cause_type
            if trap.cause is not None and kind is not None:
                [code] = evaluate([trap.cause], environment, default=True)
                cause = kind.name_of(int(code) if not isinstance(code, ArrayValue) else 0)
            return "memory trap" if trap.memory else "traps", cause, trap.state
    if flags[2] is True:
        return "unpredictable", None, run.body.state
    if flags[1] is True:
        return "waits", None, run.state
    return "completes", None, run.state


def _differences(
    setting: Setting, first: Run, second: Run, sides: list[Side], environment: Mapping[Term, Value]
) -> list[tuple[str, str, str]]:
    """What the two executions show differently: the outcome, then user fields and the guest's own, then what only one of them changed."""
    one, other = sides
    found: list[tuple[str, str, str]] = []
    if (one.outcome, one.cause) != (other.outcome, other.cause):
        found.append(("outcome", _outcome(one), _outcome(other)))
    here, there = ({**side.state, **side.after} for side in sides)
    own = {} if one.kind == other.kind else (setting.own if one.kind == GUEST else {real: guest for guest, real in setting.own.items()})
    if one.outcome == other.outcome:
        for path in (*setting.user, *setting.owned(one.kind)):
            found += _compared(setting, path, here[path], there[own.get(path, path)])
        if PROBE_VA in {variable.name for variable in environment}:
            found += _probed(setting, first, second, environment)
    for path in dict.fromkeys((*setting.mode_paths, *setting.control(GUEST), *setting.control(REAL))):
        changes = [_change(setting, run.body.kind, side, path) for side, run in zip(sides, (first, second), strict=True)]
        if any(changes):
            found.append((path, changes[0] or "unchanged", changes[1] or "unchanged"))
    return found


def _change(setting: Setting, kind: str, side: Side, path: str) -> str:
    """How a completed execution changed a field that is not the guest's own; empty where it did not."""
    if side.outcome not in ("completes", "waits") or path not in side.after or path in setting.owned(kind):
        return ""
    return f"{value_text(setting, path, side.state[path])} -> {value_text(setting, path, side.after[path])}"


def _outcome(side: Side) -> str:
    return side.outcome if side.cause is None else f"{side.outcome} ({side.cause})"


def _compared(setting: Setting, path: str, one: Any, other: Any) -> list[tuple[str, str, str]]:
    if one == other:
        return []
    if not isinstance(one, Mapping):
        return [(path, value_text(setting, path, one), value_text(setting, path, other))]
    indices = [index for index in dict.fromkeys((*one, *other)) if index != "default"]
    return [
        (
            f"{path}[{index}]",
            value_text(setting, path, one.get(index, one["default"])),
            value_text(setting, path, other.get(index, other["default"])),
        )
        for index in sorted(indices)
        if one.get(index, one["default"]) != other.get(index, other["default"])
    ]


def _probed(setting: Setting, first: Run, second: Run, environment: Mapping[Term, Value]) -> list[tuple[str, str, str]]:
    """The address at which the views after the two executions differ."""
    if setting.memory is None:
        return []
    pool = setting.pool
    [at] = [value for variable, value in environment.items() if variable.name == PROBE_VA]
    va = pool.value(setting.va_sort, at)
    texts = []
    for run in (first, second):
        _, _, state = ended(setting, run, environment)
        place = setting.translate(dict(state), va, 0)
        fault, content = evaluate([place.fault, pool.select(state[setting.memory], place.address)], environment, default=True)
        texts.append("no access" if fault is True else value_text(setting, setting.memory, shown(content)))
    return [(f"memory at address {value_text(setting, '', at)}", texts[0], texts[1])] if texts[0] != texts[1] else []
