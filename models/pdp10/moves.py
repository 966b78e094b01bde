"""Moving words and halves: MOVE, MOVS, MOVN, MOVM, EXCH and the sixty-four half word instructions (System Reference Manual 2.1, 2.2)."""

from vmproof.lang import *
from words import *
from storage import *


def move(m, word, last, change):
    """From source to destination, as the mode says. `change(source, old)` makes the new destination; `old` is called only if needed."""
    ac, address = accumulator(word), right(last)
    match word[28:27]:
        case 0:  # to the accumulator
            m.ac[ac] = change(m, contents(m, address), lambda: m.ac[ac])
        case 1:  # immediate
            m.ac[ac] = change(m, immediate(address), lambda: m.ac[ac])
        case 2:  # to memory
            deposit(m, address, change(m, m.ac[ac], lambda: contents(m, address)))
        case _:  # to the same location
            source = contents(m, address)
            new = change(m, source, lambda: source)
            deposit(m, address, new)
            if ac != 0:
                m.ac[ac] = new


def negated(m, word):
    """MOVN: 2.2 and 2.5 on the flags."""
    if word == 0:
        m.flags.carry0 = 1
        m.flags.carry1 = 1
    if word == 1 << 35:
        m.flags.overflow = 1
        m.flags.carry1 = 1
    return -word


def magnitude(m, word):
    """MOVM."""
    return negated(m, word) if word[35] else word


def exchange(m, word, last):
    """EXCH."""
    old = contents(m, right(last))
    value = m.ac[accumulator(word)]
    deposit(m, right(last), value)
    m.ac[accumulator(word)] = old


def half_change(to_right, swap, fill):
    """One half of the source (the other one if `swap`) goes to one half of the destination; what becomes of the rest is in `fill`."""

    def change(m, source, old):
        moved = swapped(source) if swap else source
        half = right(moved) if to_right else left(moved)
        sign = half[17]
        rest = {
            "": lambda: left(old()) if to_right else right(old()),
            "z": lambda: bits[18](0),
            "o": lambda: bits[18](0o777777),
            "e": lambda: bits[18](0o777777) if sign else bits[18](0),
        }[fill]()
        return cat(rest, half) if to_right else cat(half, rest)

    return change


MOVES = [
    ("move", "0100000", lambda m, word, last: move(m, word, last, lambda m, source, old: source)),             # 200
    ("movs", "0100001", lambda m, word, last: move(m, word, last, lambda m, source, old: swapped(source))),    # 204
    ("movn", "0100010", lambda m, word, last: move(m, word, last, lambda m, source, old: negated(m, source))),  # 210
    ("movm", "0100011", lambda m, word, last: move(m, word, last, lambda m, source, old: magnitude(m, source))),  # 214
    ("exch", octal("250"), exchange),
]


def half_row(to_right, swap, extension):
    """500 to 577: 101, destination, extension (two bits), swap, mode (two bits)."""
    name = "h" + ("r" if to_right != swap else "l") + ("r" if to_right else "l") + extension[0]
    bits4 = ("1" if to_right else "0") + extension[1] + ("1" if swap else "0")
    return (name, "101" + bits4, lambda m, word, last: move(m, word, last, half_change(to_right, swap, extension[0])))


HALVES = [
    half_row(to_right, swap, extension)
    for to_right in (False, True)
    for extension in (("", "00"), ("z", "01"), ("o", "10"), ("e", "11"))
    for swap in (False, True)
]
