"""A description that adds to another one: instructions, fields of the state, scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.documentation import first_example
from tests.support.machines import described, instruction, mistake, run
from vmproof.errors import InputError
from vmproof.language import Description, Role, load
from vmproof.language.loader import load_system
from vmproof.virtualize import judge

COUNTING = """\
from vmproof.lang import *
from banks import *


class Counting(Machine):
    count: bits[8] = role.control


@instruction("1011 0000")
def count(m):
    system_only(m)
    m.count = m.count + 1


@scenario("a guest that counts from the start")
class FromTheStart(Guest):
    def host(real, guest, first: bits[4]):
        return real.count == 0 and first >= 1 and zext(first, 5) + guest.banks <= real.banks and real.bank == guest.bank + first
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a whole machine and one that adds to it."""
    (tmp_path / "banks.py").write_text(first_example())
    (tmp_path / "counting.py").write_text(COUNTING)
    return tmp_path


def added(folder: Path, text: str) -> Description:
    (folder / "more.py").write_text(text)
    return load(folder / "more.py")


def test_what_a_description_adds_to_another(folder: Path) -> None:
    base, machine = load(folder / "banks.py"), load(folder / "counting.py")
    assert [item.path for item in machine.fields] == [*(item.path for item in base.fields), "count"]
    assert (machine.by_path["count"].role, machine.by_path["bank"].role) == (Role.CONTROL, Role.CONTROL)
    assert [item.path for item in machine.mode_fields] == ["mode"]
    assert [item.name for item in machine.instructions] == [*(item.name for item in base.instructions), "count"]
    assert [item.name for item in machine.added] == ["count"]
    assert len(base.added) == len(base.instructions)


def test_the_scenarios_of_the_file_itself_come_first(folder: Path) -> None:
    assert [item.name for item in load(folder / "counting.py").scenarios] == ["FromTheStart", "Guest"]


def test_a_scenario_is_like_its_base_but_for_what_it_says(folder: Path) -> None:
    own, base = load(folder / "counting.py").scenarios
    assert (own.title, own.runs, own.picks) == ("a guest that counts from the start", base.runs, base.picks)
    assert own.host is not base.host
    own_parts = '@scenario("b")\nclass B(FromTheStart):\n    search = ["count"]\n    timing = []\n'
    found, _, above = added(folder, f"from vmproof.lang import *\nfrom counting import *\n{own_parts}").scenarios
    assert (above.name, found.host) == ("FromTheStart", above.host)
    assert (found.picks, found.search, found.timing) == (own.picks, ("count",), ())


def test_two_extensions_of_one_state_are_both_in_it(folder: Path) -> None:
    (folder / "marking.py").write_text("from vmproof.lang import *\nfrom banks import *\nclass Marking(Machine):\n    mark: bool\n")
    machine = added(folder, "from vmproof.lang import *\nfrom counting import *\nfrom marking import *\n")
    assert [item.path for item in machine.fields][-3:] == ["mem", "count", "mark"]


def test_functions_of_the_base_run_on_the_extended_state() -> None:
    machine = described('class More(Machine):\n    extra: bits[8]\n@instruction("0000 0000")\ndef it(m):\n    m.extra = m.load(20)\n')
    assert run(machine, {"extra": 1})["extra"] == 0xAA


def test_only_what_is_added_may_be_judged(folder: Path) -> None:
    machine = load(folder / "counting.py")
    judgement = judge(machine, only=[item.name for item in machine.added])
    assert (judgement.scenario, judgement.critical, judgement.not_judged) == ("FromTheStart", (), 8)
    said = "; this is said of 1 of 9 instructions."
    assert judgement.theorems["virtualizable"].reason == f"No encoding of the instruction judged is critical{said}"
    assert judgement.premises["legality"].reason.endswith(said)
    assert all(theorem.reason.endswith(said) for theorem in judgement.theorems.values() if str(theorem.verdict) == "proved")
    refuted = judge(machine, "Guest", only=["read_mode", "count"])
    assert (refuted.critical, refuted.not_judged) == (("read_mode",), 7)
    assert refuted.theorems["virtualizable"].reason == "Condition not met: read_mode is critical."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class More(Machine):\n    a: bits[8]", "`a` is a field of `Machine` already"),
        ("class More(Machine): pass", "the state `More` has no fields of its own"),
        (
            "class More(Machine):\n    ring: bits[2] = role.mode(least=0)",
            "`ring` is one more mode, which what extends a state does not add",
        ),
        ("class More(Machine):\n    other: memory[bits[8], bits[8]]", "the state has two memories, `mem` and `other`"),
        ("class More(Machine):\n    inner: Machine", "`Machine` is the state of this system, which is no component of itself"),
        ("@scenario('s')\nclass S(Machine): pass", "the base of a scenario is another scenario, not the type Machine"),
        ("@scenario('s')\nclass S(T): pass", "nothing is called `T` here"),
        (
            "@scenario('s')\nclass S:\n    runs = {Mode.user: Mode.user}\nX = S + 1",
            "`+` does not apply to a scenario and an integer",
        ),
        (
            "@scenario('s')\nclass S:\n    runs = {Mode.user: Mode.user}\n@scenario('t')\nclass S:\n    runs = {Mode.user: Mode.user}",
            "there are two scenarios `S`",
        ),
    ],
)
def test_extensions_that_are_wrong(text: str, message: str) -> None:
    assert mistake(text) == message


WORLD = """\
from vmproof.lang import *
class World(State):
    n: bits[2]
@init
def start(w): return w.n == 0
@action
def up(w): w.n = w.n + 1
"""
WIDER = "from vmproof.lang import *\nfrom world import *\nclass Wider(World):\n    k: bits[2]\n@action\ndef take(w): w.k = w.n\n"


def system(folder: Path, text: str) -> list[str]:
    (folder / "world.py").write_text(WORLD)
    (folder / "wider.py").write_text(WIDER)
    (folder / "whole.py").write_text(f"from vmproof.lang import *\n{text}")
    return list(load_system(folder / "whole.py").state())


def test_the_state_of_a_system_is_extended_too(tmp_path: Path) -> None:
    assert system(tmp_path, "from wider import *\n") == ["n", "k"]
    whole = "from . import wider\nclass Whole(State):\n    one: wider.Wider\n@action\ndef rest(w): pass\n"
    assert system(tmp_path, whole) == ["one.n", "one.k"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "from . import wider\nclass Whole(State):\n    one: wider.World\n",
            "the state of wider is `Wider`, which extends `World`",
        ),
        (
            "from . import world\nclass Whole(world.World):\n    k: bits[2]\n",
            "`World` is the state of another system; a field of that type makes it a component",
        ),
    ],
)
def test_a_component_is_neither_extended_nor_cut(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        system(tmp_path, text)
    assert str(caught.value).partition(": ")[2] == message


def test_a_model_of_the_library_is_added_to_from_anywhere(tmp_path: Path) -> None:
    text = 'from vmproof.lang import *\nfrom models.pg74 import *\n@instruction("0101 0000 ", asm="rest")\ndef rest(m): pass\n'
    machine = added(tmp_path, text)
    assert [item.name for item in machine.added] == ["rest"]
    assert machine.instruction("load_psw") is not None
    assert instruction("pass").added
