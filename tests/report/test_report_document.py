"""The JSON output follows its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from tests.support.judgements import m68000, m68010, searched, witness
from vmproof.report.document import document, schema_path, text
from vmproof.virtualize.result import QUESTIONS, THEOREMS, Judgement
from vmproof.virtualize.witness import Witness


def schema(name: str) -> Any:
    found = json.loads(schema_path(name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


@pytest.mark.parametrize("judgement", [m68000(), m68010(), searched()], ids=lambda judgement: judgement.machine)
def test_a_document_follows_the_schema(judgement: Judgement) -> None:
    jsonschema.validate(json.loads(text([document(judgement)])), schema("check"))
    jsonschema.validate(json.loads(text([document(judgement, {"reading": 0.12345})])), schema("check"))


def test_several_machines_are_an_array() -> None:
    found = json.loads(text([document(m68000()), document(m68010())]))
    jsonschema.validate(found, schema("check"))
    assert [one["machine"] for one in found] == ["m68000", "m68010"]


def test_what_a_document_says() -> None:
    found = json.loads(text([document(m68000())]))
    assert found["schema"] == 1
    assert found["tool"] == {"version": "0.1.0", "solver": "z3"}
    assert found["theorems"]["virtualizable"] == "refuted"
    assert set(found["theorems"]) == set(THEOREMS)
    assert found["critical"] == ["move_from_sr"]
    assert found["host"] == {}
    assert found["repair"] == [
        {"instruction": "move_from_sr", "mnemonic": "MOVE from SR", "condition": "it must trap where sr.S = 0", "bits": {"ctl.P": 1}}
    ]
    shown = found["instructions"][2]
    assert {question: shown[question] for question in QUESTIONS if shown[question] == "yes"}.keys() == {
        "behaviour_sensitive",
        "mode_sensitive",
        "user_sensitive",
        "critical",
    }
    assert shown["witness"]["encoding"] == "40c0"


def test_a_judgement_of_some_instructions_is_no_judgement_of_the_machine() -> None:
    found = json.loads(text([document(replace(m68000(), not_judged=33))]))
    jsonschema.validate(found, schema("check"))
    assert (found["schema"], found["not_judged"]) == (2, 33)
    for wrong in ({**found, "schema": 1}, {key: value for key, value in found.items() if key != "not_judged"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema("check"))


def test_a_document_that_lacks_a_theorem_does_not_follow_the_schema() -> None:
    found = json.loads(text([document(m68000())]))
    del found["theorems"]["hybrid"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, schema("check"))


def test_a_witness_follows_its_schema_and_comes_back() -> None:
    data = json.loads(json.dumps(witness().to_json()))
    jsonschema.validate(data, schema("witness"))
    assert Witness.from_json(data) == witness()
