"""One access on Unicorn's RISC-V processors, through their MMU: an independent walker of Sv32, Sv39 and Sv48."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from unicorn.riscv_const import (
    UC_CPU_RISCV32_SIFIVE_U34,
    UC_CPU_RISCV64_SIFIVE_U54,
    UC_RISCV_REG_MEPC,
    UC_RISCV_REG_MSTATUS,
    UC_RISCV_REG_PC,
    UC_RISCV_REG_PRIV,
    UC_RISCV_REG_SATP,
    UC_RISCV_REG_X10,
    UC_RISCV_REG_X11,
)

unicorn: Any = import_module("unicorn")  # it has types for its constants alone

CODE = 0x1000
RAM = 16 << 20
MACHINE = 3
MODES = {"sv32": (1 << 31, 12), "sv39": (8 << 60, 12), "sv48": (9 << 60, 12)}
FENCE = 0x12000073  # sfence.vma
NOP = 0x00000013
STORED = 0xA5
LOAD, STORE, MRET = 0x00050583, 0x00B50023, 0x30200073  # lb a1, 0(a0); sb a1, 0(a0); mret
MPRV, SUM, MXR = 1 << 17, 1 << 18, 1 << 19
PAGE_FAULTS = {12: "fetch", 13: "read", 15: "write"}


@dataclass(frozen=True)
class Reached:
    """What an access came to.

    `cause` of its trap, or None; `value` that a load got; `stored`: what is at the expected place; the `words` of the tables afterwards.
    """

    cause: int | None
    value: int
    stored: int
    words: Mapping[int, int]


class RiscvEmulator:
    """A processor with 16 MiB whose page frames hold their own number's low byte, but for what the tables occupy."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.size = 4 if name == "sv32" else 8
        wide = self.size == 8
        self._uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64 if wide else unicorn.UC_MODE_RISCV32)
        self._uc.ctl_set_cpu_model(UC_CPU_RISCV64_SIFIVE_U54 if wide else UC_CPU_RISCV32_SIFIVE_U34)
        self._uc.ctl_set_tlb_mode(unicorn.UC_TLB_CPU)
        self._uc.mem_map(0, RAM)
        self.pristine = b"".join(bytes([page & 0xFF]) * 4096 for page in range(RAM >> 12))
        self._uc.mem_write(0, self.pristine)
        self._cause: int | None = None
        self._uc.hook_add(unicorn.UC_HOOK_INTR, self._trapped)

    def _trapped(self, uc: Any, cause: int, _: object) -> None:
        self._cause = cause
        uc.emu_stop()

    def access(self, root: int, va: int, access: str, control: Mapping[str, int], words: Mapping[int, int], place: int) -> Reached:
        """A load or store of a byte, or a fetch, in the mode that `control` says, with these tables in memory.

        `place` is where the access is expected to go: a fetch finds an instruction there.
        """
        uc = self._uc
        for address, word in words.items():
            uc.mem_write(address, word.to_bytes(self.size, "little"))
        mode, shift = MODES[self.name]
        uc.reg_write(UC_RISCV_REG_PRIV, MACHINE)  # first: a lesser mode may not write satp
        uc.reg_write(UC_RISCV_REG_SATP, mode | root >> shift)
        uc.ctl_flush_tb()
        status = (control["mode"] << 11) | (SUM if control["SUM"] else 0) | (MXR if control["MXR"] else 0)
        code = {"read": LOAD, "write": STORE, "fetch": MRET}[access]
        uc.reg_write(UC_RISCV_REG_MSTATUS, status | (MPRV if access != "fetch" else 0))
        uc.reg_write(UC_RISCV_REG_MEPC, va)
        uc.reg_write(UC_RISCV_REG_X10, va)
        uc.reg_write(UC_RISCV_REG_X11, STORED)
        uc.reg_write(UC_RISCV_REG_PC, CODE)
        uc.mem_write(CODE, FENCE.to_bytes(4, "little") + code.to_bytes(4, "little"))
        if access == "fetch" and place not in words:
            uc.mem_write(place, NOP.to_bytes(4, "little"))
        self._cause = None
        cause: int | None = None
        try:
            uc.emu_start(CODE, CODE + 8, count=3 if access == "fetch" else 2)
            cause = self._cause
        except unicorn.UcError as error:
            cause = self._cause if self._cause is not None else -error.errno
        after = {address: int.from_bytes(uc.mem_read(address, self.size), "little") for address in words}
        value = uc.reg_read(UC_RISCV_REG_X11) & 0xFF
        stored = uc.mem_read(place, 1)[0]
        for address in (*words, place & ~7):
            uc.mem_write(address, self.pristine[address : address + 8])
        uc.mem_write(CODE, self.pristine[CODE : CODE + 8])
        return Reached(cause, value, stored, after)
