"""Traces and graphs of systems in other tools' formats."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from vmproof.engines.explicit import explicit
from vmproof.engines.reading import transition_system
from vmproof.engines.result import Answer
from vmproof.errors import InputError
from vmproof.formats.dot import dot
from vmproof.formats.junit import Case, junit
from vmproof.formats.naming import Naming
from vmproof.formats.trace import ShownTrace, shown
from vmproof.formats.vcd import vcd
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool

TEXT = '''\
"""Jobs that a machine takes."""

from vmproof.lang import *

Job = unsized("Job")
NONE = constant(Job)


class Slot(Record):
    job: Job
    done: array[bits[1], bool]


class W(State):
    slots: array[(bits[1], bool), Slot]
    wide: bits[12]


@init
def empty(w):
    return w.wide == 0 and forall(
        lambda i, b: w.slots[i, b].job == NONE and not w.slots[i, b].done[0] and not w.slots[i, b].done[1], bits[1], bool
    )


@action
def take(w, i: bits[1], job: Job):
    require(w.slots[i, True].job == NONE and job != NONE)
    w.slots[i, True].job = job
    w.slots[i, True].done[1] = True
    w.wide = 0xABC


@invariant("nothing is taken")
def nothing(w, i: bits[1]):
    return w.slots[i, True].job == NONE
'''


@pytest.fixture
def found(tmp_path: Path) -> tuple[Naming, Answer]:
    path = tmp_path / "jobs.py"
    path.write_text(TEXT)
    system = load_system(path, {"Job": 2})
    transitions = transition_system(system)
    [answer] = explicit(transitions, transitions.properties)
    return Naming(system), answer


def test_a_trace_has_names_for_everything(found: tuple[Naming, Answer]) -> None:
    naming, answer = found
    assert answer.trace is not None
    trace = shown(naming, answer.trace, "nothing", answer.parameters)
    assert trace.to_json() == {
        "parameters": {"i": 0},
        "initial": {"slots[*, *].job": "NONE", "slots[*, *].done[*]": False, "wide": 0, "NONE": trace.initial["NONE"]},
        "steps": [
            {
                "action": "take",
                "parameters": {"i": 0, "job": trace.steps[0].parameters["job"]},
                "changes": {
                    "slots[0, true].job": {"before": "NONE", "after": trace.steps[0].parameters["job"]},
                    "slots[0, true].done[1]": {"before": False, "after": True},
                    "wide": {"before": 0, "after": 0xABC},
                },
            }
        ],
        "loop": None,
        "stuck": False,
    }
    assert {trace.initial["NONE"], trace.steps[0].parameters["job"]} == {"Job0", "Job1"}
    assert ShownTrace.from_json(trace.to_json()) == trace


def read_vcd(text: str) -> dict[str, list[tuple[int, str]]]:
    """The changes of every signal by name; a strict reader of what IEEE 1364 says, with strings."""
    head, _, body = text.partition("$enddefinitions $end\n")
    signals = dict(re.findall(r"^\$var (?:wire \d+|string 1) (\S+) (\S+) \$end$", head, re.M))
    changes: dict[str, list[tuple[int, str]]] = {name: [] for name in signals.values()}
    time = -1
    for line in body.splitlines():
        if line.startswith("#"):
            assert int(line[1:]) > time
            time = int(line[1:])
            continue
        change = re.fullmatch(r"(?:([01])|([bs]\S*) )(\S+)", line)
        assert change, line
        changes[signals[change[3]]].append((time, change[1] or change[2]))
    return changes


def test_a_waveform(found: tuple[Naming, Answer]) -> None:
    naming, answer = found
    assert answer.trace is not None
    changes = read_vcd(vcd(naming, answer.trace))
    assert changes["wide"] == [(0, "b0"), (1, "b101010111100")]
    assert changes["slots(0,true).done(1)"] == [(0, "0"), (1, "1")]
    assert changes["slots(1,false).job"] == [(0, "sNONE")]
    assert [time for time, _ in changes["action"]] == [0, 1]
    assert changes["action"][1][1].startswith("stake(i=0,job=Job")


def test_a_graph(tmp_path: Path) -> None:
    path = tmp_path / "jobs.py"
    path.write_text(TEXT)
    system = load_system(path, {"Job": 1})
    with SolverPool(1) as pool:
        text = dot(Naming(system), transition_system(system), pool)
        assert text.startswith('digraph "jobs" {\n')
        assert text.count(" -> ") == 0
        system = load_system(path, {"Job": 2})
        text = dot(Naming(system), transition_system(system), pool)
        assert text.count("style=bold") == 2
        assert text.count(" -> ") == 8
        assert r'wide = 2748"];' in text
        counting = TEXT.replace("w.wide = 0xABC", "w.wide = w.wide + 1").replace("w.slots[i, True].job == NONE and ", "")
        (tmp_path / "many.py").write_text(counting)
        many = load_system(tmp_path / "many.py", {"Job": 2})
        with pytest.raises(InputError, match="a graph has at most 500 states"):
            dot(Naming(many), transition_system(many), pool)


def test_junit_counts_and_escapes() -> None:
    text = junit([Case("a", "s", 1.0), Case("b", "s", 0.5, failure='<"&>', details="\x00x"), Case("c", "t", 0.0, error="e")])
    root = ElementTree.fromstring(text)
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("time")) == ("3", "1", "1", "1.500")
    assert [suite.get("name") for suite in root] == ["s", "t"]
    [failure] = root.iter("failure")
    assert (failure.get("message"), failure.text) == ('<"&>', "\ufffdx")
