"""How strong a proof is: which mutants of its subject it notices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from vmproof.engines.reading import transition_system
from vmproof.engines.system import TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.language import load
from vmproof.solvers import Query, SolverPool, Status
from vmproof.terms import Term, deserialize, fingerprint, serialize
from vmproof.theorems.mutation import Mutant, machine_mutants, system_mutants
from vmproof.theorems.outcome import Outcome, Standing
from vmproof.theorems.relating import subject_of
from vmproof.theorems.runner import Settings, run
from vmproof.theorems.theorem import VIRTUALIZE, Theorem

_BOUND = 5
"""Steps within which a mutant is looked for that the proof no longer holds for."""
_SECONDS = 30.0
_PATIENCE = 120.0
"""Seconds for the instructions of a machine that one privilege check concerns."""
_EQUIVALENCE = "equivalence"


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    """The theorem no longer comes out as expected."""
    SURVIVED = "survived"
    """The theorem is proved of the mutant as well."""
    EQUIVALENT = "equivalent"
    """So it is, since the mutant does the same: the solver proved that."""
    UNDECIDED = "undecided"
    """Neither proved nor refuted of the mutant; not counted as noticed."""
    INVALID = "invalid"
    """The mutant is no description; not counted."""


@dataclass(frozen=True)
class Tried:
    """A mutant with its fate, and the outcome of the theorem about it."""

    mutant: Mutant
    fate: Fate
    outcome: Outcome


@dataclass(frozen=True)
class Strength:
    """The mutants of one theorem's subject."""

    theorem: Theorem
    tried: tuple[Tried, ...]

    def count(self, fate: Fate) -> int:
        return sum(item.fate is fate for item in self.tried)

    @property
    def score(self) -> float | None:
        """The share of mutants that are noticed, of those that could be; None where there are none."""
        counted = self.count(Fate.KILLED) + self.count(Fate.SURVIVED) + self.count(Fate.UNDECIDED)
        return self.count(Fate.KILLED) / counted if counted else None


def mutants_of(theorem: Theorem) -> list[Mutant]:
    """The mutants of a system that a theorem is about. Raises InputError where it is wrong."""
    return system_mutants(subject_of(theorem).sources)


def strength(theorem: Theorem, settings: Settings, pool: SolverPool, told: Callable[[int, int, str], None]) -> Strength:
    """Try every mutant of a theorem: of a system, one that is expected to be proved; `told` hears of the progress."""
    if theorem.method == VIRTUALIZE:
        return _machine_strength(theorem, settings, told)
    mutants = mutants_of(theorem)
    asked = [_weakened(mutant.of(theorem, number)) for number, mutant in enumerate(mutants, 1)]
    done = 0

    def ended(one: Theorem, outcome: Outcome) -> None:
        nonlocal done
        done += 1
        told(done, len(asked), one.name)

    outcomes = run(asked, replace(settings, timeout=min(settings.timeout or _SECONDS, _SECONDS)), ended)
    tried = []
    for mutant, one, outcome in zip(mutants, asked, outcomes, strict=True):
        fate = _fate(one, outcome)
        if fate is Fate.SURVIVED and equivalent(theorem, mutant, pool):
            fate = Fate.EQUIVALENT
        tried.append(Tried(mutant, fate, outcome))
    return Strength(theorem, tuple(tried))


def _machine_strength(theorem: Theorem, settings: Settings, told: Callable[[int, int, str], None]) -> Strength:
    """The mutants of a machine lack one privilege check each. One is noticed if other instructions are critical then, or equivalence has
    another verdict; only the instructions that the check concerns are judged, with it and without."""
    mutants = machine_mutants(load(theorem.subject, texts=theorem.texts))
    asked = replace(theorem, prove=(_EQUIVALENCE,), critical=None, expect=Verdict.PROVED)
    groups = list(dict.fromkeys(names for _, names in mutants))
    total, done = len(groups) + len(mutants), 0

    def ended(one: Theorem, outcome: Outcome) -> None:
        nonlocal done
        done += 1
        told(done, total, one.name)

    patient = replace(settings, timeout=settings.timeout or _PATIENCE)
    whole = [replace(asked, name=f"{theorem.name} as it is: {', '.join(names)}", only=names) for names in groups]
    known = dict(zip(groups, run(whole, patient, ended), strict=True))
    changed = [
        replace(mutant.of(asked, number), only=names, expect=known[names].verdict, critical=known[names].critical)
        for number, (mutant, names) in enumerate(mutants, 1)
    ]
    outcomes = run(changed, patient, ended)
    tried = []
    for (mutant, names), one, outcome in zip(mutants, changed, outcomes, strict=True):
        fate = _fate(one, outcome) if known[names].lasting else Fate.UNDECIDED
        tried.append(Tried(mutant, Fate.KILLED if outcome.mismatch and known[names].lasting else fate, outcome))
    return Strength(theorem, tuple(tried))


def _weakened(theorem: Theorem) -> Theorem:
    """Where the proof no longer goes through, a short search says whether the claim is broken."""
    if theorem.method != "induction":
        return theorem
    return replace(theorem, method="auto", bound=_BOUND)


def _fate(theorem: Theorem, outcome: Outcome) -> Fate:
    match outcome.standing(theorem.expect):
        case Standing.MET:
            return Fate.SURVIVED
        case Standing.NOT_MET | Standing.VACUOUS:
            return Fate.KILLED
        case Standing.OPEN | Standing.BUG:
            return Fate.UNDECIDED
    return Fate.INVALID


def equivalent(theorem: Theorem, mutant: Mutant, pool: SolverPool) -> bool:
    """Whether the solver proves that a mutant has the same initial states and the same steps, whatever the sizes."""
    try:
        first = _loaded(theorem, {})
        second = _loaded(theorem, {mutant.path.resolve(): mutant.replaced})
    except InputError:
        return False
    if first.quantified or first.defined or second.quantified or second.defined:
        return _structure(first) == _structure(second)
    paths = [item.path for item in first.variables]
    if [item.path for item in second.variables] != paths or _signature(first) != _signature(second):
        return False
    terms = first.pool
    others = iter(deserialize(terms, serialize(_terms(second, paths))))
    differences: list[Term] = [terms.ne(first.init, next(others))]
    for action in first.actions:
        guard = next(others)
        differences.append(terms.ne(action.guard, guard))
        after = first.after(action)
        differences += [terms.and_(guard, terms.ne(after[path], next(others))) for path in paths]
    return all(pool.check(Query((difference,))).status is Status.UNSAT for difference in differences)


def _loaded(theorem: Theorem, texts: dict[Path, str]) -> TransitionSystem:
    return transition_system(subject_of(replace(theorem, texts={**theorem.texts, **texts})))


def _signature(system: TransitionSystem) -> list[tuple[str, bool, tuple[str, ...]]]:
    return [
        (action.name, action.fair, tuple(item.term.name for item in (*action.parameters, *action.choices))) for action in system.actions
    ]


def _terms(system: TransitionSystem, paths: Sequence[str]) -> list[Term]:
    found = [system.init]
    for action in system.actions:
        after = system.after(action)
        found += [action.guard, *(after[path] for path in paths)]
    return found


def _structure(system: TransitionSystem) -> list[str]:
    """A system with quantifiers as text that equals another's only if both are built alike."""
    paths = [item.path for item in system.variables]
    bodies = [fingerprint([item.marker, *item.bound, item.body]) for item in system.quantified]
    bodies += [fingerprint([item.array, *item.bound, item.body]) for item in system.defined]
    return [repr(_signature(system)), fingerprint(_terms(system, paths)), *bodies]
