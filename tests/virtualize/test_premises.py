"""The premises of the theorems are theorems themselves, and a description that breaks one is told so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.language import load, load_text
from vmproof.virtualize import Judgement, judge

MACHINES = Path(__file__).parents[1] / "machines"

MODELS = Path(__file__).parents[2] / "models" / "pg74"


def paper(*changes: tuple[str, str]) -> Judgement:
    """The paper's machine in one file, with pieces of text replaced."""
    names = ("state", "relocation", "instructions", "relocated")
    text = "from vmproof.lang import *\n" + "".join(
        re.sub(r"^from \S+ import \*$", "", (MODELS / f"{name}.py").read_text(), flags=re.MULTILINE) for name in names
    )
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return judge(load_text(text, Path("paper.py")))


def changed(old: str, new: str) -> Judgement:
    return paper((old, new))


def test_all_premises_of_the_paper_hold() -> None:
    judgement = judge(load(MODELS.with_suffix(".py")))
    assert {premise.verdict for premise in judgement.premises.values()} == {Verdict.PROVED}
    assert {theorem.verdict for theorem in judgement.theorems.values()} <= {Verdict.PROVED, Verdict.UNKNOWN}


def test_a_guest_that_can_write_the_new_psw_owns_the_vector() -> None:
    judgement = changed("start >= 8", "start >= 4")
    assert judgement.premises["vectors"].verdict is Verdict.REFUTED
    assert judgement.theorems["virtualizable"].verdict is Verdict.REFUTED
    assert judgement.theorems["resource_control"].verdict is Verdict.REFUTED


def test_a_trap_frame_in_the_guests_view_loses_what_it_overwrites() -> None:
    judgement = changed("start >= 8", "start >= 0")
    assert judgement.premises["trap_frames"].verdict is Verdict.REFUTED
    assert judgement.theorems["equivalence"].verdict is Verdict.REFUTED


@pytest.mark.parametrize("scenario", ["Uncut", "OneTooFar"])
def test_a_wrong_memory_map_is_no_instruction_s_fault(scenario: str) -> None:
    judgement = judge(load(MODELS / "wrong_memory_map.py"), scenario)
    assert judgement.critical == ()
    assert judgement.premises["view"].verdict is Verdict.REFUTED
    assert judgement.theorems["virtualizable"].verdict is Verdict.REFUTED
    assert "address" in judgement.premises["view"].reason


def test_what_the_real_mode_gives_up_costs_efficiency_only() -> None:
    judgement = judge(load(MODELS / "access_check.py"), only=("load", "store", "add"))
    assert judgement.theorems["virtualizable"].verdict is Verdict.PROVED
    assert judgement.theorems["efficiency"].verdict is Verdict.REFUTED
    assert judgement.premises["view"].verdict is Verdict.PROVED


@pytest.mark.parametrize("instruction", ["load_relocation", "load_psw", "halt"])
def test_dropping_a_privilege_check_is_noticed(instruction: str) -> None:
    text = (MODELS / "instructions.py").read_text()
    [head] = re.findall(rf"def {instruction}\(.*?supervisor_only\(m\)\n", text, flags=re.DOTALL)
    assert changed(head, head.replace("    supervisor_only(m)\n", "")).critical == (instruction,)


def test_renaming_changes_no_verdict() -> None:
    plain = changed("real.mem[5][0] == 1", "real.mem[5][0] == 1")
    renamed = paper(
        ("base", "zork"),
        ("bound", "limit"),
        ("supervisor", "executive"),
        ("m.mem", "m.core"),
        ("    mem: memory", "    core: memory"),
        ("real.mem", "real.core"),
    )
    assert {name: theorem.verdict for name, theorem in plain.theorems.items()} == {
        name: theorem.verdict for name, theorem in renamed.theorems.items()
    }
    assert [verdict.privileged for verdict in plain.instructions] == [verdict.privileged for verdict in renamed.instructions]


def test_tables_that_show_a_guest_more_than_its_view_prove_nothing() -> None:
    judgement = judge(load(MACHINES / "shadowed.py"), scenario="Generous")
    assert judgement.premises["tables"].verdict is Verdict.PROVED
    assert judgement.premises["realisation"].verdict is Verdict.UNKNOWN
    assert "the tables that the scenario makes do not show the guest its view" in judgement.premises["realisation"].reason
    assert judgement.theorems["equivalence"].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("m.mem[behind(m, cat(m.root[8:3], va[8:6]))]", "m.mem[cat(m.root[8:3], va[8:6])]"), "a root that no second stage translates"),
        (("return behind(m, cat(entry[2:0], va[5:0]))", "return cat(entry[2:0], va[5:0])"), "a page that no second stage translates"),
        (("guest.frames <= 3", "guest.frames <= 4"), "the second stage's table in a frame of the guest's"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_tables_of_the_guests_own_are_followed_behind_the_vmms(tmp_path: Path, change: tuple[str, str], what: str) -> None:
    """The machine without these faults is a rule of `test_theory_rules.py`."""
    text = (MACHINES / "own_tables.py").read_text()
    assert change[0] in text, what
    (tmp_path / "changed.py").write_text(text.replace(*change))
    judgement = judge(load(tmp_path / "changed.py"))
    assert judgement.premises["tables"].verdict is Verdict.REFUTED
    assert judgement.theorems["virtualizable"].verdict is Verdict.REFUTED
