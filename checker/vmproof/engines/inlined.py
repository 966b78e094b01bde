"""Reads of arrays that a system defines element by element, replaced by what the elements are there (rule 11 of the language).

What no longer mentions such an array is a question about the elements alone, for any engine.
"""

from __future__ import annotations

from collections.abc import Iterable

from vmproof.engines.meanings import Meanings
from vmproof.engines.system import Defined
from vmproof.terms import ArraySort, Op, Pool, Term, reachable, variables

_DEEP = 60
"""Definitions and updates that a read is followed through; what it would still find there stays a read."""


def inlined(terms: Iterable[Term], meanings: Meanings, pool: Pool) -> list[Term]:
    """The terms with each read of a defined array replaced, also where it was written to since. Other uses of the array stay."""
    return _Inlining(meanings, pool).terms(list(terms))


class _Inlining:
    def __init__(self, meanings: Meanings, pool: Pool) -> None:
        self._meanings = meanings
        self._pool = pool
        self._done: dict[Term, Term] = {}
        self._read: dict[tuple[Term, tuple[Term, ...]], Term] = {}
        self._depth = 0

    def terms(self, wanted: list[Term]) -> list[Term]:
        for term in reachable(wanted, self._done):
            if term in self._done:
                continue
            arguments = tuple(self._done[argument] for argument in term.args)
            made = term if arguments == term.args else self._pool.rebuild(term, arguments)
            if made.op is Op.SELECT and not isinstance(made.sort, ArraySort):
                made = self._at(made.args[0], (made.args[1],))
            self._done[term] = made
        return [self._done[term] for term in wanted]

    def _at(self, array: Term, indices: tuple[Term, ...]) -> Term:
        """The element at these indices, as many as lead to a scalar."""
        key = array, indices
        if key in self._read:
            return self._read[key]
        if self._depth == _DEEP:
            return self._plain(array, indices)
        self._depth += 1
        made = self._read[key] = self._found(array, indices)
        self._depth -= 1
        return made

    def _plain(self, array: Term, indices: tuple[Term, ...]) -> Term:
        for index in indices:
            array = self._pool.select(array, index)
        return array

    def _found(self, array: Term, indices: tuple[Term, ...]) -> Term:
        pool = self._pool
        if not any(isinstance(self._meanings.get(name), Defined) for name in variables([array])):
            return self._plain(array, indices)
        match array.op:
            case Op.SELECT:
                return self._at(array.args[0], (array.args[1], *indices))
            case Op.ITE:
                return pool.ite(array.args[0], self._at(array.args[1], indices), self._at(array.args[2], indices))
            case Op.STORE:
                written = self._at(array.args[2], indices[1:]) if len(indices) > 1 else array.args[2]
                return pool.ite(pool.eq(array.args[1], indices[0]), written, self._at(array.args[0], indices))
            case Op.ARRAY:
                return self._at(array.args[0], indices[1:]) if len(indices) > 1 else array.args[0]
            case _:
                item = self._meanings.get(array)
                assert isinstance(item, Defined)
                given = dict(zip(item.bound, indices[: len(item.bound)], strict=True))
                [element] = self.terms(self._meanings.rename([item.body], given))
                rest = indices[len(item.bound) :]
                return self._at(element, rest) if rest else element
