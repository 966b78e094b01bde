"""Statements: the one evaluator of the language, for the simulator, the model checker and the solvers alike."""

from __future__ import annotations

import ast
from collections.abc import Callable

from vmproof.language.budget import BudgetError
from vmproof.language.builtins import LANGUAGE, Transform, method_of, subscript_type
from vmproof.language.calls import SIMPLE_TYPES, Calls
from vmproof.language.construct import construct
from vmproof.language.convert import Mistake, coerce, store_at, to_bits, usable
from vmproof.language.operators import equal
from vmproof.language.paths import Step, update
from vmproof.language.run import JUMPED, Dead, Point
from vmproof.language.types import BitsType, EnumMember, MemoryType, join
from vmproof.language.values import EnumValue, FormTag, Function, StateRef, Value, describe
from vmproof.terms import Term


class Interpreter(Calls):
    """Executes functions of a description over a state of terms."""

    language = LANGUAGE

    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Execute one statement. Raises `Dead` where the path ends and `InputError` where the statement is wrong."""
        handler = _STATEMENTS.get(type(node))
        if handler is None:
            raise self.wrong(node, f"`{_keyword(node)}` is not part of the language")
        try:
            self.budget.step(self.pool)
            handler(self, node)
        except Mistake as problem:
            raise self.wrong(node, problem.message, problem.hint) from None
        except BudgetError as problem:
            raise self.wrong(node, str(problem)) from None

    def _expression(self, node: ast.Expr) -> None:
        self.eval(node.value)

    def _assign(self, node: ast.Assign) -> None:
        value = self.eval(node.value)
        for target in node.targets:
            self.bind(target, value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            raise self.wrong(node, "a name is declared without a value")
        kind = self.annotation(node.annotation)
        value = self.eval(node.value)
        self.bind(node.target, coerce(self.pool, value, kind) if isinstance(kind, SIMPLE_TYPES) else value)

    def _augmented(self, node: ast.AugAssign) -> None:
        """`path += value`: what stands in the path's brackets is evaluated once."""
        if isinstance(node.target, ast.Name):
            old = usable(self.lookup(node.target.id))
            self.bind(node.target, self.operate(node, old, self.eval(node.value)))
            return
        base, steps = self._steps(node.target)
        old = base
        for step in steps:
            old = usable(old)
            if step.attribute is not None:
                old = self.attribute(old, step.attribute)
            else:
                old = self.slice_of(old, *step.slice) if step.slice is not None else self.element(old, step.index)
        self._write_path(base, steps, self.operate(node, old, self.eval(node.value)))

    def bind(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name():
                if target.id in self.language:
                    raise self.wrong(target, f"`{target.id}` is a name of the language")
                self.frame.names = {**self.frame.names, target.id: value}
            case ast.Tuple() | ast.List():
                items = tuple(self.iterate(value))
                if any(isinstance(part, ast.Starred) for part in target.elts):
                    raise self.wrong(target, "`*` in an assignment is not part of the language")
                if len(items) != len(target.elts):
                    raise self.wrong(target, f"{len(target.elts)} names for {len(items)} values")
                for part, item in zip(target.elts, items, strict=True):
                    self.bind(part, item)
            case ast.Attribute() | ast.Subscript():
                self._write_path(*self._steps(target), value)
            case _:
                raise self.wrong(target, "this cannot be assigned to")

    def _steps(self, target: ast.Attribute | ast.Subscript) -> tuple[StateRef, list[Step]]:
        """The state and the path below it that is to be written; anything else is a copy (rule 5)."""
        nodes: list[ast.Attribute | ast.Subscript] = []
        node: ast.expr = target
        while isinstance(node, ast.Attribute | ast.Subscript):
            nodes.append(node)
            node = node.value
        base = usable(self.eval(node))
        if not isinstance(base, StateRef):
            raise self.wrong(target, f"{describe(base)} is a copy; only paths that start at the state are assigned")
        if not base.running:
            raise self.wrong(target, f"`{base.name}` is a state that is only read")
        return base, [self._step(part) for part in reversed(nodes)]

    def _step(self, node: ast.Attribute | ast.Subscript) -> Step:
        if isinstance(node, ast.Attribute):
            return Step(node, attribute=node.attr)
        if isinstance(node.slice, ast.Slice):
            high, low = (usable(self.eval(part)) if part is not None else None for part in (node.slice.lower, node.slice.upper))
            if node.slice.step is not None:
                raise self.wrong(node, "a slice has no step here")
            return Step(node, slice=(high, low))
        return Step(node, index=usable(self.eval(node.slice)))

    def _write_path(self, base: StateRef, steps: list[Step], value: Value) -> None:
        kind = self.state_type(base)
        first, rest = steps[0], steps[1:]
        if first.attribute is None or first.attribute not in kind.fields:
            if first.attribute is not None:
                self.state_attribute(base, first.attribute)  # raises with the nearest name
            raise self.wrong(first.node, f"`{first.attribute or '[...]'}` is not a field of {kind}")
        name = first.attribute
        inner = kind.fields[name]
        if isinstance(inner, MemoryType) and rest and rest[0].has_index:
            address = to_bits(self.pool, rest[0].index, inner.address)
            if len(rest) > 1:
                old = self.read_physical(name, address, 1, inner.big)
                changed = update(self, BitsType(inner.cell), lambda path: old, rest[1:], value)
                self.write_physical(name, address, changed[""], inner.cell, inner.big)
            else:
                self.write_physical(name, address, to_bits(self.pool, value, inner.cell), inner.cell, inner.big)
            return

        def write() -> None:
            for path, term in update(self, inner, lambda path: self.leaf(base, join(name, path)), rest, value).items():
                entry = join(base.prefix, join(name, path))
                self.set_entry(entry, store_at(self.pool, self.state[entry], base.places, term))

        self.effect(write)
        if name == "pc" and JUMPED in self.state:
            self.set_entry(JUMPED, self.pool.true)

    def _if(self, node: ast.If) -> None:
        self.split(self.condition(node.test), lambda: self.block(node.body), lambda: self.block(node.orelse))

    def _for(self, node: ast.For) -> None:
        if node.orelse:
            raise self.wrong(node, "`else` of a loop is not part of the language")
        breaks: list[Point] = []
        try:
            for count, item in enumerate(self.iterate(self.eval(node.iter))):
                self.join_all(self._turn(node, count, item, breaks))
        except Dead:
            if not breaks:
                raise
            self.join_all(breaks)
            return
        if breaks:
            self.join_all([*breaks, self.point()])

    def _turn(self, node: ast.For, count: int, item: Value, breaks: list[Point]) -> list[Point]:
        """One turn of a loop: the points from which the next one goes on."""
        continues: list[Point] = []
        self.frame.loops.append((breaks, continues))
        self.sites.append(f"{node.lineno}.{count}")
        try:
            self.bind(node.target, item)
            self.block(node.body)
            continues.append(self.point())
        except Dead:
            pass
        finally:
            self.frame.loops.pop()
            self.sites.pop()
        return continues

    def _break(self, node: ast.Break) -> None:
        self._check_loop(node)
        self.frame.loops[-1][0].append(self.point())
        self.die()

    def _check_loop(self, node: ast.Break | ast.Continue) -> None:
        if not self.frame.loops:
            raise self.wrong(node, f"`{_keyword(node)}` stands outside a loop")

    def _continue(self, node: ast.Continue) -> None:
        self._check_loop(node)
        self.frame.loops[-1][1].append(self.point())
        self.die()

    def _return(self, node: ast.Return) -> None:
        value = self.eval(node.value) if node.value is not None else None
        self.frame.returns.append((self.point(), value))
        self.die()

    def _pass(self, node: ast.Pass) -> None:
        return

    def _with(self, node: ast.With) -> None:
        """`with kept():` — effects that survive a trap (rule 2)."""
        if len(node.items) != 1 or node.items[0].optional_vars is not None or self.eval(node.items[0].context_expr) is not Transform.KEPT:
            raise self.wrong(node, "`with` is for kept() only")
        self.keeping += 1
        try:
            self.block(node.body)
        finally:
            self.keeping -= 1

    def _function(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            raise self.wrong(node, "a function inside a function takes no decorators")
        if node.name in self.language:
            raise self.wrong(node, f"`{node.name}` is a name of the language")
        self.check_parameters(node.name, node)
        self.frame.names = {**self.frame.names, node.name: Function(node.name, node, self.module, self.captured())}

    # match

    def _match(self, node: ast.Match) -> None:
        self._cases(node, usable(self.eval(node.subject)), list(node.cases), [])

    def _cases(self, node: ast.Match, subject: Value, cases: list[ast.match_case], seen: list[Value]) -> None:
        if not cases:
            return
        case, rest = cases[0], cases[1:]
        patterns: list[Value] = []
        condition = self._pattern(case.pattern, subject, patterns)
        if case.guard is None:
            seen = [*seen, *patterns]
            if self._exhausted(subject, seen):
                condition = self.pool.true
        else:
            guard = case.guard
            condition = self.guarded(condition, lambda: self.condition(guard), lambda: False)
        self.split(condition, lambda: self.block(case.body), lambda: self._cases(node, subject, rest, seen))

    def _exhausted(self, subject: Value, seen: list[Value]) -> bool:
        """Whether the cases so far name every member (every form): then the last of them needs no test."""
        if isinstance(subject, EnumValue):
            return {value.value for value in seen if isinstance(value, EnumMember)} == set(subject.type.members.values())
        if isinstance(subject, FormTag):
            return set(subject.names) <= {value for value in seen if isinstance(value, str)}
        return False

    def _pattern(self, pattern: ast.pattern, subject: Value, seen: list[Value]) -> Term:
        match pattern:
            case ast.MatchValue():
                value = usable(self.eval(pattern.value))
                seen.append(value)
                try:
                    same = equal(self.pool, subject, value)
                except Mistake as problem:
                    raise self.wrong(pattern, problem.message, problem.hint) from None
                return self.pool.bool(same) if isinstance(same, bool) else same
            case ast.MatchSingleton():
                same = equal(self.pool, subject, pattern.value)
                return self.pool.bool(same) if isinstance(same, bool) else same
            case ast.MatchOr():
                return self.pool.or_(*(self._pattern(part, subject, seen) for part in pattern.patterns))
            case ast.MatchSequence() if isinstance(subject, tuple):
                if len(subject) != len(pattern.patterns):
                    return self.pool.false
                return self.pool.and_(*(self._pattern(part, item, []) for part, item in zip(pattern.patterns, subject, strict=True)))
            case ast.MatchSequence() if subject is None or isinstance(subject, int | str | dict | EnumMember):
                return self.pool.false
            case ast.MatchAs():
                condition = self.pool.true if pattern.pattern is None else self._pattern(pattern.pattern, subject, seen)
                if pattern.name is not None:
                    self.bind(ast.copy_location(ast.Name(pattern.name, ast.Store()), pattern), subject)
                return condition
        raise self.wrong(pattern, "this pattern is not part of the language", "match literals, members, names and `_`")

    # what the language gives

    def method(self, owner: Value, name: str) -> Value | None:
        return method_of(owner, name)

    def type_subscript(self, owner: Value, node: ast.Subscript) -> Value | None:
        return subscript_type(self, owner, node)

    def construct(self, kind: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        return construct(self, kind, args, kwargs, node)


def _keyword(node: ast.stmt) -> str:
    names = {
        "AsyncFunctionDef": "async def",
        "ClassDef": "class",
        "ImportFrom": "from",
        "Delete": "del",
        "AsyncFor": "async for",
        "AsyncWith": "async with",
    }
    kind = type(node).__name__
    return names.get(kind, kind.lower())


_STATEMENTS: dict[type[ast.stmt], Callable[..., None]] = {
    ast.Expr: Interpreter._expression, ast.Assign: Interpreter._assign, ast.AnnAssign: Interpreter._annotated,
    ast.AugAssign: Interpreter._augmented, ast.If: Interpreter._if, ast.For: Interpreter._for,
    ast.Return: Interpreter._return, ast.Pass: Interpreter._pass,
    ast.Break: Interpreter._break, ast.Continue: Interpreter._continue, ast.With: Interpreter._with, ast.Match: Interpreter._match,
    ast.FunctionDef: Interpreter._function,
}  # fmt: skip
