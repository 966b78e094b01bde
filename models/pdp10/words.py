"""Modes, trap causes, and the parts of an instruction word. Bit 0 of a PDP-10 word is its most significant: bit n is [35 - n] here."""

from vmproof.lang import *

OCTAL = ("000", "001", "010", "011", "100", "101", "110", "111")


class Mode(Enum):
    """The User flag, bit 5 of a PC word."""

    executive = 0
    user = 1


class Cause(Enum):
    uuo = 0     # an unimplemented user operation, through absolute locations 40 and 41
    memory = 1  # memory protection violation or nonexistent memory: the processor's interrupt


def octal(digits):
    """The bits of an octal operation code, as a pattern."""
    return OCTAL[int(digits[0])] + OCTAL[int(digits[1])] + OCTAL[int(digits[2])]


def accumulator(word):
    """Bits 9 to 12."""
    return word[26:23]


def indirect(word):
    """Bit 13."""
    return word[22]


def index(word):
    """Bits 14 to 17."""
    return word[21:18]


def right(word):
    """Bits 18 to 35: the address."""
    return word[17:0]


def left(word):
    """Bits 0 to 17."""
    return word[35:18]


def swapped(word):
    return cat(right(word), left(word))


def immediate(address):
    """0,,E: what an immediate instruction works on."""
    return zext(address, 36)
