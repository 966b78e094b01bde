"""The JSON form of a judgement. `schema/check.schema.json` describes it; its number is `SCHEMA`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vmproof import __version__
from vmproof.virtualize.result import QUESTIONS, HostResult, InstructionVerdict, Judgement, Repair

SCHEMA = 1
"""Grows when a reader of an older document would misunderstand a new one."""

SCHEMA_OF_SOME = 2
"""Of a judgement of some instructions: who takes it for one of the machine would misunderstand it."""


def schema_path(name: str) -> Path:
    """The file of a schema: `check` or `witness`."""
    return Path(__file__).parent / "schema" / f"{name}.schema.json"


def document(judgement: Judgement, timings: dict[str, float] | None = None) -> dict[str, Any]:
    """The JSON object for one machine. `timings`, in seconds by phase, are left out unless given: they differ from run to run."""
    found = {
        "schema": SCHEMA_OF_SOME if judgement.not_judged else SCHEMA,
        "tool": {"version": __version__, "solver": judgement.solver},
        "machine": judgement.machine,
        "scenario": judgement.scenario,
        "host": _host(judgement.host),
        "theorems": {name: theorem.verdict.value for name, theorem in judgement.theorems.items()},
        "premises": {name: premise.verdict.value for name, premise in judgement.premises.items()},
        "reasons": {claim.name: claim.reason for claim in (*judgement.theorems.values(), *judgement.premises.values()) if claim.reason},
        "critical": list(judgement.critical),
        "undecided": list(judgement.undecided),
        "status_as_control": list(judgement.status_as_control),
        "repair": [_repair(repair) for repair in judgement.repair],
        "instructions": [_instruction(verdict) for verdict in judgement.instructions],
    }
    if judgement.not_judged:
        found["not_judged"] = judgement.not_judged
    if timings is not None:
        found["timings"] = {phase: round(seconds, 3) for phase, seconds in timings.items()}
    return found


def text(documents: Sequence[dict[str, Any]]) -> str:
    """The documents as JSON text: one object, or for several machines an array of objects."""
    return json.dumps(documents[0] if len(documents) == 1 else list(documents), indent=2, ensure_ascii=False) + "\n"


def _host(host: HostResult | None) -> dict[str, Any]:
    if host is None:
        return {}
    return {
        "searched": list(host.searched),
        "found": host.found.value,
        "reason": host.reason,
        "assignments": [dict(assignment) for assignment in host.assignments],
        "tried": host.tried,
        "space": host.space,
    }


def _repair(repair: Repair) -> dict[str, Any]:
    return {
        "instruction": repair.instruction,
        "mnemonic": repair.mnemonic,
        "condition": repair.condition,
        "bits": dict(repair.bits),
    }


def _instruction(verdict: InstructionVerdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "mnemonic": verdict.mnemonic,
        "line": verdict.line,
        **{question: verdict.answer(question).value for question in QUESTIONS},
        "reasons": dict(verdict.reasons),
        "classes": [
            {"condition": one.condition, **{question: answer.value for question, answer in one.answers.items()}} for one in verdict.classes
        ],
        "witness": verdict.witness.to_json() if verdict.witness else None,
    }
