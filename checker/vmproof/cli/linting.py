"""`vmproof lint`: all that is wrong with descriptions, at once."""

from __future__ import annotations

import argparse
import sys

from vmproof.cli.errors import show_input_error
from vmproof.cli.exits import Exit
from vmproof.data import find_description
from vmproof.errors import InputError
from vmproof.language import lint


def run(options: argparse.Namespace, command: str) -> Exit:
    """Print every mistake of every file in the order of its lines, and how many there are; nothing where there are none."""
    mistakes: list[InputError] = []
    for name in options.files:
        try:
            mistakes += lint(find_description(name))
        except InputError as error:
            mistakes.append(error)
    for mistake in mistakes:
        show_input_error(mistake, sys.stdout)
    if not mistakes:
        return Exit.MET
    sys.stdout.write(f"{len(mistakes)} {'mistake' if len(mistakes) == 1 else 'mistakes'}\n")
    return Exit.INPUT
