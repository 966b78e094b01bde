"""Initial states are listed whatever way they are described: by equations, by a solver, or value by value."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.systems import random_system
from vmproof.engines import initial
from vmproof.engines.explicit import explore
from vmproof.engines.initial import initial_states
from vmproof.engines.instances import Model
from vmproof.engines.reading import transition_system
from vmproof.engines.scalars import Unsupported
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool

FRAME = """\
from vmproof.lang import *


class W(State):
    a: bits[64]
    b: bits[64]
    c: bits[32]
    d: bits[32]
    flags: array[bits[6], bool]


@init
def start(w):
    return {condition}


@action
def step(w):
    w.a = w.a + 1
    require(w.a == 0)
"""
REST = "w.a == w.b and w.b == 1 and w.c == 0 and w.d == 0"


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def found(condition: str, folder: Path, pool: SolverPool | None) -> list[dict[str, object]]:
    """The initial states, by path."""
    path = folder / "wide.py"
    path.write_text(FRAME.format(condition=condition))
    model = Model(transition_system(load_system(path)))
    words = initial_states(model, pool)
    return [dict(model.state([int(word[row]) for word in words])) for row in range(len(words[0]))]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("w.a == w.b + 1 and w.b == 6 and w.c == w.a[31:0] and w.d == w.c + w.a[63:32]", 1),
        ("w.b == w.a + 1 and w.a[63:1] == 3 and w.c == 0 and w.d == w.b[31:0]", 2),
        ("w.a == 1 and w.b == 1 and w.c + w.d == 100 and w.c - w.d == 2", 2),
        ("w.a * w.a == 49 and w.a < 1000 and w.b == ~w.a and w.c == 0 and w.d == 1", 1),
        ("w.a[63:32] == 5 and w.a[31:2] == 7 and w.b == w.a and w.c == 0 and w.d == 1", 4),
        ("w.a == 1 and w.b == 1 and w.c == 1 and w.d < 40", 40),
        ("w.a < 5000 and w.a[1:0] == 0 and w.b == 1 and w.c == 1 and w.d == 1", 1250),
        ("w.a < w.b and w.b < 4 and w.c == 0 and w.d == 0", 6),
        ("w.a < w.b and w.b < w.a and w.c == 0 and w.d == 0", 0),
        ("w.a == 1 and w.a == 2", 0),
    ],
)
def test_wide_states_that_conditions_fix(condition: str, count: int, tmp_path: Path, pool: SolverPool) -> None:
    begun = time.monotonic()
    flags = "forall(lambda i: not w.flags[i], bits[6])"
    assert len(found(f"{condition} and {flags}", tmp_path, pool)) == count
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("forall(lambda i: w.flags[i] != w.flags[i + 1], bits[6])", 2),  # a ring: one flag decides the others
        ("sum([zext(bits[1](w.flags[i]), 7) for i in range(64)], bits[7](0)) == 64", 1),
        ("sum([zext(bits[1](w.flags[i]), 7) for i in range(64)], bits[7](0)) == 63 and not any([w.flags[i] for i in range(6)])", 0),
        ("sum([zext(bits[1](w.flags[i]), 7) for i in range(64)], bits[7](0)) == 2 and not any([w.flags[i] for i in range(60)])", 6),
        ("forall(lambda i: w.flags[i] == (i == 3), bits[6])", 1),
    ],
)
def test_sixty_four_bits_that_conditions_fix(condition: str, count: int, tmp_path: Path, pool: SolverPool) -> None:
    assert len(found(f"{REST} and {condition}", tmp_path, pool)) == count


def test_equations_need_no_solver(tmp_path: Path) -> None:
    [state] = found(f"{REST} and forall(lambda i: w.flags[i] == i[0], bits[6])", tmp_path, None)
    assert (state["a"], state["b"]) == (1, 1)


def test_too_many_are_said_to_be_too_many(tmp_path: Path, pool: SolverPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initial, "MOST_SOLVED", 20)
    flags = "forall(lambda i: not w.flags[i], bits[6])"
    with pytest.raises(Unsupported, match=r"^the initial states are too many to list \(a alone takes 18446744073709551616 values\)$"):
        found(f"w.b == 1 and w.c == 0 and w.d == 0 and {flags}", tmp_path, pool)
    with pytest.raises(Unsupported, match=r"^the initial states are too many to list \(a and what depends on it take over 20\)$"):
        found(f"w.a * 3 < 3000 and w.b == 1 and w.c == 0 and w.d == 0 and {flags}", tmp_path, pool)
    with pytest.raises(Unsupported, match=r"^the initial states are too many to list \(c alone takes 4294967296 values\)$"):
        found(f"w.a == 1 and w.b == 1 and w.c + w.d == 100 and w.c - w.d == 2 and {flags}", tmp_path, None)


def test_a_solver_finds_what_filtering_finds(monkeypatch: pytest.MonkeyPatch, pool: SolverPool) -> None:
    several = 0
    for seed in range(60):
        model = Model(random_system(seed))
        listed = initial_states(model)
        if len(listed[0]) > 60:
            continue
        several += len(listed[0]) > 1
        monkeypatch.setattr(initial, "_filtered", refuse)
        solved = initial_states(model, pool)
        monkeypatch.undo()
        assert all(np.array_equal(a, b) for a, b in zip(listed, solved, strict=True)), seed
    assert several > 10


def refuse(*given: object) -> None:
    raise Unsupported("too many partial states")


def test_the_search_starts_from_what_the_solver_found(tmp_path: Path, pool: SolverPool) -> None:
    path = tmp_path / "wide.py"
    flags = "forall(lambda i: not w.flags[i], bits[6])"
    path.write_text(FRAME.format(condition=f"w.a == w.b and w.b == 0 and w.c + w.d == 100 and w.c - w.d == 2 and {flags}"))
    system = transition_system(load_system(path))
    assert explore(system, [], pool=pool).states == 2
    assert explore(system, []).stuck.reason.startswith("abstraction: the initial states are too many to list")
