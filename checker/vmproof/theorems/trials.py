"""Tries one mutant: what of the theorem it concerns is asked again, and the first thing that notices it ends the trial."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from vmproof.engines.asking import Asker
from vmproof.engines.bmc import bmc
from vmproof.engines.changes import Change, compared, same
from vmproof.engines.induction import claims_of, following
from vmproof.engines.never import never
from vmproof.engines.noticing import Broken, Notice
from vmproof.engines.reading import transition_system
from vmproof.engines.replay import environment, rerun
from vmproof.engines.result import Answer
from vmproof.engines.system import Kind, Property, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool
from vmproof.terms import evaluate
from vmproof.theorems.deciding import DEFAULT_SIZE, Question, decide
from vmproof.theorems.outcome import Outcome, Standing
from vmproof.theorems.proving import prove
from vmproof.theorems.relating import subject_of
from vmproof.theorems.theorem import RELATING, Theorem
from vmproof.theorems.vacuity import BOUND, happenings, said, vacuity
from vmproof.theorems.worker import Proof, fault_of

_BRIEF = 4.0
"""Seconds for a question when it is asked first."""
_SAME = 10.0
"""Seconds for whether a mutant does the same as the original."""
_FIRST, _SECOND = "z3", "bitwuzla"
_STEPS = 5
"""Steps within which a violation is looked for where the proof leaves something open."""


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    """The theorem no longer comes out as expected: it is refuted, or vacuous."""
    BROKEN = "broken"
    """The proof breaks: a step leads from a state in which all that is claimed holds to one in which it does not. Whether that state is
    reachable is not known."""
    SURVIVED = "survived"
    """The theorem is proved of the mutant as well."""
    EQUIVALENT = "equivalent"
    """So it is, since the mutant does the same in every state that the claims allow: solvers proved that."""
    UNDECIDED = "undecided"
    """Neither proved nor refuted of the mutant; not counted as noticed."""
    INVALID = "invalid"
    """The mutant is no description; not counted."""


@dataclass(frozen=True)
class Trialled:
    """The fate of a mutant, and the outcome of the theorem about it as far as it was asked."""

    fate: Fate
    outcome: Outcome

    def to_json(self) -> dict[str, Any]:
        """For the cache."""
        return {"fate": self.fate.value, **self.outcome.to_json()}

    @classmethod
    def from_json(cls, theorem: Theorem, data: Mapping[str, Any]) -> Trialled | None:
        """What `to_json` wrote; None for anything else."""
        try:
            verdict, given = Verdict(data["verdict"]), {name: data[name] for name in ("seconds", "bound", "reason", "mismatch")}
            return cls(Fate(data["fate"]), Outcome(theorem.name, verdict, **given, cached=True))
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Trial:
    """The task to try a mutant of a theorem; `proof` is that of the theorem about the mutant, whose change is in `function`."""

    original: Theorem
    function: str
    proof: Proof

    @property
    def seconds(self) -> float:
        return self.proof.seconds

    def perform(self) -> Trialled:
        """The fate. It says of the claims only what holds if the original theorem is proved."""
        began = time.monotonic()
        try:
            with self.proof.pool() as pool:
                tried = self._tried(pool, began + self.seconds)
        except InputError as error:
            tried = self._fate(Fate.INVALID, str(error), Verdict.ERROR)
        except Exception as error:
            return self.lost(0.0, fault_of(error), True)
        return replace(tried, outcome=replace(tried.outcome, seconds=time.monotonic() - began))

    def lost(self, seconds: float, reason: str, fault: bool) -> Trialled:
        """What stands for the fate where there is none."""
        return Trialled(Fate.UNDECIDED, self.proof.lost(seconds, reason, fault))

    def _fate(self, fate: Fate, reason: str, verdict: Verdict = Verdict.UNKNOWN) -> Trialled:
        return Trialled(fate, Outcome(self.proof.theorem.name, verdict, 0.0, reason=reason))

    def _tried(self, pool: SolverPool, deadline: float) -> Trialled:
        if self.original.method == "induction":
            known = _known(self.original)
            general = known.changed(self.proof.theorem, known.general) if known.general is not None else None
            sized = known.changed(self.proof.theorem, known.sized)
            if sized is not None and (general is not None or known.general is None):
                return self._induced(known, general, sized, pool, deadline)
        return self._proved(pool, deadline)

    def _proved(self, pool: SolverPool, deadline: float) -> Trialled:
        """The theorem as a whole is asked of the mutant."""
        first = transition_system(subject_of(self.original))
        change = compared(first, transition_system(subject_of(self.proof.theorem)))
        if change is not None and change.none:
            return self._fate(Fate.EQUIVALENT, "")
        theorem = self.proof.theorem
        if theorem.method == "induction":
            theorem = replace(theorem, method="auto", bound=_STEPS)
        outcome = prove(theorem, pool, deadline - time.monotonic())
        fate = fate_of(theorem, outcome)
        if fate is Fate.SURVIVED and change is not None:
            invariants = theorem.expect is Verdict.PROVED and theorem.method not in RELATING
            claims = claims_of(first, _claimed(theorem, change.system)) if invariants else []
            if same(change, [claim for claim in claims if not claim.type], Asker(pool, _SAME)):
                fate = Fate.EQUIVALENT
        return Trialled(fate, outcome)

    def _induced(self, known: _Known, general: Change | None, sized: Change, pool: SolverPool, deadline: float) -> Trialled:
        """Only the obligations of the proof that the mutant concerns are asked."""
        change = general or sized
        if change.none:
            return self._fate(Fate.EQUIVALENT, "")
        notice = Notice(general, sized, lambda system: _claimed(self.original, system), known.following(pool, self.seconds))
        order = known.order(self.function)
        broken = notice.ask(pool, _BRIEF, deadline, order)
        if broken is None and same(change, notice.claims(change), Asker(pool, min(_SAME, max(0.0, deadline - time.monotonic())))):
            return self._fate(Fate.EQUIVALENT, "")
        if broken is None and notice.open and notice.holds:
            larger = known.enlarged(self.proof.theorem)
            if larger is not None:
                notice.resize(larger)
                broken = notice.ask(pool, _BRIEF, deadline, order)
        left = deadline - time.monotonic()
        for solver in (_SECOND if self.proof.solver == _FIRST else _FIRST, None):
            if broken is None and notice.open:  # what takes one solver minutes another may answer in seconds
                broken = notice.ask(pool, left / 4, deadline - left / 4, order, solver)
        if broken is not None:
            known.note(self.function, broken)
            verdict = Verdict.REFUTED if broken.action is None else Verdict.UNKNOWN
            return self._fate(Fate.KILLED if broken.action is None else Fate.BROKEN, broken.text, verdict)
        if not notice.open:
            return self._happening(known, change, sized, pool, deadline)
        question = self._question(deadline, known.sizes)
        if not notice.holds and any(
            item.verdict is Verdict.REFUTED for item in decide(replace(question, engine="bmc", until_refuted=True), pool)
        ):
            return self._fate(Fate.KILLED, f"refuted within {_STEPS} steps", Verdict.REFUTED)
        return self._fate(Fate.UNDECIDED, notice.reason)

    def _question(self, deadline: float, sizes: Mapping[str, int]) -> Question:
        theorem = self.proof.theorem
        left = max(1.0, deadline - time.monotonic())
        return Question(theorem.subject, theorem.prove or None, "induction", _STEPS, left, sizes, theorem.parameters, {}, theorem.texts)

    def _happening(self, known: _Known, change: Change, sized: Change, pool: SolverPool, deadline: float) -> Trialled:
        """The claims are proved of the mutant; it is noticed if something can no longer happen at all."""
        unseen = known.unseen(sized.system, pool, self.seconds)
        if not unseen:
            return self._fate(Fate.SURVIVED, "", Verdict.PROVED)
        lemmas = _claimed(self.original, change.system)
        for item in happenings(change.system):
            left = max(1.0, (deadline - time.monotonic()) / 2)
            if item.name in unseen and never(change.system, item, lemmas, pool, left):
                return self._fate(Fate.KILLED, f"{said(item)} cannot happen", Verdict.VACUOUS)
        question = replace(self._question(deadline, known.sizes), bound=self.original.bound)
        empty = vacuity(question, pool, unseen)
        if empty is None:
            return self._fate(Fate.SURVIVED, "", Verdict.PROVED)
        if empty.never:
            return self._fate(Fate.KILLED, f"{empty.what} cannot happen", Verdict.VACUOUS)
        return self._fate(Fate.UNDECIDED, f"it was not seen that {empty.what} can happen ({empty.reason})")


def fate_of(theorem: Theorem, outcome: Outcome) -> Fate:
    """The fate of a mutant of which a theorem has an outcome."""
    match outcome.standing(theorem.expect):
        case Standing.MET:
            return Fate.SURVIVED
        case Standing.NOT_MET | Standing.VACUOUS:
            return Fate.KILLED
        case Standing.OPEN | Standing.BUG:
            return Fate.UNDECIDED
    return Fate.INVALID


def _claimed(theorem: Theorem, system: TransitionSystem) -> Sequence[Property]:
    """The invariants that a theorem claims."""
    return [item for item in system.properties if item.kind is Kind.ALWAYS and (not theorem.prove or item.name in theorem.prove)]


@dataclass(eq=False)
class _Known:
    """A theorem by induction as it is, read once for all of its mutants that a process tries.

    `general`: its subject with types of any size, None where all have sizes. `sized`: with those of `sizes`.
    """

    theorem: Theorem
    general: TransitionSystem | None
    sized: TransitionSystem
    sizes: Mapping[str, int]
    _larger: TransitionSystem | None = None
    _following: set[str] | None = None
    _witnesses: Sequence[tuple[str, Answer]] | None = None
    _broke: dict[str, Counter[str]] = field(default_factory=dict)

    def changed(self, mutant: Theorem, original: TransitionSystem) -> Change | None:
        """What a mutant changes, with types of the original's sizes. Raises InputError where it is no description."""
        return compared(original, _read(mutant, mutant.sizes if original is self.general else self.sizes))

    def enlarged(self, mutant: Theorem) -> Change | None:
        """What a mutant changes where each type that has no size of its own has one element more; None where that is too much."""
        sizes = {name: size + (name not in self.theorem.sizes) for name, size in self.sizes.items()}
        if sizes == self.sizes:
            return None
        try:
            if self._larger is None:
                self._larger = _read(self.theorem, sizes)
            return compared(self._larger, _read(mutant, sizes))
        except InputError:  # an array has too many elements then
            return None

    def following(self, pool: SolverPool, seconds: float) -> set[str]:
        """The claims that follow from the others."""
        if self._following is None:
            system = self.general or self.sized
            self._following = following(system, claims_of(system, _claimed(self.theorem, system)), Asker(pool, seconds))
        return self._following

    def order(self, function: str) -> list[str]:
        """The claims that most mutants broke, those of the same function first."""
        whole = sum(self._broke.values(), Counter[str]())
        ranked = (*self._broke.get(function, Counter[str]()).most_common(), *whole.most_common())
        return list(dict.fromkeys(name for name, _ in ranked))

    def note(self, function: str, broken: Broken) -> None:
        """A mutant of the function broke a claim."""
        self._broke.setdefault(function, Counter())[broken.claim] += 1

    def unseen(self, changed: TransitionSystem, pool: SolverPool, seconds: float) -> set[str]:
        """What is not seen to happen in the changed system by doing what made it happen in the original."""
        if self._witnesses is None:
            bound = BOUND if self.theorem.bound is None else self.theorem.bound
            asked = happenings(self.sized)
            answers = bmc(self.sized, asked, pool=pool, bound=bound, timeout=seconds)
            self._witnesses = [(item.name, answer) for item, answer in zip(asked, answers, strict=True)]
        items = {item.name: item for item in happenings(changed)}
        return {name for name, answer in self._witnesses if not _happens(changed, items[name], answer)}


def _happens(system: TransitionSystem, item: Property, answer: Answer) -> bool:
    """Whether what an answer's trace shows of another system happens in this one by the same steps."""
    state = rerun(system, answer.trace) if answer.trace is not None else None
    if state is None or any(parameter.name not in answer.parameters for parameter in item.parameters):
        return False
    values = {**environment(system, state), **{one.term: answer.parameters[one.name] for one in item.parameters}}
    return evaluate([item.term], values) == [True]


_LAST: list[_Known] = []
"""What this process read last."""


def _known(theorem: Theorem) -> _Known:
    if not _LAST or _LAST[0].theorem != theorem:
        subject = load_system(theorem.subject, theorem.sizes, theorem.parameters, texts=theorem.texts)
        unsized = [name for name, kind in subject.machine.unsized.items() if kind.size is None]
        sizes = {**dict.fromkeys(unsized, DEFAULT_SIZE), **theorem.examples, **theorem.sizes}
        general = transition_system(subject)
        sized = _read(theorem, sizes) if unsized else general
        _LAST[:] = [_Known(theorem, general if unsized else None, sized, sizes)]
    return _LAST[0]


def _read(theorem: Theorem, sizes: Mapping[str, int]) -> TransitionSystem:
    return transition_system(load_system(theorem.subject, sizes, theorem.parameters, texts=theorem.texts))
