"""One walk serves machines (`@translation`, run and as terms) and systems (`@action`s)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from tests.support.tool import vmproof
from vmproof.language import Description, lint, load
from vmproof.simulate import Simulator, StepKind
from vmproof.terms import ArrayValue, BitVecSort, Value, reachable

MACHINES = Path(__file__).parent / "machines"
ROOT, MIDDLE, LAST = 0x8000_1000, 0x8000_2000, 0x8000_3000
PAGE, CODE = 0x8000_4000, 0x8000_5000
PTE = LAST + 8
LB, SB = 0x0000_8103, 0x0020_8023  # lb x2, 0(x1); sb x2, 0(x1)


@cache
def paged() -> Description:
    return load(MACHINES / "paged.py")


def machine(pte: int, code: int, mode: int = 1, **state: Value) -> Simulator:
    """The machine in front of one instruction at 0x2000; x1 names 0x1234, whose page table entry is `pte`."""
    words = {ROOT: MIDDLE >> 2 | 1, MIDDLE: LAST >> 2 | 1, LAST + 16: CODE >> 2 | (0x5B if mode == 0 else 0x4B), PTE: pte}
    memory = {place + byte: word >> 8 * byte & 0xFF for place, word in words.items() for byte in range(8)}
    memory |= {CODE + byte: code >> 8 * byte & 0xFF for byte in range(4)}
    memory[PAGE + 0x234] = 0x55
    registers = ArrayValue(0, {1: 0x1234, 2: 0xAA})
    given: dict[str, Value] = {"pc": 0x2000, "mode": mode, "satp.MODE": 8, "satp.PPN": ROOT >> 12, "x": registers, "stvec": 0x8000_0000}
    return Simulator(paged(), {**given, **state}, memory)


def word(simulator: Simulator, place: int) -> int:
    return sum(simulator.memory.cells[place + byte] << 8 * byte for byte in range(8))


def test_a_load_goes_through_the_tables_and_sets_the_accessed_bit() -> None:
    simulator = machine(PAGE >> 2 | 7, LB)
    assert simulator.step().kind is StepKind.COMPLETED
    loaded = simulator.state["x"]
    assert isinstance(loaded, ArrayValue)
    assert loaded.get(2) == 0x55
    assert word(simulator, PTE) == PAGE >> 2 | 0x47


def test_a_store_sets_the_dirty_bit_and_writes_where_the_page_is() -> None:
    simulator = machine(PAGE >> 2 | 0x47, SB)
    assert simulator.step().kind is StepKind.COMPLETED
    assert simulator.memory.cells[PAGE + 0x234] == 0xAA
    assert word(simulator, PTE) == PAGE >> 2 | 0xC7


@pytest.mark.parametrize(
    ("pte", "code", "cause", "mode", "state"),
    [
        (0, LB, 13, 1, {}),
        (PAGE >> 2 | 0x43, SB, 15, 1, {}),
        (PAGE >> 2 | 0xD7, LB, 13, 1, {}),
        (PAGE >> 2 | 0xC7, SB, 15, 0, {}),
        (PAGE >> 2 | 0x49, LB, 13, 1, {}),
    ],
    ids=["not valid", "not writable", "a user's page", "a supervisor's page", "execute only"],
)
def test_a_fault_traps_with_the_machines_own_cause_and_leaves_the_tables_alone(
    pte: int, code: int, cause: int, mode: int, state: dict[str, Value]
) -> None:
    simulator = machine(pte, code, mode, **state)
    step = simulator.step()
    assert (step.kind, step.memory_trap) == (StepKind.TRAPPED, True)
    assert (simulator.state["scause"], simulator.state["stval"], simulator.state["sepc"]) == (cause, 0x1234, 0x2000)
    assert word(simulator, PTE) == pte


def test_sum_and_mxr_reach_the_walk() -> None:
    assert machine(PAGE >> 2 | 0xD7, LB, SUM=True).step().kind is StepKind.COMPLETED
    assert machine(PAGE >> 2 | 0x49, LB, MXR=True).step().kind is StepKind.COMPLETED


def test_the_translation_is_small_as_terms_and_says_nothing_doubtful() -> None:
    description = paged()
    assert lint(MACHINES / "paged.py") == []
    located = description.translate(description.fresh("s"), description.pool.var("va", BitVecSort(64)), 1)
    assert len(reachable([located.fault, located.address])) < 600


def test_a_system_steps_through_walks_and_its_invariants_are_decided() -> None:
    proved = vmproof("mc", str(MACHINES / "walker.py"), "--engine", "induction", "--format", "json", "--property", "only_marks")
    verdicts = {item["name"]: item["verdict"] for item in json.loads(proved.stdout)["properties"]}
    assert verdicts == {"only_marks": "proved"}
    address = vmproof("mc", str(MACHINES / "walker.py"), "--engine", "induction", "--format", "json", "--property", "physical")
    assert json.loads(address.stdout)["properties"][0]["verdict"] == "proved"
    wrong = vmproof("mc", str(MACHINES / "walker.py"), "--engine", "bmc", "--bound", "1", "--format", "json", "--property", "unchanged")
    assert json.loads(wrong.stdout)["properties"][0]["verdict"] == "refuted"
