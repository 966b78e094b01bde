"""Questions in flight: many tasks, each a generator that yields queries and is sent their answers, over a few solver workers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from vmproof.solvers import Answer, Query, SolverPool, Status
from vmproof.terms import ArrayValue, Term, Value, default_value, evaluate, variables
from vmproof.virtualize.contest import Contest
from vmproof.virtualize.world import is_false, is_true

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """One query: is there a model of all `assertions`? `likely`: a model is to be expected, so known ones are tried first."""

    assertions: tuple[Term, ...]
    likely: bool = False


Task = Generator[Ask, Answer, T]
"""A computation that asks. Its result is what it returns."""


class Asker:
    """Runs tasks over a solver pool; equal queries are asked once."""

    def __init__(self, pool: SolverPool, limit: int = 12) -> None:
        self._pool = pool
        self._limit = limit
        self._known: dict[frozenset[Term], Answer] = {}
        self._models: deque[Mapping[str, Value]] = deque(maxlen=2)
        self._seeds: list[Mapping[str, Value]] = []
        self.asked = 0
        self.waiting = 0.0
        self.replaying = 0.0
        self.solvers: set[str] = set()

    def run(self, tasks: Iterable[Task[T]], done: Callable[[], None] | None = None) -> list[T]:
        """Run all tasks to their end and return their results in order. An exception of a task ends everything."""
        queue = deque(enumerate(tasks))
        results: dict[int, T] = {}
        waiting: dict[frozenset[Term], list[tuple[int, Task[T]]]] = {}
        contests: dict[frozenset[Term], Contest] = {}

        def step(number: int, task: Task[T], answer: Answer | None) -> None:
            """Advance a task until it needs a solver or ends."""
            try:
                ask = next(task) if answer is None else task.send(answer)
                while True:
                    known, key = self._at_once(ask)
                    if known is None:
                        break
                    ask = task.send(known)
            except StopIteration as end:
                results[number] = end.value
                if done is not None:
                    done()
                return
            if key not in waiting:
                self.asked += 1
                contests[key] = Contest(self._pool, Query(ask.assertions))
            waiting.setdefault(key, []).append((number, task))

        while queue or waiting:
            while queue and len(waiting) < self._limit:
                step(*queue.popleft(), None)
            if not waiting:
                continue
            started = time.monotonic()
            pending = [handle for contest in contests.values() for handle in contest.pending]
            finished, _ = wait(pending, return_when=FIRST_COMPLETED)
            self.waiting += time.monotonic() - started
            for key, contest in list(contests.items()):
                answer = contest.settle(finished)
                if answer is None:
                    continue
                del contests[key]
                if answer.status is not Status.UNKNOWN:
                    self._known[key] = answer
                self.solvers.add(answer.solver)
                if answer.model is not None:
                    self._models.append(answer.model)
                for number, task in waiting.pop(key):
                    step(number, task, answer)
        return [results[number] for number in sorted(results)]

    def seed(self, model: Mapping[str, Value]) -> None:
        """A model of the constraints that most queries share, to be tried first."""
        self._seeds.append(model)

    def result(self, task: Task[T]) -> T:
        """Run one task."""
        return self.run([task])[0]

    def _at_once(self, ask: Ask) -> tuple[Answer | None, frozenset[Term]]:
        """The answer, if it needs no solver."""
        assertions = [term for term in ask.assertions if not is_true(term)]
        key = frozenset(assertions)
        if not assertions:
            return Answer(Status.SAT, {}, "", 0.0, "simplifier"), key
        if any(map(is_false, assertions)) or is_false(assertions[0].pool.and_(*assertions)):
            return Answer(Status.UNSAT, None, "", 0.0, "simplifier"), key
        if key in self._known:
            return self._known[key], key
        if ask.likely:
            model = self._guess(assertions)
            if model is not None:
                answer = Answer(Status.SAT, model, "", 0.0, "evaluation")
                self._known[key] = answer
                return answer, key
        return None, key

    def _guess(self, assertions: list[Term]) -> dict[str, Value] | None:
        """A model that an earlier answer suggests."""
        names = variables(assertions)
        for known in (*self._seeds, {}, *reversed(self._models)):
            environment: dict[Term, Any] = {}
            for variable in names:
                value = known.get(variable.name)
                environment[variable] = _plenty(variable) if value is None else value
            if all(value is True for value in evaluate(assertions, environment)):
                return {variable.name: environment[variable] for variable in names}
        return None


def _plenty(variable: Term) -> Value:
    """The value to guess for a variable: zero, but every access allowed."""
    if variable.name.endswith("view.allowed"):
        return ArrayValue(True)
    return default_value(variable.sort)


def ask(*assertions: Term, likely: bool = False) -> Task[Answer]:
    """The task that asks one query."""
    answer = yield Ask(tuple(assertions), likely)
    return answer
