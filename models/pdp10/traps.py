"""PC words and how the processor gets from user to executive mode (System Reference Manual 2.9, 2.10, 2.13, 2.15)."""

from vmproof.lang import *
from words import *


def flag_bits(m):
    """Bits 0 to 17 of a PC word: the flags, User among them."""
    return bits[18](m.flags) | (0o010000 if m.mode == Mode.user else 0)


def pc_word(m, pc):
    """2.9: flags in the left half, the program counter in the right; bits 13 to 17 are zero, so the word can serve as an address."""
    return cat(flag_bits(m), pc)


def user_io(m):
    """Bit 6."""
    return bits[18](m.flags)[11]


def restore_flags(m, bits0to17):
    """2.9: a program may set User but not clear it. In user mode it may clear User In-Out but not set it."""
    in_out = bits0to17[11] and (m.mode == Mode.executive or user_io(m))
    m.flags = cat(bits0to17[17:12], bits[1](in_out), bits0to17[10:0])
    if bits0to17[12]:
        m.mode = Mode.user


def unimplemented(m, word, address):
    """2.10: the operation, accumulator and effective address go to absolute location 40; the instruction in 41 is executed."""
    trap(Cause.uuo, cat(word[35:23], bits[5](0), address))


def executive_or_user_io(m, word, address):
    """2.15: halts, dismissing an interrupt, and all I/O instructions act as unimplemented operations in user mode without User In-Out."""
    if m.mode == Mode.user and not user_io(m):
        unimplemented(m, word, address)


@trap_entry
def enter(m, cause: Cause, value: bits[36]):
    """2.10, 2.13: the instruction that the monitor keeps in 41, or for the processor's own interrupt in 42 (channel 1), is executed.

    What monitors keep there is JSR, and this description knows no other: it stores the PC word and clears User.
    """
    if cause == Cause.uuo:
        m.mem[0o40] = value
    routine = right(m.mem[0o41]) if cause == Cause.uuo else right(m.mem[0o42])
    m.mem[routine] = pc_word(m, m.next_pc if cause == Cause.uuo else m.pc)
    m.flags.first_part_done = 0
    m.mode = Mode.executive
    m.pc = routine + 1
