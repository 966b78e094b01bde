"""What an engine answers about one property: a verdict with its bound, its reason, and a trace where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vmproof.engines.verdict import Verdict
from vmproof.terms import Value


@dataclass(frozen=True)
class TraceStep:
    """A step of a trace: the action with its parameters by name, and the whole state after it by leaf path."""

    action: str
    parameters: Mapping[str, Value]
    state: Mapping[str, Value]


@dataclass(frozen=True)
class Trace:
    """An execution: its first state and its steps. `loop` is the index of the state that the last step returns to (0: the first state)."""

    initial: Mapping[str, Value]
    steps: tuple[TraceStep, ...]
    loop: int | None = None
    stuck: bool = False  # no action is enabled in the last state


@dataclass(frozen=True)
class Answer:
    """The answer of an engine about one property.

    `bound`: for HOLDS_UP_TO, the number of steps up to which it holds. `reason`: one sentence; for UNKNOWN it begins with the class of the
    reason (timeout, memory, solver, abstraction, bound, induction). `parameters`: the values of the property's parameters in the violation.
    `states` and `transitions` are exact counts where the engine has them.
    """

    property: str
    verdict: Verdict
    engine: str
    reason: str = ""
    bound: int | None = None
    trace: Trace | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)
    states: int | None = None
    transitions: int | None = None
    seconds: float = 0.0
    details: Mapping[str, str] = field(default_factory=dict)
