"""Pool: all constructors together, constants of any sort, and rebuilding a term from new arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .arithmetic import ArithmeticTerms
from .arrays import ArrayTerms
from .bitwise import BitwiseTerms
from .booleans import BooleanTerms
from .choice import ChoiceTerms
from .equality import EqualityTerms
from .order import OrderTerms
from .slices import SliceTerms
from .sorts import ArraySort, BitVecSort, BoolSort, Sort
from .term import Op, Term
from .values import ArrayValue, Value, check_value


class Pool(BooleanTerms, EqualityTerms, ChoiceTerms, ArithmeticTerms, BitwiseTerms, SliceTerms, OrderTerms, ArrayTerms):
    """Makes terms, one object for each structure, simplified as they are made.

    A pool serves one description or system; terms of two pools do not mix. Constructors raise SortError where sorts do
    not fit. A simplification never makes a term depend on a variable that its arguments do not have.
    """

    def value(self, sort: Sort, value: Value) -> Term:
        """The term that always has `value`: a constant, or for an array stores over a constant array, in order of index."""
        check_value(sort, value)
        if isinstance(sort, BoolSort):
            return self.bool(bool(value))
        if isinstance(sort, BitVecSort):
            assert isinstance(value, int)
            return self.bv(value, sort.width)
        if isinstance(sort, ArraySort):
            assert isinstance(value, ArrayValue)
            term = self.array_const(sort, self.value(sort.element, value.default))
            entries = value.entries
            for index in sorted(entries, key=_order):
                term = self.store(term, self.value(sort.index, index), self.value(sort.element, entries[index]))
            return term
        assert isinstance(value, int)
        return self.element(sort, value)

    def rebuild(self, term: Term, args: tuple[Term, ...]) -> Term:
        """What `term` is with `args` in place of its arguments; leaves are made anew, so `term` may be of another pool."""
        return self.make(term.op, args, term.sort, term.data)

    def make(self, op: Op, args: tuple[Term, ...], sort: Sort, data: Any) -> Term:
        """The term `op` of `args`; `sort` and `data` as the attributes of the term to be made."""
        plain = PLAIN.get(op)
        if plain is not None:
            return plain(self, *args)
        if op is Op.EXTRACT:
            return self.extract(args[0], data[0], data[1])
        if op is Op.VAR:
            return self.var(data, sort)
        if op is Op.CONST:
            return self.value(sort, data)
        if op is Op.SEXT:
            assert isinstance(sort, BitVecSort)
            return self.sext(args[0], sort.width)
        assert op is Op.ARRAY
        return self.array_const(sort, args[0])

    def adopt(self, op: Op, args: tuple[Term, ...], sort: Sort, data: Any) -> Term:
        """As `make`, where it is known that the term is in simplest form and the order of `args` is that of their ids.

        `sort` must be the pool's own copy (see `sort`).
        """
        if not args:
            return self.make(op, args, sort, data)
        width = sort.width if isinstance(sort, BitVecSort) else 0
        term = self._node(op, args, sort, width, data)
        key: Any = args
        if op in UNARY:
            key = args[0]
        elif op is Op.EXTRACT:
            key = (args[0], *data)
        elif op is Op.SEXT:
            key = (args[0], width)
        elif op is Op.ARRAY:
            key = (sort, args[0])
        self._tables[op][key] = term
        return term


UNARY = frozenset({Op.NOT, Op.NEG, Op.BVNOT})
PLAIN: dict[Op, Callable[..., Term]] = {
    Op.NOT: Pool.not_,
    Op.AND: Pool.and_,
    Op.EQ: Pool.eq,
    Op.ITE: Pool.ite,
    Op.BVNOT: Pool.bvnot,
    Op.NEG: Pool.neg,
    Op.ADD: Pool.add,
    Op.MUL: Pool.mul,
    Op.UDIV: Pool.udiv,
    Op.UREM: Pool.urem,
    Op.SDIV: Pool.sdiv,
    Op.SREM: Pool.srem,
    Op.BVAND: Pool.bvand,
    Op.BVOR: Pool.bvor,
    Op.BVXOR: Pool.bvxor,
    Op.SHL: Pool.shl,
    Op.LSHR: Pool.lshr,
    Op.ASHR: Pool.ashr,
    Op.CONCAT: Pool.concat,
    Op.ULT: Pool.ult,
    Op.SLT: Pool.slt,
    Op.SELECT: Pool.select,
    Op.STORE: Pool.store,
}


def _order(index: Value) -> int:
    assert isinstance(index, int)
    return index
