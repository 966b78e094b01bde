"""eq, ne, distinct. Equality is taken apart as far as the two sides' structure allows; arrays are compared at written indices."""

from __future__ import annotations

from .bitwise import cuts, has_constant
from .booleans import complementary
from .builder import DEPTH, Builder
from .semantics import to_signed
from .sorts import BOOL, ArraySort, cardinality
from .term import Op, Term

EQ = Op.EQ
ITE = Op.ITE
ADD = Op.ADD
NOT = Op.NOT
CONCAT = Op.CONCAT

# A nest of choices is compared with a constant down to so many levels.
LEVELS = 64
# An equation is reduced to a smaller one, and that to a smaller one, at most so many times.
NESTED = 16
# Two arrays made of one base by at most so many writes and choices are compared at the written indices.
WRITTEN = 24


class EqualityTerms(Builder):
    """Equality of any two terms of one sort."""

    def eq(self, a: Term, b: Term) -> Term:
        """Whether a and b are the same value; a constant is the second argument."""
        if a is b:
            return self.true
        if a.is_const or (a.id > b.id and not b.is_const):
            a, b = b, a
        key = (a, b)
        table = self._tables[EQ]
        term = table.get(key)
        if term is None:
            if a.sort is not b.sort:
                self._mismatch("eq", a, b)
            if self._equations < NESTED:
                self._equations += 1
                try:
                    term = self._equal(a, b)
                finally:
                    self._equations -= 1
            if term is None:
                term = self._node(EQ, key, BOOL, 0)
            table[key] = term
        return term

    def ne(self, a: Term, b: Term) -> Term:
        """Whether a and b are different values."""
        return self.not_(self.eq(a, b))

    def distinct(self, *terms: Term) -> Term:
        """Whether no two of the terms are the same value."""
        return self.and_(*(self.ne(a, b) for i, a in enumerate(terms) for b in terms[:i]))

    def _equal(self, a: Term, b: Term) -> Term | None:
        """The simpler form of a = b, if there is one."""
        if a.is_const and b.is_const:
            return self.false
        if a.sort is BOOL:
            return self._iff(a, b)
        if a.width:
            found = self._bits_and_constant(a, b) if b.is_const else self._bits_equal(a, b)
            if found is not None:
                return found
        elif isinstance(a.sort, ArraySort):
            found = self._arrays_equal(a, b)
            if found is not None:
                return found
        if a.op is ITE or b.op is ITE:
            return self._choices_equal(a, b)
        return None

    def _iff(self, a: Term, b: Term) -> Term | None:
        if b.is_const:
            return a if b is self.true else self.not_(a)
        if complementary(a, b):
            return self.false
        if a.op is NOT:
            return self.eq(a.args[0], b.args[0]) if b.op is NOT else self.not_(self.eq(a.args[0], b))
        if b.op is NOT:
            return self.not_(self.eq(a, b.args[0]))
        return None

    def _choices_equal(self, a: Term, b: Term) -> Term | None:
        """Equality with a choice, where one branch decides it or both sides choose by the same condition."""
        if a.op is not ITE:
            a, b = b, a
        conditions: list[tuple[Term, Term | None]] = []  # (holds, or else) from the outside in
        while a.op is ITE and len(conditions) < LEVELS:
            c, x, y = a.args
            if x is b:
                conditions.append((c, None))
                a = y
            elif y is b:
                conditions.append((self.not_(c), None))
                a = x
            elif b.is_const and x.is_const:
                conditions.append((self.not_(c), c))
                a = y
            elif b.is_const and y.is_const:
                conditions.append((c, c))
                a = x
            else:
                break
        if not conditions:
            if b.op is ITE and a.args[0] is b.args[0] and self._depth < DEPTH:
                self._depth += 1
                try:
                    return self.ite(a.args[0], self.eq(a.args[1], b.args[1]), self.eq(a.args[2], b.args[2]))
                finally:
                    self._depth -= 1
            if b.op is ITE:
                return self._choices_with(b, a)
            return None
        result = self.eq(a, b)
        for holds, otherwise in reversed(conditions):
            result = self.or_(holds, result) if otherwise is None else self.and_(holds, result)
        return result

    def _choices_with(self, a: Term, b: Term) -> Term | None:
        """a = b for choices both, where b is a branch of a."""
        c, x, y = a.args
        if x is b:
            return self.or_(c, self.eq(y, b))
        if y is b:
            return self.or_(self.not_(c), self.eq(x, b))
        return None

    def _flag(self, a: Term) -> Term | None:
        """The condition under which the one bit `a` is 1, if `a` is a choice between the two bits."""
        if a.op is ITE and a.args[1].is_const and a.args[2].is_const:
            return a.args[0] if a.args[1].data else self.not_(a.args[0])
        return None

    def _bits_and_constant(self, a: Term, b: Term) -> Term | None:
        """a = b for a constant b."""
        op, args, width, value = a.op, a.args, a.width, b.data
        if op is CONCAT:
            return self._split(a, b, sorted(cuts(a), reverse=True))
        if op is ADD and args[1].is_const:
            return self.eq(args[0], self.bv(value - args[1].data, width))
        if op is Op.NEG:
            return self.eq(args[0], self.bv(-value, width))
        if op is Op.BVNOT:
            return self.eq(args[0], self.bv(~value, width))
        if op is Op.BVXOR and args[1].is_const:
            return self.eq(args[0], self.bv(value ^ args[1].data, width))
        if op is Op.SEXT:
            source = args[0]
            low = self.bv(value, source.width)
            return self.eq(source, low) if to_signed(low.data, source.width) == to_signed(value, width) else self.false
        if op is Op.BVAND and args[1].is_const and value & ~args[1].data:
            return self.false
        if op is Op.BVOR and args[1].is_const and args[1].data & ~value:
            return self.false
        if width == 1:
            flag = self._flag(a)
            if flag is not None:
                return flag if value else self.not_(flag)
            if value == 0:
                return self.not_(self.eq(a, self.bv(1, 1)))
        return None

    def _bits_equal(self, a: Term, b: Term) -> Term | None:
        """a = b for bit vectors of which neither is a constant."""
        if a.op is ADD or b.op is ADD:
            found = self._sums_equal(a, b)
            if found is not None:
                return found
        if a.op is CONCAT and b.op is CONCAT:
            mine, others = cuts(a), cuts(b)
            shared = mine | others if has_constant(a) or has_constant(b) else mine & others
            if len(shared) > 1:
                return self._split(a, b, sorted(shared, reverse=True))
        if a.op is b.op and a.op in (Op.NEG, Op.BVNOT):
            return self.eq(a.args[0], b.args[0])
        if a.op is Op.SEXT and b.op is Op.SEXT and a.args[0].sort is b.args[0].sort:
            return self.eq(a.args[0], b.args[0])
        if (a.op is Op.BVNOT and a.args[0] is b) or (b.op is Op.BVNOT and b.args[0] is a):
            return self.false
        if a.width == 1:
            flag_a, flag_b = self._flag(a), self._flag(b)
            if flag_a is not None:
                return self.eq(flag_a, self.eq(b, self.bv(1, 1)))
            if flag_b is not None:
                return self.eq(flag_b, self.eq(a, self.bv(1, 1)))
        return None

    def _split(self, a: Term, b: Term, ends: list[int]) -> Term | None:
        """a = b piece by piece, the pieces beginning at the bits `ends`, which descend to 0."""
        if len(ends) < 2 or self._depth >= DEPTH:
            return None
        self._depth += 1
        try:
            hi = a.width - 1
            pieces: list[Term] = []
            for lo in ends:
                piece = self.eq(self.extract(a, hi, lo), self.extract(b, hi, lo))
                if piece is self.false:
                    return piece
                pieces.append(piece)
                hi = lo - 1
            return self.and_(*pieces)
        finally:
            self._depth -= 1

    def _sums_equal(self, a: Term, b: Term) -> Term | None:
        """Equality of sums with a summand in common, or with constants on both sides."""
        zero = self.bv(0, a.width)
        for x, y in ((a, b), (b, a)):
            if x.op is not ADD:
                continue
            if x.args[0] is y:
                return self.eq(x.args[1], zero)
            if x.args[1] is y:
                return self.eq(x.args[0], zero)
        if a.op is ADD and b.op is ADD:
            if a.args[1].is_const and b.args[1].is_const:
                return self.eq(a.args[0], self.add(b.args[0], self.bv(b.args[1].data - a.args[1].data, a.width)))
            for i in (0, 1):
                for j in (0, 1):
                    if a.args[i] is b.args[j]:
                        return self.eq(a.args[1 - i], b.args[1 - j])
        return None

    def _arrays_equal(self, a: Term, b: Term) -> Term | None:
        """Two arrays made of one base by writes and choices are equal if they are at every index that either writes.

        So are two made of constant arrays, if they also are at some index that neither writes.
        """
        if self._depth >= DEPTH:
            return None
        indices: dict[Term, None] = {}
        bases: dict[Term, None] = {}
        seen = {a, b}
        pending = [a, b]
        while pending:
            array = pending.pop()
            below: tuple[Term, ...] = ()
            if array.op is Op.STORE:
                indices[array.args[1]] = None
                below = array.args[:1]
            elif array.op is ITE:
                below = array.args[1:]
            else:
                bases[array] = None
            for term in below:
                if term not in seen:
                    seen.add(term)
                    pending.append(term)
            if len(seen) > WRITTEN:
                return None
        if len(bases) > 1:
            if not all(base.op is Op.ARRAY for base in bases) or not all(index.is_const for index in indices):
                return None
            assert isinstance(a.sort, ArraySort)
            domain = cardinality(a.sort.index)
            if domain is None:
                return None  # an uninterpreted sort may have no further element
            if len(indices) < domain:
                written = {index.data for index in indices}
                free = next(i for i in range(domain) if i not in written)
                indices[self._owner.value(a.sort.index, bool(free) if a.sort.index == BOOL else free)] = None
        self._depth += 1
        try:
            return self.and_(*(self.eq(self.select(a, i), self.select(b, i)) for i in indices))
        finally:
            self._depth -= 1
