"""A witness: one instruction executed on two concrete states, and what differs. It is what a refutation is shown by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vmproof.errors import InputError

SCHEMA = 1
"""The version of the JSON form."""


@dataclass(frozen=True)
class Side:
    """One of the two executions.

    `kind` is "guest" or "real". `state` has the values that matter, by path; an array is a mapping from index to element with the entry
    "default". `outcome` is "completes", "traps", "memory trap", "waits" or "unpredictable", `cause` the trap's cause by name. `after` has
    the values that the execution changed. `partner` is the state at the other end of the scenario's relation, where it matters.
    """

    kind: str
    state: Mapping[str, Any]
    outcome: str
    after: Mapping[str, Any] = field(default_factory=dict)
    cause: str | None = None
    detail: str = ""
    partner: Mapping[str, Any] | None = None
    partner_picks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Witness:
    """Evidence for `property` ("critical", "mode_sensitive", "resource_control" ...) of one instruction.

    `first` and `second` are the two executions: a guest state and the real state that carries it wherever the property speaks of a pair.
    `differences` are (what, value in the first, value in the second). `encoding` are the instruction's bits as hexadecimal digits, most
    significant first ("0b..." where they are no whole digits); `assembly` is its text. `question` is the definition that was replayed, of
    the states called `states`; `promoted` (status that counts as control) and `partial` (the real mode gives up part of the view) are what
    it was judged under, beside `host`.
    """

    machine: str
    scenario: str
    instruction: str
    property: str
    reason: str
    encoding: str
    assembly: str
    operands: Mapping[str, Any]
    picks: Mapping[str, int]
    choices: Mapping[str, int]
    first: Side
    second: Side
    differences: tuple[tuple[str, str, str], ...]
    related: bool = True
    host: Mapping[str, int] = field(default_factory=dict)
    question: str = ""
    states: tuple[str, str] = ("g", "r")
    promoted: tuple[str, ...] = ()
    partial: bool = False

    def to_json(self) -> dict[str, Any]:
        """A JSON object with everything that a replay needs."""
        return {
            "schema": SCHEMA,
            "machine": self.machine,
            "scenario": self.scenario,
            "instruction": self.instruction,
            "property": self.property,
            "reason": self.reason,
            "encoding": self.encoding,
            "assembly": self.assembly,
            "operands": _plain(self.operands),
            "picks": dict(self.picks),
            "choices": _plain(self.choices),
            "host": dict(self.host),
            "related": self.related,
            "question": self.question,
            "states": list(self.states),
            "promoted": list(self.promoted),
            "partial": self.partial,
            "first": _side_to_json(self.first),
            "second": _side_to_json(self.second),
            "differences": [list(difference) for difference in self.differences],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Witness:
        """The inverse of `to_json`. Raises InputError for an object that is no witness."""
        if data.get("schema") != SCHEMA:
            raise InputError(f"a witness has the key `schema` with the value {SCHEMA}, not {data.get('schema')!r}")
        try:
            return Witness(
                machine=str(data["machine"]),
                scenario=str(data["scenario"]),
                instruction=str(data["instruction"]),
                property=str(data["property"]),
                reason=str(data["reason"]),
                encoding=str(data["encoding"]),
                assembly=str(data["assembly"]),
                operands=_unplain(data["operands"]),
                picks=dict(data["picks"]),
                choices=_unplain(data["choices"]),
                host=dict(data["host"]),
                related=bool(data["related"]),
                question=str(data["question"]),
                states=(str(data["states"][0]), str(data["states"][1])),
                promoted=tuple(map(str, data["promoted"])),
                partial=bool(data["partial"]),
                first=_side_from_json(data["first"]),
                second=_side_from_json(data["second"]),
                differences=tuple((str(what), str(one), str(other)) for what, one, other in data["differences"]),
            )
        except KeyError as missing:
            raise InputError(f"the witness lacks the key `{missing.args[0]}`") from None
        except (TypeError, ValueError, AttributeError, IndexError):
            raise InputError("the witness has a value of the wrong shape") from None


def _side_to_json(side: Side) -> dict[str, Any]:
    return {
        "kind": side.kind,
        "state": _plain(side.state),
        "outcome": side.outcome,
        "cause": side.cause,
        "detail": side.detail,
        "after": _plain(side.after),
        "partner": None if side.partner is None else _plain(side.partner),
        "partner_picks": dict(side.partner_picks),
    }


def _side_from_json(data: Mapping[str, Any]) -> Side:
    return Side(
        kind=str(data["kind"]),
        state=_unplain(data["state"]),
        outcome=str(data["outcome"]),
        cause=None if data["cause"] is None else str(data["cause"]),
        detail=str(data["detail"]),
        after=_unplain(data["after"]),
        partner=None if data["partner"] is None else _unplain(data["partner"]),
        partner_picks=dict(data["partner_picks"]),
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has text for keys: array indices become decimal text, with "default" beside them."""
    return {
        path: {str(key): element for key, element in value.items()} if isinstance(value, Mapping) else value
        for path, value in values.items()
    }


def _unplain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        path: {key if key == "default" else int(key): element for key, element in value.items()} if isinstance(value, Mapping) else value
        for path, value in values.items()
    }
