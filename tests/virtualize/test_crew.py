"""Several processes that judge together: they find what one finds, and a member that ends or raises is dealt with."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from vmproof.errors import InputError
from vmproof.language import load
from vmproof.solvers import SolverPool
from vmproof.virtualize import Judgement, judge
from vmproof.virtualize.asking import Asker, Task
from vmproof.virtualize.crew import Member, together
from vmproof.virtualize.result import QUESTIONS, Answer, InstructionVerdict
from vmproof.virtualize.setting import Setting

ROOT = Path(__file__).parents[2]


IN_BRIEF = ("behaviour_sensitive", "mode_sensitive", "resource_sensitive")
"""What is not searched for long where an instruction is sensitive in another way: what is found then is a matter of luck."""


def asked(one: InstructionVerdict) -> list[str]:
    """The questions that no luck is needed for."""
    sensitive = Answer.YES in (one.control_sensitive, one.trap_sensitive, one.waiting)
    return [question for question in QUESTIONS if not (sensitive and question in IN_BRIEF)]


def found(judgement: Judgement) -> dict[str, object]:
    """All that does not depend on the states that a solver happens to find."""
    return {
        "answers": {one.name: [(question, one.answer(question)) for question in asked(one)] for one in judgement.instructions},
        "witnesses": {one.name: [question in one.witnesses for question in asked(one)] for one in judgement.instructions},
        "classes": {one.name: one.classes for one in judgement.instructions},
        "theorems": {name: (one.verdict, one.instructions) for name, one in judgement.theorems.items()},
        "premises": {name: one.verdict for name, one in judgement.premises.items()},
        "repair": judgement.repair,
        "host": judgement.host,
        "status": judgement.status_as_control,
    }


@pytest.mark.parametrize(
    ("name", "scenario", "only"),
    [
        ("models/m68000", None, ("move_from_sr", "rte", "stop", "trap")),
        ("models/pg74/jrst1", None, None),
        ("models/pg74/wrong_memory_map", None, None),
        ("tests/machines/search_bits", None, None),
    ],
)
def test_a_crew_finds_what_one_process_finds(
    name: str, scenario: str | None, only: Sequence[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = judge(load(ROOT / f"{name}.py"), scenario, jobs=1, only=only)
    monkeypatch.setattr(importlib.import_module("vmproof.virtualize.judge"), "_MANY", 1)
    counts: list[int] = []
    crew = judge(load(ROOT / f"{name}.py"), scenario, jobs=3, only=only, progress=lambda done, total, what: counts.append(done))
    assert found(crew) == found(alone)
    assert max(counts) == len(crew.instructions)


def tasks(ends: int = -1, raises: int = -1) -> list[Task[tuple[int, int]]]:
    """Tasks that say which process did them; some end it, or raise."""

    def task(number: int) -> Task[tuple[int, int]]:
        if number == ends and os.getpid() != _TESTS:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == raises:
            raise InputError(f"task {number} is wrong")
        return number, os.getpid()
        yield  # a task, though this one asks nothing

    return [task(number) for number in range(7)]


_TESTS = os.getpid()


def performed(size: int, *, ends: int = -1, raises: int = -1) -> list[list[tuple[int, int]]]:
    """What the first member of a crew finds in two runs of tasks."""
    setting = Setting(description := load(ROOT / "models" / "pg74.py"), description.scenario(None))

    def work(member: Member) -> list[list[tuple[int, int]]]:
        with SolverPool(1) as solvers:
            asker = Asker(solvers, member=member)
            asker.knows(setting)
            return [asker.run(tasks(ends, raises)), asker.run(tasks())]

    return together(size, work)


def test_each_member_does_its_share_and_nothing_is_left_behind() -> None:
    first, second = performed(3)
    assert [number for number, _ in first] == list(range(7))
    assert first == second
    doers = [process for _, process in first]
    assert len(set(doers)) == 3
    assert doers[0] == os.getpid()
    assert doers[:3] == doers[3:6]
    for process in set(doers) - {os.getpid()}:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_the_share_of_a_member_that_ends_is_done_by_the_first() -> None:
    first, second = performed(3, ends=4)
    assert [number for number, _ in first] == list(range(7))
    assert [number for number, process in first if process == os.getpid()] == [0, 1, 3, 4, 6]
    assert [number for number, process in second if process == os.getpid()] == [0, 1, 3, 4, 6]


@pytest.mark.parametrize("number", [0, 1])
def test_what_a_member_raises_is_raised(number: int) -> None:
    with pytest.raises(InputError, match=f"task {number} is wrong"):
        performed(2, raises=number)


def test_interrupted_the_members_end_too() -> None:
    def work(member: Member) -> int:
        if member.first:
            raise KeyboardInterrupt
        signal.pause()
        return 0

    with pytest.raises(KeyboardInterrupt):
        together(2, work)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_tasks_with_a_weight_are_dealt_so_that_no_member_has_much_more_than_another() -> None:
    def work(member: Member) -> list[list[int]]:
        return member.shares([0, 5, 0, 2, 4, 0, 0, 1, 6])

    first, second = together(2, work)
    assert (first, second) == ([0, 2, 3, 6, 7, 8], [1, 4, 5])  # weights 6 + 2 + 1 and 5 + 4


@pytest.mark.parametrize("weights", [None, [0, 0, 3, 0, 7, 0, 0]])
def test_what_has_a_weight_is_begun_first_and_results_are_in_order(weights: Sequence[int] | None) -> None:
    begun: list[int] = []

    def task(number: int) -> Task[int]:
        begun.append(number)
        return number
        yield  # a task, though this one asks nothing

    with SolverPool(1) as solvers:
        assert Asker(solvers).run([task(number) for number in range(7)], weights=weights) == list(range(7))
    assert begun == (list(range(7)) if weights is None else [2, 4, 0, 1, 3, 5, 6])
