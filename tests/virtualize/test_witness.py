"""Witnesses: what one tells, and that it is noticed when it is no longer true.

That all of a judgement survive JSON and replay is looked at where machines are judged: `tests/models/test_pg74.py`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from vmproof.errors import InputError
from vmproof.language import load
from vmproof.virtualize import Witness, judge, replay

MODELS = Path(__file__).parents[2] / "models" / "pg74"


@cache
def found(name: str) -> Witness:
    judgement = judge(load(MODELS / f"{name}.py"))
    [critical] = judgement.critical
    witness = judgement.instruction(critical).witness
    assert witness is not None
    return witness


def test_the_witness_tells_the_story() -> None:
    witness = found("stack_limit")
    assert (
        witness.reason
        == "It traps on the guest's machine in supervisor mode, and completes on the real machine in user mode: the trap is lost."
    )
    assert (witness.first.kind, witness.first.outcome, witness.second.kind, witness.second.outcome) == (
        "guest",
        "traps",
        "real",
        "completes",
    )
    assert witness.differences[0] == ("outcome", "traps (memory)", "completes")
    assert witness.assembly.startswith("push r")
    assert witness.related


def test_a_state_that_the_vmm_does_not_hold_is_noticed() -> None:
    witness = found("silent_no_op")
    real = dict(witness.second.state)
    real["base"] = (real["base"] + 1) % 256
    replayed = replay(load(MODELS / "silent_no_op.py"), replace(witness, second=replace(witness.second, state=real)))
    assert (replayed.confirmed, replayed.reason) == (False, "the VMM does not hold the real state for this guest")


def test_user_parts_that_differ_are_noticed() -> None:
    witness = found("silent_no_op")
    state = {**witness.first.state, "pc": (witness.first.state["pc"] + 1) % 256}
    replayed = replay(load(MODELS / "silent_no_op.py"), replace(witness, first=replace(witness.first, state=state)))
    assert (replayed.confirmed, replayed.reason) == (False, "the user parts of the states differ")


def test_a_machine_that_was_mended_is_noticed() -> None:
    witness = replace(found("silent_no_op"), instruction="load_relocation", operands={"rd": 0, "rs": 0})
    replayed = replay(load(MODELS / "silent_no_op.py"), witness)
    assert (replayed.confirmed, replayed.reason) == (False, "the execution does not show the property")


def test_damaged_witnesses_are_input_errors() -> None:
    data = found("silent_no_op").to_json()
    with pytest.raises(InputError, match=r"^a witness has the key `schema` with the value 1, not 2$"):
        Witness.from_json({**data, "schema": 2})
    with pytest.raises(InputError, match=r"^the witness lacks the key `operands`$"):
        Witness.from_json({key: value for key, value in data.items() if key != "operands"})
    with pytest.raises(InputError, match=r"^silent_no_op\.py has no instruction `nought`$"):
        replay(load(MODELS / "silent_no_op.py"), Witness.from_json({**data, "instruction": "nought"}))
    with pytest.raises(InputError, match=r"^the witness gives no value for `pc`$"):
        replay(load(MODELS / "silent_no_op.py"), Witness.from_json({**data, "first": {**data["first"], "state": {}}}))
