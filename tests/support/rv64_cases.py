"""Random legal states of RV64 in front of an instruction: registers, page tables, where its operands lie."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.support.rv64_state import MODES, OPEN, VU, M, Machine, S, U, machine
from tests.support.rv64_tables import PAGE, Tables
from vmproof.language import Instruction

BASE = 0x8000_0000
WINDOW = 160 * PAGE  # all that a case has in memory: tables, then code, then data
CODE_PAGES, DATA_PAGES = range(128, 132), range(132, 160)
WORD = (1 << 64) - 1
INTERESTING = (0, 1, 2, 3, 0x7F, 0x80, 0x7FF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, (1 << 63) - 1, 1 << 63, WORD - 1, WORD)
MEMORY = re.compile(r"(lb|lh|lw|ld|lbu|lhu|lwu|sb|sh|sw|sd|c_l[wd]|c_s[wd]|c_[ls][wd]sp|lr_.|sc_.|amo.*|hlv.*|hsv.*)")
GUEST_ACCESS = re.compile(r"h(lv|sv).*")
LAYOUT_OF_MSTATUS = 0xC0_007E_79AA
STATUS_OF_GUEST = 0xC6122
ADUE = 1 << 61
MXR, MPV, MPP, MPRV = 1 << 19, 1 << 39, 3 << 11, 1 << 17
LOOP = 0x6F.to_bytes(4, "little")  # a jump to itself


@dataclass(frozen=True)
class Case:
    """An instruction in a state: `cells` are bytes of tables, `code` its bytes, by physical address. `steps` instructions are executed."""

    instruction: Instruction
    operands: Mapping[str, int]
    start: Machine
    cells: Mapping[int, int]
    code: Mapping[int, bytes]
    steps: int

    @property
    def loads(self) -> bool:
        """Whether it may load from memory."""
        return bool(MEMORY.fullmatch(self.instruction.name))

    @property
    def guest(self) -> bool:
        """Whether some of its accesses are translated as those of a virtual machine."""
        start = self.start
        by_mprv = start.mode == M and start.words["mstatus"] & (MPRV | MPV) == MPRV | MPV
        return start.mode >= VU or by_mprv or bool(GUEST_ACCESS.fullmatch(self.instruction.name))

    def all_cells(self) -> dict[int, int]:
        return dict(self.cells) | {at + offset: byte for at, text in self.code.items() for offset, byte in enumerate(text)}

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value:#x}" for name, value in self.operands.items())
        return f"{self.instruction.name} {given} in {MODES[self.start.mode]} at {self.start.pc:#x}"


def background() -> bytes:
    """What the window holds where no case says otherwise: tables are blank, data are random but fixed."""
    chance = random.Random("background")
    return bytes(CODE_PAGES[0] * PAGE) + chance.randbytes(WINDOW - CODE_PAGES[0] * PAGE)


def assembled(instruction: Instruction, operands: Mapping[str, int]) -> bytes:
    """The bytes of an instruction, in the order of memory."""
    stream, width = instruction.encoding.assemble(operands)
    units = [stream >> low & 0xFFFF for low in reversed(range(0, width, 16))]
    return b"".join(unit.to_bytes(2, "little") for unit in units)


def word(chance: random.Random) -> int:
    kind = chance.random()
    if kind < 0.3:
        return chance.choice(INTERESTING)
    if kind < 0.4:
        return 1 << chance.randrange(64)
    return chance.getrandbits(64)


def operands_of(instruction: Instruction, chance: random.Random) -> dict[str, int]:
    """Operands that can be encoded."""
    encoding = instruction.encoding
    while True:
        shape = chance.choice(encoding.shapes())
        operands = dict(shape.choices)
        for name, hi, lo, _start in shape.pieces:
            width = hi - lo + 1
            value = chance.choice((0, -1)) if chance.random() < 0.15 else chance.getrandbits(width)
            operands[name] = operands.get(name, 0) | (value & (1 << width) - 1) << lo
        if instruction.name.startswith(("csrrs", "csrrc")) and chance.random() < 0.4:
            operands["source.uimm" if operands["source.form"] else "source.rs1"] = 0  # only reads
        if not encoding.problem(operands):
            return operands


def operand_size(instruction: Instruction) -> int:
    """How many bytes an instruction that accesses memory reads or writes."""
    letters = re.sub(r"u$|sp$", "", instruction.name)
    return {"b": 1, "h": 2, "w": 4, "d": 8}[letters[-1]]


def operand_base(instruction: Instruction, operands: Mapping[str, int]) -> tuple[int, int] | None:
    """The register that the address comes from, and what is added to it; None where that is x0, or there is no address."""
    name, immediate = instruction.name, operands.get("imm", 0)
    if not name.startswith("c_") and immediate >> 11:
        immediate -= 1 << 12
    if name.endswith("sp"):
        return 2, immediate
    register = operands.get("rs1", 0) + 8 * name.startswith("c_")
    return (register, immediate) if register else None


def control(chance: random.Random, mode: int) -> dict[str, int]:
    """Values for all control registers, as reads give them, without those of address translation."""

    def bits(mask: int) -> int:
        return chance.getrandbits(64) & mask

    def vector() -> int:
        return chance.getrandbits(64) & ~3 | chance.getrandbits(1)

    status = bits(LAYOUT_OF_MSTATUS) & ~0x1800 | chance.choice((U, S, M)) << 11
    if chance.random() < 0.6:
        status &= ~(1 << 17)
    if mode != M:
        status = status & ~(0x1800 | 1 << 17 | 1 << 39) | 0x80  # as an MRET leaves it
    return {
        "fcsr": bits(0xFF), "mstatus": status, "medeleg": bits(0xF0B7FE), "mideleg": bits(0x222), "mie": bits(0xEEE),
        "mip": bits(0x666) | 0x80,  # the timer of QEMU's machine has come to its end
        "mtvec": vector(), "mcounteren": bits(0xFFFF_FFFF), "mcountinhibit": 0, "menvcfg": bits(1) | ADUE, "mscratch": word(chance),
        "mepc": bits(~1), "mcause": word(chance), "mtval": word(chance), "mtval2": word(chance), "mtinst": word(chance),
        "stvec": vector(), "scounteren": bits(0xFFFF_FFFF), "senvcfg": bits(1), "sscratch": word(chance), "sepc": bits(~1),
        "scause": word(chance), "stval": word(chance), "hstatus": bits(0x70_03C0), "hedeleg": bits(0xB1FE), "hideleg": bits(0x444),
        "hcounteren": bits(0xFFFF_FFFF), "henvcfg": bits(1) | ADUE, "htimedelta": word(chance), "htval": word(chance),
        "htinst": word(chance), "vsstatus": bits(STATUS_OF_GUEST), "vstvec": vector(), "vsscratch": word(chance), "vsepc": bits(~1),
        "vscause": word(chance), "vstval": word(chance),
    }  # fmt: skip


def address(chance: random.Random, levels: int, target: int) -> int:
    """A virtual address that may lead to `target`, mostly canonical."""
    if not levels:
        return target
    kind = chance.random()
    below = 30 if kind < 0.4 else 39 if kind < 0.5 else 12
    width = 12 + 9 * levels
    va = chance.getrandbits(width) >> below << below | target & (1 << below) - 1
    va &= (1 << width) - 1
    if va >> width - 1:
        va |= WORD >> width << width
    return va ^ (1 << chance.randrange(width, 64)) if chance.random() < 0.02 else va


def case_of(instruction: Instruction, chance: random.Random, mode: int | None = None, pmp: bool = False) -> Case:
    """One random case. Mostly instructions that access memory have their addresses translated: the description takes long over tables."""
    if mode is None:
        mode = chance.choice((*MODES, M))
    name = instruction.name
    words = control(chance, mode)
    if name == "mret" and words["mstatus"] & MPP == MPP:
        words["mstatus"] &= ~MPV  # QEMU's M-mode would be a virtual one (Priv. 8.6.5: then MPV is of no account)
    if chance.random() < 0.7:
        words["vsstatus"] = words["vsstatus"] & ~MXR | words["mstatus"] & MXR
    levels, guest_levels, second_levels = (chance.choice((0, 3, 4)) for _ in range(3))
    if not MEMORY.fullmatch(name) and chance.random() < 0.9:
        levels = guest_levels = second_levels = 0
    borrowed = GUEST_ACCESS.fullmatch(name) or (mode == M and words["mstatus"] & (MPV | MPRV) == MPV | MPRV)
    if borrowed and guest_levels and not levels:
        levels = 3  # where satp is bare, QEMU reports access faults of virtual machines (8.5: satp is of no account)
    pages = [BASE + PAGE * number for number in range(CODE_PAGES[0])]
    second_pages = pages[:96]
    own = Tables(chance, pages[96:], levels, 0, False)
    guest = Tables(chance, second_pages, guest_levels, second_levels, True)

    def place(by: int, target: int) -> tuple[int, int]:
        """A virtual address for accesses in mode `by`, and the physical address that it leads to."""
        if by == M:
            return target, target
        tables = guest if by >= VU else own
        first = tables.levels if tables.levels else 0
        va = address(chance, first, target)
        if tables is guest and not first and second_levels:
            va = address(chance, 0, target) if chance.random() < 0.5 else chance.getrandbits(38) & -PAGE | target & PAGE - 1
        return va, tables.reach(va, target, by in (U, VU))

    operands = operands_of(instruction, chance)
    text = assembled(instruction, operands)
    prelude = behind = b""
    steps = 1
    if name.startswith("sc_") and chance.random() < 0.6:
        reserve = machine().instruction(name.replace("sc", "lr"))
        assert reserve is not None
        prelude = assembled(reserve, {"aq": 0, "rl": 0, "rs1": operands["rs1"], "rd": 0})
        steps = 2
    if name == "wfi":
        behind = LOOP  # QEMU goes on when it wakes
    offset = 2 * chance.randrange(PAGE // 2 - 8)
    if len(text) == 4 and not prelude and not behind and chance.random() < 0.08:
        offset = PAGE - 2
    target = BASE + PAGE * chance.choice(CODE_PAGES[:-1]) + offset
    pc, at = place(mode, target)
    code = {}
    first = prelude + text + behind
    beyond = offset + len(first) > PAGE
    parts = [(at, first[: PAGE - offset])]
    if beyond:
        next_page = pc + 2 & WORD
        tables = guest if mode >= VU else own
        parts.append((target + 2 if mode == M else tables.reach(next_page, target + 2, mode in (U, VU)), first[PAGE - offset :]))
    for physical, part in parts:
        if physical >= BASE and physical + len(part) <= BASE + WINDOW:
            code[physical] = part

    x = [0] + [word(chance) for _ in range(31)]
    if MEMORY.fullmatch(name):
        size = operand_size(instruction)
        by = mode
        if mode == M and words["mstatus"] >> 17 & 1:
            to = words["mstatus"] >> 11 & 3
            by = M if to == M else to | (4 if words["mstatus"] >> 39 & 1 else 0)
        if GUEST_ACCESS.fullmatch(name):
            by = VU + (words["hstatus"] >> 8 & 1)
        spot = chance.randrange(0, PAGE, size)
        if chance.random() < 0.12:
            spot = chance.randrange(PAGE - size + 1)
        crossing = size > 1 and chance.random() < 0.06
        if crossing:
            spot = PAGE - chance.randrange(1, size)
        goal = BASE + PAGE * chance.choice(DATA_PAGES[:-1]) + spot
        va, _ = place(by, goal)
        if crossing and by != M:
            (guest if by >= VU else own).reach((va | PAGE - 1) + 1 & WORD, (goal | PAGE - 1) + 1, by in (U, VU))
        base = operand_base(instruction, operands)
        if base:
            x[base[0]] = va - base[1] & WORD
    if operands.get("source.rs1") and chance.random() < 0.1:
        x[operands["source.rs1"]] = 0
    words["satp"] = {0: 0, 3: 8, 4: 9}[levels] << 60 | chance.getrandbits(16) << 44 | own.root >> 12
    words["vsatp"] = {0: 0, 3: 8, 4: 9}[guest_levels] << 60 | chance.getrandbits(16) << 44 | guest.root >> 12 & (1 << 44) - 1
    words["hgatp"] = {0: 0, 3: 8, 4: 9}[second_levels] << 60 | chance.getrandbits(14) << 44 | guest.second_root >> 12
    if name == "wfi":
        words["mie"] |= 0x80  # what is pending wakes it at once
    start = Machine(pc, mode, x, words)
    if pmp:
        protect(start, chance)
    cells = {at: byte for at, byte in (own.cells | guest.cells).items() if BASE <= at < BASE + WINDOW}
    return Case(instruction, operands, start, cells, code, steps)


def protect(start: Machine, chance: random.Random) -> None:
    """PMP entries over the window, with the grain of a page, in front of one that opens all memory."""
    start.pmp = True
    count = chance.randrange(1, 6)
    for number in range(count):
        page = (BASE >> 12) + CODE_PAGES[0] + chance.randrange(33)
        kind = chance.choice((0, 1, 1, 3, 3, 3))
        if kind == 3:
            ones = chance.choice((0, 0, 1, 2, 3, 4, 5))
            start.pmpaddr[number] = page << 10 & ~((1 << 10 + ones) - 1) | (1 << 9 + ones) - 1
        else:
            start.pmpaddr[number] = page << 10
        rights = chance.choice((0, 1, 3, 4, 5, 7, 7, 7))
        start.pmpcfg[number] = kind << 3 | rights
    start.pmpcfg[count] = OPEN if chance.random() < 0.9 else 0
    start.pmpaddr[count] = (1 << 54) - 1


def cases(instruction: Instruction, turns: int, salt: str = "", pmp: bool = False) -> Iterator[Case]:
    """Random cases, the same at every call."""
    chance = random.Random(f"{instruction.name} {salt}")
    for _ in range(turns):
        yield case_of(instruction, chance, pmp=pmp)
