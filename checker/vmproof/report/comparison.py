"""Several machines side by side: their theorems, and the instructions on which they differ."""

from __future__ import annotations

from collections.abc import Sequence

from vmproof.report.judgement import TONES, extent, listing, obstacles, summary, words
from vmproof.report.layout import Block, Cell, Gap, Heading, Table, Tone, row
from vmproof.virtualize.result import THEOREMS, Answer, Judgement

ABSENT = "-"


def comparison_blocks(judgements: Sequence[Judgement]) -> list[Block]:
    """A table of theorems by machine, what stands in the way of each, and what differs between them."""
    names = [judgement.machine for judgement in judgements]
    rows = [row("scenario", *[judgement.scenario for judgement in judgements])]
    if any(judgement.not_judged for judgement in judgements):
        rows.append(row("judged", *[extent(judgement) for judgement in judgements]))
    for theorem in THEOREMS:
        found = [judgement.theorems.get(theorem) for judgement in judgements]
        rows.append(row(words(theorem), *[Cell(one.verdict.text, TONES[one.verdict]) if one else ABSENT for one in found]))
    rows.append(row("critical", *[_critical(judgement) for judgement in judgements]))
    blocks: list[Block] = [Table(tuple(rows), ("", *names))]
    blocks += differences(judgements)
    for judgement in judgements:
        for block in obstacles(judgement):
            blocks.append(Heading(judgement.machine, block.text) if isinstance(block, Heading) else block)
    return blocks


def _critical(judgement: Judgement) -> Cell:
    if judgement.critical:
        return Cell(listing(judgement.critical), Tone.BAD)
    return Cell("undecided", Tone.OPEN) if judgement.undecided else Cell("none", Tone.GOOD)


def differences(judgements: Sequence[Judgement]) -> list[Block]:
    """The instructions that are judged differently, or that only some of the machines have.

    Nothing for machines that have little in common: a difference is worth a line only between relatives.
    """
    tables = [{verdict.name: verdict for verdict in judgement.instructions} for judgement in judgements]
    names = list(dict.fromkeys(name for table in tables for name in table))
    shared = [name for name in names if all(name in table for table in tables)]
    if len(shared) * 2 < min(map(len, tables)):
        return []
    rows = []
    for name in names:
        verdicts = [table.get(name) for table in tables]
        texts = [summary(verdict) if verdict else ABSENT for verdict in verdicts]
        if len(set(texts)) > 1:
            cells = [
                Cell(text, Tone.BAD if verdict is not None and verdict.critical is Answer.YES else Tone.PLAIN)
                for text, verdict in zip(texts, verdicts, strict=True)
            ]
            rows.append(row(name, *cells))
    return [Gap(), Table(tuple(rows), ("what differs", *[judgement.machine for judgement in judgements]))] if rows else []
