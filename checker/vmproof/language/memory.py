"""How loads and stores find their cells: the description's own translation, or functions that two states share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vmproof.terms import Sort, Term, substitute

if TYPE_CHECKING:
    from vmproof.language.run import Run

CELLS = "$cells"  # the state entry that holds the cells of a view (THEORY.md, "The view")


@dataclass(frozen=True, eq=False)
class Located:
    """Where an access goes.

    `fault`: it memory-traps, with `cause` (None: the description has no causes) and `value`; else `address` is its cell. `updates`:
    finding it gives something another value, as a walk does that sets a bit in a table.
    """

    fault: Term
    cause: Term | None
    value: Term | None
    address: Term
    updates: Term

    @property
    def terms(self) -> list[Term]:
        """The terms that there are."""
        return [term for term in (self.fault, self.address, self.updates, self.cause, self.value) if term is not None]

    def substituted(self, mapping: Mapping[Term, Term]) -> Located:
        """The same with terms in the place of others."""
        replaced = dict(zip(self.terms, substitute(self.fault.pool, self.terms, mapping), strict=True))
        return Located(
            replaced[self.fault],
            None if self.cause is None else replaced[self.cause],
            None if self.value is None else replaced[self.value],
            replaced[self.address],
            replaced[self.updates],
        )


class MemoryModel(Protocol):
    """What an execution asks of memory."""

    @property
    def array(self) -> str:
        """The state entry, an array term, that the located cells live in."""

    def locate(self, run: Run, va: Term, access: int, size: int) -> Located:
        """Translate one cell's address in the run's present state.

        `access` is a code of `Access`; `size` is the number of cells of the access for its first cell and 1 for the others.
        """

    def read(self, run: Run, entry: str, address: Term) -> Term:
        """The cell at `address` of the state entry `entry`."""

    def write(self, run: Run, entry: str, address: Term, cell: Term) -> None:
        """Store a cell; called once the whole access has been translated."""

    def choose(self, run: Run, name: str, sort: Sort) -> Term:
        """The value of a `choose` whose place is called `name`: a variable of that name, or what a simulator takes."""


class Physical:
    """The description's own translation over the state's own memory."""

    def __init__(self, array: str) -> None:
        self._array = array

    @property
    def array(self) -> str:
        return self._array

    def locate(self, run: Run, va: Term, access: int, size: int) -> Located:
        return run.translate(va, access, size)

    def read(self, run: Run, entry: str, address: Term) -> Term:
        return run.pool.select(run.state[entry], address)

    def write(self, run: Run, entry: str, address: Term, cell: Term) -> None:
        run.set_entry(entry, run.pool.store(run.state[entry], address, cell))

    def choose(self, run: Run, name: str, sort: Sort) -> Term:
        return run.pool.var(name, sort)


class Unmapped(Physical):
    """Memory that is not translated, for executions of which only the widths matter: every access is allowed, and finds cell 0."""

    def locate(self, run: Run, va: Term, access: int, size: int) -> Located:
        pool, machine = run.pool, run.machine
        assert machine is not None
        assert machine.memory is not None
        return Located(pool.false, None, None, pool.bv(0, machine.memory.address), pool.false)
