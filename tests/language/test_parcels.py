"""Instructions in several units of which the least significant comes first, as the 16-bit parcels of RISC-V do."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.errors import InputError
from vmproof.language import Description, load_text
from vmproof.simulate import Simulator
from vmproof.terms import ArrayValue

MACHINE = """\
from vmproof.lang import *
class Mode(Enum):
    user = 0
    system = 1
class Machine(State):
    pc: bits[16]
    a: bits[16]
    word: bits[16]
    mode: Mode = role.mode(least=Mode.user)
    mem: memory[bits[16], bits[8]]
@fetch(low_first=True)
def unit(m, at): return m.load(at, 1)
@instruction("1010 imm[11:8] imm[7:0]", asm="long {imm:hex}")
def long(m, imm):
    m.a = zext(imm, 16)
    m.word = m.instruction
@instruction("0 value[7]", asm="short {value}")
def short(m, value):
    m.a = zext(value, 16)
"""


def described(low_first: bool) -> Description:
    """Long instructions have an odd low byte, short ones an even one."""
    text = MACHINE.replace("1010 imm[11:8] imm[7:0]", "1010 imm[11:1] 1").replace("0 value[7]", "value[7] 0")
    return load_text(text if low_first else text.replace("low_first=True", "low_first=False"), Path("parcels.py"))


def run(description: Description, *cells: int) -> Simulator:
    simulator = Simulator(description, {"mem": ArrayValue(0, dict(enumerate(cells)))})
    simulator.step()
    return simulator


def test_the_least_significant_unit_is_fetched_first() -> None:
    simulator = run(described(True), 0x35, 0xA2)
    assert simulator.state["a"] == 0x234
    assert simulator.state["pc"] == 2
    assert simulator.state["word"] == 0xA235, "m.instruction is as the manual writes it"


def test_without_that_the_most_significant_one_is() -> None:
    simulator = run(described(False), 0xA2, 0x35)
    assert simulator.state["a"] == 0x234


def test_an_instruction_of_one_unit_is_one() -> None:
    simulator = run(described(True), 0x0E)
    assert simulator.state["a"] == 7
    assert simulator.state["pc"] == 1


def test_assembled_streams_have_it_first_too() -> None:
    instruction = described(True).instruction("long")
    assert instruction is not None
    stream, bits = instruction.encoding.assemble({"imm": 0x234})
    assert (stream, bits) == (0x35A2, 16)
    assert instruction.encoding.number(stream, bits) == 0xA235


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("low_first=True", "first=True", "@fetch takes no arguments but low_first=True"),
        (
            "def unit(m, at): return m.load(at, 1)",
            "def unit(m): return m.load(m.pc, 1)",
            "@fetch `unit` takes the address of a unit, for an instruction may have several",
        ),
        (
            "m.load(at, 1)",
            "m.load(at, 3)",
            "in the pattern of `long`: the pattern has 16 bits, which is not a multiple of the 24 bits of a fetch unit",
        ),
    ],
)
def test_what_is_wrong_with_it_is_said(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_text(MACHINE.replace(old, new), Path("parcels.py"))
    assert caught.value.message == message
