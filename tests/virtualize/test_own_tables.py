"""Tables of a guest's own behind a second stage: what the bare view shows is enough, where the second stage treats tables as it should.

The machine itself, with a second stage that treats all accesses alike, is a rule of `test_theory_rules.py`, and its faults are in
`test_premises.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.language import Description, load_text
from vmproof.solvers import SolverPool
from vmproof.virtualize import Judgement, judge
from vmproof.virtualize.asking import Asker
from vmproof.virtualize.own_tables import untranslated
from vmproof.virtualize.result import Answer
from vmproof.virtualize.round import play
from vmproof.virtualize.setting import Setting

MACHINES = Path(__file__).parents[1] / "machines"

TABLES_APART = (
    ("def behind(m, place: bits[9]) -> bits[9]:", "def behind(m, place: bits[9], table) -> bits[9]:"),
    ("not entry[7] or zext", "(not entry[7] or table and not entry[6]) or zext"),
    ("return behind(m, va)", "return behind(m, va, False)"),
    ("m.mem[behind(m, cat(m.root[8:3], va[8:6]))]", "m.mem[behind(m, cat(m.root[8:3], va[8:6]), True)]"),
    ("return behind(m, cat(entry[2:0], va[5:0]))", "return behind(m, cat(entry[2:0], va[5:0]), False)"),
    ("bits[5](0b10000)", "bits[5](0b11000)"),
)
"""A second stage that lets a walk read a table only where bit 6 of its entry says so; the VMM sets the bit everywhere."""


def described(*changes: tuple[str, str]) -> Description:
    text = (MACHINES / "own_tables.py").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return load_text(text, Path("own_tables.py"))


def judged(*changes: tuple[str, str]) -> Judgement:
    return judge(described(*changes))


def bare(*changes: tuple[str, str]) -> dict[str, object] | None:
    """What the guest sets its own registers to, so that it translates nothing."""
    description = described(*changes)
    registers = untranslated(Setting(description, description.scenarios[0]))
    return None if registers is None else {path: term.value for path, term in registers.items()}


def test_where_a_guest_translates_nothing() -> None:
    """With root 0, in user mode, which it can enter by itself; of a view that has holes, or without a named stage, it is not said."""
    assert bare() == {"root": 0, "mode": 0}
    assert bare(("own = [", "reserved = [(0, 7)]\n    own = [")) is None
    assert bare(("@stage\n", "")) is None


@pytest.mark.parametrize(("changes", "enough"), [((), True), (TABLES_APART[:-1], False)], ids=["shown", "not-shown"])
def test_the_bare_view_is_enough_where_that_is_shown(changes: tuple[tuple[str, str], ...], enough: bool) -> None:
    """Without bit 6 no walk reads a table behind the second stage; of another choice of the VMM's nothing is known yet."""
    description = described(*changes)
    setting = Setting(description, description.scenarios[0])
    with SolverPool(2) as solvers:
        play(setting, Asker(solvers), ())
    shown = None if setting.bare is None else {path: term.value for path, term in setting.bare.items()}
    assert shown == ({"root": 0, "mode": 0} if enough else None)
    assert setting.fixing({}).bare is None


def test_a_second_stage_with_rules_of_its_own_for_tables() -> None:
    judgement = judged(*TABLES_APART)
    assert {name: premise.verdict for name, premise in judgement.premises.items()} == dict.fromkeys(judgement.premises, Verdict.PROVED)
    assert judgement.theorems["virtualizable"].verdict is Verdict.PROVED
    assert judgement.theorems["efficiency"].verdict is Verdict.PROVED


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("bits[5](0b11000)", "bits[5](0b10000)", "the VMM lets no walk read a table, and a guest's tables are of no use"),
        ("m.root[8:3], va[8:6]), True)", "m.root[8:3] ^ 1, va[8:6]), True)", "the guest's walk itself is another, which is no fault"),
        ("frame = entry[2:0] if", "frame = (entry[2:0] ^ (1 if table else 0)) if", "tables are found elsewhere than what a program sees"),
    ],
)
def test_tables_that_a_walk_does_not_find_where_a_program_does(old: str, new: str, what: str) -> None:
    """What is no fault of both walkers is none; what only the real one does refutes the view or leaves it undecided."""
    judgement = judged(*TABLES_APART, (old, new))
    fine = what.endswith("which is no fault")
    assert (judgement.premises["realisation"].verdict is Verdict.PROVED) == fine
    assert (judgement.theorems["efficiency"].verdict is Verdict.PROVED) == fine


def test_two_scenarios_in_which_other_registers_decide_about_the_view() -> None:
    """One description judged in both: the view's functions are not the same."""
    elsewhere = '''

@scenario("all in user mode")
class Everything:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}
    timing = []

    def host(real, guest):
        return not guest.second and not real.second and real.root == guest.root and real.frames == guest.frames
'''
    description = load_text((MACHINES / "own_tables.py").read_text() + elsewhere, Path("own_tables.py"))
    virtual, everything = judge(description), judge(description, "Everything")
    assert [one.instruction("set_root").privileged for one in (virtual, everything)] == [Answer.NO, Answer.YES]
