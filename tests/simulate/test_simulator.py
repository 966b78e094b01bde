"""The reference simulator: fetch, decode, execute, trap entry on concrete states; devices see what really happens, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.errors import InputError
from vmproof.language import load, load_text
from vmproof.simulate import Simulator, StepKind
from vmproof.terms import ArrayValue, Value


def array(entries: dict[int, int]) -> ArrayValue:
    pairs: list[tuple[Value, Value]] = list(entries.items())
    return ArrayValue(0, pairs)


PG74 = Path(__file__).parents[2] / "models" / "pg74.py"

GADGET = '''
from vmproof.lang import *

class Cause(Enum):
    odd = 0
    call = 1
    undefined = 2

class Gadget(State):
    pc: bits[8]
    r: array[bits[1], bits[16]]
    lost: bits[8] = role.control
    mem: memory[bits[8], bits[8], big]

@translation
def bus(m, va: bits[8], access: Access, size) -> bits[8]:
    if size > 1 and va[0]:
        trap(Cause.odd, va)
    return va

@fetch
def word(m, at):
    return m.load(at)

@trap_entry
def enter(m, cause: Cause, value: bits[8]):
    m.mem[0xF0] = m.pc
    m.mem[0xF1] = m.next_pc
    m.lost = value
    m.pc = 0x80

@undefined
def unknown(m, word):
    trap(Cause.undefined, word)

@instruction("0001 000 rd", rd=forms("r[1]", near=form("r[1] + low[8]")))
def load(m, rd):
    """Two cells from the address that follows."""
    m.r[rd.r] = m.load(rd.low, 2)

@instruction("0010 000 r[1] + at[8]")
def store(m, r, at):
    m.store(at, m.r[r])
    m.r[r] = m.r[r] + 1

@instruction("0011 0000")
def store_then_trap(m):
    m.store(0x40, bits[8](7))
    with kept():
        m.store(0x41, bits[8](8))
    trap(Cause.call, 9)

@instruction("0100 000 r[1]")
def anything(m, r):
    m.r[r] = choose(bits[16])

@instruction("0101 0000")
def sleep(m):
    wait()

@instruction("0110 0000")
def odd(m):
    unpredictable()
'''


@pytest.fixture
def gadget(tmp_path: Path) -> Simulator:
    return Simulator(load_text(GADGET, tmp_path / "gadget.py"))


class Log:
    """A device that keeps what was done to it; reads count up."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int, int]] = []

    def read(self, address: int) -> int:
        self.events.append(("read", address, len(self.events)))
        return len(self.events)

    def write(self, address: int, cell: int) -> None:
        self.events.append(("write", address, cell))


def test_a_program_runs_to_its_halt() -> None:
    start = {16: 0xC5, 17: 0b00110001, 18: 0xA3, 4: 8, 5: 1, 6: 0, 7: 255, 8: 0x00}
    simulator = Simulator(load(PG74), {"storage": 256, "bound": 255, "mode": 0, "base": 16}, start)
    steps = simulator.run(10)
    assert [step.instruction for step in steps] == ["load_immediate", "add", "supervisor_call", "halt"]
    assert [step.kind for step in steps] == [StepKind.COMPLETED, StepKind.COMPLETED, StepKind.TRAPPED, StepKind.WAITING]
    assert steps[2].cause == "call"
    assert steps[2].stores == {0: 2, 1: 0, 2: 16, 3: 255}, "the old PSW is at location 0"
    assert simulator.state["mode"] == 1
    assert simulator.state["r"] == array({0: 5})


def test_cells_are_read_and_written_most_significant_first(gadget: Simulator) -> None:
    gadget.memory.cells.update({0: 0x10, 1: 0x40, 2: 0x20, 3: 0x60, 0x40: 0xAB, 0x41: 0xCD})
    first, second = gadget.run(2)
    assert (first.bits, gadget.state["r"]) == (16, array({0: 0xABCE}))
    assert second.stores == {0x60: 0xAB, 0x61: 0xCD}


def test_a_memory_trap_is_entered_and_nothing_is_loaded(gadget: Simulator) -> None:
    log = Log()
    gadget.memory.devices = ((0x41, 0x42, log),)
    gadget.memory.cells.update({0: 0x10, 1: 0x41})
    (step,) = gadget.run(1)
    assert (step.kind, step.cause, step.memory_trap) == (StepKind.TRAPPED, "odd", True)
    assert log.events == []
    assert (gadget.state["pc"], gadget.state["lost"]) == (0x80, 0x41)
    assert step.stores == {0xF0: 0, 0xF1: 2}


def test_a_device_sees_each_access_once_in_order(gadget: Simulator) -> None:
    log = Log()
    gadget.memory.devices = ((0x40, 0x41, log),)
    gadget.memory.cells.update({0: 0x10, 1: 0x40, 2: 0x20, 3: 0x40})
    gadget.run(2)
    assert log.events == [("read", 0x40, 0), ("read", 0x41, 1), ("write", 0x40, 0x01), ("write", 0x41, 0x02)]


def test_of_the_stores_before_a_trap_the_kept_ones_happen(gadget: Simulator) -> None:
    gadget.memory.cells[0] = 0x30
    (step,) = gadget.run(1)
    assert step.stores == {0x41: 8, 0xF0: 0, 0xF1: 1}
    assert 0x40 not in gadget.memory.cells


def test_an_encoding_without_a_pattern_does_what_the_description_says(gadget: Simulator) -> None:
    gadget.memory.cells[0] = 0xFF
    (step,) = gadget.run(1)
    assert (step.instruction, step.cause, gadget.state["lost"]) == ("undefined", "undefined", 0xFF)


def test_choices_come_from_a_seeded_generator(tmp_path: Path) -> None:
    def run(seed: int) -> object:
        simulator = Simulator(load_text(GADGET, tmp_path / "gadget.py"), memory={0: 0x40, 1: 0x41}, seed=seed)
        simulator.run(2)
        return simulator.state["r"]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_waiting_and_unpredictable_end_a_run(gadget: Simulator) -> None:
    gadget.memory.cells.update({0: 0x50, 1: 0x60})
    assert [step.kind for step in gadget.run(5)] == [StepKind.WAITING]
    assert [step.kind for step in gadget.run(5)] == [StepKind.UNPREDICTABLE]


def test_a_state_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    description = load_text(GADGET, tmp_path / "gadget.py")
    with pytest.raises(InputError, match="gadget has no field `spin`"):
        Simulator(description, {"spin": 1})
    with pytest.raises(InputError, match="a value of the state does not fit"):
        Simulator(description, {"pc": 256})
