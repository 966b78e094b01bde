"""Translations by pages: an access is translated once for each page that it touches, and the lowest bits of its address stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmproof.errors import InputError
from vmproof.language import Description, load_text
from vmproof.simulate import Simulator, StepKind
from vmproof.terms import ArrayValue, Value

MACHINE = """\
from vmproof.lang import *
class Mode(Enum):
    user = 0
    system = 1
class Cause(Enum):
    memory = 0
class Machine(State):
    pc: bits[8]
    at: bits[8]
    a: bits[32]
    mode: Mode = role.mode(least=Mode.user)
    where: bits[8] = role.control
    frame: array[bits[3], bits[3]] = role.control
    present: array[bits[3], bool] = role.control
    mem: memory[bits[8], bits[8]]
@translation
def walk(m, va: bits[8], access: Access) -> bits[8]:
    if access == Access.fetch:
        return va
    if not m.present[va[7:5]]:
        trap(Cause.memory, va)
    return cat(m.frame[va[7:5]], va[4:0])
@fetch
def word(m): return m.load(m.pc)
@trap_entry
def enter(m, cause: Cause, value: bits[8]):
    m.where = value
@instruction("0000 0001")
def load(m):
    m.a = m.load(m.at, 4)
@instruction("0000 0010")
def store(m):
    m.store(m.at, m.a)
"""
PAGED = MACHINE.replace("@translation\n", "@translation(page=5)\n")


def described(text: str) -> Description:
    return load_text(text, Path("pages.py"))


BY_CELLS, BY_PAGES = described(MACHINE), described(PAGED)


@given(
    at=st.integers(0, 255),
    frames=st.lists(st.integers(0, 7), min_size=8, max_size=8),
    present=st.lists(st.booleans(), min_size=8, max_size=8),
    opcode=st.sampled_from([1, 2]),
)
def test_an_access_does_what_it_does_cell_by_cell(at: int, frames: list[int], present: list[bool], opcode: int) -> None:
    ends = []
    for description in (BY_CELLS, BY_PAGES):
        cells = {n: n * 37 & 0xFF for n in range(1, 256)} | {0: opcode}
        registers: dict[str, Value] = {
            "at": at, "a": 0x11223344, "mem": ArrayValue(0, cells),
            "frame": ArrayValue(0, dict(enumerate(frames))), "present": ArrayValue(False, dict(enumerate(present))),
        }  # fmt: skip
        simulator = Simulator(description, registers)
        step = simulator.step()
        ends.append((step.kind, step.stores, {path: simulator.state[path] for path in ("a", "where", "pc")}))
    assert ends[0] == ends[1]


def test_the_page_that_is_not_there_is_told_by_its_first_address() -> None:
    registers: dict[str, Value] = {"at": 0x1E, "present": ArrayValue(True, {1: False}), "mem": ArrayValue(0, {0: 1})}
    simulator = Simulator(BY_PAGES, registers)
    assert simulator.step().kind is StepKind.TRAPPED
    assert simulator.state["where"] == 0x20


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("@translation(5)", "@translation takes no arguments but page=n, for pages of 2 to the power of n cells"),
        ("@translation(page=2)", "a page has 2 to the power of 5 to 7 cells, not of 2"),
        ("@translation(page=8)", "a page has 2 to the power of 5 to 7 cells, not of 8"),
    ],
)
def test_what_is_wrong_with_it_is_said(new: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        described(MACHINE.replace("@translation", new))
    assert caught.value.message == message


def test_a_page_is_not_translated_by_size() -> None:
    with pytest.raises(InputError) as caught:
        described(PAGED.replace("access: Access)", "access: Access, size)"))
    assert caught.value.message == "`walk` translates pages, so it takes no size"
