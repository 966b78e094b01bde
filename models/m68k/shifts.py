"""Shifts and rotates (PRM 3.1.4; PRM 4, ASL/ASR, LSL/LSR, ROL/ROR, ROXL/ROXR)."""

from vmproof.lang import *
from state import *
from ea import *
from alu import *

# The count: 1 to 8 in the instruction, 0 standing for 8, or modulo 64 in a data register.
COUNT = forms(
    "n[3] register[1]",
    fixed=form("n[3] 0", asm="#{n:8|1|2|3|4|5|6|7}"),
    register=form("n[3] 1", asm="d{n}"),
)


def shift_count(m, count):
    if count.form == "register":
        return m.d[count.n][5:0]
    return bits[6](8) if count.n == 0 else zext(count.n, 6)


def finish(m, result, carry, overflow):
    set_nz(m, result)
    m.ccr.C = carry
    m.ccr.V = overflow
    return result


def shifted_out(m, carry, count):
    """X is the last bit shifted out; a count of zero leaves it."""
    if count != 0:
        m.ccr.X = carry


def asl(m, value, count):
    """V: the sign changed at any time during the shift."""
    width = len(value)
    wide = zext(value, width + 1) << count
    result = wide[width - 1 : 0]
    shifted_out(m, wide[width], count)
    return finish(m, result, wide[width], (signed(result) >> count) != signed(value))


def lsl(m, value, count):
    width = len(value)
    wide = zext(value, width + 1) << count
    shifted_out(m, wide[width], count)
    return finish(m, wide[width - 1 : 0], wide[width], False)


def asr(m, value, count):
    wide = cat(signed(cat(value, bits[1](0))) >> count)
    shifted_out(m, wide[0], count)
    return finish(m, wide[len(value) : 1], wide[0], False)


def lsr(m, value, count):
    wide = cat(value, bits[1](0)) >> count
    shifted_out(m, wide[0], count)
    return finish(m, wide[len(value) : 1], wide[0], False)


def turned_left(word, count):
    """Rotated by a count below the width of the word."""
    width = len(word)
    return (cat(word, word) << count)[2 * width - 1 : width]


def turned_right(word, count):
    return (cat(word, word) >> count)[len(word) - 1 : 0]


def rol(m, value, count):
    """X stays; C is the last bit rotated out, zero for a count of zero."""
    result = turned_left(value, count & len(value) - 1)
    return finish(m, result, result[0] and count != 0, False)


def ror(m, value, count):
    result = turned_right(value, count & len(value) - 1)
    return finish(m, result, msb(result) and count != 0, False)


def roxl(m, value, count):
    """X and the operand form one ring; C is X afterwards, for a count of zero, too."""
    return ring(m, value, turned_left(cat(m.ccr.X, value), count % (len(value) + 1)))


def roxr(m, value, count):
    return ring(m, value, turned_right(cat(m.ccr.X, value), count % (len(value) + 1)))


def ring(m, value, turned):
    width = len(value)
    m.ccr.X = turned[width]
    return finish(m, turned[width - 1 : 0], turned[width], False)


for name, mnemonic, tt, dr, operation in (
    ("asr", "ASR", "00", "0", asr),
    ("asl", "ASL", "00", "1", asl),
    ("lsr", "LSR", "01", "0", lsr),
    ("lsl", "LSL", "01", "1", lsl),
    ("roxr", "ROXR", "10", "0", roxr),
    ("roxl", "ROXL", "10", "1", roxl),
    ("ror", "ROR", "11", "0", ror),
    ("rol", "ROL", "11", "1", rol),
):
    for size, suffix, ss, immediate, after in SIZES:

        @instruction(
            "1110 count.n {dr} {ss} count.register {tt} reg[3]",
            name=f"{name}_{suffix}", mnemonic=mnemonic, asm=f"{name}.{suffix} {{count}}, d{{reg}}", count=COUNT,
        )  # fmt: skip
        def shift_register(m, count, reg):
            m.d[reg][8 * size - 1 : 0] = operation(m, m.d[reg][8 * size - 1 : 0], shift_count(m, count))

    @instruction("1110 0 {tt} {dr} 11 ea", name=f"{name}_memory", mnemonic=mnemonic, asm=f"{name}.w {{ea}}", ea=memory_alterable(2))
    def shift_memory(m, ea):
        """A word of memory, by one bit."""
        write(m, ea, 2, operation(m, peek(m, ea, 2), bits[6](1)))
