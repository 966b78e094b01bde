"""Arrays within records within arrays, and arrays of arrays: every level of indices counts, in every engine and in every name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.naive_search import search
from vmproof.engines.bmc import bmc
from vmproof.engines.domains import misfit, normal_value, same_value
from vmproof.engines.explicit import explore
from vmproof.engines.induction import induction
from vmproof.engines.kinduction import kinduction
from vmproof.engines.reading import transition_system
from vmproof.engines.replay import replay
from vmproof.engines.system import Index, TransitionSystem, Variable
from vmproof.engines.verdict import Verdict
from vmproof.formats.naming import Naming
from vmproof.formats.trace import shown
from vmproof.language.loader import load_system
from vmproof.language.systems import System
from vmproof.solvers import SolverPool
from vmproof.terms import ArraySort, ArrayValue, Pool, bitvec

SHELVES = """\
from vmproof.lang import *

Room = unsized("Room")
Box = unsized("Box")


class Kind(Enum):
    none = 0
    tea = 1
    salt = 2


class Shelf(Record):
    boxes: array[Box, Kind]
    full: bool


class Store(State):
    shelves: array[Room, Shelf]
    grid: array[Room, array[bits[1], Box]]


@init
def empty(w):
    return forall(
        lambda r, b: w.shelves[r].boxes[b] == Kind.none and not w.shelves[r].full and w.grid[r][0] == b and w.grid[r][1] == b,
        Room,
        Box,
    )


@action
def put(w, r: Room, b: Box, kind: Kind):
    require(kind != Kind.none and not w.shelves[r].full)
    w.shelves[r].boxes[b] = kind
    w.shelves[r].full = True


@action
def move(w, r: Room, to: Room):
    require(w.shelves[r].full and not w.shelves[to].full)
    w.shelves[to] = w.shelves[r]
    w.shelves[r].boxes = array(lambda b: Kind.none)
    w.shelves[r].full = False


@invariant("what is not full is empty")
def emptied(w, r: Room, b: Box):
    return w.shelves[r].full or w.shelves[r].boxes[b] == Kind.none


@invariant("there is no salt")
def saltless(w, r: Room, b: Box):
    return w.shelves[r].boxes[b] != Kind.salt
"""


def loaded(folder: Path, sizes: dict[str, int], text: str = SHELVES) -> System:
    path = folder / "store.py"
    path.write_text(text)
    return load_system(path, sizes)


ONE_BOX = {"Room": 3, "Box": 1}


def test_the_variables_know_all_their_indices(tmp_path: Path) -> None:
    system = loaded(tmp_path, {"Room": 3, "Box": 2})
    assert {item.path: [[str(kind) for kind in bracket] for bracket in item.index] for item in system.variables} == {
        "shelves.boxes": [["Room"], ["Box"]],
        "shelves.full": [["Room"]],
        "grid": [["Room"], ["bits[1]"]],
    }
    made = {item.path: item for item in transition_system(system).variables}
    rooms, boxes = Index(3, ("Room0", "Room1", "Room2"), "Room"), Index(2, ("Box0", "Box1"), "Box")
    assert made["shelves.boxes"].indices == (rooms, boxes)
    assert made["grid"].indices == (rooms, Index(2))
    assert (made["shelves.boxes"].domain, made["grid"].domain) == (3, 2)


def test_states_are_counted_as_the_plain_search_counts_them(tmp_path: Path) -> None:
    made = transition_system(loaded(tmp_path, ONE_BOX))
    plain = search(made)
    assert plain is not None
    found = explore(made, made.properties, symmetry=False)
    assert (found.states, found.transitions) == (len(plain.distance), plain.transitions)
    assert found.states == 3**3  # each of three rooms is empty, or has tea or salt
    reduced = explore(made, made.properties)
    assert reduced.states < found.states
    assert [answer.verdict for answer in reduced.answers] == [Verdict.PROVED, Verdict.REFUTED]


GRID = """\
from vmproof.lang import *

Row = unsized("Row")
Column = unsized("Column")


class W(State):
    cells: array[Row, array[Column, bits[2]]]
    done: array[Row, bool]


@init
def empty(w):
    return forall(lambda r, c: w.cells[r][c] == 0 and not w.done[r], Row, Column)


@action
def count(w, r: Row, c: Column):
    require(not w.done[r] and w.cells[r][c] < 3)
    w.cells[r][c] = w.cells[r][c] + 1


@action
def close(w, r: Row, c: Column, other: Column):
    require(c != other and w.cells[r][c] == 1 and w.cells[r][other] == 2)
    w.done[r] = True


@invariant("some row stays open")
def open_row(w):
    return exists(lambda r: not w.done[r], Row)
"""


@pytest.mark.parametrize("sizes", [{"Row": 2, "Column": 2}, {"Row": 2, "Column": 3}])
def test_two_interchangeable_types_that_index_one_array(sizes: dict[str, int], tmp_path: Path) -> None:
    made = transition_system(loaded(tmp_path, sizes, GRID))
    found, reduced = explore(made, made.properties, symmetry=False), explore(made, made.properties)
    assert reduced.states * 2 < found.states
    [full], [short] = found.answers, reduced.answers
    assert full.trace is not None
    assert short.trace is not None
    assert (full.verdict, len(full.trace.steps)) == (short.verdict, len(short.trace.steps)) == (Verdict.REFUTED, 8)


def engines(made: TransitionSystem) -> dict[str, Verdict]:
    with SolverPool(timeout=20) as pool:
        [emptied, saltless] = made.properties
        [proved] = kinduction(made, [emptied], pool=pool, bound=1)
        [refuted] = bmc(made, [saltless], pool=pool, bound=2)
        assert refuted.trace is not None
        assert replay(made, refuted.trace, saltless, refuted.parameters) is None
        return {proved.property: proved.verdict, refuted.property: refuted.verdict}


@pytest.mark.parametrize("sizes", [{"Room": 2, "Box": 2}, ONE_BOX])
def test_solvers_agree(sizes: dict[str, int], tmp_path: Path) -> None:
    text = SHELVES.replace(" and w.grid[r][0] == b and w.grid[r][1] == b", "")  # that has no solution with two boxes
    made = transition_system(loaded(tmp_path, sizes, text))
    assert engines(made) == {"emptied": Verdict.PROVED, "saltless": Verdict.REFUTED}


def test_induction_of_any_size(tmp_path: Path) -> None:
    made = transition_system(loaded(tmp_path, {}))
    with SolverPool(timeout=20) as pool:
        [answer] = induction(made, [made.properties[0]], pool=pool)
    assert answer.verdict is Verdict.PROVED


def test_names_have_every_index(tmp_path: Path) -> None:
    system = loaded(tmp_path, ONE_BOX)
    made = transition_system(system)
    [answer] = explore(made, [made.properties[1]]).answers
    assert answer.trace is not None
    trace = shown(Naming(system), answer.trace, "saltless", answer.parameters)
    assert trace.initial == {"shelves[*].boxes[*]": "none", "shelves[*].full": False, "grid[*][*]": "Box0"}
    [step] = trace.steps
    room = step.parameters["r"]
    assert set(step.changes) == {f"shelves[{room}].boxes[Box0]", f"shelves[{room}].full"}


def test_values_at_indices_that_do_not_exist_do_not_count() -> None:
    sort = ArraySort(bitvec(2), ArraySort(bitvec(2), bitvec(2)))
    variable = Variable("a", Pool().var("a", sort), domain=3, indices=(Index(3), Index(2)))
    inner = ArrayValue(0, {0: 1, 1: 2, 2: 3})
    blank = ArrayValue(0, {})
    value = ArrayValue(blank, {0: inner, 3: inner})
    plain = ArrayValue(blank, {0: ArrayValue(0, {0: 1, 1: 2})})
    assert same_value(variable, value, plain)
    assert not same_value(variable, value, ArrayValue(blank, {1: inner}))
    assert normal_value(variable, value) == normal_value(variable, plain)
    assert misfit(variable, value) is None
    assert misfit(variable, ArrayValue(blank, {2: ArrayValue(0, {1: 3})})) == "a[2][1] is 3, which is not below 3"


def test_an_array_has_as_many_indices_as_its_sort() -> None:
    with pytest.raises(ValueError, match="a has 1 indices, and its sort 2"):
        Variable("a", Pool().var("a", ArraySort(bitvec(2), ArraySort(bitvec(2), bitvec(2)))), indices=(Index(3),))
