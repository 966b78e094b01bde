"""Encodings and assembly text of RV64's instructions of four bytes agree with Capstone's disassembler."""

from __future__ import annotations

import random
import re
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from tests.support.rv64_cases import assembled, operands_of
from tests.support.rv64_state import machine
from vmproof.language import Instruction
from vmproof.language.assembly import render

capstone: Any = import_module("capstone")  # it has types for its constants alone

ADDRESS = 0x10000
TURNS = 6
ABI = ["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", *[f"a{n}" for n in range(8)]]
ABI += [*[f"s{n}" for n in range(2, 12)], *[f"t{n}" for n in range(3, 7)]]  # the names of x0 to x31 (Unpriv. table 25.1)
# Capstone lacks the hypervisor extension, refuses fences whose unused fields are not zero (Unpriv. 2.7 has them ignored), and writes the
# pseudoinstructions FSCSR, FSRM and FSFLAGS.
LACKING = re.compile(r"h(lv|lvx|sv)\..*|hfence_.*|fence|fence_i|csrrw_f(csr|rm|flags)")
PMPADDR13 = 0x3BD  # which Capstone calls pmpaddr14 (Priv. table 2.5)


@cache
def disassembler() -> Any:
    return capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64)


def compared() -> list[Instruction]:
    """The instructions of four bytes that Capstone has."""
    return [item for item in machine().instructions if item.encoding.base_bits == 32 and not LACKING.fullmatch(item.name)]


def operands(instruction: Instruction, chance: random.Random) -> dict[str, int]:
    """Operands for which there is no pseudoinstruction (Unpriv. table 25.2): neither x0 nor x1, neither 0 nor 1 nor -1."""
    while True:
        found = operands_of(instruction, chance)
        registers = [value for name, value in found.items() if name in ("rd", "rs1", "rs2")]
        immediate, source = found.get("imm", 2), 2 if found.get("source.form") else found.get("source.rs1", 2)
        ones = immediate & (immediate + 1) == 0 and immediate > 31
        if all(value > 1 for value in (*registers, immediate, source)) and not ones:
            return found


def described(instruction: Instruction, values: dict[str, int]) -> list[str]:
    """The description's text, with numbers in decimal; of LUI and AUIPC the immediate as it stands in the instruction."""
    text = render(instruction.asm, instruction.name, instruction.encoding, values)
    text = re.sub(r"([a-z])(\d+)\+(\d+)", lambda found: f"{found[1]}{int(found[2]) + int(found[3])}", text)
    words = normal(text)
    return [*words[:-1], str(int(words[-1]) >> 12)] if words[0] in ("lui", "auipc") else words


def shown(code: bytes) -> list[str]:
    """Capstone's text in the same form: without aq and rl, which the description does not print, and without the I of immediates."""
    found = next(disassembler().disasm(code, ADDRESS), None)
    assert found is not None, code.hex()
    mnemonic = re.sub(r"\.(aq|rl|aqrl)$", "", found.mnemonic)
    mnemonic = mnemonic[:-1] if re.fullmatch(r"csrr.i", mnemonic) else mnemonic
    return normal(f"{mnemonic} {found.op_str}")


def normal(text: str) -> list[str]:
    words = [word for word in re.split(r"[ ,()]+", text) if word]
    mnemonic, parts = words[0], words[1:]
    if mnemonic == "jalr" and len(parts) == 3 and not re.fullmatch(r"-?(0x)?[0-9a-f]+", parts[1]):
        parts = [parts[0], parts[2], parts[1]]  # written with the register first, or last
    parts = [f"x{ABI.index(part)}" if part in ABI else part for part in parts]
    return [mnemonic, *(str(int(part, 0)) if re.fullmatch(r"-?(0x[0-9a-f]+|\d+)", part) else part for part in parts)]


@pytest.mark.parametrize("instruction", compared(), ids=lambda item: item.name)
def test_text_agrees_with_the_disassembler(instruction: Instruction) -> None:
    chance = random.Random(instruction.name)
    wrong = []
    for _ in range(TURNS):
        values = operands(instruction, chance)
        code = assembled(instruction, values)
        ours, theirs = described(instruction, values), shown(code)
        number = int.from_bytes(code, "little") >> 20
        if ours[0].startswith("csrr") and theirs[2] in (str(number), "pmpaddr14" if number == PMPADDR13 else ""):
            theirs[2] = ours[2]  # Capstone has no name for the register
        if ours != theirs:
            wrong.append((code.hex(), ours, theirs))
    assert wrong == []
