"""Executions of systems whose initial states say much that no step reads: found without it, and completed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vmproof.engines.bmc import bmc
from vmproof.engines.reading import transition_system
from vmproof.engines.replay import replay
from vmproof.engines.verdict import Verdict
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool

TEXT = """\
from vmproof.lang import *


class W(State):
    n: bits[8]
    begun: bits[8]
    seen: array[bits[8], bits[8]]


@init
def start(w):
    chain = w.seen[0] == w.begun and w.begun == w.n
    for place in range(250):
        chain = chain and w.seen[place + 1] == w.seen[place] * 3 + (w.seen[place] >> 1) + place
    return chain and MORE


@action
def step(w):
    require(w.n < 7)
    w.n = w.n + 1


@reachable("n is seven")
def seven(w):
    return w.n == 7


@invariant("n is not seven")
def never(w):
    return w.n != 7


@invariant("n is not nine")
def nine(w):
    return w.n < 9 or w.begun > 7
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


@pytest.mark.parametrize(
    "more",
    [
        "True",
        "w.n == 4",
        "w.begun == 4",  # a state that is found without this is none of the system's
        "w.seen[1] == 5",
        "w.seen[2] == 9 and w.begun < 7",  # no state satisfies it
    ],
)
def test_what_is_found_is_an_execution(tmp_path: Path, pool: SolverPool, more: str) -> None:
    path = tmp_path / "w.py"
    path.write_text(TEXT.replace("MORE", more))
    system = transition_system(load_system(path))
    starts = [n for n in range(256) if _begins(more, n)]
    fewest = min((7 - n for n in starts if n <= 7), default=None)
    seven, never, nine = bmc(system, system.properties, pool=pool, bound=8)
    if fewest is None:
        assert seven.verdict is Verdict.REFUTED
        assert never.verdict in (Verdict.PROVED, Verdict.VACUOUS)
    else:
        assert (seven.verdict, never.verdict) == (Verdict.PROVED, Verdict.REFUTED)
        for answer, claim in zip((seven, never), system.properties, strict=False):
            assert answer.trace is not None
            assert len(answer.trace.steps) == fewest
            assert replay(system, answer.trace, claim, answer.parameters) is None
    assert nine.verdict in (Verdict.PROVED, Verdict.VACUOUS)


def _begins(more: str, n: int) -> bool:
    """Whether an execution begins with this number."""
    seen = [n]
    for place in range(250):
        seen.append((seen[place] * 3 + (seen[place] >> 1) + place) % 256)
    return {
        "True": True,
        "w.n == 4": n == 4,
        "w.begun == 4": n == 4,
        "w.seen[1] == 5": seen[1] == 5,
        "w.seen[2] == 9 and w.begun < 7": seen[2] == 9 and n < 7,
    }[more]
