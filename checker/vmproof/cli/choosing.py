"""Which instructions of a machine are judged: all, those that the command line names, or those that the file itself adds to another one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches

from vmproof.cli.reading import Read
from vmproof.errors import InputError
from vmproof.language import Instruction


def called(one: Read, name: str) -> list[Instruction]:
    """The instruction of that name, or all that share it as their published mnemonic. Raises InputError where there is none."""
    known = one.description.instructions
    found = [instruction for instruction in known if instruction.name == name]
    found = found or [instruction for instruction in known if instruction.mnemonic.lower() == name.lower()]
    if not found:
        near = get_close_matches(name, [instruction.name for instruction in known], n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"`vmproof list instructions {one.name}` shows them"
        raise InputError(f'{one.description.name} has no instruction "{name}"', hint=hint)
    return found


def chosen(one: Read, options: argparse.Namespace, always: Sequence[Instruction] = ()) -> frozenset[str] | None:
    """The names of the instructions that `--only` and `--added` leave, and of those `always` judged; None for all. Raises InputError."""
    if not (options.only or options.added):
        return None
    found = [*always, *(instruction for name in options.only for instruction in called(one, name))]
    if options.added:
        if not one.description.added:
            raise InputError(f"{one.name} describes no instruction itself", hint="--only NAME names those that are to be judged")
        found += one.description.added
    return frozenset(instruction.name for instruction in found)


def again(options: argparse.Namespace) -> list[str]:
    """The options of a command that judges the same instructions in the same scenario."""
    scenario = ["--scenario", options.scenario] if options.scenario else []
    return [*scenario, *(part for name in options.only for part in ("--only", name)), *(["--added"] if options.added else [])]
