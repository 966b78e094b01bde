"""The command line on a whole machine: the first example of the language reference, judged for real."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from tests.support.documentation import first_example
from tests.support.tool import vmproof
from vmproof.report.document import schema_path

AS_EXPECTED = ("banks.py", "mended.py", "--expect", "not-virtualizable", "--expect", "virtualizable")

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the machine, and with one that differs in a privilege check."""
    folder = tmp_path_factory.mktemp("machines")
    text, read = first_example(), "    m.a = zext(bits[1](m.mode), 8)\n"
    (folder / "banks.py").write_text(text)
    (folder / "mended.py").write_text(text.replace(read, f"    system_only(m)\n{read}"))
    return folder


@pytest.fixture(scope="module")
def checked(folder: Path) -> Done:
    return vmproof("check", *AS_EXPECTED, "--save", "found", cwd=folder)


def test_machines_side_by_side(checked: Done) -> None:
    assert (checked.returncode, checked.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in checked.stdout.splitlines()]
    assert "virtualizable refuted proved" in lines
    assert "critical read_mode none" in lines
    assert "read_mode critical (mode) innocuous (privileged)" in lines
    assert "repair read_mode must trap in user mode." in lines


def test_saved_witnesses_are_replayed(checked: Done, folder: Path) -> None:
    saved = folder / "found" / "banks-Guest-read_mode-critical.json"
    jsonschema.validate(json.loads(saved.read_text()), json.loads(schema_path("witness").read_text()))
    done = vmproof("replay", str(saved.relative_to(folder)), cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "Replayed: found/../banks.py behaves as the witness says."


def test_a_witness_of_another_machine_is_not_confirmed(checked: Done, folder: Path) -> None:
    saved = "found/banks-Guest-read_mode-critical.json"
    done = vmproof("replay", saved, "--machine", "mended.py", cwd=folder)
    assert done.returncode == 1
    assert "mended.py does not behave as the witness says" in done.stdout
    assert done.stdout.splitlines()[-1] == f"  repeat  vmproof replay {saved} --machine mended.py"


def test_json(folder: Path) -> None:
    done = vmproof("check", "banks.py", "--format", "json", "--timings", cwd=folder)
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(schema_path("check").read_text()))
    assert (done.returncode, done.stderr) == (1, "")
    assert (found["machine"], found["scenario"], found["critical"]) == ("banks", "Guest", ["read_mode"])
    assert found["theorems"]["virtualizable"] == "refuted"
    answers = {one["name"]: one for one in found["instructions"]}
    assert answers["read_mode"]["mode_sensitive"] == "yes"
    assert answers["select_bank"]["privileged"] == "yes"
    assert answers["call"]["innocuous"] == "yes"


def test_only_some_instructions_are_judged(folder: Path) -> None:
    done = vmproof("check", "banks.py", "--only", "call", "--only", "read_mode", "--format", "json", cwd=folder)
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(schema_path("check").read_text()))
    assert (done.returncode, done.stderr) == (1, "")
    assert (found["schema"], found["not_judged"]) == (2, 6)
    assert [one["name"] for one in found["instructions"]] == ["call", "read_mode"]
    done = vmproof("explain", "banks.py", "call", "--only", "read_mode", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("call  banks.py:")
    assert "judged 2 of 8 instructions. The theorems speak of these alone" in " ".join(done.stdout.split())


def test_the_same_verdict_from_every_solver_and_with_a_second_opinion(folder: Path) -> None:
    for options in (["--solver", "bitwuzla"], ["--solver", "z3", "--second-opinion"]):
        done = vmproof("check", *AS_EXPECTED, *options, cwd=folder)
        assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_decided_in_no_time(folder: Path) -> None:
    done = vmproof("check", "mended.py", "--timeout", "0.000001", cwd=folder)
    assert done.returncode == 3
    assert "timeout" in done.stdout
    assert "it is not known whether it is virtualizable" in done.stdout


def test_the_story(folder: Path) -> None:
    done = vmproof("explain", "banks.py", "read_mode", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("read_mode  banks.py:")
    assert "The same instruction is executed twice: on the guest's machine (mode = system)" in " ".join(done.stdout.split())
    assert "read_mode must trap in user mode." in done.stdout
