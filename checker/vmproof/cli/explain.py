"""`vmproof explain`: the story of one instruction."""

from __future__ import annotations

import argparse
import sys
from difflib import get_close_matches

from vmproof.cli.exits import Exit
from vmproof.cli.judging import judge_read
from vmproof.cli.reading import Read, read
from vmproof.errors import InputError
from vmproof.language import Instruction
from vmproof.report import write
from vmproof.report.judgement import judgement_blocks
from vmproof.report.layout import Block, Gap
from vmproof.report.progress import progress
from vmproof.report.story import story_blocks
from vmproof.virtualize import Answer


def run(options: argparse.Namespace, command: str) -> Exit:
    """Judge the machine and tell what was found out about one instruction, or about all that share its published mnemonic.

    The whole machine is judged, since whether status counts as control depends on all of its instructions.
    """
    one = read(options.file)
    wanted = _instructions(one, options.instruction)
    with progress(one.description.name, sys.stderr) as told:
        judgement = judge_read(one, options, told)
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


def _instructions(one: Read, name: str) -> list[Instruction]:
    known = one.description.instructions
    found = [instruction for instruction in known if instruction.name == name]
    found = found or [instruction for instruction in known if instruction.mnemonic.lower() == name.lower()]
    if not found:
        near = get_close_matches(name, [instruction.name for instruction in known], n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"`vmproof list instructions {one.name}` shows them"
        raise InputError(f'{one.description.name} has no instruction "{name}"', hint=hint)
    return found
