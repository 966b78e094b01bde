"""Traces as value change dumps (IEEE 1364-2005, clause 18), which GTKWave and other waveform viewers open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vmproof.engines.replay import states_of
from vmproof.engines.result import Trace
from vmproof.formats.naming import Cell, Naming, Plain
from vmproof.language.types import BitsType, BoolType
from vmproof.terms import Value

_FIRST, _LAST = 33, 126  # the characters of identifiers


def vcd(naming: Naming, trace: Trace) -> str:
    """The trace as text: one time unit for each step, one signal for each scalar, and `action` with what happened last.

    Truth values and words are wires; members of enumerations and elements of types are strings, an extension that GTKWave reads.
    """
    known = naming.constants(trace.initial)
    states = states_of(trace)
    table: dict[str, Cell] = {}
    for state in states:  # of a large array, elements are listed where they differ from the default
        table.update((cell.text, cell) for cell, _ in naming.cells(state, known))
    signals = {name: _identifier(number + 1) for number, name in enumerate(table)}
    action = _identifier(0)
    lines = ["$comment a trace of", _word(naming.system), "$end", "$timescale 1 ns $end", f"$scope module {_word(naming.system)} $end"]
    lines.append(f"$var string 1 {action} action $end")
    lines += [f"$var {_kind(cell)} {signals[name]} {_word(name)} $end" for name, cell in table.items()]
    lines += ["$upscope $end", "$enddefinitions $end"]
    held: dict[str, str] = {}
    for time, state in enumerate(states):
        lines.append(f"#{time}")
        step = trace.steps[time - 1] if time else None
        chosen: Mapping[str, Plain] = naming.parameters(naming.actions[step.action], step.parameters, known) if step else {}
        inside = ",".join(f"{name}={value}" for name, value in chosen.items())
        lines.append(f"s{_word(f'{step.action}({inside})' if step else 'initial')} {action}")
        present = {cell.text: value for cell, value in naming.cells(state, known)}
        for name, cell in table.items():
            text = _change(naming, cell, present.get(name, 0), known, signals[name])
            if held.get(name) != text:
                held[name] = text
                lines.append(text)
    lines.append(f"#{len(states)}")
    return "\n".join(lines) + "\n"


def _kind(cell: Cell) -> str:
    match cell.leaf.type:
        case BoolType():
            return "wire 1"
        case BitsType(width):
            return f"wire {width}"
    return "string 1"


def _change(naming: Naming, cell: Cell, value: Value, known: Mapping[tuple[str, int], str], signal: str) -> str:
    match cell.leaf.type:
        case BoolType():
            return f"{int(bool(value))}{signal}"
        case BitsType():
            assert isinstance(value, int)
            return f"b{int(value):b} {signal}"
    name = naming.plain(cell.leaf.type, value, {} if cell.leaf.rigid else known)
    return f"s{_word(str(name))} {signal}"


def _identifier(number: int) -> str:
    return "".join(_digits(number))


def _digits(number: int) -> Iterator[str]:
    base = _LAST - _FIRST + 1
    while True:
        number, digit = divmod(number, base)
        yield chr(_FIRST + digit)
        if number == 0:
            return
        number -= 1


def _word(text: str) -> str:
    """A name without blanks, which would end it, and with round brackets: viewers take square ones for ranges of bits."""
    return text.replace(", ", ",").replace(" ", "_").replace("[", "(").replace("]", ")")
