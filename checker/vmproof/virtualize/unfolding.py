"""Terms taken apart for a solver: what a read finds, and what is said of a choice, as choices; and two addresses by where they differ.

All that is made here means what it is made of. Solvers find out little by little what a read of written memory can be, and two comparisons
of one address, each under its own condition, are two circuits to them. Where these are written out, questions about page tables that a VMM
has made take a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from vmproof.terms import BitVecSort, Op, Term, bits_of_each, reachable, substitute, variables_of_each

_MOST = 64
"""Choices below a term that is compared; one with more of them is left as it is."""


def unfolded(terms: Sequence[Term], different: Collection[Term] = ()) -> list[Term]:
    """The terms with reads of what was stored, and extracts, orders and comparisons with constants of choices, as choices.

    Of the equations in `different` it is known that they do not hold.
    """
    done: dict[Term, Term] = {}
    bits: dict[Term, Term] = {}
    choices = _Choices()
    for term in reachable(terms):
        args = tuple([done[arg] for arg in term.args])
        if term.op is Op.SELECT:
            done[term] = _read(args[0], args[1], different)
        elif term.op is Op.EXTRACT:
            high, low = term.data
            done[term] = bits_of_each(args[0], high, low, bits)
        elif term.op is Op.ULT:
            done[term] = choices.ordered(*args)
        elif term.op is Op.EQ and any(arg.is_const for arg in args):
            done[term] = choices.compared(*args)
        else:
            done[term] = term if args == term.args else term.pool.rebuild(term, args)
    return [done[term] for term in terms]


def _read(array: Term, index: Term, different: Collection[Term]) -> Term:
    """What a read finds: the last value that was stored there."""
    pool = array.pool
    stored: list[tuple[Term, Term]] = []
    while array.op is Op.STORE:
        array, place, value = array.args
        stored.append((_equal(place, index, different), value))
    found = pool.select(array, index)
    for here, value in reversed(stored):
        found = pool.ite(here, value, found)
    return found


def _equal(one: Term, other: Term, different: Collection[Term]) -> Term:
    """That two words are equal, piece by piece where both are made of pieces."""
    pool = one.pool
    claims: list[Term] = []
    high = low = one.width
    for bottom in sorted(_bottoms(one) & _bottoms(other), reverse=True):
        high, low = low, bottom
        claims.append(pool.eq(pool.extract(one, high - 1, low), pool.extract(other, high - 1, low)))
    return pool.false if any(claim in different for claim in claims) else pool.and_(*claims)


def _bottoms(word: Term) -> set[int]:
    """The lowest bit of each piece that a word is made of."""
    found, low = set(), word.width
    for part in word.args if word.op is Op.CONCAT else (word,):
        low -= part.width
        found.add(low)
    return found


class _Choices:
    """Comparisons of choices, as choices; what was made of a part of one is remembered."""

    def __init__(self) -> None:
        self._nodes: dict[Term, tuple[Term, ...]] = {}
        self._made: dict[tuple[str, Term], dict[Term, Term]] = {}

    def ordered(self, one: Term, other: Term) -> Term:
        """That the first is below the second."""

        def below(part: Term) -> Term:
            return self._of_each(other, ("above", part), lambda beside: part.pool.ult(part, beside))

        return self._of_each(one, ("below", other), below)

    def compared(self, one: Term, other: Term) -> Term:
        """That a constant and another term are equal."""
        constant, term = (one, other) if one.is_const else (other, one)
        return self._of_each(term, ("equal to", constant), lambda part: part.pool.eq(part, constant))

    def _of_each(self, term: Term, what: tuple[str, Term], make: Callable[[Term], Term]) -> Term:
        """What is made of a term: of a choice, the choice between what is made of its sides."""
        if term.op is not Op.ITE:
            return make(term)
        if term not in self._nodes:
            self._nodes[term] = _choice(term)
        if not self._nodes[term]:
            return make(term)
        made = self._made.setdefault(what, {})
        for node in self._nodes[term]:
            if node not in made:
                made[node] = node.pool.ite(node.args[0], made[node.args[1]], made[node.args[2]]) if node.op is Op.ITE else make(node)
        return made[term]


def _choice(term: Term) -> tuple[Term, ...]:
    """The parts of a choice, sides before what chooses among them; none where there are too many."""
    seen = {term}
    pending = [term]
    while pending and len(seen) <= _MOST:
        node = pending.pop()
        if node.op is Op.ITE:
            for side in node.args[1:]:
                if side not in seen:
                    seen.add(side)
                    pending.append(side)
    return tuple(sorted(seen, key=lambda node: node.id)) if len(seen) <= _MOST else ()


def told_apart(terms: Sequence[Term], one: Term, other: Term) -> Iterator[list[tuple[int, Term]]]:
    """For each term, by its number, some that are simpler: if none of them can hold, the term cannot hold. They are made case by case.

    A term that speaks of both addresses is looked at in each case of where they first differ, of the pieces that memory is indexed by, from
    the highest on, and in the one where none of these differs. One that speaks of one of them, which comes first, speaks of `one`.
    Addresses are written as their pieces, each of which is a variable of its own.
    """
    pool = one.pool
    pieces = _pieces(terms, one, other)
    mine, its = (
        [pool.var(f"{address.name}[{high},{low}]", BitVecSort(high - low + 1)) for high, low, _ in pieces] for address in (one, other)
    )
    indexing = [number for number, (_, _, indexes) in enumerate(pieces) if indexes]
    alone = unfolded(substitute(pool, terms, {one: _joined(mine), other: _joined(its)}))
    speaking = variables_of_each(alone)
    mixed = [number for number, found in enumerate(speaking) if not found.isdisjoint(mine) and not found.isdisjoint(its)]
    renamed = substitute(pool, alone, dict(zip(its, mine, strict=True)))
    yield [(number, term) for number, term in enumerate(renamed) if number not in mixed]
    for count in range(len(indexing) + 1) if mixed else ():
        there = [mine[number] if number in indexing[:count] else its[number] for number in range(len(pieces))]
        different = [pool.eq(mine[number], its[number]) for number in indexing[count : count + 1]]
        written = substitute(pool, [terms[number] for number in mixed], {one: _joined(mine), other: _joined(there)})
        told = unfolded(written, different)
        case: list[tuple[int, Term]] = []
        for number, term, found in zip(mixed, told, variables_of_each(told), strict=True):
            assumed = [] if found.isdisjoint(its) else map(pool.not_, different)
            case.append((number, pool.and_(term, *assumed)))
        yield case


def _joined(parts: list[Term]) -> Term:
    return parts[0].pool.concat(*parts) if len(parts) > 1 else parts[0]


def _pieces(terms: Iterable[Term], one: Term, other: Term) -> list[tuple[int, int, bool]]:
    """Two addresses cut where indices of stores cut both: the highest and lowest bit of each piece, and whether it indexes."""
    found: dict[Term, set[tuple[int, int]]] = {one: set(), other: set()}
    for node in reachable(terms):
        if node.op is Op.STORE:
            for part in (node.args[1], *node.args[1].args):
                if part.op is Op.EXTRACT and part.args[0] in found:
                    found[part.args[0]].add(part.data)
    both = found[one] & found[other]
    cuts = sorted({one.width, 0, *(end for high, low in both for end in (high + 1, low))}, reverse=True)
    return [(top - 1, bottom, any(low <= bottom < top <= high + 1 for high, low in both)) for top, bottom in pairwise(cuts)]
