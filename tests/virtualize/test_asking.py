"""Tasks that ask: one query after another or several together, with their answers in order."""

from __future__ import annotations

from vmproof.solvers import Answer, SolverPool, Status
from vmproof.terms import Pool, Term, bitvec
from vmproof.virtualize.asking import NOT_NEEDED, Asker, Task, ask, ask_all


def product(pool: Pool, value: int) -> Term:
    """That some number of eight bits times three is this: true of one."""
    return pool.eq(pool.mul(pool.var(f"x{value}", bitvec(8)), pool.bv(3, 8)), pool.bv(value, 8))


def test_queries_asked_together_are_answered_in_order() -> None:
    pool = Pool()
    impossible = pool.and_(product(pool, 9), pool.ult(pool.var("x9", bitvec(8)), pool.bv(2, 8)))

    def task() -> Task[tuple[list[Answer], Answer]]:
        # one needs a solver, one none, one is asked twice
        answers = yield from ask_all([[product(pool, 6)], [pool.false], [impossible], [product(pool, 6)], []])
        last = yield from ask(product(pool, 12))
        return answers, last

    with SolverPool(2) as solvers:
        asker = Asker(solvers)
        [(answers, last)] = asker.run([task()])
        assert [answer.status for answer in answers] == [Status.SAT, Status.UNSAT, Status.UNSAT, Status.SAT, Status.SAT]
        assert answers[0].model == answers[3].model == {"x6": 2}
        assert last.model == {"x12": 4}
        assert asker.asked == 3  # the simplifier knows the others, and equal ones are one


def test_a_model_of_a_decisive_query_makes_up_for_the_others() -> None:
    """What is still being answered then is given up; another task that waits for it gets its answer."""
    pool = Pool()
    factors = [pool.var(name, bitvec(64)) for name in "pq"]
    hard = pool.and_(
        pool.eq(pool.mul(*factors), pool.bv(0x7FFFFFF9_7FFFFF1B, 64)),
        *(pool.and_(pool.ult(pool.bv(1, 64), f), pool.ult(f, pool.bv(1 << 32, 64))) for f in factors),
    )
    queries = [[hard], [product(pool, 6)], [product(pool, 9)], [pool.false]]

    def decided(decisive: list[int]) -> Task[list[Answer]]:
        return (yield from ask_all(queries, decisive=decisive))

    def simple() -> Task[list[Answer]]:
        return (yield from ask_all([[product(pool, 9)]]))

    with SolverPool(2, timeout=60) as solvers:
        asker = Asker(solvers)
        tasks: list[Task[list[Answer]]] = [decided([1]), simple()]
        answers, [alone] = asker.run(tasks)
        assert (answers[0], answers[1].model, answers[3].status) == (NOT_NEEDED, {"x6": 2}, Status.UNSAT)
        assert alone.model == {"x9": 3}
        # what is known of a decisive query keeps the others from being asked at all
        asked = asker.asked
        assert asker.result(decided([1]))[0] is NOT_NEEDED
        assert asker.asked == asked


def test_results_are_in_the_order_of_tasks() -> None:
    pool = Pool()

    def task(value: int) -> Task[int]:
        answers = yield from ask_all([[product(pool, value)], [product(pool, value + 3)]])
        assert all(answer.model is not None for answer in answers)
        return value

    with SolverPool(2) as solvers:
        assert Asker(solvers).run([task(value) for value in (30, 3, 12)], limit=1) == [30, 3, 12]


def test_what_is_said_to_be_about_arrays_goes_to_the_solver_for_them() -> None:
    pool = Pool()
    with SolverPool(2) as solvers:
        asker = Asker(solvers)
        for number, arrays in ((5, False), (7, True)):
            asker.result(ask_all([[product(pool, number)]], arrays))
            assert asker.solvers == ({"z3", "bitwuzla"} if arrays else {"z3"})
