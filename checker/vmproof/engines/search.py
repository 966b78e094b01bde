"""Breadth-first search of a compiled system: whole frontiers are stepped at once, so that every state is reached in the fewest steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vmproof.engines.initial import initial_states
from vmproof.engines.instances import Model
from vmproof.engines.result import Trace, TraceStep
from vmproof.engines.stateset import MOST_STATES, StateSet
from vmproof.engines.symmetry import Symmetry
from vmproof.engines.vector import Column, Program
from vmproof.solvers import SolverPool
from vmproof.terms import Term

_BATCH = 1 << 18  # states that are added to the set at once: enough to hide the cost of a call, few enough to stay in the cache
_WORK = 1 << 22  # values that a program holds at once


@dataclass(frozen=True)
class Limits:
    """What a search may take: states, seconds, megabytes of its tables."""

    states: int = 50_000_000
    seconds: float = 600.0
    memory_mb: float = 4096.0


@dataclass
class Edges:
    """The transitions of a search: from a state by an instance to a state, each once for every instance that makes it."""

    sources: list[Column] = field(default_factory=list)
    targets: list[Column] = field(default_factory=list)
    labels: list[Column] = field(default_factory=list)

    def joined(self) -> tuple[Column, Column, Column]:
        """Sources, targets and labels, ordered by source."""
        if not self.sources:
            return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint16)
        source, target, label = (np.concatenate(part) for part in (self.sources, self.targets, self.labels))
        order = np.argsort(source, kind="stable")
        return source[order], target[order], label[order]


class Growing:
    """A column to which batches are appended."""

    def __init__(self, dtype: type[Any]) -> None:
        self._data = np.empty(1024, dtype)
        self.count = 0

    def append(self, batch: Column) -> None:
        stop = self.count + len(batch)
        if stop > len(self._data):
            grown = np.empty(max(stop, self.count * 3 // 2), self._data.dtype)
            grown[: self.count] = self._data[: self.count]
            self._data = grown
        self._data[self.count : stop] = batch
        self.count = stop

    @property
    def data(self) -> Column:
        """What was appended, as a view that can be written to."""
        return self._data[: self.count]


class Search:
    """One search. After `run`, `states` holds what was reached, `levels[d]` is the number of the first state at distance d.

    `hits[i]` is a state in which `watched[i]` holds, at the least distance and there by the fewest parameters away from their default;
    `stuck` is such a state without an enabled action. `transitions` counts triples of a state, an enabled action, and values of its
    parameters and choices. `reason` says what ended the search early; "" if it is complete.
    """

    def __init__(
        self,
        model: Model,
        watched: Sequence[Term],
        limits: Limits,
        keep_edges: bool = False,
        symmetry: Symmetry | None = None,
        solvers: SolverPool | None = None,
    ) -> None:
        self.model, self.limits, self.symmetry = model, limits, symmetry
        self._solvers = solvers
        self.states = StateSet(model.packing.words)
        self.levels: list[int] = [0]
        self.transitions = 0
        self.stuck: int | None = None
        self.hits: dict[int, int] = {}
        self.reason = "not started"
        self.edges = Edges() if keep_edges else None
        self._watched = Program(watched)
        self._watched_cells = model.cell_numbers(self._watched)
        self._guard_cells = model.cell_numbers(model.guards)
        self._step_cells = [model.cell_numbers(instance.program) for instance in model.instances]
        self._step_costs = np.array([instance.cost for instance in model.instances], np.uint16)
        self._parents = Growing(np.int32)
        self._labels = Growing(np.uint16)
        self._costs = Growing(np.uint16)  # of the level that is being found
        self._deadline = 0.0

    def run(self, exhaustive: bool = False, want_stuck: bool = False) -> None:
        """Search until everything watched was seen, or to the end if `exhaustive`. Raises OutOfDomain and Unsupported."""
        self._deadline = time.monotonic() + self.limits.seconds
        words = initial_states(self.model, self._solvers)
        count = len(words[0])
        self._insert(words, np.full(count, -1, np.int32), np.zeros(count, np.uint16), np.zeros(count, np.uint16), 0)
        start = 0
        self.reason = ""
        while start < self.states.count and not self.reason:
            stop = self.states.count
            costs, self._costs = self._costs.data, Growing(np.uint16)
            self.levels.append(stop)
            self._watch(start, stop, costs)
            if not exhaustive and len(self.hits) == self._watched.size and (self.stuck is not None or not want_stuck):
                self.reason = "bound: the search ended when everything asked was seen"
                break
            self._expand(start, stop, costs)
            start = stop
        if self.levels[-1] != self.states.count:
            self.levels.append(self.states.count)

    @property
    def complete(self) -> bool:
        """Whether all reachable states were found and stepped."""
        return not self.reason

    def _chunks(self, start: int, stop: int, steps: int) -> list[tuple[int, int]]:
        rows = max(1024, min(1 << 16, _WORK // max(1, steps)))
        return [(low, min(low + rows, stop)) for low in range(start, stop, rows)]

    def _watch(self, start: int, stop: int, costs: Column) -> None:
        """Look for what is watched in the states of a level."""
        best: dict[int, int] = {}
        if len(self.hits) == self._watched.size:
            return
        for low, high in self._chunks(start, stop, self._watched.length):
            words = self.states.words(low, high)
            results = self._watched.run([self.model.packing.unpack(words, cell) for cell in self._watched_cells])
            for number, column in enumerate(results):
                if number not in self.hits and np.any(column):
                    places = np.flatnonzero(np.broadcast_to(column, high - low)) + (low - start)
                    place = int(places[np.argmin(costs[places])])
                    if number not in best or costs[place] < costs[best[number]]:
                        best[number] = place
        self.hits.update({number: start + place for number, place in best.items()})

    def _expand(self, start: int, stop: int, costs: Column) -> None:
        """Add the successors of the states of a level."""
        model, packing = self.model, self.model.packing
        pending: list[tuple[list[Column], Column, int]] = []
        waiting = 0
        stuck: int | None = None
        for low, high in self._chunks(start, stop, model.guards.length):
            words = self.states.words(low, high)
            columns: dict[int, Column] = {}

            def column(cell: int, words: list[Column] = words, columns: dict[int, Column] = columns) -> Column:
                if cell not in columns:
                    columns[cell] = packing.unpack(words, cell)
                return columns[cell]

            guards = model.guards.run([column(cell) for cell in self._guard_cells])
            moves = np.zeros(high - low, np.bool_)
            for number, (instance, guard) in enumerate(zip(model.instances, guards, strict=True)):
                guard = np.broadcast_to(guard, high - low)
                rows = np.flatnonzero(guard)
                if not len(rows):
                    continue
                moves |= guard
                self.transitions += len(rows)
                if len(rows) == high - low:
                    after = model.step(instance, [word.copy() for word in words], [column(cell) for cell in self._step_cells[number]])
                else:
                    inputs = [column(cell).take(rows) for cell in self._step_cells[number]]
                    after = model.step(instance, [word.take(rows) for word in words], inputs)
                pending.append((after, rows + low, number))
                waiting += len(rows)
                if waiting >= _BATCH:
                    self._flush(pending, start, stop, costs)
                    pending, waiting = [], 0
            if not moves.all():
                places = np.flatnonzero(~moves) + (low - start)
                place = int(places[np.argmin(costs[places])])
                if stuck is None or costs[place] < costs[stuck]:
                    stuck = place
            if self._exhausted():
                break
        if pending:
            self._flush(pending, start, stop, costs)
        if stuck is not None and self.stuck is None:
            self.stuck = start + stuck
        self._exhausted()

    def _flush(self, pending: list[tuple[list[Column], Column, int]], start: int, stop: int, costs: Column) -> None:
        words = [np.concatenate([item[0][word] for item in pending]) for word in range(self.model.packing.words)]
        if self.symmetry is not None:
            words = self.symmetry.canonical(words)
        parents = np.concatenate([rows for _, rows, _ in pending]).astype(np.int32)
        labels = np.repeat(np.array([number for _, _, number in pending], np.uint16), [len(rows) for _, rows, _ in pending])
        self._insert(words, parents, labels, costs[parents - start] + self._step_costs[labels], stop)

    def _insert(self, words: list[Column], parents: Column, labels: Column, costs: Column, level: int) -> None:
        """Add a batch of states of the level whose first number is `level`; of two ways to a state the cheaper is remembered."""
        if level == 0 and self.symmetry is not None:
            words = self.symmetry.canonical(words)
        numbers, new = self.states.add(words)
        self._parents.append(parents[new])
        self._labels.append(labels[new])
        self._costs.append(costs[new])
        if self.edges is not None and level:
            self.edges.sources.append(parents)
            self.edges.targets.append(numbers)
            self.edges.labels.append(labels)
        recent = np.flatnonzero(numbers >= level)
        if len(recent) > len(new):
            known = self._costs.data
            better = recent[costs[recent] < known[numbers[recent] - level]]
            if len(better):
                better = better[np.argsort(-costs[better].astype(np.int32), kind="stable")]  # the last one written stays
                target = numbers[better]
                self._parents.data[target] = parents[better]
                self._labels.data[target] = labels[better]
                known[target - level] = costs[better]

    def _exhausted(self) -> bool:
        """Whether a limit is reached; `reason` then says which."""
        if self.reason:
            return True
        held = self.states.bytes + self._parents.data.nbytes * 2
        if self.edges is not None:
            held += 10 * self.transitions
        if self.states.count > min(self.limits.states, MOST_STATES):
            self.reason = f"bound: more than {min(self.limits.states, MOST_STATES)} states"
        elif time.monotonic() > self._deadline:
            self.reason = f"timeout: {self.limits.seconds:g} s were not enough, {self.states.count} states were found"
        elif held > self.limits.memory_mb * 1e6:
            self.reason = f"memory: {self.limits.memory_mb:g} MB were not enough, {self.states.count} states were found"
        return bool(self.reason)

    def distance(self, number: int) -> int:
        """The fewest steps to a state."""
        return int(np.searchsorted(self.levels, number, side="right")) - 1

    def path(self, number: int) -> tuple[int, list[tuple[int, int]]]:
        """A shortest way to a state: the initial state, and for each step its instance and the state after it."""
        steps: list[tuple[int, int]] = []
        parents, labels = self._parents.data, self._labels.data
        while parents[number] >= 0:
            steps.append((int(labels[number]), number))
            number = int(parents[number])
        return number, steps[::-1]

    def trace(self, number: int, stuck: bool = False) -> Trace:
        """A shortest execution that ends in a state (under symmetry: in one that is the same but for names)."""
        first, steps = self.path(number)
        if self.symmetry is not None:
            return self.symmetry.trace(self.states.state(first), [self.states.state(after) for _, after in steps], stuck, self._solvers)
        return self.execution(first, steps, stuck=stuck)

    def execution(self, first: int, steps: Sequence[tuple[int, int]], loop: int | None = None, stuck: bool = False) -> Trace:
        """The trace of a path as `path` gives it."""
        shown = tuple(
            TraceStep(
                self.model.instances[label].action.name, self.model.instances[label].parameters, self.model.state(self.states.state(after))
            )
            for label, after in steps
        )
        return Trace(self.model.state(self.states.state(first)), shown, loop, stuck)

    def column(self, term: Term) -> npt.NDArray[np.bool_]:
        """In which of the states a formula over the cells holds."""
        program = Program([term])
        cells = self.model.cell_numbers(program)
        result = np.empty(self.states.count, np.bool_)
        for low, high in self._chunks(0, self.states.count, program.length):
            words = self.states.words(low, high)
            [result[low:high]] = program.run([self.model.packing.unpack(words, cell) for cell in cells])
        return result
