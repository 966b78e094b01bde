"""Whether a proof notices a change: only what is changed is asked again.

Where the original is proved, an obligation of an action that is the same, or of a claim that speaks of nothing that is given another value,
is proved of the changed system too. What is left is asked of the system with any number of elements, where an answer is quick, and a
counterexample of one with sizes, where it is certain: a state that is seen by evaluation to satisfy all claims, and a step from it to one
that does not, or one that the abstract system of a refinement does not have. That state need not be reachable: the proof breaks, and
whether what is claimed does is another question.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vmproof.engines.asking import SEARCHER, Asker
from vmproof.engines.changes import Change
from vmproof.engines.confirming import Doubt
from vmproof.engines.induction import Claim, claims_of, helpful
from vmproof.engines.quantifiers import Instances
from vmproof.engines.refinement import INITIAL, obligations
from vmproof.engines.relating import Refinement
from vmproof.engines.system import Property, TransitionSystem, domain_of
from vmproof.solvers import SolverPool, Status


@dataclass(frozen=True)
class Broken:
    """A claim that fails after an action, from a state that satisfies all claims; or, no action, in an initial state. No claim: the step,
    or the initial state, is none of the abstract system; or, of such a state, what a `promise` says is not so."""

    claim: str | None
    action: str | None
    promise: str | None = None

    @property
    def initial(self) -> bool:
        """Whether it is a state that certainly is reachable: an initial one."""
        return self.action is None and self.promise is None

    @property
    def text(self) -> str:
        if self.promise is not None:
            return f"refinement: what {self.promise} says is not so in a state that satisfies all invariants"
        if self.claim is None:
            if self.action is None:
                return "an initial state is not matched"
            return f"refinement: the step {self.action} is not matched from a state that satisfies all invariants"
        if self.action is None:
            return f"an initial state violates {self.claim}"
        return f"induction: {self.action} does not preserve {self.claim} from a state that satisfies all invariants"


@dataclass(frozen=True, eq=False)
class Demand:
    """What a proof demands of a changed system: `claims`, that induction proves together, and `steps`, those of a refinement that are to be
    matched, by action (None: the initial states), and its `promises`, by name. `stepped` is the system with what explains the markers in
    these."""

    change: Change
    claims: Sequence[Claim]
    steps: Mapping[str | None, Claim] = field(default_factory=dict)
    promises: Mapping[str, Claim] = field(default_factory=dict)
    stepped: TransitionSystem | None = None


def demand(change: Change, properties: Sequence[Property], refinement: Refinement | None = None) -> Demand:
    """What is demanded of a change: of its own properties, which are invariants, and of a refinement of the original."""
    claims = claims_of(change.system, properties)
    if refinement is None:
        return Demand(change, claims)
    known, pool = refinement.concrete, change.system.pool
    system = replace(
        change.system,
        quantified=(*change.system.quantified, *known.quantified),
        defined=(*change.system.defined, *known.defined),
    )
    seen = Instances(system).depends(refinement.abstraction.values())
    leaves = {v.path: v.term for v in system.variables}
    moved = {item.after.name for item in change.actions if item.guard or any(leaves[path] in seen for path in item.paths)}
    possible = {item.after.name for item in change.actions if item.guard}
    changed = {item.after.name for item in change.actions if item.paths}
    promises = {item.name for item in refinement.promises if item.concerns(possible, changed)}
    stepped, found = obligations(
        system, refinement.abstract, refinement.abstraction, refinement.actions, refinement.promises, moved | promises
    )
    needed = {
        item.name: Claim(item.name, item.parameters, pool.implies(domain_of(item.parameters, pool), item.term))
        for item in found
        if item.name != INITIAL or change.init
    }
    steps = {None if name == INITIAL else name: claim for name, claim in needed.items() if name not in promises}
    return Demand(change, claims, steps, {name: claim for name, claim in needed.items() if name in promises}, stepped)


@dataclass(eq=False)
class _Obligation:
    """What is not proved yet of a changed system. `candidate`: a state of any number of elements may break it; `holds`: none with the given
    sizes does. No claim: that the step, or the initial states, are matched, or what is promised."""

    claim: str | None
    action: str | None
    promise: str | None = None
    candidate: bool = False
    holds: bool = False

    @property
    def text(self) -> str:
        if self.promise is not None:
            return f"what {self.promise} says"
        if self.claim is None:
            return f"that the step {self.action} is matched" if self.action else "that the initial states are matched"
        return f"that {self.action} preserves {self.claim}" if self.action else f"that the initial states satisfy {self.claim}"


class Notice:
    """The obligations of a change that is to be noticed.

    `general` is demanded of the system with types of any size, None where all have sizes; `sized` of the system with sizes. Of their claims
    those in `following` hold wherever the others do. Asking leaves in `open` what is not proved of the changed system.
    """

    def __init__(self, general: Demand | None, sized: Demand, following: set[str]) -> None:
        self._general, self._sized, self._following = general, sized, following
        first = general or sized
        self.open = _obligations(first, self.hypotheses)

    @property
    def hypotheses(self) -> list[Claim]:
        """The claims that are hypotheses."""
        return self._needed(self._general or self._sized)

    def ask(
        self, pool: SolverPool, seconds: float, deadline: float, first: Sequence[str | None] = (), solver: str | None = None
    ) -> Broken | None:
        """Ask what is open, `seconds` for each question; what breaks first is the answer. The initial states and what is promised go first,
        then claims of the names `first` (None: that steps are matched), then that steps are matched, of which there is one for each action.
        `solver` None: the pool's own."""
        limits = (pool, seconds, deadline, solver)
        rank = {name: number for number, name in enumerate(first)}
        rank.setdefault(None, len(rank))
        for item in sorted(self.open, key=lambda item: (item.action is not None, rank.get(item.claim, len(rank)))):
            if self._general is not None and not item.candidate:
                status = self._status(self._general, item, *limits)
                item.candidate = status is Status.SAT
                if status is Status.UNSAT:
                    self.open.remove(item)
                    continue
            if item.holds:
                continue
            status = self._status(self._sized, item, *limits)
            item.holds = status is Status.UNSAT
            if status is Status.SAT:
                return Broken(item.claim, item.action, item.promise)
            if item.holds and self._general is None:
                self.open.remove(item)
        return None

    def resize(self, sized: Demand) -> None:
        """Ask what is open of the system with other sizes from now on."""
        self._sized = sized
        for item in self.open:
            item.holds = False

    @property
    def holds(self) -> bool:
        """Whether nothing can break what is open with the given sizes."""
        return all(item.holds for item in self.open)

    @property
    def unmatched(self) -> tuple[TransitionSystem, list[Claim]]:
        """The claims that steps are matched which are open, of the system with sizes."""
        left = [item for item in self.open if item.claim is None and not item.holds]
        steps, promises = {item.action for item in left if item.promise is None}, {item.promise for item in left}
        claims = [claim for action, claim in self._sized.steps.items() if action in steps]
        claims += [claim for name, claim in self._sized.promises.items() if name in promises]
        return self._sized.stepped or self._sized.change.system, claims

    @property
    def reason(self) -> str:
        """Why what is open is open."""
        item = next((item for item in self.open if not item.holds), self.open[0])
        how = "proved with the given sizes only" if item.holds else "timeout: not decided"
        return f"{how}: {item.text}"

    def _status(self, demand: Demand, item: _Obligation, pool: SolverPool, seconds: float, deadline: float, solver: str | None) -> Status:
        left = min(seconds, deadline - time.monotonic())
        if left <= 0:
            return Status.UNKNOWN
        doubt = self._doubt(demand, item)
        if doubt is None:
            return Status.UNSAT
        if demand is not self._sized:
            return Asker(pool, left, solver).run([doubt.asked()])[0]
        proof = self._general is None  # nobody else proves it
        return Asker(pool, left, solver if proof or solver is not None else SEARCHER).run([doubt.confirmed()])[0]

    def _doubt(self, demand: Demand, item: _Obligation) -> Doubt | None:
        """Whether an obligation can fail; None where the action is the same with these sizes."""
        known, whole = self._needed(demand), demand.claims
        if item.promise is not None:
            promise = demand.promises.get(item.promise)
            return Doubt(demand.stepped or demand.change.system, promise, None, known, whole, True) if promise is not None else None
        if item.action is None:
            known, whole = [claim for claim in known if claim.type], []
        if item.claim is None:
            step = demand.steps.get(item.action)
            return Doubt(demand.stepped or demand.change.system, step, None, known, whole, True) if step is not None else None
        claim = next(claim for claim in demand.claims if claim.name == item.claim)
        action = next((one.after for one in demand.change.actions if one.after.name == item.action), None)
        if item.action is not None and action is None:
            return None
        return Doubt(demand.change.system, claim, action, helpful(claim, known), whole)

    def _needed(self, demand: Demand) -> list[Claim]:
        return [claim for claim in demand.claims if claim.name not in self._following]


def _obligations(demand: Demand, claims: Sequence[Claim]) -> list[_Obligation]:
    change = demand.change
    own = [claim for claim in claims if not claim.follows]  # what follows in every state follows whatever the steps are
    found = [_Obligation(claim.name, None) for claim in own if change.init and not claim.type]
    found += [_Obligation(None, action) for action in demand.steps]
    found += [_Obligation(None, None, name) for name in demand.promises]
    question = Instances(change.system)
    for item in change.actions:
        values = {v.term for v in change.system.variables if v.path in item.paths}
        for claim in own:
            if item.guard or not values.isdisjoint(question.depends([claim.body])):
                found.append(_Obligation(claim.name, item.after.name))
    return found
