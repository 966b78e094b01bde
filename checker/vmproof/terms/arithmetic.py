"""Bit-vector arithmetic modulo 2**width: sums keep their constant outermost, so equal offsets are seen."""

from __future__ import annotations

from .builder import Builder
from .semantics import BINARY
from .term import Op, Term

ADD = Op.ADD
NEG = Op.NEG
MUL = Op.MUL
ITE = Op.ITE
CONCAT = Op.CONCAT
CANCELLING = frozenset({ADD, NEG})


class ArithmeticTerms(Builder):
    """neg, add, sub, mul and the divisions; operands of one width, which is the result's."""

    def neg(self, a: Term) -> Term:
        """Two's complement negation."""
        table = self._tables[NEG]
        term = table.get(a)
        if term is not None:
            return term
        self._need_bits("neg", a, a)
        if a.is_const:
            return self.bv(-a.data, a.width)
        if a.op is NEG:
            return a.args[0]
        if a.op is ADD and a.args[1].is_const:
            term = self.add(self.neg(a.args[0]), self.bv(-a.args[1].data, a.width))
        elif a.op is ITE and a.args[1].is_const and a.args[2].is_const:
            term = self.ite(a.args[0], self.neg(a.args[1]), self.neg(a.args[2]))
        else:
            term = self._node(NEG, (a,), a.sort, a.width)
        table[a] = term
        return term

    def add(self, a: Term, b: Term) -> Term:
        """Sum modulo 2**width."""
        if a.is_const or (a.id > b.id and not b.is_const):
            a, b = b, a
        key = (a, b)
        table = self._tables[ADD]
        term = table.get(key)
        if term is None:
            if a.sort is not b.sort or not a.width:
                self._mismatch("add", a, b)
            term = self._sum(a, b)
            if term is None:
                term = self._node(ADD, key, a.sort, a.width)
            table[key] = term
        return term

    def _offset(self, a: Term, b: Term) -> Term | None:
        """a + b for a constant b, where no sum is left: of constants, of a concat that ends with enough zeros, of choices of these."""
        if a.is_const:
            return self.bv(a.data + b.data, a.width)
        if a.op is CONCAT and a.args[-1].is_const and a.args[-1].data + b.data < 1 << a.args[-1].width:
            low = a.args[-1]
            return self.concat(*a.args[:-1], self.bv(low.data + b.data, low.width))
        if a.op is ITE:
            [x, y] = (None if branch.op is ITE else self._offset(branch, b) for branch in a.args[1:])
            return None if x is None or y is None else self.ite(a.args[0], x, y)
        return None

    def _sum(self, a: Term, b: Term) -> Term | None:
        """The simpler form of a + b, if there is one."""
        if b.is_const:
            if b.data == 0:
                return a
            if a.is_const:
                return self.bv(a.data + b.data, a.width)
            if a.op is ADD and a.args[1].is_const:
                return self.add(a.args[0], self.bv(a.args[1].data + b.data, a.width))
            return self._offset(a, b)
        offset = 0
        if a.op is ADD and a.args[1].is_const:
            offset = a.args[1].data
            a = a.args[0]
        if b.op is ADD and b.args[1].is_const:
            offset += b.args[1].data
            b = b.args[0]
            return self.add(self.add(a, b), self.bv(offset, a.width))
        if offset:
            return self.add(self.add(a, b), self.bv(offset, a.width))
        if a.op in CANCELLING or b.op in CANCELLING:
            difference = self._cancel(a, b)
            return self._cancel(b, a) if difference is None else difference
        return None

    def _cancel(self, a: Term, b: Term) -> Term | None:
        """a + b where b is -a, or -x for a sum a that contains x, or a sum that contains -a."""
        if b.op is NEG:
            x = b.args[0]
            if x is a:
                return self.bv(0, a.width)
            if a.op is ADD:
                if a.args[0] is x:
                    return a.args[1]
                if a.args[1] is x:
                    return a.args[0]
            if x.op is ADD:  # a - (a + y)
                if x.args[0] is a:
                    return self.neg(x.args[1])
                if x.args[1] is a:
                    return self.neg(x.args[0])
        elif b.op is ADD:
            for i in (0, 1):
                if b.args[i].op is NEG and b.args[i].args[0] is a:
                    return b.args[1 - i]
        return None

    def sub(self, a: Term, b: Term) -> Term:
        """Difference modulo 2**width, written a + neg(b)."""
        return self.add(a, self.neg(b))

    def mul(self, a: Term, b: Term) -> Term:
        """Product modulo 2**width."""
        if a.is_const or (a.id > b.id and not b.is_const):
            a, b = b, a
        if a.sort is not b.sort or not a.width:
            self._mismatch("mul", a, b)
        if b.is_const:
            factor = b.data
            if factor == 0:
                return b
            if factor == 1:
                return a
            if a.is_const:
                return self.bv(a.data * factor, a.width)
            if factor == (1 << a.width) - 1:
                return self.neg(a)
            if factor & (factor - 1) == 0:
                return self.shl(a, self.bv(factor.bit_length() - 1, a.width))
            if a.op is MUL and a.args[1].is_const:
                return self.mul(a.args[0], self.bv(a.args[1].data * factor, a.width))
            if a.op is ITE and a.args[1].is_const and a.args[2].is_const:
                return self.ite(a.args[0], self.mul(a.args[1], b), self.mul(a.args[2], b))
        return self._folded(MUL, a, b)

    def udiv(self, a: Term, b: Term) -> Term:
        """Unsigned quotient; all ones where b is 0."""
        if a.sort is not b.sort or not a.width:
            self._mismatch("udiv", a, b)
        if b.is_const:
            divisor = b.data
            if divisor == 0:
                return self.bv(-1, a.width)
            if divisor & (divisor - 1) == 0:
                return self.lshr(a, self.bv(divisor.bit_length() - 1, a.width))
        return self._folded(Op.UDIV, a, b)

    def urem(self, a: Term, b: Term) -> Term:
        """Unsigned remainder; a where b is 0."""
        if a.sort is not b.sort or not a.width:
            self._mismatch("urem", a, b)
        if a is b:
            return self.bv(0, a.width)
        if b.is_const:
            divisor = b.data
            if divisor == 0:
                return a
            if divisor & (divisor - 1) == 0:
                low = divisor.bit_length() - 1
                return self.zext(self.extract(a, low - 1, 0), a.width) if low else self.bv(0, a.width)
        return self._folded(Op.UREM, a, b)

    def sdiv(self, a: Term, b: Term) -> Term:
        """Signed quotient, rounded toward zero; by 0: 1 for negative a, else -1. The least value by -1 is itself."""
        if a.sort is not b.sort or not a.width:
            self._mismatch("sdiv", a, b)
        if b.is_const and a.width > 1:
            if b.data == 1:
                return a
            if b.data == (1 << a.width) - 1:
                return self.neg(a)
        return self._folded(Op.SDIV, a, b)

    def srem(self, a: Term, b: Term) -> Term:
        """Signed remainder, with the sign of a; a where b is 0."""
        if a.sort is not b.sort or not a.width:
            self._mismatch("srem", a, b)
        if a is b:
            return self.bv(0, a.width)
        if b.is_const:
            if b.data == 0:
                return a
            if b.data == 1 or b.data == (1 << a.width) - 1:
                return self.bv(0, a.width)
        return self._folded(Op.SREM, a, b)

    def _folded(self, op: Op, a: Term, b: Term) -> Term:
        """`op`, computed if both operands are constants."""
        if a.is_const and b.is_const:
            return self.bv(BINARY[op](a.data, b.data, a.width), a.width)
        key = (a, b)
        table = self._tables[op]
        term = table.get(key)
        if term is None:
            term = table[key] = self._node(op, key, a.sort, a.width)
        return term
