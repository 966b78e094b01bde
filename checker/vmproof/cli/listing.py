"""`vmproof list`: the models of the library, the scenarios or the instructions of a description."""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

from vmproof.cli.exits import Exit
from vmproof.cli.reading import Read, first_line, read
from vmproof.data import library, model_name, models
from vmproof.errors import InputError
from vmproof.report import write
from vmproof.report.layout import Block, Table, row


def run(options: argparse.Namespace, command: str) -> Exit:
    """Print one row for each thing that was asked for."""
    if options.what == "models":
        if options.file is not None:
            raise InputError("`vmproof list models` takes no file")
        write([_models()], sys.stdout)
        return Exit.MET
    if options.file is None:
        raise InputError(f"`vmproof list {options.what}` needs a description", hint=f"for instance `vmproof list {options.what} m68000`")
    one = read(options.file)
    write([_scenarios(one) if options.what == "scenarios" else _instructions(one)], sys.stdout)
    return Exit.MET


def _models() -> Block:
    rows = [row(model_name(path), str(path.relative_to(library())), _title(path)) for path in models()]
    return Table(tuple(rows), ("model", "file", ""), indent=0)


def _title(path: Path) -> str:
    """The first line of a description's docstring, read without loading it: loading all models would take a while."""
    try:
        return first_line(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))
    except (SyntaxError, ValueError, OSError):
        return ""


def _scenarios(one: Read) -> Block:
    scenarios = one.description.scenarios or (one.description.default_scenario(),)
    return Table(tuple(row(scenario.name, scenario.title) for scenario in scenarios), ("scenario", ""), indent=0)


def _instructions(one: Read) -> Block:
    found = one.description.instructions
    return Table(
        tuple(row(each.name, each.mnemonic, one.place(each), first_line(each.doc)) for each in found),
        ("instruction", "mnemonic", "where", ""),
        indent=0,
    )
