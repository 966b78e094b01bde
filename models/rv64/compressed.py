"""The C extension (Unpriv. chapter 16), without the loads and stores of floating-point registers, which floating.py has."""

from vmproof.lang import *
from state import *


def full(short):
    """x8 to x15 (table 16.2)."""
    return cat(bits[2](1), short)


def word(value):
    return sext(value[31:0], 64)


def nonzero(m, value):
    """Reserved encodings, which raise an illegal-instruction exception here."""
    if value == 0:
        illegal(m)


@instruction("000 imm[5:4|9:6|2|3] rd[3] 00", asm="c.addi4spn x{rd}+8, x2, {imm}")
def c_addi4spn(m, imm, rd):
    nonzero(m, imm)  # all zeros are no instruction, either
    m.x[full(rd)] = m.x[2] + zext(imm, 64)


for name, funct3, size in (("c_lw", "010", 4), ("c_ld", "011", 8)):
    placed = "imm[2|6]" if size == 4 else "imm[7:6]"

    letter = "w" if size == 4 else "d"

    @instruction("{funct3} imm[5:3] rs1[3] {placed} rd[3] 00", name=name, asm=f"c.l{letter} x{{rd}}+8, {{imm}}(x{{rs1}}+8)")
    def c_load(m, imm, rs1, rd):
        m.x[full(rd)] = sext(m.load(m.x[full(rs1)] + zext(imm, 64), size), 64)


for name, funct3, size in (("c_sw", "110", 4), ("c_sd", "111", 8)):
    placed = "imm[2|6]" if size == 4 else "imm[7:6]"

    letter = "w" if size == 4 else "d"

    @instruction("{funct3} imm[5:3] rs1[3] {placed} rs2[3] 00", name=name, asm=f"c.s{letter} x{{rs2}}+8, {{imm}}(x{{rs1}}+8)")
    def c_store(m, imm, rs1, rs2):
        m.store(m.x[full(rs1)] + zext(imm, 64), m.x[full(rs2)][8 * size - 1 : 0])


@instruction("000 imm[5] rd[5] imm[4:0] 01", asm="c.addi x{rd}, {imm:signed}")
def c_addi(m, imm, rd):
    """C.NOP, and hints, where nothing is added or rd is x0."""
    put(m, rd, m.x[rd] + sext(imm, 64))


@instruction("001 imm[5] rd[5] imm[4:0] 01", asm="c.addiw x{rd}, {imm:signed}")
def c_addiw(m, imm, rd):
    nonzero(m, rd)
    put(m, rd, word(m.x[rd] + sext(imm, 64)))


@instruction("010 imm[5] rd[5] imm[4:0] 01", asm="c.li x{rd}, {imm:signed}")
def c_li(m, imm, rd):
    put(m, rd, sext(imm, 64))


@instruction("011 imm[17] rd[5] imm[16:12] 01", asm="c.lui x{rd}, {imm:hex}")
def c_lui(m, imm, rd):
    """With rd = x2 this is C.ADDI16SP, whose immediate lies in other places."""
    nonzero(m, imm)
    if rd == 2:
        offset = cat(imm[17], imm[14:13], imm[15], imm[12], imm[16], bits[4](0))
        m.x[2] = m.x[2] + sext(offset, 64)
    else:
        put(m, rd, sext(imm, 64))


for name, funct2, shift in (("c_srli", "00", lambda a, n: a >> n), ("c_srai", "01", lambda a, n: bits[64](signed(a) >> n))):

    @instruction("100 shamt[5] {funct2} rd[3] shamt[4:0] 01", name=name, asm=f"c.{name[2:]} x{{rd}}+8, {{shamt}}")
    def c_shift_right(m, shamt, rd):
        m.x[full(rd)] = shift(m.x[full(rd)], shamt)


@instruction("100 imm[5] 10 rd[3] imm[4:0] 01", asm="c.andi x{rd}+8, {imm:signed}")
def c_andi(m, imm, rd):
    m.x[full(rd)] = m.x[full(rd)] & sext(imm, 64)


for name, bit, funct2, operation in (
    ("sub", "0", "00", lambda a, b: a - b),
    ("xor", "0", "01", lambda a, b: a ^ b),
    ("or", "0", "10", lambda a, b: a | b),
    ("and", "0", "11", lambda a, b: a & b),
    ("subw", "1", "00", lambda a, b: word(a - b)),
    ("addw", "1", "01", lambda a, b: word(a + b)),
):

    @instruction("100 {bit} 11 rd[3] {funct2} rs2[3] 01", name=f"c_{name}", asm=f"c.{name} x{{rd}}+8, x{{rs2}}+8")
    def c_arithmetic(m, rd, rs2):
        m.x[full(rd)] = operation(m.x[full(rd)], m.x[full(rs2)])


@instruction("101 imm[11|4|9:8|10|6|7|3:1|5] 01", asm="c.j {imm:signed}")
def c_j(m, imm):
    m.pc = m.pc + sext(imm, 64)


for name, funct3, taken in (("c_beqz", "110", lambda a: a == 0), ("c_bnez", "111", lambda a: a != 0)):

    @instruction("{funct3} imm[8|4:3] rs1[3] imm[7:6|2:1|5] 01", name=name, asm=f"c.{name[2:]} x{{rs1}}+8, {{imm:signed}}")
    def c_branch(m, imm, rs1):
        if taken(m.x[full(rs1)]):
            m.pc = m.pc + sext(imm, 64)


@instruction("000 shamt[5] rd[5] shamt[4:0] 10", asm="c.slli x{rd}, {shamt}")
def c_slli(m, shamt, rd):
    put(m, rd, m.x[rd] << shamt)


for name, funct3, size in (("lw", "010", 4), ("ld", "011", 8)):
    placed = "imm[4:2|7:6]" if size == 4 else "imm[4:3|8:6]"

    @instruction("{funct3} imm[5] rd[5] {placed} 10", name=f"c_{name}sp", asm=f"c.{name}sp x{{rd}}, {{imm}}(x2)")
    def c_load_sp(m, imm, rd):
        nonzero(m, rd)
        put(m, rd, sext(m.load(m.x[2] + zext(imm, 64), size), 64))


@instruction("100 0 rs1[5] rs2[5] 10", asm="c.mv x{rs1}, x{rs2}")
def c_mv(m, rs1, rs2):
    """With rs2 = x0 this is C.JR."""
    if rs2 == 0:
        nonzero(m, rs1)
        m.pc = cat(m.x[rs1][63:1], bits[1](0))
    else:
        put(m, rs1, m.x[rs2])


@instruction("100 1 rs1[5] rs2[5] 10", asm="c.add x{rs1}, x{rs2}")
def c_add(m, rs1, rs2):
    """With rs2 = x0 this is C.JALR, and with both zero C.EBREAK."""
    if rs2 != 0:
        put(m, rs1, m.x[rs1] + m.x[rs2])
    elif rs1 == 0:
        breakpoint(m)
    else:
        target = m.x[rs1]
        m.x[1] = m.next_pc
        m.pc = cat(target[63:1], bits[1](0))


for name, funct3, size in (("sw", "110", 4), ("sd", "111", 8)):
    placed = "imm[5:2|7:6]" if size == 4 else "imm[5:3|8:6]"

    @instruction("{funct3} {placed} rs2[5] 10", name=f"c_{name}sp", asm=f"c.{name}sp x{{rs2}}, {{imm}}(x2)")
    def c_store_sp(m, imm, rs2):
        m.store(m.x[2] + zext(imm, 64), m.x[rs2][8 * size - 1 : 0])
