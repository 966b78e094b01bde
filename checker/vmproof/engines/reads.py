"""Which elements of which arrays terms read: what universal statements about arrays are matched with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from vmproof.terms import ArraySort, Op, Term


@dataclass(frozen=True)
class Read:
    """The element of an array variable at some indices; of an array of arrays, all of them, the outermost first."""

    array: Term
    indices: tuple[Term, ...]


def reads_of(term: Term) -> Iterator[Read]:
    """The elements of array variables that a term reads at its root, if that is the read of a scalar or a write of one.

    A read of an array that was written to may read the element there or what was written; a write stands for a read of what it replaces.
    """
    read = term.op is Op.SELECT and not isinstance(term.sort, ArraySort)
    wrote = term.op is Op.STORE and not isinstance(term.args[2].sort, ArraySort)
    pending: list[tuple[Term, tuple[Term, ...]]] = [(term.args[0], (term.args[1],))] if read or wrote else []
    while pending:
        array, indices = pending.pop()
        match array.op:
            case Op.VAR:
                yield Read(array, indices)
            case Op.SELECT:
                pending.append((array.args[0], (array.args[1], *indices)))
            case Op.ITE:
                pending += [(array.args[1], indices), (array.args[2], indices)]
            case Op.STORE:
                pending.append((array.args[0], indices))
                if len(indices) > 1:
                    pending.append((array.args[2], indices[1:]))
            case Op.ARRAY if len(indices) > 1:
                pending.append((array.args[0], indices[1:]))


@dataclass(frozen=True)
class Pattern:
    """Reads in a statement that all have the same bound variables as indices: wherever one of them is read, the statement matters.

    `reads` gives the array and, for each of `bound`, its position among the indices.
    """

    bound: tuple[Term, ...]
    reads: tuple[tuple[Term, tuple[int, ...]], ...]


def patterns(bound: Sequence[Term], reads: Sequence[Read]) -> list[Pattern]:
    """Patterns that together have all the bound variables, as far as there are any: the largest first, none that adds nothing."""
    groups: dict[tuple[Term, ...], list[tuple[Term, tuple[int, ...]]]] = {}
    for read in reads:
        used = tuple(term for term in bound if term in read.indices)
        if used:
            groups.setdefault(used, []).append((read.array, tuple(read.indices.index(term) for term in used)))
    chosen: list[Pattern] = []
    covered: set[Term] = set()
    for used in sorted(groups, key=len, reverse=True):
        if not covered.issuperset(used):
            chosen.append(Pattern(used, tuple(dict.fromkeys(groups[used]))))
            covered.update(used)
    return chosen


def joined(bound: Sequence[Term], parts: Sequence[tuple[tuple[Term, ...], Sequence[tuple[Term, ...]]]]) -> Iterator[tuple[Term, ...]]:
    """Values for all bound variables, from the alternatives for some of them each; alternatives that disagree are not joined."""
    for combination in product(*(alternatives for _, alternatives in parts)):
        values: dict[Term, Term] = {}
        pairs = (pair for (names, _), terms in zip(parts, combination, strict=True) for pair in zip(names, terms, strict=True))
        if all(values.setdefault(name, term) is term for name, term in pairs):
            yield tuple(values[b] for b in bound)
