"""`vmproof check`: judge one machine, or several side by side."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence

from vmproof.cli.choosing import again, chosen
from vmproof.cli.errors import show_input_error
from vmproof.cli.exits import Exit, judged, worst
from vmproof.cli.judging import judge_read
from vmproof.cli.reading import Read, read
from vmproof.cli.saving import WitnessFolder
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.report import write
from vmproof.report.comparison import comparison_blocks
from vmproof.report.document import document, text
from vmproof.report.judgement import judgement_blocks
from vmproof.report.layout import Block, Command, Gap, Paragraph, Table, Tone, row
from vmproof.report.progress import progress
from vmproof.virtualize import Judgement

MOST_EXPLAINED = 3
"""For so many instructions of a machine the command that explains them is printed."""

_WANTED = {"virtualizable": Verdict.PROVED, "not-virtualizable": Verdict.REFUTED}


def run(options: argparse.Namespace, command: str) -> Exit:
    """Judge every file, print what was found, and say which expectations were not met."""
    expected = _expectations(options)
    machines = _read_all(options.files)
    if machines is None:
        return Exit.INPUT
    selections = [chosen(one, options) for one in machines]
    folder = WitnessFolder(options.save) if options.save is not None else None
    judgements, timings = [], []
    for one, only in zip(machines, selections, strict=True):
        began = time.perf_counter()
        with progress(one.description.name, sys.stderr) as told:
            judgement = judge_read(one, options, told, only)
        judgements.append(judgement)
        timings.append({"reading": one.seconds, **judgement.timings, "total": one.seconds + time.perf_counter() - began})
        if folder is not None:
            folder.save(judgement, one.description.path)
    codes = [judged(judgement.theorems["virtualizable"].verdict, wanted) for judgement, wanted in zip(judgements, expected, strict=True)]
    if options.format == "json":
        sys.stdout.write(text([document(one, spent if options.timings else None) for one, spent in zip(judgements, timings, strict=True)]))
        return worst(codes)
    blocks: list[Block] = judgement_blocks(judgements[0], machines[0].title) if len(judgements) == 1 else comparison_blocks(judgements)
    if options.timings:
        blocks += [Gap(), _timing_table(judgements, timings)]
    if folder is not None:
        blocks += [Gap(), Paragraph(folder.summary())]
    for one, judgement, wanted, code in zip(machines, judgements, expected, codes, strict=True):
        blocks += _failure(one, judgement, wanted, code, options)
    if any(code is not Exit.MET for code in codes):
        blocks.append(Command(command, label="repeat "))
    write(blocks, sys.stdout)
    return worst(codes)


def _expectations(options: argparse.Namespace) -> list[Verdict]:
    given = [_WANTED[word] for word in options.expect or ["virtualizable"]]
    if len(given) == 1:
        given *= len(options.files)
    if len(given) != len(options.files):
        count = f"--expect is given {len(given)} times for {len(options.files)} files"
        raise InputError(count, hint="give it once for all or once for each")
    return given


def _read_all(files: Sequence[str]) -> list[Read] | None:
    """All machines, or None once every file that cannot be read has been reported."""
    machines: list[Read] = []
    for name in files:
        try:
            machines.append(read(name))
        except InputError as error:
            show_input_error(error, sys.stderr)
    return machines if len(machines) == len(files) else None


def _timing_table(judgements: Sequence[Judgement], timings: Sequence[dict[str, float]]) -> Table:
    phases = list(dict.fromkeys(phase for spent in timings for phase in spent))
    rows = [row(phase, *[f"{spent[phase]:.2f}" if phase in spent else "-" for spent in timings]) for phase in phases]
    rows.append(row("queries", *[str(judgement.queries) for judgement in judgements]))
    return Table(tuple(rows), ("seconds", *[judgement.machine for judgement in judgements]))


def _failure(one: Read, judgement: Judgement, wanted: Verdict, code: Exit, options: argparse.Namespace) -> list[Block]:
    """What did not come out as expected, and the commands that explain it."""
    if code is Exit.MET:
        return []
    theorem = judgement.theorems["virtualizable"]
    expectation = "virtualizable" if wanted is Verdict.PROVED else "not virtualizable"
    said = {
        Exit.NOT_MET: f"{judgement.machine} was expected to be {expectation}, and this is {theorem.verdict.text}",
        Exit.VACUOUS: f"{judgement.machine}: the verdict is vacuous, since its premise cannot happen",
    }.get(code, f"{judgement.machine}: it is not known whether it is virtualizable")
    blocks: list[Block] = [Gap(), Paragraph(f"{said}.", indent=0, tone=Tone.BAD if code is Exit.NOT_MET else Tone.OPEN)]
    for name in (judgement.critical or judgement.undecided)[:MOST_EXPLAINED]:
        blocks.append(Command(shlex.join(["vmproof", "explain", one.name, name, *again(options)]), label="explain"))
    return blocks
