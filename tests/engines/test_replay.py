"""Replay accepts executions that show what they are evidence of, and says in one sentence what is wrong with others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.systems import Sketch, counter, dead_end, peterson
from vmproof.engines.replay import replay
from vmproof.engines.result import Trace, TraceStep
from vmproof.engines.system import Property, TransitionSystem
from vmproof.terms import ArrayValue, Value


def counting(*values: int, action: str = "step", loop: int | None = None, stuck: bool = False) -> Trace:
    return Trace({"n": values[0]}, tuple(TraceStep(action, {}, {"n": value}) for value in values[1:]), loop, stuck)


def of(system: TransitionSystem, name: str) -> Property:
    claim = system.property(name)
    assert claim is not None
    return claim


@pytest.mark.parametrize(
    ("trace", "failure"),
    [
        (counting(0, 1, 2), None),
        (counting(0, 1, 2, 0, loop=0), None),
        (counting(0, 1, 2, 0, 1, loop=1), None),
        (counting(1, 2), "the first state is not an initial state"),
        (counting(3), "in state 0, n is 3, which is not below 3"),
        (counting(0, 2), "step 1: n is not what step makes it"),
        (counting(0, 1, action="jump"), "step 1 is jump, which is no action of counter"),
        (counting(0, 1, 2, loop=0), "the trace does not return to state 0: n differs"),
        (counting(0, 1, loop=1), "the trace returns to state 1, which no step leaves"),
        (counting(0, 1, stuck=True), "the last state is not stuck: step is enabled in it"),
        (Trace({}, ()), "state 0 gives no value to n"),
    ],
)
def test_executions(trace: Trace, failure: str | None) -> None:
    assert replay(counter(2), trace) == failure


@pytest.mark.parametrize(
    ("name", "trace", "failure"),
    [
        ("below the top", counting(0, 1, 2), None),
        ("below the top", counting(0, 1), "the last state does not violate below the top"),
        ("top", counting(0, 1, 2), None),
        ("top", counting(0, 1), "top does not hold in the last state"),
        ("reaches the top", counting(0, 1), "the trace ends although it could go on"),
        ("reaches the top", counting(0, 1, 2, 0, loop=0), "the goal of reaches the top is reached in state 2, which the trace returns to"),
    ],
)
def test_evidence(name: str, trace: Trace, failure: str | None) -> None:
    system = counter(2)
    assert replay(system, trace, of(system, name)) == failure


def test_a_stuck_end_is_evidence_against_an_eventuality() -> None:
    system = dead_end()
    assert replay(system, counting(0, 1, 2, stuck=True), of(system, "three")) is None


def lazy(fair: bool) -> TransitionSystem:
    """A switch, an idle step, and a goal that only switching on reaches."""
    s = Sketch("lazy")
    p = s.pool
    on = s.flag("on")
    x = s.parameter("x", 2)
    s.action("idle", p.true, {})
    s.action("switch", p.eq(x.term, p.bv(1, 1)), {"on": p.true}, [x], fair=fair)
    s.eventually("on", on)
    return s.system(p.not_(on))


@pytest.mark.parametrize("fair", [False, True])
def test_a_loop_must_be_fair(fair: bool) -> None:
    system = lazy(fair)
    idle = Trace({"on": False}, (TraceStep("idle", {}, {"on": False}),), loop=0)
    failure = "the loop is not fair: switch(x = 1) stays enabled in it and never happens" if fair else None
    assert replay(system, idle, of(system, "on")) == failure


def test_parameters() -> None:
    system = lazy(True)

    def switch(**parameters: Value) -> str | None:
        return replay(system, Trace({"on": False}, (TraceStep("switch", parameters, {"on": True}),)))

    assert switch(x=1) is None
    assert switch(x=0) == "step 1: switch is not enabled"
    assert switch(x=2) == "step 1: x = 2 is not one of its values"
    assert switch() == "step 1: switch has no value for x"
    two = peterson()
    claim = of(two, "critical")
    start = Trace({"at": ArrayValue(0), "turn": 0}, ())
    assert replay(two, start, claim) == "critical has no value for who"
    assert replay(two, start, claim, {"who": 5}) == "who = 5 is not one of its values"


def test_constants_do_not_change() -> None:
    system = counter(2)
    rigid = replace(system, variables=tuple(replace(variable, rigid=True) for variable in system.variables))
    assert replay(rigid, counting(0, 1)) == "step 1: step changes the constant n"


def test_the_premise_must_hold_after_the_goal_was_last_reached() -> None:
    s = Sketch("once")
    p = s.pool
    n = s.number("n", 3)
    s.action("step", p.ult(n, p.bv(2, 2)), {"n": p.add(n, p.bv(1, 2))})
    s.eventually("leads", p.eq(n, p.bv(1, 2)), premise=p.eq(n, p.bv(0, 2)))
    system = s.system(p.eq(n, p.bv(0, 2)))
    failure = "the premise of leads does not hold after the goal was last reached"
    assert replay(system, counting(0, 1, 2, stuck=True), of(system, "leads")) == failure
