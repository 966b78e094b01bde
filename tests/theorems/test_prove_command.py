"""`vmproof prove` and `vmproof mutate` as a person runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from tests.support.documentation import ROOT
from tests.support.processes import alive, children
from tests.support.tool import vmproof
from vmproof.report.document import schema_path

PETERSON = (ROOT / "spec" / "examples" / "peterson.py").read_text(encoding="utf-8")
THEOREMS = """\
[lock]
claim = "Two processes are never inside at once."
subject = "peterson.py"
prove = ["exclusion"]
method = "explicit"
expect = "proved"

[lock-forgets]
claim = "The proof notices a process that does not say what it wants."
subject = "peterson.py"
prove = ["exclusion"]
mutate = { action = "ask", drop = "w.wants[i] = True" }
method = "bmc"
bound = 8
expect = "refuted"
"""
HARD = """\
[hard]
claim = "Far too many frames."
subject = "frames.py"
prove = ["owned"]
method = "bmc"
bound = 40
sizes = { Pid = 8, Page = 8, Frame = 8 }
expect = "holds_up_to"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "peterson.py").write_text(PETERSON)
    (tmp_path / "frames.py").write_text((ROOT / "spec" / "kernel" / "frames.py").read_text())
    (tmp_path / "proofs").mkdir()
    (tmp_path / "proofs" / "locks.toml").write_text(THEOREMS)
    return tmp_path


def prove(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return vmproof("prove", "--cache", str(project / "cache"), *arguments, cwd=project)


def verdicts(project: Path, *arguments: str) -> dict[str, tuple[str, bool, bool]]:
    data = json.loads(prove(project, "--format", "json", *arguments).stdout)
    jsonschema.validate(data, json.loads(schema_path("prove").read_text()))
    return {item["name"]: (item["verdict"], item["met"], item["cached"]) for item in data["theorems"]}


def test_theorems_are_proved_once(project: Path) -> None:
    first = prove(project)
    assert first.returncode == 0, first.stdout + first.stderr
    lines = sorted(line.split()[:3] for line in first.stdout.splitlines()[:2])
    assert lines == [["ok", "lock", "proved"], ["ok", "lock-forgets", "refuted"]]
    assert "2 theorems: 2 as expected" in first.stdout
    assert verdicts(project) == {"lock": ("proved", True, True), "lock-forgets": ("refuted", True, True)}
    path = project / "proofs" / "locks.toml"
    path.rename(path.with_name("moved.toml"))
    path.with_name("moved.toml").write_text(THEOREMS.replace("[lock]", "[renamed]").replace("Two processes", "Both processes"))
    assert verdicts(project, "renamed") == {"renamed": ("proved", True, True)}
    (project / "peterson.py").write_text(PETERSON.replace("not w.wants[~i] or ", ""))
    assert verdicts(project, "lock-forgets", "renamed")["renamed"] == ("proved", True, False)
    assert verdicts(project, "--no-cache", "renamed") == {"renamed": ("proved", True, False)}


def test_a_failure_names_claim_trace_and_command(project: Path) -> None:
    (project / "proofs" / "locks.toml").write_text(THEOREMS.replace('expect = "refuted"', 'expect = "proved"'))
    result = prove(project, "lock-forgets")
    assert result.returncode == 1
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines[0].startswith("FAIL     lock-forgets  refuted")
    assert "lock-forgets  refuted, expected to be proved" in lines
    assert "exclusion  “two processes are never inside at once” is violated:" in lines
    assert "6  enter(i = 1)" in lines
    assert "repeat  vmproof prove lock-forgets" in lines
    assert prove(project, "lock-forgets", "--format", "github").stdout == (
        "::error file=proofs/locks.toml,line=8,title=lock-forgets::The proof notices a process that does not say what it wants. "
        "refuted, expected proved\n"
    )
    junit = ElementTree.fromstring(prove(project, "--format", "junit").stdout)
    assert (junit.get("tests"), junit.get("failures"), junit.get("errors")) == ("2", "1", "0")
    assert [case.get("name") for case in junit.iter("testcase") if case.find("failure") is not None] == ["lock-forgets"]


def test_what_cannot_happen_makes_a_theorem_vacuous(project: Path) -> None:
    path = project / "peterson.py"
    guard = "require(w.at[i] == Where.inside"
    path.write_text(PETERSON.replace(f"{guard})", f"{guard} and w.at[i] == Where.away)"))
    result = prove(project, "lock")
    assert result.returncode == 4
    assert "The action leave cannot happen." in result.stdout


def test_a_theorem_that_is_wrong_does_not_stop_the_others(project: Path) -> None:
    path = project / "proofs" / "locks.toml"
    path.write_text(THEOREMS.replace("w.wants[i] = True", "w.wants[i] = False"))
    result = prove(project)
    assert result.returncode == 2
    assert "lock          proved" in result.stdout
    wrong = "proofs/locks.toml:12:1: `w.wants[i] = False` does not stand in `ask`; did you mean `w.wants[i] = True`?"
    assert wrong in " ".join(result.stdout.split())


def test_time_is_up(project: Path) -> None:
    (project / "proofs" / "locks.toml").write_text(HARD)
    for _ in range(2):
        result = prove(project, "--timeout", "1")
        assert result.returncode == 3
        assert result.stdout.startswith("open     hard  unknown")
        assert "Timeout: " in result.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends what is left")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
def test_nothing_is_left_behind(project: Path, how: signal.Signals) -> None:
    (project / "proofs" / "locks.toml").write_text(HARD)
    command = [sys.executable, "-m", "vmproof", "prove", "--cache", str(project / "cache")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "checker")}
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tool:
        limit = time.monotonic() + 60
        while len(below := children(tool.pid)) < 2 and time.monotonic() < limit:  # the worker and its solver
            time.sleep(0.1)
        assert len(below) == 2
        tool.send_signal(how)
        _, errors = tool.communicate(timeout=20)
        assert tool.returncode == (-9 if how is signal.SIGKILL else 130)
        assert errors == ("" if how is signal.SIGKILL else "\nvmproof: interrupted\n")
    limit = time.monotonic() + 20
    while any(map(alive, below)) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not any(map(alive, below))
    (project / "proofs" / "locks.toml").write_text(THEOREMS)
    assert prove(project, "lock").returncode == 0


def test_mutants_and_the_one_that_survives(project: Path) -> None:
    # whose turn it is at first matters neither for progress nor for exclusion
    (project / "peterson.py").write_text(PETERSON.replace("not w.wants[i], bits[1])", "not w.wants[i], bits[1]) and w.turn == 0"))
    result = vmproof("mutate", "lock", "--cache", str(project / "cache"), "--format", "json", cwd=project)
    data = json.loads(result.stdout)
    jsonschema.validate(data, json.loads(schema_path("mutate").read_text()))
    [theorem] = data["theorems"]
    by_change = {(item["line"], item["before"], item["after"]): item["fate"] for item in theorem["mutants"]}
    guard = PETERSON.splitlines().index("    require(not w.wants[~i] or w.turn == i)") + 1
    assert by_change[guard, "require(not w.wants[~i] or w.turn == i)", "pass"] == "killed"
    assert theorem["killed"] + theorem["survived"] + theorem["equivalent"] + theorem["invalid"] == len(theorem["mutants"])
    assert theorem["score"] == round(theorem["killed"] / (theorem["killed"] + theorem["survived"]), 4)
    assert result.returncode == (1 if theorem["survived"] else 0)
    text = vmproof("mutate", "lock", "--cache", str(project / "cache"), cwd=project).stdout
    assert text.count("survived  peterson.py:") == theorem["survived"]
