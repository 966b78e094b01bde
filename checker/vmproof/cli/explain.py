"""`vmproof explain`: the story of one instruction."""

from __future__ import annotations

import argparse
import sys

from vmproof.cli.choosing import called, chosen
from vmproof.cli.exits import Exit
from vmproof.cli.judging import judge_read
from vmproof.cli.reading import read
from vmproof.report import write
from vmproof.report.judgement import judgement_blocks
from vmproof.report.layout import Block, Gap
from vmproof.report.progress import progress
from vmproof.report.story import story_blocks
from vmproof.virtualize import Answer


def run(options: argparse.Namespace, command: str) -> Exit:
    """Judge the machine and tell what was found out about one instruction, or about all that share its published mnemonic.

    The whole machine is judged, since whether status counts as control depends on all of its instructions, unless the options leave some.
    """
    one = read(options.file)
    wanted = called(one, options.instruction)
    only = chosen(one, options, wanted)
    with progress(one.description.name, sys.stderr) as told:
        judgement = judge_read(one, options, told, only)
    if not judgement.instructions:  # the premise cannot happen, so nothing was asked about instructions
        write(judgement_blocks(judgement, one.title), sys.stdout)
        return Exit.VACUOUS
    modes = [field.path for field in one.description.mode_fields]
    verdicts = [judgement.instruction(instruction.name) for instruction in wanted]
    blocks: list[Block] = []
    for instruction, verdict in zip(wanted, verdicts, strict=True):
        doc = " ".join(instruction.doc.split())
        blocks += [Gap()] if blocks else []
        blocks += story_blocks(judgement, verdict, one.notation, modes, one.place(instruction), doc)
    write(blocks, sys.stdout)
    return Exit.INCONCLUSIVE if any(verdict.critical is Answer.UNKNOWN for verdict in verdicts) else Exit.MET
