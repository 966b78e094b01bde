"""What the keys `steps` and `examples` of a theorem do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.theorems.files import read_file
from vmproof.theorems.outcome import Outcome
from vmproof.theorems.proving import prove

COUNTERS = '''\
"""Each process counts for itself; two of them are told apart only where there are two."""

from vmproof.lang import *

Process = unsized("Process")


class Counts(State):
    count: array[Process, bits[4]]
    last: Process


@init
def zero(s):
    return forall(lambda p: s.count[p] == 0, Process)


@action
def up(s, p: Process):
    s.count[p] = s.count[p] + 1
    s.last = p


@action
def reset(s, p: Process):
    s.count[p] = 0


@action
def meet(s, p: Process, q: Process, r: Process, t: Process):
    require(p != q and p != r and p != t and q != r and q != t and r != t)
    s.count = array(lambda each: 0)


@invariant("a count ends at fifteen")
def ends(s, p: Process):
    return s.count[p] <= 15


@invariant("nobody counts to two")
def low(s, p: Process):
    return s.count[p] < 2
'''
CLAIM = '[claim]\nclaim = "A claim."\nsubject = "counters.py"\n'


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=30) as made:
        yield made


def outcome(folder: Path, pool: SolverPool, rest: str) -> Outcome:
    (folder / "counters.py").write_text(COUNTERS)
    path = folder / "claims.toml"
    path.write_text(CLAIM + rest)
    [theorem] = read_file(path)
    return prove(theorem, pool, 60)


def test_a_trace_has_the_steps_that_the_theorem_names(tmp_path: Path, pool: SolverPool) -> None:
    found = outcome(
        tmp_path,
        pool,
        'prove = ["low"]\nmethod = "bmc"\nsteps = ["up", "reset", "up", "up"]\nsizes = { Process = 2 }\nexpect = "refuted"\n',
    )
    assert found.verdict is Verdict.REFUTED
    [item] = found.found
    assert item.trace is not None
    assert [step.action for step in item.trace.steps] == ["up", "reset", "up", "up"]


def test_steps_that_break_nothing_leave_the_claim_open(tmp_path: Path, pool: SolverPool) -> None:
    found = outcome(
        tmp_path, pool, 'prove = ["low"]\nmethod = "bmc"\nsteps = ["up", "reset"]\nsizes = { Process = 1 }\nexpect = "refuted"\n'
    )
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "bound: not found after up, reset")


def test_steps_name_actions_of_the_subject(tmp_path: Path, pool: SolverPool) -> None:
    found = outcome(tmp_path, pool, 'prove = ["low"]\nmethod = "bmc"\nsteps = ["up", "resett"]\nexpect = "refuted"\n')
    assert found.verdict is Verdict.ERROR
    assert found.reason.endswith('counters.py has no action "resett"; did you mean `reset`?')


@pytest.mark.parametrize(("examples", "verdict"), [("", Verdict.VACUOUS), ("examples = { Process = 4 }\n", Verdict.PROVED)])
def test_examples_are_the_sizes_at_which_a_proof_is_seen_to_speak_of_something(
    tmp_path: Path, pool: SolverPool, examples: str, verdict: Verdict
) -> None:
    found = outcome(tmp_path, pool, f'prove = ["ends"]\nmethod = "induction"\n{examples}expect = "proved"\n')
    assert found.verdict is verdict
    assert found.reason == ("" if verdict is Verdict.PROVED else "the action meet cannot happen")
    assert all(item.sizes == {} for item in found.found)  # the proof itself is for any number
