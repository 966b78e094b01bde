"""Proves one theorem."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from vmproof.engines.system import Kind
from vmproof.engines.verdict import Verdict, conjunction
from vmproof.errors import InputError
from vmproof.language import load
from vmproof.solvers import SolverPool
from vmproof.theorems.deciding import Found, Question, decide
from vmproof.theorems.edits import apply
from vmproof.theorems.outcome import Outcome
from vmproof.theorems.relating import decide_related, of_subject, subject_of
from vmproof.theorems.theorem import RELATING, VIRTUALIZE, Theorem
from vmproof.theorems.vacuity import vacuity
from vmproof.virtualize import judge


def prove(theorem: Theorem, pool: SolverPool, timeout: float) -> Outcome:
    """The outcome of a theorem, within about `timeout` seconds. What is wrong with the theorem or its subject makes it an ERROR."""
    began = time.monotonic()
    try:
        if theorem.method == VIRTUALIZE:
            outcome = _machine(theorem, pool)
        else:
            outcome = _system(theorem, pool, timeout)
    except InputError as error:
        outcome = Outcome(theorem.name, Verdict.ERROR, 0.0, reason=_said(error, theorem))
    return replace(outcome, seconds=time.monotonic() - began)


def _said(error: InputError, theorem: Theorem) -> str:
    """The error with its place; one without a place stands where the theorem does."""
    return str(InputError(error.message, error.place or theorem.place, error.hint))


def _texts(theorem: Theorem) -> dict[Path, str]:
    """What stands in for files: the theorem's own texts, and its change of the subject."""
    texts = dict(theorem.texts)
    if theorem.change is None:
        return texts
    if theorem.method == VIRTUALIZE:
        read = load(theorem.subject, texts=texts).sources
    else:
        read = subject_of(theorem).sources
    source, text = apply(theorem.change, read)
    return {**texts, source.path.resolve(): text}


def _system(theorem: Theorem, pool: SolverPool, timeout: float) -> Outcome:
    began = time.monotonic()
    related = theorem.method in RELATING
    question = Question(
        theorem.subject,
        None if related else theorem.prove or None,
        theorem.method,
        theorem.bound,
        timeout,
        theorem.sizes,
        theorem.parameters,
        theorem.examples,
        _texts(theorem),
        until_refuted=theorem.expect is Verdict.REFUTED,
        steps=theorem.steps,
    )
    answers = decide_related(theorem, question, pool) if related else decide(question, pool)
    found = tuple(replace(item, evidence=None) for item in _claimed(theorem, answers))  # terms stay in this process
    verdict = conjunction(item.verdict for item in found)
    bound = min((item.bound for item in found if item.bound is not None), default=None)
    reason = next((item.reason for item in found if item.verdict is verdict and item.reason), "")
    outcome = Outcome(theorem.name, verdict, 0.0, bound if verdict is Verdict.HOLDS_UP_TO else None, reason, found)
    if verdict is Verdict.REFUTED or theorem.expect is Verdict.REFUTED:
        return outcome
    empty = vacuity(replace(of_subject(theorem, question), timeout=max(1.0, timeout - (time.monotonic() - began))), pool)
    if empty is None:
        return outcome
    if empty.never and verdict is not Verdict.VACUOUS:
        return replace(outcome, verdict=Verdict.VACUOUS, bound=None, reason=f"{empty.what} cannot happen")
    if verdict in (Verdict.UNKNOWN, Verdict.VACUOUS, Verdict.ERROR):
        return outcome
    return replace(outcome, verdict=Verdict.UNKNOWN, bound=None, reason=f"it was not seen that {empty.what} can happen ({empty.reason})")


def _claimed(theorem: Theorem, answers: list[Found]) -> list[Found]:
    """The answers that count. Where a theorem by induction names no properties, it claims the invariants; that what is reachable happens is
    a matter of vacuity."""
    invariants = [item for item in answers if item.kind == Kind.ALWAYS.value]
    return invariants if theorem.method == "induction" and not theorem.prove and invariants else answers


def _machine(theorem: Theorem, pool: SolverPool) -> Outcome:
    description = load(theorem.subject, texts=_texts(theorem))
    judgement = judge(description, theorem.scenario, solver_pool=pool, only=theorem.only or None)
    names = theorem.prove or ("virtualizable",)
    verdict = conjunction(judgement.theorems[name].verdict for name in names)
    reason = next((judgement.theorems[name].reason for name in names if judgement.theorems[name].verdict is verdict), "")
    critical = tuple(judgement.critical)
    mismatch = ""
    if theorem.critical is not None and set(critical) != set(theorem.critical):
        mismatch = _difference(set(theorem.critical), set(critical))
    return Outcome(theorem.name, verdict, 0.0, reason=reason, critical=critical, mismatch=mismatch)


def _difference(stated: set[str], found: set[str]) -> str:
    parts = []
    if found - stated:
        parts.append(f"{', '.join(sorted(found - stated))} found critical, which the theorem does not name")
    if stated - found:
        parts.append(f"{', '.join(sorted(stated - found))} not found critical")
    return "; ".join(parts)
