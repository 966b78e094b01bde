"""What trials of mutants know of a theorem as it is: read and asked once for all of its mutants that a process tries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from vmproof.engines.asking import Asker
from vmproof.engines.changes import Change, compared
from vmproof.engines.induction import claims_of, following
from vmproof.engines.noticing import Broken, Demand, demand
from vmproof.engines.reading import transition_system
from vmproof.engines.relating import Refinement, read_refinement
from vmproof.engines.replay import environment, rerun
from vmproof.engines.result import Answer
from vmproof.engines.sighting import sight
from vmproof.engines.system import Kind, Property, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.solvers import SolverPool
from vmproof.terms import evaluate
from vmproof.theorems.deciding import DEFAULT_SIZE
from vmproof.theorems.relating import by_induction, read_subject
from vmproof.theorems.theorem import REFINEMENT, Theorem
from vmproof.theorems.vacuity import BOUND, happenings

BY_OBLIGATION = ("induction", REFINEMENT)
"""The methods whose proofs consist of obligations that a mutant changes some of."""


@dataclass(frozen=True, eq=False)
class _Instance:
    """The original's subject with certain sizes, and of a refinement how it is seen as the abstract system."""

    system: TransitionSystem
    refinement: Refinement | None
    sizes: Mapping[str, int]


@dataclass(eq=False)
class Original:
    """A theorem by induction or refinement as it is.

    `general`: its subject with types of any size, None where all have sizes. `sized`: with those that the theorem gives, or the default.
    """

    theorem: Theorem
    general: _Instance | None
    sized: _Instance
    _lemmas: frozenset[str] | None = None
    _larger: _Instance | None = None
    _following: set[str] | None = None
    _witnesses: list[tuple[str, Answer]] | None = None
    _broke: dict[str, Counter[str | None]] = field(default_factory=dict)

    def learn(self, pool: SolverPool, seconds: float) -> str:
        """Find out what the proof rests on: the claims that induction proves, and those that follow from the others. Why it is not known,
        where it is not."""
        system = (self.general or self.sized).system
        if self._lemmas is None and self.theorem.method == REFINEMENT:
            found = by_induction(system, pool, seconds)
            for item, answer in found:
                if answer.verdict is Verdict.UNKNOWN and not answer.reason.startswith("induction"):
                    return f"{answer.reason} of the system as it is: {item.name}"
            self._lemmas = frozenset(item.name for item, answer in found if answer.verdict is Verdict.PROVED)
        if self._following is None:
            self._following = following(system, claims_of(system, self.claimed(system)), Asker(pool, seconds))
        return ""

    @property
    def following(self) -> set[str]:
        """The claims that hold wherever the others do, after `learn`."""
        assert self._following is not None
        return self._following

    def claimed(self, system: TransitionSystem) -> list[Property]:
        """The invariants that the proof shows or, for a refinement, uses, as a system has them."""
        invariants = [item for item in system.properties if item.kind is Kind.ALWAYS]
        if self.theorem.method == REFINEMENT:
            return [item for item in invariants if self._lemmas is not None and item.name in self._lemmas]
        return [item for item in invariants if not self.theorem.prove or item.name in self.theorem.prove]

    def changed(self, mutant: Theorem, instance: _Instance) -> Change | None:
        """What a mutant changes in an instance; None where that cannot be said. Raises InputError where the mutant is no description."""
        return compared(instance.system, transition_system(read_subject(mutant, instance.sizes)[0]))

    def demand(self, change: Change, instance: _Instance) -> Demand:
        """What the proof demands of a changed instance."""
        return demand(change, self.claimed(change.system), instance.refinement)

    def enlarged(self, mutant: Theorem) -> Demand | None:
        """What is demanded of a mutant where each type that has no size of its own has more elements, as many as the next power of two, so
        that no array has places that are no index; None where that is too much."""
        sizes = {name: size if name in self.theorem.sizes else 1 << size.bit_length() for name, size in self.sized.sizes.items()}
        if sizes == self.sized.sizes:
            return None
        try:
            if self._larger is None:
                self._larger = _instance(self.theorem, sizes)
            change = self.changed(mutant, self._larger)
        except InputError:  # an array has too many elements then
            return None
        return self.demand(change, self._larger) if change is not None else None

    def order(self, function: str) -> list[str | None]:
        """The claims that most mutants broke, those of the same function first; None for steps that are not matched."""
        whole = sum(self._broke.values(), Counter[str | None]())
        ranked = (*self._broke.get(function, Counter[str | None]()).most_common(), *whole.most_common())
        return list(dict.fromkeys(name for name, _ in ranked))

    def note(self, function: str, broken: Broken) -> None:
        """A mutant of the function broke a claim, or made a step that is not matched."""
        self._broke.setdefault(function, Counter())[broken.claim] += 1

    @property
    def steps(self) -> int:
        """Within how many steps everything is expected to happen once."""
        bound = self.theorem.bound if self.theorem.method == "induction" else None
        return BOUND if bound is None else bound

    def unseen(self, changed: TransitionSystem, pool: SolverPool, seconds: float) -> set[str]:
        """What is not seen to happen in the changed system by doing what made it happen in the original."""
        if self._witnesses is None:
            asked = happenings(self.sized.system)
            answers = sight(self.sized.system, asked, pool=pool, bound=self.steps, timeout=seconds)
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


def _instance(theorem: Theorem, sizes: Mapping[str, int]) -> _Instance:
    subject, relation = read_subject(theorem, sizes)
    system = transition_system(subject)  # before the mapping adds markers of its own
    if relation is None:
        return _Instance(system, None, sizes)
    assert theorem.refines is not None
    return _Instance(system, read_refinement(relation, theorem.subject, theorem.refines), sizes)


_LAST: list[Original] = []
"""What this process read last."""


def original(theorem: Theorem) -> Original:
    """What is known of a theorem by one of the methods `BY_OBLIGATION`. Raises InputError where it is wrong."""
    if not _LAST or _LAST[0].theorem != theorem:
        subject, relation = read_subject(theorem, theorem.sizes)
        machine = relation.machine if relation is not None else subject.machine
        unsized = [name for name, kind in machine.unsized.items() if kind.size is None]
        general = _instance(theorem, theorem.sizes) if unsized else None
        sized = _instance(theorem, {**dict.fromkeys(unsized, DEFAULT_SIZE), **theorem.examples, **theorem.sizes})
        _LAST[:] = [Original(theorem, general, sized)]
    return _LAST[0]
