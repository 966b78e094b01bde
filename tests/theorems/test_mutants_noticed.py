"""`vmproof mutate` on a theorem by induction: what becomes of each kind of mutant, and how it is said."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.documentation import ROOT
from tests.support.processes import alive, children
from tests.support.tool import vmproof
from vmproof.report.document import schema_path

ROOM = """\
from vmproof.lang import *

P = unsized("P")
NOBODY = constant(P)


class W(State):
    owner: P
    inside: array[P, bool]
    visits: bits[2]


def free(w):
    return w.owner == NOBODY


@init
def start(w):
    return free(w) and forall(lambda p: not w.inside[p], P)


@action
def enter(w, p: P):
    require(free(w) and p != NOBODY and not w.inside[p])
    w.owner = p
    w.inside[p] = True
    w.visits = w.visits + 1


@action
def leave(w, p: P):
    require(w.inside[p])
    w.inside[p] = False
    w.owner = NOBODY


@invariant("who is inside is the owner")
def owned(w, p: P):
    return implies(w.inside[p], not free(w) and w.owner == p)
"""
THEOREM = """\
[room]
claim = "Who is inside is the owner."
subject = "room.py"
method = "induction"
examples = { P = 2 }
expect = "proved"
"""
WHOLE = "require(free(w) and p != NOBODY and not w.inside[p])"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(tmp_path_factory.mktemp("room"))


def _written(folder: Path, text: str = ROOM, theorem: str = THEOREM) -> Path:
    (folder / "room.py").write_text(text)
    (folder / "proofs").mkdir()
    (folder / "proofs" / "rooms.toml").write_text(theorem)
    return folder


def mutate(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return vmproof("mutate", "room", "--cache", str(project / "cache"), *arguments, cwd=project)


def theorem_of(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    data = json.loads(run.stdout)
    jsonschema.validate(data, json.loads(schema_path("mutate").read_text()))
    [theorem] = data["theorems"]
    assert isinstance(theorem, dict)
    return theorem


def test_the_fate_of_each_mutant_and_its_reason(project: Path) -> None:
    run = mutate(project, "--format", "json")
    theorem = theorem_of(run)
    fates = {(item["before"], item["after"]): (item["fate"], item["verdict"], item["reason"]) for item in theorem["mutants"]}
    unmoved = "induction: leave does not preserve owned from a state that satisfies all invariants"
    assert fates["w.inside[p] = False", "pass"] == ("broken", "unknown", unmoved)
    unguarded = "induction: enter does not preserve owned from a state that satisfies all invariants"
    assert fates[WHOLE, "require((p != NOBODY and (not w.inside[p])))"] == ("broken", "unknown", unguarded)
    start = "return free(w) and forall(lambda p: not w.inside[p], P)"
    assert fates[start, "return (free(w))"] == ("killed", "refuted", "an initial state violates owned")
    assert fates["w.inside[p] = True", "pass"] == ("killed", "vacuous", "the action leave cannot happen")
    # nobody is inside where it is free: what the claims say of every reachable state is enough for that
    assert fates[WHOLE, "require((free(w) and p != NOBODY))"] == ("equivalent", "unknown", "")
    assert fates["w.visits = w.visits + 1", "pass"] == ("survived", "proved", "")
    # the claim keeps its own meaning of `free`, whatever the system makes of it
    assert fates["return w.owner == NOBODY", "return (w.owner != NOBODY)"][0] == "broken"
    assert theorem["killed"] + theorem["broken"] + theorem["survived"] + theorem["equivalent"] + theorem["invalid"] == theorem["total"]
    counted = theorem["killed"] + theorem["broken"] + theorem["survived"]
    assert theorem["score"] == round((theorem["killed"] + theorem["broken"]) / counted, 4)
    assert (theorem["untried"], theorem["seed"], run.returncode) == (0, None, 1)


def test_the_report_tells_killed_from_broken(project: Path) -> None:
    theorem = theorem_of(mutate(project, "--format", "json"))
    text = " ".join(mutate(project).stdout.split())
    counted = theorem["killed"] + theorem["broken"] + theorem["survived"]
    noticed, killed, broken = (theorem["killed"] + theorem["broken"], theorem["killed"], theorem["broken"])
    assert f"score {noticed / counted:.1%} ({killed / counted:.1%} killed, {broken / counted:.1%} broken): {killed} killed" in text
    assert "Whether that state is reachable is not known: the proof notices the change, and the claim may still be true." in text
    assert text.count("survived room.py:") == theorem["survived"]
    assert text.count("broken room.py:") == 0


def test_some_mutants_are_drawn(project: Path) -> None:
    theorem = theorem_of(mutate(project, "--format", "json"))
    some = theorem_of(mutate(project, "--limit", "4", "--seed", "7", "--format", "json"))
    assert (len(some["mutants"]), some["total"], some["seed"]) == (4, theorem["total"], 7)
    assert all(item in theorem["mutants"] for item in some["mutants"])
    assert f"4 of {theorem['total']} mutants, drawn with seed 7." in mutate(project, "--limit", "4", "--seed", "7").stdout
    assert "drawn" not in mutate(project, "--limit", "1000").stdout


def test_a_theorem_that_is_not_proved_measures_nothing(tmp_path: Path) -> None:
    run = mutate(_written(tmp_path, ROOM.replace("    w.inside[p] = False\n", "")))
    assert run.returncode == 2
    said = "vmproof: room is unknown as it stands, not proved, so that its mutants say nothing"
    assert said in run.stderr
    assert "vmproof prove room" in run.stderr


def test_a_proof_for_given_sizes_is_measured_with_these(tmp_path: Path) -> None:
    folder = _written(tmp_path, theorem=THEOREM.replace("examples = { P = 2 }", "sizes = { P = 3 }"))
    theorem = theorem_of(vmproof("mutate", "room", "--no-cache", "--format", "json", cwd=folder))
    fates = {(item["before"], item["after"]): item["fate"] for item in theorem["mutants"]}
    assert fates["w.inside[p] = False", "pass"] == "broken"
    assert fates[WHOLE, "require((free(w) and p != NOBODY))"] == "equivalent"
    assert fates["w.visits = w.visits + 1", "pass"] == "survived"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends what is left")
def test_interrupted_it_says_what_is_decided(project: Path) -> None:
    command = [sys.executable, "-m", "vmproof", "mutate", "room", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "checker")}
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tool:
        assert tool.stdout is not None
        for line in tool.stdout:
            if "survived" in line:  # shown as it comes
                break
        below = children(tool.pid)
        tool.send_signal(signal.SIGINT)
        output, errors = tool.communicate(timeout=20)
        assert tool.returncode == 130
    assert errors == "\nvmproof: interrupted\n"
    assert re.search(r"\d+ of 26 mutants were tried\.", " ".join(output.split()))
    limit = time.monotonic() + 20
    while any(map(alive, below)) and time.monotonic() < limit:
        time.sleep(0.1)
    assert below
    assert not any(map(alive, below))


def test_a_system_has_no_scenarios(project: Path) -> None:
    run = mutate(project, "--scenario", "SupervisorInUser")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.strip() == "vmproof: --scenario says how the guests of a machine are run, and room is about a system"
