"""A solver pool that remembers: the same query is not solved twice, whichever theorem asks it.

What is kept is an answer that can be trusted whenever it was given: that a query has no model, or a model, which is evaluated before it is
used. A timeout, or anything else that a faster machine would not say, is never kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from vmproof.solvers import Answer, Handle, Query, SolverPool, Status
from vmproof.solvers.interface import Reply, simplified, validated
from vmproof.terms import ArrayValue, Value, fingerprint
from vmproof.theorems.keys import versions
from vmproof.theorems.store import Store


class RememberingPool(SolverPool):
    """A solver pool over a store of answers. `hits` and `misses` count queries that took a solver, and those that did not."""

    def __init__(self, store: Store, workers: int = 1, solver: str = "z3", timeout: float = 60, memory_mb: int = 2048) -> None:
        super().__init__(workers, solver, timeout, memory_mb)
        self._store = store
        self._first = solver
        self.hits = 0
        self.misses = 0

    def another(self, workers: int) -> RememberingPool:
        """As SolverPool.another, over the same store."""
        return RememberingPool(self._store, workers, self._solver, self._timeout, self._memory_mb)

    def submit(self, query: Query, timeout: float | None = None, solver: str | None = None) -> Handle:
        """As SolverPool.submit; an answer that is remembered takes no solver and no time."""
        if simplified(query) is not None:
            return super().submit(query, timeout, solver)
        chosen = solver or self._first
        text = "\0".join((fingerprint(query.assertions), chosen, versions()))
        key = hashlib.blake2b(text.encode(), digest_size=20).hexdigest()
        answer = _remembered(self._store.get(key), query, chosen)
        if answer is not None:
            self.hits += 1
            handle = Handle(self, query, chosen, self._timeout if timeout is None else timeout)
            handle.set_result(answer)
            return handle
        self.misses += 1
        asked = super().submit(query, timeout, solver)
        asked.add_done_callback(lambda done: None if done.exception() else self._keep(key, done.result()))
        return asked

    def _keep(self, key: str, answer: Answer) -> None:
        if answer.status is Status.UNSAT:
            self._store.put(key, {"status": answer.status.value, "seconds": answer.seconds})
        elif answer.status is Status.SAT and answer.model is not None:
            model = {name: _written(value) for name, value in answer.model.items()}
            self._store.put(key, {"status": answer.status.value, "seconds": answer.seconds, "model": model})


def _remembered(entry: Mapping[str, Any] | None, query: Query, solver: str) -> Answer | None:
    """The answer that an entry holds; None where it holds none, or a model that does not satisfy the query."""
    if entry is None:
        return None
    try:
        if entry["status"] == Status.UNSAT.value:
            return Answer(Status.UNSAT, None, "", 0.0, solver)
        values = {str(name): _read(value) for name, value in entry["model"].items()}
        answer = validated(query, Reply(Status.SAT, values), 0.0, solver)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return answer if answer.status is Status.SAT else None


def _written(value: Value) -> Any:
    """A value as JSON has it; arrays as [default, [index, element], ...]."""
    if not isinstance(value, ArrayValue):
        return value
    return [_written(value.default), *([_written(index), _written(element)] for index, element in value.entries.items())]


def _read(data: Any) -> Value:
    if isinstance(data, bool | int):
        return data
    default, *entries = data
    return ArrayValue(_read(default), {_read(index): _read(element) for index, element in entries})
