"""Evaluating expressions of a description to values (LANGUAGE.md, "Values" and rules 4 to 8)."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from vmproof.language.budget import Budget, BudgetError
from vmproof.language.convert import Mistake, to_bool, usable
from vmproof.language.lookups import Lookups, check_key
from vmproof.language.machine import Machine
from vmproof.language.memory import MemoryModel
from vmproof.language.module import Module
from vmproof.language.operators import SYMBOLS, binary, compare, unary
from vmproof.language.outcome import State
from vmproof.language.types import EnumMember, EnumType
from vmproof.language.values import Builtin, Function, Value, describe, weight
from vmproof.terms import Pool, Term

_UNKNOWN = {
    "NamedExpr": "`:=`", "Await": "`await`", "Yield": "`yield`", "YieldFrom": "`yield`", "Set": "a set", "SetComp": "a set",
    "Slice": "a slice in a list of indices",
}  # fmt: skip


class Expressions(Lookups):
    """The evaluator of expressions."""

    def __init__(
        self, pool: Pool, budget: Budget, module: Module, machine: Machine | None, state: State, memory: MemoryModel | None
    ) -> None:
        super().__init__(pool, budget, module, machine, state, memory)
        self._handlers: dict[type[ast.AST], Callable[..., Value]] = {
            ast.Constant: self._constant, ast.Name: self._name, ast.Attribute: self._attribute, ast.Subscript: self._subscript,
            ast.Call: self._call, ast.BinOp: self._binary, ast.UnaryOp: self._unary, ast.BoolOp: self._bool, ast.Compare: self._compare,
            ast.IfExp: self._conditional, ast.Tuple: self._tuple, ast.List: self._tuple, ast.Dict: self._dict, ast.Lambda: self._lambda,
            ast.GeneratorExp: self._comprehension, ast.ListComp: self._comprehension, ast.DictComp: self._dict_comprehension,
            ast.JoinedStr: self._joined, ast.Starred: self._starred,
        }  # fmt: skip

    def eval(self, node: ast.expr) -> Value:
        """The value of an expression. Raises `InputError` with the place of the innermost expression that is wrong."""
        handler = self._handlers.get(type(node))
        if handler is None:
            raise self.wrong(node, f"{_UNKNOWN.get(type(node).__name__, 'this')} is not part of the language")
        try:
            self.budget.step(self.pool)
            return handler(node)
        except Mistake as problem:
            raise self.wrong(node, problem.message, problem.hint) from None
        except BudgetError as problem:
            raise self.wrong(node, str(problem)) from None

    def condition(self, node: ast.expr) -> Term:
        """An expression as a Bool term; the static values of Python count as they do there."""
        value = self.eval(node)
        if isinstance(value, int | str | tuple | dict | range | None) and not isinstance(value, Term):
            return self.pool.bool(bool(value))
        try:
            return to_bool(self.pool, value)
        except Mistake as problem:
            raise self.wrong(node, problem.message, problem.hint) from None

    # names and constants

    def _constant(self, node: ast.Constant) -> Value:
        value = node.value
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            self.budget.collection(len(value))
            return value
        if isinstance(value, int):
            self.budget.integer(value.bit_length())
            return value
        kind = {float: "a number with a point", complex: "an imaginary number", bytes: "a string of bytes"}.get(type(value), "`...`")
        raise Mistake(f"{kind} is not part of the language", "numbers are integers" if isinstance(value, float) else "")

    def _name(self, node: ast.Name) -> Value:
        return self.lookup(node.id)

    def _attribute(self, node: ast.Attribute) -> Value:
        return self.attribute(usable(self.eval(node.value)), node.attr)

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = usable(self.eval(node.value))
        made = self.type_subscript(owner, node)
        if made is not None:
            return made
        if isinstance(node.slice, ast.Slice):
            high, low = (usable(self.eval(part)) if part is not None else None for part in (node.slice.lower, node.slice.upper))
            if node.slice.step is not None:
                raise Mistake("a slice has no step here")
            return self.slice_of(owner, high, low)
        return self.element(owner, usable(self.eval(node.slice)))

    def type_subscript(self, owner: Value, node: ast.Subscript) -> Value | None:
        """`bits[8]`, `array[...]`: a type, or None where the owner makes no types."""
        raise NotImplementedError

    # operators

    def operate(self, node: ast.BinOp | ast.AugAssign, left: Value, right: Value) -> Value:
        """The operator of `node` on two values; a divisor that may be zero becomes an obligation."""
        return binary(self.pool, self.budget, SYMBOLS[type(node.op)], left, right, partial(self._oblige, node))

    def _oblige(self, node: ast.AST, claim: Term, sentence: str) -> None:
        self.oblige(claim, sentence, self.place(node))

    def _binary(self, node: ast.BinOp) -> Value:
        left = self.eval(node.left)
        return self.operate(node, left, self.eval(node.right))

    def _unary(self, node: ast.UnaryOp) -> Value:
        return unary(self.pool, SYMBOLS[type(node.op)], self.eval(node.operand))

    def _bool(self, node: ast.BoolOp) -> Value:
        return self._bool_chain(node.values, isinstance(node.op, ast.And))

    def _bool_chain(self, nodes: list[ast.expr], conjunction: bool) -> Value:
        """`a and b`: b is evaluated only where a holds (rule 6)."""
        first = self.condition(nodes[0])
        if len(nodes) == 1:
            return first
        rest = partial(self._bool_chain, nodes[1:], conjunction)
        if conjunction:
            return self.guarded(first, rest, lambda: False)
        return self.guarded(first, lambda: True, rest)

    def guarded(self, condition: Term, then: Callable[[], Value], otherwise: Callable[[], Value]) -> Term:
        """One of two conditions, each evaluated only where it counts."""
        return to_bool(self.pool, self.split(condition, then, otherwise))

    def _compare(self, node: ast.Compare) -> Value:
        return self._compare_chain(self.eval(node.left), list(zip(node.ops, node.comparators, strict=True)))

    def _compare_chain(self, left: Value, rest: list[tuple[ast.cmpop, ast.expr]]) -> Value:
        operator, node = rest[0]
        right = self.eval(node)
        for side in (left, right):
            if isinstance(side, tuple):
                self.budget.collection(weight(side, self.budget.items))
        here = compare(self.pool, SYMBOLS[type(operator)], left, right)
        if len(rest) == 1:
            return here
        if isinstance(here, bool):
            return self._compare_chain(right, rest[1:]) if here else False
        return self.guarded(here, lambda: self._compare_chain(right, rest[1:]), lambda: False)

    def _conditional(self, node: ast.IfExp) -> Value:
        return self.split(self.condition(node.test), lambda: self.eval(node.body), lambda: self.eval(node.orelse))

    # collections

    def _items(self, nodes: Iterable[ast.expr]) -> list[Value]:
        made: list[Value] = []
        for part in nodes:
            if isinstance(part, ast.Starred):
                made.extend(self.iterate(self.eval(part.value)))
                self.budget.collection(len(made))
            else:
                made.append(self.eval(part))
        return made

    def _tuple(self, node: ast.Tuple | ast.List) -> Value:
        return tuple(self._items(node.elts))

    def _starred(self, node: ast.Starred) -> Value:
        raise Mistake("`*` stands only inside a tuple or a call")

    def _dict(self, node: ast.Dict) -> Value:
        made: dict[Value, Value] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                inner = self.eval(value)
                if not isinstance(inner, dict):
                    raise Mistake(f"`**` needs a dictionary, not {describe(inner)}")
                self.budget.collection(len(inner))
                made.update(inner)
                continue
            name = usable(self.eval(key))
            check_key(name)
            made[name] = self.eval(value)
        return made

    def _lambda(self, node: ast.Lambda) -> Value:
        self.check_parameters("lambda", node)
        return Function("lambda", node, self.module, self.captured())

    def captured(self) -> Mapping[str, Value]:
        """The names that a function defined here keeps."""
        function = self.frame.function
        return {**(function.captured if function else {}), **self.frame.names}

    def check_parameters(self, name: str, node: ast.FunctionDef | ast.Lambda) -> None:
        """Raises `InputError` for parameters that the language does not have, or whose names it has already (rule 9).

        The parameters of a lambda are seen nowhere else, so they may be called what they like.
        """
        spec = node.args
        if spec.vararg or spec.kwarg:
            raise self.wrong(spec.vararg or spec.kwarg or node, f"`{name}` has `*` or `**` parameters, which are not part of the language")
        seen: set[str] = set()
        for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
            if parameter.arg in self.language and isinstance(node, ast.FunctionDef):
                raise self.wrong(parameter, f"`{parameter.arg}` is a name of the language")
            if parameter.arg in seen:
                raise self.wrong(parameter, f"two parameters of `{name}` are called `{parameter.arg}`")
            seen.add(parameter.arg)

    def iterate(self, value: Value) -> tuple[Value, ...]:
        """The items of a static collection; raises `Mistake` for anything else."""
        match usable(value):
            case tuple() | str() | range() | dict():
                self.budget.collection(len(value))
                return tuple(value)
            case EnumType():
                return tuple(value.member(name) for name in value.members)
        raise Mistake(f"a loop runs over static collections, not over {describe(value)}")

    def _turns(self, generators: list[ast.comprehension]) -> Iterable[None]:
        first, rest = generators[0], generators[1:]
        if first.is_async:
            raise self.wrong(first.target, "`async` is not part of the language")
        for count, item in enumerate(self.iterate(self.eval(first.iter))):
            self.sites.append(f"{first.target.lineno}:{first.target.col_offset}.{count}")
            self.bind(first.target, item)
            kept = True
            for test in first.ifs:
                held = self.condition(test)
                if not held.is_const:
                    raise self.wrong(test, "a filter in a comprehension must be static")
                kept = kept and held is self.pool.true
                if not kept:
                    break
            if kept and rest:
                yield from self._turns(rest)
            elif kept:
                yield None
            self.sites.pop()

    def _made(self, generators: list[ast.comprehension], make: Callable[[], Value]) -> list[Value]:
        """What `make` gives at each turn; the names of the turns are gone afterwards."""
        names, sites = self.frame.names, len(self.sites)
        made: list[Value] = []
        try:
            for _ in self._turns(generators):
                made.append(make())
                if len(made) % 1024 == 0:
                    self.budget.collection(len(made))
        finally:
            del self.sites[sites:]
        self.frame.names = names
        return made

    def _comprehension(self, node: ast.GeneratorExp | ast.ListComp) -> Value:
        return tuple(self._made(node.generators, lambda: self.eval(node.elt)))

    def _dict_comprehension(self, node: ast.DictComp) -> Value:
        def pair() -> Value:
            key = usable(self.eval(node.key))
            check_key(key)
            return key, self.eval(node.value)

        return dict(self._made(node.generators, pair))

    def bind(self, target: ast.expr, value: Value) -> None:
        """Give local names their values, taking tuples apart."""
        raise NotImplementedError

    def _joined(self, node: ast.JoinedStr) -> Value:
        text = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += str(part.value)
                continue
            assert isinstance(part, ast.FormattedValue)
            value = usable(self.eval(part.value))
            if not isinstance(value, str | int | EnumMember):
                raise Mistake(f"{describe(value)} in a string: it is not known while reading")
            if part.conversion != -1:
                raise Mistake("`!` in a string is not part of the language")
            form = self.eval(part.format_spec) if part.format_spec is not None else ""
            text += self.formatted(value, str(form))
            self.budget.collection(len(text))
        return text

    def formatted(self, value: Value, form: str) -> str:
        """`{value:form}` of a static value, for widths and bases only."""
        if form and not re.fullmatch(r"0?[0-9]{0,3}[bodxX]?", form):
            raise Mistake(f"the format `{form[:40]}` is not part of the language", "use a width and b, o, d or x")
        try:
            return format(value if isinstance(value, int | str) else value.name, form)
        except (ValueError, TypeError):
            raise Mistake(f"the format `{form}` does not suit {describe(value)}") from None

    # calls

    def _call(self, node: ast.Call) -> Value:
        callee = usable(self.eval(node.func))
        args = self._items(node.args)
        kwargs: dict[str, Value] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise Mistake("`**` in a call is not part of the language")
            if keyword.arg in kwargs:
                raise Mistake(f"`{keyword.arg}` is given twice")
            kwargs[keyword.arg] = self.eval(keyword.value)
        return self.apply(callee, args, kwargs, node)

    def apply(self, callee: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call anything callable: functions, types, methods, functions of the language."""
        match callee:
            case Function():
                return self.call(callee, args, kwargs, node)
            case Builtin():
                return callee.call(self, node, args, kwargs)
        return self.construct(callee, args, kwargs, node)

    def call(self, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        raise NotImplementedError

    def construct(self, kind: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        raise NotImplementedError


__all__ = ["Expressions"]
