"""Terms as straight-line programs over columns: one value for each of many states, computed by one numpy operation per term.

Truth values are columns of bool; bit vectors of up to 64 bits are columns of the narrowest unsigned type that holds them, always below
2**width. Division and shifts mean what SMT-LIB says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from vmproof.engines.scalars import Unsupported
from vmproof.terms import Op, Term, reachable

Column: TypeAlias = npt.NDArray[Any]
_Function: TypeAlias = Callable[..., Any]

_TYPES = (np.uint8, np.uint16, np.uint32, np.uint64)
_SIGNED = (np.int8, np.int16, np.int32, np.int64)


def column_type(width: int) -> type[Any]:
    """The numpy type of a column of `width` bits; bool for 0. Raises Unsupported above 64."""
    if width == 0:
        return np.bool_
    if width > 64:
        raise Unsupported(f"a value of {width} bits is wider than 64 bits")
    return _TYPES[0 if width <= 8 else 1 if width <= 16 else 2 if width <= 32 else 3]


class Program:
    """Some terms, prepared to be computed for many states at once.

    `inputs` are the variables that the terms need. A term that needs none gives a numpy scalar instead of a column.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        order = reachable(terms)
        slots = {term: number for number, term in enumerate(order)}
        self.inputs = [term for term in order if term.op is Op.VAR]
        self._input_slots = [slots[term] for term in self.inputs]
        self._outputs = [slots[term] for term in terms]
        self._registers: list[Any] = [None] * len(order)
        self._steps: list[tuple[_Function, int, tuple[int, ...]]] = []
        for term in order:
            column_type(term.width)
            if term.op is Op.CONST:
                self._registers[slots[term]] = column_type(term.width)(term.data)
            elif term.op is not Op.VAR:
                self._steps.append((_step(term), slots[term], tuple(slots[arg] for arg in term.args)))

    @property
    def size(self) -> int:
        """How many terms are computed."""
        return len(self._outputs)

    @property
    def length(self) -> int:
        """How many columns a run holds."""
        return len(self._registers)

    def run(self, columns: Sequence[Any]) -> list[Any]:
        """The values of the terms where the inputs, in their order, have the values `columns`."""
        registers = self._registers.copy()
        for slot, column in zip(self._input_slots, columns, strict=True):
            registers[slot] = column
        with np.errstate(over="ignore"):  # a constant operand is a scalar, of which numpy reports what it silently does to columns
            for function, target, args in self._steps:
                registers[target] = function(*[registers[arg] for arg in args])
        return [registers[slot] for slot in self._outputs]


def _step(term: Term) -> _Function:
    make = _MAKERS.get(term.op)
    if make is None:
        raise Unsupported(f"explicit search cannot compute {term.op}")
    return make(term)


def _mask(width: int) -> Any:
    return column_type(width)((1 << width) - 1)


def _full(width: int) -> bool:
    return width in (8, 16, 32, 64)


def _masked(width: int, function: _Function) -> _Function:
    """`function`, whose result may exceed the width, cut to it."""
    if _full(width):
        return function
    mask = _mask(width)
    return lambda *args: function(*args) & mask


def _signed(width: int) -> Callable[[Any], Any]:
    """A column of `width` bits as signed numbers."""
    sign = column_type(width)(1 << (width - 1))
    target = _SIGNED[_TYPES.index(column_type(width))]
    if _full(width):
        return lambda a: a.astype(target)
    return lambda a: ((a ^ sign) - sign).astype(target)


def _and(term: Term) -> _Function:
    def function(first: Any, second: Any, *rest: Any) -> Any:
        result = first & second
        for item in rest:
            result = result & item
        return result

    return function


def _concat(term: Term) -> _Function:
    target = column_type(term.width)
    parts = []  # of each argument that is not the constant 0: its position, and how far it is shifted
    shift = term.width
    for position, arg in enumerate(term.args):
        shift -= arg.width
        if not (arg.is_const and arg.data == 0):
            parts.append((position, target(shift)))

    def function(*args: Any) -> Any:
        result: Any = None
        for position, shift in parts:
            item = args[position].astype(target)
            if shift:
                item = item << shift
            result = item if result is None else result | item
        return result

    return function


def _extract(term: Term) -> _Function:
    high, low = term.data
    target, source = column_type(term.width), column_type(term.args[0].width)
    shift, mask = source(low), _mask(term.width)
    top = high == term.args[0].width - 1

    def function(a: Any) -> Any:
        if low:
            a = a >> shift
        a = a.astype(target, copy=False)
        return a if top or _full(term.width) else a & mask

    return function


def _sext(term: Term) -> _Function:
    narrow, wide = _signed(term.args[0].width), column_type(term.width)
    return _masked(term.width, lambda a: narrow(a).astype(wide))


def _udiv(term: Term) -> _Function:
    one, mask = column_type(term.width)(1), _mask(term.width)
    return lambda a, b: np.where(b == 0, mask, a // np.maximum(b, one))


def _urem(term: Term) -> _Function:
    one = column_type(term.width)(1)
    return lambda a, b: np.where(b == 0, a, a % np.maximum(b, one))


def _signs(width: int) -> tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]:
    """Whether a column is negative, and a column negated where a condition holds."""
    sign = column_type(width)(1 << (width - 1))
    negate = _masked(width, lambda a: (~a) + column_type(width)(1))
    return (lambda a: a >= sign), (lambda condition, a: np.where(condition, negate(a), a))


def _sdiv(term: Term) -> _Function:
    negative, flip = _signs(term.width)
    one, ones = column_type(term.width)(1), _mask(term.width)

    def function(a: Any, b: Any) -> Any:
        below, other = negative(a), negative(b)
        quotient = flip(below, a) // np.maximum(flip(other, b), one)
        return np.where(b == 0, np.where(below, one, ones), flip(below != other, quotient))

    return function


def _srem(term: Term) -> _Function:
    negative, flip = _signs(term.width)
    one = column_type(term.width)(1)

    def function(a: Any, b: Any) -> Any:
        below = negative(a)
        rest = flip(below, a) % np.maximum(flip(negative(b), b), one)
        return np.where(b == 0, a, flip(below, rest))

    return function


def _ashr(term: Term) -> _Function:
    signed, target = _signed(term.width), column_type(term.width)
    most = column_type(term.width)(term.width - 1)  # shifting further changes nothing

    def function(a: Any, b: Any) -> Any:
        shifted: Any = np.right_shift(signed(a), np.minimum(b, most).astype(_SIGNED[_TYPES.index(target)]))
        return shifted.astype(target)

    return _masked(term.width, function)


def _slt(term: Term) -> _Function:
    signed = _signed(term.args[0].width)
    return lambda a, b: signed(a) < signed(b)


def _negate(term: Term) -> _Function:
    one = column_type(term.width)(1)
    return _masked(term.width, lambda a: (~a) + one)


_MAKERS: Mapping[Op, Callable[[Term], _Function]] = {
    Op.NOT: lambda term: np.logical_not,
    Op.AND: _and,
    Op.EQ: lambda term: np.equal,
    Op.ITE: lambda term: np.where,
    Op.BVNOT: lambda term: _masked(term.width, np.invert),
    Op.NEG: _negate,
    Op.ADD: lambda term: _masked(term.width, np.add),
    Op.MUL: lambda term: _masked(term.width, np.multiply),
    Op.UDIV: _udiv,
    Op.UREM: _urem,
    Op.SDIV: _sdiv,
    Op.SREM: _srem,
    Op.BVAND: lambda term: np.bitwise_and,
    Op.BVOR: lambda term: np.bitwise_or,
    Op.BVXOR: lambda term: np.bitwise_xor,
    Op.SHL: lambda term: _masked(term.width, np.left_shift),  # numpy gives 0 from the type's own width on
    Op.LSHR: lambda term: np.right_shift,
    Op.ASHR: _ashr,
    Op.CONCAT: _concat,
    Op.EXTRACT: _extract,
    Op.SEXT: _sext,
    Op.ULT: lambda term: np.less,
    Op.SLT: _slt,
}
