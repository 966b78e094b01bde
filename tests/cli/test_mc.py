"""`vmproof mc` as a person runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.support.documentation import ROOT
from tests.support.golden import matches_golden
from vmproof.cli import main
from vmproof.report.document import schema_path

PETERSON = (ROOT / "spec" / "examples" / "peterson.py").read_text(encoding="utf-8")


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Peterson's lock, and one that forgets to say what it wants, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "peterson.py").write_text(PETERSON)
    (tmp_path / "wrong.py").write_text(PETERSON.replace("    w.wants[i] = True\n", ""))
    return tmp_path


def timeless(text: str) -> str:
    return re.sub(r"\d+\.\d\d s", "N s", text)


def test_a_system_that_is_right(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mc", "peterson.py"]) == 0
    matches_golden("mc-peterson.txt", timeless(capsys.readouterr().out))


def test_a_violation_is_shown_by_what_changes(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mc", "wrong.py", "--property", "exclusion"]) == 1
    matches_golden("mc-wrong.txt", timeless(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("engine", "verdict"), [("explicit", "refuted"), ("bmc", "refuted"), ("k-induction", "refuted"), ("induction", "unknown")]
)
def test_engines(engine: str, verdict: str, lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["mc", "wrong.py", "--property", "exclusion", "--engine", engine, "--format", "json"])
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, json.loads(schema_path("mc").read_text()))
    [found] = data["properties"]
    assert (found["name"], found["verdict"], found["engine"]) == ("exclusion", verdict, engine)
    assert (found["trace"] is None) == (verdict == "unknown")
    if found["trace"]:
        assert len(found["trace"]["steps"]) == 6


def test_a_bound_is_part_of_the_verdict(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mc", "peterson.py", "--property", "exclusion", "--engine", "bmc", "--bound", "2"]) == 3
    output = capsys.readouterr().out
    assert "holds up to 2 steps" in output
    assert output.splitlines()[-1] == "  repeat  vmproof mc peterson.py --property exclusion --engine bmc --bound 2"


def test_files_for_other_tools(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mc", "wrong.py", "--trace", "t.json", "--graph", "g.dot"]) == 1
    data = json.loads((lock / "t.json").read_text())
    jsonschema.validate(data, json.loads(schema_path("trace").read_text()))
    assert (data["property"], data["verdict"]) == ("exclusion", "refuted")
    assert (lock / "g.dot").read_text().startswith("digraph")
    assert main(["mc", "wrong.py", "--trace", "t.vcd"]) == 1
    assert "$enddefinitions $end" in (lock / "t.vcd").read_text()
    assert "The trace of exclusion is in t.vcd." in capsys.readouterr().out


def test_types_without_a_size(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = str(ROOT / "spec" / "kernel" / "frames.py")
    assert main(["mc", frames, "--property", "owned", "--property", "two_at_once", "--engine", "bmc", "--bound", "2"]) == 3
    output = capsys.readouterr().out
    assert "Sizes that nobody gave are 3: Pid = 3, Page = 3, Frame = 3. --size Pid=4 asks for another." in " ".join(output.split())
    arguments = [*(f"--size={name}=2" for name in ("Pid", "Page", "Frame")), "--engine", "explicit", "--format", "json"]
    assert main(["mc", frames, *arguments]) == 1
    data = json.loads(capsys.readouterr().out)
    assert {item["name"]: item["verdict"] for item in data["properties"]} == {
        "owned": "proved",
        "unshared": "proved",
        "accounted": "proved",
        "two_at_once": "refuted",
    }


ENDS = """
from vmproof.lang import *


class W(State):
    n: bits[40]


@init
def start(w):
    return w.n == 0


@action
def up(w):
    require(w.n < 3)
    w.n = w.n + 1


@invariant("small")
def small(w):
    return w.n < 4


@reachable("one")
def one(w):
    return w.n == 1
"""


@pytest.mark.parametrize(
    ("change", "more", "verdict", "engine", "reason"),
    [
        (("", ""), (), "refuted", "explicit", "no action is enabled in the last state"),
        (("require(w.n < 3)", "require(w.n < 2)"), ("--property", "one"), "refuted", "explicit", "no action is enabled in the last state"),
        (("    require(w.n < 3)\n    w.n = w.n + 1", "    w.n = (w.n + 1) & 3"), (), "proved", "explicit", ""),
        (("require(w.n < 3)", "require(w.n < 4)"), ("--engine", "induction", "--property", "small"), "refuted", "explicit", ""),
        (("w.n == 0", "w.n < 4"), ("--engine", "bmc"), "refuted", "explicit", "no action is enabled in the last state"),
        (("w.n == 0", "w.n != w.n"), (), "vacuous", "explicit", ""),
        (("w.n < 3", "w.n != 3 or w.n == 3"), ("--property", "one"), "proved", "induction", ""),
        (("w.n < 3", "w.n != 0 - 1"), ("--property", "one"), "unknown", "explicit", ""),
    ],
)
def test_stuck_states(
    change: tuple[str, str],
    more: tuple[str, ...],
    verdict: str,
    engine: str,
    reason: str,
    lock: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (lock / "ends.py").write_text(ENDS.replace(*change, 1))
    main(["mc", "ends.py", "--format", "json", *more])
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, json.loads(schema_path("mc").read_text()))
    stuck = data["stuck"]
    assert (stuck["verdict"], stuck["engine"]) == (verdict, engine)
    assert not reason or stuck["reason"] == reason
    assert verdict != "unknown" or stuck["reason"].partition(":")[0] in ("bound", "timeout")
    assert (stuck["trace"] is not None) == (verdict == "refuted")
    assert verdict != "refuted" or stuck["trace"]["stuck"]


def test_a_stuck_state_is_shown_and_is_no_failure(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lock / "ends.py").write_text(ENDS)
    assert main(["mc", "ends.py"]) == 0
    matches_golden("mc-stuck.txt", timeless(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mc nothing.py", "vmproof: there is no file nothing.py"),
        ("mc spec/kernel/frame.py", "vmproof: there is no file spec/kernel/frame.py; did you mean `spec/kernel/frames.py`?"),
        ("mc peterson.py --property exclusio", 'vmproof: peterson.py has no property "exclusio"; did you mean `exclusion`?'),
        ("mc peterson.py --size P=2", "vmproof: peterson.py has no unsized type `P`"),
        (
            "mc peterson.py --trace x.txt",
            "vmproof: x.txt is neither a .json nor a .vcd file; the name says which format a trace is written in",
        ),
        (
            "mc peterson.py --size P",
            "vmproof: argument --size: 'P' is not a name and a number, such as Process=3; `vmproof mc --help` shows the usage",
        ),
    ],
)
def test_what_is_wrong_is_said(line: str, message: str, lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    assert capsys.readouterr().err == message + "\n"
