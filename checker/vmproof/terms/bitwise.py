"""Bitwise operations and shifts. What only moves bits about (masks, constant shifts) becomes concat and extract."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from .builder import DEPTH, Builder
from .semantics import BINARY
from .term import Op, Term

BVNOT = Op.BVNOT
BVAND = Op.BVAND
BVOR = Op.BVOR
BVXOR = Op.BVXOR
CONCAT = Op.CONCAT
ITE = Op.ITE
SHAPED = frozenset({BVNOT, BVAND, BVOR, BVXOR, CONCAT, ITE})

# A constant mask of at most this many runs of equal bits is written as a concat.
RUNS = 5


def runs(value: int, width: int) -> list[tuple[int, int, int]] | None:
    """The runs of equal bits of `value`, the most significant first, as (bit, hi, lo); None if there are more than RUNS."""
    result: list[tuple[int, int, int]] = []
    hi = width - 1
    while hi >= 0:
        if len(result) == RUNS:
            return None
        bit = value >> hi & 1
        rest = value & ((1 << (hi + 1)) - 1)
        length = (rest ^ ((1 << (hi + 1)) - 1) if bit else rest).bit_length()  # the next bit that differs, counted from 1
        result.append((bit, hi, length))
        hi = length - 1
    return result


def has_constant(term: Term) -> bool:
    """Whether `term` is a concat with a constant part."""
    return term.op is CONCAT and any(part.is_const for part in term.args)


def cuts(term: Term) -> set[int]:
    """The bit positions where a part of the concat `term` begins, counted from the least significant end."""
    if term.op is not CONCAT:
        return {0}
    return {0, *accumulate(part.width for part in reversed(term.args[1:]))}


class BitwiseTerms(Builder):
    """bvnot, bvand, bvor, bvxor and the shifts; operands of one width, which is the result's."""

    def bvnot(self, a: Term) -> Term:
        """Complement of every bit."""
        table = self._tables[BVNOT]
        term = table.get(a)
        if term is not None:
            return term
        self._need_bits("bvnot", a, a)
        if a.is_const:
            return self.bv(~a.data, a.width)
        if a.op is BVNOT:
            return a.args[0]
        if a.op is ITE and (a.args[1].is_const and a.args[2].is_const):
            term = self.ite(a.args[0], self.bvnot(a.args[1]), self.bvnot(a.args[2]))
        elif has_constant(a):
            term = self.concat(*map(self.bvnot, a.args))
        else:
            term = self._node(BVNOT, (a,), a.sort, a.width)
        table[a] = term
        return term

    def bvand(self, a: Term, b: Term) -> Term:
        """Bitwise and."""
        return self._bitwise(BVAND, a, b)

    def bvor(self, a: Term, b: Term) -> Term:
        """Bitwise or."""
        return self._bitwise(BVOR, a, b)

    def bvxor(self, a: Term, b: Term) -> Term:
        """Bitwise exclusive or."""
        return self._bitwise(BVXOR, a, b)

    def _bitwise(self, op: Op, a: Term, b: Term) -> Term:
        if a.is_const or (a.id > b.id and not b.is_const):
            a, b = b, a
        key = (a, b)
        table = self._tables[op]
        term = table.get(key)
        if term is None:
            if a.sort is not b.sort or not a.width:
                self._mismatch(op, a, b)
            term = self._simpler(op, a, b)
            if term is None:
                term = self._node(op, key, a.sort, a.width)
            table[key] = term
        return term

    def _simpler(self, op: Op, a: Term, b: Term) -> Term | None:
        """The simpler form of `a op b`, if there is one; a constant is b."""
        if a is b:
            return self.bv(0, a.width) if op is BVXOR else a
        if b.is_const:
            return self._with_constant(op, a, b)
        if a.op not in SHAPED and b.op not in SHAPED:
            return None
        for x, y in ((a, b), (b, a)):
            if x.op is BVNOT and x.args[0] is y:
                return self.bv(0 if op is BVAND else -1, a.width)
            if x.op is op and (x.args[0] is y or x.args[1] is y):
                if op is not BVXOR:
                    return x
                return x.args[1] if x.args[0] is y else x.args[0]
            if x.op is ITE and x.args[1].is_const and x.args[2].is_const:
                ones = (1 << x.width) - 1
                if x.args[1].data in (0, ones) and x.args[2].data in (0, ones):
                    return self.ite(x.args[0], self._bitwise(op, x.args[1], y), self._bitwise(op, x.args[2], y))
        if (has_constant(a) or has_constant(b)) and self._depth < DEPTH:
            return self._piecewise(op, a, b)
        return None

    def _with_constant(self, op: Op, a: Term, b: Term) -> Term | None:
        """The simpler form of `a op b` for a constant b, if there is one."""
        width, mask = a.width, b.data
        ones = (1 << width) - 1
        if a.is_const:
            return self.bv(BINARY[op](a.data, mask, width), width)
        if mask == 0:
            return b if op is BVAND else a
        if mask == ones:
            return a if op is BVAND else b if op is BVOR else self.bvnot(a)
        if a.op is op and a.args[1].is_const:
            return self._bitwise(op, a.args[0], self.bv(BINARY[op](a.args[1].data, mask, width), width))
        if a.op is ITE and a.args[1].is_const and a.args[2].is_const:
            return self.ite(a.args[0], self._bitwise(op, a.args[1], b), self._bitwise(op, a.args[2], b))
        if op is BVXOR:
            return self._piecewise(op, a, b) if has_constant(a) and self._depth < DEPTH else None
        pieces = runs(mask, width)
        if pieces is None:
            return self._piecewise(op, a, b) if has_constant(a) and self._depth < DEPTH else None
        kept = 1 if op is BVAND else 0
        return self.concat(*(self.extract(a, hi, lo) if bit == kept else self.bv(-bit, hi - lo + 1) for bit, hi, lo in pieces))

    def _piecewise(self, op: Op, a: Term, b: Term) -> Term:
        """`a op b` cut where a part of either begins."""
        self._depth += 1
        try:
            ends = sorted(cuts(a) | cuts(b), reverse=True)
            hi = a.width - 1
            parts: list[Term] = []
            for lo in ends:
                parts.append(self._bitwise(op, self.extract(a, hi, lo), self.extract(b, hi, lo)))
                hi = lo - 1
            return self.concat(*parts)
        finally:
            self._depth -= 1

    def shl(self, a: Term, b: Term) -> Term:
        """Shift left by b, unsigned; 0 from b = width on."""
        width = a.width
        self._need_bits("shl", a, b)
        if b.is_const:
            if b.data == 0:
                return a
            if b.data >= width:
                return self.bv(0, width)
            return self.concat(self.extract(a, width - 1 - b.data, 0), self.bv(0, b.data))
        return self._shift(Op.SHL, self.shl, a, b)

    def lshr(self, a: Term, b: Term) -> Term:
        """Shift right by b, unsigned, filling with zeros."""
        width = a.width
        self._need_bits("lshr", a, b)
        if b.is_const:
            if b.data == 0:
                return a
            if b.data >= width:
                return self.bv(0, width)
            return self.zext(self.extract(a, width - 1, b.data), width)
        return self._shift(Op.LSHR, self.lshr, a, b)

    def ashr(self, a: Term, b: Term) -> Term:
        """Shift right by b, unsigned, filling with the sign bit."""
        width = a.width
        self._need_bits("ashr", a, b)
        if b.is_const:
            return self.sext(self.extract(a, width - 1, min(b.data, width - 1)), width)
        return self._shift(Op.ASHR, self.ashr, a, b)

    def _shift(self, op: Op, again: Callable[[Term, Term], Term], a: Term, b: Term) -> Term:
        """A shift by an amount that is not a constant."""
        if a.is_const and (a.data == 0 or (op is Op.ASHR and a.data == (1 << a.width) - 1)):
            return a
        if b.op is ITE and b.args[1].is_const and b.args[2].is_const:
            return self.ite(b.args[0], again(a, b.args[1]), again(a, b.args[2]))
        key = (a, b)
        table = self._tables[op]
        term = table.get(key)
        if term is None:
            term = table[key] = self._node(op, key, a.sort, a.width)
        return term
