"""Arrays: select, store, and the array that is the same everywhere (SMT-LIB's ArraysEx)."""

from __future__ import annotations

from .builder import Builder
from .sorts import ArraySort, Sort, SortError
from .term import Op, Term

SELECT = Op.SELECT
STORE = Op.STORE
ITE = Op.ITE
ADD = Op.ADD
CONCAT = Op.CONCAT
ARRAY = Op.ARRAY

# A read goes into the branches of choices between arrays down to so many levels.
LEVELS = 24
# A write looks for an older one to the same index behind so many others.
BEHIND = 8


def apart(a: Term, b: Term) -> bool:
    """Whether a and b are seen to be different values: constants, one base with two offsets, concats whose constant parts differ."""
    if a.is_const and b.is_const:
        return a is not b
    if not a.width:
        return False
    base_a, offset_a = (a.args[0], a.args[1].data) if a.op is ADD and a.args[1].is_const else (a, 0)
    base_b, offset_b = (b.args[0], b.args[1].data) if b.op is ADD and b.args[1].is_const else (b, 0)
    if base_a is base_b:
        return offset_a != offset_b
    if CONCAT not in (a.op, b.op):
        return False
    (bits_a, value_a), (bits_b, value_b) = _known(a), _known(b)
    return bool((value_a ^ value_b) & bits_a & bits_b)


def _known(a: Term) -> tuple[int, int]:
    """Which bits of a constant, or of the constant parts of a concat, are known, as a mask, and their values."""
    if a.is_const:
        return (1 << a.width) - 1, a.data
    mask = value = 0
    if a.op is CONCAT:
        for part in a.args:
            mask <<= part.width
            value <<= part.width
            if part.is_const:
                mask |= (1 << part.width) - 1
                value |= part.data
    return mask, value


class ArrayTerms(Builder):
    """Constructors of array terms."""

    def array_const(self, sort: Sort, element: Term) -> Term:
        """The array of `sort` that holds `element` everywhere."""
        sort = self.sort(sort)
        if not isinstance(sort, ArraySort) or sort.element is not element.sort:
            raise SortError(f"a constant array of sort {sort} of an element of sort {element.sort}")
        key = (sort, element)
        table = self._tables[ARRAY]
        term = table.get(key)
        if term is None:
            term = table[key] = self._node(ARRAY, (element,), sort, 0)
        return term

    def select(self, array: Term, index: Term) -> Term:
        """The element of `array` at `index`."""
        key = (array, index)
        table = self._tables[SELECT]
        term = table.get(key)
        if term is None:
            sort = array.sort
            if not isinstance(sort, ArraySort) or sort.index is not index.sort:
                self._mismatch("select", array, index)
            term = table[key] = self._read(array, index, sort.element)
        return term

    def _read(self, array: Term, index: Term, element: Sort) -> Term:
        while array.op is STORE:
            if array.args[1] is index:
                return array.args[2]
            if not apart(array.args[1], index):
                break
            array = array.args[0]
        if array.op is ARRAY:
            return array.args[0]
        key = (array, index)
        table = self._tables[SELECT]
        term = table.get(key)
        if term is not None:
            return term
        if array.op is ITE and self._reads < LEVELS:
            self._reads += 1
            try:
                condition, a, b = array.args
                term = self.ite(condition, self.select(a, index), self.select(b, index))
            finally:
                self._reads -= 1
        else:
            term = self._node(SELECT, key, element, getattr(element, "width", 0))
        table[key] = term
        return term

    def store(self, array: Term, index: Term, value: Term) -> Term:
        """`array` with `value` at `index`."""
        key = (array, index, value)
        table = self._tables[STORE]
        term = table.get(key)
        if term is None:
            sort = array.sort
            if not isinstance(sort, ArraySort) or sort.index is not index.sort or sort.element is not value.sort:
                self._mismatch("store", array, index, value)
            term = table[key] = self._written(array, index, value)
        return term

    def _written(self, array: Term, index: Term, value: Term) -> Term:
        if self.select(array, index) is value:
            return array
        between: list[Term] = []
        older = array
        while older.op is STORE and len(between) < BEHIND:
            if older.args[1] is index:  # drop it
                older = older.args[0]
                for write in reversed(between):
                    older = self._stored(older, write.args[1], write.args[2])
                return older if self.select(older, index) is value else self._stored(older, index, value)
            if not apart(older.args[1], index):
                break
            between.append(older)
            older = older.args[0]
        return self._stored(array, index, value)

    def _stored(self, array: Term, index: Term, value: Term) -> Term:
        """The node, if writing `value` to `array` needs no further look."""
        key = (array, index, value)
        table = self._tables[STORE]
        term = table.get(key)
        if term is None:
            term = table[key] = self._node(STORE, key, array.sort, 0)
        return term
