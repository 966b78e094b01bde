"""Terms taken apart mean what they were made of, and the cases of two addresses are all that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from vmproof.terms import ArraySort, ArrayValue, Op, Pool, Term, Value, bitvec, evaluate, reachable, variables
from vmproof.virtualize.unfolding import told_apart, unfolded

ADDRESS = bitvec(6)
values = st.integers(0, 63)


def written(pool: Pool, one: Term, other: Term) -> Term:
    """A memory in which the words for two addresses were entered, each where its upper bits say; the second is entered last."""
    memory = pool.var("memory", ArraySort(ADDRESS, ADDRESS))
    for address in (one, other):
        memory = pool.store(memory, pool.concat(pool.bv(1, 2), pool.extract(address, 5, 2)), pool.add(address, pool.bv(1, 6)))
    return memory


def terms_about(pool: Pool, one: Term, other: Term) -> list[Term]:
    """What is found in that memory, compared with constants and with one another, also below choices."""
    memory = written(pool, one, other)
    limit, flag = pool.var("limit", ADDRESS), pool.eq(pool.var("flag", bitvec(1)), pool.bv(1, 1))
    found = [pool.select(memory, pool.concat(pool.bv(1, 2), pool.extract(at, 5, 2))) for at in (one, other)]
    chosen = pool.ite(flag, pool.ite(pool.eq(one, limit), pool.bv(3, 6), found[0]), pool.bv(0, 6))
    return [
        pool.eq(found[0], pool.add(one, pool.bv(1, 6))),
        pool.ult(chosen, limit),
        pool.ult(pool.bv(5, 6), chosen),
        pool.eq(pool.extract(chosen, 3, 1), pool.bv(2, 3)),
        pool.eq(pool.bv(3, 6), chosen),
        pool.eq(found[1], limit),
        pool.eq(pool.select(memory, limit), pool.bv(9, 6)),
    ]


def evaluated(terms: Sequence[Term], known: Mapping[str, Value]) -> list[Value]:
    return evaluate(terms, {variable: known[variable.name] for variable in variables(terms)})


def state(one: int, other: int, limit: int, flag: int, cells: list[int]) -> dict[str, Value]:
    return {"one": one, "other": other, "limit": limit, "flag": flag, "memory": ArrayValue(0, dict(enumerate(cells)))}


@given(values, values, values, st.integers(0, 1), st.lists(values, min_size=64, max_size=64))
def test_what_is_unfolded_has_the_same_values(one: int, other: int, limit: int, flag: int, cells: list[int]) -> None:
    pool = Pool()
    terms = terms_about(pool, pool.var("one", ADDRESS), pool.var("other", ADDRESS))
    new = unfolded(terms)
    assert not any(node.op is Op.STORE for node in reachable(new))
    known = state(one, other, limit, flag, cells)
    assert evaluated(new, known) == evaluated(terms, known)


@given(values, values, values, st.integers(0, 1), st.lists(values, min_size=64, max_size=64))
def test_a_term_that_holds_holds_in_a_case(one: int, other: int, limit: int, flag: int, cells: list[int]) -> None:
    pool = Pool()
    first, second = pool.var("one", ADDRESS), pool.var("other", ADDRESS)
    terms = terms_about(pool, first, second)
    parts = grouped(terms, first, second)
    known = state(one, other, limit, flag, cells)
    for holds, each in zip(evaluated(terms, known), parts, strict=True):
        found: list[Value] = []
        for mine in (one, other):  # what speaks of one address only speaks of the first
            pieces = {
                f"{name}[{high},{low}]": address >> low & (1 << high - low + 1) - 1
                for name, address in (("one", mine), ("other", other))
                for high, low in ((5, 2), (1, 0))
            }
            found += evaluated(each, {**known, **pieces})
        assert True in found or holds is False


def grouped(terms: Sequence[Term], one: Term, other: Term) -> list[list[Term]]:
    """What is to be shown for each term."""
    found: list[list[Term]] = [[] for _ in terms]
    for case in told_apart(terms, one, other):
        for number, part in case:
            found[number].append(part)
    return found


def test_a_word_entered_for_one_address_is_found_in_each_case() -> None:
    pool = Pool()
    one, other = pool.var("one", ADDRESS), pool.var("other", ADDRESS)
    memory = written(pool, one, other)
    read = pool.select(memory, pool.concat(pool.bv(1, 2), pool.extract(one, 5, 2)))
    [parts] = grouped([pool.ne(pool.extract(read, 5, 2), pool.extract(pool.add(one, pool.bv(1, 6)), 5, 2))], one, other)
    assert len(parts) == 2
    assert parts[0] is pool.false  # they differ, so what was entered for the other is elsewhere
    assert {variable.name for variable in variables(parts[1:])} == {"one[5,2]", "one[1,0]", "other[1,0]"}


def test_what_speaks_of_either_address_alone_is_one_question() -> None:
    pool = Pool()
    one, other = pool.var("one", ADDRESS), pool.var("other", ADDRESS)
    parts = grouped([pool.ult(address, pool.bv(7, 6)) for address in (one, other)], one, other)
    assert parts[0] == parts[1]
    assert len(parts[0]) == 1
