"""The cache: what is remembered, what never is, and what a damaged or shared folder does."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.solvers import Query, Status
from vmproof.terms import ArraySort, Pool, bitvec
from vmproof.theorems.deciding import Found
from vmproof.theorems.keys import theorem_key
from vmproof.theorems.outcome import Outcome, Standing
from vmproof.theorems.remembering import RememberingPool
from vmproof.theorems.store import Store
from vmproof.theorems.theorem import Theorem

KEY = "ab" * 20


def test_an_entry_is_whole_or_not_there(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "cache"))
    assert store.get(KEY) is None
    store.put(KEY, {"a": 1})
    assert Store.open(str(tmp_path / "cache")).get(KEY) == {"a": 1}
    [path] = (tmp_path / "cache").rglob("*.json")
    for damage in (path.read_bytes()[:-4], b"", b"\xff", b"[]", b'{"key": "other", "value": {}}', b'{"key": "' + KEY.encode() + b'"}'):
        path.write_bytes(damage)
        assert store.get(KEY) is None
    store.put(KEY, {"a": 2})
    assert store.get(KEY) == {"a": 2}
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^the cache cannot be kept in .*file/cache \(not a directory\)$"):
        Store.open(str(tmp_path / "file" / "cache"))
    store = Store(tmp_path / "file" / "cache")
    store.put(KEY, {})
    assert store.get(KEY) is None


def test_queries_are_remembered_by_what_they_ask(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def ask() -> tuple[list[Status], int, int]:
        terms = Pool()
        x, y = terms.var("x", bitvec(8)), terms.var("y", bitvec(8))
        a = terms.var("a", ArraySort(bitvec(4), bitvec(8)))
        product = terms.eq(terms.mul(x, y), terms.bv(143, 8))
        none = terms.and_(terms.eq(terms.mul(x, x), terms.bv(2, 8)))
        stored = terms.eq(terms.select(a, terms.extract(x, 3, 0)), terms.bv(7, 8))
        with RememberingPool(store) as pool:
            answers = [pool.check(Query((product, stored))), pool.check(Query((none,))), pool.check(Query((terms.true,)))]
            assert answers[0].model is not None
            assert answers[0].model["x"] * answers[0].model["y"] % 256 == 143  # type: ignore[operator]
            return [answer.status for answer in answers], pool.hits, pool.misses

    assert ask() == ([Status.SAT, Status.UNSAT, Status.SAT], 0, 2)
    assert ask() == ([Status.SAT, Status.UNSAT, Status.SAT], 2, 0)
    for path in tmp_path.rglob("*.json"):  # a model that does not satisfy the query is not believed
        path.write_text(path.read_text().replace('"x": ', '"x": 1').replace('"y": ', '"y": 1'))
    assert ask() == ([Status.SAT, Status.UNSAT, Status.SAT], 1, 1)


def test_a_timeout_is_never_remembered(tmp_path: Path) -> None:
    terms = Pool()
    x, y = terms.var("x", bitvec(128)), terms.var("y", bitvec(128))  # two primes to be found from their product
    hard = terms.and_(terms.eq(terms.mul(x, y), terms.bv((2**61 - 1) * (2**62 - 57), 128)), terms.ult(terms.bv(1, 128), x))
    small = terms.and_(terms.ult(x, terms.bv(1 << 63, 128)), terms.ult(y, terms.bv(1 << 63, 128)), terms.ult(terms.bv(1, 128), y))
    with RememberingPool(Store(tmp_path)) as pool:
        assert pool.check(Query((hard, small)), timeout=0.2).reason == "timeout"
    assert list(tmp_path.rglob("*.json")) == []


def test_the_key_of_a_theorem_knows_all_that_is_read_and_no_names(tmp_path: Path) -> None:
    subject, part = tmp_path / "a.py", tmp_path / "part.py"
    subject.write_text("from vmproof.lang import *\nfrom part import x\n")
    part.write_text("x = 1\n")
    theorem = Theorem("one", "It holds.", subject, ("p",))
    key = theorem_key(theorem, 60, "z3")
    assert theorem_key(Theorem("two", "Renamed.", subject, ("p",)), 60, "z3") == key
    assert theorem_key(Theorem("one", "It holds.", subject, ("q",)), 60, "z3") != key
    assert theorem_key(theorem, 61, "z3") != key
    assert theorem_key(theorem, 60, "cvc5") != key
    part.write_text("x = 2\n")
    changed = theorem_key(theorem, 60, "z3")
    assert changed != key
    assert theorem_key(Theorem("one", "It holds.", subject, ("p",), texts={part.resolve(): "x = 1\n"}), 60, "z3") == key
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "b.py").write_text(subject.read_text())
    (moved / "part.py").write_text("x = 2\n")
    assert theorem_key(Theorem("one", "It holds.", moved / "b.py", ("p",)), 60, "z3") == changed


@pytest.mark.parametrize(
    ("verdict", "expected", "standing"),
    [
        (Verdict.PROVED, Verdict.PROVED, Standing.MET),
        (Verdict.PROVED, Verdict.HOLDS_UP_TO, Standing.MET),
        (Verdict.PROVED, Verdict.REFUTED, Standing.NOT_MET),
        (Verdict.HOLDS_UP_TO, Verdict.PROVED, Standing.OPEN),
        (Verdict.HOLDS_UP_TO, Verdict.REFUTED, Standing.NOT_MET),
        (Verdict.VACUOUS, Verdict.PROVED, Standing.VACUOUS),
        (Verdict.VACUOUS, Verdict.VACUOUS, Standing.MET),
        (Verdict.UNKNOWN, Verdict.PROVED, Standing.OPEN),
        (Verdict.UNKNOWN, Verdict.REFUTED, Standing.OPEN),
        (Verdict.ERROR, Verdict.REFUTED, Standing.WRONG),
    ],
)
def test_how_a_verdict_stands_to_what_was_expected(verdict: Verdict, expected: Verdict, standing: Standing) -> None:
    assert Outcome("t", verdict, 0.0).standing(expected) is standing


def test_what_lasts() -> None:
    theorem = Theorem("t", "It holds.", Path("a.py"))
    found = Found("p", "invariant", "it holds", Verdict.PROVED, "induction", 0.5, sizes={"P": 3}, states=4)
    outcome = Outcome("t", Verdict.PROVED, 0.5, found=(found,), critical=("a",))
    again = Outcome.from_json(theorem, outcome.to_json())
    assert again is not None
    assert again.cached
    assert again.found == (found,)
    assert Outcome.from_json(theorem, {**outcome.to_json(), "verdict": "unknown"}) is None
    assert Outcome.from_json(theorem, {"verdict": "proved"}) is None
    assert not Outcome("t", Verdict.UNKNOWN, 0.5, reason="timeout").lasting
