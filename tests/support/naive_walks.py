"""Straightforward page-table walkers on numbers, written from the manuals and not from `spec/mmu`: RISC-V and x86.

They work with exceptions and shifted integers, the specification with records and slices. `Memory` makes up entries as they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial


class Memory:
    """Words by address; every access is noted.

    An address that was never read gets an entry from `invent`, which is told who reads it: a "second" stage, the "first" one, or the
    first one a "pdpte".
    """

    def __init__(self, invent: Callable[[str], int]) -> None:
        self.words: dict[int, int] = {}
        self.reads: list[int] = []
        self.updates: list[tuple[int, int, int]] = []
        self._invent = invent

    def read(self, address: int, reader: str = "first") -> int:
        self.reads.append(address)
        if address not in self.words:
            self.words[address] = self._invent(reader)
        return self.words[address]

    def update(self, address: int, old: int, new: int) -> None:
        self.updates.append((address, old, new))


@dataclass
class Fault(Exception):
    """Why a walk ended; `second` and what follows speak of a second stage."""

    reason: str
    level: int
    code: int
    second: bool = False
    implicit: bool = False
    writing: bool = False
    gpa: int = 0


@dataclass(frozen=True)
class Found:
    """A translation: physical address, level of the leaf, and the address between the stages."""

    pa: int
    level: int
    gpa: int


Stage = Callable[[int, str, bool], int]
"""A second stage: address, access, whether it is that of a table; gives the physical address or raises Fault."""


def nothing(address: int, access: str, implicit: bool) -> int:
    return address


def ones(count: int) -> int:
    return (1 << count) - 1


# RISC-V


@dataclass(frozen=True)
class Sv:
    """A RISC-V format: how many levels, index bits, bytes of an entry, bits of the address; `x4` for a second stage."""

    levels: int
    index: int
    size: int
    bits: int
    x4: bool = False


SV = {
    "sv32": Sv(2, 10, 4, 32),
    "sv39": Sv(3, 9, 8, 39),
    "sv48": Sv(4, 9, 8, 48),
    "sv57": Sv(5, 9, 8, 57),
    "sv32x4": Sv(2, 10, 4, 34, True),
    "sv39x4": Sv(3, 9, 8, 41, True),
    "sv48x4": Sv(4, 9, 8, 50, True),
    "sv57x4": Sv(5, 9, 8, 59, True),
}


@dataclass
class RiscvWalk:
    """One walk; `control` has the names of the specification's record."""

    sv: Sv
    root: int
    access: str
    control: Mapping[str, int]
    memory: Memory
    stage: Stage = nothing
    implicit: bool = False

    def fault(self, reason: str, level: int) -> Fault:
        number = {"fetch": 0, "read": 1, "write": 3}[self.access]
        return Fault(reason, level, (20 if self.sv.x4 else 12) + number)

    def below(self, call: Callable[[], int], level: int, implicit: bool, writing: bool) -> int:
        try:
            return call()
        except Fault as fault:
            code = 20 + {"fetch": 0, "read": 1, "write": 3}[self.access]
            raise Fault(fault.reason, level, code, True, implicit, writing, fault.gpa) from None

    def run(self, va: int) -> Found:
        sv, memory = self.sv, self.memory
        top = sv.levels - 1
        if sv.x4:
            proper = va >> sv.bits == 0
        else:
            proper = sv.size == 4 or va >> (sv.bits - 1) in (0, ones(64 - sv.bits + 1))
        if not proper:
            raise self.fault("not_canonical", top)
        a, i = self.root, top
        if sv.x4:
            a &= ~ones(14)
        else:
            a &= ~ones(12)
        while True:
            width = sv.index + (2 if sv.x4 and i == top else 0)
            vpn = va >> (12 + i * sv.index) & ones(width)
            where = a + vpn * sv.size
            level = i
            place = self.below(partial(self.stage, where, "read", True), level, True, False)
            pte = memory.read(place, "second" if sv.x4 else "first")
            v, r, w, x, u, _, accessed, dirty = (pte >> bit & 1 for bit in range(8))
            if not v:
                raise self.fault("invalid", i)
            bad = bool(w and not r)
            if sv.size == 8:
                kind = pte >> 61 & 3
                bad = bad or bool(pte >> 63 or pte >> 54 & ones(7)) or kind == 3 or bool(kind and not self.control["PBMTE"])
                bad = bad or bool(kind and not (r or w or x))
            if not (r or w or x):
                bad = bad or bool(u or accessed or dirty)
            if bad:
                raise self.fault("reserved", i)
            ppn = pte >> 10 & (ones(22) if sv.size == 4 else ones(44))
            if r or x:
                break
            if i == 0:
                raise self.fault("no_leaf", 0)
            a, i = ppn << 12, i - 1
        if ppn & ones(i * sv.index):
            raise self.fault("misaligned", i)
        self.permit(i, r, w, x, u)
        if not (accessed and (dirty or self.access != "write")):
            if not self.control["ADUE"]:
                raise self.fault("not_accessed" if not accessed else "not_dirty", i)
            spot = self.below(lambda: self.stage(where, "write", True), i, True, True)
            memory.update(spot, pte, pte | (0xC0 if self.access == "write" else 0x40))
        page = 12 + i * sv.index
        gpa = (ppn << 12 >> page << page) | va & ones(page)
        pa = self.below(lambda: self.stage(gpa, self.access, False), i, False, self.access == "write")
        return Found(pa, i, gpa)

    def permit(self, level: int, r: int, w: int, x: int, u: int) -> None:
        control = self.control
        hlvx = control["HLVX"] and not self.implicit
        mxr = control["MXR"] and not self.implicit
        if self.sv.x4 or control["mode"] == 0:
            if not u:
                raise self.fault("supervisor_page", level)
        elif u and (self.access == "fetch" or not control["SUM"]):
            raise self.fault("user_page", level)
        if self.access == "read" and not (x if hlvx else r or (mxr and x)):
            raise self.fault("not_readable", level)
        if self.access == "write" and not w:
            raise self.fault("not_writable", level)
        if self.access == "fetch" and not x:
            raise self.fault("not_executable", level)


def riscv_stage(name: str, root: int, control: Mapping[str, int], memory: Memory) -> Stage:
    """A G-stage."""

    def stage(address: int, access: str, implicit: bool) -> int:
        try:
            return RiscvWalk(SV[name], root, access, control, memory, nothing, implicit).run(address).pa
        except Fault as fault:
            fault.gpa = address
            raise

    return stage


def riscv(
    name: str, root: int, va: int, access: str, control: Mapping[str, int], memory: Memory, stage: Stage = nothing
) -> Found:
    return RiscvWalk(SV[name], root, access, control, memory, stage).run(va)


# x86

X86 = {"x86-32": (2, 10, 4, 32), "x86-pae": (3, 9, 8, 32), "x86-4": (4, 9, 8, 48), "x86-5": (5, 9, 8, 57)}


def x86(
    name: str,
    root: int,
    va: int,
    access: str,
    control: Mapping[str, int],
    memory: Memory,
    stage: Stage = nothing,
    writes: bool = False,
    registers: Sequence[int] | None = None,
) -> Found:
    """Levels count from 1, the page tables, as in the specification. MAXPHYADDR is 52 (40 in 32-bit paging).

    `writes`: the second stage treats every access to a table as a write, so that it need not be asked again before an entry is changed.
    `registers`: of PAE paging, the PDPTEs as CR3 was loaded with them, with no bits that are reserved.
    """
    count, index, size, bits = X86[name]
    user, fetch, write = bool(control["user"]), access == "fetch", access == "write"

    def fault(reason: str, level: int, bit: int, key: bool = False) -> Fault:
        code = bit | write << 1 | user << 2 | key << 5
        if fetch and (control["SMEP"] or (size == 8 and control["NXE"])):
            code |= 16
        return Fault(reason, level, code)

    def ask(level: int, address: int, how: str, implicit: bool, writing: bool) -> int:
        try:
            return stage(address, how, implicit)
        except Fault as below:
            raise Fault(below.reason, level, below.code, True, implicit, writing, below.gpa) from None

    if bits > 32 and va >> (bits - 1) not in (0, ones(65 - bits)):
        raise Fault("not_canonical", count, 0)
    table = root & ~(31 if name == "x86-pae" else 0xFFF)
    rw = us = True
    xd = False
    entries = []
    for level in range(count, 0, -1):
        shift = 12 + (level - 1) * index
        address = table + (va >> shift & ones(index if shift + index <= bits else bits - shift)) * size
        if level == 3 and registers is not None:
            entry = registers[va >> 30]
        else:
            place = ask(level, address, "read", True, False)
            entry = memory.read(place, "pdpte" if name == "x86-pae" and level == 3 else "first")
        if not entry & 1:
            raise fault("invalid", level, 0)
        large = bool(entry & 0x80) and level in {"x86-32": (2,), "x86-pae": (2,)}.get(name, (2, 3))
        if size == 4:
            large = large and bool(control["PSE"])
            forbidden = 1 << 21 if large else 0
        elif name == "x86-pae" and level == 3:
            forbidden = 0b111100110 | ones(12) << 52
        else:
            forbidden = 0 if control["NXE"] else 1 << 63
            if name == "x86-pae":
                forbidden |= ones(11) << 52
            if level >= 4:
                forbidden |= 0x80
            if large:
                forbidden |= ones(shift - 13) << 13
        if entry & forbidden:
            raise fault("reserved", level, 9)
        if not (name == "x86-pae" and level == 3):
            entries.append((level, address, place, entry))
            rw, us = rw and bool(entry & 2), us and bool(entry & 4)
            xd = xd or (size == 8 and bool(entry >> 63))
        if large or level == 1:
            break
        table = entry & (0xFFFFF000 if size == 4 else ones(40) << 12)
    key = False
    if bits > 32 and not fetch:
        number = entry >> 59 & 15
        rights = (control["PKRU"] if us else control["PKRS"]) >> (2 * number)
        if control["PKE"] if us else control["PKS"]:
            key = bool(rights & 1) or (write and bool(rights & 2) and (bool(control["WP"]) or (us and user)))
    if user and not us:
        raise fault("supervisor_page", level, 1, key)
    if not user and us:
        if fetch and control["SMEP"]:
            raise fault("user_page", level, 1, key)
        if not fetch and control["SMAP"] and not (control["AC"] and not control["implicit"]):
            raise fault("user_page", level, 1, key)
    if fetch and xd:
        raise fault("not_executable", level, 1, key)
    if write and not rw and (user or control["WP"]):
        raise fault("not_writable", level, 1, key)
    if key:
        raise fault("protection_key", level, 1, True)
    for at, address, place, old in entries:
        new = old | 0x20 | (0x40 if write and at == level else 0)
        if new != old:
            memory.update(place if writes else ask(at, address, "write", True, True), old, new)
    if size == 4 and level == 2:
        frame = (entry >> 22 << 22) | (entry >> 13 & 0xFF) << 32
    else:
        frame = entry & (0xFFFFF000 if size == 4 else ones(40) << 12)
    gpa = frame >> shift << shift | va & ones(shift)
    return Found(ask(level, gpa, access, False, write), level, gpa)


def ept_stage(levels: int, root: int, control: Mapping[str, int], memory: Memory) -> Stage:
    """Extended page tables; MAXPHYADDR is 52."""

    def stage(address: int, access: str, implicit: bool) -> int:
        flags = bool(control["AD"])
        write = access == "write" or (implicit and flags)
        read = access == "read" or (implicit and flags)

        def qualification(rights: int) -> int:
            return read | write << 1 | (access == "fetch") << 2 | rights << 3 | 1 << 7 | (not implicit) << 8

        if address >> (12 + 9 * levels):
            raise Fault("not_canonical", levels, qualification(0), gpa=address)
        table, rights, entries = root & ~0xFFF, 7, []
        for level in range(levels, 0, -1):
            shift = 3 + 9 * level
            place = table + (address >> shift & 511) * 8
            entry = memory.read(place, "second")
            if entry & 7 == 0:
                raise Fault("invalid", level, qualification(0), gpa=address)
            page = level == 1 or (level <= 3 and bool(entry & 0x80))
            wrong = entry & 3 == 2 or (entry & 7 == 4 and not control["execute_only"])
            if page:
                wrong = wrong or entry >> 3 & 7 in (2, 3, 7) or bool(entry & ones(shift - 12) << 12)
            else:
                wrong = wrong or bool(entry & (0xF8 if level >= 4 else 0x78))
            if wrong:
                raise Fault("reserved", level, 0, gpa=address)
            rights &= entry & 7
            entries.append((place, entry))
            if page:
                break
            table = entry & ones(40) << 12
        if write and not rights & 2:
            raise Fault("not_writable", level, qualification(rights), gpa=address)
        if access == "fetch" and not rights & 4:
            raise Fault("not_executable", level, qualification(rights), gpa=address)
        if access == "read" and not write and not rights & 1:
            raise Fault("not_readable", level, qualification(rights), gpa=address)
        if flags:
            for place, old in entries:
                new = old | 0x100 | (0x200 if write and place == entries[-1][0] else 0)
                if new != old:
                    memory.update(place, old, new)
        return (entry & ones(40) << 12) >> shift << shift | address & ones(shift)

    return stage
