"""Initial states, enumerated: partial states grow cell by cell, and each condition filters them as soon as its cells are there."""

from __future__ import annotations

import numpy as np

from vmproof.engines.instances import Model, conjuncts
from vmproof.engines.scalars import Cell, Unsupported
from vmproof.engines.vector import Column, Program
from vmproof.terms import Op, Term, substitute, variables

MOST_PARTIAL = 1 << 23


def initial_states(model: Model) -> list[Column]:
    """The packed initial states, each once, in order of their cells' values.

    Raises Unsupported if there are more than MOST_PARTIAL, or if partial states become that many on the way.
    """
    pool, cells = model.scalars.pool, model.scalars.cells
    formula = model.scalars.formula(model.system.init, {})
    known: dict[Term, Term] = {}
    while True:  # what an equation fixes is put in everywhere, which may fix more
        found = {}
        for part in conjuncts(pool, formula):
            found.update(_equation(part))
        if not found:
            break
        known.update(found)
        [formula] = substitute(pool, [formula], found)
    if formula is pool.false:
        return [np.empty(0, np.uint64) for _ in range(model.packing.words)]
    columns: dict[Term, Column] = {}
    count = 1
    for term, value in known.items():
        number = int(value.data)
        if number >= model.scalars.by_term[term].size:
            return [np.empty(0, np.uint64) for _ in range(model.packing.words)]
        columns[term] = _spread(term, np.array([number]))
    waiting = conjuncts(pool, formula)
    for cell in _order([cell for cell in cells if cell.term not in known], waiting):
        if count * cell.size > MOST_PARTIAL:
            raise Unsupported(f"the initial states are too many to list ({cell.name} alone takes {cell.size} values)")
        columns = {term: np.repeat(column, cell.size) for term, column in columns.items()}
        columns[cell.term] = np.tile(_spread(cell.term, np.arange(cell.size, dtype=np.uint64)), count)
        count *= cell.size
        ready = [part for part in waiting if all(term in columns for term in variables([part]))]
        if ready:
            waiting = [part for part in waiting if part not in ready]
            program = Program([pool.and_(*ready)])
            [keep] = program.run([columns[term] for term in program.inputs])
            keep = np.broadcast_to(keep, count)
            columns = {term: column[keep] for term, column in columns.items()}
            count = int(np.count_nonzero(keep))
    packed = model.packing.pack([np.broadcast_to(columns[cell.term], count) for cell in cells], count)
    order = np.lexsort([columns[cell.term] for cell in reversed(cells)]) if count > 1 else np.arange(count)
    return [word[order] for word in packed]


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


def _spread(term: Term, values: Column) -> Column:
    column: Column = values.astype(np.bool_ if not term.width else Program([term.pool.bv(0, term.width)]).run([])[0].dtype)
    return column


def _order(cells: list[Cell], parts: list[Term]) -> list[Cell]:
    """Cells in the order to try them: next comes one that completes a condition soonest, small types first; free cells last."""
    needs = [set(variables([part])) for part in parts]
    placed: set[Term] = set()
    left, order = list(cells), []
    while left:
        def rank(cell: Cell) -> tuple[int, int, int]:
            missing = [len(need - placed) for need in needs if cell.term in need]
            return (min(missing) if missing else len(cells) + 1, cell.size, cell.number)

        best = min(left, key=rank)
        left.remove(best)
        placed.add(best.term)
        order.append(best)
    return order
