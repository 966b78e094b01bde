"""Branches, jumps, calls and instruction traps (PRM 3.1.8; each instruction has its page in PRM section 4)."""

from vmproof.lang import *
from state import *
from ea import *
from alu import *

# A displacement of zero in the instruction word announces one of 16 bits. It counts from the end of the instruction word.
DISPLACEMENT = forms(
    "d[8]",
    word=form("00000000 + d16[16]", asm="w *+2{d16:+signed}"),
    byte=form("d8[8]", asm="b *+2{d8:+signed}"),
)


def target(m, displacement):
    if displacement.form == "word":
        return m.pc + 2 + sext(displacement.d16, 32)
    return m.pc + 2 + sext(displacement.d8, 32)


@instruction(
    "0110 cond displacement",
    mnemonic="Bcc", asm="b{cond}.{displacement}", cond=CONDITIONS.without("t", "f"), displacement=DISPLACEMENT,
)  # fmt: skip
def bcc(m, cond, displacement):
    if holds(m, cond):
        m.pc = target(m, displacement)


@instruction("0110 0000 displacement", mnemonic="BRA", asm="bra.{displacement}", displacement=DISPLACEMENT)
def bra(m, displacement):
    m.pc = target(m, displacement)


@instruction("0110 0001 displacement", mnemonic="BSR", asm="bsr.{displacement}", displacement=DISPLACEMENT)
def bsr(m, displacement):
    push_long(m, m.next_pc)
    m.pc = target(m, displacement)


@instruction("0101 cond 11001 reg[3] + d16[16]", mnemonic="DBcc", asm="db{cond} d{reg}, *+2{d16:+signed}", cond=CONDITIONS)
def dbcc(m, cond, reg, d16):
    """The condition ends the loop; the counter is a word."""
    if not holds(m, cond):
        counter = m.d[reg][15:0] - 1
        m.d[reg][15:0] = counter
        if counter != 0xFFFF:
            m.pc = m.pc + 2 + sext(d16, 32)


@instruction("0101 cond 11 ea", mnemonic="Scc", asm="s{cond} {ea}", cond=CONDITIONS, ea=data_alterable(1))
def scc(m, cond, ea):
    write(m, ea, 1, bits[8](0xFF) if holds(m, cond) else bits[8](0))


@instruction("0100 1110 11 ea", mnemonic="JMP", asm="jmp {ea}", ea=CONTROL)
def jmp(m, ea):
    m.pc = address(m, ea)


@instruction("0100 1110 10 ea", mnemonic="JSR", asm="jsr {ea}", ea=CONTROL)
def jsr(m, ea):
    to = address(m, ea)
    push_long(m, m.next_pc)
    m.pc = to


@instruction("0100 1110 0111 0101", mnemonic="RTS", asm="rts")
def rts(m):
    m.pc = pull(m, 4)


@instruction("0100 1110 0111 0111", mnemonic="RTR", asm="rtr")
def rtr(m):
    """The condition codes come from a word whose upper byte is dropped."""
    flags, to = pull(m, 2), pull(m, 4)
    m.ccr = Ccr(flags[7:0])
    m.pc = to


@instruction("0100 1110 0111 0001", mnemonic="NOP", asm="nop")
def nop(m):
    pass


@instruction("0100 1110 0100 vector[4]", name="trap", mnemonic="TRAP", asm="trap #{vector}")
def trap_always(m, vector):
    trap(Cause.trap, zext(vector, 36))


@instruction("0100 1110 0111 0110", mnemonic="TRAPV", asm="trapv")
def trapv(m):
    if m.ccr.V:
        trap(Cause.trapv)


@instruction("0100 reg[3] 110 ea", mnemonic="CHK", asm="chk.w {ea}, d{reg}", ea=data(2))
def chk(m, reg, ea):
    """N tells which bound was passed and is undefined where none was; Z, V and C are undefined. The trap is the last step (UM 6.3.5)."""
    with kept():
        bound = read(m, ea, 2)
        value = m.d[reg][15:0]
        below, above = msb(value), signed(value) > signed(bound)
        m.ccr.Z, m.ccr.V, m.ccr.C = choose(bool), choose(bool), choose(bool)
        m.ccr.N = below if below or above else choose(bits[1])
    if below or above:
        trap(Cause.chk)


@instruction("0100 1010 1111 1100", mnemonic="ILLEGAL", asm="illegal")
def illegal(m):
    trap(Cause.illegal_instruction)


@instruction("1010 ------------", mnemonic="line A", asm="line_a")
def line_a(m):
    """Unimplemented instructions with vectors of their own (UM 6.3.6)."""
    trap(Cause.line_a)


@instruction("1111 ------------", mnemonic="line F", asm="line_f")
def line_f(m):
    trap(Cause.line_f)


@undefined
def no_instruction(m, word: bits[16]):
    """UM 6.3.6: any other pattern is illegal."""
    trap(Cause.illegal_instruction)
