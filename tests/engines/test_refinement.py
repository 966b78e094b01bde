"""Refinement between two systems: of some size by search, of any size by proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.support.systems import Sketch
from vmproof.data import library
from vmproof.engines.promises import Offer
from vmproof.engines.reading import transition_system
from vmproof.engines.refinement import Matching, refinement
from vmproof.engines.result import Answer
from vmproof.engines.system import TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool

FRAMES = library() / "spec" / "kernel" / "frames.py"

OWNERS = """
from vmproof.lang import *

Pid = unsized("Pid")
Frame = unsized("Frame")
FREE = constant(Pid)


class World(State):
    owner: array[Frame, Pid]


@init
def boot(w):
    return forall(lambda frame: w.owner[frame] == FREE, Frame)


@action
def give(w, frame: Frame, pid: Pid):
    require(w.owner[frame] == FREE)
    w.owner[frame] = pid


@action
def take(w, frame: Frame):
    require(w.owner[frame] != FREE)
    w.owner[frame] = FREE
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def verdicts(answers: list[Answer]) -> dict[str, Verdict]:
    return {answer.property: answer.verdict for answer in answers}


def clock(steps: Mapping[str, int], guarded: bool = True) -> TransitionSystem:
    """Counts modulo 8 by the given steps; `guarded`: only from even numbers."""
    s = Sketch("clock")
    n = s.number("n", 8)
    even = s.pool.eq(s.pool.extract(n, 0, 0), s.pool.bv(0, 1))
    for name, size in steps.items():
        s.action(name, even if guarded else s.pool.true, {"n": s.pool.add(n, s.pool.bv(size, 3))})
    return s.system(s.pool.eq(n, s.pool.bv(0, 3)))


def half() -> TransitionSystem:
    """Counts modulo 4, one by one."""
    s = Sketch("half")
    m = s.number("m", 4)
    s.action("tick", s.pool.true, {"m": s.pool.add(m, s.pool.bv(1, 2))})
    return s.system(s.pool.eq(m, s.pool.bv(0, 2)))


def test_steps_are_matched_or_leave_the_abstract_state_as_it_is(pool: SolverPool) -> None:
    concrete = clock({"two": 2, "none": 0})
    seen = {"m": concrete.pool.extract(concrete.state["n"], 2, 1)}
    answers = refinement(concrete, half(), seen, {"two": [Matching("tick")]}, pool=pool)
    assert verdicts(answers) == {"initial states": Verdict.PROVED, "two": Verdict.PROVED, "none": Verdict.PROVED}


def test_a_step_that_is_not_matched_is_refuted_with_a_trace_to_it(pool: SolverPool) -> None:
    concrete = clock({"one": 1, "three": 3}, guarded=False)
    seen = {"m": concrete.pool.extract(concrete.state["n"], 2, 1)}
    tick = [Matching("tick"), None]
    first, one, three = refinement(concrete, half(), seen, {"one": tick, "three": tick}, pool=pool)
    assert (first.verdict, one.verdict, three.verdict) == (Verdict.PROVED, Verdict.PROVED, Verdict.REFUTED)
    assert three.trace is not None
    assert [step.action for step in three.trace.steps] == ["one"]  # three steps from 1 are two ticks


def test_a_step_that_has_a_name_may_not_stutter(pool: SolverPool) -> None:
    concrete = clock({"one": 1}, guarded=False)
    seen = {"m": concrete.pool.extract(concrete.state["n"], 2, 1)}
    _, one = refinement(concrete, half(), seen, {"one": [Matching("tick")]}, pool=pool)
    assert one.verdict is Verdict.REFUTED
    assert one.trace is not None
    assert one.trace.steps == ()  # from 0 to 1 is no tick


@pytest.mark.parametrize(("odd", "steps"), [("from odd numbers", None), ("always", 2), ("never", 1)])
def test_what_is_offered_is_one_thing(pool: SolverPool, odd: str, steps: int | None) -> None:
    """From each number but 0 one of two actions: `even` is possible from even numbers; at 2 both are, if `odd` always is."""
    s = Sketch("turns")
    n = s.number("n", 8)
    even = s.pool.eq(s.pool.extract(n, 0, 0), s.pool.bv(0, 1))
    guard = {"from odd numbers": s.pool.not_(even), "always": s.pool.true, "never": s.pool.false}[odd]
    s.action("odd", guard, {"n": s.pool.add(n, s.pool.bv(1, 3))})
    s.action("even", even, {"n": s.pool.add(n, s.pool.bv(1, 3))})
    concrete = s.system(s.pool.eq(n, s.pool.bv(0, 3)))
    tick = [Matching("tick"), None]
    offer = Offer("onward", (), s.pool.ne(n, s.pool.bv(0, 3)), {"odd": {}, "even": {}})
    seen = {"m": s.pool.extract(n, 2, 1)}
    *_, offered = refinement(concrete, half(), seen, {"odd": tick, "even": tick}, [offer], pool=pool)
    assert offered.property == "onward"
    assert offered.verdict is (Verdict.PROVED if steps is None else Verdict.REFUTED)
    assert (None if offered.trace is None else len(offered.trace.steps)) == steps


def test_initial_states_must_be_abstract_ones(pool: SolverPool) -> None:
    concrete = clock({})
    seen = {"m": concrete.pool.bv(3, 2)}
    [first] = refinement(concrete, half(), seen, {}, pool=pool)
    assert first.verdict is Verdict.REFUTED


def frames(pool: SolverPool, text: str, lemmas: bool = True) -> dict[str, Verdict]:
    concrete = transition_system(load_system(FRAMES, texts={FRAMES.resolve(): text}))
    above = FRAMES.with_name("owners.py")
    abstract = transition_system(load_system(above, texts={above.resolve(): OWNERS}))
    state = concrete.state
    by_name = {action.name: {item.name: item.term for item in action.parameters} for action in concrete.actions}
    mapped, unmapped = by_name["map_page"], by_name["unmap_page"]
    p = concrete.pool
    frame = p.select(p.select(state["table.frame"], unmapped["pid"]), unmapped["page"])
    matched = {
        "map_page": [Matching("give", {"frame": mapped["frame"], "pid": mapped["pid"]})],
        "unmap_page": [Matching("take", {"frame": frame})],
    }
    known = [item for item in concrete.properties if item.name == "owned"] if lemmas else []
    abstraction = {"owner": state["owner"], "FREE": state["FREE"]}
    return verdicts(refinement(concrete, abstract, abstraction, matched, pool=pool, lemmas=known))


def test_a_kernel_of_any_size_refines_its_table_of_owners(pool: SolverPool) -> None:
    assert frames(pool, FRAMES.read_text()) == {
        "initial states": Verdict.PROVED,
        "map_page": Verdict.PROVED,
        "unmap_page": Verdict.PROVED,
    }


def test_a_kernel_that_takes_frames_from_others_is_not_matched(pool: SolverPool) -> None:
    dropped = "require(w.owner[frame] == FREE)"
    text = FRAMES.read_text()
    assert dropped in text
    assert frames(pool, text.replace(dropped, "require(True)"))["map_page"] is Verdict.UNKNOWN


def test_a_matching_that_lacks_a_parameter_is_an_error(pool: SolverPool) -> None:
    s = Sketch("picky")
    m = s.number("m", 4)
    by = s.parameter("by", 4)
    s.action("tick", s.pool.true, {"m": s.pool.add(m, by.term)}, [by])
    concrete = clock({"two": 2})
    seen = {"m": concrete.pool.extract(concrete.state["n"], 2, 1)}
    with pytest.raises(ValueError, match=r"^two as tick does not give by$"):
        refinement(concrete, s.system(s.pool.true), seen, {"two": [Matching("tick")]}, pool=pool)
