"""Search of small systems in the plainest way, one state at a time by evaluation: what engines are compared with."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from vmproof.engines.domains import normal_value, sort_size, valuations
from vmproof.engines.replay import enabled, environment
from vmproof.engines.system import Action, Index, Kind, Property, TransitionSystem
from vmproof.terms import ArraySort, ArrayValue, BoolSort, Sort, Value, default_value, evaluate

State = tuple[Value, ...]
Label = tuple[str, tuple[Value, ...]]


@dataclass
class Reached:
    """All reachable states of a system with their distance, and all transitions."""

    system: TransitionSystem
    distance: dict[State, int] = field(default_factory=dict)
    edges: dict[State, list[tuple[Label, State]]] = field(default_factory=dict)
    transitions: int = 0

    def named(self, state: State) -> dict[str, Value]:
        return {variable.path: value for variable, value in zip(self.system.variables, state, strict=True)}

    def holds(self, claim: Property, state: State, premise: bool = False) -> dict[tuple[Value, ...], bool]:
        """Whether the formula, or the premise, holds, for all values of the property's parameters."""
        term = claim.premise if premise and claim.premise is not None else claim.term
        values = environment(self.system, self.named(state))
        result = {}
        for valuation in valuations(claim.parameters):
            values.update(zip((item.term for item in claim.parameters), valuation, strict=True))
            result[valuation] = evaluate([term], values) == [True]
        return result


def all_values(sort: Sort, domain: int | None, indices: Sequence[Index]) -> list[Value]:
    if isinstance(sort, ArraySort):
        count = indices[0].count
        assert count is not None
        elements = all_values(sort.element, domain, indices[1:])
        blank = default_value(sort.element)
        return [ArrayValue(blank, dict(enumerate(choice))) for choice in product(elements, repeat=count)]
    if isinstance(sort, BoolSort):
        return [False, True]
    return list(range(sort_size(sort, domain)))


def _after(system: TransitionSystem, named: Mapping[str, Value], action: Action, values: tuple[Value, ...]) -> State:
    given = environment(system, named)
    inputs = (*action.parameters, *action.choices)
    given.update(zip((item.term for item in inputs), values, strict=True))
    new = dict(zip(action.next, evaluate(action.next.values(), given), strict=True))
    return tuple(normal_value(v, new.get(v.path, named[v.path])) for v in system.variables)


def search(system: TransitionSystem, most: int = 5000) -> Reached | None:
    """Everything reachable; None if that is more than `most` states."""
    reached = Reached(system)
    queue: deque[State] = deque()
    choices = [all_values(v.sort, v.domain, v.indices) for v in system.variables]
    for start in product(*choices):
        if evaluate([system.init], environment(system, reached.named(start))) == [True]:
            reached.distance[start] = 0
            queue.append(start)
    while queue:
        state = queue.popleft()
        named = reached.named(state)
        reached.edges[state] = []
        for action, values in enabled(system, named):
            after = _after(system, named, action, values)
            reached.transitions += 1
            reached.edges[state].append(((action.name, values[: len(action.parameters)]), after))
            if after not in reached.distance:
                reached.distance[after] = reached.distance[state] + 1
                queue.append(after)
        if len(reached.distance) > most:
            return None
    return reached


def least(reached: Reached, claim: Property) -> int | None:
    """The distance of the nearest state that violates an invariant or shows a reachable."""
    wanted = claim.kind is Kind.SOMETIMES
    found = [d for state, d in reached.distance.items() if wanted in reached.holds(claim, state).values()]
    return min(found, default=None)


def avoids(reached: Reached, claim: Property) -> bool:
    """Whether a fair execution never reaches the goal, for some values of the parameters: by removing states until none has to go.

    For weak fairness: the greatest set of states outside the goal from each of which, for each fair action, a state that does not enable
    it or a step that is it can be reached inside the set by at least one step; computed action by action (E. A. Emerson, C. L. Lei, 1986).
    """
    fair = {action.name for action in reached.system.actions if action.fair}
    fair_labels = {label for edges in reached.edges.values() for label, _ in edges if label[0] in fair}
    for valuation in valuations(claim.parameters):
        outside = {state for state in reached.distance if not reached.holds(claim, state)[valuation]}
        alive = _closed(reached, outside, fair_labels) | {state for state in outside if not reached.edges[state]}
        starts = [s for s in outside if (reached.distance[s] == 0 if claim.premise is None else reached.holds(claim, s, True)[valuation])]
        seen, pending = set(starts), list(starts)
        while pending:
            state = pending.pop()
            if state in alive:
                return True
            for _, after in reached.edges[state]:
                if after in outside and after not in seen:
                    seen.add(after)
                    pending.append(after)
    return False


def _closed(reached: Reached, states: set[State], fair: set[Label]) -> set[State]:
    current = set(states)
    while True:
        before = len(current)
        for label in [None, *sorted(fair, key=str)]:
            good = set()  # from here a step inside the set leads to where `label` is not waiting any more
            for state in current:
                for step, after in reached.edges[state]:
                    if after in current and (label is None or step == label or label not in {name for name, _ in reached.edges[state]}):
                        good.add(state)
            grown = True
            while grown:
                more = {s for s in current - good if any(after in good for _, after in reached.edges[s])}
                good |= more
                grown = bool(more)
            current = good
        if len(current) == before:
            return current
