"""What `vmproof mutate` reports: for each theorem the mutants that it does not notice, in their source, and a score."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vmproof.report.layout import Block, Cell, Gap, Heading, Paragraph, Table, Tone, row
from vmproof.theorems.strength import Fate, Strength, Tried

SCHEMA = 1

_SHOWN = {Fate.SURVIVED: Tone.BAD, Fate.UNDECIDED: Tone.OPEN, Fate.EQUIVALENT: Tone.DIM}


def strength_blocks(strength: Strength) -> list[Block]:
    """The mutants that survive, with their lines; then how many there are of each fate."""
    blocks: list[Block] = [Heading(strength.theorem.name, strength.theorem.claim)]
    for fate, tone in _SHOWN.items():
        for item in strength.tried:
            if item.fate is fate:
                blocks += _mutant(item, tone)
    counts = ", ".join(f"{strength.count(fate)} {fate.value}" for fate in Fate if strength.count(fate))
    score = strength.score
    said = f"score {score:.0%}: " if score is not None else ""
    tone = Tone.GOOD if not strength.count(Fate.SURVIVED) and not strength.count(Fate.UNDECIDED) else Tone.BAD
    return [*blocks, Gap(), Paragraph(f"{said}{counts or 'there are no mutants'}.", tone=tone), Gap()]


def _mutant(item: Tried, tone: Tone) -> list[Block]:
    mutant = item.mutant
    lines = [row("-", Cell(mutant.before, Tone.DIM)), row("+", mutant.after)]
    return [
        Gap(),
        Paragraph(f"{_file(mutant.path)}:{mutant.line}  {mutant.operator} in {mutant.function}", label=item.fate.value, tone=tone),
        Table(tuple(lines), indent=4),
    ]


def _file(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def document(found: Sequence[Strength]) -> dict[str, Any]:
    """The JSON object that follows `mutate.schema.json`."""
    return {"schema": SCHEMA, "theorems": [_theorem(item) for item in found]}


def _theorem(strength: Strength) -> dict[str, Any]:
    return {
        "name": strength.theorem.name,
        "claim": strength.theorem.claim,
        "score": None if strength.score is None else round(strength.score, 4),
        **{fate.value: strength.count(fate) for fate in Fate},
        "mutants": [_json(item) for item in strength.tried],
    }


def _json(item: Tried) -> dict[str, Any]:
    mutant = item.mutant
    return {
        "file": _file(mutant.path),
        "line": mutant.line,
        "function": mutant.function,
        "operator": mutant.operator,
        "before": mutant.before,
        "after": mutant.after,
        "fate": item.fate.value,
        "verdict": item.outcome.verdict.value,
        "reason": item.outcome.reason,
    }
