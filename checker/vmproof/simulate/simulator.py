"""Fetch, decode, execute, trap entry, on concrete states, with the evaluator that also serves the solvers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vmproof.errors import InputError
from vmproof.language import Description, Instruction, Outcome, Trap
from vmproof.language.assembly import render
from vmproof.simulate.memory import Device, SimulatedMemory
from vmproof.terms import ArrayValue, Term, Value, default_value, evaluate

State = dict[str, Value]


class StepKind(StrEnum):
    """What became of one step."""

    COMPLETED = "completed"
    TRAPPED = "trapped"
    WAITING = "waiting"
    UNPREDICTABLE = "unpredictable"


@dataclass(frozen=True)
class Step:
    """One step of a simulation.

    `instruction` is its name ("" where fetching trapped, "undefined" where no pattern matches), `word` and `bits` its encoding,
    `assembly` its text. `cause` is the trap's cause by name, `memory_trap` whether the translation raised it. `changes` are the leaves
    that differ after the step (the memory aside), `stores` the physical cells written.
    """

    kind: StepKind
    instruction: str
    word: int
    bits: int
    assembly: str
    cause: str
    memory_trap: bool
    changes: Mapping[str, tuple[Value, Value]]
    stores: Mapping[int, int]


class Simulator:
    """Runs a description on a concrete state.

    `state` gives values to leaf paths (others are zero; a memory may be an ArrayValue or left out for `memory`). `memory` maps physical
    addresses to cells. Raises `InputError` for a leaf that the description does not have or a value that does not fit.
    """

    def __init__(
        self,
        description: Description,
        state: Mapping[str, Value] | None = None,
        memory: Mapping[int, int] | None = None,
        devices: Sequence[tuple[int, int, Device]] = (),
        seed: int = 0,
    ) -> None:
        self.description = description
        self.pool = description.pool
        self._memory_path = description.memory.path if description.memory is not None else None
        given = dict(state or {})
        unknown = [path for path in given if path not in description.by_path]
        if unknown:
            raise InputError(f"{description.name} has no field `{unknown[0]}`")
        cells: dict[int, int] = dict(memory or {})
        default = 0
        if self._memory_path is not None and self._memory_path in given:
            array = given.pop(self._memory_path)
            if not isinstance(array, ArrayValue):
                raise InputError(f"`{self._memory_path}` is a memory; give it an ArrayValue")
            cells = {int(key): int(value) for key, value in array.entries.items()} | cells  # type: ignore[arg-type]
            default = int(array.default)  # type: ignore[arg-type]
        self.state: State = {
            item.path: given.get(item.path, default_value(item.sort)) for item in description.fields if item.path != self._memory_path
        }
        self.memory = SimulatedMemory(self._memory_path or "", cells, default, devices, seed)
        self._terms()  # a value that does not fit its leaf is found here

    def _terms(self) -> dict[str, Term]:
        """The registers as constants. The memory's own entry stays empty: cells are read through the memory model."""
        try:
            terms = {path: self.pool.value(self.description.by_path[path].sort, value) for path, value in self.state.items()}
        except ValueError as problem:
            raise InputError(f"a value of the state does not fit: {problem}") from None
        if self._memory_path is not None:
            sort = self.description.by_path[self._memory_path].sort
            terms[self._memory_path] = self.pool.value(sort, default_value(sort))
        return terms

    def legal(self) -> bool:
        """Whether the present registers are a legal state (a rule that reads memory sees zeros)."""
        return self.description.legal(self._terms()).value is True

    def step(self) -> Step:
        """Fetch, decode and execute one instruction; a trap is entered in the same step."""
        description = self.description
        terms = self._terms()
        unit_cells = description.unit_bits // description.cell_width
        fault: list[Trap] = []

        def read_unit(index: int) -> int:
            at = self.pool.add(terms["pc"], self.pool.bv(index * unit_cells, terms["pc"].width))
            word, trap = description.fetch_unit(terms, self.memory, at if index else None)
            if trap is not None and trap.guard.value is True:
                fault.append(trap)
                raise _FetchFault
            value = word.value
            assert isinstance(value, int)
            return value

        try:
            decoded = description.decoder.decode(read_unit)
        except _FetchFault:
            self.memory.keep_nothing()
            return self._trapped(fault[0], "", 0, 0, "")
        if decoded is None:
            word = read_unit(0)
            outcome = description.execute_undefined(self.pool.bv(word, description.unit_bits), terms, self.memory)
            if outcome is None:
                raise InputError(f"the word {word:#x} at {self.state['pc']:#x} is no instruction, and there is no @undefined")
            return self._finish(outcome, "undefined", word, description.unit_bits, "")
        instruction = description.instructions[decoded.index]
        return self.execute(instruction, decoded.values, decoded.word, decoded.bits)

    def execute(self, instruction: Instruction, operands: Mapping[str, int], word: int = 0, bits: int = 0) -> Step:
        """Execute a decoded instruction in the present state."""
        values = {name: self.pool.value(sort, operands.get(name, 0)) for name, sort in instruction.variables}
        outcome = self.description.execute(instruction, self._terms(), values, self.memory)
        text = render(instruction.asm, instruction.name, instruction.encoding, dict(operands))
        return self._finish(outcome, instruction.name, word, bits, text)

    def run(self, steps: int) -> list[Step]:
        """At most so many steps; ends early where the processor waits."""
        done: list[Step] = []
        for _ in range(steps):
            done.append(self.step())
            if done[-1].kind in (StepKind.WAITING, StepKind.UNPREDICTABLE):
                break
        return done

    def _finish(self, outcome: Outcome, name: str, word: int, bits: int, text: str) -> Step:
        for trap in outcome.traps:
            if _holds(trap.guard):
                return self._trapped(trap, name, word, bits, text)
        if _holds(outcome.unpredictable):
            self.memory.keep_nothing()
            return Step(StepKind.UNPREDICTABLE, name, word, bits, text, "", False, {}, {})
        stores = self.memory.settle(completed=True)
        changes = self._update(outcome.state)
        kind = StepKind.WAITING if _holds(outcome.waits) else StepKind.COMPLETED
        return Step(kind, name, word, bits, text, "", False, changes, stores)

    def _trapped(self, trap: Trap, name: str, word: int, bits: int, text: str) -> Step:
        stores = self.memory.settle(completed=False)
        entered, _ = self.description.enter(trap, self.memory)
        stores |= self.memory.settle(completed=True)
        changes = self._update(entered)
        return Step(StepKind.TRAPPED, name, word, bits, text, self._cause(trap), trap.memory, changes, stores)

    def _cause(self, trap: Trap) -> str:
        kind = self.description.machine.cause_type
        if kind is None or trap.cause is None:
            return ""
        value = trap.cause.value
        assert isinstance(value, int)
        return kind.name_of(value)

    def _update(self, terms: Mapping[str, Term]) -> dict[str, tuple[Value, Value]]:
        """Take over the registers of a finished step; what changed, as (before, after) by leaf path."""
        paths = list(self.state)
        values = evaluate([terms[path] for path in paths], {})
        changes: dict[str, tuple[Value, Value]] = {}
        for path, value in zip(paths, values, strict=True):
            if value != self.state[path]:
                changes[path] = (self.state[path], value)
                self.state[path] = value
        return changes


class _FetchFault(Exception):
    """Fetching an instruction word trapped."""


def _holds(term: Term) -> bool:
    return term.is_const and term.value is True
