"""`vmproof mutate` on a theorem by refinement: a mutant is noticed by a step that is not matched, or by an invariant of the proof."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.tool import vmproof

ROOM = """\
from vmproof.lang import *

P = unsized("P")
NOBODY = constant(P)


class Room(State):
    owner: P
    lamp: bool
    inside: array[P, bool]
    visits: bits[2]


def free(w):
    return w.owner == NOBODY


@init
def start(w):
    return free(w) and w.visits == 0 and forall(lambda p: not w.inside[p], P)


@action
def enter(w, p: P):
    require(free(w) and p != NOBODY and not w.inside[p])
    w.owner = p
    w.inside[p] = True
    w.visits = w.visits + 2


@action
def leave(w, p: P):
    require(w.inside[p])
    w.inside[p] = False
    w.owner = NOBODY


@action
def knock(w, p: P):
    require(not free(w))


@action
def turn(w, on: bool):
    w.lamp = on


@invariant("who is inside is the owner")
def owned(w, p: P):
    return implies(w.inside[p], not free(w) and w.owner == p)


@invariant("visits come in pairs, which no induction shows: after 1 there would be 3")
def pairs(w):
    return w.visits != 3
"""
LOCK = """\
from vmproof.lang import *

P = unsized("P")
NOBODY = constant(P)


class Lock(State):
    holder: P


@init
def unlocked(l):
    return l.holder == NOBODY


@action
def take(l, p: P):
    require(l.holder == NOBODY and p != NOBODY)
    l.holder = p


@action
def release(l):
    require(l.holder != NOBODY)
    l.holder = NOBODY
"""
MAPPING = """\
from vmproof.lang import *
from . import lock, room

locks = lock(P=room.P, NOBODY=room.NOBODY)


@abstraction
def seen(w: room.Room, l: locks.Lock):
    l.holder = room.NOBODY if room.free(w) else w.owner


@simulates("enter")
def enter(w, l, p):
    locks.take(l, p)


@simulates("leave")
def leave(w, l):
    locks.release(l)


@ensures("turn")
def lit(w, after, on):
    return after.lamp == on


@offers("enter", "knock")
def at_the_door(w, l, p):
    return p != room.NOBODY and not w.inside[p]
"""
THEOREM = """\
[room-as-lock]
claim = "A room is a lock."
subject = "room.py"
method = "refinement"
refines = "lock.py"
mapping = "room_as_lock.py"
expect = "proved"
"""
INIT = "return free(w) and w.visits == 0 and forall(lambda p: not w.inside[p], P)"
ENTER = "require(free(w) and p != NOBODY and not w.inside[p])"


def written(folder: Path, theorem: str = THEOREM) -> Path:
    texts = {"room.py": ROOM, "lock.py": LOCK, "room_as_lock.py": MAPPING, "proofs/rooms.toml": theorem}
    (folder / "proofs").mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def fates(project: Path) -> dict[tuple[str, str], tuple[str, str, str]]:
    run = vmproof("mutate", "room-as-lock", "--no-cache", "--format", "json", cwd=project)
    assert run.stderr == ""
    [theorem] = json.loads(run.stdout)["theorems"]
    return {(item["before"], item["after"]): (item["fate"], item["verdict"], item["reason"]) for item in theorem["mutants"]}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[str, str, str]]:
    return fates(written(tmp_path_factory.mktemp("room")))


def test_a_step_that_is_not_matched_breaks_the_proof(found: dict[tuple[str, str], tuple[str, str, str]]) -> None:
    held = "refinement: the step leave is not matched from a state that satisfies all invariants"
    assert found["w.owner = NOBODY", "pass"] == ("broken", "unknown", held)
    assert found[ENTER, "require((p != NOBODY and (not w.inside[p])))"][0] == "broken"


def test_what_is_not_offered_breaks_the_proof(found: dict[tuple[str, str], tuple[str, str, str]]) -> None:
    both = "refinement: what at_the_door says is not so in a state that satisfies all invariants"
    assert found["require(not free(w))", "pass"] == ("broken", "unknown", both)


def test_what_is_not_ensured_breaks_the_proof(found: dict[tuple[str, str], tuple[str, str, str]]) -> None:
    dark = "refinement: what lit of turn says is not so in a state that satisfies all invariants"
    assert found["w.lamp = on", "pass"] == ("broken", "unknown", dark)


def test_an_invariant_that_the_proof_uses_breaks_it(found: dict[tuple[str, str], tuple[str, str, str]]) -> None:
    unmoved = "induction: leave does not preserve owned from a state that satisfies all invariants"
    assert found["w.inside[p] = False", "pass"] == ("broken", "unknown", unmoved)


def test_an_initial_state_that_is_not_matched_kills(found: dict[tuple[str, str], tuple[str, str, str]]) -> None:
    unstarted = "return (w.visits == 0 and forall(lambda p: not w.inside[p], P))"
    assert found[INIT, unstarted] == ("killed", "refuted", "an initial state is not matched")


def test_what_can_no_longer_happen_kills(found: dict[tuple[str, str], tuple[str, str, str]]) -> None:
    assert found["w.inside[p] = True", "pass"] == ("killed", "vacuous", "the action leave cannot happen")


def test_the_mapping_keeps_its_meaning_of_what_it_shares_with_the_subject(found: dict[tuple[str, str], tuple[str, str, str]]) -> None:
    turned = found["return w.owner == NOBODY", "return (w.owner != NOBODY)"]
    assert turned == ("killed", "refuted", "an initial state is not matched")


def test_what_the_claims_exclude_makes_no_difference(found: dict[tuple[str, str], tuple[str, str, str]]) -> None:
    assert found[ENTER, "require((free(w) and p != NOBODY))"] == ("equivalent", "unknown", "")


def test_what_the_mapping_does_not_see_survives(found: dict[tuple[str, str], tuple[str, str, str]]) -> None:
    # it makes `pairs` false, which the proof does not rest on
    assert found["w.visits = w.visits + 2", "w.visits = w.visits + 3"] == ("survived", "proved", "")


def test_a_proof_for_given_sizes_is_measured_with_these(tmp_path: Path) -> None:
    found = fates(written(tmp_path, THEOREM + "sizes = { P = 3 }\n"))
    assert found[ENTER, "require((p != NOBODY and (not w.inside[p])))"][0] == "broken"
    assert found["w.inside[p] = False", "pass"][0] == "broken"
    assert found["w.visits = w.visits + 2", "pass"] == ("survived", "proved", "")
