"""Mutants of a system: fixed, small changes of what it does, each of which a proof about it should notice.

What a system claims is never changed, only what it does: actions, initial states, and what these call, as far as it is evaluated at all.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vmproof.language.source import Source
from vmproof.language.systems import System
from vmproof.theorems.edits import rewritten, shown, statements, without
from vmproof.theorems.theorem import Theorem

STATEMENT_DROPPED = "statement dropped"
GUARD_DROPPED = "guard dropped"
COMPARISON = "comparison changed"
CONSTANT = "constant changed"
VARIABLE = "variable swapped"
BRANCH = "branches exchanged"
MASK = "mask changed"
PERMISSION = "checked as another"
OPERATORS = (STATEMENT_DROPPED, GUARD_DROPPED, COMPARISON, CONSTANT, VARIABLE, BRANCH)

_CLAIMS = ("invariant", "reachable", "eventually")
_TURNED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
}


@dataclass(frozen=True)
class Mutant:
    """One change. `before` is the source line it touches, `after` that line then; `replaced` is the whole text of the file."""

    path: Path
    line: int
    function: str
    operator: str
    before: str
    after: str
    replaced: str

    @property
    def name(self) -> str:
        """What people and lists call it: where it is, but for the line, and what is changed."""
        return f"{self.path.stem}.{self.function}: {self.before} -> {self.after}"

    def of(self, theorem: Theorem, number: int) -> Theorem:
        """The theorem about the mutant."""
        texts = {**theorem.texts, self.path.resolve(): self.replaced}
        return replace(theorem, name=f"{theorem.name}#{number}", texts=texts)


def system_mutants(system: System) -> list[Mutant]:
    """All mutants of what a system does, as it was loaded, in order of file and line. Raises InputError where it is wrong.

    Only what is evaluated where its initial states and actions are read has mutants: not what is for other parameters, nor functions that
    belong to something else in the same files.
    """
    evaluated = system.behaviour()
    enums = {node.name: _members(node) for source in system.sources for node in source.tree.body if isinstance(node, ast.ClassDef)}
    found: list[Mutant] = []
    for source in system.sources:
        constants = _constants(source)
        for node in _functions(source.tree.body):
            if not _claims(node):
                found += _Mutator(source, node, enums, constants, evaluated).mutants()
    unique = {(mutant.path, mutant.replaced): mutant for mutant in reversed(found)}
    return sorted(unique.values(), key=lambda mutant: (str(mutant.path), mutant.line, OPERATORS.index(mutant.operator)))


class _Mutator:
    """Finds the mutants of one function, as far as it is evaluated."""

    def __init__(
        self,
        source: Source,
        function: ast.FunctionDef,
        enums: dict[str, list[str]],
        constants: dict[str, str],
        evaluated: Container[ast.AST],
    ) -> None:
        self._source = source
        self._function = function
        self._enums = enums
        self._evaluated = evaluated
        parameters = {arg.arg: ast.unparse(arg.annotation) for arg in function.args.args if arg.annotation is not None}
        self._alike = {**parameters, **constants}

    def mutants(self) -> Iterator[Mutant]:
        for statement in statements(self._function.body):
            if statement in self._evaluated:
                yield from self._statement(statement)
        for part in self._function.body:
            for node in ast.walk(part):
                if isinstance(node, ast.expr) and node in self._evaluated:
                    for operator, changed in self._expression(node):
                        yield self._changed(node, operator, changed)

    def _statement(self, statement: ast.stmt) -> Iterator[Mutant]:
        match statement:
            case ast.Expr(ast.Constant()) | ast.Pass() | ast.Return():
                return
            case ast.Expr(ast.Call(ast.Name("require"))):
                yield self._mutant(statement, GUARD_DROPPED, "pass", without(self._source, statement))
            case ast.If() if not any(part in self._evaluated for part in (*statement.body, *statement.orelse)):
                return  # known while reading: nothing stands there
            case ast.If():
                yield self._mutant(statement, STATEMENT_DROPPED, "pass", without(self._source, statement))
                turned = copy.copy(statement)
                if statement.orelse:
                    turned.body, turned.orelse = statement.orelse, statement.body
                else:
                    turned.test = ast.UnaryOp(ast.Not(), statement.test)
                text = _indented(ast.unparse(turned), statement.col_offset)
                yield self._mutant(statement, BRANCH, text.splitlines()[0], rewritten(self._source, statement, text))
            case _:
                yield self._mutant(statement, STATEMENT_DROPPED, "pass", without(self._source, statement))

    def _expression(self, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
        match node:
            case ast.BoolOp(op, values):
                for left_out, part in enumerate(values):
                    if part not in self._evaluated:  # what stands before it decides already
                        continue
                    rest = [value for number, value in enumerate(values) if number != left_out]
                    yield GUARD_DROPPED, rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
            case ast.Compare(left, [operator], [right]):
                for turned in _TURNED.get(type(operator), ()):
                    yield COMPARISON, ast.Compare(left, [turned()], [right])
            case ast.Constant(bool() as value):
                yield CONSTANT, ast.Constant(not value)
            case ast.Constant(int() as value):
                yield CONSTANT, ast.Constant(value + 1)
                if value > 0:
                    yield CONSTANT, ast.Constant(value - 1)
            case ast.Attribute(ast.Name(owner), member) if member in self._enums.get(owner, []):
                members = self._enums[owner]
                if len(members) > 1:
                    other = members[(members.index(member) + 1) % len(members)]
                    yield CONSTANT, ast.Attribute(ast.Name(owner), other)
            case ast.Name(name, ast.Load()) if name in self._alike:
                for other, kind in self._alike.items():
                    if other != name and kind == self._alike[name]:
                        yield VARIABLE, ast.Name(other)
            case ast.IfExp(test, body, orelse):
                yield BRANCH, ast.IfExp(test, orelse, body)

    def _changed(self, node: ast.expr, operator: str, changed: ast.expr) -> Mutant:
        text = ast.unparse(changed)
        if not isinstance(changed, ast.Name | ast.Constant | ast.Attribute):
            text = f"({text})"
        replaced = rewritten(self._source, node, text)
        lines = replaced.split("\n")
        return self._mutant(node, operator, lines[node.lineno - 1].strip(), replaced)

    def _mutant(self, node: ast.stmt | ast.expr, operator: str, after: str, replaced: str) -> Mutant:
        source = self._source
        return Mutant(source.path, node.lineno, self._function.name, operator, shown(source, node), after, replaced)


def _functions(body: Sequence[ast.stmt]) -> Iterator[ast.FunctionDef]:
    """The functions of a file, those under a condition or in a loop too."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            yield statement
        elif isinstance(statement, ast.If | ast.For):
            yield from _functions([*statement.body, *statement.orelse])


def _claims(node: ast.FunctionDef) -> bool:
    calls = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return any(isinstance(each, ast.Name) and each.id in _CLAIMS for each in calls)


def _members(node: ast.ClassDef) -> list[str]:
    if not any(isinstance(base, ast.Name) and base.id == "Enum" for base in node.bases):
        return []
    return [target.id for part in node.body if isinstance(part, ast.Assign) for target in part.targets if isinstance(target, ast.Name)]


def _constants(source: Source) -> dict[str, str]:
    """The constants of a file by name, each with the text of its type."""
    found: dict[str, str] = {}
    for node in source.tree.body:
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("constant"), [kind])):
                found[name] = ast.unparse(kind)
    return found


def _indented(text: str, columns: int) -> str:
    first, *rest = text.splitlines()
    return "\n".join([first, *(" " * columns + line for line in rest)])
