"""Queries as SMT-LIB 2.6 text, for a solver that vmproof does not drive itself and for people to read.

Constant arrays are written `((as const (Array I E)) e)`; the standard has no notation for them, this one is common to the
solvers that know them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vmproof.solvers.interface import Node, Problem, Query, flatten
from vmproof.terms import ArraySort, BitVecSort, BoolSort, Op, Sort, UninterpretedSort

_SIMPLE = re.compile(r"[A-Za-z~!$%^&*_+=<>?/-][A-Za-z0-9~!@$%^&*_+=<>.?/-]*")
_OWN = re.compile(r"\$\d+")  # what shared terms are called here
_MAX_NESTING = 12  # a deeper term is given a name, so that neither a reader nor a parser meets a deep one
_RESERVED = """
    ! _ as let exists forall match par assert check-sat declare-const declare-fun declare-sort define-fun exit get-model
    set-logic set-option true false or xor => distinct Bool Array BitVec repeat zero_extend rotate_left rotate_right
    bvsub bvcomp bvnand bvnor bvxnor bvsmod bvule bvugt bvuge bvsle bvsgt bvsge BINARY DECIMAL HEXADECIMAL NUMERAL STRING
"""
_THEORY = frozenset(_RESERVED.split()) | frozenset(str(op) for op in Op)


def smtlib(query: Query) -> str:
    """The complete script of a query: logic, declarations, assertions, `(check-sat)` and `(get-model)`.

    A name that SMT-LIB cannot write, or that means something else there, is changed; the change is stated in a comment.
    """
    problem = flatten(query)
    return "\n".join(_Script(problem).lines()) + "\n"


def _logic(problem: Problem) -> str:
    """The smallest logic of the standard that has the problem's sorts; the standard's have arrays of bit vectors only."""
    arrays = free = False
    for sort in _all_sorts(problem):
        free = free or isinstance(sort, UninterpretedSort)
        if isinstance(sort, ArraySort):
            arrays = True
            if not (isinstance(sort.index, BitVecSort) and isinstance(sort.element, BitVecSort)):
                return "ALL"
    return f"QF_{'A' if arrays else ''}{'UF' if free else ''}BV"


def _all_sorts(problem: Problem) -> Iterator[Sort]:
    """The sorts of all terms and those they are made of."""
    stack = list(problem.sorts)
    while stack:
        sort = stack.pop()
        yield sort
        if isinstance(sort, ArraySort):
            stack += [sort.index, sort.element]


def _sort(sort: Sort, names: dict[str, str]) -> str:
    """The sort's text; recursion is as deep as arrays are nested."""
    if isinstance(sort, BoolSort):
        return "Bool"
    if isinstance(sort, BitVecSort):
        return f"(_ BitVec {sort.width})"
    if isinstance(sort, ArraySort):
        return f"(Array {_sort(sort.index, names)} {_sort(sort.element, names)})"
    return names[sort.name]


class _Names:
    """Symbols for names: different names get different symbols, and as a rule their own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self.comments: list[str] = []

    def symbol(self, name: str) -> str:
        """The symbol of a new name, quoted where it must be."""
        plain = "".join(c if c.isprintable() and c not in "|\\" else "_" for c in name)
        if plain in _THEORY or _OWN.fullmatch(plain):
            plain += "!"
        chosen, number = plain, 0
        while chosen in self._taken:
            number += 1
            chosen = f"{plain}!{number}"
        self._taken.add(chosen)
        symbol = chosen if _SIMPLE.fullmatch(chosen) else f"|{chosen}|"
        if chosen != name:
            self.comments.append(f"; {symbol} stands for {name!a}")
        return symbol


class _Script:
    """Writes the rows of a problem; one that is used twice or nests deeply is defined under a name `$row`."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        names = _Names()
        free = sorted({sort.name for sort in _all_sorts(problem) if isinstance(sort, UninterpretedSort)})
        self._sort_names = {name: names.symbol(name) for name in free}
        self._symbols = {row: names.symbol(name) for row, name, _ in problem.variables()}
        self._elements = {
            row: names.symbol(f"{sort.name}.{node.data}")
            for row, node in enumerate(problem.nodes)
            if node.op is Op.CONST and isinstance(sort := problem.sorts[node.sort], UninterpretedSort)
        }
        self._comments = names.comments

    def lines(self) -> Iterator[str]:
        """The lines of the script."""
        problem = self._problem
        yield from self._comments
        yield f"(set-logic {_logic(problem)})"
        for symbol in self._sort_names.values():
            yield f"(declare-sort {symbol} 0)"
        for row, symbol in (*self._elements.items(), *self._symbols.items()):
            yield f"(declare-const {symbol} {self._sort_of(row)})"
        yield from self._distinct_elements()
        yield from self._body()
        yield "(check-sat)"
        yield "(get-model)"

    def _sort_of(self, row: int) -> str:
        return _sort(self._problem.sorts[self._problem.nodes[row].sort], self._sort_names)

    def _distinct_elements(self) -> Iterator[str]:
        """Constants of an uninterpreted sort are different elements."""
        groups: dict[int, list[str]] = {}
        for row, symbol in self._elements.items():
            groups.setdefault(self._problem.nodes[row].sort, []).append(symbol)
        for symbols in groups.values():
            if len(symbols) > 1:
                yield f"(assert (distinct {' '.join(symbols)}))"

    def _body(self) -> Iterator[str]:
        uses = [0] * len(self._problem.nodes)
        for node in self._problem.nodes:
            for arg in node.args:
                uses[arg] += 1
        texts: list[str] = []
        nesting: list[int] = []
        for row, node in enumerate(self._problem.nodes):
            text = self._text(row, node, texts)
            depth = 1 + max((nesting[arg] for arg in node.args), default=-1)
            if node.args and (uses[row] > 1 or depth > _MAX_NESTING):
                yield f"(define-fun ${row} () {self._sort_of(row)} {text})"
                text, depth = f"${row}", 0
            texts.append(text)
            nesting.append(depth)
        for root in self._problem.roots:
            yield f"(assert {texts[root]})"

    def _text(self, row: int, node: Node, texts: list[str]) -> str:
        sort = self._problem.sorts[node.sort]
        if node.op is Op.VAR:
            return self._symbols[row]
        if node.op is Op.CONST:
            if isinstance(sort, BitVecSort):
                return f"#x{node.data:0{sort.width // 4}x}" if sort.width % 4 == 0 else f"#b{node.data:0{sort.width}b}"
            return self._elements.get(row, "true" if node.data else "false")
        operator = str(node.op)
        if node.op is Op.EXTRACT:
            operator = f"(_ extract {node.data[0]} {node.data[1]})"
        elif node.op is Op.SEXT and isinstance(sort, BitVecSort):
            narrow = self._problem.sorts[self._problem.nodes[node.args[0]].sort]
            assert isinstance(narrow, BitVecSort)
            operator = f"(_ sign_extend {sort.width - narrow.width})"
        elif node.op is Op.ARRAY:
            operator = f"(as const {self._sort_of(row)})"
        return f"({operator} {' '.join(texts[arg] for arg in node.args)})"
