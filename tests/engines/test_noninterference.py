"""Two-run properties of a small kernel with cells that belong to domains, for any number of cells and domains and for few."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vmproof.engines.noninterference import Policy, noninterference
from vmproof.engines.reading import transition_system
from vmproof.engines.system import Parameter
from vmproof.engines.verdict import Verdict
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool

CELLS = """
from vmproof.lang import *

Domain = unsized("Domain")
Cell = unsized("Cell")


class World(State):
    owner: array[Cell, Domain]
    holds: array[Cell, bits[8]]


@init
def boot(w):
    return forall(lambda cell: w.holds[cell] == 0, Cell)


@action
def write(w, by: Domain, at: Cell, value: bits[8]):
    require(w.owner[at] == by)
    w.holds[at] = value


@action
def copy(w, by: Domain, to: Cell, at: Cell):
    require(w.owner[to] == by and w.owner[at] == by)
    w.holds[to] = w.holds[at]


@action
def hand_over(w, by: Domain, at: Cell, heir: Domain):
    require(w.owner[at] == by and by == heir)
    w.owner[at] = heir
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def judged(text: str, pool: SolverPool, path: Path, sizes: dict[str, int] | None) -> dict[str, Verdict]:
    """A domain observes the owner of every cell and what its own cells hold; nothing may flow between domains."""
    system = transition_system(load_system(path, sizes=sizes, texts={path.resolve(): text}))
    p, state = system.pool, system.state
    [by] = [item.term for item in system.actions[0].parameters if item.name == "by"]
    [at] = [item.term for item in system.actions[0].parameters if item.name == "at"]
    me, source, where = p.fresh("me", by.sort), p.fresh("source", by.sort), p.fresh("where", at.sort)
    owner, held = p.select(state["owner"], where), p.select(state["holds"], where)
    policy = Policy(
        domain=Parameter("me", me, None if sizes is None else sizes["Domain"]),
        source=source,
        flows=p.eq(me, source),
        observations=(owner, p.ite(p.eq(owner, me), held, p.bv(0, 8))),
        acting={action.name: action.parameters[0].term for action in system.actions},
        places=(Parameter("where", where, None if sizes is None else sizes["Cell"]),),
    )
    return {answer.property: answer.verdict for answer in noninterference(system, policy, pool=pool)}


@pytest.mark.parametrize("sizes", [None, {"Domain": 2, "Cell": 3}])
def test_domains_that_use_their_own_cells_do_not_interfere(pool: SolverPool, tmp_path: Path, sizes: dict[str, int] | None) -> None:
    answers = judged(CELLS, pool, tmp_path / "cells.py", sizes)
    assert set(answers.values()) == {Verdict.PROVED}
    assert len(answers) == 9


@pytest.mark.parametrize(
    ("guard", "weaker", "failing"),
    [
        ("w.owner[to] == by and w.owner[at] == by", "w.owner[to] == by", {"step consistency of copy"}),
        ("w.owner[to] == by and w.owner[at] == by", "w.owner[at] == by", {"local respect of copy"}),
        ("w.owner[at] == by and by == heir", "w.owner[at] == by", {"local respect of hand_over"}),
        (
            "require(w.owner[at] == by)",
            "require(w.owner[at] == by and w.holds[at] != 7 or w.owner[at] != by and w.holds[at] == 7)",
            {"output consistency of write", "local respect of write"},
        ),
    ],
)
def test_a_leak_fails_the_conditions_that_forbid_it(pool: SolverPool, tmp_path: Path, guard: str, weaker: str, failing: set[str]) -> None:
    assert guard in CELLS
    answers = judged(CELLS.replace(guard, weaker, 1), pool, tmp_path / "cells.py", None)
    assert {name for name, verdict in answers.items() if verdict is Verdict.UNKNOWN} == failing
    assert set(answers.values()) == {Verdict.PROVED, Verdict.UNKNOWN}
