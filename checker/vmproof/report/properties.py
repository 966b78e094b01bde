"""What `vmproof mc` found out about the properties of a system: one line each, then the traces; and the JSON form of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vmproof.engines.verdict import Verdict
from vmproof.report.layout import Block, Cell, Gap, Heading, Paragraph, Table, Tone, row
from vmproof.report.traces import assignments, trace_blocks
from vmproof.theorems.deciding import DEFAULT_SIZE, Found, sizes_text
from vmproof.theorems.theorem import RELATING

SCHEMA = 1
"""Grows when a reader of an older document would misunderstand a new one."""

TONES = {
    Verdict.PROVED: Tone.GOOD,
    Verdict.HOLDS_UP_TO: Tone.OPEN,
    Verdict.REFUTED: Tone.BAD,
    Verdict.VACUOUS: Tone.OPEN,
    Verdict.UNKNOWN: Tone.OPEN,
    Verdict.ERROR: Tone.BAD,
}


def document(found: Sequence[Found], stuck: Found) -> dict[str, Any]:
    """The JSON object that follows `mc.schema.json`; `stuck` says whether every reachable state has a successor."""
    ended = {name: value for name, value in stuck.to_json().items() if name in _OF_STUCK}
    return {"schema": SCHEMA, "properties": [item.to_json() for item in found], "stuck": ended}


_OF_STUCK = ("verdict", "engine", "seconds", "reason", "sizes", "states", "trace")


def stuck_blocks(stuck: Found) -> list[Block]:
    """The line that says whether an execution can end, and the shortest one that does."""
    sizes = f" (with {sizes_text(stuck.sizes)})" if stuck.sizes else ""
    match stuck.verdict:
        case Verdict.PROVED:
            every = "every reachable state" if stuck.states is None else f"each of the {stuck.states:,} states"
            return [Gap(), Paragraph(f"no: in {every} some action is possible{sizes}.", label="stuck")]
        case Verdict.REFUTED if stuck.trace is not None:
            steps = len(stuck.trace.steps)
            after = "initially" if not steps else f"after {steps} {'step' if steps == 1 else 'steps'}"
            said = Paragraph(f"{after} no action is possible, and the execution ends{sizes}:", label="stuck", tone=Tone.OPEN)
            return [Gap(), said, *trace_blocks(stuck.trace, 4)]
        case Verdict.VACUOUS:
            return [Gap(), Paragraph("there is no initial state.", label="stuck")]
    return [Gap(), Paragraph(f"{stuck.verdict.text}: {stuck.reason}{sizes}.", label="stuck")]


def property_blocks(system: str, title: str, found: Sequence[Found], assumed: bool) -> list[Block]:
    """One line for each property, then a paragraph for each that is not simply proved. `assumed`: nobody gave the sizes."""
    rows = [
        row(
            item.name,
            Cell(verdict_text(item.verdict, item.bound), TONES[item.verdict]),
            item.engine,
            f"{item.seconds:.2f} s",
            _scope(item),
        )
        for item in found
    ]
    blocks: list[Block] = [Heading(system, title), Gap(), Table(tuple(rows), ("property", "verdict", "engine", "", ""))]
    sized = next((item for item in found if item.sizes), None)
    if sized is not None and assumed:
        asked = f"--size {next(iter(sized.sizes))}={DEFAULT_SIZE + 1}"
        blocks += [Gap(), Paragraph(f"Sizes that nobody gave are {DEFAULT_SIZE}: {sizes_text(sized.sizes)}. {asked} asks for another.")]
    for item in found:
        blocks += finding_blocks(item)
    return blocks


def finding_blocks(item: Found) -> list[Block]:
    """What there is to say of a property beyond its line: the reason, and the trace with the property's own sentence."""
    blocks: list[Block] = []
    if item.trace is not None:
        said = _TRACED.get((item.kind, item.verdict), "is decided by this execution")
        chosen = f" for {assignments(item.trace.parameters)}" if item.trace.parameters else ""
        sizes = f" (with {sizes_text(item.sizes)})" if item.sizes else ""
        tone = TONES[item.verdict]
        blocks += [Gap(), Paragraph(f"“{item.sentence}” {said}{chosen}{sizes}:", label=item.name, tone=tone), *trace_blocks(item.trace, 4)]
        if item.reason:
            blocks.append(Paragraph(f"{item.reason[0].upper()}{item.reason[1:]}.", indent=4))
    elif item.reason:
        blocks += [Gap(), Paragraph(f"“{item.sentence}”: {item.reason}.", label=item.name)]
    of_states = "action" in item.details or item.engine in RELATING
    if item.verdict is Verdict.UNKNOWN and item.details and of_states:
        said = "A counterexample to induction; the state it begins in need not be reachable, so it violates nothing:"
        blocks.append(Paragraph(said, indent=4))
        rows = [row(name, value) for name, value in item.details.items()]
        blocks.append(Table(tuple(rows), indent=4))
    return blocks


_TRACED = {
    ("invariant", Verdict.REFUTED): "is violated",
    ("reachable", Verdict.PROVED): "happens",
    ("eventually", Verdict.REFUTED): "never comes to hold",
}


def verdict_text(verdict: Verdict, bound: int | None) -> str:
    """The verdict as people read it; a bounded one never without its bound."""
    if verdict is Verdict.HOLDS_UP_TO:
        return f"holds up to {bound} {'step' if bound == 1 else 'steps'}"
    return verdict.text


def _scope(item: Found) -> str:
    parts = []
    if item.trace is not None:
        parts.append(f"{len(item.trace.steps)} {'step' if len(item.trace.steps) == 1 else 'steps'}")
    if item.states is not None:
        parts.append(f"{item.states:,} states")
    if item.sizes:
        parts.append(f"with {sizes_text(item.sizes)}")
    return ", ".join(parts)
