"""States of the description of RV64 as words, the way emulators show them, and what one step of the description makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from vmproof.language import Budget, Description, load
from vmproof.language.types import BitsType, LayoutType
from vmproof.simulate import SimulatedMemory, Simulator, Step, StepKind
from vmproof.terms import BOOL, ArrayValue, BitVecSort, Sort, Term, Value

MODELS = Path(__file__).parents[2] / "models"
U, S, M, VU, VS = 0, 1, 3, 4, 5
MODES = {U: "U", S: "S", M: "M", VU: "VU", VS: "VS"}
PMP_FIELDS = (("R", 0, 1), ("W", 1, 1), ("X", 2, 1), ("A", 3, 3), ("L", 7, 1))  # name, lowest bit, mask
OPEN = 0x1F  # a PMP entry of a power of two that grants everything


@cache
def machine() -> Description:
    """The model; what thousands of steps cost is not the description's fault, so its budget is without limits."""
    return load(MODELS / "rv64.py", Budget(nodes=1 << 60, terms=1 << 60, seconds=float("inf")))


@cache
def words() -> tuple[str, ...]:
    """The control registers that the state holds as one word each."""
    state = machine().machine.state
    assert state is not None
    others = ("pc", "fenced", "storage")
    return tuple(name for name, kind in state.fields.items() if isinstance(kind, BitsType | LayoutType) and name not in others)


@dataclass
class Machine:
    """A state. `words` has the control registers that are not zero; `ram` is a background that a run does not change."""

    pc: int
    mode: int
    x: list[int]
    words: dict[str, int] = field(default_factory=dict)
    pmpcfg: list[int] = field(default_factory=lambda: [OPEN] + [0] * 15)
    pmpaddr: list[int] = field(default_factory=lambda: [(1 << 54) - 1] + [0] * 15)
    hypervisor: bool = True
    pmp: bool = False  # whether the description looks at the entries, which takes it long


class Storage:
    """All of memory as a device, which remembers which bytes were read and written."""

    def __init__(self, cells: Mapping[int, int], background: bytes, base: int) -> None:
        self.cells = dict(cells)
        self.background = background
        self.base = base
        self.outside = False
        self.stores: dict[int, int] = {}

    def read(self, address: int) -> int:
        at = address - self.base
        if not 0 <= at < len(self.background):
            self.outside = True
            return 0
        return self.stores.get(address, self.cells.get(address, self.background[at]))

    def write(self, address: int, cell: int) -> None:
        if not 0 <= address - self.base < len(self.background):
            self.outside = True
        self.stores[address] = cell


class ZeroMemory(SimulatedMemory):
    """Every choice is zero."""

    def choose(self, run: object, name: str, sort: Sort) -> Term:
        pool = machine().pool
        if sort == BOOL:
            return pool.false
        assert isinstance(sort, BitVecSort)
        return pool.bv(0, sort.width)


@dataclass(frozen=True)
class Predicted:
    """What the description says of some steps: the last of them, the state after it, all stores, and whether an access left the RAM."""

    step: Step
    after: Machine
    stores: Mapping[int, int]
    outside: bool


def predict(start: Machine, cells: Mapping[int, int], background: bytes, base: int, steps: int = 1) -> Predicted:
    """Run the description; bytes that `cells` does not have are those of `background`, which begins at `base`."""
    storage = Storage(cells, background, base)
    simulator = Simulator(machine(), leaves(start), devices=[(0, (1 << 56) - 1, storage)])
    simulator.memory = ZeroMemory(simulator.memory.array, {}, 0, simulator.memory.devices)
    step = simulator.step()
    for _ in range(steps - 1):
        if step.kind is StepKind.TRAPPED:
            break
        step = simulator.step()
    return Predicted(step, collected(simulator.state, start), storage.stores, storage.outside)


def leaves(start: Machine) -> dict[str, Value]:
    """The state as the simulator takes it."""
    state = machine().machine.state
    assert state is not None
    found: dict[str, Value] = {
        "pc": start.pc,
        "mode": start.mode,
        "x": ArrayValue(0, dict(enumerate(start.x))),
        "hypervisor": start.hypervisor,
        "pmp": start.pmp,
        "storage": (1 << 44) - 1,
        "pmpaddr": ArrayValue(0, dict(enumerate(start.pmpaddr))),
    }
    for name, low, mask in PMP_FIELDS:
        found[f"pmpcfg.{name}"] = ArrayValue(0, {number: entry >> low & mask for number, entry in enumerate(start.pmpcfg)})
    for name, word in start.words.items():
        kind = state.fields[name]
        if isinstance(kind, LayoutType):
            for part in kind.fields.values():
                found[f"{name}.{part.name}"] = word >> part.lo & (2 << part.hi - part.lo) - 1
        else:
            found[name] = word
    return found


def collected(now: Mapping[str, Value], start: Machine) -> Machine:
    """The state of a simulator as words."""
    state = machine().machine.state
    assert state is not None

    def number(path: str) -> int:
        value = now[path]
        assert isinstance(value, int)
        return value

    def array(path: str, count: int) -> list[int]:
        value = now[path]
        assert isinstance(value, ArrayValue)
        items = [value.get(index) for index in range(count)]
        return [item for item in items if isinstance(item, int)]

    found: dict[str, int] = {}
    for name in words():
        kind = state.fields[name]
        if isinstance(kind, LayoutType):
            found[name] = sum(number(f"{name}.{part.name}") << part.lo for part in kind.fields.values())
        else:
            found[name] = number(name)
    entries = [0] * 16
    for name, low, _ in PMP_FIELDS:
        entries = [entry | value << low for entry, value in zip(entries, array(f"pmpcfg.{name}", 16), strict=True)]
    return Machine(number("pc"), number("mode"), array("x", 32), found, entries, array("pmpaddr", 16), start.hypervisor, start.pmp)
