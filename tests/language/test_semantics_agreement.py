"""Instruction bodies mean the same symbolically, on constants, and translated to plain Python (the reference of this test)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.machines import cell, instruction
from vmproof.language import Description
from vmproof.terms import ArrayValue, Term, Value, evaluate

# A program is a list of statements; both its text in the language and the reference are made from it.

OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: (a + b) & 255,
    "-": lambda a, b: (a - b) & 255,
    "*": lambda a, b: (a * b) & 255,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: (a << b) & 255,
    ">>": lambda a, b: a >> b,
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


class Left(Exception):
    """The reference's path has ended: a trap (cause, value, in translation), a return, a break or a continue."""

    def __init__(self, kind: str, *detail: Any) -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail


class Machine:
    """The reference: registers and memory as Python numbers; effects since the start, and the kept ones apart."""

    def __init__(self, start: dict[str, Any]) -> None:
        self.now: dict[str, Any] = {key: dict(value) if isinstance(value, dict) else value for key, value in start.items()}
        self.kept: dict[str, Any] = {key: dict(value) if isinstance(value, dict) else value for key, value in start.items()}
        self.keeping = 0
        self.events: list[tuple[str, int, int]] = []

    def write(self, name: str, value: int, index: int | None = None) -> None:
        for target in (self.now, self.kept) if self.keeping else (self.now,):
            if index is None:
                target[name] = value
            else:
                target[name][index] = value

    def translate(self, address: int) -> None:
        if address >= self.now["bound"]:
            raise Left("trap", 1, address, True)

    def load(self, address: int, cells: int = 1) -> int:
        places = [(address + offset) & 255 for offset in range(cells)]
        for place in places:
            self.translate(place)
        value = 0
        for offset, place in enumerate(places):
            found = self.now["mem"].get(place, 0)
            self.events.append(("load", place, found))
            value |= found << 8 * offset
        return value

    def store(self, address: int, value: int, cells: int) -> None:
        places = [(address + offset) & 255 for offset in range(cells)]
        for place in places:
            self.translate(place)
        for offset, place in enumerate(places):
            piece = value >> 8 * offset & 255
            self.write("mem", piece, place)
            self.events.append(("store", place, piece))


Code = tuple[str, Callable[[Machine, dict[str, int]], int]]
Test = tuple[str, Callable[[Machine, dict[str, int]], bool]]
Step = tuple[list[str], Callable[[Machine, dict[str, int]], None]]


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> Code:
    """A byte: its text and what it is."""
    kind = draw(st.integers(0, 8 if depth else 3))
    match kind:
        case 0:
            number = draw(st.integers(0, 255))
            return f"bits[8]({number})", lambda m, names: number
        case 1 | 2:
            name = draw(st.sampled_from(("a", "b", "bound")))
            return f"m.{name}", lambda m, names: m.now[name]
        case 3:
            index = draw(st.integers(0, 3))
            return f"m.r[{index}]", lambda m, names: m.now["r"].get(index, 0)
        case 4:
            text, inner = draw(expressions(depth - 1))
            return f"m.r[({text})[1:0]]", lambda m, names: m.now["r"].get(inner(m, names) & 3, 0)
        case 5:
            text, inner = draw(expressions(depth - 1))
            return f"m.load({text})", lambda m, names: m.load(inner(m, names))
        case 6:
            test, held = draw(conditions(depth - 1))
            text, inner = draw(expressions(depth - 1))
            other, outer = draw(expressions(depth - 1))
            return f"({text} if {test} else {other})", lambda m, names: inner(m, names) if held(m, names) else outer(m, names)
        case _:
            symbol = draw(st.sampled_from(sorted(OPERATORS)))
            text, inner = draw(expressions(depth - 1))
            other, outer = draw(expressions(depth - 1))
            return f"({text} {symbol} {other})", lambda m, names: OPERATORS[symbol](inner(m, names), outer(m, names))


@st.composite
def conditions(draw: st.DrawFn, depth: int = 1) -> Test:
    kind = draw(st.integers(0, 5 if depth else 1))
    match kind:
        case 0:
            return "m.flag", lambda m, names: bool(m.now["flag"])
        case 1 | 2:
            symbol = draw(st.sampled_from(sorted(COMPARISONS)))
            text, inner = draw(expressions(max(depth - 1, 0)))
            other, outer = draw(expressions(max(depth - 1, 0)))
            return f"({text} {symbol} {other})", lambda m, names: COMPARISONS[symbol](inner(m, names), outer(m, names))
        case 3:
            parts = [draw(expressions(0)) for _ in range(3)]
            text = " < ".join(part for part, _ in parts)

            def chained(m: Machine, names: dict[str, int]) -> bool:
                return parts[0][1](m, names) < (middle := parts[1][1](m, names)) and middle < parts[2][1](m, names)

            return f"({text})", chained
        case 4:
            text, held = draw(conditions(depth - 1))
            return f"(not {text})", lambda m, names: not held(m, names)
        case _:
            both = draw(st.booleans())
            text, one = draw(conditions(depth - 1))
            other, two = draw(conditions(depth - 1))
            if both:
                return f"({text} and {other})", lambda m, names: one(m, names) and two(m, names)
            return f"({text} or {other})", lambda m, names: one(m, names) or two(m, names)


def _sequence(steps: list[Step]) -> Callable[[Machine, dict[str, int]], None]:
    def go(m: Machine, names: dict[str, int]) -> None:
        for _, step in steps:
            step(m, names)

    return go


@st.composite
def blocks(draw: st.DrawFn, depth: int, loop: bool) -> Step:
    steps = [draw(statements(depth, loop)) for _ in range(draw(st.integers(1, 3)))]
    return [line for lines, _ in steps for line in lines], _sequence(steps)


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


@st.composite
def statements(draw: st.DrawFn, depth: int = 2, loop: bool = False) -> Step:
    """A statement: its lines and what it does."""
    kind = draw(
        st.sampled_from(("set", "set", "element", "flag", "bit", "store", "wide", "trap", "leave", "if", "if", "for", "kept", "if"))
    )
    if depth == 0 and kind in ("if", "for", "kept"):
        kind = "set"
    match kind:
        case "set":
            name = draw(st.sampled_from(("a", "b", "bound")))
            text, value = draw(expressions())
            return [f"m.{name} = {text}"], lambda m, names: m.write(name, value(m, names))
        case "element":
            at, place = draw(expressions(0))
            text, value = draw(expressions(1))

            def element(m: Machine, names: dict[str, int]) -> None:
                new = value(m, names)
                m.write("r", new, place(m, names) & 3)

            return [f"m.r[({at})[1:0]] = {text}"], element
        case "flag":
            text, held = draw(conditions())
            return [f"m.flag = {text}"], lambda m, names: m.write("flag", held(m, names))
        case "bit":
            bit = draw(st.integers(0, 7))
            text, held = draw(conditions(0))

            def set_bit(m: Machine, names: dict[str, int]) -> None:
                new = held(m, names)
                for target in (m.now, m.kept) if m.keeping else (m.now,):
                    target["a"] = target["a"] & ~(1 << bit) | new << bit

            return [f"m.a[{bit}] = {text}"], set_bit
        case "store" | "wide":
            at, place = draw(expressions(1))
            text, value = draw(expressions(1))
            if kind == "store":

                def store(m: Machine, names: dict[str, int]) -> None:
                    address = place(m, names)
                    m.store(address, value(m, names), 1)

                return [f"m.store({at}, {text})"], store

            def wide(m: Machine, names: dict[str, int]) -> None:
                address = place(m, names)
                low = value(m, names)
                m.store(address, m.now["b"] << 8 | low, 2)

            return [f"m.store({at}, cat(m.b, {text}))".replace("cat(m.b, ", "with_b(m, ")], wide
        case "trap":
            text, held = draw(conditions(0))
            number, value = draw(expressions(0))

            def trap(m: Machine, names: dict[str, int]) -> None:
                if held(m, names):
                    raise Left("trap", 2, value(m, names), False)

            return [f"if {text}:", f"    trap(Cause.call, {number})"], trap
        case "leave":
            text, held = draw(conditions(0))
            word = draw(st.sampled_from(("return", "break", "continue"))) if loop else "return"

            def leave(m: Machine, names: dict[str, int]) -> None:
                if held(m, names):
                    raise Left(word)

            return [f"if {text}:", f"    {word}"], leave
        case "if":
            text, held = draw(conditions())
            one, then = draw(blocks(depth - 1, loop))
            other, otherwise = draw(blocks(depth - 1, loop))

            def branch(m: Machine, names: dict[str, int]) -> None:
                (then if held(m, names) else otherwise)(m, names)

            return [f"if {text}:", *_indented(one), "else:", *_indented(other)], branch
        case "for":
            inner, body = draw(blocks(depth - 1, True))
            count = draw(st.integers(1, 3))

            def turns(m: Machine, names: dict[str, int]) -> None:
                for _ in range(count):
                    try:
                        body(m, names)
                    except Left as left:
                        if left.kind == "break":
                            break
                        if left.kind != "continue":
                            raise

            return [f"for i in range({count}):", *_indented(inner)], turns
        case _:
            inner, body = draw(blocks(depth - 1, loop))

            def kept(m: Machine, names: dict[str, int]) -> None:
                m.keeping += 1
                try:
                    body(m, names)
                finally:
                    m.keeping -= 1

            return ["with kept():", *_indented(inner)], kept


HELPERS = "def with_b(m, low):\n    return cat(m.b, low)\n"
BYTE = st.integers(0, 255)
STATES = st.fixed_dictionaries(
    {
        "a": BYTE, "b": BYTE, "bound": st.sampled_from((0, 100, 255)), "flag": st.booleans(),
        "r": st.dictionaries(st.integers(0, 3), BYTE), "mem": st.dictionaries(BYTE, BYTE, max_size=6),
    }
)  # fmt: skip


def _reference(body: Callable[[Machine, dict[str, int]], None], start: dict[str, Any]) -> tuple[Any, ...]:
    machine = Machine(start)
    try:
        body(machine, {})
    except Left as left:
        if left.kind == "trap":
            return left.detail, _plain(machine.kept), machine.events
    return None, _plain(machine.now), machine.events


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in state.items() if not isinstance(value, dict)}
    return (
        found
        | {f"r{index}": state["r"].get(index, 0) for index in range(4)}
        | {f"mem{index}": state["mem"].get(index, 0) for index in range(256)}
    )


def _executed(machine: Description, start: dict[str, Term], env: dict[Term, Value]) -> tuple[Any, ...]:
    item = machine.instruction("it")
    assert item is not None
    done = machine.execute(item, start, machine.operands(item))
    guards = evaluate([done.completes, *(trap.guard for trap in done.traps)], env, default=True)
    assert sum(map(bool, guards)) == 1
    happened = [trap for trap, guard in zip(done.traps, guards[1:], strict=True) if guard]
    state = happened[0].state if happened else done.state
    detail = None
    if happened:
        (trap,) = happened
        assert trap.cause is not None
        assert trap.value is not None
        detail = (*evaluate([trap.cause, trap.value[""]], env, default=True), trap.memory)
    names = ("a", "b", "bound", "flag", "r", "mem")
    values = dict(zip(names, evaluate([state[name] for name in names], env, default=True), strict=True))
    arrays = {f"r{index}": cell(values["r"], index) for index in range(4)} | {
        f"mem{index}": cell(values["mem"], index) for index in range(256)
    }
    events = [evaluate([event.guard, event.address, event.value], env, default=True) for event in done.events]
    happening = [(event.kind, at, value) for event, (guard, at, value) in zip(done.events, events, strict=True) if guard]
    return detail, {name: values[name] for name in names[:4]} | arrays, happening


@given(blocks(2, False), st.lists(STATES, min_size=1, max_size=3))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_body_means_the_same_everywhere(program: Step, starts: list[dict[str, Any]]) -> None:
    lines, body = program
    machine = instruction("\n".join(lines), HELPERS)
    pool = machine.pool
    free = machine.fresh("s")
    for start in starts:
        values = {key: ArrayValue(0, value) if isinstance(value, dict) else value for key, value in start.items()}
        wanted = _reference(body, start)
        symbolic = _executed(machine, free, {free[key]: value for key, value in values.items()})
        constant = _executed(machine, {**free, **{key: pool.value(free[key].sort, value) for key, value in values.items()}}, {})
        assert symbolic == constant
        assert symbolic == wanted
