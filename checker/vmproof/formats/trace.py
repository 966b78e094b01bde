"""A trace as names and plain values: what reports show and what JSON holds. `trace.schema.json` of the report describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmproof.engines.result import Trace
from vmproof.formats.naming import Naming, Plain
from vmproof.terms import Value


@dataclass(frozen=True)
class ShownStep:
    """A step: the action, its parameters, and by name what changed, before and after."""

    action: str
    parameters: Mapping[str, Plain]
    changes: Mapping[str, tuple[Plain, Plain]]


@dataclass(frozen=True)
class ShownTrace:
    """A trace that can be shown without its system. In `initial`, `owner[*]` is the value of all elements that do not follow by themselves.

    `parameters` are those of the property that the trace is about. `loop` is the index of the state that the last step returns to.
    """

    initial: Mapping[str, Plain]
    steps: tuple[ShownStep, ...]
    parameters: Mapping[str, Plain]
    loop: int | None = None
    stuck: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "parameters": dict(self.parameters),
            "initial": dict(self.initial),
            "steps": [
                {
                    "action": step.action,
                    "parameters": dict(step.parameters),
                    "changes": {name: {"before": before, "after": after} for name, (before, after) in step.changes.items()},
                }
                for step in self.steps
            ],
            "loop": self.loop,
            "stuck": self.stuck,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ShownTrace:
        """The trace that `to_json` wrote; KeyError or TypeError for anything else."""
        steps = tuple(
            ShownStep(
                item["action"],
                dict(item["parameters"]),
                {name: (change["before"], change["after"]) for name, change in item["changes"].items()},
            )
            for item in data["steps"]
        )
        return cls(dict(data["initial"]), steps, dict(data["parameters"]), data["loop"], data["stuck"])


def shown(naming: Naming, trace: Trace, claim: str, parameters: Mapping[str, Value]) -> ShownTrace:
    """The trace of a sized system that is evidence about the property `claim`."""
    known = naming.constants(trace.initial)
    steps = []
    before = trace.initial
    for step in trace.steps:
        chosen = naming.parameters(naming.actions[step.action], step.parameters, known)
        steps.append(ShownStep(step.action, chosen, naming.changes(before, step.state, known)))
        before = step.state
    return ShownTrace(
        naming.summary(trace.initial, known),
        tuple(steps),
        naming.parameters(naming.properties[claim], parameters, known) if claim in naming.properties else {},
        trace.loop,
        trace.stuck,
    )
