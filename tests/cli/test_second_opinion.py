"""With `--second-opinion` no solver is believed alone when it says that nothing satisfies a query."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from vmproof.cli.second_opinion import DisagreementError, SecondOpinionPool
from vmproof.solvers import Answer, Handle, Query, SolverPool, Status
from vmproof.terms import Pool, bitvec

TERMS = Pool()
X = TERMS.var("x", bitvec(8))
NONE = Query((TERMS.ult(X, TERMS.bv(5, 8)), TERMS.eq(TERMS.mul(X, X), TERMS.bv(100, 8))))
SOME = Query((TERMS.ult(X, TERMS.bv(12, 8)), TERMS.eq(TERMS.mul(X, X), TERMS.bv(100, 8))))


def scripted(monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, Status]) -> list[str]:
    """Solvers that answer as told; the list says who was asked."""
    asked: list[str] = []

    def submit(self: SolverPool, query: Query, timeout: float | None = None, solver: str | None = None) -> Handle:
        name = solver or "z3"
        asked.append(name)
        handle = Handle(self, query, name, 1.0)
        status = answers[name]
        handle.set_result(Answer(status, {"x": 10} if status is Status.SAT else None, "timeout" * (status is Status.UNKNOWN), 1.0, name))
        return handle

    monkeypatch.setattr(SolverPool, "submit", submit)
    return asked


def test_two_solvers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = scripted(monkeypatch, {"z3": Status.UNSAT, "bitwuzla": Status.UNSAT})
    answer = SecondOpinionPool().check(NONE)
    assert (answer.status, answer.solver, answer.seconds) == (Status.UNSAT, "z3", 2.0)
    assert asked == ["z3", "bitwuzla"]


def test_a_model_needs_no_second_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = scripted(monkeypatch, {"z3": Status.SAT})
    assert SecondOpinionPool().check(SOME).model == {"x": 10}
    assert asked == ["z3"]


def test_the_third_solver_is_asked_where_the_second_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = scripted(monkeypatch, {"z3": Status.UNSAT, "bitwuzla": Status.UNKNOWN, "cvc5": Status.UNSAT})
    assert SecondOpinionPool().check(NONE).status is Status.UNSAT
    assert asked == ["z3", "bitwuzla", "cvc5"]


def test_without_a_second_opinion_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, {"z3": Status.UNSAT, "bitwuzla": Status.UNKNOWN, "cvc5": Status.UNKNOWN})
    answer = SecondOpinionPool().check(NONE)
    assert (answer.status, answer.reason) == (Status.UNKNOWN, "no second opinion: timeout")


def test_solvers_that_contradict_each_other_are_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, {"z3": Status.UNSAT, "bitwuzla": Status.SAT})
    with pytest.raises(DisagreementError, match="z3 finds a query unsatisfiable, and bitwuzla has a model of it"):
        SecondOpinionPool().check(NONE)


def test_a_solver_that_is_named_is_not_believed_alone_either(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = scripted(monkeypatch, {"cvc5": Status.UNSAT, "bitwuzla": Status.UNKNOWN, "z3": Status.UNSAT})
    answer = SecondOpinionPool().check(NONE, solver="cvc5")
    assert (answer.status, answer.solver) == (Status.UNSAT, "cvc5")
    assert asked == ["cvc5", "bitwuzla", "z3"]


@pytest.mark.parametrize("solver", ["z3", "bitwuzla", "cvc5"])
def test_real_solvers(solver: str) -> None:
    with SecondOpinionPool(1, solver, 60) as pool:
        answer = pool.check(NONE)
        assert (answer.status, answer.solver) == (Status.UNSAT, solver)
        found = pool.check(SOME)
        assert found.model is not None
        assert found.model["x"] == 10
