"""Strongly connected components agree with those of an independent library."""

from __future__ import annotations

from random import Random

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmproof.engines.components import components

NODES = st.integers(0, 12)


def found(edges: list[tuple[int, int]]) -> set[frozenset[int]]:
    """The components with an edge inside, each once."""
    sources, targets = (np.array([edge[end] for edge in edges], np.int64) for end in (0, 1))
    listed = [frozenset(members) for members in components(sources, targets, lambda: None)]
    assert len(listed) == len(set(listed))
    return set(listed)


def expected(edges: list[tuple[int, int]]) -> set[frozenset[int]]:
    graph = networkx.DiGraph(edges)
    return {
        frozenset(members)
        for members in networkx.strongly_connected_components(graph)
        if len(members) > 1 or any(graph.has_edge(node, node) for node in members)
    }


@given(st.lists(st.tuples(NODES, NODES), max_size=40))
def test_small_graphs(edges: list[tuple[int, int]]) -> None:
    assert found(edges) == expected(edges)


@given(st.integers(2, 300), st.integers(0, 600), st.randoms(use_true_random=False))
def test_sparse_graphs(nodes: int, count: int, random: Random) -> None:
    edges = [(random.randrange(nodes), random.randrange(nodes)) for _ in range(count)]
    assert found(edges) == expected(edges)


def test_a_long_loop_with_a_tail_needs_no_recursion() -> None:
    length = 100_000
    loop = [(node, (node + 1) % length) for node in range(length)]
    tail = [(length + node, node) for node in range(1000)]
    assert found(loop + tail) == {frozenset(range(length))}


def test_a_search_can_be_ended() -> None:
    class Late(Exception):
        pass

    def late() -> None:
        raise Late

    column = np.arange(10, dtype=np.int64)
    with pytest.raises(Late):
        list(components(column, np.roll(column, 1), late))
