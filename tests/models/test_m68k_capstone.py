"""Encodings and assembly text of the 68000 and the 68010 agree with Capstone's disassembler: every instruction in every form."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from vmproof.language import Description, Instruction, load
from vmproof.language.assembly import render

capstone: Any = import_module("capstone")  # it has types for its constants alone

MODELS = Path(__file__).parents[2] / "models"
PROCESSORS = {"m68000": "CS_MODE_M68K_000", "m68010": "CS_MODE_M68K_010"}
ADDRESS = 0x10000
TURNS = 8
WIDTHS = {"moveq": 8, "link": 16, "rtd": 16}  # the operands that one writes with a sign and the other without
ALIASES = {"dbra": "dbf"}
CONTROL_REGISTERS = {"sfc": "$000", "dfc": "$001", "usp": "$800", "vbr": "$801"}

# What Capstone gets wrong: the instruction, whether it does for these bytes, and how.
WAIVERS: dict[str, tuple[Callable[[bytes], bool], str]] = {
    "line_a": (lambda code: True, "it has no name for them"),
    "line_f": (lambda code: True, "it has no name for them"),
    "illegal": (lambda code: True, "it prints the word as an operand"),
    "bra": (lambda code: code[1] == 0xFF, "the displacement $FF means a long branch on the MC68020 only"),
    "bsr": (lambda code: code[1] == 0xFF, "the displacement $FF means a long branch on the MC68020 only"),
    "bcc": (lambda code: code[1] == 0xFF, "the displacement $FF means a long branch on the MC68020 only"),
    "btst_register": (lambda code: code[1] & 0x3F == 0x3C, "it reads an immediate byte as a long word"),
    "sbcd_memory": (lambda code: True, "it has a third operand"),
    "roxr_b": (lambda code: bool(code[1] & 0x20), "it takes the count in a register for an immediate one"),
    "move_to_ccr": (lambda code: code[1] & 0x3F == 0x3C, "it shows half of an immediate word"),
    "movec_from": (lambda code: code[2] & 7 > 0 or code[3] > 1, "it has no number for a register that does not exist"),
    "movec_to": (lambda code: code[2] & 7 > 0 or code[3] > 1, "it has no number for a register that does not exist"),
}

NUMBER = re.compile(r"(?<![a-z0-9])(-?)(?:\$([0-9a-f]+)|([0-9]+))")


@cache
def machine(name: str) -> Description:
    return load(MODELS / f"{name}.py")


@cache
def disassembler(name: str) -> Any:
    return capstone.Cs(capstone.CS_ARCH_M68K, capstone.CS_MODE_BIG_ENDIAN | getattr(capstone, PROCESSORS[name]))


def encodings(instruction: Instruction) -> Iterator[tuple[bytes, dict[str, int]]]:
    """Random operands in every form, often all ones; don't-care bits are zero, as assemblers leave them."""
    chance = random.Random(instruction.name)
    for shape in instruction.encoding.shapes():
        for _ in range(TURNS):
            operands = dict(shape.choices)
            for name, hi, lo, _start in shape.pieces:
                if name != "-":
                    value = -1 if chance.random() < 0.25 else chance.getrandbits(hi - lo + 1)
                    operands[name] = operands.get(name, 0) | (value & (2 << hi - lo) - 1) << lo
            if not instruction.encoding.problem(operands):
                word, bits = instruction.encoding.assemble(operands)
                yield word.to_bytes(bits // 8, "big"), operands


def described(instruction: Instruction, code: bytes, operands: dict[str, int]) -> tuple[str, list[str]]:
    """Mnemonic and operands from the description's template, brought to the form that both are compared in."""
    text = render(instruction.asm, instruction.name, instruction.encoding, operands)
    text = re.sub(r"\*\+2([+-]\d+)", lambda found: f"${ADDRESS + 2 + int(found[1]) & 0xFFFFFFFF:x}", text)
    # Capstone counts every displacement from the word behind the first, wherever the extension word is (PRM 2.2.11: from the latter).
    text = re.sub(r"(-?\d+)\(pc", lambda found: f"${ADDRESS + 2 + int(found[1]) & 0xFFFFFFFF:x}(pc", text)
    return normal(text)


def normal(text: str) -> tuple[str, list[str]]:
    mnemonic, _, rest = text.partition(" ")
    mnemonic = ALIASES.get(mnemonic, mnemonic)
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", rest) if part.strip()]
    if mnemonic.startswith("movem"):
        reverse = any(part.startswith("-(") for part in parts)
        parts = [f"#${mask(part, reverse):x}" if re.match(r"[da]\d", part) else part for part in parts]
    if mnemonic == "movec":
        parts = [CONTROL_REGISTERS.get(part, part) for part in parts]
    width = WIDTHS.get(mnemonic.partition(".")[0], 32)

    def number(found: re.Match[str]) -> str:
        value = int(found[2], 16) if found[2] else int(found[3])
        return str((-value if found[1] else value) & (1 << width) - 1)

    return mnemonic, [re.sub(r"^0\(", "(", NUMBER.sub(number, part).replace(" ", "")) for part in parts]


def mask(registers: str, reverse: bool) -> int:
    """A list such as d0-d3/a6 as MOVEM's mask."""
    numbers: list[int] = []
    for item in registers.split("/"):
        ends = [int(end[1]) + 8 * (end[0] == "a") for end in item.split("-")]
        numbers += range(ends[0], ends[-1] + 1)
    return sum(1 << (15 - number if reverse else number) for number in numbers)


def same_mnemonic(ours: str, theirs: str) -> bool:
    """Capstone gives every instruction a size; the manual has none where there is only one."""
    return ours == theirs or ("." not in ours and ours == theirs.partition(".")[0]) or ours == theirs + ".w"


@pytest.mark.parametrize(
    ("name", "instruction"),
    [(name, item) for name in PROCESSORS for item in machine(name).instructions],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_assembly_agrees_with_the_disassembler(name: str, instruction: Instruction) -> None:
    waived, _reason = WAIVERS.get(instruction.name, (lambda code: False, ""))
    wrong = []
    for code, operands in encodings(instruction):
        ours = described(instruction, code, operands)
        found = next(disassembler(name).disasm(code, ADDRESS), None)
        theirs = normal(f"{found.mnemonic} {found.op_str}") if found is not None and found.size == len(code) else ("", [])
        if not same_mnemonic(ours[0], theirs[0]) or ours[1] != theirs[1]:
            wrong.append((code, ours, theirs))
    assert [(code.hex(), *texts) for code, *texts in wrong if not waived(code)] == []
    if instruction.name in WAIVERS:
        assert wrong, "nothing needs this waiver"
