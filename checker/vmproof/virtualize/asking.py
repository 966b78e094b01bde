"""Questions in flight: many tasks, each a generator that yields queries and is sent their answers, over a few solver workers."""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vmproof.solvers import Answer, Query, SolverPool, Status
from vmproof.terms import ArrayValue, Term, Value, default_value, evaluate, variables
from vmproof.virtualize.contest import Contest
from vmproof.virtualize.crew import Member, Report
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.world import is_false, is_true

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """One query: is there a model of all `assertions`? `likely`: a model is to be expected, so known ones are tried first.

    `arrays`: what it says of arrays is what makes it hard; `brief`: it is not worth a long search (`contest.py`). `decisive`: where it has
    a model, those that are asked together with it need no answer.
    """

    assertions: tuple[Term, ...]
    likely: bool = False
    arrays: bool = False
    brief: bool = False
    decisive: bool = False


@dataclass(frozen=True)
class Together:
    """Queries that do not depend on one another, so that the solvers may work on them side by side."""

    asks: tuple[Ask, ...]


Task = Generator[Ask | Together, Any, T]
"""A computation that asks: an `Ask` is sent its answer, a `Together` the list of its answers. Its result is what it returns."""


@dataclass(eq=False)
class _Waiting(Generic[T]):
    """A task that waits for answers: those that there are, None for the others."""

    number: int
    task: Task[T]
    answers: list[Answer | None]
    asks: Sequence[Ask]
    together: bool

    def decided(self) -> bool:
        """Whether there is what the task waits for; a model of a decisive query makes up for all answers that there are not."""
        answered = [(ask, answer) for ask, answer in zip(self.asks, self.answers, strict=True) if answer is not None]
        if any(ask.decisive and answer.model is not None for ask, answer in answered):
            self.answers = [NOT_NEEDED if answer is None else answer for answer in self.answers]
        return None not in self.answers

    @property
    def reply(self) -> Answer | list[Answer | None] | None:
        return self.answers if self.together else self.answers[0]


NOT_NEEDED = Answer(Status.UNKNOWN, None, "not needed", 0.0, "decided")
"""The answer to a query that was asked together with a decisive one which has a model."""


class Asker:
    """Runs tasks over a solver pool, and together with the other members of a crew, if it is one's; equal queries are asked once."""

    def __init__(self, pool: SolverPool, limit: int = 12, member: Member | None = None) -> None:
        self._pool = pool
        self._limit = limit
        self._member = member
        self._known: dict[frozenset[Term], Answer] = {}
        self._models: deque[Mapping[str, Value]] = deque(maxlen=2)
        self._seeds: list[Mapping[str, Value]] = []
        self.asked = 0
        self.waiting = 0.0
        self.solvers: set[str] = set()

    def knows(self, setting: Setting) -> None:
        """What tasks find from now on may be about states of that setting."""
        if self._member is not None:
            self._member.knows(setting)

    def run(
        self,
        tasks: Iterable[Task[T]],
        done: Callable[[int], None] | None = None,
        limit: int | None = None,
        weights: Sequence[int] | None = None,
    ) -> list[T]:
        """Run all tasks to their end and return their results in order. An exception of a task ends everything.

        A task is begun while fewer than `limit` queries are in flight: with a large one, what asks little is built while others wait.
        Those with a weight are begun first, and dealt to the members of a crew by it; `done` is told how many are done. Other tasks about
        instructions that are listed in one order are done by one member, which has then executed the instruction already.
        """
        limit = self._limit if limit is None else limit
        given = list(tasks)
        weighed = [0] * len(given) if weights is None else weights
        member = self._member

        def begun(numbers: Sequence[int], done: Callable[[int], None] | None) -> dict[int, T]:
            ordered = sorted(numbers, key=lambda number: not weighed[number])
            return self._run({number: given[number] for number in ordered}, limit, done)

        if member is None:
            return list(begun(range(len(given)), done).values())

        def share(numbers: Sequence[int]) -> Report:
            asked = self.asked
            return Report(begun(numbers, counted), self.asked - asked, frozenset(self.solvers))

        def counted(count: int) -> None:
            if done is not None:
                done(member.counted(count))

        shares = member.shares(weighed)
        mine = share(member.own(shares))
        started = time.monotonic()
        reports = member.exchange(mine, share, shares)
        self.waiting += time.monotonic() - started
        self.asked += sum(report.asked for report in reports if report is not mine)
        self.solvers.update(*(report.solvers for report in reports))
        results = {number: result for report in reports for number, result in report.results.items()}
        if done is not None and results:
            done(len(results))
        return [results[number] for number in range(len(given))]

    def _run(self, tasks: Mapping[int, Task[T]], limit: int, done: Callable[[int], None] | None) -> dict[int, T]:
        """The results of some tasks, by their number, in order."""
        queue = deque(tasks.items())
        results: dict[int, T] = {}
        waiting: dict[frozenset[Term], list[tuple[_Waiting[T], int]]] = {}
        contests: dict[frozenset[Term], Contest] = {}

        def step(number: int, task: Task[T], reply: Answer | list[Answer | None] | None) -> None:
            """Advance a task until it needs a solver or ends."""
            try:
                request = next(task) if reply is None else task.send(reply)
                while True:
                    together = isinstance(request, Together)
                    asks = request.asks if isinstance(request, Together) else (request,)
                    found = [self._at_once(ask) for ask in asks]
                    stopped = _Waiting(number, task, [known for known, _ in found], asks, together)
                    if not stopped.decided():
                        break
                    request = task.send(stopped.reply)
            except StopIteration as end:
                results[number] = end.value
                if done is not None:
                    done(len(results))
                return
            for position, (ask, (known, key)) in enumerate(zip(asks, found, strict=True)):
                if known is None:
                    if key not in waiting:
                        self.asked += 1
                        contests[key] = Contest(self._pool, Query(ask.assertions), ask.arrays, ask.brief)
                    waiting.setdefault(key, []).append((stopped, position))

        def leave(stopped: _Waiting[T]) -> None:
            """Give up what nobody waits for once this task has what it needs."""
            for ask, answer in zip(stopped.asks, stopped.answers, strict=True):
                key = _key(ask)
                if answer is NOT_NEEDED and key in waiting:
                    waiting[key] = [one for one in waiting[key] if one[0] is not stopped]
                    if not waiting[key]:
                        del waiting[key]
                        contests.pop(key).cancel()

        while queue or waiting:
            begun = bool(queue) and len(waiting) < limit
            if begun:
                step(*queue.popleft(), None)
            if not waiting:
                continue
            started = time.monotonic()
            pending = [handle for contest in contests.values() for handle in contest.pending]
            finished, _ = wait(pending, 0 if begun else None, FIRST_COMPLETED)
            self.waiting += time.monotonic() - started
            for key, contest in list(contests.items()):
                answer = contest.settle(finished) if key in contests else None
                if answer is None:
                    continue
                del contests[key]
                if answer.status is not Status.UNKNOWN:
                    self._known[key] = answer
                self.solvers.add(answer.solver)
                if answer.model is not None:
                    self._models.append(answer.model)
                for stopped, position in waiting.pop(key):
                    waited = stopped.answers[position] is None
                    stopped.answers[position] = answer
                    if waited and stopped.decided():
                        leave(stopped)
                        step(stopped.number, stopped.task, stopped.reply)
        return {number: results[number] for number in sorted(results)}

    def seed(self, model: Mapping[str, Value]) -> None:
        """A model of the constraints that most queries share, to be tried first."""
        self._seeds.append(model)

    def result(self, task: Task[T]) -> T:
        """Run one task."""
        return self.run([task])[0]

    def _at_once(self, ask: Ask) -> tuple[Answer | None, frozenset[Term]]:
        """The answer, if it needs no solver."""
        key = _key(ask)
        assertions = [term for term in ask.assertions if term in key]
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


def _key(ask: Ask) -> frozenset[Term]:
    """What makes two queries one."""
    return frozenset(term for term in ask.assertions if not is_true(term))


def _plenty(variable: Term) -> Value:
    """The value to guess for a variable: zero, but every access allowed."""
    if "view." in variable.name and variable.name.endswith(".allowed"):
        return ArrayValue(True)
    return default_value(variable.sort)


def ask(*assertions: Term, likely: bool = False, brief: bool = False) -> Task[Answer]:
    """The task that asks one query."""
    answer: Answer = yield Ask(tuple(assertions), likely, brief=brief)
    return answer


def ask_all(queries: Iterable[Sequence[Term]], arrays: bool = False, decisive: Collection[int] = ()) -> Task[list[Answer]]:
    """The task that asks several queries at once, of which some, by their number, are `decisive`."""
    asks = (Ask(tuple(assertions), arrays=arrays, decisive=number in decisive) for number, assertions in enumerate(queries))
    answers: list[Answer] = yield Together(tuple(asks))
    return answers


@contextmanager
def uncollected() -> Iterator[None]:
    """Without looks for cycles of garbage: terms live as long as their pool, and a search among them finds next to nothing to free."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
