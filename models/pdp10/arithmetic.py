"""Fixed point arithmetic and its flags (System Reference Manual 2.5)."""

from vmproof.lang import *
from words import *
from storage import *
from logic import *


def sum_with_flags(m, a, b, carry):
    """Carry 0 is the carry out of bit 0, Carry 1 that into it; Overflow if they differ. Flags are set here, never cleared."""
    total = zext(a, 37) + zext(b, 37) + carry
    carry0 = total[36]
    carry1 = (zext(a[34:0], 36) + zext(b[34:0], 36) + carry)[35]
    if carry0:
        m.flags.carry0 = 1
    if carry1:
        m.flags.carry1 = 1
    if carry0 != carry1:
        m.flags.overflow = 1
    return total[35:0]


def product(m, a, b):
    """IMUL: the low word of the double product, its sign that of the whole; Overflow if the high word is not all sign."""
    whole = sext(a, 72) * sext(b, 72)
    high = whole[71:35]
    if high != 0 and ~high != 0:
        m.flags.overflow = 1
    return cat(whole[71:71], whole[34:0])


def arithmetic(m, word, last, function):
    settle(m, word, last, function(m, m.ac[accumulator(word)], operand(m, word, last)))


ARITHMETIC = [
    ("imul", "0100100", lambda m, word, last: arithmetic(m, word, last, product)),                                          # 220
    ("add", "0101110", lambda m, word, last: arithmetic(m, word, last, lambda m, a, b: sum_with_flags(m, a, b, 0))),   # 270
    ("sub", "0101111", lambda m, word, last: arithmetic(m, word, last, lambda m, a, b: sum_with_flags(m, a, ~b, 1))),  # 274
]
