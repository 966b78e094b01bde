"""Small machines for tests of the language: a frame into which a test puts what it is about, and one instruction run on numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from vmproof.errors import InputError
from vmproof.language import Description, Outcome, lint, load_text
from vmproof.terms import ArrayValue, BoolSort, Value, evaluate

FRAME = """\
from vmproof.lang import *
class Mode(Enum):
    user = 0
    system = 1
    machine = 3
class Cause(Enum):
    privileged = 0
    memory = 1
    call = 2
class Status(Layout[8]):
    C: 0
    V: 1
    IPM: (4, 2) = role.control
    M: field(7, 6, Mode)
class Entry(Record):
    valid: bool
    frame: bits[4]
class Machine(State):
    pc: bits[8]
    r: array[bits[2], bits[8]]
    a: bits[8]
    b: bits[8]
    w: bits[16]
    flag: bool
    sr: Status
    table: array[bits[2], Entry]
    grid: array[(Mode, bits[2]), bits[8]]
    mode: Mode = role.mode(least=Mode.user)
    bound: bits[8] = role.control
    mem: memory[bits[8], bits[8]]
@translation
def window(m: Machine, va: bits[8], access: Access):
    if va >= m.bound:
        trap(Cause.memory, va)
    return va
@fetch
def next_word(m):
    return m.load(m.pc)
@trap_entry
def enter(m, cause: Cause, value: bits[8]):
    m.pc = 64
"""
START: dict[str, Value] = {
    "pc": 10, "r": ArrayValue(0, {1: 11, 2: 22, 3: 33}), "a": 5, "b": 7, "w": 0x1234, "flag": True, "bound": 200, "mode": 0,
    "mem": ArrayValue(0, {20: 0xAA, 21: 0xBB, 22: 0xCC, 199: 0x11, 200: 0x22}),
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What one run came to: the cause of the trap, or None, and the state after it (before its entry)."""

    trap: int | None
    value: int | None
    memory_trap: bool
    state: Mapping[str, Value]
    waits: bool
    unpredictable: bool
    events: tuple[tuple[str, int, int], ...]

    def __getitem__(self, path: str) -> Value:
        return self.state[path]

    def r(self, index: int) -> Value:
        return cell(self.state["r"], index)

    def mem(self, address: int) -> Value:
        return cell(self.state["mem"], address)


def cell(array: Value, index: int) -> Value:
    assert isinstance(array, ArrayValue)
    return array.get(index)


def described(text: str, frame: str = FRAME) -> Description:
    """The frame with more text after it."""
    return load_text(frame + textwrap.dedent(text), Path("machine.py"))


def instruction(body: str, before: str = "") -> Description:
    """The frame with one instruction `it` whose body is given."""
    inner = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return described(f'{textwrap.dedent(before)}\n@instruction("0000 0000")\ndef it(m):\n{inner}\n')


def outcome(description: Description, name: str = "it") -> Outcome:
    item = description.instruction(name)
    assert item is not None
    return description.execute(item, description.fresh("s"), description.operands(item))


def run(
    description: Description, given: Mapping[str, Value] | None = None, name: str = "it", operands: Mapping[str, int] | None = None
) -> Result:
    """Execute an instruction symbolically and evaluate the outcome for a state; registers that are not given are `START`'s, else 0."""
    item = description.instruction(name)
    assert item is not None
    pool = description.pool
    state = description.fresh("s")
    terms = description.operands(item)
    values: dict[str, Value] = {**START, **(given or {})}
    env = {state[path]: value for path, value in values.items() if path in state}
    env |= {terms[key]: value for key, value in (operands or {}).items()}
    done = description.execute(item, state, terms)
    guards = evaluate([done.completes, done.unpredictable, *(trap.guard for trap in done.traps)], env, default=True)
    assert sum(map(bool, guards)) <= 1, "the ways to end exclude one another"
    happened = [trap for trap, guard in zip(done.traps, guards[2:], strict=True) if guard]
    final = happened[0].state if happened else done.state
    shown = evaluate(list(final.values()), env, default=True)
    cause = value = None
    if happened and happened[0].cause is not None:
        cause = int_of(evaluate([happened[0].cause], env, default=True)[0])
    if happened and happened[0].value is not None:
        value = int_of(evaluate([happened[0].value[""]], env, default=True)[0])
    events = []
    for event in done.events:
        guard, address, content = evaluate([event.guard, event.address, event.value], env, default=True)
        if guard:
            events.append((event.kind, int_of(address), int_of(content)))
    assert pool.true.sort == BoolSort()
    return Result(
        cause,
        value,
        bool(happened) and happened[0].memory,
        dict(zip(final, shown, strict=True)),
        bool(evaluate([done.waits], env, default=True)[0]),
        bool(guards[1]),
        tuple(events),
    )


def int_of(value: Value) -> int:
    assert isinstance(value, int)
    return int(value)


def mistake(text: str, frame: str = FRAME) -> str:
    """The first mistake in the frame with this text: its message and hint, without the place."""
    with pytest.raises(InputError) as caught:
        _read_all(text, frame)
    problem = caught.value
    return problem.message + (f"; {problem.hint}" if problem.hint else "")


def _read_all(text: str, frame: str) -> None:
    """Read the description, and every body and predicate in it."""
    description = described(text, frame)
    state = description.fresh("s")
    description.legal(state)
    for item in description.instructions:
        description.execute(item, state, description.operands(item))
    for scenario in description.scenarios:
        picks = {name: description.pool.var(name, sort) for name, sort in scenario.picks}
        description.host(scenario, description.fresh("real"), description.fresh("guest"), picks)


def wrong(body: str, before: str = "") -> str:
    """The mistake in the body of an instruction."""
    inner = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return mistake(f'{textwrap.dedent(before)}\n@instruction("0000 0000")\ndef it(m):\n{inner}\n')


def linted(text: str, folder: Path, frame: str = FRAME) -> list[str]:
    """What `lint` says of the frame with this text; lines count from the beginning of the text."""
    path = folder / "machine.py"
    path.write_text(frame + textwrap.dedent(text), encoding="utf-8")
    skipped = frame.count("\n")
    found = []
    for problem in lint(path):
        assert problem.place is not None
        hint = f"; {problem.hint}" if problem.hint else ""
        found.append(f"{problem.place.line - skipped}:{problem.place.column}: {problem.message}{hint}")
    return found
