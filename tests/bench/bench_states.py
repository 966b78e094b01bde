"""States per second of explicit search beside rumur and spin, on models with atomic actions written for all three.

    python tests/bench/bench_states.py [--large]

Prints, for each model, the states and transitions, the processor seconds of each search on one core (compiling not counted), and the ratio
of vmproof's states per second to each peer's. A peer that is not installed is named and skipped. `--large` adds a model of 10 million
states. Exit code 1 if counts differ, or if vmproof needs more than 4 GB.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.support.peer_models import PeerModel, filter_lock, grid, mesi  # noqa: E402
from tests.support.peers import PEERS, Count, count, missing  # noqa: E402
from vmproof.engines.explicit import explore  # noqa: E402

MEMORY_MB = 4096.0


def measure(model: PeerModel) -> Count:
    """Search with vmproof."""
    began = time.process_time()
    found = explore(model.system, model.system.properties)
    if not found.complete:
        raise RuntimeError(f"{model.name}: {found.stuck.reason}")
    return Count(found.states, found.transitions, time.process_time() - began)


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="add a model of 10 million states")
    options = parser.parse_args()
    peers = [peer for peer in PEERS if not missing(peer)]
    for peer in PEERS:
        if peer not in peers:
            print(f"skipped: {peer} (not installed: {missing(peer)})")
    models = [grid(6, 10), filter_lock(6), mesi(3, 4)]
    if options.large:
        models.append(grid(7, 10))
    print(f"{'model':24}{'states':>12}{'transitions':>13}" + "".join(f"{name + ' s':>12}" for name in ("vmproof", *peers)), end="")
    print("".join(f"{'vs ' + peer:>12}" for peer in peers))
    agree = True
    for model in models:
        mine = measure(model)
        theirs: dict[str, Count] = {}
        for peer in peers:
            with tempfile.TemporaryDirectory() as folder:
                theirs[peer] = count(peer, model, Path(folder))
        agree &= all((other.states, other.transitions) == (mine.states, mine.transitions) for other in theirs.values())
        print(f"{model.name:24}{mine.states:12}{mine.transitions:13}{mine.seconds:12.2f}", end="")
        print("".join(f"{other.seconds:12.2f}" for other in theirs.values()), end="")
        print("".join(f"{other.seconds / mine.seconds:11.2f}x" for other in theirs.values()), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of vmproof: {peak:.0f} MB")
    if not agree:
        print("the counts differ")
    return 0 if agree and peak < MEMORY_MB else 1


if __name__ == "__main__":
    sys.exit(main())
