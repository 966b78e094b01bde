"""`vmproof replay`: execute a saved witness again."""

from __future__ import annotations

import argparse
import sys

from vmproof.cli.exits import Exit
from vmproof.cli.reading import read
from vmproof.cli.saving import description_of, read_witness
from vmproof.report import write
from vmproof.report.layout import Command, Gap, Paragraph, Tone
from vmproof.report.story import witness_blocks
from vmproof.virtualize import replay


def run(options: argparse.Namespace, command: str) -> Exit:
    """Execute both sides of a witness with the concrete interpreter and print them; exit code 1 if they no longer show what it says."""
    witness, source = read_witness(options.witness)
    one = read(options.machine if options.machine is not None else description_of(source, options.witness))
    replayed = replay(one.description, witness)
    modes = [field.path for field in one.description.mode_fields]
    blocks = witness_blocks(replayed.witness, one.notation, modes)
    if replayed.confirmed:
        sentence = f"Replayed: {one.description.path} behaves as the witness says."
        write([*blocks, Gap(), Paragraph(sentence, indent=0, tone=Tone.GOOD)], sys.stdout)
        return Exit.MET
    sentence = f"{one.description.path} does not behave as the witness says: {replayed.reason}."
    write([*blocks, Gap(), Paragraph(sentence, indent=0, tone=Tone.BAD), Command(command, label="repeat")], sys.stdout)
    return Exit.NOT_MET
