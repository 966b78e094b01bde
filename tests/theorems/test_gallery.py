"""The gallery: each system with what is proved of it and the mistakes that are found, and what their traces show.

That all verdicts are as expected is what `vmproof prove` says, which `make test` runs; here the mistakes are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.documentation import ROOT
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.theorems.deciding import Found
from vmproof.theorems.files import read_file
from vmproof.theorems.proving import prove

FOLDER = ROOT / "spec" / "examples"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
THEOREMS = {theorem.name: theorem for theorem in read_file(ROOT / "proofs" / "gallery.toml")}
FILES = sorted(path.name for path in FOLDER.glob("*.py"))
VARIANTS = [name for name in FILES for other in FILES if name.startswith(f"{other.removesuffix('.py')}_")]


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=60) as made:
        yield made


def expectations(name: str) -> set[Verdict]:
    return {theorem.expect for theorem in THEOREMS.values() if theorem.subject.name == name}


@pytest.mark.parametrize("name", FILES)
def test_every_system_is_proved_and_its_mistakes_refuted(name: str) -> None:
    assert f"`{name}`" in README
    assert Verdict.REFUTED in expectations(name)
    if name not in VARIANTS:
        assert expectations(name) == {Verdict.PROVED, Verdict.REFUTED}


def test_a_wrong_file_stands_beside_the_right_one() -> None:
    assert VARIANTS == ["peterson_swapped.py", "philosophers_left_first.py", "ticket_lock_racy.py"]


def test_the_page_names_theorems_that_exist() -> None:
    named = re.findall(r"`(-?[a-z0-9]+(?:-[a-z0-9]+)+)`", README)
    assert len(named) > 20
    missing = [name for name in named if not any(theorem.endswith(name) for theorem in THEOREMS)]
    assert missing == []


def refuted(name: str, pool: SolverPool) -> Found:
    """The property that the seeded mistake violates."""
    outcome = prove(THEOREMS[name], pool, 60)
    assert outcome.verdict is Verdict.REFUTED, outcome.reason
    [found] = [item for item in outcome.found if item.verdict is Verdict.REFUTED]
    assert found.trace is not None
    return found


@pytest.mark.parametrize(
    ("name", "property_", "steps", "last"),
    [
        ("peterson-swapped", "exclusion", 6, "enter"),
        ("peterson-silent", "exclusion", 6, "enter"),
        ("ticket-lock-racy", "exclusion", 6, "enter"),
        ("ticket-lock-too-few-numbers", "exclusion", 5, "enter"),
        ("bounded-buffer-off-by-one", "in_order", 7, "give_back"),
        ("bounded-buffer-empty", "in_order", 2, "give_back"),
        ("two-phase-commit-missing-vote", "agreement", 5, "commit"),
        ("two-phase-commit-alone", "agreement", 3, "commit"),
        ("mesi-no-invalidation", "coherent", 5, "write_hit"),
        ("mesi-no-write-back", "coherent", 6, "bus_read"),
        ("buddy-double-free", "exclusive", 3, "allocate"),
        ("buddy-joins-half", "exclusive", 4, "allocate"),
    ],
)
def test_the_shortest_way_to_a_mistake(name: str, property_: str, steps: int, last: str, pool: SolverPool) -> None:
    found = refuted(name, pool)
    assert found.trace is not None
    assert found.name == property_
    assert (len(found.trace.steps), found.trace.steps[-1].action) == (steps, last)


def test_all_philosophers_wait_with_one_fork(pool: SolverPool) -> None:
    trace = refuted("philosophers-left-first", pool).trace
    assert trace is not None
    assert trace.stuck
    assert sorted(step.action for step in trace.steps) == ["get_hungry"] * 5 + ["take_left"] * 5


def test_a_site_in_doubt_waits_for_a_coordinator_that_has_crashed(pool: SolverPool) -> None:
    found = refuted("two-phase-commit-blocks", pool)
    assert found.trace is not None
    assert "crash" in {step.action for step in found.trace.steps}
    assert not {"decide", "time_out", "hear_no"} & {step.action for step in found.trace.steps}


@pytest.mark.parametrize(
    ("name", "again"),
    [("philosophers-impolite", "eat"), ("scheduler-no-rounds", "switch"), ("two-level-scheduler-short-slice", "tick")],
)
def test_one_starves_while_others_go_on_for_ever(name: str, again: str, pool: SolverPool) -> None:
    trace = refuted(name, pool).trace
    assert trace is not None
    assert trace.loop is not None
    assert again in {step.action for step in trace.steps[trace.loop :]}
