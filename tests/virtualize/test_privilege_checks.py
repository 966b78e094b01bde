"""Dropping any one privilege check of a model is noticed by a verdict on it.

The checks are found in the text of the model, not listed here. A check whose absence changes nothing needs a reason in `SURVIVORS`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.language import Description, load
from vmproof.theorems.checks import affected
from vmproof.theorems.fates import Fate
from vmproof.theorems.machine_trials import Grounding, MachineTrial, Premises
from vmproof.theorems.mutation import GUARD_DROPPED, Mutant
from vmproof.theorems.permissions import permission_mutants
from vmproof.theorems.runner import Settings
from vmproof.theorems.theorem import VIRTUALIZE, Theorem

MODELS = Path(__file__).parents[2] / "models"

SURVIVORS: dict[tuple[str, str], str] = {
    ("m68000", "trace"): "it asks for no privilege: the VMM passes the guest's trace bit on, so that both are traced, or neither is",
}
"""(model, function) of a check that may be dropped, with the reason in the semantics."""

MACHINES = ("pg74", "m68000", "m68010")


@cache
def machine(model: str) -> Description:
    return load(MODELS / f"{model}.py")


@cache
def premises(model: str) -> Premises:
    theorem = Theorem(model, "", MODELS / f"{model}.py", method=VIRTUALIZE)
    scenario = machine(model).scenario(None).name if machine(model).scenarios else ""
    found = Grounding(Settings().proof(theorem), scenario).perform()
    assert found.verdicts, found.reason
    return found


def dropped(model: str) -> list[Mutant]:
    """A machine without each of its checks."""
    return [mutant for mutant in permission_mutants(machine(model)) if mutant.operator == GUARD_DROPPED and mutant.after == "pass"]


def cases() -> list[tuple[str, Mutant]]:
    """Each check of each machine's text; one that two machines share is dropped in the first."""
    first: dict[tuple[Path, int], tuple[str, Mutant]] = {}
    for model in MACHINES:
        for mutant in dropped(model):
            first.setdefault((mutant.path, mutant.line), (model, mutant))
    return list(first.values())


CASES = cases()


def test_the_checks_are_found() -> None:
    found = {model: {mutant.function for mutant in dropped(model)} for model in MACHINES}
    assert found["pg74"] == {"halt", "load_relocation", "load_psw", "relocate", "supervisor_only"}
    assert {"move_to_sr", "rte", "stop", "reset"} <= found["m68000"]
    assert {"move_from_sr", "movec_to", "moves_load"} <= found["m68010"]
    assert found["m68000"] < found["m68010"], "the 68010 has more"


@pytest.mark.parametrize(("model", "mutant"), CASES, ids=[f"{model}-{mutant.function}" for model, mutant in CASES])
def test_a_missing_privilege_check_is_noticed(model: str, mutant: Mutant) -> None:
    theorem = Theorem(model, "", MODELS / f"{model}.py", method=VIRTUALIZE)
    concerned = affected(machine(model), mutant.function)
    assert concerned, f"{mutant.function} is reached by no instruction"
    trial = MachineTrial(Settings(timeout=60.0).proof(mutant.of(theorem, 1)), theorem.subject, {}, (premises(model),), concerned)
    tried = trial.perform()
    assert (tried.fate is Fate.KILLED) != ((model, mutant.function) in SURVIVORS), f"{mutant.name}: {tried.fate} {tried.outcome.reason}"
    assert tried.fate is not Fate.KILLED or tried.outcome.verdict is Verdict.REFUTED
