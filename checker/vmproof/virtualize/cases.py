"""Instructions that execute another one (XCT, EXECUTE, a user's unimplemented operations), judged apart by what they execute.

The word that such an instruction fetches from memory is compared with the codes of all instructions. A question about it is the
disjunction of the questions for each class of words, and each of these is no harder than the question about an ordinary instruction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from vmproof.terms import Op, Pool, Term, reachable

Place = tuple[int, int]
"""Some bits of a word: the highest and the lowest, both inclusive."""
Tests = Mapping[Place, frozenset[int]]
"""What the bits of a word are compared with."""

_MANY = 16
"""From so many constants that the same bits are compared with, a term counts as a word that is decoded."""
_FEW = 2
"""Words of which nothing is known are divided by bits that are compared with so many constants."""
_LARGE = 1000
"""Executions of fewer terms are not worth a division."""


@dataclass(frozen=True)
class Case:
    """A class of words: bits that are fixed, and values that bits do not have."""

    fixed: tuple[tuple[Place, int], ...] = ()
    excluded: tuple[tuple[Place, int], ...] = ()

    def word(self, pool: Pool, width: int, name: str) -> Term:
        """The words of the class: constants where bits are fixed, variables elsewhere, called after `name` and their bits."""
        known = {low + n: value >> n & 1 for (high, low), value in self.fixed for n in range(high - low + 1)}
        pieces: list[Term] = []
        bit = width - 1
        while bit >= 0:
            low = bit
            while low > 0 and ((low - 1) in known) == (bit in known):
                low -= 1
            size = bit - low + 1
            if bit in known:
                pieces.append(pool.bv(sum(known[low + n] << n for n in range(size)), size))
            else:
                pieces.append(pool.var(f"{name}.{bit}_{low}", pool.bv(0, size).sort))
            bit = low - 1
        return pool.concat(*pieces) if len(pieces) > 1 else pieces[0]

    def replacing(self, subject: Term, word: Term) -> tuple[dict[Term, Term], Term]:
        """What to put for terms of an execution in which the `subject` is `word`, and what is assumed by that."""
        pool = subject.pool
        mapping = {subject: word}
        assumed = [pool.eq(subject, word)]
        for (high, low), value in self.excluded:
            constant = pool.bv(value, high - low + 1)
            mapping[pool.eq(pool.extract(subject, high, low), constant)] = pool.false
            assumed.append(pool.ne(pool.extract(word, high, low), constant))
        return mapping, pool.and_(*assumed)


def decoded(terms: Iterable[Term]) -> tuple[Term, Tests] | None:
    """The term below `terms` whose bits are compared with the most constants, if it is a word that is decoded; None where two are."""
    found: defaultdict[Term, defaultdict[Place, set[int]]] = defaultdict(lambda: defaultdict(set))
    nodes = reachable(terms)
    if len(nodes) < _LARGE:
        return None
    for node in nodes:
        if node.op is not Op.EQ or not node.args[0].width:
            continue
        for constant, other in (node.args, node.args[::-1]):
            if not constant.is_const or other.is_const:
                continue
            word, place = (other.args[0], other.data) if other.op is Op.EXTRACT else (other, (other.width - 1, 0))
            if word.op is not Op.VAR and isinstance(constant.value, int):
                found[word][place].add(constant.value)
    ranked = sorted(found, key=lambda word: -sum(map(len, found[word].values())))
    if not ranked or max(map(len, found[ranked[0]].values())) < _MANY:
        return None
    tests = {place: frozenset(values) for place, values in found[ranked[0]].items()}
    if len(ranked) > 1 and {place: frozenset(values) for place, values in found[ranked[1]].items()} == tests:
        return None
    return ranked[0], tests


def divided(tests: Tests) -> list[Case]:
    """Classes that together are all words, each of which decides the comparisons with many constants."""
    return list(_divided(tests, Case()))


def _divided(tests: Mapping[Place, frozenset[int]], case: Case) -> Iterator[Case]:
    possible = {place: sorted(value for value in values if _possible(case, place, value)) for place, values in tests.items()}
    place = max(possible, key=lambda place: (len(possible[place]), place), default=None)
    if place is None or len(possible[place]) < (_MANY if case.fixed else _FEW):
        yield case
        return
    rest = {other: values for other, values in tests.items() if other != place}
    chosen = tuple((place, value) for value in possible[place])
    for one in chosen:
        yield from _divided(rest, Case((*case.fixed, one), case.excluded))
    yield from _divided(rest, Case(case.fixed, (*case.excluded, *chosen)))


def _possible(case: Case, place: Place, value: int) -> bool:
    """Whether bits that are fixed leave it open that these bits have this value."""
    high, low = place
    for (other_high, other_low), fixed in case.fixed:
        for bit in range(max(low, other_low), min(high, other_high) + 1):
            if (value >> (bit - low) ^ fixed >> (bit - other_low)) & 1:
                return False
    return True
