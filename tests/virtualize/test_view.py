"""A view by pages: what is said of an address is said of its page, and the premises come out as they do cell by cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.language import load
from vmproof.solvers import SolverPool
from vmproof.terms import BitVecSort, Term, variables
from vmproof.virtualize.asking import Asker
from vmproof.virtualize.round import play
from vmproof.virtualize.setting import REAL, Setting
from vmproof.virtualize.view import View

MACHINES = Path(__file__).parents[1] / "machines"


def tables(folder: Path, scenario: str, by_pages: bool) -> Setting:
    """The machine whose VMM keeps a page table; a page has 64 cells."""
    text = (MACHINES / "tables.py").read_text()
    if by_pages:
        assert "@translation\n" in text
        text = text.replace("@translation\n", "@translation(page=6)\n")
    for name, content in (("tiny", (MACHINES / "tiny.py").read_text()), ("tables", text)):
        (folder / f"{name}.py").write_text(content)
    description = load(folder / "tables.py")
    return Setting(description, description.scenario(scenario))


@pytest.mark.parametrize("by_pages", [False, True])
def test_what_the_view_says_of_an_address(tmp_path: Path, by_pages: bool) -> None:
    """By pages it is one term for all cells of a page, which stand in one frame in their order."""
    setting = tables(tmp_path, "Above", by_pages)
    pool, state = setting.pool, setting.canonical(True)
    view = View(setting, REAL, state)
    page, first, second = pool.var("page", BitVecSort(2)), pool.var("first", BitVecSort(6)), pool.var("second", BitVecSort(6))

    def parts(offset: Term) -> tuple[Term, Term]:
        found = view.at(state, pool.concat(page, offset), 0, 1)
        return found.fault, found.address

    (fault, address), (other_fault, other_address) = parts(first), parts(second)
    assert (fault is other_fault) == by_pages
    assert (pool.extract(address, 7, 6) is pool.extract(other_address, 7, 6)) == by_pages
    assert (pool.extract(address, 5, 0) is first) == by_pages
    assert (first in variables([fault])) != by_pages
    elsewhere = view.at(state, pool.concat(pool.var("other", BitVecSort(2)), first), 0, 1)
    assert elsewhere.fault is not fault
    assert elsewhere.address is not address


@pytest.mark.parametrize(("scenario", "tables_are"), [("Above", Verdict.PROVED), ("Over", Verdict.REFUTED)])
def test_premises_by_pages(tmp_path: Path, scenario: str, tables_are: Verdict) -> None:
    setting = tables(tmp_path, scenario, by_pages=True)
    with SolverPool(2) as solvers:
        found = play(setting, Asker(solvers), setting.description.instructions)
    premises = {name: premise.verdict for name, premise in found.premises.items()}
    assert premises == dict.fromkeys(premises, Verdict.PROVED) | {"tables": tables_are}
    states = found.premises["tables"].states
    assert (states is not None) == (tables_are is Verdict.REFUTED)
