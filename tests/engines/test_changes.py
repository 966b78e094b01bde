"""What a change of a system changes, and whether a proof by induction notices: by terms, by solvers, by evaluation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from vmproof.engines.asking import Asker
from vmproof.engines.changes import Change, compared, same
from vmproof.engines.induction import claims_of
from vmproof.engines.noticing import Broken, Demand, Notice, demand
from vmproof.engines.reading import transition_system
from vmproof.engines.system import TransitionSystem
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool

TEXT = """\
from vmproof.lang import *

P = unsized("P")


class W(State):
    on: array[P, bool]
    seen: array[P, bool]


@init
def start(w):
    return forall(lambda p: not w.on[p] and not w.seen[p], P)


@action
def first(w, p: P):
    require(forall(lambda q: not w.on[q], P))
    w.on = array(lambda q: q == p)


@action
def second(w, p: P):
    require(forall(lambda q: implies(w.on[q], q == p), P))
    w.seen = array(lambda q: w.seen[q] or w.on[q])
    w.on[p] = False


@action
def third(w, p: P):
    w.seen[p] = w.on[p]


@invariant("one at most")
def one(w, p: P, q: P):
    return implies(w.on[p] and w.on[q], p == q)
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def read(folder: Path, text: str, sizes: Mapping[str, int] | None = None) -> TransitionSystem:
    path = folder / "w.py"
    path.write_text(text)
    return transition_system(load_system(path, sizes or {}, {}))


def change(folder: Path, old: str, new: str, sizes: Mapping[str, int] | None = None) -> Change:
    assert TEXT.count(old) == 1
    found = compared(read(folder, TEXT, sizes), read(folder, TEXT.replace(old, new), sizes))
    assert found is not None
    return found


def changed(found: Change) -> list[tuple[str, bool, list[str]]]:
    return [(item.after.name, item.guard, sorted(item.paths)) for item in found.actions]


def test_only_what_is_another_is_told(tmp_path: Path) -> None:
    assert change(tmp_path, "q == p)\n\n", "q == p)\n\n\n").none
    # a quantifier less before it gives those of `second` other markers, and the same meaning
    assert changed(change(tmp_path, "    require(forall(lambda q: not w.on[q], P))\n", "")) == [("first", True, [])]
    assert changed(change(tmp_path, "w.seen[q] or w.on[q]", "w.on[q]")) == [("second", False, ["seen"])]
    turned = change(tmp_path, "not w.on[p] and not w.seen[p]", "not w.on[p]")
    assert (turned.init, turned.actions) == (True, ())


def test_other_leaves_cannot_be_compared(tmp_path: Path) -> None:
    assert (
        compared(read(tmp_path, TEXT), read(tmp_path, TEXT.replace("    seen: array[P, bool]", "    seen: array[P, bool]\n    more: bool")))
        is None
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("implies(w.on[q], q == p)", "not w.on[q] or p == q or (w.on[q] and p == q)", True),
        ("implies(w.on[q], q == p)", "implies(w.on[q], q != p)", False),
        ("w.seen[q] or w.on[q]", "not (not w.seen[q] and not w.on[q])", True),
        ("w.seen[q] or w.on[q]", "w.seen[q] and w.on[q]", False),
        ("w.seen[q] or w.on[q]", "w.seen[q] or (w.on[q] and q == p)", True),  # its own guard says so
        ("not w.on[p] and not w.seen[p]", "not w.seen[p] and not w.on[p] and not (w.on[p] and w.seen[p])", True),
        ("not w.on[p] and not w.seen[p]", "not w.seen[p]", False),
    ],
)
def test_the_same_whatever_the_number_of_elements(tmp_path: Path, pool: SolverPool, old: str, new: str, expected: bool) -> None:
    found = change(tmp_path, old, new)
    assert same(found, claims_of(found.system, found.system.properties), Asker(pool, 20)) is expected


def test_the_same_where_the_claims_hold(tmp_path: Path, pool: SolverPool) -> None:
    found = change(tmp_path, "w.seen[p] = w.on[p]", "w.seen[p] = w.on[p] or exists(lambda a, b: w.on[a] and w.on[b] and a != b, P, P)")
    assert same(found, claims_of(found.system, found.system.properties), Asker(pool, 20))
    assert not same(found, [], Asker(pool, 20))


def demanded(found: Change) -> Demand:
    return demand(found, found.system.properties)


def noticed(folder: Path, pool: SolverPool, old: str, new: str, size: int) -> tuple[Broken | None, Notice]:
    notice = Notice(demanded(change(folder, old, new)), demanded(change(folder, old, new, {"P": size})), set())
    return notice.ask(pool, 20, time.monotonic() + 60), notice


def test_a_step_that_breaks_a_claim(tmp_path: Path, pool: SolverPool) -> None:
    broken, _ = noticed(tmp_path, pool, "q == p)\n\n", "q == p or w.seen[q])\n\n", 2)
    assert broken == Broken("one", "first")
    assert broken.text == "induction: first does not preserve one from a state that satisfies all invariants"


def test_what_is_not_seen_with_the_sizes_is_left_open(tmp_path: Path, pool: SolverPool) -> None:
    broken, notice = noticed(tmp_path, pool, "q == p)\n\n", "q == p or w.seen[q])\n\n", 1)
    assert broken is None
    assert notice.holds
    assert notice.reason == "proved with the given sizes only: that first preserves one"
    notice.resize(demanded(change(tmp_path, "q == p)\n\n", "q == p or w.seen[q])\n\n", {"P": 2})))
    assert notice.ask(pool, 20, time.monotonic() + 60) == Broken("one", "first")


def test_an_initial_state_that_violates_a_claim(tmp_path: Path, pool: SolverPool) -> None:
    broken, _ = noticed(tmp_path, pool, "not w.on[p] and not w.seen[p]", "not w.seen[p]", 2)
    assert broken == Broken("one", None)


def test_nothing_is_open_where_the_change_proves(tmp_path: Path, pool: SolverPool) -> None:
    broken, notice = noticed(tmp_path, pool, "w.seen[q] or w.on[q]", "w.on[q]", 2)
    assert (broken, notice.open) == (None, [])


REASONS = """\
from vmproof.lang import *


class W(State):
    n: bits[3]
    seen: bits[3]


@init
def start(w):
    return w.n == 0 and w.seen == 0


@action
def step(w):
    w.seen = w.n
    w.n = w.n + 2


@invariant("n is even")
def even(w):
    return w.n[0] == 0


@invariant("n is not seven", follows=("even",))
def seven(w):
    return w.n != 7


@invariant("seven was not seen", using=("seven",))
def unseen(w):
    return w.seen != 7
"""


@pytest.mark.parametrize(
    ("new", "broken", "open"),
    [
        ("w.seen = w.n + w.n", None, 0),  # as what is named says, and what follows is not asked of the step
        ("w.seen = w.n | 4", None, 0),
        ("w.seen = ~w.n", Broken("unseen", "step"), 1),
        ("w.seen = w.n if w.n[0] == 0 else 7", None, 0),  # no state that satisfies `even`, too, breaks it
    ],
)
def test_a_change_is_asked_with_what_a_claim_names(tmp_path: Path, pool: SolverPool, new: str, broken: Broken | None, open: int) -> None:
    found = compared(read(tmp_path, REASONS), read(tmp_path, REASONS.replace("w.seen = w.n\n", f"{new}\n")))
    assert found is not None
    notice = Notice(None, demanded(found), set())
    assert notice.ask(pool, 20, time.monotonic() + 60) == broken
    assert len(notice.open) == open
