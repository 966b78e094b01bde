"""`vmproof paging`: what native, nested and shadow paging cost, from the model."""

from __future__ import annotations

import argparse
import json
import sys

from vmproof.cli.exits import Exit
from vmproof.report import write
from vmproof.report.paging import document, paging_blocks
from vmproof.solvers import SolverPool
from vmproof.theorems.paging import paging_costs
from vmproof.theorems.store import Store


def run(options: argparse.Namespace, command: str) -> Exit:
    """Print the table of costs, as text or as JSON."""
    store = None if options.no_cache else Store.open(options.cache)
    rows = paging_costs(store, lambda: SolverPool(1))
    if options.format == "json":
        sys.stdout.write(json.dumps(document(rows), indent=2, ensure_ascii=False) + "\n")
    else:
        write(paging_blocks(rows), sys.stdout)
    return Exit.MET
