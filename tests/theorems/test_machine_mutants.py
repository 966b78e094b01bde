"""`vmproof mutate` on a machine: each privilege check is left out in turn, and what then changes is looked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from tests.support.documentation import ROOT
from tests.support.tool import vmproof
from vmproof.report.document import schema_path

THEOREM = """\
[machine]
claim = "The machine can be virtualized."
subject = "machine.py"
method = "virtualize"
expect = "proved"
"""
CHECK = "    supervisor_only(m)\n"


def changed_machine(tmp_path: Path) -> None:
    """The machine of Popek and Goldberg with one check that is made twice."""
    shutil.copytree(ROOT / "models" / "pg74", tmp_path / "pg74")
    (tmp_path / "machine.py").write_text((ROOT / "models" / "pg74.py").read_text(encoding="utf-8"), encoding="utf-8")
    file = tmp_path / "pg74" / "instructions.py"
    head, function, tail = file.read_text(encoding="utf-8").partition("def load_relocation")
    file.write_text(head + function + tail.replace(CHECK, CHECK + CHECK, 1), encoding="utf-8")
    (tmp_path / "some.toml").write_text(THEOREM, encoding="utf-8")


@pytest.mark.slow(15)
def test_a_check_that_is_made_twice_changes_nothing_and_one_that_is_needed_is_killed(tmp_path: Path) -> None:
    changed_machine(tmp_path)
    run = vmproof("mutate", "some.toml", "--no-cache", "--format", "json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    data = json.loads(run.stdout)
    jsonschema.validate(data, json.loads(schema_path("mutate").read_text()))
    [theorem] = data["theorems"]
    checks = [mutant for mutant in theorem["mutants"] if mutant["before"] == "supervisor_only(m)"]
    fates = sorted((mutant["function"], mutant["fate"]) for mutant in checks)
    assert fates == [("halt", "killed"), ("load_psw", "killed"), ("load_relocation", "equivalent"), ("load_relocation", "equivalent")]
    assert [mutant["reason"] for mutant in checks if mutant["function"] == "halt"] == ["Relocated: halt: completes: no, now yes"]


def test_what_is_listed_as_a_survivor_must_be_one(tmp_path: Path) -> None:
    changed_machine(tmp_path)
    noticed, unknown = "instructions.halt: supervisor_only(m) -> pass", "instructions.nothing: supervisor_only(m) -> pass"
    text = f'[[survivors]]\nreason = "none"\nmutants = ["{noticed}", "{unknown}"]\n'
    (tmp_path / "survivors.toml").write_text(text, encoding="utf-8")
    run = vmproof("mutate", "machine.py", "--no-cache", "--survivors", "survivors.toml", cwd=tmp_path)
    assert run.returncode == 1
    assert [line for line in run.stderr.splitlines() if line.startswith("listed")] == [
        f"listed as a survivor, and none: {noticed}",
        f"listed as a survivor, and none: {unknown}",
    ]
