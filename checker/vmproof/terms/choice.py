"""ite: a choice between two terms of one sort."""

from __future__ import annotations

from .booleans import complementary
from .builder import DEPTH, Builder
from .sorts import BOOL
from .term import Op, Term

ITE = Op.ITE
NOT = Op.NOT
EQ = Op.EQ
STORE = Op.STORE
CONCAT = Op.CONCAT

# So many writes on one branch of a choice between arrays are made choices of the written elements.
WRITES = 8


class ChoiceTerms(Builder):
    """The constructor ite."""

    def ite(self, condition: Term, a: Term, b: Term) -> Term:
        """`a` where the condition holds, else `b`; the condition of a node is never a negation."""
        if a is b:
            if condition.sort is not BOOL:
                self._mismatch("ite", condition, a, b)
            return a
        if condition.op is NOT:
            condition = condition.args[0]
            a, b = b, a
        key = (condition, a, b)
        table = self._tables[ITE]
        term = table.get(key)
        if term is None:
            if condition.sort is not BOOL or a.sort is not b.sort:
                self._mismatch("ite", condition, a, b)
            term = table[key] = self._choice(condition, a, b)
        return term

    def _choice(self, c: Term, a: Term, b: Term) -> Term:
        while True:
            if a is b or c is self.true:
                return a
            if c is self.false:
                return b
            if c.op is NOT:
                c, a, b = c.args[0], b, a
            if a.op is ITE:
                inner, x, y = a.args
                if inner is c:
                    a = x
                    continue
                if y is b:
                    c, a = self.and_(c, inner), x
                    continue
                if x is b:
                    c, a = self.and_(c, self.not_(inner)), y
                    continue
            if b.op is ITE:
                inner, x, y = b.args
                if inner is c:
                    b = y
                    continue
                if x is a:
                    c, b = self.or_(c, inner), y
                    continue
                if y is a:
                    c, b = self.or_(c, self.not_(inner)), x
                    continue
            break
        special = self._truth(c, a, b) if a.sort is BOOL else self._special(c, a, b)
        if special is not None:
            return special
        key = (c, a, b)
        table = self._tables[ITE]
        term = table.get(key)
        if term is None:
            term = table[key] = self._node(ITE, key, a.sort, a.width)
        return term

    def _truth(self, c: Term, a: Term, b: Term) -> Term | None:
        """A choice between truth values, if it can be written with and, or, eq."""
        if a is self.true or a is c:
            return self.or_(c, b)
        if a is self.false or complementary(a, c):
            return self.and_(self.not_(c), b)
        if b is self.true or complementary(b, c):
            return self.or_(self.not_(c), a)
        if b is self.false or b is c:
            return self.and_(c, a)
        if complementary(a, b):
            return self.eq(c, a)
        return None

    def _special(self, c: Term, a: Term, b: Term) -> Term | None:
        """The simpler form of a choice that is not between truth values, if there is one."""
        if c.op is EQ:
            p, q = c.args
            if (a is p and b is q) or (a is q and b is p):
                return b
            if a.width == 1 and p.width == 1 and q.is_const and a.is_const and b.is_const:
                return p if a is q else self.bvnot(p)
        if a.op is CONCAT and b.op is CONCAT:
            return self._common_ends(c, a, b)
        if a.op is STORE or b.op is STORE:
            return self._writes(c, a, b)
        return None

    def _common_ends(self, c: Term, a: Term, b: Term) -> Term | None:
        """The choice between two concats with the leading or trailing parts that they share outside."""
        xs, ys = a.args, b.args
        most = min(len(xs), len(ys)) - 1
        front = 0
        while front < most and xs[front] is ys[front]:
            front += 1
        back = 0
        while back < most - front and xs[-1 - back] is ys[-1 - back]:
            back += 1
        if not front and not back:
            return None
        inner = self.ite(c, self.concat(*xs[front : len(xs) - back]), self.concat(*ys[front : len(ys) - back]))
        return self.concat(*xs[:front], inner, *xs[len(xs) - back :])

    def _writes(self, c: Term, a: Term, b: Term) -> Term | None:
        """A choice between an array and the same after some writes, as writes of choices."""
        if a.op is STORE and b.op is STORE and a.args[1] is b.args[1] and self._depth < DEPTH:
            self._depth += 1
            try:
                return self.store(self.ite(c, a.args[0], b.args[0]), a.args[1], self.ite(c, a.args[2], b.args[2]))
            finally:
                self._depth -= 1
        for written, plain, holds in ((a, b, True), (b, a, False)):
            chain: list[Term] = []
            array = written
            while array is not plain and array.op is STORE and len(chain) < WRITES:
                chain.append(array)
                array = array.args[0]
            if array is plain:
                for write in reversed(chain):
                    _, index, value = write.args
                    old = self.select(plain, index)
                    array = self.store(array, index, self.ite(c, value, old) if holds else self.ite(c, old, value))
                return array
        return None
