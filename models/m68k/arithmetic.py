"""Integer arithmetic (PRM 3.1.2; each instruction has its page in PRM section 4)."""

from vmproof.lang import *
from state import *
from ea import *
from alu import *


def quick(n, width):
    """The three bits of ADDQ, SUBQ and shift counts, where 0 stands for 8."""
    return bits[width](8) if n == 0 else zext(n, width)


for size, suffix, ss, immediate, after in SIZES:
    for name, mnemonic, opcode, quick_bit, operation in (("add", "ADD", "1101", "0", add), ("sub", "SUB", "1001", "1", subtract)):

        @instruction(
            "{opcode} reg[3] 0 {ss} ea",
            name=f"{name}_{suffix}_to_register", mnemonic=mnemonic, asm=f"{name}.{suffix} {{ea}}, d{{reg}}", ea=readable(size),
        )  # fmt: skip
        def to_register(m, reg, ea):
            value = read(m, ea, size)
            result = operation(m, m.d[reg][8 * size - 1 : 0], value)
            set_nz(m, result)
            m.d[reg][8 * size - 1 : 0] = result

        @instruction(
            "{opcode} reg[3] 1 {ss} ea",
            name=f"{name}_{suffix}_to_memory", mnemonic=mnemonic, asm=f"{name}.{suffix} d{{reg}}, {{ea}}", ea=memory_alterable(size),
        )  # fmt: skip
        def to_memory(m, reg, ea):
            result = operation(m, peek(m, ea, size), m.d[reg][8 * size - 1 : 0])
            set_nz(m, result)
            write(m, ea, size, result)

        @instruction(
            "0101 n[3] {quick_bit} {ss} ea",
            name=f"{name}q_{suffix}", mnemonic=f"{mnemonic}Q", asm=f"{name}q.{suffix} #{{n:8|1|2|3|4|5|6|7}}, {{ea}}",
            ea=data_alterable(size),
        )  # fmt: skip
        def quick_operation(m, n, ea):
            result = operation(m, peek(m, ea, size), quick(n, 8 * size))
            set_nz(m, result)
            write(m, ea, size, result)

        @instruction(
            "{opcode} rx[3] 1 {ss} 000 ry[3]",
            name=f"{name}x_{suffix}_registers", mnemonic=f"{mnemonic}X", asm=f"{name}x.{suffix} d{{ry}}, d{{rx}}",
        )  # fmt: skip
        def extended_registers(m, rx, ry):
            result = operation(m, m.d[rx][8 * size - 1 : 0], m.d[ry][8 * size - 1 : 0], zext(m.ccr.X, 8 * size + 1))
            extended_nz(m, result)
            m.d[rx][8 * size - 1 : 0] = result

        @instruction(
            "{opcode} rx[3] 1 {ss} 001 ry[3]",
            name=f"{name}x_{suffix}_memory", mnemonic=f"{mnemonic}X", asm=f"{name}x.{suffix} -(a{{ry}}), -(a{{rx}})",
        )  # fmt: skip
        def extended_memory(m, rx, ry):
            source = predecrement(m, ry, size)
            result = operation(m, predecrement(m, rx, size), source, zext(m.ccr.X, 8 * size + 1))
            extended_nz(m, result)
            m.store(m.a[rx], result)

    for name, mnemonic, opcode, operation in (("addi", "ADDI", "0110", add), ("subi", "SUBI", "0100", subtract)):

        @instruction(
            "0000 {opcode} {ss} ea + {immediate}",
            name=f"{name}_{suffix}", mnemonic=mnemonic, asm=f"{name}.{suffix} #${{data:x}}, {{ea}}", ea=data_alterable(size),
        )  # fmt: skip
        def immediate_operation(m, ea, data):
            result = operation(m, peek(m, ea, size, after), data)
            set_nz(m, result)
            write(m, ea, size, result, after)

    @instruction("1011 reg[3] 0 {ss} ea", name=f"cmp_{suffix}", mnemonic="CMP", asm=f"cmp.{suffix} {{ea}}, d{{reg}}", ea=readable(size))
    def cmp_register(m, reg, ea):
        value = read(m, ea, size)
        set_nz(m, compare(m, m.d[reg][8 * size - 1 : 0], value))

    @instruction(
        "0000 1100 {ss} ea + {immediate}",
        name=f"cmpi_{suffix}", mnemonic="CMPI", asm=f"cmpi.{suffix} #${{data:x}}, {{ea}}", ea=data_alterable(size),
    )  # fmt: skip
    def cmp_immediate(m, ea, data):
        set_nz(m, compare(m, read(m, ea, size, after), data))

    @instruction("1011 ax[3] 1 {ss} 001 ay[3]", name=f"cmpm_{suffix}", mnemonic="CMPM", asm=f"cmpm.{suffix} (a{{ay}})+, (a{{ax}})+")
    def cmp_memory(m, ax, ay):
        source = postincrement(m, ay, size)
        set_nz(m, compare(m, postincrement(m, ax, size), source))

    @instruction("0100 0100 {ss} ea", name=f"neg_{suffix}", mnemonic="NEG", asm=f"neg.{suffix} {{ea}}", ea=data_alterable(size))
    def neg(m, ea):
        result = subtract(m, bits[8 * size](0), peek(m, ea, size))
        set_nz(m, result)
        write(m, ea, size, result)

    @instruction("0100 0000 {ss} ea", name=f"negx_{suffix}", mnemonic="NEGX", asm=f"negx.{suffix} {{ea}}", ea=data_alterable(size))
    def negx(m, ea):
        result = subtract(m, bits[8 * size](0), peek(m, ea, size), zext(m.ccr.X, 8 * size + 1))
        extended_nz(m, result)
        write(m, ea, size, result)

    @instruction("0100 0010 {ss} ea", name=f"clr_{suffix}", mnemonic="CLR", asm=f"clr.{suffix} {{ea}}", ea=data_alterable(size))
    def clr(m, ea):
        """The MC68000 reads the place before it clears it (PRM 4, CLR), which nothing shows where every address answers."""
        write(m, ea, size, bits[8 * size](0))
        logical(m, bits[8 * size](0))

    @instruction("0100 1010 {ss} ea", name=f"tst_{suffix}", mnemonic="TST", asm=f"tst.{suffix} {{ea}}", ea=data_alterable(size))
    def tst(m, ea):
        logical(m, read(m, ea, size))


for size, suffix, ss, bit in ((2, "w", "01", "0"), (4, "l", "10", "1")):
    for name, mnemonic, opcode, quick_bit, operation in (
        ("add", "ADD", "1101", "0", lambda one, other: one + other),
        ("sub", "SUB", "1001", "1", lambda one, other: one - other),
    ):

        @instruction(
            "{opcode} reg[3] {bit} 11 ea",
            name=f"{name}a_{suffix}", mnemonic=f"{mnemonic}A", asm=f"{name}a.{suffix} {{ea}}, a{{reg}}", ea=EA[size],
        )  # fmt: skip
        def address_operation(m, reg, ea):
            """All of the address register, with a sign-extended word; the condition codes stay."""
            value = sext(read(m, ea, size), 32)
            m.a[reg] = operation(m.a[reg], value)

        @instruction(
            "0101 n[3] {quick_bit} {ss} 001 reg[3]",
            name=f"{name}q_{suffix}_address", mnemonic=f"{mnemonic}Q", asm=f"{name}q.{suffix} #{{n:8|1|2|3|4|5|6|7}}, a{{reg}}",
        )  # fmt: skip
        def address_quick(m, n, reg):
            """To an address register a word operation, too, is a long one, and the condition codes stay (PRM 4, ADDQ, SUBQ)."""
            m.a[reg] = operation(m.a[reg], quick(n, 32))

    @instruction("1011 reg[3] {bit} 11 ea", name=f"cmpa_{suffix}", mnemonic="CMPA", asm=f"cmpa.{suffix} {{ea}}, a{{reg}}", ea=EA[size])
    def cmpa(m, reg, ea):
        value = sext(read(m, ea, size), 32)
        set_nz(m, compare(m, m.a[reg], value))


@instruction("0100 1000 10 000 reg[3]", mnemonic="EXT", asm="ext.w d{reg}")
def ext_w(m, reg):
    m.d[reg][15:0] = sext(m.d[reg][7:0], 16)
    logical(m, m.d[reg][15:0])


@instruction("0100 1000 11 000 reg[3]", mnemonic="EXT", asm="ext.l d{reg}")
def ext_l(m, reg):
    m.d[reg] = sext(m.d[reg][15:0], 32)
    logical(m, m.d[reg])


@instruction("1100 reg[3] 011 ea", mnemonic="MULU", asm="mulu.w {ea}, d{reg}", ea=data(2))
def mulu(m, reg, ea):
    value = read(m, ea, 2)
    m.d[reg] = zext(m.d[reg][15:0], 32) * zext(value, 32)
    logical(m, m.d[reg])


@instruction("1100 reg[3] 111 ea", mnemonic="MULS", asm="muls.w {ea}, d{reg}", ea=data(2))
def muls(m, reg, ea):
    value = read(m, ea, 2)
    m.d[reg] = sext(m.d[reg][15:0], 32) * sext(value, 32)
    logical(m, m.d[reg])


# Division. The operand has been read, and the address register has moved, when a zero divide trap is taken: the trap is the last step of
# the instruction (UM 6.3.5). With a zero divisor N, Z and V are undefined, after overflow N and Z (PRM 4, DIVS, DIVU).


def divisor(m, ea, extend):
    """The word operand, extended to 32 bits."""
    with kept():
        by = extend(read(m, ea, 2), 32)
        m.ccr.C = 0
        if by == 0:
            m.ccr.N, m.ccr.Z, m.ccr.V = choose(bool), choose(bool), choose(bool)
    if by == 0:
        trap(Cause.zero_divide)
    return by


def divided(m, reg, quotient, remainder, fits):
    m.ccr.V = not fits
    if fits:
        m.d[reg] = cat(remainder[15:0], quotient[15:0])
        set_nz(m, quotient[15:0])
    else:
        m.ccr.N, m.ccr.Z = choose(bool), choose(bool)


@instruction("1000 reg[3] 011 ea", mnemonic="DIVU", asm="divu.w {ea}, d{reg}", ea=data(2))
def divu(m, reg, ea):
    by = divisor(m, ea, zext)
    quotient, remainder = m.d[reg] // by, m.d[reg] % by
    divided(m, reg, quotient, remainder, quotient[31:16] == 0)


@instruction("1000 reg[3] 111 ea", mnemonic="DIVS", asm="divs.w {ea}, d{reg}", ea=data(2))
def divs(m, reg, ea):
    """The remainder has the sign of the dividend."""
    by = signed(divisor(m, ea, sext))
    quotient, remainder = signed(m.d[reg]) // by, signed(m.d[reg]) % by
    divided(m, reg, quotient, remainder, sext(quotient[15:0], 32) == quotient)
