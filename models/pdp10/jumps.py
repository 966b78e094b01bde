"""Jumps, subroutine calls and the pushdown list (System Reference Manual 2.2, 2.9)."""

from vmproof.lang import *
from words import *
from storage import *
from traps import *


def jrst(m, word, last):
    """2.9, 2.15: jump, and do what the bits of the accumulator field ask for.

    10: dismiss an interrupt; 4: halt; 2: restore the flags; 1: enter user mode.
    """
    function = accumulator(word)
    if function[3] or function[2]:
        executive_or_user_io(m, word, right(last))
    m.pc = right(last)
    if function[3]:
        dismiss(m)
    if function[1]:
        restore_flags(m, left(last))
    if function[0]:
        m.mode = Mode.user
    if function[2]:
        wait()


def dismiss(m):
    """2.13: the interrupt of highest priority that is held, channel 1 first; all that is left of it is the clearing of the first 1."""
    held = m.pi_held
    for channel in range(6, -1, -1):
        if held[channel] and held >> (channel + 1) == 0:
            m.pi_held[channel] = 0


def jfcl(m, word, last):
    """Jump if one of the flags that the accumulator field names (Overflow, Carry 0, Carry 1, Floating Overflow) is set, and clear them."""
    chosen = cat(accumulator(word), bits[14](0))
    flags = bits[18](m.flags)
    if flags & chosen != 0:
        m.pc = right(last)
    m.flags = flags & ~chosen


def jsr(m, word, last):
    """Stores the PC word, so the User flag, in E."""
    deposit(m, right(last), pc_word(m, m.next_pc))
    m.flags.first_part_done = 0
    m.pc = right(last) + 1


def jsp(m, word, last):
    """The PC word goes to the accumulator."""
    m.ac[accumulator(word)] = pc_word(m, m.next_pc)
    m.flags.first_part_done = 0
    m.pc = right(last)


def jsa(m, word, last):
    """Jump and save the accumulator: no flags."""
    ac = accumulator(word)
    saved = m.ac[ac]
    m.ac[ac] = cat(right(last), m.next_pc)
    deposit(m, right(last), saved)
    m.pc = right(last) + 1


def jra(m, word, last):
    ac = accumulator(word)
    m.ac[ac] = contents(m, left(m.ac[ac]))
    m.pc = right(last)


BOTH_HALVES = 0o000001000001  # 1,,1; the KA10 adds it to the whole word, so the right half carries into the left


def stepped(m, pointer, up):
    """The pushdown pointer moved by one; overflow is a carry out of bit 0 going up, or none going down."""
    total = zext(pointer, 37) + (BOTH_HALVES if up else (1 << 36) - BOTH_HALVES)
    if total[36] == up:
        m.push_overflow = True
    return total[35:0]


def push_word(m, ac, value):
    pointer = stepped(m, m.ac[ac], True)
    deposit(m, right(pointer), value)
    m.ac[ac] = pointer


def push(m, word, last):
    push_word(m, accumulator(word), contents(m, right(last)))


def pop(m, word, last):
    ac = accumulator(word)
    pointer = m.ac[ac]
    value = contents(m, right(pointer))
    deposit(m, right(last), value)
    m.ac[ac] = stepped(m, pointer, False)


def pushj(m, word, last):
    """The PC word goes on the pushdown list."""
    push_word(m, accumulator(word), pc_word(m, m.next_pc))
    m.flags.first_part_done = 0
    m.pc = right(last)


def popj(m, word, last):
    """Returns to the address; the flags stay as they are."""
    ac = accumulator(word)
    pointer = m.ac[ac]
    m.pc = right(contents(m, right(pointer)))
    m.ac[ac] = stepped(m, pointer, False)


def aobj(m, word, last, if_negative):
    """AOBJP and AOBJN: add 1 to both halves, jump on the sign."""
    ac = accumulator(word)
    value = m.ac[ac] + BOTH_HALVES
    m.ac[ac] = value
    if value[35] == if_negative:
        m.pc = right(last)


JUMPS = [
    ("aobjp", octal("252"), lambda m, word, last: aobj(m, word, last, False)),
    ("aobjn", octal("253"), lambda m, word, last: aobj(m, word, last, True)),
    ("jfcl", octal("255"), jfcl),
    ("pushj", octal("260"), pushj),
    ("push", octal("261"), push),
    ("pop", octal("262"), pop),
    ("popj", octal("263"), popj),
    ("jsr", octal("264"), jsr),
    ("jsp", octal("265"), jsp),
    ("jsa", octal("266"), jsa),
    ("jra", octal("267"), jra),
]
