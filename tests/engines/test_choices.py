"""What systems choose by themselves: elements of types that have a size, and whole arrays that depend on a choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.engines.explicit import explore
from vmproof.engines.induction import induction
from vmproof.engines.reading import transition_system
from vmproof.engines.verdict import Verdict
from vmproof.formats.naming import Naming
from vmproof.formats.trace import shown
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool

BUS = '''\
"""A bus that some device gets, whoever that is."""

from vmproof.lang import *

Device = unsized("Device")
NONE = constant(Device)


class Speed(Enum):
    slow = 1
    fast = 2


class Bus(State):
    owner: Device
    on: array[Device, bool]
    speed: Speed


@init
def idle(b):
    return b.owner == NONE and not exists(lambda d: b.on[d], Device)


def some():
    return choose(Device)


@action
def grant(b):
    next = some()
    require(next != NONE)
    b.owner = next
    b.on = array(lambda d: d == next)
    b.speed = choose(Speed)


@invariant("the owner is on")
def owner_on(b):
    return b.owner == NONE or b.on[b.owner]


@invariant("somebody is on, or the bus is idle")
def somebody(b):
    return b.owner == NONE or exists(lambda d: b.on[d], Device)


@invariant("only one is on")
def alone(b, d: Device, e: Device):
    return implies(b.on[d] and b.on[e], d == e)


@reachable("the bus is granted at full speed")
def granted(b):
    return b.owner != NONE and b.speed == Speed.fast
'''


@pytest.fixture
def bus(tmp_path: Path) -> Path:
    path = tmp_path / "bus.py"
    path.write_text(BUS)
    return path


def test_a_choice_is_one_of_the_elements_that_there_are(bus: Path) -> None:
    system = load_system(bus, {"Device": 3})
    made = transition_system(system)
    found = explore(made, made.properties, symmetry=False)
    assert [answer.verdict for answer in found.answers] == [Verdict.PROVED] * 4
    assert found.transitions == found.states * 2 * 2  # two devices that are not NONE, two speeds
    trace = found.answers[3].trace
    assert trace is not None
    [step] = shown(Naming(system, made.actions), trace, "granted", {}).steps
    lines = BUS.splitlines()
    call, speed = lines.index("    return choose(Device)") + 1, lines.index("    b.speed = choose(Speed)") + 1
    assert step.parameters[f"choose at {call}:11"] == step.changes["owner"][1]
    assert step.parameters[f"choose at {speed}:14"] == "fast"


def test_an_array_that_nothing_reads_where_it_is_set_is_known_there(bus: Path) -> None:
    """No term reads `on` at the chosen device after the step, where alone it is true."""
    system = transition_system(load_system(bus))
    with SolverPool(timeout=20) as pool:
        answers = {answer.property: answer.verdict for answer in induction(system, system.properties, pool=pool)}
    assert answers == {"owner_on": Verdict.PROVED, "somebody": Verdict.PROVED, "alone": Verdict.PROVED, "granted": Verdict.UNKNOWN}
