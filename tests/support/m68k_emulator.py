"""One instruction on Unicorn's 68000, an emulator that shares nothing with the description it is compared with."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from unicorn.m68k_const import (
    UC_CPU_M68K_M68000,
    UC_M68K_REG_A0,
    UC_M68K_REG_CR_ISP,
    UC_M68K_REG_CR_USP,
    UC_M68K_REG_D0,
    UC_M68K_REG_PC,
    UC_M68K_REG_SR,
)

unicorn: Any = import_module("unicorn")  # it has types for its constants alone

STORAGE = 1 << 24
MOVE_CCR = bytes.fromhex("42e7")  # MOVE CCR,-(A7): not an instruction of the 68000, but this emulator has it
SUPERVISOR = 1 << 13
FLAGS = 0x1F


@dataclass(frozen=True)
class Registers:
    """What the programmer sees: `other_sp` is the stack pointer of the mode that is not the present one."""

    pc: int
    sr: int
    d: tuple[int, ...]
    a: tuple[int, ...]
    other_sp: int


@dataclass(frozen=True)
class Result:
    """What one instruction did.

    `vector` is the exception it raised, None where it completed; `stores` maps 24-bit addresses to bytes. `flags_known` tells whether the
    condition codes in `registers.sr` are to be relied on.
    """

    registers: Registers
    vector: int | None
    flags_known: bool
    stores: Mapping[int, int] = field(default_factory=dict)


class Emulator:
    """Unicorn's 68000 over 16 MB that appear at every address of the same low 24 bits, as on the 68000's bus.

    An exception is reported before it is entered; nothing ever goes to a vector. When the emulator stops, it forgets how the last condition
    codes were to be worked out: so every instruction runs a second time, followed by one that stores them, which fills all storage that a
    run does not set. (The filling also keeps the emulator from translating arbitrary words, at which it may crash.)
    """

    def __init__(self) -> None:
        self._storage = ctypes.create_string_buffer(MOVE_CCR * (STORAGE // 2), STORAGE)
        self._uc: Any = unicorn.Uc(unicorn.UC_ARCH_M68K, unicorn.UC_MODE_BIG_ENDIAN)
        self._uc.ctl_set_cpu_model(UC_CPU_M68K_M68000)
        for copy in range(256):
            self._uc.mem_map_ptr(copy * STORAGE, STORAGE, unicorn.UC_PROT_ALL, ctypes.addressof(self._storage))
        self._uc.hook_add(unicorn.UC_HOOK_INTR, self._exception)
        self._uc.hook_add(unicorn.UC_HOOK_MEM_WRITE, self._store)
        self._vector: int | None = None
        self._stores: list[tuple[int, int, int]] = []  # address, size in bytes, value

    def _exception(self, uc: Any, vector: int, data: object) -> None:
        if self._vector is None:
            self._vector = vector
        uc.emu_stop()

    def _store(self, uc: Any, access: int, address: int, size: int, value: int, data: object) -> None:
        self._stores.append((address, size, value))

    def run(self, start: Registers, memory: Mapping[int, int]) -> Result:
        """Execute the instruction at `start.pc` with these bytes in storage."""
        self._execute(start, memory, 1)
        after, vector, stores = self._registers(), self._vector, _bytes(self._stores)
        there = after.pc & STORAGE - 1
        if vector is not None or there & 1 or there in stores or there in {address & STORAGE - 1 for address in memory}:
            return Result(after, vector, False, stores)
        self._execute(start, memory, 2)
        if self._vector is not None or not self._stores:
            return Result(after, vector, False, stores)
        flags = self._stores[-1][2] & FLAGS
        shown = Registers(after.pc, after.sr & ~FLAGS | flags, after.d, after.a, after.other_sp)
        return Result(shown, vector, True, stores)

    def _execute(self, start: Registers, memory: Mapping[int, int], count: int) -> None:
        uc = self._uc
        self._vector = None
        self._stores = []
        for address, byte in memory.items():
            self._storage[address & STORAGE - 1] = bytes((byte,))
        uc.ctl_flush_tb()
        uc.reg_write(UC_M68K_REG_SR, start.sr)
        for number in range(8):
            uc.reg_write(UC_M68K_REG_D0 + number, start.d[number])
            uc.reg_write(UC_M68K_REG_A0 + number, start.a[number])
        uc.reg_write(UC_M68K_REG_CR_USP if start.sr & SUPERVISOR else UC_M68K_REG_CR_ISP, start.other_sp)
        try:
            uc.emu_start(start.pc, 0xFFFFFFFF, count=count)
        except unicorn.UcError as problem:
            raise AssertionError(f"the emulator gave up: {problem}") from problem
        finally:
            for address in {*memory, *_bytes(self._stores)}:
                at = address & STORAGE - 1
                self._storage[at] = MOVE_CCR[at & 1 : (at & 1) + 1]

    def _registers(self) -> Registers:
        uc = self._uc
        sr = uc.reg_read(UC_M68K_REG_SR)
        d = tuple(uc.reg_read(UC_M68K_REG_D0 + number) & 0xFFFFFFFF for number in range(8))
        a = tuple(uc.reg_read(UC_M68K_REG_A0 + number) & 0xFFFFFFFF for number in range(8))
        other = uc.reg_read(UC_M68K_REG_CR_USP if sr & SUPERVISOR else UC_M68K_REG_CR_ISP)
        return Registers(uc.reg_read(UC_M68K_REG_PC) & 0xFFFFFFFF, sr, d, a, other & 0xFFFFFFFF)


def _bytes(stores: list[tuple[int, int, int]]) -> dict[int, int]:
    return {
        address + offset & STORAGE - 1: byte
        for address, size, value in stores
        for offset, byte in enumerate((value & (1 << 8 * size) - 1).to_bytes(size, "big"))
    }
