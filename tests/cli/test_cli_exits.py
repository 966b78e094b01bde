"""Exit codes, expectations and what is printed when they are not met, with a judge made by hand."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.documentation import first_example
from tests.support.judgements import claim, instruction, m68000, m68010, searched
from vmproof.cli import main
from vmproof.cli.exits import Exit, judged, worst
from vmproof.engines import Verdict
from vmproof.report.document import schema_path
from vmproof.virtualize.result import Judgement


@pytest.fixture
def verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Judgement | BaseException]:
    """Machines by file name, all judged as this table says; the files are in the current folder."""
    table: dict[str, Judgement | BaseException] = {"m68000": m68000(), "m68010": m68010(), "rv": searched()}
    monkeypatch.chdir(tmp_path)

    def answer(one: Any, options: Any, told: Any, only: Any) -> Judgement:
        found = table[one.description.name]
        if isinstance(found, BaseException):
            raise found
        return found

    for name in ("check", "explain"):
        monkeypatch.setattr(importlib.import_module(f"vmproof.cli.{name}"), "judge_read", answer)
    for name in (*table, "other"):
        (tmp_path / f"{name}.py").write_text(first_example().replace("read_mode", "move_from_sr"))
    return table


def test_the_first_exit_code_that_applies() -> None:
    assert worst([]) is Exit.MET
    assert worst([Exit.MET, Exit.INCONCLUSIVE, Exit.VACUOUS]) is Exit.VACUOUS
    assert worst([Exit.NOT_MET, Exit.INCONCLUSIVE]) is Exit.NOT_MET
    assert worst([Exit.INPUT, Exit.NOT_MET, Exit.BUG]) is Exit.BUG


@pytest.mark.parametrize(
    ("verdict", "expected", "code"),
    [
        (Verdict.PROVED, Verdict.PROVED, 0),
        (Verdict.REFUTED, Verdict.REFUTED, 0),
        (Verdict.PROVED, Verdict.REFUTED, 1),
        (Verdict.REFUTED, Verdict.PROVED, 1),
        (Verdict.UNKNOWN, Verdict.PROVED, 3),
        (Verdict.UNKNOWN, Verdict.REFUTED, 3),
        (Verdict.HOLDS_UP_TO, Verdict.PROVED, 3),
        (Verdict.VACUOUS, Verdict.PROVED, 4),
    ],
)
def test_exit_code_of_a_claim(verdict: Verdict, expected: Verdict, code: int) -> None:
    assert judged(verdict, expected) == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("check m68010.py", 0),
        ("check m68000.py", 1),
        ("check m68000.py --expect not-virtualizable", 0),
        ("check m68010.py --expect not-virtualizable", 1),
        ("check m68000.py m68010.py --expect not-virtualizable --expect virtualizable", 0),
        ("check m68000.py m68010.py", 1),
        ("check rv.py", 3),
        ("check rv.py --expect not-virtualizable", 3),
        ("check rv.py m68000.py", 1),
    ],
)
def test_expectations(line: str, code: int, verdicts: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == code
    output = capsys.readouterr()
    assert output.err == ""
    if code:
        assert output.out.splitlines()[-1] == f"  repeat   vmproof {line}"


def test_a_failure_names_what_was_expected_and_how_to_see_it(verdicts: object, capsys: pytest.CaptureFixture[str]) -> None:
    options = "--scenario Guest --only add --added"
    assert main(["check", "m68000.py", *options.split()]) == 1
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "m68000 was expected to be virtualizable, and this is refuted.",
        f"  explain  vmproof explain m68000.py move_from_sr {options}",
        f"  repeat   vmproof check m68000.py {options}",
    ]


def test_a_vacuous_claim(verdicts: dict[str, Judgement], capsys: pytest.CaptureFixture[str]) -> None:
    verdicts["rv"] = replace(m68010(), theorems={**m68010().theorems, "virtualizable": claim("virtualizable", Verdict.VACUOUS)})
    assert main(["check", "rv.py"]) == 4
    assert "the verdict is vacuous, since its premise cannot happen" in capsys.readouterr().out


def test_json_follows_the_schema(verdicts: object, capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads(schema_path("check").read_text(encoding="utf-8"))
    assert main(["check", "m68000.py", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, schema)
    assert "timings" not in found
    assert main(["check", "m68000.py", "m68010.py", "--format", "json", "--timings"]) == 1
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, schema)
    assert set(found[0]["timings"]) == {"reading", "building", "solving", "replaying", "total"}


def test_timings(verdicts: object, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "m68010.py", "--timings"])
    text = capsys.readouterr().out
    for phase in ("reading", "building", "solving", "replaying", "total", "queries"):
        assert f"\n  {phase} " in text


def test_witnesses_are_saved_as_json_that_follows_its_schema(verdicts: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "m68000.py", "--save", "out/witnesses"]) == 1
    saved = sorted((tmp_path / "out" / "witnesses").iterdir())
    assert [path.name for path in saved] == ["m68000-Guest-move_from_sr-critical.json", "m68000-Guest-move_from_sr-mode_sensitive.json"]
    assert "2 witnesses saved in out/witnesses; `vmproof replay FILE` runs one." in capsys.readouterr().out
    schema = json.loads(schema_path("witness").read_text(encoding="utf-8"))
    for path in saved:
        data = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(data, schema)
        assert data["source"] == "../../m68000.py"


def test_names_from_a_description_stay_inside_the_folder(verdicts: dict[str, Judgement], tmp_path: Path) -> None:
    shown = m68000().instructions[2]
    assert shown.witness is not None
    sly = replace(shown, witness=replace(shown.witness, instruction="../../../sly"), witnesses={})
    verdicts["m68000"] = replace(m68000(), instructions=(sly,))
    main(["check", "m68000.py", "--save", "out"])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["m68000-Guest-_sly-critical.json"]
    assert list(tmp_path.parent.glob("*sly*")) == []


def test_explain(verdicts: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "m68000.py", "move_from_sr"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("move_from_sr  MOVE from SR, m68000.py:")
    assert "Shows the mode and does not trap" in text
    assert "Nothing traps on the real machine" in text


def test_explaining_what_was_not_decided_is_no_success(verdicts: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    verdicts["m68000"] = replace(m68000(), instructions=(instruction("move_from_sr", unknown="critical"),))
    assert main(["explain", "m68000.py", "move_from_sr"]) == 3
    assert "undecided" in capsys.readouterr().out


def test_explaining_where_nothing_can_be_said(verdicts: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    nothing = {name: claim(name, Verdict.VACUOUS, "No real state can carry a guest.") for name in m68000().theorems}
    verdicts["m68000"] = replace(m68000(), theorems=nothing, instructions=())
    assert main(["explain", "m68000.py", "move_from_sr"]) == 4
    assert "No real state can carry a guest." in capsys.readouterr().out


def test_a_bug_is_one_line_and_the_command_that_reproduces_it(verdicts: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    verdicts["other"] = AssertionError("this\ncannot be")
    assert main(["check", "other.py", "--jobs", "1"]) == 70
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("vmproof: internal error: AssertionError: this cannot be (cli/")
    assert lines[1:] == [
        "This is a bug in vmproof. Please report it with the description and the output of:",
        "  VMPROOF_TRACEBACK=1 vmproof check other.py --jobs 1",
    ]


def test_a_bug_shows_its_traceback_to_those_who_ask(
    verdicts: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMPROOF_TRACEBACK", "1")
    verdicts["other"] = AssertionError("this cannot be")
    assert main(["check", "other.py"]) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_the_keyboard_interrupts(verdicts: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    verdicts["other"] = KeyboardInterrupt()
    assert main(["check", "other.py"]) == 130
    assert capsys.readouterr().err == "\nvmproof: interrupted\n"
