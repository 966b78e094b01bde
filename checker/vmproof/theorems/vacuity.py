"""Whether what a theorem speaks of can happen at all: a proof about executions that do not exist is none."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace

from vmproof.engines.system import Action, Kind, Property, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.theorems.deciding import Found, Question, decide_claims

BOUND = 8
"""Steps within which everything is expected to happen once, where a proof by induction names no others; what does not is asked of an
engine that can say never."""


@dataclass(frozen=True)
class Vacuity:
    """What cannot happen, or what was not seen to happen; `never` says which."""

    what: str
    never: bool
    reason: str


def vacuity(question: Question, pool: SolverPool, only: Container[str] | None = None) -> Vacuity | None:
    """The first action or @reachable that cannot happen, with types of the question's sizes; None if all happen, or all that `only` names.

    What cannot happen goes before what merely was not seen.
    """
    steps = question.bound if question.engine == "induction" and question.bound is not None else BOUND
    asked = replace(question, engine="auto", bound=steps, properties=None, until_refuted=False, steps=(), seen=True)
    found = decide_claims(asked, pool, lambda system: [item for item in happenings(system) if only is None or item.name in only])
    for verdict in (Verdict.REFUTED, Verdict.VACUOUS, Verdict.UNKNOWN):
        for item in found:
            if item.verdict is verdict:
                return Vacuity(said(item), verdict is not Verdict.UNKNOWN, item.reason)
    return None


def said(item: Found | Property) -> str:
    """What happens, as a sentence names it."""
    return item.sentence if item.name.startswith(_ACTION) else f"“{item.sentence}”"


_ACTION = "action "


def happenings(system: TransitionSystem) -> list[Property]:
    """That each action is possible in some reachable state, and what the file itself claims to be reachable."""
    return [*(_possible(action) for action in system.actions), *(item for item in system.properties if item.kind is Kind.SOMETIMES)]


def _possible(action: Action) -> Property:
    parameters = (*action.parameters, *action.choices)
    return Property(Kind.SOMETIMES, f"{_ACTION}{action.name}", f"the action {action.name}", parameters, action.guard, place=action.place)
