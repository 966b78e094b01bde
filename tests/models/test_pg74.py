"""The machine of Popek and Goldberg and its variants, judged by derivation: each fails as its file says, and its witnesses replay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vmproof.language import load
from vmproof.virtualize import Judgement, Witness, judge, replay

MODELS = Path(__file__).parent.parent.parent / "models"


def test_the_paper_s_machine() -> None:
    judgement = judge(load(MODELS / "pg74.py"))
    assert judgement.critical == ()
    assert judgement.undecided == ()
    assert {name: str(theorem.verdict) for name, theorem in judgement.theorems.items()} == {
        "virtualizable": "proved",
        "hybrid": "proved",
        "recursive": "proved",
        "equivalence": "proved",
        "resource_control": "proved",
        "efficiency": "proved",
    }
    strict = {each.name for each in judgement.instructions if str(each.privileged_strict) == "yes"}
    assert strict == {"halt", "load_relocation", "load_psw"}
    call = judgement.instruction("supervisor_call")
    assert (str(call.privileged), str(call.privileged_strict), str(call.innocuous)) == ("yes", "no", "yes")


@pytest.mark.parametrize(
    ("variant", "instruction", "answers", "theorems"),
    [
        (
            "load_physical_address",
            "load_physical_address",
            {"resource_sensitive": "yes", "mode_sensitive": "no", "control_sensitive": "no", "user_sensitive": "yes"},
            {"hybrid": "refuted", "efficiency": "proved"},
        ),
        (
            "store_relocation",
            "store_relocation",
            {"resource_sensitive": "yes", "mode_sensitive": "no", "control_sensitive": "no", "user_sensitive": "yes"},
            {"hybrid": "refuted", "efficiency": "proved"},
        ),
        (
            "read_bound",
            "read_bound",
            {"resource_sensitive": "yes", "mode_sensitive": "no", "control_sensitive": "no", "user_sensitive": "yes"},
            {"hybrid": "refuted", "efficiency": "proved"},
        ),
        (
            "jrst1",
            "jrst1",
            {"control_sensitive": "yes", "behaviour_sensitive": "no", "user_sensitive": "no"},
            {"hybrid": "proved", "resource_control": "proved"},
        ),
        ("silent_no_op", "set_bound", {"control_sensitive": "yes", "user_sensitive": "no"}, {"hybrid": "proved"}),
        (
            "read_mode",
            "read_mode",
            {"mode_sensitive": "yes", "resource_sensitive": "no", "control_sensitive": "no", "user_sensitive": "no"},
            {"hybrid": "proved"},
        ),
        ("access_check", "test_access", {"control_sensitive": "no", "user_sensitive": "no"}, {"hybrid": "proved", "efficiency": "refuted"}),
        (
            "stack_limit",
            "push",
            {"trap_sensitive": "yes", "control_sensitive": "no", "behaviour_sensitive": "no", "user_sensitive": "no"},
            {"hybrid": "proved"},
        ),
    ],
)
def test_variant(variant: str, instruction: str, answers: dict[str, str], theorems: dict[str, str]) -> None:
    path = MODELS / "pg74" / f"{variant}.py"
    judgement = judge(load(path))
    assert judgement.critical == (instruction,)
    assert judgement.undecided == ()
    verdict = judgement.instruction(instruction)
    assert {question: str(verdict.answer(question)) for question in answers} == answers
    expected = {"virtualizable": "refuted", "equivalence": "refuted", "recursive": "refuted", **theorems}
    assert {name: str(judgement.theorems[name].verdict) for name in expected} == expected
    every_witness_survives_json_and_replays(path, judgement)


def every_witness_survives_json_and_replays(path: Path, judgement: Judgement) -> None:
    witnesses = [witness for verdict in judgement.instructions for witness in verdict.witnesses.values()]
    assert witnesses
    for witness in witnesses:
        again = Witness.from_json(json.loads(json.dumps(witness.to_json())))
        assert again == witness
        replayed = replay(load(path), again)
        assert (replayed.confirmed, replayed.reason) == (True, "")
        assert replayed.witness == witness


@pytest.mark.parametrize("scenario", ["Uncut", "OneTooFar"])
def test_wrong_memory_map(scenario: str) -> None:
    """No instruction is to blame; the VMM lets a guest reach storage that is not its own."""
    judgement = judge(load(MODELS / "pg74" / "wrong_memory_map.py"), scenario=scenario)
    assert judgement.critical == ()
    assert "refuted" in {str(theorem.verdict) for theorem in judgement.theorems.values()}
    assert {str(theorem.verdict) for name, theorem in judgement.theorems.items() if name != "recursive"} != {"proved"}
