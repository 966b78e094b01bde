"""Tries one mutant: what of the theorem it concerns is asked again, and the first thing that notices it ends the trial."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from vmproof.engines.asking import SEARCHER, Asker
from vmproof.engines.bmc import bmc
from vmproof.engines.changes import Change, compared, same
from vmproof.engines.induction import claims_of
from vmproof.engines.never import never
from vmproof.engines.noticing import Broken, Notice
from vmproof.engines.reading import transition_system
from vmproof.engines.system import Kind, Property
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.solvers import SolverPool
from vmproof.theorems.deciding import Question, decide
from vmproof.theorems.fates import Fate, Trialled, fate_of
from vmproof.theorems.originals import BY_OBLIGATION, Original, original
from vmproof.theorems.outcome import Outcome
from vmproof.theorems.proving import prove
from vmproof.theorems.relating import of_subject, read_subject
from vmproof.theorems.theorem import REFINEMENT, RELATING, Theorem
from vmproof.theorems.vacuity import happenings, said, vacuity
from vmproof.theorems.worker import Proof

_BRIEF = 4.0
"""Seconds for a question when it is asked first."""
_SAME = 10.0
"""Seconds for whether a mutant does the same as the original."""
_FIRST, _SECOND = "z3", "bitwuzla"
_STEPS = 5
"""Steps within which a violation is looked for where the proof leaves something open."""


@dataclass(frozen=True)
class Trial:
    """The task to try a mutant of a theorem; `proof` is that of the theorem about the mutant, whose change is in `function`.

    `patience`: the seconds that the theorem as it is may take. A process finds out first what its proof rests on.
    """

    original: Theorem
    function: str
    proof: Proof
    patience: float

    @property
    def seconds(self) -> float:
        return self.proof.seconds + self.patience

    def perform(self) -> Trialled:
        """The fate. It says of the claims only what holds if the original theorem is proved."""
        began = time.monotonic()
        try:
            with self.proof.pool() as pool:
                tried = self._tried(pool)
        except InputError as error:
            tried = self._fate(Fate.INVALID, str(error), Verdict.ERROR)
        return replace(tried, outcome=replace(tried.outcome, seconds=time.monotonic() - began))

    def lost(self, seconds: float, reason: str, fault: bool) -> Trialled:
        """What stands for the fate where there is none."""
        return Trialled(Fate.UNDECIDED, self.proof.lost(seconds, reason, fault))

    def _fate(self, fate: Fate, reason: str, verdict: Verdict = Verdict.UNKNOWN) -> Trialled:
        return Trialled(fate, Outcome(self.proof.theorem.name, verdict, 0.0, reason=reason))

    def _tried(self, pool: SolverPool) -> Trialled:
        if self.original.method in BY_OBLIGATION:
            known = original(self.original)
            general = known.changed(self.proof.theorem, known.general) if known.general is not None else None
            sized = known.changed(self.proof.theorem, known.sized)
            if sized is not None and (general is not None or known.general is None):
                return self._by_obligation(known, general, sized, pool)
        return self._proved(pool, time.monotonic() + self.proof.seconds)

    def _proved(self, pool: SolverPool, deadline: float) -> Trialled:
        """The theorem as a whole is asked of the mutant."""
        first, second = (transition_system(read_subject(item, item.sizes)[0]) for item in (self.original, self.proof.theorem))
        change = compared(first, second)
        if change is not None and change.none:
            return self._fate(Fate.EQUIVALENT, "")
        theorem = self.proof.theorem
        if theorem.method == "induction":
            theorem = replace(theorem, method="auto", bound=_STEPS)
        outcome = prove(theorem, pool, deadline - time.monotonic())
        fate = fate_of(theorem, outcome)
        if fate is Fate.SURVIVED and change is not None:
            invariants = theorem.expect is Verdict.PROVED and theorem.method not in RELATING
            proved = [item for item in change.system.properties if not theorem.prove or item.name in theorem.prove]
            claims = claims_of(first, proved) if invariants else []
            if same(change, [claim for claim in claims if not claim.type], Asker(pool, _SAME)):
                fate = Fate.EQUIVALENT
        return Trialled(fate, outcome)

    def _by_obligation(self, known: Original, general: Change | None, sized: Change, pool: SolverPool) -> Trialled:
        """Only the obligations of the proof that the mutant concerns are asked."""
        change = general or sized
        if change.none:
            return self._fate(Fate.EQUIVALENT, "")
        lacking = known.learn(pool, self.patience)
        if lacking:
            return self._fate(Fate.UNDECIDED, lacking)
        deadline = time.monotonic() + self.proof.seconds
        whole = known.demand(general, known.general) if general is not None and known.general is not None else None
        notice = Notice(whole, known.demand(sized, known.sized), known.following)
        broken = notice.ask(pool, _BRIEF, deadline, known.order(self.function))
        if broken is None and same(change, notice.hypotheses, Asker(pool, min(_SAME, max(0.0, deadline - time.monotonic())))):
            return self._fate(Fate.EQUIVALENT, "")
        broken = broken or self._broken(known, notice, pool, deadline)
        if broken is not None:
            known.note(self.function, broken)
            fate, verdict = (Fate.KILLED, Verdict.REFUTED) if broken.initial else (Fate.BROKEN, Verdict.UNKNOWN)
            return self._fate(fate, broken.text, verdict)
        if not notice.open:
            return self._happening(known, change, sized, pool, deadline)
        if not notice.holds and self._refuted(known, notice, pool, deadline):
            return self._fate(Fate.KILLED, f"refuted within {_STEPS} steps", Verdict.REFUTED)
        return self._fate(Fate.UNDECIDED, notice.reason)

    def _broken(self, known: Original, notice: Notice, pool: SolverPool, deadline: float) -> Broken | None:
        """What is open is asked again: of a larger system where the given sizes show nothing, and for longer."""
        broken, order = None, known.order(self.function)
        if notice.open and notice.holds:
            larger = known.enlarged(self.proof.theorem)
            if larger is not None:
                notice.resize(larger)
                broken = notice.ask(pool, _BRIEF, deadline, order)
        left = deadline - time.monotonic()
        for solver in (_SECOND if self.proof.solver == _FIRST else _FIRST, None):
            if broken is None and notice.open:  # what takes one solver minutes another may answer in seconds
                broken = notice.ask(pool, left / 4, deadline - left / 4, order, solver)
        return broken

    def _refuted(self, known: Original, notice: Notice, pool: SolverPool, deadline: float) -> bool:
        """Whether a short execution of the mutant violates what is claimed."""
        question = self._question(known, deadline)
        if self.original.method != REFINEMENT:
            answers = decide(replace(question, engine="bmc", bound=_STEPS, until_refuted=True), pool)
            return any(item.verdict is Verdict.REFUTED for item in answers)
        system, claims = notice.unmatched
        if system.quantified or system.defined or not claims:
            return False
        steps = [Property(Kind.ALWAYS, claim.name, "", claim.parameters, claim.body) for claim in claims]
        found = bmc(system, steps, pool=pool, bound=_STEPS, timeout=question.timeout, solver=SEARCHER)
        return any(item.verdict is Verdict.REFUTED for item in found)

    def _question(self, known: Original, deadline: float) -> Question:
        """A question about executions of the mutant."""
        theorem, left = self.proof.theorem, max(1.0, deadline - time.monotonic())
        wanted = theorem.prove or None
        question = Question(
            theorem.subject, wanted, theorem.method, known.steps, left, known.sized.sizes, theorem.parameters, {}, theorem.texts
        )
        return of_subject(theorem, question)

    def _happening(self, known: Original, change: Change, sized: Change, pool: SolverPool, deadline: float) -> Trialled:
        """All is proved of the mutant; it is noticed if something can no longer happen at all."""
        unseen = known.unseen(sized.system, pool, self.seconds)
        if not unseen:
            return self._fate(Fate.SURVIVED, "", Verdict.PROVED)
        lemmas = known.claimed(change.system)
        for item in happenings(change.system):
            left = max(1.0, (deadline - time.monotonic()) / 2)
            if item.name in unseen and never(change.system, item, lemmas, pool, left):
                return self._fate(Fate.KILLED, f"{said(item)} cannot happen", Verdict.VACUOUS)
        empty = vacuity(self._question(known, deadline), pool, unseen)
        if empty is None:
            return self._fate(Fate.SURVIVED, "", Verdict.PROVED)
        if empty.never:
            return self._fate(Fate.KILLED, f"{empty.what} cannot happen", Verdict.VACUOUS)
        return self._fate(Fate.UNDECIDED, f"it was not seen that {empty.what} can happen ({empty.reason})")
