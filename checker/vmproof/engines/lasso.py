"""Eventualities on an explicit graph: a fair execution that never reaches the goal ends stuck, or in a loop that is fair.

Under weak fairness a strongly connected set of states holds a fair loop exactly if, for every fair action and every value of its
parameters, some state of the set does not enable it or some step inside the set is it: then one loop through all of the set is fair; and
if an action fails this, it stays enabled on every loop in the set without happening (O. Lichtenstein, A. Pnueli, 1985).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmproof.engines.components import components
from vmproof.engines.search import Search
from vmproof.engines.vector import Column

Indices = npt.NDArray[np.int64]
Step = tuple[int, int]  # label and target

_ENTRIES = 200  # states of a component, and components, that are tried as the beginning of the loop
_WORK = 20_000  # states that are walked over for the loops of one component


class OutOfTime(Exception):
    """The deadline passed while the graph was searched."""


@dataclass(frozen=True)
class Lasso:
    """A path from an initial state and what it ends in: `loop` is the number of steps before the loop begins, None for a stuck end."""

    first: int
    steps: tuple[Step, ...]
    loop: int | None


class Graph:
    """The transitions of a complete search, by source."""

    def __init__(self, search: Search, deadline: float) -> None:
        assert search.edges is not None
        self.search, self.deadline = search, deadline
        self.count = search.states.count
        self.sources, self.targets, self.labels = search.edges.joined()
        self.offsets: Indices = np.searchsorted(self.sources, np.arange(self.count + 1)).astype(np.int64)
        self.stuck = self.offsets[1:] == self.offsets[:-1]
        instances = search.model.instances
        self.owners = np.array([instance.owner for instance in instances], np.int64)
        self.fair = set(search.model.fair_owners)
        self._known: dict[int, set[int]] = {}

    def check_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise OutOfTime

    def out(self, nodes: Indices) -> Indices:
        """The edges that leave some states."""
        counts = self.offsets[nodes + 1] - self.offsets[nodes]
        total = int(counts.sum())
        starts = np.repeat(self.offsets[nodes] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) if total else np.empty(0, np.int64)
        return starts + np.arange(total)

    def avoiding(self, goal: Column, starts: Column) -> Lasso | None:
        """A fair execution that from a state in `starts` on never is in `goal`, with few steps; None if there is none.

        An execution that ends stuck is the shortest of these; one with a loop has the shortest way to where its loop begins.
        """
        distance, via = self._region(goal, starts)
        region = distance >= 0
        best: Lasso | None = None
        ends = np.flatnonzero(region & self.stuck)
        if len(ends):
            first, steps = self._stem(int(ends[np.argmin(distance[ends])]), via)
            best = Lasso(first, tuple(steps), None)
        inside = np.flatnonzero(region[self.sources] & region[self.targets])
        for entry, members in self._entries(inside, distance):
            if best is not None and len(best.steps) <= distance[entry] + 1:
                continue
            loop = self._loop(entry, members)
            if best is None or distance[entry] + len(loop) < len(best.steps):
                first, steps = self._stem(entry, via)
                best = Lasso(first, (*steps, *loop), len(steps))
        return best

    def _region(self, goal: Column, starts: Column) -> tuple[Indices, Indices]:
        """The states reached from `starts` outside `goal`: the fewest steps from an initial state (-1: not reached), the last edge."""
        distance = np.full(self.count, -1, np.int64)
        via = np.full(self.count, -1, np.int64)
        levels = self.search.levels
        frontier: Indices = np.empty(0, np.int64)
        depth = 0
        while depth < len(levels) - 1 or len(frontier):
            self.check_time()
            if depth < len(levels) - 1:
                here = np.flatnonzero(starts[levels[depth] : levels[depth + 1]]) + levels[depth]
                here = here[~goal[here] & (distance[here] < 0)]
                distance[here] = depth
                frontier = np.concatenate((frontier, here))
            edges = self.out(frontier)
            target = self.targets[edges]
            fresh = ~goal[target] & (distance[target] < 0)
            edges, target = edges[fresh], target[fresh]
            via[target] = edges
            distance[target] = depth + 1
            frontier = np.unique(target).astype(np.int64)
            depth += 1
        return distance, via

    def _stem(self, node: int, via: Indices) -> tuple[int, list[Step]]:
        steps: list[Step] = []
        while via[node] >= 0:
            edge = int(via[node])
            steps.append((int(self.labels[edge]), node))
            node = int(self.sources[edge])
        first, before = self.search.path(node)
        return first, [*before, *reversed(steps)]

    def _entries(self, edges: Indices, distance: Indices) -> Iterator[tuple[int, dict[int, list[Step]]]]:
        """States where a fair loop may begin, nearest first, with the steps inside their component."""
        found: list[tuple[int, dict[int, list[Step]]]] = []
        for members in components(self.sources[edges], self.targets[edges], self.check_time):
            belongs = set(members)
            steps = {node: [step for step in self._steps(node) if step[1] in belongs] for node in members}
            if not self._unmet([(node, step) for node in members for step in steps[node]], members):
                tried = max(1, min(_ENTRIES, _WORK // len(members)))
                found.extend((node, steps) for node in sorted(members, key=lambda node: int(distance[node]))[:tried])
        found.sort(key=lambda entry: int(distance[entry[0]]))
        yield from found[:_ENTRIES]

    def _steps(self, node: int) -> list[Step]:
        low, high = int(self.offsets[node]), int(self.offsets[node + 1])
        return list(zip(self.labels[low:high].tolist(), self.targets[low:high].tolist(), strict=True))

    def _unmet(self, steps: Iterable[tuple[int, Step]], nodes: Iterable[int]) -> set[int]:
        """The fair actions that stay enabled in all of `nodes` and are none of `steps`."""
        waiting = set(self.fair)
        for node in nodes:
            waiting &= self._enabled(node)
            if not waiting:
                return waiting
        return waiting - {int(self.owners[label]) for _, (label, _) in steps}

    def _enabled(self, node: int) -> set[int]:
        """The fair actions that a state enables."""
        known = self._known.get(node)
        if known is None:
            labels = self.labels[self.offsets[node] : self.offsets[node + 1]]
            known = self._known[node] = self.fair.intersection(self.owners[labels].tolist())
        return known

    def _loop(self, entry: int, steps: dict[int, list[Step]]) -> list[Step]:
        """A fair loop from `entry` back to it: always on to the nearest state or step that some action still waits for."""
        waiting = self.fair & self._enabled(entry)
        path: list[Step] = []
        here = entry
        while waiting:
            self.check_time()
            path.extend(self._nearest(here, steps, waiting, None))
            here = path[-1][1]
            for label, target in path:
                waiting -= {int(self.owners[label])}
                waiting &= self._enabled(target)
        if here != entry or not path:
            path.extend(self._nearest(here, steps, set(), entry))
        return path

    def _nearest(self, here: int, steps: dict[int, list[Step]], waiting: set[int], goal: int | None) -> Sequence[Step]:
        """The shortest way to `goal`, or to a step that one of `waiting` is or a state that does not enable one of them."""
        before: dict[int, tuple[int, Step]] = {}
        queue = deque([here])
        seen = {here}
        while queue:
            node = queue.popleft()
            for step in steps[node]:
                label, target = step
                if goal == target or (goal is None and (int(self.owners[label]) in waiting or not waiting <= self._enabled(target))):
                    path = [step]
                    while node != here:
                        node, previous = before[node]
                        path.append(previous)
                    return path[::-1]
                if target not in seen:
                    seen.add(target)
                    before[target] = (node, step)
                    queue.append(target)
        raise AssertionError("a component is not strongly connected")
