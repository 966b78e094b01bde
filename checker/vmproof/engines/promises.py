"""What is promised of a concrete system beside that it refines an abstract one: what it offers, and what its steps ensure.

A system that refuses to move refines every one with its initial states. What it must be able to do is what failures say of it: S. Brookes,
C. Hoare, A. Roscoe: "A Theory of Communicating Sequential Processes", JACM 31(3), 1984. And one that does more than it must where the
abstraction does not see it, or less, refines the same system: a claim on the two states of a step says what it comes to and what it
leaves alone (an action property: L. Lamport: "The Temporal Logic of Actions", TOPLAS 16(3), 1994).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from vmproof.engines.inlined import inlined
from vmproof.engines.meanings import Meanings
from vmproof.engines.system import Kind, Parameter, Property, TransitionSystem
from vmproof.terms import Term


@dataclass(frozen=True, eq=False)
class Offer:
    """What the system must be able to do: where `premise` holds, exactly one of `actions` is possible. Each of these is given its
    parameters by name, as terms over those of the offer."""

    name: str
    parameters: Sequence[Parameter]
    premise: Term
    actions: Mapping[str, Mapping[str, Term]]

    def concerns(self, possible: set[str], moved: set[str]) -> bool:
        """Whether it says something of what a change makes possible elsewhere, or moves otherwise: actions by name."""
        return not possible.isdisjoint(self.actions)

    def claim(self, system: TransitionSystem, meanings: Meanings) -> Property:
        """What it says, as an invariant of the system."""
        pool = system.pool
        possible = []
        for action in system.actions:
            if action.name in self.actions:
                given = {item.term: self.actions[action.name][item.name] for item in action.parameters}
                possible += meanings.rename([action.guard], given)
        single = [pool.not_(pool.and_(one, other)) for one, other in combinations(possible, 2)]
        [term] = inlined([pool.implies(self.premise, pool.and_(pool.or_(*possible), *single))], meanings, pool)
        sentence = f"where {self.name} says so, {system.name} can do {' or '.join(self.actions)}"
        return Property(Kind.ALWAYS, self.name, sentence, tuple(self.parameters), term)


@dataclass(frozen=True, eq=False)
class Ensured:
    """What each step of an action ensures: `body` speaks of the state before it, its parameters, the state `after` it, leaf by leaf, and
    further `parameters`. `says` is what that is called."""

    says: str
    action: str
    parameters: Sequence[Parameter]
    after: Mapping[str, Term]
    body: Term

    @property
    def name(self) -> str:
        return f"{self.says} of {self.action}"

    def concerns(self, possible: set[str], moved: set[str]) -> bool:
        """As of an offer."""
        return self.action in possible or self.action in moved

    def claim(self, system: TransitionSystem, meanings: Meanings) -> Property:
        """What it says, as an invariant of the system: whatever the step may come to there."""
        action = next(item for item in system.actions if item.name == self.action)
        then = {self.after[v.path]: action.next.get(v.path, v.term) for v in system.variables if v.path in self.after}
        [body] = meanings.rename([self.body], then)
        [term] = inlined([system.pool.implies(action.guard, body)], meanings, system.pool)
        parameters = (*action.parameters, *action.choices, *self.parameters)
        return Property(Kind.ALWAYS, self.name, f"each step {self.action} of {system.name} ensures what {self.says} says", parameters, term)


Promise = Offer | Ensured
