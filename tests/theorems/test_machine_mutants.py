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


@pytest.mark.slow(15)
def test_a_check_that_is_made_twice_survives_and_one_that_is_needed_is_killed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "models" / "pg74", tmp_path / "pg74")
    (tmp_path / "machine.py").write_text((ROOT / "models" / "pg74.py").read_text(encoding="utf-8"), encoding="utf-8")
    file = tmp_path / "pg74" / "instructions.py"
    head, function, tail = file.read_text(encoding="utf-8").partition("def load_relocation")
    file.write_text(head + function + tail.replace(CHECK, CHECK + CHECK, 1), encoding="utf-8")
    (tmp_path / "some.toml").write_text(THEOREM, encoding="utf-8")
    run = vmproof("mutate", "some.toml", "--no-cache", "--format", "json", cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    data = json.loads(run.stdout)
    jsonschema.validate(data, json.loads(schema_path("mutate").read_text()))
    [theorem] = data["theorems"]
    fates = sorted((mutant["function"], mutant["fate"]) for mutant in theorem["mutants"])
    assert fates == [("halt", "killed"), ("load_psw", "killed"), ("load_relocation", "survived"), ("load_relocation", "survived")]
    assert {mutant["before"] for mutant in theorem["mutants"]} == {"supervisor_only(m)"}
