"""Bitwuzla: bit vectors and arrays.

It does not decide equality over uninterpreted sorts. Their elements are bit vectors here, wide enough for the small model
property: a satisfiable problem without quantifiers has a model whose elements are those its terms denote and one for
each pair of arrays that differ somewhere.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

import bitwuzla
from bitwuzla import Kind, Option

from vmproof.solvers.interface import TIMEOUT, Elements, Problem, Reply, Status, Unsupported
from vmproof.terms import ArraySort, ArrayValue, BitVecSort, BoolSort, Op, Sort, UninterpretedSort, Value

_KINDS = {
    Op.NOT: Kind.NOT,
    Op.AND: Kind.AND,
    Op.EQ: Kind.EQUAL,
    Op.ITE: Kind.ITE,
    Op.BVNOT: Kind.BV_NOT,
    Op.NEG: Kind.BV_NEG,
    Op.ADD: Kind.BV_ADD,
    Op.MUL: Kind.BV_MUL,
    Op.UDIV: Kind.BV_UDIV,
    Op.UREM: Kind.BV_UREM,
    Op.SDIV: Kind.BV_SDIV,
    Op.SREM: Kind.BV_SREM,
    Op.BVAND: Kind.BV_AND,
    Op.BVOR: Kind.BV_OR,
    Op.BVXOR: Kind.BV_XOR,
    Op.SHL: Kind.BV_SHL,
    Op.LSHR: Kind.BV_SHR,
    Op.ASHR: Kind.BV_ASHR,
    Op.CONCAT: Kind.BV_CONCAT,
    Op.ULT: Kind.BV_ULT,
    Op.SLT: Kind.BV_SLT,
    Op.SELECT: Kind.ARRAY_SELECT,
    Op.STORE: Kind.ARRAY_STORE,
}


class BitwuzlaBackend:
    """Bitwuzla without what costs more than it saves where terms are shared and simplified already: a solver's run over the Boolean
    skeleton, and rewriting that looks deeper than one term."""

    def solve(self, problem: Problem, timeout: float, memory_mb: int) -> Reply:
        """See Backend; the worker's memory limit holds: Bitwuzla would read from /proc at every step of its own, which doubles the time."""
        options = bitwuzla.Options()
        options.set(Option.PRODUCE_MODELS, True)
        options.set(Option.TIME_LIMIT_PER, max(1, int(timeout * 1000)))
        options.set(Option.PP_SKELETON_PREPROC, False)
        options.set(Option.REWRITE_LEVEL, 1)
        translation = _Translation(problem)
        solver = bitwuzla.Bitwuzla(translation.manager, options)
        for root in problem.roots:
            solver.assert_formula(translation.terms[root])
        started = monotonic()
        result = solver.check_sat()
        if result == bitwuzla.Result.UNSAT:
            return Reply(Status.UNSAT)
        if result == bitwuzla.Result.SAT:
            return Reply(Status.SAT, translation.model(solver))
        return Reply(Status.UNKNOWN, None, _reason(problem, monotonic() - started, timeout))


def _reason(problem: Problem, seconds: float, timeout: float) -> str:
    """Why Bitwuzla gave up, which it does not tell."""
    if seconds > 0.9 * timeout:
        return TIMEOUT
    operators = {node.op for node in problem.nodes}
    arrays = {row for row, node in enumerate(problem.nodes) if isinstance(problem.sorts[node.sort], ArraySort)}
    if Op.ARRAY in operators and any(node.op is Op.EQ and node.args[0] in arrays for node in problem.nodes):
        return "solver: bitwuzla does not decide equality of constant arrays"
    return "solver: no reason given"


class _Translation:
    """The rows of a problem as terms of Bitwuzla."""

    def __init__(self, problem: Problem) -> None:
        self.manager = bitwuzla.TermManager()
        self.problem = problem
        self.terms: list[Any] = []
        self._sorts: dict[Sort, Any] = {}
        self._elements: dict[Sort, dict[int, int]] = {}
        self._element_width = 2 * len(problem.nodes).bit_length() + 2
        self._translate()

    def _sort(self, sort: Sort) -> Any:
        """Bitwuzla's sort; recursion is as deep as arrays are nested."""
        made = self._sorts.get(sort)
        if made is None:
            if isinstance(sort, BitVecSort):
                made = self.manager.mk_bv_sort(sort.width)
            elif isinstance(sort, BoolSort):
                made = self.manager.mk_bool_sort()
            elif isinstance(sort, ArraySort):
                made = self.manager.mk_array_sort(self._sort(sort.index), self._sort(sort.element))
            else:
                made = self.manager.mk_bv_sort(self._element_width)
            self._sorts[sort] = made
        return made

    def _constant(self, sort: Sort, value: bool | int) -> Any:
        if isinstance(sort, BoolSort):
            return self.manager.mk_true() if value else self.manager.mk_false()
        if isinstance(sort, UninterpretedSort):
            known = self._elements.setdefault(sort, {})
            value = known.setdefault(value, len(known))
        return self.manager.mk_bv_value(self._sort(sort), f"{value:x}", 16)

    def _translate(self) -> None:
        terms, make = self.terms, self.manager.mk_term
        for op, args, data, number in self.problem.nodes:
            kind = _KINDS.get(op)
            if kind is not None:
                terms.append(make(kind, [terms[arg] for arg in args]))
                continue
            sort = self.problem.sorts[number]
            if op is Op.CONST:
                terms.append(self._constant(sort, data))
            elif op is Op.VAR:
                terms.append(self.manager.mk_const(self._sort(sort), data))
            elif op is Op.EXTRACT:
                terms.append(make(Kind.BV_EXTRACT, [terms[args[0]]], list(data)))
            elif op is Op.SEXT and isinstance(sort, BitVecSort):
                narrow = self.problem.sorts[self.problem.nodes[args[0]].sort]
                assert isinstance(narrow, BitVecSort)
                terms.append(make(Kind.BV_SIGN_EXTEND, [terms[args[0]]], [sort.width - narrow.width]))
            elif op is Op.ARRAY:
                terms.append(self.manager.mk_const_array(self._sort(sort), terms[args[0]]))
            else:
                raise Unsupported(f"bitwuzla has no operator for {op}")

    def model(self, solver: Any) -> dict[str, Value]:
        """The value of every variable of the problem."""
        names = Elements()
        for sort, known in self._elements.items():
            for number, value in known.items():
                names.reserve(sort, f"{value:0{self._element_width}b}", number)
        return {name: _value(solver.get_value(self.terms[row]), sort, names) for row, name, sort in self.problem.variables()}


def _value(term: Any, sort: Sort, names: Elements) -> Value:
    """The value that a value term denotes; recursion is as deep as arrays are nested."""
    if isinstance(sort, BoolSort):
        return bool(term.value())
    if isinstance(sort, BitVecSort):
        return int(term.value(), 2)
    if isinstance(sort, UninterpretedSort):
        return names.number(sort, str(term.value()))
    entries: dict[Value, Value] = {}
    while term.kind() == Kind.ARRAY_STORE:
        entries.setdefault(_value(term[1], sort.index, names), _value(term[2], sort.element, names))
        term = term[0]
    if term.kind() != Kind.CONST_ARRAY:
        raise Unsupported(f"bitwuzla gives `{term}` as a value of {sort}")
    return ArrayValue(_value(term[0], sort.element, names), entries)
