"""Data movement (PRM 3.1.1; each instruction has its page in PRM section 4)."""

from vmproof.lang import *
from state import *
from ea import *
from alu import *

for size, suffix, ss in ((1, "b", "01"), (2, "w", "11"), (4, "l", "10")):  # MOVE has a size field of its own

    @instruction(
        "00 {ss} dst.reg dst.mode src + src.tail dst.tail",
        name=f"move_{suffix}", mnemonic="MOVE", asm=f"move.{suffix} {{src}}, {{dst}}", src=readable(size), dst=data_alterable(size),
    )  # fmt: skip
    def move(m, src, dst):
        value = read(m, src, size)
        write(m, dst, size, value)
        logical(m, value)


for size, suffix, ss in ((2, "w", "11"), (4, "l", "10")):

    @instruction(
        "00 {ss} reg[3] 001 ea", name=f"movea_{suffix}", mnemonic="MOVEA", asm=f"movea.{suffix} {{ea}}, a{{reg}}", ea=EA[size]
    )
    def movea(m, reg, ea):
        """Words are sign-extended; the condition codes stay."""
        m.a[reg] = sext(read(m, ea, size), 32)


@instruction("0111 reg[3] 0 imm[8]", mnemonic="MOVEQ", asm="moveq #{imm:signed}, d{reg}")
def moveq(m, reg, imm):
    m.d[reg] = sext(imm, 32)
    logical(m, m.d[reg])


@instruction("0100 reg[3] 111 ea", mnemonic="LEA", asm="lea {ea}, a{reg}", ea=CONTROL)
def lea(m, reg, ea):
    m.a[reg] = address(m, ea)


@instruction("0100 1000 01 ea", mnemonic="PEA", asm="pea {ea}", ea=CONTROL)
def pea(m, ea):
    push_long(m, address(m, ea))


@instruction("0100 1110 0101 0 reg[3] + d16[16]", mnemonic="LINK", asm="link a{reg}, #{d16:signed}")
def link(m, reg, d16):
    """SP - 4 -> SP; An -> (SP); SP -> An; SP + d -> SP, in this order, so that LINK A7 pushes the address of what it pushes."""
    at = m.a[7] - 4
    m.store(at, at if reg == 7 else m.a[reg])
    m.a[reg] = at
    m.a[7] = at + sext(d16, 32)


@instruction("0100 1110 0101 1 reg[3]", mnemonic="UNLK", asm="unlk a{reg}")
def unlk(m, reg):
    """An -> SP; (SP) -> An; SP + 4 -> SP. For UNLK A7 what is loaded stays in A7."""
    at = m.a[reg]
    value = m.load(at, 4)
    m.a[7] = at + 4
    m.a[reg] = value


@instruction("0100 1000 0100 0 reg[3]", mnemonic="SWAP", asm="swap d{reg}")
def swap(m, reg):
    m.d[reg] = cat(m.d[reg][15:0], m.d[reg][31:16])
    logical(m, m.d[reg])


@instruction("1100 rx[3] 1 01000 ry[3]", mnemonic="EXG", asm="exg d{rx}, d{ry}")
def exg_data(m, rx, ry):
    m.d[rx], m.d[ry] = m.d[ry], m.d[rx]


@instruction("1100 rx[3] 1 01001 ry[3]", mnemonic="EXG", asm="exg a{rx}, a{ry}")
def exg_address(m, rx, ry):
    m.a[rx], m.a[ry] = m.a[ry], m.a[rx]


@instruction("1100 rx[3] 1 10001 ry[3]", mnemonic="EXG", asm="exg d{rx}, a{ry}")
def exg_mixed(m, rx, ry):
    m.d[rx], m.a[ry] = m.a[ry], m.d[rx]


# MOVEM: bit 0 of the mask stands for D0, bit 15 for A7; with predecrement the other way round. The processor also reads the word behind
# the last one loaded (PRM 4, MOVEM), which nothing shows where every address answers.


def register(m, number):
    return m.d[number] if number < 8 else m.a[number - 8]


for size, suffix, sz in ((2, "w", "0"), (4, "l", "1")):

    @instruction(
        "0100 1000 1 {sz} ea + mask[16]",
        name=f"movem_{suffix}_to_memory", mnemonic="MOVEM", asm=f"movem.{suffix} #${{mask:x}}, {{ea}}", ea=CONTROL_ALTERABLE,
    )  # fmt: skip
    def movem_store(m, ea, mask):
        at = address(m, ea, extension=4)
        for number in range(16):
            if mask[number]:
                m.store(at, register(m, number)[8 * size - 1 : 0])
                at = at + size

    @instruction(
        "0100 1000 1 {sz} 100 reg[3] + mask[16]",
        name=f"movem_{suffix}_predecrement", mnemonic="MOVEM", asm=f"movem.{suffix} #${{mask:x}}, -(a{{reg}})",
    )  # fmt: skip
    def movem_push(m, reg, mask):
        """The address register, if it is in the list, is stored as it was at first."""
        at = m.a[reg]
        for number in range(16):
            if mask[number]:
                at = at - size
                m.store(at, register(m, 15 - number)[8 * size - 1 : 0])
        m.a[reg] = at

    @instruction(
        "0100 1100 1 {sz} ea + mask[16]",
        name=f"movem_{suffix}_to_registers", mnemonic="MOVEM", asm=f"movem.{suffix} {{ea}}, #${{mask:x}}", ea=CONTROL,
    )  # fmt: skip
    def movem_load(m, ea, mask):
        load_registers(m, address(m, ea, extension=4), mask, size)

    @instruction(
        "0100 1100 1 {sz} 011 reg[3] + mask[16]",
        name=f"movem_{suffix}_postincrement", mnemonic="MOVEM", asm=f"movem.{suffix} (a{{reg}})+, #${{mask:x}}",
    )  # fmt: skip
    def movem_pull(m, reg, mask):
        """The address register, if it is in the list, ends as the incremented address all the same."""
        m.a[reg] = load_registers(m, m.a[reg], mask, size)


def load_registers(m, start, mask, size):
    """Load the registers of the list, words sign-extended; returns the address behind the last one."""
    at = start
    for number in range(16):
        if mask[number]:
            value = sext(m.load(at, size), 32)
            if number < 8:
                m.d[number] = value
            else:
                m.a[number - 8] = value
            at = at + size
    return at


# MOVEP: bytes at every other address, the most significant first.

for size, suffix, sz in ((2, "w", "0"), (4, "l", "1")):

    @instruction(
        "0000 data[3] 1 0 {sz} 001 reg[3] + d16[16]",
        name=f"movep_{suffix}_load", mnemonic="MOVEP", asm=f"movep.{suffix} {{d16:signed}}(a{{reg}}), d{{data}}",
    )  # fmt: skip
    def movep_load(m, data, reg, d16):
        at = m.a[reg] + sext(d16, 32)
        value = m.load(at)
        for place in range(1, size):
            value = cat(value, m.load(at + 2 * place))
        m.d[data][8 * size - 1 : 0] = value

    @instruction(
        "0000 data[3] 1 1 {sz} 001 reg[3] + d16[16]",
        name=f"movep_{suffix}_store", mnemonic="MOVEP", asm=f"movep.{suffix} d{{data}}, {{d16:signed}}(a{{reg}})",
    )  # fmt: skip
    def movep_store(m, data, reg, d16):
        at = m.a[reg] + sext(d16, 32)
        for place in range(size):
            low = 8 * (size - 1 - place)
            m.store(at + 2 * place, m.d[data][low + 7 : low])
