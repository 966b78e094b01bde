"""The mutation operators, and changes that theorem files ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.errors import InputError
from vmproof.language.loader import load_system
from vmproof.language.source import parse
from vmproof.theorems.edits import apply
from vmproof.theorems.mutation import OPERATORS, Mutant, system_mutants
from vmproof.theorems.theorem import Change

TEXT = """\
from vmproof.lang import *

P = unsized("P")
NOBODY = constant(P)


class Mode(Enum):
    low = 0
    high = 1


class W(State):
    owner: P
    n: bits[4]
    mode: Mode


@init
def start(w):
    return w.n == 0 and w.owner == NOBODY


def unused_by_actions(w):
    return w.n < 3


def count(w):
    w.n = w.n + 1


@action
def take(w, p: P, q: P):
    require(w.n < 3)
    if w.mode == Mode.low:
        w.owner = p
    else:
        w.owner = NOBODY
    count(w)


@invariant("counted")
def counted(w):
    return unused_by_actions(w) or w.n == 3
"""

EXPECTED = {
    ("start", "guard dropped", "return (w.owner == NOBODY)"),
    ("start", "guard dropped", "return (w.n == 0)"),
    ("start", "comparison changed", "return (w.n != 0) and w.owner == NOBODY"),
    ("start", "comparison changed", "return w.n == 0 and (w.owner != NOBODY)"),
    ("start", "constant changed", "return w.n == 1 and w.owner == NOBODY"),
    ("count", "statement dropped", "pass"),
    ("count", "constant changed", "w.n = w.n + 2"),
    ("count", "constant changed", "w.n = w.n + 0"),
    ("take", "guard dropped", "pass"),
    ("take", "comparison changed", "require((w.n <= 3))"),
    ("take", "comparison changed", "require((w.n >= 3))"),
    ("take", "constant changed", "require(w.n < 4)"),
    ("take", "constant changed", "require(w.n < 2)"),
    ("take", "statement dropped", "pass"),
    ("take", "branches exchanged", "if w.mode == Mode.low:"),
    ("take", "comparison changed", "if (w.mode != Mode.low):"),
    ("take", "constant changed", "if w.mode == Mode.high:"),
    ("take", "variable swapped", "w.owner = q"),
    ("take", "variable swapped", "w.owner = NOBODY"),
    ("take", "variable swapped", "w.owner = p"),
}


def mutants_of(folder: Path, text: str = TEXT, **parameters: int) -> list[Mutant]:
    path = folder / "w.py"
    path.write_text(text)
    return system_mutants(load_system(path, parameters=parameters))


def test_every_operator_and_nothing_that_is_only_claimed(tmp_path: Path) -> None:
    mutants = mutants_of(tmp_path)
    assert {(mutant.function, mutant.operator, mutant.after) for mutant in mutants} == EXPECTED
    assert {mutant.operator for mutant in mutants} == set(OPERATORS)
    lines = TEXT.splitlines()
    assert all(lines[mutant.line - 1].strip() == mutant.before for mutant in mutants)
    assert len({mutant.replaced for mutant in mutants}) == len(mutants)


def test_exchanged_branches_exchange_their_statements(tmp_path: Path) -> None:
    [mutant] = [mutant for mutant in mutants_of(tmp_path) if mutant.operator == "branches exchanged"]
    assert "        w.owner = NOBODY\n    else:\n        w.owner = p\n" in mutant.replaced


def test_a_change_is_found_whatever_its_blanks() -> None:
    source = parse(TEXT, Path("w.py"))
    assert apply(Change("count", drop="w.n=w.n+1"), [source])[1] == TEXT.replace("w.n = w.n + 1", "pass")
    changed = apply(Change("take", replace="w.n < 3", by="w.n < 4"), [source])[1]
    assert changed == TEXT.replace("require(w.n < 3)", "require(w.n < 4)")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change("tak", drop="pass"), "the subject has no function `tak`; did you mean `take`?"),
        (Change("take", drop="w.owner = r"), "`w.owner = r` does not stand in `take`; did you mean `w.owner = p`?"),
        (Change("take", drop="if"), "`if` is no statement"),
        (Change("take", replace="w.owner", by="w.n"), "`w.owner` stands 2 times in `take`"),
    ],
)
def test_a_change_that_does_not_fit(change: Change, message: str) -> None:
    with pytest.raises(InputError) as caught:
        apply(change, [parse(TEXT, Path("w.py"))])
    assert str(caught.value) == message


def test_a_function_that_a_table_of_the_file_holds_is_changed_too(tmp_path: Path) -> None:
    text = TEXT.replace("    count(w)\n", '    TABLE["count"](w)\n').replace("@action", 'TABLE = {"count": count}\n\n\n@action')
    changed = {mutant.function for mutant in mutants_of(tmp_path, text)}
    assert changed == {"start", "take", "count"}


@pytest.mark.parametrize(
    ("fast", "after"),
    [(1, {"pass", "w.n = w.n + 3", "w.n = w.n + 1"}), (0, {"pass", "w.n = w.n + 2", "w.n = w.n + 0"})],
)
def test_what_other_parameters_would_decide_is_left_alone(tmp_path: Path, fast: int, after: set[str]) -> None:
    text = TEXT.replace("@init", "FAST = parameter(0)\n\n\n@init").replace(
        "def count(w):\n    w.n = w.n + 1\n",
        "def count(w):\n    if FAST == 1:\n        w.n = w.n + 2\n    else:\n        w.n = w.n + 1\n",
    )
    line = text.splitlines().index("    if FAST == 1:") + 1
    assert {item.after for item in mutants_of(tmp_path, text, FAST=fast) if item.line > line and item.function == "count"} == after


def test_a_condition_that_is_not_reached_is_not_left_out(tmp_path: Path) -> None:
    text = TEXT.replace("@init", "FAST = parameter(0)\n\n\n@init").replace("require(w.n < 3)", "require(FAST == 0 or w.n < 3)")
    dropped = {item.after for item in mutants_of(tmp_path, text) if item.function == "take" and item.operator == "guard dropped"}
    assert dropped == {"pass", "require((w.n < 3))"}
