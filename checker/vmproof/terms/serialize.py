"""Terms as plain numbers and tuples, to be pickled and sent to another process."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .dag import reachable
from .pool import Pool
from .sorts import Sort
from .term import Op, Term

EMPTY = len(Pool())

_OPS = tuple(Op)
_CODES = {op: code for code, op in enumerate(_OPS)}


@dataclass(frozen=True, slots=True)
class Serialized:
    """A graph of terms, arguments first; `roots` are the places of the terms that were asked for.

    `nodes` holds for each term the numbers of its operator, sort and data, how many arguments it has, and for each of
    these how far back it is.
    """

    nodes: array[int]
    sorts: tuple[Sort, ...]
    data: tuple[Any, ...]
    roots: tuple[int, ...]


def serialize(terms: Iterable[Term]) -> Serialized:
    """`terms` and all below them, as an object that can be pickled."""
    wanted = list(terms)
    nodes = array("q")
    place: dict[Term, int] = {}
    sorts: dict[Sort, int] = {}
    known: dict[int, int] = {}  # a pool's sorts are few objects, and hashing a sort is slow
    data: dict[Any, int] = {(type(None), None): 0}
    for i, term in enumerate(reachable(wanted)):
        place[term] = i
        sort = known.get(id(term.sort))
        if sort is None:
            sort = known[id(term.sort)] = sorts.setdefault(term.sort, len(sorts))
        value = 0 if term.data is None else data.setdefault((type(term.data), term.data), len(data))
        args = term.args
        nodes.extend((_CODES[term.op], sort, value, len(args), *[i - place[arg] for arg in args]))
    return Serialized(nodes, tuple(sorts), tuple(value for _, value in data), tuple(place[term] for term in wanted))


def deserialize(pool: Pool, serialized: Serialized) -> list[Term]:
    """The terms, made in `pool`; SortError if `pool` has one of the variables with another sort."""
    nodes, data = serialized.nodes.tolist(), serialized.data
    sorts = [pool.sort(sort) for sort in serialized.sorts]
    terms: list[Term] = []
    # In a new pool the terms come in the order in which they were simplified, so nothing is left to do.
    make = pool.adopt if len(pool) == EMPTY else pool.make
    at, end = 0, len(nodes)
    while at < end:
        code, sort, value, count = nodes[at : at + 4]
        at += 4
        here = len(terms)
        args = tuple([terms[here - back] for back in nodes[at : at + count]])
        at += count
        terms.append(make(_OPS[code], args, sorts[sort], data[value]))
    return [terms[root] for root in serialized.roots]
