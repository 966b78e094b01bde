"""One access on Unicorn's x86-64 processor, through its MMU: an independent walker of all four kinds of paging.

The tables under test map the whole address space but for one entry of the root table, by which the emulator's own code is found: a
supervisor's page that goes to user mode by SYSRET, and a user's page with the access.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from unicorn.x86_const import (
    UC_CPU_X86_ICELAKE_SERVER,
    UC_X86_REG_CR0,
    UC_X86_REG_CR2,
    UC_X86_REG_CR3,
    UC_X86_REG_CR4,
    UC_X86_REG_MSR,
    UC_X86_REG_R11,
    UC_X86_REG_RAX,
    UC_X86_REG_RCX,
    UC_X86_REG_RDI,
    UC_X86_REG_RFLAGS,
)

unicorn: Any = import_module("unicorn")  # it has types for its constants alone

RAM = 16 << 20
STORED = 0xA5
PAGE_FAULT = 14
OWN = 0xFFFF_8000_0000_0000  # entry 256 of the root table: nothing below is in the random tables
OWN_ENTRY = 256
SUPERVISOR_PAGE, USER_PAGE = OWN, OWN + 0x1000
OWN_TABLES = (0x1000, 0x2000, 0x3000)  # PDPT, PD, PT
OWN_FRAMES = (0x4000, 0x5000)
READ, WRITE, FETCH = bytes.fromhex("8a07"), bytes.fromhex("8807"), bytes.fromhex("ffe7")  # mov al,[rdi]; mov [rdi],al; jmp rdi
SYSRET = bytes.fromhex("480f07")
CODE = {"read": READ, "write": WRITE, "fetch": FETCH}
NOP = 0x90
LOOP = bytes.fromhex("ebfe")  # jmp $
EFER, STAR = 0xC0000080, 0xC0000081
AC = 1 << 18


@dataclass(frozen=True)
class Reached:
    """What an access came to: whether it page-faulted at its own address, what a read got, what is at the place, and the tables' words."""

    faulted: bool
    value: int
    stored: int
    words: Mapping[int, int]


class X86Emulator:
    """A processor with four-level paging and 16 MiB, whose page frames hold their own number's low byte but for the tables."""

    def __init__(self) -> None:
        uc = self._uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
        uc.ctl_set_cpu_model(UC_CPU_X86_ICELAKE_SERVER)
        uc.ctl_set_tlb_mode(unicorn.UC_TLB_CPU)
        uc.mem_map(0, RAM)
        self.pristine = b"".join(bytes([page & 0xFF]) * 4096 for page in range(RAM >> 12))
        uc.mem_write(0, self.pristine)
        self._fresh = uc.context_save()
        self._number: int | None = None
        uc.hook_add(unicorn.UC_HOOK_INTR, self._interrupted)

    def _interrupted(self, uc: Any, number: int, _: object) -> None:
        self._number = number
        uc.emu_stop()

    def _own(self, root: int, access: str) -> None:
        """The emulator's own tables and code."""
        uc = self._uc
        pdpt, pd, pt = OWN_TABLES
        entries = {root + 8 * OWN_ENTRY: pdpt | 7, pdpt: pd | 7, pd: pt | 7, pt: OWN_FRAMES[0] | 3, pt + 8: OWN_FRAMES[1] | 7}
        for place, entry in entries.items():
            uc.mem_write(place, struct.pack("<Q", entry))
        for frame, code in zip(OWN_FRAMES, (SYSRET + CODE[access], CODE[access]), strict=True):
            uc.mem_write(frame, code + bytes([NOP] * 8))

    def access(self, root: int, va: int, access: str, control: Mapping[str, int], words: Mapping[int, int], place: int) -> Reached:
        """An access to a byte in user or supervisor mode, with these tables in memory; it is expected to go to `place`.

        A fetch is from an even `va`.
        """
        uc = self._uc
        uc.context_restore(self._fresh)  # else a second page fault counts as a double fault
        for address, word in words.items():
            uc.mem_write(address, struct.pack("<Q", word))
        self._own(root, access)
        if access == "fetch" and place not in words:
            uc.mem_write(place, LOOP)
        uc.reg_write(UC_X86_REG_CR0, 0)
        uc.reg_write(UC_X86_REG_MSR, (EFER, 0x501 | control["NXE"] << 11))
        uc.reg_write(UC_X86_REG_MSR, (STAR, 0x0010_0008 << 32))
        uc.reg_write(UC_X86_REG_CR4, 0x620 | control["SMEP"] << 20 | control["SMAP"] << 21)
        uc.reg_write(UC_X86_REG_CR3, root)
        uc.reg_write(UC_X86_REG_CR0, 0x8000_0033 | control["WP"] << 16)
        flags = 2 | (AC if control["AC"] else 0)
        uc.reg_write(UC_X86_REG_RFLAGS, flags)
        for register, value in ((UC_X86_REG_RAX, STORED), (UC_X86_REG_RDI, va), (UC_X86_REG_RCX, USER_PAGE), (UC_X86_REG_R11, flags)):
            uc.reg_write(register, value)
        uc.ctl_flush_tb()
        start = SUPERVISOR_PAGE if control["user"] else SUPERVISOR_PAGE + len(SYSRET)
        self._number = None
        failed = False
        try:
            uc.emu_start(start, 0, count=1 + control["user"] + (access == "fetch"))
        except unicorn.UcError:
            failed = True
        faulted = self._number == PAGE_FAULT and uc.reg_read(UC_X86_REG_CR2) == va
        assert faulted or (self._number is None and not failed), (self._number, hex(uc.reg_read(UC_X86_REG_CR2)), hex(va))
        after = {address: struct.unpack("<Q", uc.mem_read(address, 8))[0] for address in words}
        found = uc.reg_read(UC_X86_REG_RAX) & 0xFF
        stored = uc.mem_read(place, 1)[0]
        for address in (*words, place & ~7, root + 8 * OWN_ENTRY):
            uc.mem_write(address, self.pristine[address : address + 8])
        return Reached(faulted, found, stored, after)
