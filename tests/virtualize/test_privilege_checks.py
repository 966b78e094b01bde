"""Dropping any one privilege check of a model is noticed: the critical set or the equivalence verdict changes.

The checks are found in the text of the model, not listed here. A check whose absence changes nothing needs a reason in `SURVIVORS`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from vmproof.language import Description, load
from vmproof.theorems.checks import DroppedCheck, affected, dropped_checks
from vmproof.virtualize import judge

MODELS = Path(__file__).parents[2] / "models"

SURVIVORS: dict[tuple[str, str], str] = {}
"""(model, function) of a check that may be dropped, with the reason in the semantics."""


@cache
def machine(model: str) -> Description:
    return load(MODELS / f"{model}.py")


def verdict(description: Description, names: tuple[str, ...]) -> tuple[object, ...]:
    found = judge(description, only=names)
    return tuple(found.critical), found.theorems["equivalence"].verdict


@cache
def untouched(model: str, names: tuple[str, ...]) -> tuple[object, ...]:
    return verdict(machine(model), names)


MACHINES = ("pg74", "m68000", "m68010")


def cases() -> list[tuple[str, DroppedCheck]]:
    """Each check of each machine's text; one that two machines share is dropped in the first."""
    first: dict[tuple[Path, int], tuple[str, DroppedCheck]] = {}
    for model in MACHINES:
        for check in dropped_checks(machine(model)):
            first.setdefault((check.path, check.line), (model, check))
    return list(first.values())


CASES = cases()


def test_the_checks_are_found() -> None:
    found = {model: {check.function for check in dropped_checks(machine(model))} for model in MACHINES}
    assert found["pg74"] == {"halt", "load_relocation", "load_psw"}
    assert {"move_to_sr", "rte", "stop", "reset"} <= found["m68000"]
    assert found["m68000"] < found["m68010"], "the 68010 has more"


@pytest.mark.parametrize(("model", "check"), CASES, ids=[f"{model}-{check.function}" for model, check in CASES])
def test_a_missing_privilege_check_is_noticed(model: str, check: DroppedCheck) -> None:
    names = affected(machine(model), check.function)
    assert names, f"{check.function} is reached by no instruction"
    without = load(MODELS / f"{model}.py", texts=check.texts)
    noticed = verdict(without, names) != untouched(model, names)
    assert noticed != ((model, check.function) in SURVIVORS), f"{check.path.name}:{check.line}: {check.text}"
