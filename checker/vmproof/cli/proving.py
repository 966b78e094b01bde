"""`vmproof prove`: prove theorems, each against its expectation."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from vmproof.cli.exits import Exit, worst
from vmproof.errors import Place
from vmproof.report import write
from vmproof.report.theorems import document, failure_blocks, github_line, junit_text, line, summary_blocks
from vmproof.theorems.files import read_theorems, select, theorem_files
from vmproof.theorems.outcome import Outcome, Standing
from vmproof.theorems.runner import Settings
from vmproof.theorems.runner import run as prove_all
from vmproof.theorems.store import Store
from vmproof.theorems.theorem import Theorem

_EXITS = {
    Standing.MET: Exit.MET,
    Standing.NOT_MET: Exit.NOT_MET,
    Standing.VACUOUS: Exit.VACUOUS,
    Standing.OPEN: Exit.INCONCLUSIVE,
    Standing.WRONG: Exit.INPUT,
    Standing.BUG: Exit.BUG,
}


def run(options: argparse.Namespace, command: str) -> Exit:
    """Prove the theorems that are named, or all, and say of each as it ends how it stands to its expectation."""
    began = time.monotonic()
    theorems = chosen(options)
    width = max((len(theorem.name) for theorem in theorems), default=0)

    def ended(theorem: Theorem, outcome: Outcome) -> None:
        if options.format == "text":
            write(line(theorem, outcome, width), sys.stdout)
        elif options.format == "github":
            sys.stdout.write(github_line(theorem, outcome))
        sys.stdout.flush()

    outcomes = prove_all(theorems, settings(options), ended)
    match options.format:
        case "json":
            sys.stdout.write(json.dumps(document(theorems, outcomes), indent=2, ensure_ascii=False) + "\n")
        case "junit":
            sys.stdout.write(junit_text(theorems, outcomes))
        case "text":
            for theorem, outcome in zip(theorems, outcomes, strict=True):
                if outcome.standing(theorem.expect) is not Standing.MET:
                    write(failure_blocks(theorem, outcome), sys.stdout)
            write(summary_blocks(theorems, outcomes, time.monotonic() - began), sys.stdout)
    return worst(_EXITS[outcome.standing(theorem.expect)] for theorem, outcome in zip(theorems, outcomes, strict=True))


def chosen(options: argparse.Namespace) -> list[Theorem]:
    """The theorems that the command line names, with places as people would type them here. Raises InputError."""
    files = [Path(name) for name in options.names if name.endswith(".toml")]
    found = read_theorems(files or theorem_files(options.proofs))
    return [replace(theorem, place=_from_here(theorem.place)) for theorem in select(found, options.names)]


def _from_here(place: Place | None) -> Place | None:
    if place is None:
        return None
    path = os.path.relpath(place.path)
    return place if path.startswith("..") else replace(place, path=Path(path))


def settings(options: argparse.Namespace) -> Settings:
    """How the command line wants theorems proved. Raises InputError where the cache cannot be kept."""
    store = None if options.no_cache else Store.open(options.cache)
    return Settings(options.jobs, options.timeout, options.solver, options.memory, store)
