"""The sixteen Boolean functions of two words, and the shifts (System Reference Manual 2.4, 2.5)."""

from vmproof.lang import *
from words import *
from storage import *


def settle(m, word, last, value):
    """Where a result goes: 0 and 1 the accumulator, 2 the memory location, 3 both."""
    if word[28]:
        deposit(m, right(last), value)
    if word[28:27] != 2:
        m.ac[accumulator(word)] = value


def operand(m, word, last):
    """C(E), or 0,,E for the immediate mode."""
    return immediate(right(last)) if word[28:27] == 1 else contents(m, right(last))


def boolean(m, word, last, function):
    """A function of the accumulator and, where `function` calls for it, of the operand."""
    settle(m, word, last, function(m.ac[accumulator(word)], lambda: operand(m, word, last)))


BOOLEANS = [
    (name, "100" + code, lambda m, word, last: boolean(m, word, last, function))
    for name, code, function in [
        ("setz", "0000", lambda ac, memory: bits[36](0)),
        ("and", "0001", lambda ac, memory: ac & memory()),
        ("andca", "0010", lambda ac, memory: ~ac & memory()),
        ("setm", "0011", lambda ac, memory: memory()),
        ("andcm", "0100", lambda ac, memory: ac & ~memory()),
        ("seta", "0101", lambda ac, memory: ac),
        ("xor", "0110", lambda ac, memory: ac ^ memory()),
        ("ior", "0111", lambda ac, memory: ac | memory()),
        ("andcb", "1000", lambda ac, memory: ~ac & ~memory()),
        ("eqv", "1001", lambda ac, memory: ~(ac ^ memory())),
        ("setca", "1010", lambda ac, memory: ~ac),
        ("orca", "1011", lambda ac, memory: ~ac | memory()),
        ("setcm", "1100", lambda ac, memory: ~memory()),
        ("orcm", "1101", lambda ac, memory: ac | ~memory()),
        ("orcb", "1110", lambda ac, memory: ~ac | ~memory()),
        ("seto", "1111", lambda ac, memory: ~bits[36](0)),
    ]
]


def places(last):
    """2.4: E is signed, bit 18 its sign; of its magnitude the right eight bits count. Positive shifts left."""
    address = right(last)
    return (-address)[7:0] if address[17] else address[7:0]


def shift(m, word, last, to_left, to_right):
    ac, count = accumulator(word), places(last)
    m.ac[ac] = to_right(m, m.ac[ac], count) if right(last)[17] else to_left(m, m.ac[ac], count)


def arithmetic_left(m, value, count):
    """The sign stays. Overflow is set if a bit is lost that differs from it (after 35 places those lost are the zeros brought in)."""
    result = cat(value[35:35], value[34:0] << count)
    if bits[36](signed(result) >> count) != value or (count > 35 and value[35]):
        m.flags.overflow = 1
    return result


def rotated_left(value, count):
    return (value << count) | (value >> (36 - count))


SHIFTS = [
    (
        "ash",
        octal("240"),
        lambda m, word, last: shift(m, word, last, arithmetic_left, lambda m, value, count: bits[36](signed(value) >> count)),
    ),
    (
        "rot",
        octal("241"),
        lambda m, word, last: shift(
            m,
            word,
            last,
            lambda m, value, count: rotated_left(value, count % 36),
            lambda m, value, count: rotated_left(value, 36 - count % 36),
        ),
    ),
    (
        "lsh",
        octal("242"),
        lambda m, word, last: shift(m, word, last, lambda m, value, count: value << count, lambda m, value, count: value >> count),
    ),
]
