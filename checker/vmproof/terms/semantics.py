"""The bit-vector operations on integers: SMT-LIB's FixedSizeBitVectors, division by zero included.

Every function takes operands in 0 .. 2**width - 1 and gives a result in that range.
"""

from __future__ import annotations

from collections.abc import Callable

from .term import Op


def to_signed(a: int, width: int) -> int:
    """The two's complement reading of `a`."""
    return a - (1 << width) if a >> (width - 1) else a


def udiv(a: int, b: int, width: int) -> int:
    """Quotient, unsigned; all ones where b is 0."""
    return a // b if b else (1 << width) - 1


def urem(a: int, b: int, width: int) -> int:
    """Remainder, unsigned; a where b is 0."""
    return a % b if b else a


def sdiv(a: int, b: int, width: int) -> int:
    """Quotient rounded toward zero, signed; by 0: 1 for negative a, else -1. The least value by -1 is itself."""
    x, y = to_signed(a, width), to_signed(b, width)
    if y == 0:
        return 1 if x < 0 else (1 << width) - 1
    quotient = abs(x) // abs(y)
    return (-quotient if (x < 0) != (y < 0) else quotient) & ((1 << width) - 1)


def srem(a: int, b: int, width: int) -> int:
    """Remainder with the sign of a, signed; a where b is 0."""
    x, y = to_signed(a, width), to_signed(b, width)
    if y == 0:
        return a
    rest = abs(x) % abs(y)
    return (-rest if x < 0 else rest) & ((1 << width) - 1)


def shl(a: int, b: int, width: int) -> int:
    """Shift left; 0 from b = width on."""
    return (a << b) & ((1 << width) - 1) if b < width else 0


def lshr(a: int, b: int, width: int) -> int:
    """Shift right, filling with zeros."""
    return a >> b if b < width else 0


def ashr(a: int, b: int, width: int) -> int:
    """Shift right, filling with the sign."""
    return (to_signed(a, width) >> min(b, width)) & ((1 << width) - 1)


def sext(a: int, width: int, wider: int) -> int:
    """`a` of `width` bits as the same signed number in `wider` bits."""
    return to_signed(a, width) & ((1 << wider) - 1)


BINARY: dict[Op, Callable[[int, int, int], int]] = {
    Op.ADD: lambda a, b, w: (a + b) & ((1 << w) - 1),
    Op.MUL: lambda a, b, w: (a * b) & ((1 << w) - 1),
    Op.UDIV: udiv,
    Op.UREM: urem,
    Op.SDIV: sdiv,
    Op.SREM: srem,
    Op.BVAND: lambda a, b, w: a & b,
    Op.BVOR: lambda a, b, w: a | b,
    Op.BVXOR: lambda a, b, w: a ^ b,
    Op.SHL: shl,
    Op.LSHR: lshr,
    Op.ASHR: ashr,
}
