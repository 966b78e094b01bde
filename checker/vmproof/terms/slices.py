"""concat, extract and the extensions. An extract goes as near to the leaves as it can, so that fields meet their parts."""

from __future__ import annotations

from .builder import DEPTH, Builder
from .sorts import SortError
from .term import Op, Term

CONCAT = Op.CONCAT
EXTRACT = Op.EXTRACT
CONST = Op.CONST
ITE = Op.ITE
SEXT = Op.SEXT
BITWISE = frozenset({Op.BVAND, Op.BVOR, Op.BVXOR})
LOW = frozenset({Op.ADD, Op.MUL})  # the low bits of the result depend on the low bits of the operands only
PARTED = frozenset({Op.CONST, Op.CONCAT, Op.SEXT})


class SliceTerms(Builder):
    """Constructors that move bits about."""

    def concat(self, *terms: Term) -> Term:
        """The bits of all terms, the first one's most significant; the width is the sum of theirs."""
        if not terms:
            raise SortError("concat of nothing")
        table = self._tables[CONCAT]
        term = table.get(terms)
        if term is None:
            term = table[terms] = self._join(terms)
        return term

    def _join(self, terms: tuple[Term, ...]) -> Term:
        parts: list[Term] = []
        for term in terms:
            if not term.width:
                self._mismatch("concat", *terms)
            for part in term.args if term.op is CONCAT else (term,):
                while parts:  # as long as the last two are one
                    merged = self._merged(parts[-1], part)
                    if merged is None:
                        break
                    parts.pop()
                    part = merged
                parts.append(part)
        if len(parts) == 1:
            return parts[0]
        lifted = self._lifted(parts)
        if lifted is not None:
            return lifted
        args = tuple(parts)
        table = self._tables[CONCAT]
        known = table.get(args)
        if known is None:
            width = sum(part.width for part in args)
            known = table[args] = self._node(CONCAT, args, self._bits(width), width)
        return known

    def _merged(self, high: Term, low: Term) -> Term | None:
        """Two neighbours as one term that is no concat, if they are one."""
        if high.is_const and low.is_const:
            return self.bv(high.data << low.width | low.data, high.width + low.width)
        if high.op is EXTRACT and low.op is EXTRACT and high.args[0] is low.args[0] and high.data[1] == low.data[0] + 1:
            joined = self.extract(high.args[0], high.data[0], low.data[1])
            return None if joined.op is CONCAT else joined
        return None

    def _lifted(self, parts: list[Term]) -> Term | None:
        """The concat of constants and one choice between constants, as a choice."""
        choice = -1
        for i, part in enumerate(parts):
            if part.op is ITE and choice < 0 and part.args[1].is_const and part.args[2].is_const:
                choice = i
            elif not part.is_const:
                return None
        before, after = parts[:choice], parts[choice + 1 :]
        condition, a, b = parts[choice].args
        return self.ite(condition, self.concat(*before, a, *after), self.concat(*before, b, *after))

    def extract(self, a: Term, hi: int, lo: int) -> Term:
        """Bits hi down to lo of `a`, both inclusive; SortError unless 0 <= lo <= hi < width. The width is hi - lo + 1."""
        key = (a, hi, lo)
        table = self._tables[EXTRACT]
        term = table.get(key)
        if term is None:
            if not 0 <= lo <= hi < a.width:
                raise SortError(f"bits {hi} to {lo} of {a.sort}")
            term = table[key] = self._part(a, hi, lo)
        return term

    def _part(self, a: Term, hi: int, lo: int) -> Term:
        while True:
            if lo == 0 and hi == a.width - 1:
                return a
            op = a.op
            if op is CONST:
                return self.bv(a.data >> lo, hi - lo + 1)
            if op is EXTRACT:
                offset = a.data[1]
                hi += offset
                lo += offset
                a = a.args[0]
            elif op is CONCAT:
                start = a.width
                inside: list[tuple[Term, int]] = []
                for part in a.args:
                    start -= part.width
                    if start <= hi and start + part.width > lo:
                        inside.append((part, start))
                if len(inside) > 1:
                    return self.concat(
                        *(self.extract(part, min(hi - at, part.width - 1), max(lo - at, 0)) for part, at in inside)
                    )
                a, start = inside[0]
                hi -= start
                lo -= start
            elif op is SEXT:
                source = a.args[0]
                width = source.width
                if hi >= width:
                    return self.sext(self.extract(source, width - 1, min(lo, width - 1)), hi - lo + 1)
                a = source
            else:
                pushed = self._pushed(a, hi, lo) if self._depth < DEPTH else None
                if pushed is not None:
                    return pushed
                key = (a, hi, lo)
                table = self._tables[EXTRACT]
                term = table.get(key)
                if term is None:
                    width = hi - lo + 1
                    term = table[key] = self._node(EXTRACT, (a,), self._bits(width), width, (hi, lo))
                return term

    def _pushed(self, a: Term, hi: int, lo: int) -> Term | None:
        """The extract of the operands, where that brings something simpler into reach."""
        op, args = a.op, a.args
        self._depth += 1
        try:
            if op is ITE:
                if args[1].is_const or args[2].is_const:
                    return self.ite(args[0], self.extract(args[1], hi, lo), self.extract(args[2], hi, lo))
            elif op is Op.BVNOT:
                return self.bvnot(self.extract(args[0], hi, lo))
            elif op in BITWISE:
                if args[0].op in PARTED or args[1].op in PARTED:
                    return self._owner.rebuild(a, (self.extract(args[0], hi, lo), self.extract(args[1], hi, lo)))
            elif op in LOW and lo == 0:
                if args[0].op in PARTED or args[1].op in PARTED:
                    return self._owner.rebuild(a, (self.extract(args[0], hi, 0), self.extract(args[1], hi, 0)))
            elif op is Op.NEG and lo == 0 and args[0].op in PARTED:
                return self.neg(self.extract(args[0], hi, 0))
            return None
        finally:
            self._depth -= 1

    def zext(self, a: Term, width: int) -> Term:
        """`a` with zeros in front, `width` bits in all; SortError if that is less than its own width."""
        if width == a.width:
            return a
        if width < a.width or not a.width:
            raise SortError(f"zero extension of {a.sort} to {width} bits")
        return self.concat(self.bv(0, width - a.width), a)

    def sext(self, a: Term, width: int) -> Term:
        """`a` with copies of its sign bit in front, `width` bits in all; SortError if that is less than its own width."""
        if width == a.width:
            return a
        if width < a.width or not a.width:
            raise SortError(f"sign extension of {a.sort} to {width} bits")
        if a.op is SEXT:
            a = a.args[0]
        table = self._tables[SEXT]
        key = (a, width)
        term = table.get(key)
        if term is None:
            term = table[key] = self._extended(a, width)
        return term

    def _extended(self, a: Term, width: int) -> Term:
        if a.is_const:
            return self.bv(a.data - (a.data >> (a.width - 1) << a.width), width)
        if a.op is CONCAT and a.args[0].is_const:
            sign = a.args[0].data >> (a.args[0].width - 1)
            return self.concat(self.bv(-sign, width - a.width), a)
        if a.op is ITE and a.args[1].is_const and a.args[2].is_const:
            return self.ite(a.args[0], self.sext(a.args[1], width), self.sext(a.args[2], width))
        return self._node(SEXT, (a,), self._bits(width), width)
