"""Truth values: not, and, or, and what is written with them."""

from __future__ import annotations

from operator import attrgetter

from .builder import Builder
from .sorts import BOOL
from .term import Op, Term

NOT = Op.NOT
AND = Op.AND
EQ = Op.EQ
CONST = Op.CONST

_number = attrgetter("id")

# A conjunction inside another is merged into it up to this size, so that a conjunction built one by one takes linear time.
MERGED = 32


def complementary(a: Term, b: Term) -> bool:
    """Whether one is written as the negation of the other."""
    return (a.op is NOT and a.args[0] is b) or (b.op is NOT and b.args[0] is a)


class BooleanTerms(Builder):
    """Constructors of the Core theory but equality and ite."""

    def not_(self, a: Term) -> Term:
        """Negation."""
        table = self._tables[NOT]
        term = table.get(a)
        if term is not None:
            return term
        if a.sort is not BOOL:
            self._mismatch("not", a)
        if a.is_const:
            return self.false if a.data else self.true
        if a.op is NOT:
            return a.args[0]
        term = table[a] = self._node(NOT, (a,), BOOL, 0)
        return term

    def and_(self, *terms: Term) -> Term:
        """Conjunction of any number of terms; of none it is true."""
        if len(terms) == 2:
            a, b = terms
            if a.id > b.id:
                a, b = b, a
                terms = (a, b)
            term = self._tables[AND].get(terms)
            if term is not None:
                return term
            if a.sort is BOOL and b.sort is BOOL and a is not b and self._unrelated(a, b) and self._unrelated(b, a):
                term = self._node(AND, terms, BOOL, 0)
            else:
                term = self._conjunction(terms)
            self._tables[AND][terms] = term
            return term
        return self._conjunction(terms)

    def _unrelated(self, a: Term, b: Term) -> bool:
        """Whether it is seen at once that nothing about `a` makes its conjunction with `b` simpler."""
        op = a.op
        if op is NOT:
            inner = a.args[0]
            if inner is b:
                return False
            if inner.op is AND:
                return b not in inner.args and self._negated(b) not in inner.args and b.op is not EQ
            return inner.op is not EQ or b.op is not EQ
        return op is not AND and op is not CONST and (op is not EQ or b.op is not EQ)

    def _conjunction(self, terms: tuple[Term, ...]) -> Term:
        while True:
            members = self._members(terms)
            if members is None:
                return self.false
            reduced = self._propagate(members)
            if reduced is None:
                break
            terms = tuple(reduced)
        if not members:
            return self.true
        if len(members) == 1:
            return next(iter(members))
        args = tuple(sorted(members, key=_number))
        table = self._tables[AND]
        known = table.get(args)
        if known is None:
            known = table[args] = self._node(AND, args, BOOL, 0)
        return known

    def _members(self, terms: tuple[Term, ...]) -> dict[Term, None] | None:
        """What the conjunction of `terms` is the conjunction of, each once; None if it is false."""
        members: dict[Term, None] = {}
        pending = list(reversed(terms))
        while pending:
            term = pending.pop()
            if term.sort is not BOOL:
                self._mismatch("and", term)
            if term.op is AND and len(term.args) <= MERGED:
                pending.extend(reversed(term.args))
            elif term is self.false:
                return None
            elif term is not self.true:
                members[term] = None
        for term in members:
            if term.op is NOT:
                if term.args[0] in members:
                    return None
            elif term.op is AND and any(self._negated(t) in members for t in term.args):
                return None
        return members

    def _negated(self, term: Term) -> Term | None:
        """The negation of `term`, if it exists already."""
        return term.args[0] if term.op is NOT else self._tables[NOT].get(term)

    def _propagate(self, members: dict[Term, None]) -> list[Term] | None:
        """The members after what is certain was used in the disjunctions among them; None if that changes nothing."""
        values: dict[Term, Term] = {}  # of each member x == constant: the constant
        clauses = False
        for term in members:
            if term.op is NOT:
                clauses = clauses or term.args[0].op is AND or term.args[0].op is EQ
            elif term.op is EQ and term.args[1].is_const and values.setdefault(term.args[0], term.args[1]) is not term.args[1]:
                return [self.false]
        if not clauses or len(members) == 1:
            return None
        result: list[Term] = []
        changed = False
        for term in members:
            inner = term.args[0] if term.op is NOT else term
            if inner is term or len(inner.args) > MERGED:
                result.append(term)
            elif inner.op is EQ and inner.args[1].is_const and inner.args[0] in values:
                # x == k is a member, k is not this constant (or the two would be complementary): x != this follows.
                changed = True
            elif inner.op is AND:
                rest = [t for t in inner.args if t not in members]
                if any(self._negated(t) in members or self._excluded(t, values) for t in rest):
                    changed = True
                elif len(rest) < len(inner.args):
                    changed = True
                    result.append(self.not_(self._conjunction(tuple(rest))))
                else:
                    result.append(term)
            else:
                result.append(term)
        return result if changed else None

    @staticmethod
    def _excluded(term: Term, values: dict[Term, Term]) -> bool:
        """Whether `term` is x == k where x is known to be another constant."""
        if term.op is not EQ or not term.args[1].is_const:
            return False
        known = values.get(term.args[0])
        return known is not None and known is not term.args[1]

    def or_(self, *terms: Term) -> Term:
        """Disjunction of any number of terms; of none it is false."""
        return self.not_(self.and_(*map(self.not_, terms)))

    def implies(self, a: Term, b: Term) -> Term:
        """a implies b."""
        return self.not_(self.and_(a, self.not_(b)))

    def xor(self, a: Term, b: Term) -> Term:
        """Exclusive or of two truth values."""
        self._need_bool("xor", a)
        return self.not_(self.eq(a, b))
