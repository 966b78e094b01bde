"""cvc5: bit vectors, arrays and uninterpreted sorts.

Its constant arrays hold constants only: a problem with an array that holds some other term everywhere is not supported.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

import cvc5
from cvc5 import Kind

from vmproof.solvers.interface import TIMEOUT, Elements, Problem, Reply, Status, Unsupported
from vmproof.terms import ArraySort, ArrayValue, BitVecSort, BoolSort, Op, Sort, UninterpretedSort, Value

_KINDS = {
    Op.NOT: Kind.NOT,
    Op.AND: Kind.AND,
    Op.EQ: Kind.EQUAL,
    Op.ITE: Kind.ITE,
    Op.BVNOT: Kind.BITVECTOR_NOT,
    Op.NEG: Kind.BITVECTOR_NEG,
    Op.ADD: Kind.BITVECTOR_ADD,
    Op.MUL: Kind.BITVECTOR_MULT,
    Op.UDIV: Kind.BITVECTOR_UDIV,
    Op.UREM: Kind.BITVECTOR_UREM,
    Op.SDIV: Kind.BITVECTOR_SDIV,
    Op.SREM: Kind.BITVECTOR_SREM,
    Op.BVAND: Kind.BITVECTOR_AND,
    Op.BVOR: Kind.BITVECTOR_OR,
    Op.BVXOR: Kind.BITVECTOR_XOR,
    Op.SHL: Kind.BITVECTOR_SHL,
    Op.LSHR: Kind.BITVECTOR_LSHR,
    Op.ASHR: Kind.BITVECTOR_ASHR,
    Op.CONCAT: Kind.BITVECTOR_CONCAT,
    Op.ULT: Kind.BITVECTOR_ULT,
    Op.SLT: Kind.BITVECTOR_SLT,
    Op.SELECT: Kind.SELECT,
    Op.STORE: Kind.STORE,
}


class Cvc5Backend:
    """cvc5's default configuration for quantifier-free arrays and bit vectors."""

    def solve(self, problem: Problem, timeout: float, memory_mb: int) -> Reply:
        """See Backend; cvc5 has no memory limit of its own, the worker's holds."""
        translation = _Translation(problem)
        solver = cvc5.Solver(translation.manager)
        solver.setOption("produce-models", "true")
        solver.setOption("arrays-exp", "true")  # constant arrays
        solver.setOption("tlimit-per", str(max(1, int(timeout * 1000))))
        solver.setLogic("QF_AUFBV")
        for assertion in translation.assertions():
            solver.assertFormula(assertion)
        started = monotonic()
        result = solver.checkSat()
        if result.isUnsat():
            return Reply(Status.UNSAT)
        if result.isSat():
            return Reply(Status.SAT, translation.model(solver))
        if monotonic() - started > 0.9 * timeout:
            return Reply(Status.UNKNOWN, None, TIMEOUT)
        return Reply(Status.UNKNOWN, None, f"solver: {result.getUnknownExplanation().name.lower().replace('_', ' ')}")


class _Translation:
    """The rows of a problem as terms of cvc5."""

    def __init__(self, problem: Problem) -> None:
        self.manager = cvc5.TermManager()
        self.problem = problem
        self.terms: list[Any] = []
        self._sorts: dict[Sort, Any] = {}
        self._constants: dict[Sort, dict[int, Any]] = {}  # of uninterpreted sorts
        self._translate()

    def assertions(self) -> list[Any]:
        """The roots, and that constants of uninterpreted sorts are distinct."""
        made = [self.terms[root] for root in self.problem.roots]
        for known in self._constants.values():
            if len(known) > 1:
                made.append(self.manager.mkTerm(Kind.DISTINCT, *known.values()))
        return made

    def model(self, solver: Any) -> dict[str, Value]:
        """The value of every variable of the problem."""
        names = Elements()
        for sort, known in self._constants.items():
            for number, constant in known.items():
                names.reserve(sort, str(solver.getValue(constant)), number)
        return {name: _value(solver.getValue(self.terms[row]), sort, names) for row, name, sort in self.problem.variables()}

    def _sort(self, sort: Sort) -> Any:
        """cvc5's sort; recursion is as deep as arrays are nested."""
        made = self._sorts.get(sort)
        if made is None:
            if isinstance(sort, BitVecSort):
                made = self.manager.mkBitVectorSort(sort.width)
            elif isinstance(sort, BoolSort):
                made = self.manager.getBooleanSort()
            elif isinstance(sort, ArraySort):
                made = self.manager.mkArraySort(self._sort(sort.index), self._sort(sort.element))
            else:
                made = self.manager.mkUninterpretedSort(sort.name)
            self._sorts[sort] = made
        return made

    def _constant(self, sort: Sort, value: bool | int) -> Any:
        """A constant; one of an uninterpreted sort is a name, which `assertions` makes distinct from the others."""
        if isinstance(sort, BoolSort):
            return self.manager.mkBoolean(bool(value))
        if isinstance(sort, BitVecSort):
            return self.manager.mkBitVector(sort.width, f"{value:x}", 16)
        known = self._constants.setdefault(sort, {})
        if value not in known:
            known[value] = self.manager.mkConst(self._sort(sort))
        return known[value]

    def _translate(self) -> None:
        terms, manager = self.terms, self.manager
        make = manager.mkTerm
        for op, args, data, number in self.problem.nodes:
            kind = _KINDS.get(op)
            if kind is not None:
                terms.append(make(kind, *[terms[arg] for arg in args]))
                continue
            sort = self.problem.sorts[number]
            if op is Op.CONST:
                terms.append(self._constant(sort, data))
            elif op is Op.VAR:
                terms.append(manager.mkConst(self._sort(sort), data))
            elif op is Op.EXTRACT:
                terms.append(make(manager.mkOp(Kind.BITVECTOR_EXTRACT, *data), terms[args[0]]))
            elif op is Op.SEXT and isinstance(sort, BitVecSort):
                narrow = self.problem.sorts[self.problem.nodes[args[0]].sort]
                assert isinstance(narrow, BitVecSort)
                extend = manager.mkOp(Kind.BITVECTOR_SIGN_EXTEND, sort.width - narrow.width)
                terms.append(make(extend, terms[args[0]]))
            elif op is Op.ARRAY:
                if self.problem.nodes[args[0]].op not in (Op.CONST, Op.ARRAY) or not isinstance(sort, ArraySort):
                    raise Unsupported("cvc5 has constant arrays of constants only")
                terms.append(manager.mkConstArray(self._sort(sort), terms[args[0]]))
            else:
                raise Unsupported(f"cvc5 has no operator for {op}")


def _value(term: Any, sort: Sort, names: Elements) -> Value:
    """The value that a value term denotes; recursion is as deep as arrays are nested."""
    if isinstance(sort, BoolSort):
        return bool(term.getBooleanValue())
    if isinstance(sort, BitVecSort):
        return int(term.getBitVectorValue(2), 2)
    if isinstance(sort, UninterpretedSort):
        return names.number(sort, str(term))
    entries: dict[Value, Value] = {}
    while term.getKind() == Kind.STORE:
        entries.setdefault(_value(term[1], sort.index, names), _value(term[2], sort.element, names))
        term = term[0]
    if not term.isConstArray():
        raise Unsupported(f"cvc5 gives `{term}` as a value of {sort}")
    return ArrayValue(_value(term.getConstArrayBase(), sort.element, names), entries)
