"""Systems without arrays: each array leaf becomes one cell per element, and a read at an unknown index a choice among cells.

An array has elements at its `indices`. At other indices it holds zero, or False, and what is stored there is lost at the end of the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vmproof.engines.domains import index_count, sort_size
from vmproof.engines.system import Index, TransitionSystem, Variable
from vmproof.terms import ArraySort, ArrayValue, BitVecSort, Op, Pool, Sort, Term, Value, default_value, reachable

Flat: TypeAlias = "Term | tuple[Flat, ...]"
"""A scalar term, or for an array the terms of its elements, from index 0 on."""

MOST_ELEMENTS = 4096


class Unsupported(Exception):
    """The system is outside what explicit search can represent; the message is one sentence."""


@dataclass(frozen=True, eq=False)
class Cell:
    """A scalar part of a leaf: the whole of it, or the element of an array at `index` (one number for each dimension)."""

    number: int
    variable: Variable
    index: tuple[int, ...]
    term: Term
    size: int  # how many values it takes

    @property
    def name(self) -> str:
        return self.variable.path + "".join(f"[{index}]" for index in self.index)


class Scalars:
    """The cells of a system, over a pool of their own, and its terms without arrays."""

    def __init__(self, system: TransitionSystem) -> None:
        """Raises Unsupported for systems that are not sized or have arrays of more than MOST_ELEMENTS elements."""
        if system.quantified or system.defined:
            raise Unsupported("a type has no size")
        self.pool = Pool()
        self.cells: list[Cell] = []
        self._inputs: dict[Term, Flat] = {}
        self._trees: dict[str, Flat] = {}
        for variable in system.variables:
            tree = self._declare(variable, variable.sort, variable.indices, ())
            self._inputs[variable.term] = self._trees[variable.path] = tree
        self.by_term = {cell.term: cell for cell in self.cells}

    def _declare(self, variable: Variable, sort: Sort, indices: tuple[Index, ...], index: tuple[int, ...]) -> Flat:
        if not isinstance(sort, ArraySort):
            try:
                size = sort_size(sort, variable.domain)
            except ValueError as error:
                raise Unsupported(str(error)) from None
            if size > 1 << 64:
                raise Unsupported(f"{variable.path} is wider than 64 bits")
            name = variable.path + "".join(f"[{number}]" for number in index)
            cell = Cell(len(self.cells), variable, index, self.pool.fresh(name, sort), size)
            self.cells.append(cell)
            return cell.term
        places = _places(sort, variable.path)
        present = index_count(sort, indices[0]) or 0
        items = [self._declare(variable, sort.element, indices[1:], (*index, number)) for number in range(present)]
        return (*items, *(blank(self.pool, sort.element, variable.path) for _ in range(places - present)))

    def flatten(self, terms: Sequence[Term], given: Mapping[Term, Value]) -> list[Flat]:
        """`terms` over the cells, with the variables in `given` (parameters) replaced by values; other variables stay."""
        pool = self.pool
        done: dict[Term, Flat] = {}
        for term in reachable(terms):
            if term in given:
                done[term] = pool.value(term.sort, given[term])
            elif term in self._inputs:
                done[term] = self._inputs[term]
            else:
                done[term] = self._node(term, [done[arg] for arg in term.args])
        return [done[term] for term in terms]

    def formula(self, term: Term, given: Mapping[Term, Value]) -> Term:
        """A scalar term over the cells."""
        [flat] = self.flatten([term], given)
        return _scalar(flat)

    def _node(self, term: Term, args: list[Flat]) -> Flat:
        pool, op = self.pool, term.op
        if op is Op.SELECT:
            assert isinstance(args[0], tuple)
            return self._read(args[0], _scalar(args[1]))
        if op is Op.STORE:
            assert isinstance(args[0], tuple)
            return self._written(args[0], _scalar(args[1]), args[2])
        if op is Op.ARRAY:
            assert isinstance(term.sort, ArraySort)
            return (args[0],) * _places(term.sort, str(term))
        if op is Op.ITE:
            return self._choice(_scalar(args[0]), args[1], args[2])
        if op is Op.EQ:
            pairs = zip(_leaves(args[0]), _leaves(args[1]), strict=True)
            return pool.and_(*(pool.eq(a, b) for a, b in pairs))
        if isinstance(term.sort, ArraySort):
            raise Unsupported(f"the array {term} is no part of the state")
        return pool.make(op, tuple(_scalar(arg) for arg in args), term.sort, term.data)

    def _choice(self, condition: Term, a: Flat, b: Flat) -> Flat:
        if isinstance(a, tuple) and isinstance(b, tuple):
            return tuple(self._choice(condition, x, y) for x, y in zip(a, b, strict=True))
        return self.pool.ite(condition, _scalar(a), _scalar(b))

    def _read(self, items: tuple[Flat, ...], index: Term) -> Flat:
        """The element at `index`: one choice for each bit of it, the lowest first, so that known bits halve the work."""
        for bit in range(index.width):
            condition = self.pool.eq(self.pool.extract(index, bit, bit), self.pool.bv(1, 1))
            items = tuple(self._choice(condition, items[k + 1], items[k]) for k in range(0, len(items), 2))
        return items[0]

    def _written(self, items: tuple[Flat, ...], index: Term, value: Flat) -> Flat:
        if index.is_const:
            number = int(str(index.value))
            return (*items[:number], value, *items[number + 1 :])
        return tuple(
            self._choice(self.pool.eq(index, self.pool.bv(number, index.width)), value, item) for number, item in enumerate(items)
        )

    def updates(self, next: Mapping[str, Term], given: Mapping[Term, Value]) -> dict[int, Term]:
        """The cells that an action changes, by number, with their new values."""
        changed: dict[int, Term] = {}
        for path, flat in zip(next, self.flatten(list(next.values()), given), strict=True):
            for old, new in zip(_leaves(self._trees[path]), _leaves(flat), strict=True):
                cell = self.by_term.get(old)
                if cell is not None and new is not old:
                    changed[cell.number] = new
        return changed

    def values(self, numbers: Sequence[int]) -> dict[str, Value]:
        """The state, by path, in which cell i has the value numbers[i]."""
        by_path: dict[str, dict[tuple[int, ...], int]] = {}
        variables: dict[str, Variable] = {}
        for cell, number in zip(self.cells, numbers, strict=True):
            by_path.setdefault(cell.variable.path, {})[cell.index] = int(number)
            variables[cell.variable.path] = cell.variable
        return {path: _value(variables[path].sort, parts) for path, parts in by_path.items()}


def blank(pool: Pool, sort: Sort, path: str) -> Flat:
    """What an array holds at indices that it does not have."""
    if isinstance(sort, ArraySort):
        return (blank(pool, sort.element, path),) * _places(sort, path)
    return pool.value(sort, default_value(sort))


def _places(sort: ArraySort, path: str) -> int:
    if not isinstance(sort.index, BitVecSort):
        raise Unsupported(f"{path} has an index type without a size")
    if 1 << sort.index.width > MOST_ELEMENTS:
        raise Unsupported(f"{path} has more than {MOST_ELEMENTS} elements")
    return 1 << sort.index.width


def _scalar(flat: Flat) -> Term:
    assert isinstance(flat, Term)
    return flat


def _leaves(flat: Flat) -> Iterator[Term]:
    if isinstance(flat, Term):
        yield flat
    else:
        for item in flat:
            yield from _leaves(item)


def _value(sort: Sort, parts: Mapping[tuple[int, ...], int]) -> Value:
    if not isinstance(sort, ArraySort):
        return bool(parts[()]) if not isinstance(sort, BitVecSort) else parts[()]
    inner: dict[int, dict[tuple[int, ...], int]] = {}
    for index, number in parts.items():
        inner.setdefault(index[0], {})[index[1:]] = number
    return ArrayValue(default_value(sort.element), {index: _value(sort.element, items) for index, items in inner.items()})
