"""Mappings of a system to an abstract one that is made of others, or has arrays of any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.theorems.proving import prove
from vmproof.theorems.theorem import Theorem


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def refining(folder: Path, subject: str, abstract: str, texts: Mapping[str, str]) -> Theorem:
    """That one of these files refines another, by the one called `mapping`."""
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    return Theorem(
        subject,
        "One is seen as the other.",
        folder / f"{subject}.py",
        method="refinement",
        refines=folder / f"{abstract}.py",
        relation=folder / "mapping.py",
    )


CORES = """
from vmproof.lang import *


class Core(Enum):
    a = 0
    b = 1
    c = 2


class Flat(State):
    busy: array[(Core, bool), bool]


@init
def idle(w):
    return forall(lambda core, half: not w.busy[core, half], Core, bool)


@action
def flip(w, core: Core, half: bool):
    w.busy[core, half] = not w.busy[core, half]
"""
CORE = """
from vmproof.lang import *


class One(State):
    busy: bool


@init
def idle(w):
    return not w.busy


@action
def start(w):
    require(not w.busy)
    w.busy = True


@action
def stop(w):
    require(w.busy)
    w.busy = False
"""
WHOLE = """
from vmproof.lang import *
from . import core


class Core(Enum):
    a = 0
    b = 1
    c = 2


class Cores(State):
    cores: array[(Core, bool), core.One]
    turns: bits[2]


@init
def first(w):
    return w.turns == 0


@action
def turn(w):
    w.turns = w.turns + 1
"""
MAPPING = """
from vmproof.lang import *
from . import core as one
from . import flat
from . import whole


@abstraction
def seen(w, a):
    for core in (whole.Core.a, whole.Core.b, whole.Core.c):
        for half in (False, True):
            a.cores[core, half].busy = w.busy[flat.Core(bits[2](core)), half]
    a.turns = 0


@simulates("flip")
def one_of_two(w, a, core, half):
    there = a.cores[whole.Core(bits[2](core)), half]
    one.start(there)
    one.stop(there)
"""


def test_an_abstract_system_that_is_composed_of_arrays(pool: SolverPool, tmp_path: Path) -> None:
    """Its actions have indices before their own parameters; a joined index is taken apart again."""
    theorem = refining(tmp_path, "flat", "whole", {"flat": CORES, "core": CORE, "whole": WHOLE, "mapping": MAPPING})
    outcome = prove(theorem, pool, 20)
    assert outcome.verdict is Verdict.PROVED, outcome.reason
    (tmp_path / "mapping.py").write_text(MAPPING.replace("    one.stop(there)\n", ""))
    assert prove(theorem, pool, 20).verdict is Verdict.REFUTED


PAGED = """
from vmproof.lang import *

Frame = unsized("Frame")


class Paged(State):
    memory: array[Frame, array[bits[9], bits[8]]]
    swap: array[bits[20], array[bits[9], bits[8]]]
    frame: array[bits[20], Frame]
    page: array[Frame, bits[20]]
    used: array[Frame, bool]


@init
def nothing(w):
    return forall(lambda f: not w.used[f], Frame)


def present(w, page):
    return w.used[w.frame[page]] and w.page[w.frame[page]] == page


@action
def store(w, page: bits[20], at: bits[9], value: bits[8]):
    require(present(w, page))
    w.memory[w.frame[page]][at] = value


@action
def bring(w, page: bits[20], f: Frame):
    require(not present(w, page) and not w.used[f])
    w.frame[page], w.page[f], w.used[f] = f, page, True
    w.memory[f] = w.swap[page]
"""
PLAIN = """
from vmproof.lang import *


class Plain(State):
    memory: array[(bits[20], bits[9]), bits[8]]


@init
def anything(w):
    return True


@action
def store(w, page: bits[20], at: bits[9], value: bits[8]):
    w.memory[page, at] = value
"""
AS_PLAIN = """
from vmproof.lang import *
from . import paged
from . import plain


@abstraction
def seen(w, a):
    a.memory = array(lambda page, at: w.memory[w.frame[page]][at] if paged.present(w, page) else w.swap[page][at])


@simulates("store")
def stored(w, a, page, at, value):
    plain.store(a, page, at, value)
"""


def test_an_array_with_too_many_elements_to_be_listed_is_given_by_a_function(pool: SolverPool, tmp_path: Path) -> None:
    """It is read where the proof reads it, so that a refutation is found as well. The two systems call different things `memory`."""
    theorem = refining(tmp_path, "paged", "plain", {"paged": PAGED, "plain": PLAIN, "mapping": AS_PLAIN})
    theorem = replace(theorem, examples={"Frame": 2})
    outcome = prove(theorem, pool, 20)
    assert outcome.verdict is Verdict.PROVED, outcome.reason
    (tmp_path / "paged.py").write_text(PAGED.replace("    w.memory[f] = w.swap[page]\n", ""))
    outcome = prove(theorem, pool, 20)
    assert outcome.verdict is Verdict.REFUTED, outcome.reason
    [found] = [item for item in outcome.found if item.verdict is Verdict.REFUTED]
    assert found.name == "bring"
    assert found.reason == "as plain sees it, that step changes what memory holds, and the mapping names no step that it may be"


SPARSE = """
from vmproof.lang import *


class Kind(Enum):
    low = 0
    high = 2


class S(State):
    kind: Kind


@init
def first(w):
    return w.kind == Kind.low


@action
def take(w, kind: Kind):
    w.kind = kind
"""
SPARSE_MAPPING = """
from vmproof.lang import *
from . import above
from . import below


@abstraction
def seen(w: below.S, a: above.S):
    a.kind = above.Kind.high if w.kind == below.Kind.high else above.Kind.low


@simulates("take")
def take(w, a, kind):
    above.take(a, above.Kind.high if kind == below.Kind.high else above.Kind.low)


@offers("take")
def to_take(w, a):
    return True


@ensures("take")
def taken(w, after, kind, other: below.Kind):
    return after.kind == kind and (other == below.Kind.low or other == below.Kind.high)
"""


def test_promises_are_of_members_of_an_enumeration_only(pool: SolverPool, tmp_path: Path) -> None:
    """A code that no member has is no parameter with which something must be possible."""
    theorem = refining(tmp_path, "below", "above", {"below": SPARSE, "above": SPARSE, "mapping": SPARSE_MAPPING})
    outcome = prove(theorem, pool, 20)
    assert outcome.verdict is Verdict.PROVED, outcome.reason
    assert {item.name for item in outcome.found} == {"initial states", "take", "to_take", "taken of take"}
