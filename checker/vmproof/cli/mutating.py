"""`vmproof mutate`: change what theorems are about, and see whether their proofs notice."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from vmproof.cli.exits import Exit, worst
from vmproof.cli.proving import chosen, settings
from vmproof.cli.reading import read
from vmproof.data import model_name, models
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.report import write
from vmproof.report.progress import progress
from vmproof.report.strength import document, heading, summary_blocks, tried_blocks
from vmproof.theorems.runner import Settings
from vmproof.theorems.strength import Fate, Sample, Strength, Tried, Watch, strength
from vmproof.theorems.survivors import Survivors, read_survivors
from vmproof.theorems.theorem import VIRTUALIZE, Theorem


def run(options: argparse.Namespace, command: str) -> Exit:
    """Try the mutants of every theorem that is named, and say which of them its proof does not notice, as soon as that is known.

    Interrupted, it says what was found until then.
    """
    theorems = _subjects(options)
    if options.names and not theorems:
        raise InputError("none of these theorems is expected to be proved of its subject as it is", hint="only such a proof has mutants")
    system = next((theorem for theorem in theorems if theorem.method != VIRTUALIZE), None)
    if options.scenario and system is not None:
        raise InputError(f"--scenario says how the guests of a machine are run, and {system.name} is about a system")
    listed = read_survivors(Path(options.survivors)) if options.survivors is not None else Survivors({})
    sample = Sample(options.limit, options.seed) if options.limit is not None else None
    how = settings(options)
    found: list[Strength] = []
    text = options.format == "text"
    try:
        for theorem in theorems:
            found.append(Strength(theorem, sample=sample, scenarios=tuple(options.scenario)))
            _measure(found[-1], how, text)
    finally:
        if not text:
            sys.stdout.write(json.dumps(document(found), indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    for name in (name for item in found for name in listed.stale(item)):
        sys.stderr.write(f"listed as a survivor, and none: {name}\n")
    return worst(_exit(item, listed) for item in found)


def _measure(found: Strength, how: Settings, text: bool) -> None:
    if text:
        write(heading(found), sys.stdout)
    with progress(found.theorem.name, sys.stderr) as told:

        def ended(item: Tried) -> None:
            blocks = tried_blocks(item) if text else []
            if blocks:
                with told.aside():
                    write(blocks, sys.stdout)
                    sys.stdout.flush()

        try:
            strength(found, how, Watch(told, ended))
        except KeyboardInterrupt:
            with told.aside():
                if text:
                    write(summary_blocks(found), sys.stdout)
            raise
    if text:
        write(summary_blocks(found), sys.stdout)
        sys.stdout.flush()


def _subjects(options: argparse.Namespace) -> list[Theorem]:
    """The theorems that are named; or, if none has that name, the machine that has it, as it is, with nothing claimed of it.

    Raises InputError where there is neither.
    """
    try:
        return [theorem for theorem in chosen(options) if _fit(theorem, bool(options.names))]
    except InputError:
        if len(options.names) != 1 or not _is_machine(options.names[0]):
            raise
    one = read(options.names[0])
    return [Theorem(one.description.name, one.title, one.description.path, method=VIRTUALIZE)]


def _is_machine(name: str) -> bool:
    return name.endswith(".py") or name in map(model_name, models())


def _fit(theorem: Theorem, named: bool) -> bool:
    """Whether a theorem has mutants; those of machines take long, so they are tried where they are asked for."""
    if theorem.change is not None:
        return False
    return named if theorem.method == VIRTUALIZE else theorem.expect in (Verdict.PROVED, Verdict.HOLDS_UP_TO)


def _exit(strength: Strength, listed: Survivors) -> Exit:
    """A proof must notice every mutant that is not equivalent, nor listed with a reason; and what is listed must be true."""
    if listed.unlisted(strength) or listed.stale(strength):
        return Exit.NOT_MET
    return Exit.INCONCLUSIVE if strength.count(Fate.UNDECIDED) else Exit.MET
