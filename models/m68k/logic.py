"""Logical, bit and decimal operations (PRM 3.1.3, 3.1.5, 3.1.7; each instruction has its page in PRM section 4)."""

from vmproof.lang import *
from state import *
from ea import *
from alu import *

for size, suffix, ss, immediate, after in SIZES:
    for name, mnemonic, opcode, operation in (
        ("and", "AND", "1100", lambda one, other: one & other),
        ("or", "OR", "1000", lambda one, other: one | other),
    ):

        @instruction(
            "{opcode} reg[3] 0 {ss} ea",
            name=f"{name}_{suffix}_to_register", mnemonic=mnemonic, asm=f"{name}.{suffix} {{ea}}, d{{reg}}", ea=data(size),
        )  # fmt: skip
        def logical_to_register(m, reg, ea):
            value = read(m, ea, size)
            result = operation(m.d[reg][8 * size - 1 : 0], value)
            logical(m, result)
            m.d[reg][8 * size - 1 : 0] = result

        @instruction(
            "{opcode} reg[3] 1 {ss} ea",
            name=f"{name}_{suffix}_to_memory", mnemonic=mnemonic, asm=f"{name}.{suffix} d{{reg}}, {{ea}}", ea=memory_alterable(size),
        )  # fmt: skip
        def logical_to_memory(m, reg, ea):
            result = operation(peek(m, ea, size), m.d[reg][8 * size - 1 : 0])
            logical(m, result)
            write(m, ea, size, result)

    @instruction(
        "1011 reg[3] 1 {ss} ea", name=f"eor_{suffix}", mnemonic="EOR", asm=f"eor.{suffix} d{{reg}}, {{ea}}", ea=data_alterable(size)
    )
    def eor(m, reg, ea):
        result = peek(m, ea, size) ^ m.d[reg][8 * size - 1 : 0]
        logical(m, result)
        write(m, ea, size, result)

    for name, mnemonic, opcode, operation in (
        ("ori", "ORI", "0000", lambda one, other: one | other),
        ("andi", "ANDI", "0010", lambda one, other: one & other),
        ("eori", "EORI", "1010", lambda one, other: one ^ other),
    ):

        @instruction(
            "0000 {opcode} {ss} ea + {immediate}",
            name=f"{name}_{suffix}", mnemonic=mnemonic, asm=f"{name}.{suffix} #${{data:x}}, {{ea}}", ea=data_alterable(size),
        )  # fmt: skip
        def logical_immediate(m, ea, data):
            result = operation(peek(m, ea, size, after), data)
            logical(m, result)
            write(m, ea, size, result, after)

    @instruction("0100 0110 {ss} ea", name=f"not_{suffix}", mnemonic="NOT", asm=f"not.{suffix} {{ea}}", ea=data_alterable(size))
    def complement(m, ea):
        result = ~peek(m, ea, size)
        logical(m, result)
        write(m, ea, size, result)


# Bits: number modulo 32 in a data register, modulo 8 in a byte of memory.


def bit_operation(m, ea, number, change, extension):
    """Z shows the bit as it was; `change(word, mask)` is written, or nothing where it is None."""
    if ea.form == "dn":
        mask = bits[32](1) << number[4:0]
        m.ccr.Z = m.d[ea.reg] & mask == 0
        if change is not None:
            m.d[ea.reg] = change(m.d[ea.reg], mask)
    else:
        mask = bits[8](1) << number[2:0]
        byte = peek(m, ea, 1, extension)
        m.ccr.Z = byte & mask == 0
        if change is None:
            move_pointer(m, ea, 1)
        else:
            write(m, ea, 1, change(byte, mask), extension)


for name, mnemonic, tt, change, by_register, by_immediate in (
    ("btst", "BTST", "00", None, data(1), data(1).without("imm")),
    ("bchg", "BCHG", "01", lambda word, mask: word ^ mask, data_alterable(1), data_alterable(1)),
    ("bclr", "BCLR", "10", lambda word, mask: word & ~mask, data_alterable(1), data_alterable(1)),
    ("bset", "BSET", "11", lambda word, mask: word | mask, data_alterable(1), data_alterable(1)),
):

    @instruction("0000 reg[3] 1 {tt} ea", name=f"{name}_register", mnemonic=mnemonic, asm=f"{name} d{{reg}}, {{ea}}", ea=by_register)
    def bit_by_register(m, reg, ea):
        bit_operation(m, ea, m.d[reg], change, 2)

    @instruction(
        "0000 1000 {tt} ea + -------- number[8]",
        name=f"{name}_immediate", mnemonic=mnemonic, asm=f"{name} #{{number}}, {{ea}}", ea=by_immediate,
    )  # fmt: skip
    def bit_by_immediate(m, ea, number):
        bit_operation(m, ea, number, change, 4)


@instruction("0100 1010 11 ea", mnemonic="TAS", asm="tas {ea}", ea=data_alterable(1))
def tas(m, ea):
    """One read-modify-write bus cycle, which other processors cannot break up."""
    value = peek(m, ea, 1)
    logical(m, value)
    write(m, ea, 1, value | 0x80)


# Binary-coded decimals. N and V are undefined. What digits above 9 give, the manual does not say.


def is_decimal(byte):
    return byte[3:0] <= 9 and byte[7:4] <= 9


def decimal_flags(m, result, carry, defined):
    m.ccr.N, m.ccr.V = choose(bool), choose(bool)
    m.ccr.C = carry if defined else choose(bool)
    m.ccr.X = m.ccr.C
    if result != 0:
        m.ccr.Z = 0


def add_decimal(m, one, other):
    low = zext(one[3:0], 5) + zext(other[3:0], 5) + zext(m.ccr.X, 5)
    carry = low > 9
    high = zext(one[7:4], 5) + zext(other[7:4], 5) + zext(bits[1](carry), 5)
    defined = is_decimal(one) and is_decimal(other)
    result = cat((high - 10 if high > 9 else high)[3:0], (low - 10 if carry else low)[3:0]) if defined else choose(bits[8])
    decimal_flags(m, result, high > 9, defined)
    return result


def subtract_decimal(m, one, other):
    low = zext(one[3:0], 5) - zext(other[3:0], 5) - zext(m.ccr.X, 5)
    borrow = low[4]
    high = zext(one[7:4], 5) - zext(other[7:4], 5) - zext(borrow, 5)
    defined = is_decimal(one) and is_decimal(other)
    result = cat((high + 10 if high[4] else high)[3:0], (low + 10 if borrow else low)[3:0]) if defined else choose(bits[8])
    decimal_flags(m, result, high[4], defined)
    return result


for name, mnemonic, opcode, operation in (("abcd", "ABCD", "1100", add_decimal), ("sbcd", "SBCD", "1000", subtract_decimal)):

    @instruction("{opcode} rx[3] 1 0000 0 ry[3]", name=f"{name}_registers", mnemonic=mnemonic, asm=f"{name} d{{ry}}, d{{rx}}")
    def decimal_registers(m, rx, ry):
        m.d[rx][7:0] = operation(m, m.d[rx][7:0], m.d[ry][7:0])

    @instruction("{opcode} rx[3] 1 0000 1 ry[3]", name=f"{name}_memory", mnemonic=mnemonic, asm=f"{name} -(a{{ry}}), -(a{{rx}})")
    def decimal_memory(m, rx, ry):
        source = predecrement(m, ry, 1)
        result = operation(m, predecrement(m, rx, 1), source)
        m.store(m.a[rx], result)


@instruction("0100 1000 00 ea", mnemonic="NBCD", asm="nbcd {ea}", ea=data_alterable(1))
def nbcd(m, ea):
    write(m, ea, 1, subtract_decimal(m, bits[8](0), peek(m, ea, 1)))
