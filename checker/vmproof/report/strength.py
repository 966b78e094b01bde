"""What `vmproof mutate` reports: for each theorem the mutants that it does not notice, in their source, and a score."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vmproof.report.layout import Block, Cell, Gap, Heading, Paragraph, Table, Tone, row
from vmproof.theorems.strength import Fate, Strength, Tried

SCHEMA = 2

_SHOWN = {Fate.SURVIVED: Tone.BAD, Fate.UNDECIDED: Tone.OPEN, Fate.EQUIVALENT: Tone.DIM}
_BROKEN = (
    "Broken: a step leads from a state in which all that is claimed holds to one in which it does not. Whether that state is reachable "
    "is not known: the proof notices the change, and the claim may still be true."
)


def heading(strength: Strength) -> list[Block]:
    """Which theorem it is."""
    return [Heading(strength.theorem.name, strength.theorem.claim)]


def tried_blocks(item: Tried) -> list[Block]:
    """A mutant that is not noticed, with its lines; nothing for one that is."""
    mutant, tone = item.mutant, _SHOWN.get(item.fate)
    if tone is None:
        return []
    reason = f" ({item.outcome.reason})" if item.fate is Fate.UNDECIDED and item.outcome.reason else ""
    lines = [row("-", Cell(mutant.before, Tone.DIM)), row("+", mutant.after)]
    where = f"{_file(mutant.path)}:{mutant.line}  {mutant.operator} in {mutant.function}{reason}"
    return [Gap(), Paragraph(where, label=item.fate.value, tone=tone), Table(tuple(lines), indent=4)]


def summary_blocks(strength: Strength) -> list[Block]:
    """The score, how many mutants there are of each fate, and how many were not tried."""
    tone = Tone.GOOD if not strength.count(Fate.SURVIVED) and not strength.count(Fate.UNDECIDED) else Tone.BAD
    blocks: list[Block] = [Gap(), Paragraph(f"{_score(strength)}{_counts(strength)}.", tone=tone)]
    if strength.count(Fate.BROKEN):
        blocks.append(Paragraph(_BROKEN, tone=Tone.DIM))
    if strength.sample is not None:
        drawn = f"{strength.wanted} of {strength.total} mutants, drawn with seed {strength.sample.seed}."
        blocks.append(Paragraph(drawn, tone=Tone.OPEN))
    if strength.untried:
        blocks.append(Paragraph(f"{len(strength.tried)} of {strength.wanted} mutants were tried.", tone=Tone.OPEN))
    return [*blocks, Gap()]


def _score(strength: Strength) -> str:
    score, broken = strength.score, strength.count(Fate.BROKEN)
    if score is None:
        return ""
    parts = f" ({strength.count(Fate.KILLED) / strength.counted:.1%} killed, {broken / strength.counted:.1%} broken)" if broken else ""
    return f"score {score:.1%}{parts}: "


def _counts(strength: Strength) -> str:
    counts = ", ".join(f"{strength.count(fate)} {fate.value}" for fate in Fate if strength.count(fate))
    return counts or ("there are no mutants" if not strength.wanted else "nothing is decided")


def _file(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def document(found: Sequence[Strength]) -> dict[str, Any]:
    """The JSON object that follows `mutate.schema.json`."""
    return {"schema": SCHEMA, "theorems": [_theorem(item) for item in found]}


def _theorem(strength: Strength) -> dict[str, Any]:
    sample = strength.sample
    return {
        "name": strength.theorem.name,
        "claim": strength.theorem.claim,
        "score": None if strength.score is None else round(strength.score, 4),
        **{fate.value: strength.count(fate) for fate in Fate},
        "total": strength.total,
        "untried": strength.untried,
        "seed": sample.seed if sample is not None else None,
        "mutants": [_json(item) for item in strength.tried],
    }


def _json(item: Tried) -> dict[str, Any]:
    mutant = item.mutant
    return {
        "name": mutant.name,
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
