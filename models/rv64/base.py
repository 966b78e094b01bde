"""RV64I (Unpriv. chapters 2 and 5) and Zifencei (chapter 3)."""

from vmproof.lang import *
from state import *


@instruction("imm[31:12] rd[5] 0110111", asm="lui x{rd}, {imm:hex}")
def lui(m, imm, rd):
    put(m, rd, sext(imm, 64))


@instruction("imm[31:12] rd[5] 0010111", asm="auipc x{rd}, {imm:hex}")
def auipc(m, imm, rd):
    put(m, rd, m.pc + sext(imm, 64))


@instruction("imm[20|10:1|11|19:12] rd[5] 1101111", asm="jal x{rd}, {imm:signed}")
def jal(m, imm, rd):
    put(m, rd, m.next_pc)
    m.pc = m.pc + sext(imm, 64)


@instruction("imm[11:0] rs1[5] 000 rd[5] 1100111", asm="jalr x{rd}, {imm:signed}(x{rs1})")
def jalr(m, imm, rs1, rd):
    """The lowest bit of the target is cleared. With C, every even address is aligned (2.5)."""
    target = m.x[rs1] + sext(imm, 64)
    put(m, rd, m.next_pc)
    m.pc = cat(target[63:1], bits[1](0))


for name, funct3, taken in (
    ("beq", "000", lambda a, b: a == b),
    ("bne", "001", lambda a, b: a != b),
    ("blt", "100", lambda a, b: signed(a) < signed(b)),
    ("bge", "101", lambda a, b: signed(a) >= signed(b)),
    ("bltu", "110", lambda a, b: a < b),
    ("bgeu", "111", lambda a, b: a >= b),
):

    @instruction(
        "imm[12|10:5] rs2[5] rs1[5] {funct3} imm[4:1|11] 1100011", name=name, asm=f"{name} x{{rs1}}, x{{rs2}}, {{imm:signed}}"
    )
    def branch(m, imm, rs1, rs2):
        if taken(m.x[rs1], m.x[rs2]):
            m.pc = m.pc + sext(imm, 64)


for name, funct3, size, extend in (
    ("lb", "000", 1, sext),
    ("lh", "001", 2, sext),
    ("lw", "010", 4, sext),
    ("ld", "011", 8, zext),
    ("lbu", "100", 1, zext),
    ("lhu", "101", 2, zext),
    ("lwu", "110", 4, zext),
):

    @instruction("imm[11:0] rs1[5] {funct3} rd[5] 0000011", name=name, asm=f"{name} x{{rd}}, {{imm:signed}}(x{{rs1}})")
    def load(m, imm, rs1, rd):
        """A load with destination x0 still raises its exceptions (2.6)."""
        put(m, rd, extend(m.load(m.x[rs1] + sext(imm, 64), size), 64))


for name, funct3, size in (("sb", "000", 1), ("sh", "001", 2), ("sw", "010", 4), ("sd", "011", 8)):

    @instruction("imm[11:5] rs2[5] rs1[5] {funct3} imm[4:0] 0100011", name=name, asm=f"{name} x{{rs2}}, {{imm:signed}}(x{{rs1}})")
    def store(m, imm, rs1, rs2):
        m.store(m.x[rs1] + sext(imm, 64), m.x[rs2][8 * size - 1 : 0])


for name, funct3, operation in (
    ("addi", "000", lambda a, b: a + b),
    ("slti", "010", lambda a, b: zext(bits[1](signed(a) < signed(b)), 64)),
    ("sltiu", "011", lambda a, b: zext(bits[1](a < b), 64)),
    ("xori", "100", lambda a, b: a ^ b),
    ("ori", "110", lambda a, b: a | b),
    ("andi", "111", lambda a, b: a & b),
):

    @instruction("imm[11:0] rs1[5] {funct3} rd[5] 0010011", name=name, asm=f"{name} x{{rd}}, x{{rs1}}, {{imm:signed}}")
    def immediate(m, imm, rs1, rd):
        put(m, rd, operation(m.x[rs1], sext(imm, 64)))


for name, funct6, funct3, shift in (
    ("slli", "000000", "001", lambda a, n: a << n),
    ("srli", "000000", "101", lambda a, n: a >> n),
    ("srai", "010000", "101", lambda a, n: signed(a) >> n),
):

    @instruction("{funct6} shamt[6] rs1[5] {funct3} rd[5] 0010011", name=name, asm=f"{name} x{{rd}}, x{{rs1}}, {{shamt:hex}}")
    def shift_immediate(m, shamt, rs1, rd):
        put(m, rd, bits[64](shift(m.x[rs1], shamt)))

    @instruction("{funct6} 0 shamt[5] rs1[5] {funct3} rd[5] 0011011", name=f"{name}w", asm=f"{name}w x{{rd}}, x{{rs1}}, {{shamt:hex}}")
    def shift_immediate_word(m, shamt, rs1, rd):
        put(m, rd, sext(bits[32](shift(m.x[rs1][31:0], shamt)), 64))


for name, funct7, funct3, operation in (
    ("add", "0000000", "000", lambda a, b: a + b),
    ("sub", "0100000", "000", lambda a, b: a - b),
    ("sll", "0000000", "001", lambda a, b: a << b[5:0]),
    ("slt", "0000000", "010", lambda a, b: zext(bits[1](signed(a) < signed(b)), 64)),
    ("sltu", "0000000", "011", lambda a, b: zext(bits[1](a < b), 64)),
    ("xor", "0000000", "100", lambda a, b: a ^ b),
    ("srl", "0000000", "101", lambda a, b: a >> b[5:0]),
    ("sra", "0100000", "101", lambda a, b: bits[64](signed(a) >> b[5:0])),
    ("or", "0000000", "110", lambda a, b: a | b),
    ("and", "0000000", "111", lambda a, b: a & b),
):

    @instruction("{funct7} rs2[5] rs1[5] {funct3} rd[5] 0110011", name=name, asm=f"{name} x{{rd}}, x{{rs1}}, x{{rs2}}")
    def register(m, rs2, rs1, rd):
        put(m, rd, operation(m.x[rs1], m.x[rs2]))


@instruction("imm[11:0] rs1[5] 000 rd[5] 0011011", asm="addiw x{rd}, x{rs1}, {imm:signed}")
def addiw(m, imm, rs1, rd):
    put(m, rd, sext((m.x[rs1] + sext(imm, 64))[31:0], 64))


for name, funct7, funct3, operation in (
    ("addw", "0000000", "000", lambda a, b: a + b),
    ("subw", "0100000", "000", lambda a, b: a - b),
    ("sllw", "0000000", "001", lambda a, b: a << b[4:0]),
    ("srlw", "0000000", "101", lambda a, b: a >> b[4:0]),
    ("sraw", "0100000", "101", lambda a, b: bits[32](signed(a) >> b[4:0])),
):

    @instruction("{funct7} rs2[5] rs1[5] {funct3} rd[5] 0111011", name=name, asm=f"{name} x{{rd}}, x{{rs1}}, x{{rs2}}")
    def register_word(m, rs2, rs1, rd):
        """On the low words, with a sign-extended result (Unpriv. 5.2)."""
        put(m, rd, sext(operation(m.x[rs1][31:0], m.x[rs2][31:0]), 64))


@instruction("fm[4] pred[4] succ[4] rs1[5] 000 rd[5] 0001111", asm="fence {pred:hex}, {succ:hex}")
def fence(m, fm, pred, succ, rs1, rd):
    """Orders memory accesses, which are in order here; unused fields are ignored (2.7)."""


@instruction("imm[12] rs1[5] 001 rd[5] 0001111", asm="fence.i")
def fence_i(m, imm, rs1, rd):
    """Fetches see all stores here; unused fields are ignored (Unpriv. chapter 3)."""
