"""Helpers that claims call again and again are evaluated once for the same arguments, and only for these."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmproof.engines.reading import transition_system
from vmproof.engines.system import TransitionSystem
from vmproof.language.loader import load_system
from vmproof.terms import ArrayValue, Value, evaluate

HEAD = """\
from vmproof.lang import *
class Colour(Enum):
    red = 0
    blue = 1
class Pair(Record):
    x: bits[8]
    y: bits[8]
class World(State):
    a: bits[8]
    b: bits[8]
    colour: Colour
    two: array[bits[1], Pair]
@init
def start(w): return w.a == 0
@action
def go(w): w.a = w.a + 1
"""

# A helper, and what is asked of it, with the value that it has in Python.
HELPER = """\
def weighed(w, by, colour, pair, sign):
    total = w.a * by + pair.x - pair.y
    if colour == Colour.blue:
        total = total ^ w.b
    return total + sign(pair.x) + total * 2 + by
def doubled(x): return x + x
def halved(x): return x >> 1
"""
ASKED: dict[str, Callable[[dict[str, Any]], int]] = {
    "weighed(w, 3, w.colour, w.two[0], doubled)": lambda w: weighed(w, 3, w["colour"], w["two"][0], doubled),
    "weighed(w, 4, w.colour, w.two[0], doubled)": lambda w: weighed(w, 4, w["colour"], w["two"][0], doubled),
    "weighed(w, w.b, w.colour, w.two[0], doubled)": lambda w: weighed(w, w["b"], w["colour"], w["two"][0], doubled),
    "weighed(w, 3, Colour.red, w.two[0], doubled)": lambda w: weighed(w, 3, 0, w["two"][0], doubled),
    "weighed(w, 3, Colour.blue, w.two[0], doubled)": lambda w: weighed(w, 3, 1, w["two"][0], doubled),
    "weighed(w, 3, w.colour, w.two[1], doubled)": lambda w: weighed(w, 3, w["colour"], w["two"][1], doubled),
    "weighed(w, 3, w.colour, Pair(x=w.a, y=1), doubled)": lambda w: weighed(w, 3, w["colour"], (w["a"], 1), doubled),
    "weighed(w, 3, w.colour, w.two[0], halved)": lambda w: weighed(w, 3, w["colour"], w["two"][0], halved),
    "weighed(w, sign=halved, by=3, colour=w.colour, pair=w.two[0])": lambda w: weighed(w, 3, w["colour"], w["two"][0], halved),
    "weighed(w, 3, w.colour, w.two[0], lambda x: x + w.b)": lambda w: weighed(w, 3, w["colour"], w["two"][0], lambda x: x + w["b"]),
    "(weighed(w, 3, w.colour, w.two[0], doubled) if w.a < w.b else bits[8](7))": lambda w: (
        weighed(w, 3, w["colour"], w["two"][0], doubled) if w["a"] < w["b"] else 7
    ),
}

PART = """\
from vmproof.lang import *
BY = parameter(3)
class Part(State):
    n: bits[8]
@init
def start(p): return p.n == 0
def more(x): return x + BY
"""


def weighed(w: dict[str, Any], by: int, colour: int, pair: tuple[int, int], sign: Callable[[int], int]) -> int:
    total: int = w["a"] * by + pair[0] - pair[1]
    if colour == 1:
        total = (total & 255) ^ w["b"]
    return (total + (sign(pair[0]) & 255) + total * 2 + by) & 255


def doubled(x: int) -> int:
    return x + x


def halved(x: int) -> int:
    return x >> 1


def system(tmp_path: Path, text: str) -> TransitionSystem:
    path = tmp_path / "world.py"
    path.write_text(HEAD + text)
    return transition_system(load_system(path))


def test_a_tower_of_calls_is_read_in_no_time(tmp_path: Path) -> None:
    floors = "".join(f"def floor{k}(w): return floor{k - 1}(w) + floor{k - 1}(w)\n" for k in range(1, 51))
    claim = '@invariant("c")\ndef c(w): return floor50(w) == w.a\n'
    read = system(tmp_path, f"def floor0(w): return w.a\n{floors}{claim}")
    assert [item.name for item in read.properties] == ["c"]


def test_a_file_that_is_read_twice_has_two_of_each_function(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(PART)
    text = "from . import part\nother = part(BY=9)\n"
    text += '@invariant("c")\ndef c(w): return part.more(w.a) == 3 and other.more(w.a) == 9\n'
    read = system(tmp_path, text)
    [claim] = read.properties
    assert evaluate([claim.term], dict.fromkeys((v.term for v in read.variables), 0)) == [True]


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> TransitionSystem:
    """That each call gives `v`."""
    texts = (f'@invariant("c")\ndef c{k}(w, v: bits[8]): return {call} == v\n' for k, call in enumerate(ASKED))
    return system(tmp_path_factory.mktemp("known"), HELPER + "".join(texts))


@given(st.lists(st.integers(0, 255), min_size=6, max_size=6), st.integers(0, 1))
def test_each_call_has_its_own_value(claims: TransitionSystem, numbers: list[int], colour: int) -> None:
    a, b, *pairs = numbers
    world = {"a": a, "b": b, "colour": colour, "two": [(pairs[0], pairs[1]), (pairs[2], pairs[3])]}
    values: dict[str, Value] = {"a": a, "b": b, "colour": colour}
    values["two.x"] = ArrayValue(0, {0: pairs[0], 1: pairs[2]})
    values["two.y"] = ArrayValue(0, {0: pairs[1], 1: pairs[3]})
    leaves = {v.term: values[v.path] for v in claims.variables}
    for item, call in zip(claims.properties, ASKED, strict=True):
        [given_value] = item.parameters
        expected = ASKED[call](world)
        for value in (expected, expected ^ 1):
            assert evaluate([item.term], {**leaves, given_value.term: value}) == [value == expected], call
