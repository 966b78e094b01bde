"""Comparison of bit vectors. There is one form of each: a <= b is not (b < a)."""

from __future__ import annotations

from .builder import Builder
from .semantics import to_signed
from .sorts import BOOL
from .term import Op, Term

CONCAT = Op.CONCAT
ULT = Op.ULT
SLT = Op.SLT


class OrderTerms(Builder):
    """ult, ule, slt, sle; operands of one width."""

    def ult(self, a: Term, b: Term) -> Term:
        """a < b, unsigned."""
        key = (a, b)
        table = self._tables[ULT]
        term = table.get(key)
        if term is None:
            self._need_bits("ult", a, b)
            term = table[key] = self._below(a, b)
        return term

    def _below(self, a: Term, b: Term) -> Term:
        while True:
            if a is b:
                return self.false
            last = (1 << a.width) - 1
            if a.is_const:
                if b.is_const:
                    return self.bool(a.data < b.data)
                if a.data == last:
                    return self.false
                if a.data == 0:
                    return self.not_(self.eq(b, a))
                if a.data == last - 1:
                    return self.eq(b, self.bv(last, b.width))
            elif b.is_const:
                if b.data == 0:
                    return self.false
                if b.data == 1:
                    return self.eq(a, self.bv(0, a.width))
                if b.data == last:
                    return self.not_(self.eq(a, b))
            if a.width == 1:
                return self.and_(self.eq(a, self.bv(0, 1)), self.eq(b, self.bv(1, 1)))
            heads = self._heads(a, b)
            if heads is None:
                break
            high_a, high_b = heads
            if high_a is not high_b:
                return self.bool(high_a.data < high_b.data)
            rest = a.width - high_a.width
            a, b = self.extract(a, rest - 1, 0), self.extract(b, rest - 1, 0)
        key = (a, b)
        table = self._tables[ULT]
        term = table.get(key)
        if term is None:
            term = table[key] = self._node(ULT, key, BOOL, 0)
        return term

    def _heads(self, a: Term, b: Term) -> tuple[Term, Term] | None:
        """The same number of leading bits, less than all, of a and of b, where they are the same term or both constant."""
        high_a = a.args[0] if a.op is CONCAT else a
        high_b = b.args[0] if b.op is CONCAT else b
        if high_a is high_b:
            return high_a, high_b
        if not (high_a.is_const and high_b.is_const):
            return None
        width = min(high_a.width, high_b.width)
        return self.extract(high_a, high_a.width - 1, high_a.width - width), self.extract(high_b, high_b.width - 1, high_b.width - width)

    def ule(self, a: Term, b: Term) -> Term:
        """a <= b, unsigned, written not (b < a)."""
        return self.not_(self.ult(b, a))

    def slt(self, a: Term, b: Term) -> Term:
        """a < b, both read as two's complement."""
        key = (a, b)
        table = self._tables[SLT]
        term = table.get(key)
        if term is None:
            self._need_bits("slt", a, b)
            term = table[key] = self._signed_below(a, b)
        return term

    def _signed_below(self, a: Term, b: Term) -> Term:
        width = a.width
        if a is b:
            return self.false
        least, most = 1 << (width - 1), (1 << (width - 1)) - 1
        if width == 1:  # -1 < 0
            return self.ult(b, a)
        if a.is_const:
            if b.is_const:
                return self.bool(to_signed(a.data, width) < to_signed(b.data, width))
            if a.data == most:
                return self.false
            if a.data == least:
                return self.not_(self.eq(b, a))
            if a.data == 2 * least - 1:  # -1 < b: the sign bit is clear
                return self.eq(self.extract(b, width - 1, width - 1), self.bv(0, 1))
        elif b.is_const:
            if b.data == least:
                return self.false
            if b.data == most:
                return self.not_(self.eq(a, b))
            if b.data == 0:
                return self.eq(self.extract(a, width - 1, width - 1), self.bv(1, 1))
        if a.op is Op.SEXT and b.op is Op.SEXT and a.args[0].sort is b.args[0].sort:
            return self.slt(a.args[0], b.args[0])
        sign_a, sign_b = self._sign(a), self._sign(b)
        if sign_a is not None and sign_b is not None:
            return self.ult(a, b) if sign_a == sign_b else self.bool(sign_a > sign_b)
        return self._node(SLT, (a, b), BOOL, 0)

    @staticmethod
    def _sign(a: Term) -> int | None:
        """The sign bit of `a`, where it is written down."""
        head = a.args[0] if a.op is CONCAT else a
        if not head.is_const:
            return None
        sign: int = head.data >> (head.width - 1)
        return sign

    def sle(self, a: Term, b: Term) -> Term:
        """a <= b, both read as two's complement, written not (b < a)."""
        return self.not_(self.slt(b, a))
