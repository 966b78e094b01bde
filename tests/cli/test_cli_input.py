"""Wrong input and wrong command lines: one sentence, exit code 2, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.documentation import ROOT, first_example
from tests.support.tool import vmproof
from vmproof.cli import main
from vmproof.cli.parser import COMMANDS

EXAMPLE = first_example()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The message of a command line that is refused."""
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert "Traceback" not in output.err
    return output.err + output.out


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chekc x.py", 'there is no command "chekc"; did you mean `check`?'),
        ("frobnicate", 'there is no command "frobnicate"; the commands are check, explain, replay, lint, list'),
        ("check", "the following arguments are required: FILE; `vmproof check --help` shows the usage"),
        ("check x.py --solver yices", "argument --solver: invalid choice: 'yices' (choose from 'z3', 'bitwuzla', 'cvc5')"),
        ("check x.py --timeout -1", "argument --timeout: '-1' is not a number of seconds above 0"),
        ("check x.py --timeout nan", "argument --timeout: 'nan' is not a number of seconds above 0"),
        ("check x.py --timeout inf", "argument --timeout: 'inf' is not a number of seconds above 0"),
        ("check x.py --jobs 0", "argument --jobs: '0' is not a whole number above 0"),
        ("check x.py --memory many", "argument --memory: 'many' is not a whole number above 0"),
        ("check x.py --memory 100", "argument --memory: a solver needs at least 128 MB"),
        ("check x.py --colour", "unrecognized arguments: --colour"),
        ("check x.py --form json", "unrecognized arguments: --form json"),
        ("check x.py --expect virtualizable --expect virtualizable", "--expect is given 2 times for 1 files; give it once for all"),
        ("list models x.py", "`vmproof list models` takes no file"),
        ("list scenarios", "`vmproof list scenarios` needs a description; for instance `vmproof list scenarios m68000`"),
        ("check missing.py", "there is no file missing.py"),
        ("lint missing.py", "there is no file missing.py"),
        ("replay missing.json", "there is no file missing.json"),
        ("check .", ". is a directory, not a description"),
        ("replay .", ". is a directory, not a witness"),
    ],
)
def test_a_wrong_command_line(line: str, message: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"vmproof: {message}" in refused(capsys, *line.split())


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the following arguments are required: COMMAND" in refused(capsys)


@pytest.mark.parametrize("command", ["check", "lint"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "x.py:1:1: the file is not UTF-8 text"),
        (b"x = (\n", "x.py:1:5: syntax error"),
        (b"a\0b", "null"),
    ],
)
def test_a_file_that_is_no_description(command: str, content: bytes, message: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.py").write_bytes(content)
    assert message in refused(capsys, command, "x.py")


def test_a_mistake_has_place_and_caret(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.py").write_text(EXAMPLE.replace("m.a = cat(m.a[3:0], value)", "m.acc = cat(m.a[3:0], value)"))
    lines = refused(capsys, "lint", "x.py").splitlines()
    assert lines[0].startswith("x.py:")
    assert "no field `acc`" in lines[0]
    assert lines[1].strip() == "m.acc = cat(m.a[3:0], value)"
    assert lines[2].strip() == "^"
    assert lines[-1] == "1 mistake"


def test_lint_reports_all_mistakes_at_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.py").write_text(EXAMPLE.replace("m.a = cat(m.a[3:0], value)", "m.acc = 1").replace("    m.pc = m.a\n", "    m.pcc = m.a\n"))
    text = refused(capsys, "lint", "x.py", "nowhere.py")
    assert "no field `acc`" in text
    assert "no field `pcc`" in text
    assert "there is no file nowhere.py" in text
    assert text.endswith("3 mistakes\n")


def test_lint_is_silent_about_a_good_description(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.py").write_text(EXAMPLE)
    assert main(["lint", "x.py"]) == 0
    assert capsys.readouterr() == ("", "")


def test_every_bad_file_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bad.py").write_text("x = (")
    text = refused(capsys, "check", "bad.py", "nowhere.py")
    assert "bad.py:1" in text
    assert "there is no file nowhere.py" in text


def test_a_file_that_may_not_be_read(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "x.py").write_text(EXAMPLE)

    def forbidden(path: Path, *arguments: object) -> bytes:
        raise PermissionError(13, "Permission denied")  # as for anybody but root, who may run the tests

    monkeypatch.setattr(Path, "open", forbidden)
    assert "x.py cannot be read (Permission denied)" in refused(capsys, "check", "x.py")


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.py").write_text(EXAMPLE)
    (here / "file").write_text("")
    assert refused(capsys, "check", "x.py", "--save", "file/out") == "vmproof: witnesses cannot be saved in file/out (not a directory)\n"


def test_a_scenario_that_is_not_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.py").write_text(EXAMPLE)
    assert "x.py has no scenario `Gast`; its scenarios: Guest" in refused(capsys, "explain", "x.py", "add", "--scenario", "Gast")


def test_an_instruction_that_is_not_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.py").write_text(EXAMPLE)
    assert 'x has no instruction "red_mode"; did you mean `read_mode`?' in refused(capsys, "explain", "x.py", "red_mode")
    assert 'x has no instruction "zzz"; `vmproof list instructions x.py` shows them' in refused(capsys, "explain", "x.py", "zzz")
    assert 'x has no instruction "red_mode"; did you mean `read_mode`?' in refused(capsys, "check", "x.py", "--only", "red_mode")


def test_a_file_that_adds_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.py").write_text(EXAMPLE)
    (here / "y.py").write_text("from vmproof.lang import *\nfrom x import *\n")
    told = "vmproof: y.py describes no instruction itself; --only NAME names those that are to be judged\n"
    assert refused(capsys, "check", "x.py", "y.py", "--added") == told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "w.json is not JSON: line 1, column 1: expecting value"),
        ("[1]", "w.json is not a witness: a witness is a JSON object"),
        ("{}", "w.json: a witness has the key `schema` with the value 1, not None"),
        ('{"schema": 1}', "w.json: the witness lacks the key `machine`"),
        ("[" * 100_000, "w.json is nested too deeply to be a witness"),
        (json.dumps({"schema": 1, "machine": "x", "scenario": "s", "instruction": "i", "property": "p", "reason": "r"}), "lacks the key"),
    ],
)
def test_a_file_that_is_no_witness(text: str, message: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "w.json").write_text(text)
    assert message in refused(capsys, "replay", "w.json")


def test_help_names_every_command_and_exit_code() -> None:
    done = vmproof("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert command in done.stdout
    assert " 70  a bug in vmproof" in done.stdout


def test_version() -> None:
    assert vmproof("--version").stdout == "vmproof 0.1.0\n"


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        done = subprocess.run([sys.executable, "-m", "vmproof", "list"], cwd=ROOT, stdout=nobody, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_keyboard_ends_everything_cleanly() -> None:
    command = [sys.executable, "-m", "vmproof", "check", "pg74"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does: the solvers get it too
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (130, "", "\nvmproof: interrupted\n")
    with pytest.raises(ProcessLookupError):  # nobody of the process group is left
        os.killpg(process.pid, 0)
