"""Integers that depend on dynamic conditions: `1 if m.flag else 0`, and arithmetic on such values before they get a width."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vmproof.language.convert import Mistake
from vmproof.language.values import IntChoice
from vmproof.terms import Pool, Term

MAX_CASES = 128


def int_cases(pool: Pool, value: int | IntChoice) -> tuple[tuple[int, Term], ...]:
    """The integers that a value may be, each with its condition."""
    return value.cases if isinstance(value, IntChoice) else ((value, pool.true),)


def choice_of(pool: Pool, pairs: Iterable[tuple[int, Term]]) -> int | IntChoice:
    """The integer whose condition holds; conditions of equal integers are joined, impossible ones dropped."""
    found: dict[int, Term] = {}
    for value, condition in pairs:
        if condition is not pool.false:
            found[value] = pool.or_(found[value], condition) if value in found else condition
        if len(found) > MAX_CASES:
            raise Mistake(f"an integer with more than {MAX_CASES} possible values", "give it a width with bits[n](...)")
    if len(found) == 1:
        return next(iter(found))
    return IntChoice(tuple(found.items()))


def merge_integers(pool: Pool, condition: Term, then: int | IntChoice, otherwise: int | IntChoice) -> int | IntChoice:
    """`then` where the condition holds, else `otherwise`."""
    other = pool.not_(condition)
    pairs = [(value, pool.and_(condition, guard)) for value, guard in int_cases(pool, then)]
    return choice_of(pool, pairs + [(value, pool.and_(other, guard)) for value, guard in int_cases(pool, otherwise)])


def map_integers(pool: Pool, function: Callable[[int, int], int], left: int | IntChoice, right: int | IntChoice) -> int | IntChoice:
    """A binary operation on two integers, for every pair that can occur."""
    return choice_of(
        pool,
        ((function(one, other), both) for one, other, both in _pairs(pool, left, right)),
    )


def holds(pool: Pool, function: Callable[[int, int], bool], left: int | IntChoice, right: int | IntChoice) -> Term:
    """Where a comparison of two integers holds."""
    return pool.or_(*(both for one, other, both in _pairs(pool, left, right) if function(one, other)))


def _pairs(pool: Pool, left: int | IntChoice, right: int | IntChoice) -> Iterable[tuple[int, int, Term]]:
    for one, here in int_cases(pool, left):
        for other, there in int_cases(pool, right):
            both = pool.and_(here, there)
            if both is not pool.false:
                yield one, other, both
