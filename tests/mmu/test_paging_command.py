"""`vmproof paging`: what it prints, what it computes it from, and that it remembers."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.golden import matches_golden
from vmproof.cli import main
from vmproof.data import library
from vmproof.errors import InputError
from vmproof.report.document import schema_path
from vmproof.solvers import SolverPool
from vmproof.theorems.paging import paging_costs
from vmproof.theorems.store import Store


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_the_table(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paging", "--cache", str(cache)]) == 0
    matches_golden("paging.txt", capsys.readouterr().out)


def test_the_document_follows_its_schema_and_is_remembered(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["paging", "--cache", str(cache)])
    capsys.readouterr()
    assert main(["paging", "--cache", str(cache), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(json.loads(schema_path("paging").read_text(encoding="utf-8"))).validate(document)
    assert len(document["rows"]) == 4 + 16 + 4 + 4

    def no_solver() -> SolverPool:
        raise AssertionError("it was asked again")

    assert [row.to_json() for row in paging_costs(Store(cache), no_solver)] == document["rows"]


def test_the_figures_are_those_of_the_model(tmp_path: Path) -> None:
    """A store that exits whatever the tables are, and a TLB that reads a table, show in the rows."""
    text = (library() / "spec" / "mmu" / "costs.py").read_text(encoding="utf-8")
    changed = text.replace("    if MODE == PROTECTED:\n        s.exits", "    if True:\n        s.exits")
    changed = changed.replace("    s.doing = Doing.hit\n", "    s.doing = Doing.hit\n    s.references = s.references + 1\n")
    assert changed.count("if True") == 1
    model = tmp_path / "costs.py"
    model.write_text(changed, encoding="utf-8")
    rows = paging_costs(None, SolverPool, model, levels=(2,))
    assert {(row.tlb_hit_references, row.exits_per_pte_update) for row in rows} == {(1, 1)}


def test_costs_beyond_the_models_counters_are_an_error(tmp_path: Path) -> None:
    text = (library() / "spec" / "mmu" / "costs.py").read_text(encoding="utf-8")
    model = tmp_path / "costs.py"
    model.write_text(text.replace("    s.doing = Doing.hit\n", "    s.doing = Doing.hit\n    s.references = 255\n"), encoding="utf-8")
    with pytest.raises(InputError, match=r"costs\.py has costs of 128 and more, where its counters may end"):
        paging_costs(None, SolverPool, model, levels=(2,))
