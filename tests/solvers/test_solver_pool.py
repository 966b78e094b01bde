"""The pool: answers without a process, limits that hold, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, as_completed
from contextlib import suppress
from pathlib import Path

import pytest

import vmproof
from vmproof.solvers import Answer, Query, SolverPool, Status
from vmproof.terms import BOOL, ArraySort, ArrayValue, Pool, bitvec

SOLVERS = ("z3", "bitwuzla", "cvc5")

# Starts two queries that no solver answers, tells the workers' process numbers, and waits for the answers.
PARENT = """
import sys, time
from pathlib import Path
from vmproof.solvers import Query, SolverPool
from vmproof.terms import Pool, bitvec

def hard(width):
    pool = Pool()
    x, y = pool.zext(pool.var("x", bitvec(width)), 2 * width), pool.zext(pool.var("y", bitvec(width)), 2 * width)
    one = pool.bv(1, 2 * width)
    prime = pool.bv((1 << (2 * width - 3)) + 0x1234567, 2 * width)
    return Query((pool.eq(pool.mul(x, y), prime), pool.ult(one, x), pool.ult(one, y)))

with SolverPool(2, timeout=600) as solvers:
    handles = [solvers.submit(hard(64), solver=solver) for solver in sys.argv[1:]]
    tasks = Path("/proc/self/task")
    children = []
    while len(children) < len(handles):
        time.sleep(0.02)
        children = [c for t in tasks.iterdir() for c in (t / "children").read_text().split()]
    time.sleep(0.3)
    print(*children, flush=True)
    for handle in handles:
        handle.result()
"""


def easy(number: int = 5) -> tuple[Query, dict[str, int]]:
    """A query with one model."""
    pool = Pool()
    x = pool.var("x", bitvec(8))
    return Query((pool.eq(pool.mul(x, pool.bv(3, 8)), pool.bv(3 * number, 8)),)), {"x": number}


def hard(width: int = 64) -> Query:
    """A multiplication that no solver undoes."""
    pool = Pool()
    x, y = (pool.zext(pool.var(name, bitvec(width)), 2 * width) for name in "xy")
    one = pool.bv(1, 2 * width)
    product = pool.bv((1 << (2 * width - 3)) + 0x1234567, 2 * width)
    return Query((pool.eq(pool.mul(x, y), product), pool.ult(one, x), pool.ult(one, y)))


def children() -> set[int]:
    """The numbers of this process's children."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread may end meanwhile
            found |= {int(child) for child in (task / "children").read_text().split()}
    return found


def alive(process: int) -> bool:
    """Whether a process runs; one that is dead and only not yet waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_constant_queries_start_no_process() -> None:
    before = children()
    pool = Pool()
    p = pool.var("p", BOOL)
    with SolverPool() as solvers:
        answers = [solvers.check(Query(goal)) for goal in ((), (pool.true,), (p, pool.not_(p)), (p, pool.false))]
        assert children() == before
    assert [answer.status for answer in answers] == [Status.SAT, Status.SAT, Status.UNSAT, Status.UNSAT]
    assert [answer.model for answer in answers] == [{}, {}, None, None]
    assert {answer.solver for answer in answers} == {"simplifier"}


@pytest.mark.parametrize("solver", SOLVERS)
def test_answers(solver: str) -> None:
    query, model = easy()
    pool = query.assertions[0].pool
    memory = pool.var("memory", ArraySort(bitvec(8), bitvec(8)))
    x = pool.var("x", bitvec(8))
    with SolverPool(1, solver=solver) as solvers:
        answer = solvers.check(query)
        assert (answer.status, answer.model, answer.reason, answer.solver) == (Status.SAT, model, "", solver)
        never = Query((*query.assertions, pool.ult(x, pool.bv(3, 8))))
        answer = solvers.check(never)
        assert (answer.status, answer.model, answer.reason) == (Status.UNSAT, None, "")
        answer = solvers.check(Query((pool.eq(pool.select(memory, x), pool.bv(7, 8)), *query.assertions)))
        assert answer.model is not None
        assert isinstance(answer.model["memory"], ArrayValue)
        assert answer.model["memory"].get(5) == 7


def test_the_solver_of_one_query() -> None:
    with SolverPool(1) as solvers:
        assert {solvers.check(easy()[0], solver=solver).solver for solver in SOLVERS} == set(SOLVERS)


def test_an_unknown_solver() -> None:
    with pytest.raises(ValueError, match=r"^no solver `z4`; there are z3, bitwuzla, cvc5$"):
        SolverPool(solver="z4")
    with SolverPool() as solvers, pytest.raises(ValueError, match="no solver `yices`"):
        solvers.submit(easy()[0], solver="yices")


def test_many_queries_and_the_order_of_answers() -> None:
    with SolverPool(2) as solvers:
        expected: dict[Future[Answer], dict[str, int]] = {}
        for number in range(40):
            query, model = easy(number)
            expected[solvers.submit(query)] = model
        for handle in as_completed(expected):
            assert handle.result().model == expected[handle]


def test_answers_do_not_depend_on_what_was_asked_before() -> None:
    pool = Pool()
    x, y = pool.var("x", bitvec(32)), pool.var("y", bitvec(32))
    query = Query((pool.ult(pool.mul(x, y), pool.urem(y, pool.bv(77, 32))), pool.ult(x, y)))
    for solver in SOLVERS:
        with SolverPool(1, solver=solver) as solvers:
            first = solvers.check(query)
            solvers.check(easy()[0])
            assert solvers.check(query).model == first.model
            assert first.status is Status.SAT


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_hang_ends_at_its_limit(solver: str) -> None:
    query, model = easy()
    with SolverPool(1, solver=solver) as solvers:
        solvers.check(query)
        started = time.monotonic()
        answer = solvers.check(hard(), timeout=0.5)
        assert time.monotonic() - started < 3
        assert (answer.status, answer.model, answer.reason) == (Status.UNKNOWN, None, "timeout")
        assert 0.4 < answer.seconds < 3
        assert solvers.check(query).model == model


def test_the_limit_holds_for_a_process_that_does_not_react() -> None:
    query, model = easy()
    before = children()
    with SolverPool(1) as solvers:
        solvers.check(query)
        (worker,) = children() - before
        os.kill(worker, signal.SIGSTOP)
        assert solvers.check(query, timeout=0.2).reason == "timeout"
        assert not alive(worker)
        assert solvers.check(query).model == model


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_memory_limit_holds(solver: str) -> None:
    query, model = easy()
    with SolverPool(1, solver=solver, timeout=20, memory_mb=256) as solvers:
        answer = solvers.check(hard(512))
        assert (answer.status, answer.reason) == (Status.UNKNOWN, "memory")
        assert solvers.check(query).model == model


def test_limits_in_which_nothing_works() -> None:
    with pytest.raises(ValueError, match=r"^a solver needs at least 128 MiB of memory, not 20$"):
        SolverPool(memory_mb=20)
    with pytest.raises(ValueError, match=r"^a solver pool needs at least one worker, not 0$"):
        SolverPool(workers=0)


def test_a_worker_that_dies_is_replaced() -> None:
    query, model = easy()
    before = children()
    with SolverPool(1) as solvers:
        solvers.check(query)
        for _ in range(3):  # at once: the process may still be dying when it is asked
            (worker,) = children() - before
            os.kill(worker, signal.SIGSEGV)
            assert solvers.check(query).model == model
        (worker,) = children() - before
        handle = solvers.submit(hard())
        time.sleep(0.5)
        os.kill(worker, signal.SIGSEGV)
        assert handle.result().reason == "solver: the worker process ended by signal 11"
        assert solvers.check(query).model == model


def test_cancel() -> None:
    query, model = easy()
    with SolverPool(1) as solvers:
        running, waiting = solvers.submit(hard()), solvers.submit(hard(65))
        time.sleep(0.2)
        for handle in (waiting, running):
            assert handle.cancel()
            answer = handle.result(timeout=5)
            assert (answer.status, answer.reason) == (Status.UNKNOWN, "cancelled")
            assert not handle.cancel()
        assert solvers.check(query).model == model
        early = solvers.submit(hard())
        assert early.cancel()
        assert early.result(timeout=5).reason == "cancelled"


def test_close_cancels_and_leaves_no_process() -> None:
    before = children()
    solvers = SolverPool(2)
    handles = [solvers.submit(hard(64 + number)) for number in range(4)]
    assert eventually(lambda: len(children() - before) == 2)
    solvers.close()
    assert children() == before
    assert {handle.result(timeout=0).reason for handle in handles} == {"cancelled"}
    with pytest.raises(RuntimeError, match=r"^the solver pool is closed$"):
        solvers.submit(easy()[0])


def start_parent(*solvers: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A process with busy workers, in a process group of its own, and the workers' numbers."""
    environment = {**os.environ, "PYTHONPATH": str(Path(vmproof.__file__).parent.parent)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *solvers],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True,
    )  # fmt: skip
    assert parent.stdout is not None
    workers = [int(number) for number in parent.stdout.readline().split()]
    assert len(workers) == 2
    assert all(alive(worker) for worker in workers)
    return parent, workers


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_nothing_outlives_a_parent_that_is_killed() -> None:
    parent, workers = start_parent("z3", "bitwuzla")
    parent.kill()
    parent.communicate()
    assert eventually(lambda: not any(alive(worker) for worker in workers))


def test_an_interrupt_reaches_the_parent_only() -> None:
    parent, workers = start_parent("z3", "cvc5")
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=10)
    assert errors.count("Traceback") == 1
    assert errors.strip().endswith("KeyboardInterrupt")
    assert not any(alive(worker) for worker in workers)
