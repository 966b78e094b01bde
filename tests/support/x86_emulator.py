"""One access on Unicorn's x86 processors, through their MMU: an independent walker of 32-bit, PAE and four-level paging.

The tables under test map the whole address space but for one entry of the root table, by which the emulator's own code is found: a
supervisor's page that goes to user mode by SYSRET or SYSEXIT, and a user's page with the access.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any

from unicorn.x86_const import (
    UC_CPU_X86_ICELAKE_SERVER,
    UC_X86_REG_CR0,
    UC_X86_REG_CR2,
    UC_X86_REG_CR3,
    UC_X86_REG_CR4,
    UC_X86_REG_EAX,
    UC_X86_REG_ECX,
    UC_X86_REG_EDI,
    UC_X86_REG_EDX,
    UC_X86_REG_EFLAGS,
    UC_X86_REG_MSR,
    UC_X86_REG_R11,
    UC_X86_REG_RAX,
    UC_X86_REG_RCX,
    UC_X86_REG_RDI,
)

unicorn: Any = import_module("unicorn")  # it has types for its constants alone

RAM = 16 << 20
STORED = 0xA5
PAGE_FAULT = 14
READ, WRITE, FETCH = bytes.fromhex("8a07"), bytes.fromhex("8807"), bytes.fromhex("ffe7")  # mov al,[rdi]; mov [rdi],al; jmp rdi
CODE = {"read": READ, "write": WRITE, "fetch": FETCH}
SYSRET, SYSEXIT = bytes.fromhex("480f07"), bytes.fromhex("0f35")
NOP = 0x90
LOOP = bytes.fromhex("ebfe")  # jmp $
EFER, STAR, SYSENTER_CS = 0xC0000080, 0xC0000081, 0x174
AC = 1 << 18
TABLES = (0x1000, 0x2000, 0x3000)  # the emulator's own, below the root
FRAMES = (0x4000, 0x5000)


@dataclass(frozen=True)
class Paging:
    """A kind of paging: bytes of an entry, levels, where the emulator's own entry is in the root table, and what that maps."""

    size: int
    levels: int
    own_entry: int
    own: int

    @property
    def long(self) -> bool:
        return self.levels == 4


PAGING = {
    "x86-32": Paging(4, 2, 1023, 0xFFC0_0000),
    "x86-pae": Paging(8, 3, 3, 0xC000_0000),
    "x86-4": Paging(8, 4, 256, 0xFFFF_8000_0000_0000),
}


@dataclass(frozen=True)
class Reached:
    """What an access came to: whether it page-faulted at its own address, what a read got, what is at the place, and the tables' words."""

    faulted: bool
    value: int
    stored: int
    words: Mapping[int, int]


class X86Emulator:
    """A processor with 16 MiB, whose page frames hold their own number's low byte but for the tables."""

    def __init__(self, name: str) -> None:
        self.paging = PAGING[name]
        uc = self._uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64 if self.paging.long else unicorn.UC_MODE_32)
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

    def own_place(self, root: int) -> int:
        """The entry of the root table that leads to the emulator's own pages."""
        return root + self.paging.size * self.paging.own_entry

    def _write(self, place: int, entry: int) -> None:
        self._uc.mem_write(place, entry.to_bytes(self.paging.size, "little"))

    def _own(self, root: int, leave: bytes, access: str) -> None:
        """The emulator's own tables and code."""
        chain = TABLES[: self.paging.levels - 1]
        flags = 1 if self.paging.levels == 3 else 7
        self._write(self.own_place(root), chain[0] | flags)
        for place, following in pairwise(chain):
            self._write(place, following | 7)
        self._write(chain[-1], FRAMES[0] | 3)
        self._write(chain[-1] + self.paging.size, FRAMES[1] | 7)
        for frame, code in zip(FRAMES, (leave + CODE[access], CODE[access]), strict=True):
            self._uc.mem_write(frame, code + bytes([NOP] * 8))

    def access(self, root: int, va: int, access: str, control: Mapping[str, int], words: Mapping[int, int], place: int) -> Reached:
        """An access to a byte in user or supervisor mode, with these tables in memory; it is expected to go to `place`.

        A fetch is from an even `va`.
        """
        uc, long = self._uc, self.paging.long
        leave = SYSRET if long else SYSEXIT
        uc.context_restore(self._fresh)  # else a second page fault counts as a double fault
        for address, word in words.items():
            self._write(address, word)
        self._own(root, leave, access)
        if access == "fetch" and place not in words:
            uc.mem_write(place, LOOP)
        uc.reg_write(UC_X86_REG_CR0, 1)
        uc.reg_write(UC_X86_REG_MSR, (EFER, (0x501 if long else 0) | control["NXE"] << 11))
        uc.reg_write(UC_X86_REG_MSR, (STAR, 0x0010_0008 << 32))
        uc.reg_write(UC_X86_REG_MSR, (SYSENTER_CS, 8))
        extended = 0x620 if self.paging.size == 8 else 0x600
        uc.reg_write(UC_X86_REG_CR4, extended | control["PSE"] << 4 | control["SMEP"] << 20 | control["SMAP"] << 21)
        uc.reg_write(UC_X86_REG_CR3, root)
        uc.reg_write(UC_X86_REG_CR0, 0x8000_0033 | control["WP"] << 16)
        flags = 2 | (AC if control["AC"] else 0)
        uc.reg_write(UC_X86_REG_EFLAGS, flags)
        accumulator = UC_X86_REG_RAX if long else UC_X86_REG_EAX
        user = self.paging.own + 0x1000
        target = (UC_X86_REG_RCX, user) if long else (UC_X86_REG_EDX, user)
        spare = (UC_X86_REG_R11, flags) if long else (UC_X86_REG_ECX, 0)
        for register, value in ((accumulator, STORED), (UC_X86_REG_RDI if long else UC_X86_REG_EDI, va), target, spare):
            uc.reg_write(register, value)
        uc.ctl_flush_tb()
        start = self.paging.own + (0 if control["user"] else len(leave))
        self._number = None
        failed = False
        try:
            uc.emu_start(start, 0, count=1 + control["user"] + (access == "fetch"))
        except unicorn.UcError:
            failed = True
        faulted = self._number == PAGE_FAULT and uc.reg_read(UC_X86_REG_CR2) == va
        assert faulted or (self._number is None and not failed), (self._number, hex(uc.reg_read(UC_X86_REG_CR2)), hex(va))
        after = {address: int.from_bytes(uc.mem_read(address, self.paging.size), "little") for address in words}
        found = uc.reg_read(accumulator) & 0xFF
        stored = uc.mem_read(place, 1)[0]
        for address in (*words, place, self.own_place(root)):
            uc.mem_write(address & ~7, self.pristine[address & ~7 : (address & ~7) + 8])
        return Reached(faulted, found, stored, after)
