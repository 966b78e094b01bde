"""Symmetry reduction: of states that differ only in the names of interchangeable elements, one is searched.

The representative (C. N. Ip, D. L. Dill, "Better Verification Through Symmetry", 1996): the elements of a type that only indexes arrays
are sorted by what the arrays hold for them; of types whose elements are also held, all permutations are tried, and the least of the packed
states is taken. Only types are used whose exchange provably leaves the system as it is: for every exchange of two neighbouring elements
the initial condition, the formulas, and the set of actions with parameters must be the same terms, or proved to be equal.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from vmproof.engines.initial import initial_states
from vmproof.engines.instances import Instance, Model
from vmproof.engines.result import Trace, TraceStep
from vmproof.engines.scalars import Cell
from vmproof.engines.vector import Column
from vmproof.solvers import Query, SolverPool, Status
from vmproof.terms import Term, substitute

MOST_PERMUTATIONS = 48  # more cost more time than they save
SECONDS = 10.0  # for the proof that two elements are interchangeable


class Symmetry:
    """The interchangeable types of a system, as permutations of the cells of its packed states and of the values in them."""

    def __init__(self, model: Model, sizes: Mapping[str, int]) -> None:
        """`sizes`: the types to reduce by, and how many elements they have."""
        self.model = model
        self.sizes = dict(sizes)
        permuted = [name for name in sizes if not indexes_only(model, name)]
        orders = [list(itertools.permutations(range(sizes[name]))) for name in permuted]
        self._maps = [dict(zip(permuted, choice, strict=True)) for choice in itertools.product(*orders)][1:]
        self._sorted = [_rows(model, name, sizes[name]) for name in sizes if name not in permuted]

    def canonical(self, words: list[Column]) -> list[Column]:
        """The representatives of packed states."""
        best = self._sort(words)
        if not self._maps:
            return best
        packing, cells = self.model.packing, self.model.scalars.cells
        columns = [packing.unpack(words, cell.number) for cell in cells]
        where = {(cell.variable.path, cell.index): cell.number for cell in cells}
        for order in self._maps:
            moved: list[Column] = [np.empty(0)] * len(cells)
            for cell in cells:
                moved[where[cell.variable.path, image(cell, order)]] = _renamed(columns[cell.number], cell, order)
            other = self._sort(packing.pack(moved, len(words[0])))
            less = np.zeros(len(words[0]), np.bool_)
            same = np.ones(len(words[0]), np.bool_)
            for mine, its in zip(best, other, strict=True):
                less |= same & (its < mine)
                same &= its == mine
            best = [np.where(less, its, mine) for mine, its in zip(best, other, strict=True)]
        return best

    def _sort(self, words: list[Column]) -> list[Column]:
        """The states with the elements of each type that only indexes arrays in the order of what is held for them."""
        packing = self.model.packing
        for rows in self._sorted:
            keys = np.zeros((len(rows), len(words[0])), np.uint64)
            for key, row in zip(keys, rows, strict=True):
                for cell in row:
                    key <<= np.uint64(packing.places[cell].bits)
                    key |= packing.unpack(words, cell).astype(np.uint64)
            keys.sort(axis=0)
            changed: dict[int, Column] = {}
            for key, row in zip(keys, rows, strict=True):
                for cell in reversed(row):
                    bits = packing.places[cell].bits
                    changed[cell] = key & np.uint64((1 << bits) - 1)
                    key >>= np.uint64(bits % 64)
            words = packing.update([word.copy() for word in words], changed)
        return words

    def trace(self, first: Sequence[int], after: Sequence[Sequence[int]], stuck: bool, solvers: SolverPool | None) -> Trace:
        """An execution through the states that these representatives stand for. The names stay the same from step to step."""
        model = self.model
        starts = initial_states(model, solvers)
        matches = np.ones(len(starts[0]), np.bool_)
        for word, value in zip(self.canonical(starts), first, strict=True):
            matches &= word == np.uint64(value)
        chosen = int(np.flatnonzero(matches)[0])
        state = [word[chosen : chosen + 1] for word in starts]
        initial = model.state([int(word[0]) for word in state])
        steps: list[TraceStep] = []
        for goal in after:
            instance, state = self._successor(state, goal)
            steps.append(TraceStep(instance.action.name, instance.parameters, model.state([int(word[0]) for word in state])))
        return Trace(initial, tuple(steps), None, stuck)

    def _successor(self, state: list[Column], goal: Sequence[int]) -> tuple[Instance, list[Column]]:
        """A step to a state that `goal` represents, with the fewest parameters away from their default."""
        model = self.model
        guards = model.guards.run(model.columns(model.guards, state))
        for instance, guard in sorted(zip(model.instances, guards, strict=True), key=lambda pair: pair[0].cost):
            if not np.all(guard):
                continue
            after = model.step(instance, [word.copy() for word in state], model.columns(instance.program, state))
            if [int(word[0]) for word in self.canonical(after)] == list(goal):
                return instance, after
        raise RuntimeError("a representative has no successor among those that were searched: the system is not symmetric")


def indexes_only(model: Model, name: str) -> bool:
    """Whether a type only indexes arrays that no interchangeable type indexes besides, and what they hold at one index fits into a word.

    Sorting by two types that index the same array would not give one representative.
    """
    cells = model.scalars.cells
    rows = _rows(model, name, 1)
    symmetric = [[index.symmetry for index in cell.variable.indices if index.symmetry] for cell in cells]
    alone = all(names == [name] for names in symmetric if name in names)
    return alone and all(cell.variable.symmetry != name for cell in cells) and sum(model.packing.places[cell].bits for cell in rows[0]) < 64


def _rows(model: Model, name: str, size: int) -> list[list[int]]:
    """For each element of a type the cells of the arrays that it indexes."""
    found: list[list[int]] = [[] for _ in range(size)]
    for cell in model.scalars.cells:
        for index, number in zip(cell.variable.indices, cell.index, strict=True):
            if index.symmetry == name and number < size:
                found[number].append(cell.number)
    return found


def image(cell: Cell, order: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    """The index of the cell that a cell becomes."""
    permutations = [order.get(index.symmetry) for index in cell.variable.indices]
    return tuple(number if p is None else p[number] for number, p in zip(cell.index, permutations, strict=True))


def _renamed(column: Column, cell: Cell, order: Mapping[str, Sequence[int]]) -> Column:
    permutation = order.get(cell.variable.symmetry)
    if permutation is None:
        return column
    table: Column = np.array(permutation, column.dtype)
    return table.take(column)


def symmetries(model: Model, formulas: Sequence[Term], pool: SolverPool | None) -> Symmetry | None:
    """The reduction by those declared types that prove to be interchangeable and are small enough; None if there is none.

    `formulas`: what is asked of the states, over the cells. Without `pool`, only what is plain from the form of the terms is used.
    """
    sizes: dict[str, int] = {}
    for name, size in _declared(model).items():
        permuted = [other for held, other in sizes.items() if not indexes_only(model, held)]
        if not indexes_only(model, name):
            permuted.append(min(size, 20))
        if size < 2 or math.prod(math.factorial(other) for other in permuted) > MOST_PERMUTATIONS:
            continue
        if all(_invariant(model, name, size, first, formulas, pool) for first in range(size - 1)):
            sizes[name] = size
    return Symmetry(model, sizes) if sizes else None


def _declared(model: Model) -> dict[str, int]:
    """The types declared interchangeable with their sizes; without those whose size is not the same everywhere."""
    found: dict[str, set[int]] = {}
    for cell in model.scalars.cells:
        variable = cell.variable
        if variable.symmetry:
            found.setdefault(variable.symmetry, set()).add(cell.size)
        for index in variable.indices:
            if index.symmetry:
                found.setdefault(index.symmetry, set()).add(index.count or 0)
    for action in model.system.actions:
        for item in (*action.parameters, *action.choices):
            if item.symmetry:
                found.setdefault(item.symmetry, set()).add(item.domain or 0)
    return {name: sizes.pop() for name, sizes in sorted(found.items()) if len(sizes) == 1}


def _invariant(model: Model, name: str, size: int, first: int, formulas: Sequence[Term], solvers: SolverPool | None) -> bool:
    """Whether exchanging the elements `first` and `first + 1` of a type maps the system to itself."""
    pool, scalars = model.scalars.pool, model.scalars
    swap = list(range(size))
    swap[first], swap[first + 1] = first + 1, first
    order = {name: tuple(swap)}
    where = {(cell.variable.path, cell.index): cell for cell in scalars.cells}

    def moved(value: Term, holds: bool) -> Term:
        if not holds:
            return value
        low, high = pool.bv(first, value.width), pool.bv(first + 1, value.width)
        return pool.ite(pool.eq(value, low), high, pool.ite(pool.eq(value, high), low, value))

    # the exchanged state, over the cells of the state: an exchange is its own inverse
    exchanged: dict[Term, Term] = {
        cell.term: moved(where[cell.variable.path, image(cell, order)].term, cell.variable.symmetry == name) for cell in scalars.cells
    }
    plain = [scalars.formula(model.system.init, {}), *formulas]
    pairs = list(zip(substitute(pool, plain, exchanged), plain, strict=True))
    for instance in model.instances:
        action = instance.action
        inputs = (*action.parameters, *action.choices)
        given = {item.term: value for item, value in zip(inputs, instance.values, strict=True)}
        other = {
            item.term: swap[value] if item.symmetry == name and isinstance(value, int) else value
            for item, value in zip(inputs, instance.values, strict=True)
        }
        guard, updates = scalars.formula(action.guard, given), scalars.updates(action.next, given)
        twin_updates = scalars.updates(action.next, other)
        [twin_guard, *values] = substitute(pool, [scalars.formula(action.guard, other), *twin_updates.values()], exchanged)
        pairs.append((twin_guard, guard))
        reached = dict(zip(twin_updates, values, strict=True))
        images = [where[scalars.cells[n].variable.path, image(scalars.cells[n], order)].number for n in updates]
        for number in {*reached, *images}:
            cell = scalars.cells[number]
            twin = where[cell.variable.path, image(cell, order)]
            after = moved(updates.get(twin.number, twin.term), cell.variable.symmetry == name)
            pairs.append((pool.implies(guard, pool.eq(reached.get(number, exchanged[cell.term]), after)), pool.true))
    claim = pool.and_(*(pool.eq(a, b) for a, b in pairs))
    if claim is pool.true:
        return True
    domains = [pool.ult(c.term, pool.bv(c.size, c.term.width)) for c in scalars.cells if c.term.width and c.size < 1 << c.term.width]
    return solvers is not None and solvers.check(Query((pool.not_(claim), *domains)), timeout=SECONDS).status is Status.UNSAT
