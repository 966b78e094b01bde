"""Theorem files: what they may say, and the exact sentence for what they may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.data import library
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.theorems.files import read_file, read_theorems, select, theorem_files

SOUND = """\
[held]
claim = "The lock holds."
subject = "lock.py"
method = "bmc"
bound = 3
expect = "holds_up_to"
prove = ["exclusion"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lock.py").write_text("")
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "some.toml"
    path.write_text(text)
    return path


def test_a_theorem_with_all_that_it_says(folder: Path) -> None:
    more = 'sizes = { P = 2 }\nparameters = { N = 5 }\ntimeout = 2.5\nsolver = "cvc5"\nmutate = { action = "enter", drop = "pass" }\n'
    [theorem] = read_file(write(folder, SOUND + more))
    assert theorem.name == "held"
    assert theorem.claim == "The lock holds."
    assert theorem.subject.resolve() == (folder / "lock.py").resolve()
    assert (theorem.method, theorem.bound, theorem.expect) == ("bmc", 3, Verdict.HOLDS_UP_TO)
    assert (theorem.sizes, theorem.parameters, theorem.timeout) == ({"P": 2}, {"N": 5}, 2.5)
    assert theorem.solver == "cvc5"
    assert theorem.change is not None
    assert (theorem.change.function, theorem.change.drop) == ("enter", "pass")
    assert theorem.place is not None
    assert theorem.place.line == 1


def test_the_steps_of_a_trace_may_repeat(folder: Path) -> None:
    [theorem] = read_file(write(folder, SOUND.replace("bound = 3", 'steps = ["enter", "enter", "leave"]')))
    assert (theorem.steps, theorem.bound) == (("enter", "enter", "leave"), None)


def test_a_piece_of_a_line_may_give_way_to_nothing(folder: Path) -> None:
    [theorem] = read_file(write(folder, SOUND + 'mutate = { function = "fed", replace = "or crashed", by = "" }\n'))
    assert theorem.change is not None
    assert (theorem.change.function, theorem.change.replace, theorem.change.by) == ("fed", "or crashed", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("bound = 3", 'solver = "z4"'), '5:1: `solver` is not "z4"; it is one of z3, bitwuzla, cvc5'),
        (("bound = 3", "bond = 3"), "5:1: a theorem has no key `bond`; did you mean `bound`?"),
        (("bound = 3", "bound = -1"), "5:1: `bound` is a whole number"),
        (("bound = 3", "bound = true"), "5:1: `bound` is a whole number"),
        (('method = "bmc"', 'method = "bcm"'), '4:1: `method` is not "bcm"; did you mean `bmc`?'),
        (('method = "bmc"', 'method = "explicit"'), '5:1: `bound` says nothing where the method is "explicit"'),
        (('method = "bmc"', 'method = "virtualize"'), '5:1: `bound` says nothing where the method is "virtualize"'),
        (('claim = "The lock holds."\n', ""), "1:1: the theorem `held` has no `claim`"),
        (('"lock.py"', '"lokc.py"'), "3:1: there is no file lokc.py"),
        (('["exclusion"]', "[]"), "7:1: `prove` names nothing; leave it out to prove all properties"),
        (('["exclusion"]', '"exclusion"'), "7:1: `prove` is a list of names"),
        (('["exclusion"]', '["a", "a"]'), "7:1: `prove` names one thing twice"),
        (("[held]\n", ""), "1:1: `claim` stands outside a theorem; a theorem begins with its name: [frames-owned]"),
        (('"holds_up_to"', '"true"'), '6:1: `expect` is not "true"; it is one of proved, refuted, holds_up_to, vacuous'),
        (("bound = 3", 'critical = ["x"]'), '5:1: `critical` says nothing where the method is "bmc"'),
        (("bound = 3", "mutate = { acton = 'enter', drop = 'x' }"), "5:1: `mutate` has no key `acton`; did you mean `action`?"),
        (("bound = 3", "mutate = { action = 'enter', drop = '' }"), "5:1: `mutate` holds texts"),
        (("bound = 3", "mutate = { action = 'enter' }"), "5:1: `mutate` says what to `drop`, or what to `replace` `by` what"),
        (("bound = 3", "sizes = { P = '3' }"), "5:1: `sizes` gives numbers to names; sizes = { Process = 3 }"),
        (("bound = 3", "bound = "), "5:9: not TOML: invalid value"),
        (("bound = 3", 'bound = 3\nsteps = ["enter"]'), "5:1: `bound` says nothing where `steps` names the actions"),
        (("bound = 3", "steps = 3"), "5:1: `steps` is a list of names"),
        (
            ('method = "bmc"\nbound = 3', 'method = "induction"\nsteps = ["enter"]'),
            '5:1: `steps` says nothing where the method is "induction"',
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(folder: Path, change: tuple[str, str], message: str) -> None:
    path = write(folder, SOUND.replace(*change))
    with pytest.raises(InputError) as caught:
        read_file(path)
    assert str(caught.value) == f"{path}:{message}"


def test_two_theorems_of_one_name(folder: Path) -> None:
    path, other = write(folder, SOUND), folder / "other.toml"
    other.write_text("\n" + SOUND)
    with pytest.raises(InputError) as caught:
        read_theorems([path, other])
    assert str(caught.value) == f"{other}:2:1: there are two theorems `held`; the other is at {path}:1:1"


def test_theorems_are_named_by_themselves_their_file_or_a_pattern(folder: Path) -> None:
    theorems = read_theorems([write(folder, SOUND + SOUND.replace("held", "held-too"))])
    assert [theorem.name for theorem in select(theorems, [])] == ["held", "held-too"]
    assert [theorem.name for theorem in select(theorems, ["held"])] == ["held"]
    assert [theorem.name for theorem in select(theorems, ["held-*"])] == ["held-too"]
    assert len(select(theorems, ["some"])) == len(select(theorems, ["some.toml"])) == 2
    with pytest.raises(InputError, match=r'^there is no theorem "hold"; did you mean `held`\?$'):
        select(theorems, ["hold"])


def test_the_theorems_of_the_library_can_be_read() -> None:
    theorems = read_theorems(theorem_files(str(library() / "proofs")))
    assert {"frames-owned", "m68000"} <= {theorem.name for theorem in theorems}
    assert all(theorem.claim.endswith(".") for theorem in theorems)
