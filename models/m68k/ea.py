"""The twelve addressing modes and their categories (PRM 2.2 and table 2-4), and access to operands through them."""

from vmproof.lang import *
from state import *

# Bytes, suffix, the usual size field, an immediate operand of that size, and the offset of what follows that. A byte lies in the low half
# of its extension word, whose upper half is ignored (PRM 2.2.18).
SIZES = ((1, "b", "00", "-------- data[8]", 4), (2, "w", "01", "data[16]", 4), (4, "l", "10", "data[32]", 6))


def addressing_modes(immediate):
    """The effective address field with its extension words; `immediate` is the extension that #data has at this size."""
    return forms(
        "mode[3] reg[3]",
        dn=form("000 reg[3]", asm="d{reg}"),
        an=form("001 reg[3]", asm="a{reg}"),
        indirect=form("010 reg[3]", asm="(a{reg})"),
        postinc=form("011 reg[3]", asm="(a{reg})+"),
        predec=form("100 reg[3]", asm="-(a{reg})"),
        disp=form("101 reg[3] + d16[16]", asm="{d16:signed}(a{reg})"),
        # Bits 10 to 8 of the brief extension word, where later processors have a scale, are ignored (PRM 2.4).
        index=form("110 reg[3] + da[1] rx[3] wl[1] --- d8[8]", asm="{d8:signed}(a{reg}, {da:d|a}{rx}.{wl:w|l})"),
        short=form("111 000 + a16[16]", asm="${a16:x}.w"),
        long=form("111 001 + a32[32]", asm="${a32:x}.l"),
        pcdisp=form("111 010 + d16[16]", asm="{d16:signed}(pc)"),
        pcindex=form("111 011 + da[1] rx[3] wl[1] --- d8[8]", asm="{d8:signed}(pc, {da:d|a}{rx}.{wl:w|l})"),
        imm=form(f"111 100 + {immediate}", asm="#${data:x}"),
    )


EA = {size: addressing_modes(immediate) for size, suffix, ss, immediate, after in SIZES}


def readable(size):
    """All modes; an address register has no byte (PRM 1.7.1)."""
    return EA[size].without("an") if size == 1 else EA[size]


def data(size):
    return EA[size].without("an")


def data_alterable(size):
    return EA[size].without("an", "pcdisp", "pcindex", "imm")


def memory_alterable(size):
    return EA[size].without("dn", "an", "pcdisp", "pcindex", "imm")


CONTROL = EA[2].without("dn", "an", "postinc", "predec", "imm")
CONTROL_ALTERABLE = CONTROL.without("pcdisp", "pcindex")


def step(reg, size):
    """What postincrement and predecrement add or subtract; the stack pointer stays on a word boundary (PRM 2.2.4, 2.2.5)."""
    return 2 if size == 1 and reg == 7 else size


def index(m, ea):
    """The index register of the brief extension word, whole or its low word sign-extended (PRM 2.2.8)."""
    register = m.a[ea.rx] if ea.da else m.d[ea.rx]
    return register if ea.wl else sext(register[15:0], 32)


def address(m, ea, size=0, extension=2):
    """The effective address of a memory operand; `extension` is the offset in the instruction of the first extension word of `ea`."""
    match ea.form:
        case "indirect" | "postinc":
            return m.a[ea.reg]
        case "predec":
            return m.a[ea.reg] - step(ea.reg, size)
        case "disp":
            return m.a[ea.reg] + sext(ea.d16, 32)
        case "index":
            return m.a[ea.reg] + index(m, ea) + sext(ea.d8, 32)
        case "short":
            return sext(ea.a16, 32)
        case "long":
            return ea.a32
        case "pcdisp":
            return m.pc + extension + sext(ea.d16, 32)
        case "pcindex":
            return m.pc + extension + index(m, ea) + sext(ea.d8, 32)
        case _:
            return bits[32](0)  # registers and immediate data have none


def peek(m, ea, size, extension=2):
    """The operand, `size` bytes; the address register does not move yet."""
    if ea.form == "dn":
        return m.d[ea.reg][8 * size - 1 : 0]
    if ea.form == "an":
        return m.a[ea.reg][8 * size - 1 : 0]
    if ea.form == "imm":
        return ea.data
    return m.load(address(m, ea, size, extension), size)


def move_pointer(m, ea, size):
    """The address register after postincrement or predecrement. It moves last: after an address error it is as it was."""
    if ea.form == "postinc":
        m.a[ea.reg] = m.a[ea.reg] + step(ea.reg, size)
    if ea.form == "predec":
        m.a[ea.reg] = m.a[ea.reg] - step(ea.reg, size)


def read(m, ea, size, extension=2):
    value = peek(m, ea, size, extension)
    move_pointer(m, ea, size)
    return value


def write(m, ea, size, value, extension=2):
    """Store an operand. Byte and word operations leave the rest of a data register as it was (PRM 1.7.1)."""
    if ea.form == "dn":
        m.d[ea.reg][8 * size - 1 : 0] = value
    else:
        m.store(address(m, ea, size, extension), value)
        move_pointer(m, ea, size)


def modify(m, ea, size, change, extension=2):
    """Read the operand, write `change` of it to the same place."""
    write(m, ea, size, change(peek(m, ea, size, extension)), extension)


def predecrement(m, reg, size):
    """The operand at -(An), as ADDX, SUBX, ABCD and SBCD take theirs."""
    at = m.a[reg] - step(reg, size)
    value = m.load(at, size)
    m.a[reg] = at
    return value


def postincrement(m, reg, size):
    """The operand at (An)+, as CMPM takes both."""
    at = m.a[reg]
    value = m.load(at, size)
    m.a[reg] = at + step(reg, size)
    return value


def push_long(m, value):
    """Onto the stack of the current mode."""
    at = m.a[7] - 4
    m.store(at, value)
    m.a[7] = at


def pull(m, size):
    at = m.a[7]
    value = m.load(at, size)
    m.a[7] = at + size
    return value
