"""The M extension (Unpriv. chapter 7)."""

from vmproof.lang import *
from state import *


def high(a, b):
    """The upper half of a product of two words that are already extended to 128 bits."""
    return (a * b)[127:64]


def divide(a, b):
    """Division by zero gives all ones; the most negative number by -1 gives itself (table 7.1)."""
    ones = ~bits[len(a)](0)
    lowest = bits[len(a)](1) << (len(a) - 1)
    if b == 0:
        return ones
    if a == lowest and b == ones:
        return lowest
    return bits[len(a)](signed(a) // signed(b))


def remain(a, b):
    """By zero: the dividend; of the overflow: zero."""
    ones = ~bits[len(a)](0)
    lowest = bits[len(a)](1) << (len(a) - 1)
    if b == 0:
        return a
    if a == lowest and b == ones:
        return bits[len(a)](0)
    return bits[len(a)](signed(a) % signed(b))


def divide_unsigned(a, b):
    return ~bits[len(a)](0) if b == 0 else a // b


def remain_unsigned(a, b):
    return a if b == 0 else a % b


for name, funct3, operation in (
    ("mul", "000", lambda a, b: a * b),
    ("mulh", "001", lambda a, b: high(sext(a, 128), sext(b, 128))),
    ("mulhsu", "010", lambda a, b: high(sext(a, 128), zext(b, 128))),
    ("mulhu", "011", lambda a, b: high(zext(a, 128), zext(b, 128))),
    ("div", "100", divide),
    ("divu", "101", divide_unsigned),
    ("rem", "110", remain),
    ("remu", "111", remain_unsigned),
):

    @instruction("0000001 rs2[5] rs1[5] {funct3} rd[5] 0110011", name=name, asm=f"{name} x{{rd}}, x{{rs1}}, x{{rs2}}")
    def multiply(m, rs2, rs1, rd):
        put(m, rd, operation(m.x[rs1], m.x[rs2]))


for name, funct3, operation in (
    ("mulw", "000", lambda a, b: a * b),
    ("divw", "100", divide),
    ("divuw", "101", divide_unsigned),
    ("remw", "110", remain),
    ("remuw", "111", remain_unsigned),
):

    @instruction("0000001 rs2[5] rs1[5] {funct3} rd[5] 0111011", name=name, asm=f"{name} x{{rd}}, x{{rs1}}, x{{rs2}}")
    def multiply_word(m, rs2, rs1, rd):
        put(m, rd, sext(operation(m.x[rs1][31:0], m.x[rs2][31:0]), 64))
