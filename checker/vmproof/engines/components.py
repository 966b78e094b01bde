"""Strongly connected components of large sparse graphs: what lies on no loop is cut off in bulk, the rest goes to Tarjan's algorithm."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from vmproof.engines.vector import Column


def components(sources: Column, targets: Column, check_time: Callable[[], None]) -> Iterator[list[int]]:
    """The components that have an edge inside, as lists of nodes. `check_time` is called now and then and may raise."""
    if not len(sources):
        return
    count = int(max(sources.max(), targets.max())) + 1
    while len(sources):  # a node on a loop has an edge in and an edge out
        check_time()
        enters, leaves = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        enters[targets] = True
        leaves[sources] = True
        keep = enters[sources] & leaves[targets]
        if keep.all():
            break
        sources, targets = sources[keep], targets[keep]
    if not len(sources):
        return
    order = np.argsort(sources, kind="stable")
    sources, targets = sources[order], targets[order]
    nodes = np.unique(sources)
    bounds = np.searchsorted(sources, np.append(nodes, count)).tolist()
    flat = np.searchsorted(nodes, targets).tolist()
    names = nodes.tolist()
    loops = set(sources[sources == targets].tolist())
    for members in _tarjan(bounds, flat, check_time):
        named = [names[member] for member in members]
        if len(named) > 1 or named[0] in loops:
            yield named


def _tarjan(bounds: list[int], targets: list[int], check_time: Callable[[], None]) -> Iterator[list[int]]:
    """All components (R. Tarjan, "Depth-first search and linear graph algorithms", 1972), without recursion."""
    count = len(bounds) - 1
    number = [0] * count  # order of discovery from 1 on; 0: not seen
    low = [0] * count
    held = [False] * count
    place = bounds[:-1]  # the next edge of each node
    stack: list[int] = []
    clock = 0
    for root in range(count):
        if number[root]:
            continue
        calls = [root]
        while calls:
            node = calls[-1]
            if not number[node]:
                clock += 1
                if clock & 0xFFFF == 0:
                    check_time()
                number[node] = low[node] = clock
                stack.append(node)
                held[node] = True
            descended = False
            while place[node] < bounds[node + 1]:
                target = targets[place[node]]
                place[node] += 1
                if not number[target]:
                    calls.append(target)
                    descended = True
                    break
                if held[target] and number[target] < low[node]:
                    low[node] = number[target]
            if descended:
                continue
            calls.pop()
            if calls and low[node] < low[calls[-1]]:
                low[calls[-1]] = low[node]
            if low[node] == number[node]:
                members = []
                while True:
                    member = stack.pop()
                    held[member] = False
                    members.append(member)
                    if member == node:
                        break
                yield members
