"""One instruction on Unicorn's RV64 (SiFive U54: M, S and U without the hypervisor extension), beside what the description says of it.

A trap reaches a hook and is never entered: what is compared of it is its cause, and that it changed no general register and no memory.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from unicorn.riscv_const import (
    UC_CPU_RISCV64_SIFIVE_U54,
    UC_RISCV_REG_MCAUSE,
    UC_RISCV_REG_MCOUNTEREN,
    UC_RISCV_REG_MEDELEG,
    UC_RISCV_REG_MEPC,
    UC_RISCV_REG_MIDELEG,
    UC_RISCV_REG_MIE,
    UC_RISCV_REG_MIP,
    UC_RISCV_REG_MSCRATCH,
    UC_RISCV_REG_MSTATUS,
    UC_RISCV_REG_MTVAL,
    UC_RISCV_REG_MTVEC,
    UC_RISCV_REG_PC,
    UC_RISCV_REG_PRIV,
    UC_RISCV_REG_SCAUSE,
    UC_RISCV_REG_SCOUNTEREN,
    UC_RISCV_REG_SEPC,
    UC_RISCV_REG_SSCRATCH,
    UC_RISCV_REG_STVAL,
    UC_RISCV_REG_STVEC,
    UC_RISCV_REG_X1,
)

from tests.support.rv64_cases import (
    BASE,
    MEMORY,
    WINDOW,
    WORD,
    assembled,
    background,
    control,
    operand_base,
    operand_size,
    operands_of,
    word,
)
from tests.support.rv64_state import M, Machine, S, U, machine, predict
from vmproof.language import Instruction
from vmproof.simulate import StepKind

unicorn: Any = import_module("unicorn")  # it has types for its constants alone

REGISTERS = {
    "mstatus": UC_RISCV_REG_MSTATUS, "medeleg": UC_RISCV_REG_MEDELEG, "mideleg": UC_RISCV_REG_MIDELEG, "mie": UC_RISCV_REG_MIE,
    "mip": UC_RISCV_REG_MIP, "mtvec": UC_RISCV_REG_MTVEC, "mcounteren": UC_RISCV_REG_MCOUNTEREN, "mscratch": UC_RISCV_REG_MSCRATCH,
    "mepc": UC_RISCV_REG_MEPC, "mcause": UC_RISCV_REG_MCAUSE, "mtval": UC_RISCV_REG_MTVAL, "stvec": UC_RISCV_REG_STVEC,
    "scounteren": UC_RISCV_REG_SCOUNTEREN, "sscratch": UC_RISCV_REG_SSCRATCH, "sepc": UC_RISCV_REG_SEPC,
    "scause": UC_RISCV_REG_SCAUSE, "stval": UC_RISCV_REG_STVAL,
}  # fmt: skip
# mstatus without the H extension, without FS, which the emulator does not keep apart, and without TW and TSR, which it has at other bits.
STATUS = 0x1E_19AA
# What is no part of the emulator: the hypervisor extension, and what Priv. 1.12 added; nor is what it has another value of, or what would
# change how the next cases go: misa and the numbers of the hart, satp, and physical memory protection.
LACKING = re.compile(
    r"h(lv|lvx|sv|fence).*|csrr._(h(?!pm).*|vs.*|mtinst|mtval2|[ms]envcfg|mconfigptr|mcountinhibit|f.*|satp|pmp.*|mhartid|misa|mvendorid|marchid|mimpid)"
)
CAUSES = {
    "illegal_instruction": 2, "breakpoint": 3, "load_address_misaligned": 4, "store_address_misaligned": 6, "call_from_u": 8,
    "call_from_s": 9, "call_from_m": 11,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """An instruction in a state, in front of memory that is the background."""

    instruction: Instruction
    operands: Mapping[str, int]
    start: Machine
    text: bytes

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value:#x}" for name, value in self.operands.items())
        return f"{self.instruction.name} {given} in {'US-M'[self.start.mode]} at {self.start.pc:#x}"


@dataclass(frozen=True)
class Difference:
    """One field in which the two disagree; `cause` is that of the described trap."""

    case: Case
    cause: str
    field: str
    described: int
    emulated: int

    def __str__(self) -> str:
        return f"{self.case} ({self.cause or 'completes'}): {self.field} is {self.described:#x}, in the emulator {self.emulated:#x}"


def compared() -> list[Instruction]:
    """The instructions that the emulator has."""
    return [item for item in machine().instructions if not LACKING.fullmatch(item.name)]


def cases(instruction: Instruction, turns: int, salt: str = "") -> Iterator[Case]:
    """Random cases, the same at every call: mostly in M-mode, addresses mostly aligned."""
    chance = random.Random(f"unicorn {instruction.name} {salt}")
    for _ in range(turns):
        mode = chance.choice((U, S, M, M))
        words = control(chance, mode)
        words = {name: value for name, value in words.items() if name in REGISTERS}
        words["mstatus"] &= STATUS
        words["medeleg"] &= 0xB3FE
        words["mip"] &= 0x222
        words["mie"] &= 0xAAA
        words["mip" if instruction.name.endswith("ie") else "mie"] = 0  # no interrupt is taken, here or behind the instruction
        x = [0] + [word(chance) for _ in range(31)]
        operands = operands_of(instruction, chance)
        base = operand_base(instruction, operands)
        if base and MEMORY.fullmatch(instruction.name):
            size = operand_size(instruction)
            aligned = chance.random() < 0.85
            spot = BASE + WINDOW - 0x8000 + (size * chance.randrange(0x1000 // size) if aligned else chance.randrange(0x1000))
            x[base[0]] = spot - base[1] & WORD
        pc = BASE + WINDOW - 0x10000 + 2 * chance.randrange(0x800)
        start = Machine(pc, mode, x, words, hypervisor=False)
        yield Case(instruction, operands, start, assembled(instruction, operands))


@cache
def emulator() -> Any:
    """A processor with the window as its memory."""
    uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64)
    uc.ctl_set_cpu_model(UC_CPU_RISCV64_SIFIVE_U54)
    uc.mem_map(BASE, WINDOW)
    uc.mem_write(BASE, background())
    return uc


def differences(case: Case) -> list[Difference] | None:
    """Where the description and the emulator disagree, or None where an access leaves the memory."""
    start = case.start
    said = predict(start, {start.pc + at: byte for at, byte in enumerate(case.text)}, background(), BASE)
    if said.outside:
        return None
    trapped_here = said.step.kind is StepKind.TRAPPED
    uc = emulator()
    causes: list[int] = []

    def trapped(uc: Any, cause: int, data: object) -> None:
        causes.append(cause)
        uc.emu_stop()

    hook = uc.hook_add(unicorn.UC_HOOK_INTR, trapped)
    uc.mem_write(start.pc, case.text)
    uc.ctl_flush_tb()
    uc.reg_write(UC_RISCV_REG_PRIV, M)
    for name, register in REGISTERS.items():
        uc.reg_write(register, start.words[name])
    for number in range(1, 32):
        uc.reg_write(UC_RISCV_REG_X1 + number - 1, start.x[number])
    uc.reg_write(UC_RISCV_REG_PRIV, start.mode)
    try:
        uc.emu_start(start.pc, 0, count=1)
    except unicorn.UcError as problem:
        gone_on = problem.errno == unicorn.UC_ERR_FETCH_UNMAPPED and uc.reg_read(UC_RISCV_REG_PC) == said.after.pc
        if not causes and not gone_on:  # it looks at the instruction behind, too
            causes.append(-problem.errno)
    uc.hook_del(hook)
    if causes == [1] and not trapped_here and uc.reg_read(UC_RISCV_REG_PC) == said.after.pc:
        causes = []  # so it does after a return from a trap
    theirs = {"pc": uc.reg_read(UC_RISCV_REG_PC), "mode": uc.reg_read(UC_RISCV_REG_PRIV)}
    theirs |= {f"x{number}": uc.reg_read(UC_RISCV_REG_X1 + number - 1) for number in range(1, 32)}
    uc.reg_write(UC_RISCV_REG_PRIV, M)
    theirs |= {name: uc.reg_read(register) for name, register in REGISTERS.items()}
    theirs["mstatus"] &= STATUS
    memory = bytes(uc.mem_read(BASE, WINDOW))
    uc.mem_write(BASE, background())

    after = said.after
    ours = {"pc": after.pc, "mode": after.mode} | {f"x{number}": after.x[number] for number in range(1, 32)}
    ours |= {name: after.words[name] for name in REGISTERS}
    ours["mstatus"] &= STATUS
    found: list[Difference] = []

    def note(name: str, described: int, emulated: int) -> None:
        if described != emulated:
            found.append(Difference(case, said.step.cause, name, described, emulated))

    note("cause", CAUSES.get(said.step.cause, 99) if trapped_here else 0, causes[0] if causes else 0)
    if not found:
        note_fields = [name for name in ours if name.startswith("x")] if trapped_here else list(ours)
        for name in note_fields:
            note(name, ours[name], theirs[name])
        expected = bytearray(background())
        expected[start.pc - BASE : start.pc - BASE + len(case.text)] = case.text
        for address, byte in said.stores.items():
            expected[address - BASE] = byte
        for at in range(WINDOW) if memory != expected else ():
            note(f"memory {BASE + at:#x}", expected[at], memory[at])
    return found
