"""Explicit search agrees with the plainest search on random small systems, and on classics with what is known of them."""

from __future__ import annotations

from itertools import permutations, product
from math import comb

import pytest

from tests.support.naive_search import Reached, avoids, least, search
from tests.support.systems import Sketch, counter, dead_end, late, peterson, philosophers, random_system
from vmproof.engines.explicit import Exploration, explicit, explore
from vmproof.engines.replay import replay
from vmproof.engines.result import Answer
from vmproof.engines.search import Limits
from vmproof.engines.system import Kind, Property, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool


def by_name(answers: list[Answer] | tuple[Answer, ...]) -> dict[str, Answer]:
    return {answer.property: answer for answer in answers}


def agrees(system: TransitionSystem, reached: Reached, found: Exploration) -> None:
    """Counts, verdicts, and lengths of traces are those of the plain search."""
    assert found.complete
    assert (found.states, found.transitions) == (len(reached.distance), reached.transitions)
    answers = by_name(found.answers)
    for claim in system.properties:
        answer = answers[claim.name]
        if claim.kind is Kind.EVENTUALLY:
            assert (answer.verdict is Verdict.REFUTED) == avoids(reached, claim), claim.name
            if answer.verdict is Verdict.VACUOUS:
                assert not any(True in reached.holds(claim, state, True).values() for state in reached.distance) or not reached.distance
        else:
            distance = least(reached, claim)
            refuted = (distance is None) == (claim.kind is Kind.SOMETIMES)
            expected = Verdict.REFUTED if refuted else Verdict.PROVED if reached.distance else Verdict.VACUOUS
            assert answer.verdict is expected, claim.name
            assert (None if answer.trace is None else len(answer.trace.steps)) == distance, claim.name
        if answer.trace is not None:
            assert replay(system, answer.trace, claim, answer.parameters) is None
    stuck = [distance for state, distance in reached.distance.items() if not reached.edges[state]]
    assert (found.stuck.verdict is Verdict.REFUTED) == bool(stuck)
    if found.stuck.trace is not None:
        assert len(found.stuck.trace.steps) == min(stuck)


@pytest.mark.parametrize("block", range(6))
def test_random_systems_agree_with_plain_search(block: int) -> None:
    seen = 0
    for seed in range(50 * block, 50 * block + 50):
        system = random_system(seed)
        reached = search(system, most=400)
        if reached is not None:
            agrees(system, reached, explore(system, system.properties))
            seen += 1
    assert seen > 30


def test_a_counter_that_wraps() -> None:
    system = counter(5)
    found = explore(system, system.properties)
    answers = by_name(found.answers)
    assert (found.states, found.transitions, found.stuck.verdict) == (6, 6, Verdict.PROVED)
    assert {name: answer.verdict for name, answer in answers.items()} == {
        "in range": Verdict.PROVED,
        "below the top": Verdict.REFUTED,
        "top": Verdict.PROVED,
        "reaches the top": Verdict.PROVED,
        "returns to zero": Verdict.PROVED,
    }
    trace = answers["below the top"].trace
    assert trace is not None
    assert [step.state["n"] for step in trace.steps] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("right", [True, False])
def test_peterson(right: bool) -> None:
    system = peterson(right)
    answers = by_name(explore(system, system.properties).answers)
    assert answers["mutual exclusion"].verdict is (Verdict.PROVED if right else Verdict.REFUTED)
    assert answers["critical"].verdict is Verdict.PROVED
    assert answers["enters"].verdict is Verdict.PROVED


def test_philosophers_get_stuck_when_each_holds_a_fork() -> None:
    system = philosophers(3)
    found = explore(system, system.properties)
    stuck = found.stuck.trace
    assert stuck is not None
    assert stuck.stuck
    assert [step.action for step in stuck.steps] == ["left"] * 3
    assert by_name(found.answers)["somebody eats"].verdict is Verdict.REFUTED


def test_liveness_does_not_overlook_a_dead_end() -> None:
    system = dead_end()
    answer = by_name(explore(system, system.properties).answers)["three"]
    assert answer.verdict is Verdict.REFUTED
    assert answer.trace is not None
    assert (len(answer.trace.steps), answer.trace.stuck, answer.trace.loop) == (2, True, None)


def test_a_late_violation_has_its_whole_trace() -> None:
    system = late(6)
    [answer] = explicit(system, system.properties)
    assert answer.trace is not None
    assert len(answer.trace.steps) == 6


def test_of_the_shortest_traces_one_with_the_fewest_parameters_away_from_zero_is_shown() -> None:
    s = Sketch("defaults")
    p = s.pool
    n, last = s.number("n", 8), s.number("last", 4)
    x, y = s.parameter("x", 4), s.parameter("y", 4)
    s.action("go", p.true, {"n": p.ite(p.eq(n, p.bv(7, 3)), n, p.add(n, p.bv(1, 3))), "last": p.bvor(x.term, y.term)}, [x, y])
    s.always("never", p.not_(p.and_(p.eq(n, p.bv(4, 3)), p.eq(last, p.bv(2, 2)))))
    system = s.system(p.and_(p.eq(n, p.bv(0, 3)), p.eq(last, p.bv(3, 2))))
    [answer] = explicit(system, system.properties)
    assert answer.trace is not None
    assert sum(bool(value) for step in answer.trace.steps for value in step.parameters.values()) == 1


def test_states_of_several_words() -> None:
    s = Sketch("wide")
    p = s.pool
    left, right = s.number("left", 1 << 64), s.number("right", 1 << 64)
    small = s.array("small", 3, 5)
    one = p.bv(1, 64)
    more = p.and_(p.ult(left, p.bv(20, 64)), p.ult(p.select(small, p.bv(0, 2)), p.bv(4, 3)))
    s.action("left", more, {"left": p.add(left, one), "right": p.sub(right, p.bv(1 << 40, 64))})
    full = p.eq(p.select(small, p.bv(2, 2)), p.bv(4, 3))
    s.action("count", p.not_(full), {"small": p.store(small, p.bv(2, 2), p.add(p.select(small, p.bv(2, 2)), p.bv(1, 3)))})
    s.always("apart", p.ne(left, right))
    s.sometimes("end", p.eq(right, p.bv(-20 << 40, 64)))
    system = s.system(p.and_(p.eq(left, p.bv(0, 64)), p.eq(right, p.bv(0, 64)), s.each(small, 3, p.bv(0, 3))))
    found = explore(system, system.properties)
    assert found.states == 21 * 5
    assert by_name(found.answers)["end"].verdict is Verdict.PROVED
    assert by_name(found.answers)["apart"].verdict is Verdict.REFUTED  # at the beginning


def test_limits_are_told() -> None:
    system = counter(200)
    [answer] = explicit(system, system.properties[:1], limits=Limits(states=50))
    assert (answer.verdict, answer.reason, answer.states) == (Verdict.UNKNOWN, "bound: more than 50 states", None)
    [answer] = explicit(system, system.properties[:1], timeout=0.0)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason.startswith("timeout: 0 s were not enough, ")
    [answer] = explicit(system, system.properties[:1], limits=Limits(memory_mb=0.01))
    assert answer.reason.startswith("memory: 0.01 MB were not enough, ")


def test_an_action_that_leaves_the_values_of_a_type_is_an_error() -> None:
    s = Sketch("escape")
    p = s.pool
    n = s.number("n", 3)
    s.action("step", p.true, {"n": p.add(n, p.bv(1, 2))})
    s.always("any", p.true)
    [answer] = explicit(*_asked(s.system(p.eq(n, p.bv(0, 2)))))
    assert (answer.verdict, answer.reason) == (Verdict.ERROR, "step gives n a value that is not below 3")


def test_no_initial_state_is_vacuous() -> None:
    s = Sketch("nothing")
    p = s.pool
    n = s.number("n", 3)
    s.action("step", p.true, {"n": p.bv(0, 2)})
    s.always("any", p.true)
    [answer] = explicit(*_asked(s.system(p.eq(n, p.bv(3, 2)))))
    assert (answer.verdict, answer.reason) == (Verdict.VACUOUS, "there is no initial state")


def _asked(system: TransitionSystem) -> tuple[TransitionSystem, tuple[Property, ...]]:
    return system, system.properties


def test_too_many_initial_states_are_unknown() -> None:
    s = Sketch("many")
    s.number("n", 1 << 40)
    s.always("any", s.pool.true)
    [answer] = explicit(*_asked(s.system(s.pool.true)))
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason == "abstraction: the initial states are too many to list (n alone takes 1099511627776 values)"


def owners(processes: int, frames: int) -> Sketch:
    """Interchangeable processes that take and give back interchangeable frames; process 0 is no different."""
    s = Sketch("owners")
    p = s.pool
    owner = s.array("owner", frames, processes, symmetry="Process", index_symmetry="Frame")
    used = s.array("used", frames, None, index_symmetry="Frame")
    f, who = s.parameter("f", frames, symmetry="Frame"), s.parameter("who", processes, symmetry="Process")
    taken = {"owner": p.store(owner, f.term, who.term), "used": p.store(used, f.term, p.true)}
    s.action("take", p.not_(p.select(used, f.term)), taken, [f, who])
    s.action("give", p.select(used, f.term), {"used": p.store(used, f.term, p.false)}, [f])
    g = s.parameter("g", frames, symmetry="Frame")
    same = p.eq(p.select(owner, f.term), p.select(owner, g.term))
    s.always("all one", p.or_(same, p.not_(p.select(used, f.term)), p.not_(p.select(used, g.term))), f, g)
    return s


def test_symmetry_gives_the_same_verdicts_from_fewer_states() -> None:
    s = owners(3, 3)
    system = s.system(s.each(s.variables[1].term, 3, s.pool.false))
    whole = explore(system, system.properties, symmetry=False)
    plain = explore(system, system.properties)  # that processes are interchangeable takes a solver to see
    with SolverPool(workers=1) as pool:
        solved = explore(system, system.properties, pool=pool)
    assert (whole.states, plain.states, solved.states) == (27 * 8, 56, orbits(3, 3))
    assert [found.answers[0].details.get("symmetry") for found in (whole, plain, solved)] == [None, "Frame", "Frame, Process"]
    for found in (whole, plain, solved):
        [answer] = found.answers
        assert answer.verdict is Verdict.REFUTED
        assert answer.trace is not None
        assert len(answer.trace.steps) == 2


def orbits(processes: int, frames: int) -> int:
    """How many of the states of `owners` differ in more than names."""
    seen = set()
    for state in product(product(range(processes), (False, True)), repeat=frames):
        renamed = (dict(enumerate(names)) for names in permutations(range(processes)))
        seen.add(min(tuple(sorted((names[p], used) for p, used in state)) for names in renamed))
    return len(seen)


def test_a_type_that_is_not_interchangeable_is_not_reduced() -> None:
    s = owners(3, 3)
    p = s.pool
    owner = s.variables[0].term
    s.action("first", p.true, {"owner": p.store(owner, p.bv(0, 2), p.bv(0, 2))})  # tells frame 0 and process 0 from the others
    system = s.system(s.each(s.variables[1].term, 3, p.false))
    assert "symmetry" not in explore(system, system.properties).answers[0].details


def test_elements_that_only_index_arrays_are_sorted() -> None:
    s = Sketch("counters")
    p = s.pool
    c, seen = s.array("c", 8, 4, index_symmetry="Counter"), s.array("seen", 8, None, index_symmetry="Counter")
    i = s.parameter("i", 8, symmetry="Counter")
    here = p.select(c, i.term)
    s.action("up", p.ult(here, p.bv(3, 2)), {"c": p.store(c, i.term, p.add(here, p.bv(1, 2)))}, [i])
    s.action("see", p.not_(p.select(seen, i.term)), {"seen": p.store(seen, i.term, p.true)}, [i])
    j = s.parameter("j", 8, symmetry="Counter")
    s.always("one at the top", p.or_(p.eq(i.term, j.term), p.ne(here, p.bv(3, 2)), p.ne(p.select(c, j.term), p.bv(3, 2))), i, j)
    system = s.system(p.and_(s.each(c, 8, p.bv(0, 2)), s.each(seen, 8, p.false)))
    found = explore(system, system.properties)
    assert found.states == comb(8 + 7, 7)  # how many of the eight are in each of the eight states of a counter
    assert found.answers[0].trace is not None
    assert len(found.answers[0].trace.steps) == 6
    assert found.stuck.trace is not None
    assert len(found.stuck.trace.steps) == 32


def test_the_graph_of_a_small_system() -> None:
    system = dead_end()
    found = explore(system, (), keep_edges=True)
    assert [found.state(number) for number in range(found.states)] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert list(found.transition_list()) == [(0, "step", {}, 1), (1, "step", {}, 2)]
    with pytest.raises(ValueError, match="the transitions were not kept"):
        list(explore(system, ()).transition_list())
