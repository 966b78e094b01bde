"""Instructions that skip or jump on a condition (System Reference Manual 2.7, 2.8)."""

from vmproof.lang import *
from words import *
from storage import *
from arithmetic import *


def holds(condition, less, equal):
    """The last three bits of the operation code: none, L, E, LE, A, GE, N, G."""
    return ((condition[0] and less) or (condition[1] and equal)) != condition[2]


def against_zero(word, value):
    return holds(word[29:27], value[35], value == 0)


def skip_if(m, taken):
    if taken:
        m.pc = m.next_pc + 1


def jump_if(m, taken, last):
    if taken:
        m.pc = right(last)


def keep(m, word, value):
    """Accumulator 0 stands for none."""
    if accumulator(word) != 0:
        m.ac[accumulator(word)] = value


def compare(m, word, last, other):
    value = m.ac[accumulator(word)]
    skip_if(m, holds(word[29:27], signed(value) < signed(other), value == other))


def skip(m, word, last):
    """SKIP."""
    value = contents(m, right(last))
    keep(m, word, value)
    skip_if(m, against_zero(word, value))


def count_and_jump(m, word, last, step):
    """AOJ and SOJ."""
    value = sum_with_flags(m, m.ac[accumulator(word)], step, 0)
    m.ac[accumulator(word)] = value
    jump_if(m, against_zero(word, value), last)


def count_and_skip(m, word, last, step):
    """AOS and SOS."""
    value = sum_with_flags(m, contents(m, right(last)), step, 0)
    deposit(m, right(last), value)
    keep(m, word, value)
    skip_if(m, against_zero(word, value))


def test(m, word, last, change):
    """2.8: the mask is E or C(E) (bit 5 of the code), swapped or not (bit 8).

    Bits 6 and 7 say when to skip: never, if all masked bits are 0, always, if they are not all 0.
    """
    given = contents(m, right(last)) if word[30] else immediate(right(last))
    mask = swapped(given) if word[27] else given
    value = m.ac[accumulator(word)]
    clear = value & mask == 0
    m.ac[accumulator(word)] = change(value, mask)
    skip_if(m, (word[28] and clear) != word[29])


ONE, MINUS_ONE = 1, (1 << 36) - 1

COMPARISONS = [
    ("cai", "011000", lambda m, word, last: compare(m, word, last, immediate(right(last)))),                    # 300
    ("cam", "011001", lambda m, word, last: compare(m, word, last, contents(m, right(last)))),                  # 310
    ("jump", "011010", lambda m, word, last: jump_if(m, against_zero(word, m.ac[accumulator(word)]), last)),    # 320
    ("skip", "011011", skip),                                                                                   # 330
    ("aoj", "011100", lambda m, word, last: count_and_jump(m, word, last, bits[36](ONE))),                      # 340
    ("aos", "011101", lambda m, word, last: count_and_skip(m, word, last, bits[36](ONE))),                      # 350
    ("soj", "011110", lambda m, word, last: count_and_jump(m, word, last, bits[36](MINUS_ONE))),                # 360
    ("sos", "011111", lambda m, word, last: count_and_skip(m, word, last, bits[36](MINUS_ONE))),                # 370
    ("txn", "11000", lambda m, word, last: test(m, word, last, lambda value, mask: value)),                     # 600
    ("txz", "11001", lambda m, word, last: test(m, word, last, lambda value, mask: value & ~mask)),             # 620
    ("txc", "11010", lambda m, word, last: test(m, word, last, lambda value, mask: value ^ mask)),              # 640
    ("txo", "11011", lambda m, word, last: test(m, word, last, lambda value, mask: value | mask)),              # 660
]
