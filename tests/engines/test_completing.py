"""Executions of systems whose initial states say much that no step reads: found without it, and completed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.solving import Recorder
from vmproof.engines.bmc import bmc
from vmproof.engines.reading import transition_system
from vmproof.engines.replay import replay
from vmproof.engines.sighting import sight
from vmproof.engines.verdict import Verdict
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool
from vmproof.terms import Op, reachable

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


CHASE = """\
from vmproof.lang import *


class W(State):
    n: bits[8]
    table: array[bits[8], bits[8]]
    copy: array[bits[8], bits[8]]
    seen: array[bits[8], bits[8]]


@init
def start(w):
    chain = w.copy == w.table and w.seen[0] == w.copy[w.n] and w.n == 0
    for place in range(200):
        chain = chain and w.seen[place + 1] == w.copy[w.seen[place]] * 3 + place
    return chain


@action
def step(w):
    w.n = w.table[w.n] + 1


@reachable("n is seven")
def seven(w):
    return w.n == 7
"""


def test_what_an_execution_says_of_arrays_is_put_where_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "w.py"
    path.write_text(CHASE)
    system = transition_system(load_system(path))
    with Recorder() as pool:
        [seven] = sight(system, system.properties, pool=pool, bound=3)
    assert seven.verdict is Verdict.PROVED
    assert seven.trace is not None
    assert replay(system, seven.trace, system.properties[0], seven.parameters) is None
    read = [{str(term.args[0]) for term in reachable(asked) if term.op is Op.SELECT} for asked in pool.asked]
    assert {"table@0"} in read  # the execution, without what is said beside it
    assert read[-1] == {"seen@0"}  # and that: `copy` is the table that the execution has


MEMORY = """\
from vmproof.lang import *


class W(State):
    n: bits[8]
    memory: array[bits[16], bits[16]]
    seen: array[bits[8], bits[16]]


@init
def start(w):
    chain = w.n == 0 and w.seen[0] == FIRST
    for place in range(200):
        chain = chain and w.seen[place + 1] == w.memory[w.seen[place] * 3 + place]
    return chain


@action
def step(w):
    require(w.n < 9)
    w.n = w.n + 1


@reachable("n is seven")
def seven(w):
    return w.n == 7
"""


@pytest.mark.parametrize("first", ["0", "w.memory[5] and w.memory[5] > 8"])  # the second is not true of a memory that is empty
def test_an_execution_that_reads_no_memory_is_completed_by_an_empty_one(tmp_path: Path, first: str) -> None:
    path = tmp_path / "w.py"
    path.write_text(MEMORY.replace("FIRST", first))
    system = transition_system(load_system(path))
    with Recorder() as pool:
        [seven] = sight(system, system.properties, pool=pool, bound=8)
    assert seven.verdict is Verdict.PROVED
    assert seven.trace is not None
    assert replay(system, seven.trace, system.properties[0], seven.parameters) is None
    reads = any(term.op is Op.SELECT and str(term.args[0]) == "memory@0" for asked in pool.asked for term in reachable(asked))
    assert reads == (first != "0")
