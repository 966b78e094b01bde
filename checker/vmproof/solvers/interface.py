"""What is asked of a solver and what it answers, independent of any solver.

A `Query` holds terms of a pool. A `Problem` is the same query as a flat table that can be pickled: it is what crosses
the pipe to a worker, and what a back end translates, in one pass from the first row to the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from struct import Struct
from typing import Any, NamedTuple, Protocol

from vmproof.terms import BOOL, Op, Sort, Term, Value, evaluate, variables

TIMEOUT = "timeout"
MEMORY = "memory"
CANCELLED = "cancelled"
LENGTH = Struct("<Q")  # stands before each message on the pipe between a worker and its parent
BAD_MODEL = "solver: model does not satisfy the query"


class Status(StrEnum):
    """What a solver found out: a model exists, none exists, or it does not know."""

    SAT = "sat"
    UNSAT = "unsat"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """The answer to one query.

    `model` is there exactly if the status is SAT; it has a value for every variable of the query, by name, and was
    evaluated: it satisfies the assertions. `reason` is there exactly if the status is UNKNOWN: "timeout", "memory",
    "cancelled" or "solver: ...". `seconds` is the wall-clock time from handing the query over; `solver` names who
    answered ("simplifier" where no solver was needed).
    """

    status: Status
    model: Mapping[str, Value] | None
    reason: str
    seconds: float
    solver: str


@dataclass(frozen=True)
class Query:
    """Is there a value for each variable that makes all `assertions` (Boolean terms of one pool) true?

    Raises ValueError for an assertion that is not Boolean or comes from another pool than the first one.
    """

    assertions: tuple[Term, ...]

    def __post_init__(self) -> None:
        for term in self.assertions:
            if term.sort != BOOL:
                raise ValueError(f"an assertion must be Boolean, not {term.sort}")
            if term.pool is not self.assertions[0].pool:
                raise ValueError("the assertions of a query must come from one pool")


class Node(NamedTuple):
    """One row of a problem: `args` are the numbers of earlier rows, `sort` a position in the problem's sorts."""

    op: Op
    args: tuple[int, ...]
    data: Any
    sort: int


@dataclass(frozen=True)
class Problem:
    """A query as a table in which every row comes after its arguments; `roots` are the rows that must be true."""

    sorts: tuple[Sort, ...]
    nodes: tuple[Node, ...]
    roots: tuple[int, ...]

    def variables(self) -> Iterator[tuple[int, str, Sort]]:
        """Row, name and sort of every variable."""
        for row, node in enumerate(self.nodes):
            if node.op is Op.VAR:
                yield row, str(node.data), self.sorts[node.sort]


class Request(NamedTuple):
    """What a worker is asked: decide the problem with this solver, in about `timeout` seconds."""

    solver: str
    problem: Problem
    timeout: float


@dataclass(frozen=True)
class Reply:
    """What a back end says of a problem; `values` are those of the variables by name, not yet validated."""

    status: Status
    values: dict[str, Value] | None = None
    reason: str = ""


class Unsupported(Exception):
    """The solver has no means to express the problem; the message says what it lacks."""


class Backend(Protocol):
    """A solver in this process.

    Every call uses a fresh solver with the library's own fixed seed and one thread, so that an answer depends on its
    problem only.
    """

    def solve(self, problem: Problem, timeout: float, memory_mb: int) -> Reply:
        """Decide the problem; `timeout` (seconds) and `memory_mb` are requests that a solver may overrun.

        Raises Unsupported, and whatever the solver's library raises for its own faults.
        """
        ...


def flatten(query: Query) -> Problem:
    """The table of a query, in depth-first order, so that it depends on the terms only and not on their pool's history."""
    rows: dict[Term, int] = {}
    sorts: dict[Sort, int] = {}
    nodes: list[Node] = []
    for root in query.assertions:
        stack = [root]
        while stack:
            term = stack[-1]
            if term in rows:
                stack.pop()
                continue
            pending = [arg for arg in term.args if arg not in rows]
            if pending:
                stack.extend(reversed(pending))
                continue
            stack.pop()
            rows[term] = len(nodes)
            sort = sorts.setdefault(term.sort, len(sorts))
            nodes.append(Node(term.op, tuple([rows[arg] for arg in term.args]), term.data, sort))
    return Problem(tuple(sorts), tuple(nodes), tuple(rows[root] for root in query.assertions))


def simplified(query: Query) -> Answer | None:
    """The answer to a query that needs no solver: its conjunction is a constant. Otherwise None."""
    if not query.assertions:
        return Answer(Status.SAT, {}, "", 0.0, "simplifier")
    goal = query.assertions[0].pool.and_(*query.assertions)
    if not goal.is_const:
        return None
    if goal.value:
        return Answer(Status.SAT, {}, "", 0.0, "simplifier")
    return Answer(Status.UNSAT, None, "", 0.0, "simplifier")


def validated(query: Query, reply: Reply, seconds: float, solver: str) -> Answer:
    """The answer that a reply amounts to; a model that does not satisfy the query makes it UNKNOWN."""
    if reply.status is not Status.SAT:
        return Answer(reply.status, None, reply.reason, seconds, solver)
    values = reply.values or {}
    needed = variables(query.assertions)
    model = {variable.name: values[variable.name] for variable in needed if variable.name in values}
    if len(model) == len(needed):
        environment = {variable: model[variable.name] for variable in needed}
        if all(value is True for value in evaluate(query.assertions, environment)):
            return Answer(Status.SAT, model, "", seconds, solver)
    return Answer(Status.UNKNOWN, None, BAD_MODEL, seconds, solver)


class Elements:
    """Numbers for the elements of uninterpreted sorts that a model names; the numbers a query uses itself are kept."""

    def __init__(self) -> None:
        self._numbers: dict[Sort, dict[str, int]] = {}

    def reserve(self, sort: Sort, name: str, number: int) -> None:
        """The element that the model calls `name` is the query's own constant `number`."""
        self._numbers.setdefault(sort, {})[name] = number

    def number(self, sort: Sort, name: str) -> int:
        """The number of an element; a new one gets the least number that is free."""
        numbers = self._numbers.setdefault(sort, {})
        if name not in numbers:
            taken = set(numbers.values())
            numbers[name] = next(n for n in range(len(taken) + 1) if n not in taken)
        return numbers[name]
