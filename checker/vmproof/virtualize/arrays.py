"""Equality of arrays that were written to, without asking a solver for extensionality."""

from __future__ import annotations

from vmproof.terms import ArraySort, BitVecSort, Op, Term

_FEW = 5
"""The index width up to which unrelated arrays (files of registers) are compared element by element."""


def equal(one: Term, other: Term) -> Term:
    """Whether two terms are equal.

    Arrays that come from one array by stores are equal exactly if they are at every index that was stored to in either.
    """
    pool = one.pool
    if one is other or not isinstance(one.sort, ArraySort):
        return pool.eq(one, other)
    bases: set[Term] = set()
    indices: dict[Term, None] = {}
    pending, seen = [one, other], {one, other}
    while pending:
        term = pending.pop()
        if term.op is Op.STORE:
            indices[term.args[1]] = None
            below = [term.args[0]]
        elif term.op is Op.ITE:
            below = list(term.args[1:])
        else:
            bases.add(term)
            below = []
        for array in below:
            if array not in seen:
                seen.add(array)
                pending.append(array)
    if len(bases) > 1:
        index = one.sort.index
        if not isinstance(index, BitVecSort) or index.width > _FEW:
            return pool.eq(one, other)
        indices = dict.fromkeys(pool.bv(number, index.width) for number in range(1 << index.width))
    return pool.and_(*(equal(pool.select(one, index), pool.select(other, index)) for index in indices))


def differ(one: Term, other: Term) -> Term:
    """The opposite of `equal`."""
    return one.pool.not_(equal(one, other))
