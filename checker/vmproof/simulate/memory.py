"""Concrete memory: cells in a dictionary, devices at ranges of physical addresses, stores that wait until the instruction ends."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from vmproof.language import Located, Physical, Run
from vmproof.terms import BOOL, BitVecSort, Sort, Term


class Device(Protocol):
    """Something at physical addresses whose reads and writes have effects of their own."""

    def read(self, address: int) -> int:
        """The cell that a load gets; called once for each cell that is really loaded, in program order."""

    def write(self, address: int, cell: int) -> None:
        """A cell is stored; called when the instruction has completed, in program order."""


@dataclass(frozen=True)
class _Store:
    address: int
    cell: int
    kept: bool


class SimulatedMemory:
    """The memory model of a simulation. `devices` are (first address, last address, device); `seed` decides what `choose` takes."""

    def __init__(
        self,
        array: str,
        cells: Mapping[int, int],
        default: int = 0,
        devices: Sequence[tuple[int, int, Device]] = (),
        seed: int = 0,
    ) -> None:
        self._physical = Physical(array)
        self.cells = dict(cells)
        self.default = default
        self.devices = tuple(devices)
        self._random = random.Random(seed)
        self._waiting: list[_Store] = []

    @property
    def array(self) -> str:
        return self._physical.array

    def locate(self, run: Run, va: Term, access: int, size: int) -> Located:
        return self._physical.locate(run, va, access, size)

    def read(self, run: Run, entry: str, address: Term) -> Term:
        at = _number(address)
        for store in reversed(self._waiting):
            if store.address == at:
                return run.pool.bv(store.cell, _cell_width(run))
        device = self.device(at)
        cell = device.read(at) if device is not None else self.cells.get(at, self.default)
        return run.pool.bv(cell, _cell_width(run))

    def write(self, run: Run, entry: str, address: Term, cell: Term) -> None:
        self._waiting.append(_Store(_number(address), _number(cell), run.keeping > 0))

    def choose(self, run: Run, name: str, sort: Sort) -> Term:
        width = sort.width if isinstance(sort, BitVecSort) else 1
        value = self._random.getrandbits(width)
        return run.pool.bool(bool(value)) if sort == BOOL else run.pool.value(sort, value)

    def device(self, address: int) -> Device | None:
        """The device at a physical address, if there is one."""
        return next((device for first, last, device in self.devices if first <= address <= last), None)

    def settle(self, completed: bool) -> dict[int, int]:
        """Perform the stores that wait, all of them or only those that survive a trap; what changed, by address."""
        performed: dict[int, int] = {}
        for store in self._waiting:
            if not (completed or store.kept):
                continue
            device = self.device(store.address)
            if device is not None:
                device.write(store.address, store.cell)
            else:
                self.cells[store.address] = store.cell
            performed[store.address] = store.cell
        self._waiting.clear()
        return performed

    def keep_nothing(self) -> None:
        """Forget the stores that wait."""
        self._waiting.clear()


def _number(term: Term) -> int:
    value = term.value
    assert isinstance(value, int)
    return value


def _cell_width(run: Run) -> int:
    assert run.machine is not None
    assert run.machine.memory is not None
    return run.machine.memory.cell
