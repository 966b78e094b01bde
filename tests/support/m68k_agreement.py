"""What the description of the 68000 says of one instruction in one state, beside what an emulator does."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zlib import crc32

from tests.support.m68k_emulator import SUPERVISOR, Emulator, Registers
from vmproof.language import Budget, Description, Instruction, load
from vmproof.simulate import SimulatedMemory, Simulator, Step, StepKind
from vmproof.terms import BOOL, ArrayValue, BitVecSort, Sort, Term, Value

MODELS = Path(__file__).parents[2] / "models"
INTERESTING = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x99, 0x12345678)
FLAGS = ("X", "N", "Z", "V", "C")
VECTORS = {
    "address_error": 3, "illegal_instruction": 4, "zero_divide": 5, "chk": 6, "trapv": 7, "privilege_violation": 8, "trace": 9,
    "line_a": 10, "line_f": 11, "trap": 32,
}  # fmt: skip


@cache
def machine() -> Description:
    """The model; what thousands of steps cost is not the description's fault, so its budget is without limits."""
    return load(MODELS / "m68000.py", Budget(nodes=1 << 60, terms=1 << 60, seconds=float("inf")))


@cache
def emulator() -> Emulator:
    return Emulator()


@dataclass(frozen=True)
class Case:
    """One instruction in one state."""

    instruction: Instruction
    operands: Mapping[str, int]
    code: bytes
    start: Registers
    seed: int


class Storage:
    """All of memory as a device: bytes nobody has set are random but fixed; it remembers what was read and written."""

    def __init__(self, code: Mapping[int, int], seed: int) -> None:
        self.code = code
        self.seed = seed
        self.read_bytes: dict[int, int] = {}
        self.stores: dict[int, int] = {}

    def read(self, address: int) -> int:
        at = address & 0xFFFFFF  # user and supervisor storage begin alike, and an instruction reads one of them only
        byte = self.code.get(at)
        if byte is None:
            byte = self.background(at)
        self.read_bytes.setdefault(at, byte)
        return byte

    def background(self, address: int) -> int:
        """Random but fixed; every fourth group of four bytes is all zeros or all ones."""
        group = crc32(f"{self.seed} {address >> 2}".encode())
        if group >> 30 == 0:
            return 0xFF * (group & 1)
        return group >> 8 * (address & 3) & 0xFF

    def write(self, address: int, cell: int) -> None:
        self.stores[address & 0xFFFFFF] = cell


class ChoosingMemory(SimulatedMemory):
    """Every choice is all zeros or all ones, so that two runs show which results depend on a choice."""

    ones = False
    chose = False

    def choose(self, run: object, name: str, sort: Sort) -> Term:
        self.chose = True
        pool = machine().pool
        if sort == BOOL:
            return pool.bool(self.ones)
        assert isinstance(sort, BitVecSort)
        return pool.bv(-1 if self.ones else 0, sort.width)


@dataclass(frozen=True)
class Predicted:
    """What the description says: the step, the registers after it, the stores before any trap entry, and what it has read."""

    step: Step
    registers: Registers
    stores: Mapping[int, int]
    reads: Mapping[int, int]
    chose: bool


def predict(case: Case, ones: bool) -> Predicted:
    start = case.start
    code = {start.pc + offset & 0xFFFFFF: byte for offset, byte in enumerate(case.code)}
    storage = Storage(code, case.seed)
    state: dict[str, Value] = {
        "pc": start.pc,
        "d": ArrayValue(0, dict(enumerate(start.d))),
        "a": ArrayValue(0, dict(enumerate(start.a))),
        "other_sp": start.other_sp,
        "mode": start.sr >> 13 & 1,
        "trace": start.sr >> 15 & 1,
        "ipm": start.sr >> 8 & 7,
        **{f"ccr.{flag}": start.sr >> 4 - bit & 1 for bit, flag in enumerate(FLAGS)},
    }
    simulator = Simulator(machine(), state, devices=[(0, (1 << 25) - 1, storage)])
    memory = ChoosingMemory(simulator.memory.array, {}, 0, simulator.memory.devices)
    memory.ones = ones
    simulator.memory = memory
    step = simulator.step()
    now = simulator.state

    def number(path: str) -> int:
        value = now[path]
        assert isinstance(value, int)
        return value

    def words(path: str) -> tuple[int, ...]:
        array = now[path]
        assert isinstance(array, ArrayValue)
        return tuple(value for value in map(array.get, range(8)) if isinstance(value, int))

    flags = sum(number(f"ccr.{flag}") << 4 - bit for bit, flag in enumerate(FLAGS))
    sr = number("trace") << 15 | number("mode") << 13 | number("ipm") << 8 | flags
    after = Registers(number("pc"), sr, words("d"), words("a"), number("other_sp"))
    return Predicted(step, after, dict(storage.stores), storage.read_bytes, memory.chose)


def visible(registers: Registers, entered: bool) -> dict[str, int]:
    """What is compared; after exception entry only what the entry leaves alone, since the emulator does not enter exceptions."""
    found = {f"d{number}": value for number, value in enumerate(registers.d)}
    found |= {f"a{number}": value for number, value in enumerate(registers.a[: 7 if entered else 8])}
    found |= {flag: registers.sr >> 4 - bit & 1 for bit, flag in enumerate(FLAGS)}
    if not entered:
        found |= {"pc": registers.pc, "other_sp": registers.other_sp}
        found |= {"trace": registers.sr >> 15 & 1, "mode": registers.sr >> 13 & 1, "ipm": registers.sr >> 8 & 7}
    return found


def exception(case: Case, step: Step) -> str:
    """The step's outcome in words that the emulator's can be compared with."""
    if step.kind is not StepKind.TRAPPED:
        return "completes"
    return f"vector {VECTORS[step.cause] + (case.operands['vector'] if step.cause == 'trap' else 0)}"


@dataclass(frozen=True)
class Difference:
    """One field in which the two disagree. `cause` is that of the described trap, `emulated_sr` the emulator's status register."""

    case: Case
    cause: str
    field: str
    described: str
    emulated: str
    emulated_sr: int


def differences(case: Case) -> list[Difference]:
    """Where the description and the emulator disagree about a case; what depends on a choice is not compared."""
    first = predict(case, ones=False)
    code = {case.start.pc + offset: byte for offset, byte in enumerate(case.code)}
    result = emulator().run(case.start, {**first.reads, **code})
    outcome = exception(case, first.step)
    emulated = "completes" if result.vector is None else f"vector {result.vector}"
    found: list[Difference] = []

    def note(name: str, described: str, shown: str) -> None:
        if described != shown:
            found.append(Difference(case, first.step.cause, name, described, shown, result.registers.sr))

    note("outcome", outcome, emulated)
    if found and (first.step.cause != "trace" or result.vector is not None):
        return found
    entered = first.step.kind is StepKind.TRAPPED
    ours, theirs = visible(first.registers, entered), visible(result.registers, entered)
    if not result.flags_known:
        ours = {name: value for name, value in ours.items() if name not in FLAGS}
    our_stores, their_stores = dict(first.stores), dict(result.stores)
    if first.chose:
        second = predict(case, ones=True)
        other = visible(second.registers, entered)
        ours = {name: value for name, value in ours.items() if other[name] == value}
        for address in [address for address, byte in our_stores.items() if second.stores.get(address) != byte]:
            del our_stores[address]
            their_stores.pop(address, None)
    if not entered:
        note("memory", _bytes(our_stores), _bytes(their_stores))
    for name, value in ours.items():
        note(name, f"{value:#x}", f"{theirs[name]:#x}")
    return found


def _bytes(stores: Mapping[int, int]) -> str:
    return ", ".join(f"{address:06x}:{byte:02x}" for address, byte in sorted(stores.items()))


def cases(instruction: Instruction, turns: int, salt: str = "") -> Iterator[Case]:
    """Random cases, `turns` for each choice of forms."""
    encoding = instruction.encoding
    chance = random.Random(f"{instruction.name} {salt}")
    for _ in range(turns):
        for shape in encoding.shapes():
            while True:
                operands = dict(shape.choices)
                for name, hi, lo, _start in shape.pieces:
                    width = hi - lo + 1
                    value = chance.choice(INTERESTING) if chance.random() < 0.3 else chance.getrandbits(width)
                    operands[name] = operands.get(name, 0) | (value & (1 << width) - 1) << lo
                if not encoding.problem(operands):
                    break
            word, width = encoding.assemble(operands)
            yield Case(instruction, operands, word.to_bytes(width // 8, "big"), registers(chance), chance.getrandbits(32))


def registers(chance: random.Random) -> Registers:
    """A legal state: mostly even addresses, interesting data, either mode, seldom tracing."""

    def data() -> int:
        return chance.choice(INTERESTING) if chance.random() < 0.5 else chance.getrandbits(32)

    def pointer() -> int:
        return chance.getrandbits(32) & ~(chance.random() < 0.9)

    sr = chance.getrandbits(5) | chance.getrandbits(3) << 8 | chance.getrandbits(1) * SUPERVISOR | (chance.random() < 0.05) << 15
    pc = chance.randrange(0x1000, 0xFFF000, 2)
    return Registers(pc, sr, tuple(data() for _ in range(8)), tuple(pointer() for _ in range(8)), pointer())
