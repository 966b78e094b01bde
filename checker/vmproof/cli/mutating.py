"""`vmproof mutate`: change what theorems are about, and see whether their proofs notice."""

from __future__ import annotations

import argparse
import json
import sys

from vmproof.cli.exits import Exit, worst
from vmproof.cli.proving import chosen, settings
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.report import write
from vmproof.report.progress import progress
from vmproof.report.strength import document, strength_blocks
from vmproof.solvers import SolverPool
from vmproof.theorems.remembering import RememberingPool
from vmproof.theorems.strength import Fate, Strength, strength
from vmproof.theorems.theorem import VIRTUALIZE, Theorem


def run(options: argparse.Namespace, command: str) -> Exit:
    """Try the mutants of every theorem that is named, and say which of them its proof does not notice."""
    theorems = [theorem for theorem in chosen(options) if _fit(theorem, bool(options.names))]
    if options.names and not theorems:
        raise InputError("none of these theorems is expected to be proved of its subject as it is", hint="only such a proof has mutants")
    how = settings(options)
    found: list[Strength] = []
    store = how.store
    pool = SolverPool(1, how.solver) if store is None else RememberingPool(store, 1, how.solver)
    with pool:
        for theorem in theorems:
            with progress(theorem.name, sys.stderr) as told:
                found.append(strength(theorem, how, pool, told))
            if options.format == "text":
                write(strength_blocks(found[-1]), sys.stdout)
                sys.stdout.flush()
    if options.format == "json":
        sys.stdout.write(json.dumps(document(found), indent=2, ensure_ascii=False) + "\n")
    return worst(_exit(item) for item in found)


def _fit(theorem: Theorem, named: bool) -> bool:
    """Whether a theorem has mutants; those of machines take long, so they are tried where they are asked for."""
    if theorem.change is not None:
        return False
    return named if theorem.method == VIRTUALIZE else theorem.expect in (Verdict.PROVED, Verdict.HOLDS_UP_TO)


def _exit(strength: Strength) -> Exit:
    """A proof must notice every mutant that is not equivalent."""
    if strength.count(Fate.SURVIVED):
        return Exit.NOT_MET
    return Exit.INCONCLUSIVE if strength.count(Fate.UNDECIDED) else Exit.MET
