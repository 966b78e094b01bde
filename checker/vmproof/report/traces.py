"""Traces on the terminal: the first state in few lines, then each step with its action, its parameters, and what it changed."""

from __future__ import annotations

from collections.abc import Mapping

from vmproof.formats.naming import Plain
from vmproof.formats.trace import ShownTrace
from vmproof.report.layout import Block, Cell, Paragraph, Table, Tone, row

_LARGE = 256
"""Numbers from here on are written in hexadecimal: they are words, not counts."""


def trace_blocks(trace: ShownTrace, indent: int = 2) -> list[Block]:
    """The trace, step by step. Nothing that stayed as it was is shown twice."""
    rows = [row(Cell("0", Tone.DIM), Cell("initially", Tone.STRONG))]
    rows += [_setting(name, value) for name, value in trace.initial.items()]
    for number, step in enumerate(trace.steps, 1):
        rows.append(row(Cell(str(number), Tone.DIM), Cell(call_text(step.action, step.parameters), Tone.STRONG)))
        changes = step.changes.items()
        rows += [row("", f"  {name}: {value_text(before)} → {value_text(after)}") for name, (before, after) in changes]
        if not step.changes:
            rows.append(row("", Cell("  (nothing changes)", Tone.DIM)))
    blocks: list[Block] = [Table(tuple(rows), indent=indent)]
    if trace.loop is not None:
        again = "the first state" if trace.loop == 0 else f"the state after step {trace.loop}"
        blocks.append(Paragraph(f"and from there on again: this is {again}.", indent=indent + 3))
    if trace.stuck:
        blocks.append(Paragraph("and no action is possible any more.", indent=indent + 3))
    return blocks


def call_text(action: str, parameters: Mapping[str, Plain]) -> str:
    """An action with its parameters: map_page(pid = Pid0, frame = Frame1)."""
    return f"{action}({assignments(parameters)})" if parameters else action


def assignments(values: Mapping[str, Plain]) -> str:
    """Values by name: pid = Pid0, frame = Frame1."""
    return ", ".join(f"{name} = {value_text(value)}" for name, value in values.items())


def value_text(value: Plain) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value >= _LARGE:
        return f"{value:#x}"
    return str(value)


def _setting(name: str, value: Plain) -> tuple[Cell, ...]:
    return row("", f"  {name} = {value_text(value)}")
