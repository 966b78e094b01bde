"""Several processes that judge one machine together: each does its share of all tasks, and all of them know all results.

The members are copies of one process, made before anything is asked, and run one program. Wherever it runs tasks, each member does its
share, and then they exchange what came of it; so all of them go the same way, and what they have learnt of instructions stays with them.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from mmap import mmap
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn, TypeVar

from vmproof.language import Instruction
from vmproof.solvers.worker import die_with
from vmproof.terms import Pool, Term, deserialize, serialize
from vmproof.virtualize.setting import Setting

T = TypeVar("T")

_COUNTER = 4
"""Bytes of what a member has done."""


@dataclass(frozen=True)
class Report:
    """What a member did: results by the number of their task, how many queries that took, and which solvers answered them."""

    results: dict[int, Any]
    asked: int
    solvers: frozenset[str]


class Member:
    """One of the `size` members of a crew. `links` lead from the first one to all others, and from each of these to it."""

    def __init__(self, number: int, size: int, links: Sequence[Connection], done: mmap) -> None:
        self._number = number
        self._size = size
        self._links: list[Connection | None] = list(links)
        self._done = done
        self._settings: dict[object, Setting] = {}

    @property
    def first(self) -> bool:
        """Whether this is the process that the others are copies of."""
        return self._number == 0

    def knows(self, setting: Setting) -> None:
        """From now on results may speak of states of that setting."""
        self._settings[_key(setting)] = setting

    def shares(self, weights: Sequence[int]) -> list[list[int]]:
        """The numbers of the tasks that are each member's. Which these are does not hang on how fast it is: runs can be repeated.

        Tasks without a weight are dealt in turn; of the others, from the heaviest on, each goes to who has least.
        """
        self._count(0)
        shares = [[number for number in range(member, len(weights), self._size) if not weights[number]] for member in range(self._size)]
        loads = [0] * self._size
        for number in sorted(range(len(weights)), key=lambda number: -weights[number]):
            if weights[number]:
                least = loads.index(min(loads))
                loads[least] += weights[number]
                shares[least].append(number)
        return [sorted(share) for share in shares]

    def own(self, shares: Sequence[T]) -> T:
        """This member's."""
        return shares[self._number]

    def counted(self, done: int) -> int:
        """How many tasks all members have done, of which this one has done so many."""
        self._count(done)
        return sum(int.from_bytes(self._done[at : at + _COUNTER], "little") for at in range(0, self._size * _COUNTER, _COUNTER))

    def _count(self, done: int) -> None:
        at = self._number * _COUNTER
        self._done[at : at + _COUNTER] = done.to_bytes(_COUNTER, "little")

    def exchange(self, report: Report, instead: Callable[[Sequence[int]], Report], shares: Sequence[Sequence[int]]) -> list[Report]:
        """What all members report; `instead` does the share of one that is gone. Raises what a member raised."""
        if not self.first:
            [link] = self._links
            assert link is not None
            link.send_bytes(self._packed(report))
            others: list[Report] = self._unpacked(link.recv_bytes())
            return [report, *others]
        reports = [report]
        for place, link in enumerate(self._links):
            found = None if link is None else self._heard(link)
            if found is None:
                self._links[place] = None
                found = instead(shares[place + 1])
            reports.append(found)
        for place, link in enumerate(self._links):
            if link is not None:
                with suppress(OSError):  # that it is gone shows when it is heard next
                    link.send_bytes(self._packed([one for number, one in enumerate(reports) if number != place + 1]))
        return reports

    def _heard(self, link: Connection) -> Report | None:
        """A member's report; None if it is gone."""
        try:
            told = self._unpacked(link.recv_bytes())
        except (EOFError, OSError):
            return None
        if isinstance(told, BaseException):
            raise told
        assert isinstance(told, Report)
        return told

    def fail(self, error: BaseException) -> None:
        """Tell the first member why this one can do no more."""
        [link] = self._links
        assert link is not None
        link.send_bytes(self._packed(error))

    def _packed(self, what: object) -> bytes:
        data = io.BytesIO()
        pickler = _Pickler(data)
        pickler.dump(what)
        return pickle.dumps((data.getvalue(), serialize(pickler.terms)), pickle.HIGHEST_PROTOCOL)

    def _unpacked(self, data: bytes) -> Any:
        pickled, terms = pickle.loads(data)
        pool = next(iter(self._settings.values())).pool
        return _Unpickler(pickled, deserialize(pool, terms), self._settings).load()


def together(size: int, work: Callable[[Member], T]) -> T:
    """What `work` returns in this process, done by a crew of so many: the others are copies of it that end with it.

    Raises whatever a member raises.
    """
    links: list[Connection] = []
    members: list[int] = []
    parent = os.getpid()
    with mmap(-1, size * _COUNTER) as done:
        try:
            for number in range(1, size):
                ours, theirs = Pipe()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)  # about threads: those of a progress bar, which members let be
                    process = os.fork()
                if not process:
                    _serve(work, Member(number, size, [theirs], done), parent)
                members.append(process)
                theirs.close()
                links.append(ours)
            return work(Member(0, size, links, done))
        finally:
            for process in members:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
            for link in links:
                link.close()


def _serve(work: Callable[[Member], object], member: Member, parent: int) -> NoReturn:
    """Be a member until the work is done; nothing that the copied process had begun is ended here, its output least of all."""
    try:
        die_with(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who pressed the keys talks to the first member, which ends this one
        try:
            work(member)
        except BaseException as error:
            member.fail(error)
    finally:
        os._exit(0)


class _Pickler(pickle.Pickler):
    """Results without what every member has. `terms` are those that occur in them."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.terms: dict[Term, int] = {}

    def persistent_id(self, obj: object) -> object:
        if isinstance(obj, Term):
            return self.terms.setdefault(obj, len(self.terms))
        if isinstance(obj, Setting):
            return Setting, _key(obj)
        if isinstance(obj, Instruction):
            return Instruction, obj.name
        return (Pool, None) if isinstance(obj, Pool) else None


class _Unpickler(pickle.Unpickler):
    """The other side of it: what stands for things that every member has is replaced by its own."""

    def __init__(self, pickled: bytes, terms: Sequence[Term], settings: Mapping[object, Setting]) -> None:
        super().__init__(io.BytesIO(pickled))
        self._terms = terms
        self._settings = settings

    def persistent_load(self, pid: Any) -> object:
        if isinstance(pid, int):
            return self._terms[pid]
        kind, key = pid
        if kind is Setting:
            return self._settings[key]
        some = next(iter(self._settings.values()))
        return some.pool if kind is Pool else some.description.instruction(key)


def _key(setting: Setting) -> object:
    return setting.scenario.name, tuple(sorted(setting.fixed.items()))
