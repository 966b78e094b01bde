"""What all constructors share: the tables that make equal terms one object, constants and variables, bounded rewriting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast

from .sorts import BOOL, ArraySort, BitVecSort, BoolSort, Sort, SortError
from .term import Constant, Op, Term

if TYPE_CHECKING:
    from .pool import Pool

Truth: TypeAlias = bool  # inside the class, `bool` is a constructor of terms

VAR = Op.VAR
CONST = Op.CONST

# A rewriting that pushes an operator into its arguments goes at most this deep: the stack stays short, and so does the time.
DEPTH = 6


class Builder:
    """Tables and leaves. The theories' constructors are in the subclasses; `Pool` joins them.

    Each operator has a table from its arguments to the finished term. The pool keeps every term it made in a list, in
    order of creation: so a deep term is never freed from its root, and its memory goes with the pool.
    """

    if TYPE_CHECKING:  # the constructors that other theories' rules use

        def not_(self, a: Term) -> Term: ...
        def and_(self, *terms: Term) -> Term: ...
        def or_(self, *terms: Term) -> Term: ...
        def eq(self, a: Term, b: Term) -> Term: ...
        def xor(self, a: Term, b: Term) -> Term: ...
        def ite(self, condition: Term, a: Term, b: Term) -> Term: ...
        def bvnot(self, a: Term) -> Term: ...
        def neg(self, a: Term) -> Term: ...
        def add(self, a: Term, b: Term) -> Term: ...
        def shl(self, a: Term, b: Term) -> Term: ...
        def lshr(self, a: Term, b: Term) -> Term: ...
        def concat(self, *terms: Term) -> Term: ...
        def extract(self, a: Term, hi: int, lo: int) -> Term: ...
        def zext(self, a: Term, width: int) -> Term: ...
        def sext(self, a: Term, width: int) -> Term: ...
        def ult(self, a: Term, b: Term) -> Term: ...
        def select(self, array: Term, index: Term) -> Term: ...
        def store(self, array: Term, index: Term, value: Term) -> Term: ...

    def __init__(self) -> None:
        self._owner = cast("Pool", self)
        self._terms: list[Term] = []
        self._sorts: dict[Sort, Sort] = {BOOL: BOOL}
        self._bitvecs: dict[int, BitVecSort] = {}
        self._constants: dict[tuple[int, int], Term] = {}
        self._elements: dict[tuple[Sort, int], Term] = {}
        self._variables: dict[str, Term] = {}
        self._fresh: dict[str, int] = {}
        self._tables: dict[Op, dict[Any, Term]] = {op: {} for op in Op}
        self._occurring: dict[Term, tuple[Term, ...]] = {}  # the variables below terms that were asked about
        self._depth = 0  # of nested rewritings that push an operator into its arguments
        self._equations = 0  # of nested reductions of an equation to others
        self._reads = 0  # of nested reads of choices between arrays
        self.false = self._constant(BOOL, 0, False)
        self.true = self._constant(BOOL, 0, True)

    def __len__(self) -> int:
        """How many terms the pool has made."""
        return len(self._terms)

    def _node(self, op: Op, args: tuple[Term, ...], sort: Sort, width: int, data: Any = None) -> Term:
        terms = self._terms
        term = Term(op, args, sort, width, data, len(terms), self._owner)
        terms.append(term)
        return term

    def _constant(self, sort: Sort, width: int, data: Truth | int) -> Term:
        term = Constant(CONST, (), sort, width, data, len(self._terms), self._owner)
        self._terms.append(term)
        return term

    def sort(self, sort: Sort) -> Sort:
        """The pool's own copy of `sort`; the sorts of its terms are such copies, and can be compared by `is`."""
        known = self._sorts.get(sort)
        if known is None:
            if isinstance(sort, BitVecSort):
                self._bitvecs[sort.width] = sort
            elif isinstance(sort, ArraySort):
                sort = ArraySort(self.sort(sort.index), self.sort(sort.element))
            known = self._sorts[sort] = sort
        return known

    def _bits(self, width: int) -> Sort:
        sort = self._bitvecs.get(width)
        return sort if sort is not None else self.sort(BitVecSort(width))

    def bool(self, value: Truth) -> Term:
        """The constant true or false."""
        return self.true if value else self.false

    def bv(self, value: int, width: int) -> Term:
        """The constant `value` modulo 2**width, of `width` bits; SortError unless width is at least 1."""
        term = self._constants.get((value, width))
        if term is None:
            sort = self._bits(width)
            reduced = int(value) & ((1 << width) - 1)
            term = self._constants.get((reduced, width))
            if term is None:
                term = self._constants[reduced, width] = self._constant(sort, width, reduced)
        return term

    def element(self, sort: Sort, number: int) -> Term:
        """The constant that names element `number` of an uninterpreted sort; different numbers are different elements."""
        sort = self.sort(sort)
        term = self._elements.get((sort, number))
        if term is None:
            term = self._elements[sort, number] = self._constant(sort, 0, number)
        return term

    def var(self, name: str, sort: Sort) -> Term:
        """The variable `name`; SortError if the pool has one of that name and another sort."""
        term = self._variables.get(name)
        if term is None:
            sort = self.sort(sort)
            width = sort.width if isinstance(sort, BitVecSort) else 0
            term = self._variables[name] = self._node(VAR, (), sort, width, name)
        elif term.sort is not sort and term.sort != sort:
            raise SortError(f"variable {name} is of sort {term.sort} and cannot be of {sort} as well")
        return term

    def fresh(self, name: str, sort: Sort) -> Term:
        """A variable that the pool does not have yet: `name`, or `name!1`, `name!2` and so on."""
        if name not in self._variables:
            return self.var(name, sort)
        number = self._fresh.get(name, 1)
        while f"{name}!{number}" in self._variables:
            number += 1
        self._fresh[name] = number + 1
        return self.var(f"{name}!{number}", sort)

    def _mismatch(self, what: str, *terms: Term) -> NoReturn:
        """Say why `what` cannot be built of `terms`."""
        if any(term.pool is not self for term in terms):
            raise SortError(f"{what} of a term of another pool")
        raise SortError(f"{what} of {', '.join(str(term.sort) for term in terms)}")

    def _need_bits(self, what: str, a: Term, b: Term) -> None:
        """SortError unless both are bit vectors of one width."""
        if a.sort is not b.sort or not a.width:
            self._mismatch(what, a, b)

    def _need_bool(self, what: str, a: Term) -> None:
        if not isinstance(a.sort, BoolSort):
            self._mismatch(what, a)
