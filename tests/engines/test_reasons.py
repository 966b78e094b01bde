"""Invariants that say what they are proved from: nothing else helps them, and none of it proves anything by a circle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.systems import Sketch
from vmproof.engines.induction import induction
from vmproof.engines.reading import transition_system
from vmproof.engines.system import TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool
from vmproof.terms import Term

TEXT = """\
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


@invariant("what was seen is even", SEEN)
def seen_even(w):
    return w.seen[0] == 0


@invariant("n is not seven", SEVEN)
def seven(w):
    return w.n != 7
"""
PROVED = (Verdict.PROVED, "")


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def told(folder: Path, pool: SolverPool, seen: str, seven: str, by: int = 2, only: set[str] | None = None) -> list[tuple[Verdict, str]]:
    """What is said of the three claims."""
    path = folder / "w.py"
    path.write_text(TEXT.replace("SEEN", seen).replace("SEVEN", seven).replace("+ 2", f"+ {by}"))
    system = transition_system(load_system(path))
    claims = [item for item in system.properties if only is None or item.name in only]
    return [(answer.verdict, answer.reason) for answer in induction(system, claims, pool=pool)]


@pytest.mark.parametrize("seen", ['using=("even",)', 'using=("even", "seen_even")', 'using=("seven", "even")'])
@pytest.mark.parametrize("seven", ['using=("even",)', 'follows=("even",)', 'follows=("seen_even", "even")'])
def test_what_is_named_proves(tmp_path: Path, pool: SolverPool, seen: str, seven: str) -> None:
    assert told(tmp_path, pool, seen, seven) == [PROVED] * 3


def test_what_follows_helps_a_step(tmp_path: Path, pool: SolverPool) -> None:
    path = tmp_path / "w.py"
    path.write_text(TEXT.replace("SEEN", 'using=("seven",)').replace("SEVEN", 'follows=("even",)').replace("w.seen[0] == 0", "w.seen != 7"))
    system = transition_system(load_system(path))
    assert [answer.verdict for answer in induction(system, system.properties, pool=pool)] == [Verdict.PROVED] * 3


def test_what_is_not_named_is_no_help(tmp_path: Path, pool: SolverPool) -> None:
    even, seen, seven = told(tmp_path, pool, "using=()", "using=()")
    assert even == PROVED
    for name, found in (("seen_even", seen), ("seven", seven)):
        reason = f"induction: step does not preserve {name} from a state that satisfies the invariants that it uses"
        assert found == (Verdict.UNKNOWN, reason)


def test_a_claim_that_does_not_follow(tmp_path: Path, pool: SolverPool) -> None:
    _, seen, seven = told(tmp_path, pool, 'using=("even",)', 'follows=("seen_even",)')
    assert seen == PROVED
    assert seven == (Verdict.UNKNOWN, "induction: seven does not follow from the invariants that it names")


def test_what_fails_proves_nothing(tmp_path: Path, pool: SolverPool) -> None:
    even, seen, seven = told(tmp_path, pool, 'using=("even",)', 'follows=("even",)', by=3)
    assert even[0] is Verdict.UNKNOWN
    uses = "induction: step does not preserve seen_even from a state that satisfies the invariants that it uses"
    assert seen == (Verdict.UNKNOWN, f"{uses} (even cannot be used, for want of a proof)")
    names = "induction: seven does not follow from the invariants that it names"
    assert seven == (Verdict.UNKNOWN, f"{names} (even cannot be used, for want of a proof)")


def test_what_is_not_claimed_proves_nothing(tmp_path: Path, pool: SolverPool) -> None:
    seen, seven = told(tmp_path, pool, 'using=("even",)', 'follows=("even",)', only={"seen_even", "seven"})
    uses = "induction: step does not preserve seen_even from a state that satisfies the invariants that it uses"
    assert seen == (Verdict.UNKNOWN, f"{uses} (even cannot be used, as nothing claims it here)")
    names = "induction: seven does not follow from the invariants that it names"
    assert seven == (Verdict.UNKNOWN, f"{names} (even cannot be used, as nothing claims it here)")


def counting(s: Sketch, n: Term) -> TransitionSystem:
    """From zero, by ones, and three actions that change nothing."""
    for number in range(3):
        s.action(f"rest {number}", s.pool.true, {"n": n})
    s.action("step", s.pool.true, {"n": s.pool.add(n, s.pool.bv(1, 4))})
    return s.system(s.pool.eq(n, s.pool.bv(0, 4)))


def bounded(s: Sketch, n: Term, bound: int) -> None:
    """Two ways to say that n is below a bound, 4 or 16 of 4 bits."""
    s.always("small", s.pool.or_(s.pool.ult(n, s.pool.bv(4, 4)), s.pool.bool(bound == 16)))
    s.always("high bits clear", s.pool.or_(s.pool.eq(s.pool.extract(n, 3, 2), s.pool.bv(0, 2)), s.pool.bool(bound == 16)))


@pytest.mark.parametrize(
    ("small", "clear", "small_follows", "clear_follows"),
    [
        (("high bits clear",), ("small",), True, True),
        (("high bits clear",), ("small",), True, False),
        (("high bits clear",), ("small",), False, True),
        (("small",), ("high bits clear",), True, True),
    ],
)
def test_no_circle_proves_what_is_false(
    pool: SolverPool, small: tuple[str, ...], clear: tuple[str, ...], small_follows: bool, clear_follows: bool
) -> None:
    """Each of the two claims implies the other, and a step leads from a state in which both hold to one in which neither does."""
    s = Sketch("circle")
    n = s.number("n", 16)
    bounded(s, n, 4)
    system = counting(s, n)
    first, second = system.properties
    claims = [replace(first, using=small, follows=small_follows), replace(second, using=clear, follows=clear_follows)]
    assert [answer.verdict for answer in induction(system, claims, pool=pool)] == [Verdict.UNKNOWN] * 2


def test_what_another_claim_follows_from_is_not_dropped_as_following_itself(pool: SolverPool) -> None:
    """Either of two claims implies the other. The one that says so is proved from the other, which has a proof of its own."""
    s = Sketch("needed")
    n = s.number("n", 16)
    zero = s.pool.eq(n, s.pool.bv(0, 4))
    s.always("zero", zero)
    s.always("none", s.pool.not_(s.pool.ne(n, s.pool.bv(0, 4))))
    for number in range(4):
        s.action(f"rest {number}", s.pool.true, {"n": s.pool.bvand(n, s.pool.bv(number, 4))})
    system = s.system(zero)
    first, second = system.properties
    claims = [first, replace(second, using=("zero",), follows=True)]
    assert [answer.verdict for answer in induction(system, claims, pool=pool)] == [Verdict.PROVED] * 2
