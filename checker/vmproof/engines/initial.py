"""Initial states, enumerated: cells that no condition joins are listed apart, each group by filtering or by a solver, and then combined.

Within a group, partial states grow cell by cell: a cell that an equation gives is computed, another takes all of its values, and each
condition filters as soon as its cells are there. Where that takes too many partial states, a solver tells which bits can differ at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vmproof.engines.domains import scalar
from vmproof.engines.instances import Model
from vmproof.engines.scalars import Cell, Unsupported
from vmproof.engines.vector import Column, Program, column_type
from vmproof.solvers import Query, SolverPool, Status
from vmproof.terms import Op, Term, Value, conjuncts, substitute, variables

MOST_PARTIAL = 1 << 23
MOST_SOLVED = 256
"""Solutions of one group of cells that a solver is asked for, one query each."""
_FIRST_PARTIAL = 1 << 18  # partial states of a group before a solver is asked
_NARROW = 1 << 16  # a cell of at most so many values is tried by itself first
_SECONDS = 20.0  # for one query


@dataclass(frozen=True)
class _Table:
    """Values of some cells side by side, one row for each way to choose them."""

    columns: Mapping[Term, Column]
    count: int


def initial_states(model: Model, solvers: SolverPool | None = None) -> list[Column]:
    """The packed initial states, each once, in order of their cells' values.

    Raises Unsupported if there are more than MOST_PARTIAL, or if without `solvers` partial states become that many on the way, or with
    them the cells that conditions join have more than MOST_SOLVED solutions besides.
    """
    cells = model.scalars.cells
    known, waiting = _propagated(model)
    if model.scalars.pool.false in waiting:
        return _none(model)
    values = _values(model, known, waiting)
    groups = _groups(cells, waiting)
    joined = {cell for group, _ in groups for cell in group}
    tables = [_alone(cell, values) for cell in cells if cell not in joined and cell.term not in known]
    tables += [_solutions(group, parts, values, solvers) for group, parts in groups]
    if any(table.count == 0 for table in tables):
        return _none(model)
    whole = _Table(known, 1)
    for table in tables:
        if whole.count * table.count > MOST_PARTIAL:
            raise Unsupported(f"the initial states are too many to list: more than {MOST_PARTIAL}")
        whole = _product(whole, table)
    packed = model.packing.pack([whole.columns[cell.term] for cell in cells], whole.count)
    order = np.lexsort([whole.columns[cell.term] for cell in reversed(cells)]) if whole.count > 1 else np.arange(whole.count)
    return [word[order] for word in packed]


def _none(model: Model) -> list[Column]:
    return [np.empty(0, np.uint64) for _ in range(model.packing.words)]


def _alone(cell: Cell, values: Mapping[Term, Column]) -> _Table:
    """The values of a cell that no condition joins to another."""
    if cell.term in values:
        return _Table({cell.term: values[cell.term]}, len(values[cell.term]))
    if cell.size > MOST_PARTIAL:
        raise Unsupported(f"the initial states are too many to list ({cell.name} alone takes {cell.size} values)")
    return _Table({cell.term: _typed(cell.term, np.arange(cell.size))}, cell.size)


def _propagated(model: Model) -> tuple[dict[Term, Column], list[Term]]:
    """The cells that equations fix, and the conditions on the others: what is fixed is put in everywhere, which may fix more."""
    pool = model.scalars.pool
    formula = model.scalars.formula(model.system.init, {})
    known: dict[Term, Term] = {}
    while True:
        found = {}
        for part in conjuncts([formula]):
            found.update(_equation(part))
        if not found:
            break
        known.update(found)
        [formula] = substitute(pool, [formula], found)
    waiting = conjuncts([formula])
    if any(int(value.data) >= model.scalars.by_term[term].size for term, value in known.items()):
        waiting.append(pool.false)
    return {term: _typed(term, np.array([value.data])) for term, value in known.items()}, waiting


def _equation(part: Term) -> dict[Term, Term]:
    """What a condition fixes: a variable and its value."""
    pool = part.pool
    if part.op is Op.VAR:
        return {part: pool.true}
    if part.op is Op.NOT and part.args[0].op is Op.VAR:
        return {part.args[0]: pool.false}
    if part.op is Op.EQ:
        for a, b in (part.args, part.args[::-1]):
            if a.op is Op.VAR and b.is_const:
                return {a: b}
    return {}


def _values(model: Model, known: Mapping[Term, Column], waiting: list[Term]) -> dict[Term, Column]:
    """The values of each narrow cell that satisfy the conditions on it alone, which are taken out of `waiting`."""
    found: dict[Term, Column] = {}
    for cell in model.scalars.cells:
        if cell.term in known or cell.size > _NARROW:
            continue
        column = _typed(cell.term, np.arange(cell.size))
        own = [part for part in waiting if variables([part]) == [cell.term]]
        if own:
            waiting[:] = [part for part in waiting if part not in own]
            column = column[_holds(own, {cell.term: column}, cell.size)]
        found[cell.term] = column
    return found


def _groups(cells: Sequence[Cell], waiting: Sequence[Term]) -> list[tuple[list[Cell], list[Term]]]:
    """The cells that conditions join, directly or through others, with these conditions."""
    groups: list[tuple[set[Term], list[Term]]] = []
    for part in waiting:
        terms, parts = set(variables([part])), [part]
        apart = []
        for group in groups:
            if group[0].isdisjoint(terms):
                apart.append(group)
            else:
                terms |= group[0]
                parts = [*group[1], *parts]
        groups = [*apart, (terms, parts)] if terms else groups
    return [([cell for cell in cells if cell.term in terms], parts) for terms, parts in groups]


def _solutions(cells: list[Cell], parts: list[Term], values: Mapping[Term, Column], solvers: SolverPool | None) -> _Table:
    """The values of a group of cells that satisfy its conditions."""
    try:
        return _filtered(cells, parts, values, MOST_PARTIAL if solvers is None else _FIRST_PARTIAL)
    except Unsupported:
        if solvers is None:
            raise
    return _solved(cells, parts, values, solvers)


def _filtered(cells: list[Cell], parts: list[Term], values: Mapping[Term, Column], most: int = MOST_PARTIAL) -> _Table:
    columns: dict[Term, Column] = {}
    count, left, waiting = 1, list(cells), list(parts)
    while left:
        given = _definition(left, waiting, columns)
        if given is not None:
            cell, value = given
            [column] = _computed([value], columns, count)
            columns[cell.term] = column
            keep = np.ones(count, np.bool_) if not cell.term.width else column < cell.size
        else:
            cell = _next(left, waiting, columns)
            size = len(values[cell.term]) if cell.term in values else cell.size
            if count * size > most:
                raise Unsupported(f"the initial states are too many to list ({cell.name} alone takes {size} values)")
            column = values[cell.term] if cell.term in values else _typed(cell.term, np.arange(size, dtype=np.uint64))
            whole = _product(_Table(columns, count), _Table({cell.term: column}, size))
            columns, count = dict(whole.columns), whole.count
            keep = np.ones(count, np.bool_)
        left.remove(cell)
        ready = [part for part in waiting if all(term in columns for term in variables([part]))]
        waiting = [part for part in waiting if part not in ready]
        if cell.term in values and given is not None:
            keep = keep & np.isin(columns[cell.term], values[cell.term])
        if ready:
            keep = keep & _holds(ready, columns, count)
        columns = {term: column[keep] for term, column in columns.items()}
        count = int(np.count_nonzero(keep))
    return _Table(columns, count)


def _definition(left: list[Cell], waiting: list[Term], columns: Mapping[Term, Column]) -> tuple[Cell, Term] | None:
    """A cell that an equation gives from cells that are there, with its value."""
    by_term = {cell.term: cell for cell in left}
    for part in waiting:
        if part.op is not Op.EQ:
            continue
        for a, b in (part.args, part.args[::-1]):
            if a in by_term and all(term in columns for term in variables([b])):
                return by_term[a], b
    return None


def _next(left: list[Cell], waiting: list[Term], columns: Mapping[Term, Column]) -> Cell:
    """The cell that completes a condition soonest, one of few values first."""

    def rank(cell: Cell) -> tuple[int, int, int]:
        missing = [sum(term not in columns for term in variables([part])) for part in waiting if cell.term in variables([part])]
        return (min(missing) if missing else len(left) + 1, cell.size, cell.number)

    return min(left, key=rank)


def _solved(cells: list[Cell], parts: list[Term], values: Mapping[Term, Column], solvers: SolverPool) -> _Table:
    """As `_filtered`, with a solver: the bits that differ between solutions are few, or else the solutions themselves are."""
    claims = [*parts, *(part for cell in cells for part in _legal(cell, values))]
    first = _asked(solvers, claims, cells)
    if first is None:
        return _Table({}, 0)
    try:
        return _filtered(cells, parts, {**_varying(cells, claims, first, solvers), **values})
    except Unsupported:
        return _listed(cells, claims, first, solvers)


def _varying(cells: list[Cell], claims: list[Term], first: list[int], solvers: SolverPool) -> dict[Term, Column]:
    """The values that each cell has if it differs from one solution in bits only that differ in some solution.

    Each query asks for a bit more, so that there are at most as many queries as such bits; a cell with too many of them is left out.
    """
    varying = [0] * len(cells)
    while True:
        fixed = [~mask & (1 << max(1, cell.term.width)) - 1 for cell, mask in zip(cells, varying, strict=True)]
        others = [_differs(cell, number, mask) for cell, number, mask in zip(cells, first, fixed, strict=True)]
        found = _asked(solvers, [*claims, claims[0].pool.or_(*others)], cells)
        if found is None:
            break
        varying = [mask | old ^ new for mask, old, new in zip(varying, first, found, strict=True)]
    made: dict[Term, Column] = {}
    for cell, number, mask in zip(cells, first, varying, strict=True):
        bits = [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
        if 1 << len(bits) > MOST_PARTIAL:
            continue
        count = np.arange(1 << len(bits), dtype=np.uint64)
        column = np.full(len(count), number & ~mask, np.uint64)
        for position, bit in enumerate(bits):
            column |= (count >> np.uint64(position) & np.uint64(1)) << np.uint64(bit)
        made[cell.term] = _typed(cell.term, column[column < cell.size] if cell.size < 1 << 64 else column)
    return made


def _differs(cell: Cell, number: int, mask: int) -> Term:
    """That a cell differs from a value in some bit of a mask."""
    term, pool = cell.term, cell.term.pool
    if not term.width:
        return pool.ne(term, pool.bool(bool(number))) if mask else pool.false
    return pool.ne(pool.bvand(term, pool.bv(mask, term.width)), pool.bv(number & mask, term.width))


def _listed(cells: list[Cell], claims: list[Term], first: list[int], solvers: SolverPool) -> _Table:
    """One solution after the other: each is excluded from the next query."""
    pool = claims[0].pool
    asked, rows = list(claims), [first]
    while True:
        asked.append(pool.or_(*(_differs(cell, number, -1) for cell, number in zip(cells, rows[-1], strict=True))))
        found = _asked(solvers, asked, cells)
        if found is None:
            break
        if len(rows) == MOST_SOLVED:
            raise Unsupported(f"the initial states are too many to list ({cells[0].name} and what depends on it take over {MOST_SOLVED})")
        rows.append(found)
    table = np.array(rows, np.uint64).reshape(len(rows), len(cells))
    return _Table({cell.term: _typed(cell.term, table[:, number]) for number, cell in enumerate(cells)}, len(rows))


def _asked(solvers: SolverPool, claims: Sequence[Term], cells: Sequence[Cell]) -> list[int] | None:
    """The cells' values in a solution of all claims, None where there is none. Raises Unsupported where a solver does not know."""
    answer = solvers.check(Query(tuple(claims)), timeout=_SECONDS)
    if answer.status is Status.UNKNOWN:
        raise Unsupported(f"the initial states were not all found: {answer.reason}")
    if answer.model is None:
        return None
    return [_number(answer.model[cell.term.name]) for cell in cells]


def _legal(cell: Cell, values: Mapping[Term, Column]) -> Iterator[Term]:
    """That a cell has one of its values."""
    term, pool = cell.term, cell.term.pool
    if term in values and len(values[term]) < cell.size:
        yield pool.or_(*(pool.eq(term, pool.value(term.sort, scalar(term.sort, int(value)))) for value in values[term]))
    elif term.width and cell.size < 1 << term.width:
        yield pool.ult(term, pool.bv(cell.size, term.width))


def _holds(parts: Sequence[Term], columns: Mapping[Term, Column], count: int) -> Column:
    """In which rows all conditions hold."""
    [held] = _computed([parts[0].pool.and_(*parts)], columns, count)
    return held


def _computed(terms: Sequence[Term], columns: Mapping[Term, Column], count: int) -> list[Column]:
    program = Program(terms)
    return [np.broadcast_to(result, count) for result in program.run([columns[term] for term in program.inputs])]


def _product(one: _Table, other: _Table) -> _Table:
    """Every row of one beside every row of the other."""
    columns = {term: np.repeat(column, other.count) for term, column in one.columns.items()}
    columns |= {term: np.tile(column, one.count) for term, column in other.columns.items()}
    return _Table(columns, one.count * other.count)


def _number(value: Value) -> int:
    assert isinstance(value, bool | int)
    return int(value)


def _typed(term: Term, values: Column) -> Column:
    column: Column = values.astype(column_type(term.width))
    return column
