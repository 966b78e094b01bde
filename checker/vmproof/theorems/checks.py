"""The privilege checks of a description: statements that can only trap, under a condition that reads the mode or what else governs.

As `if m.mode != Mode.supervisor: trap(...)`, or a call of a function that consists of such a statement. Nothing is found by its name.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from vmproof.language import Description
from vmproof.language.values import Function, Value
from vmproof.theorems.edits import statements


@dataclass(frozen=True, eq=False)
class Checks:
    """What checks privileges: `traps` are the functions that only trap, `helpers` those that only check, each by name; `holders` are the
    functions with a check in them."""

    governing: Collection[str]
    traps: Collection[str]
    helpers: Collection[str]
    holders: Collection[ast.FunctionDef]

    @classmethod
    def of(cls, description: Description, governing: Collection[str]) -> Checks:
        """The checks of a description; `governing` are the names of the fields that a check may read."""
        trees = [source.tree for source in description.sources]
        functions = {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        plain = {name: _said(node) for name, node in functions.items() if not node.decorator_list}
        traps = {"trap"}
        while more := {name for name, body in plain.items() if name not in traps and _traps(body, traps)}:
            traps |= more
        known = cls(governing, traps, (), ())
        helpers = {name for name, body in plain.items() if body and all(known.is_check(statement) for statement in body)}
        holders = [node for node in functions.values() if any(map(known.is_check, statements(node.body)))]
        return cls(governing, traps, helpers, holders)

    def is_check(self, statement: ast.stmt) -> bool:
        """`if <reads what governs>: trap(...)` and nothing else."""
        return (
            isinstance(statement, ast.If)
            and not statement.orelse
            and any(isinstance(part, ast.Attribute) and part.attr in self.governing for part in ast.walk(statement.test))
            and _traps(statement.body, self.traps)
        )

    def within(self, function: ast.FunctionDef) -> Iterator[ast.stmt]:
        """The statements of a function that are checks, or calls of helpers; beside a check whatever can only trap under a condition."""
        holds = function in self.holders
        for statement in statements(function.body):
            beside = holds and isinstance(statement, ast.If) and not statement.orelse and _traps(statement.body, self.traps)
            if beside or self.is_check(statement) or _calls(statement, self.helpers):
                yield statement


def affected(description: Description, function: str) -> tuple[str, ...]:
    """The instructions that reach a function of this name, or are one; all of them where what they share does, such as trap entry."""
    always, reaching = _reaching(description)
    if function in always:
        return tuple(item.name for item in description.instructions)
    return reaching.get(function, ())


@lru_cache(maxsize=4)
def _reaching(description: Description) -> tuple[set[str], dict[str, tuple[str, ...]]]:
    """What trap entry, translation, and what is done beside every instruction reach, and which instructions reach each function."""
    functions = {node.name: node for source in description.sources for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)}
    machine = description.machine
    shared = (machine.trap_entry, machine.translation, machine.fetch, machine.after)
    common = [_reached(each, functions) for each in shared if each is not None]
    found: dict[str, tuple[str, ...]] = {}
    for item in description.instructions:
        for name in _reached(item.function, functions):
            found[name] = (*found.get(name, ()), item.name)
    return set().union(*common), found


def _reached(function: Function, functions: Mapping[str, ast.FunctionDef]) -> set[str]:
    """The names of the functions that one names, it itself, and those that these name; what a loop's variable is counts as named."""
    found: set[str] = set()
    pending: list[tuple[ast.AST, Mapping[str, Value]]] = [(function.node, function.captured)]
    seen: set[int] = set()
    while pending:
        node, captured = pending.pop()
        if id(node) in seen and not captured:
            continue
        seen.add(id(node))
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        parameters = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
        for name in {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}:
            value = captured.get(name)
            if isinstance(value, Function):
                pending.append((value.node, value.captured))
            elif name in functions and name not in parameters and name not in found:
                pending.append((functions[name], {}))
    return found


def _said(function: ast.FunctionDef) -> list[ast.stmt]:
    """The body of a function without its docstring."""
    return [part for part in function.body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]


def _traps(body: list[ast.stmt], traps: Collection[str]) -> bool:
    return bool(body) and all(_calls(statement, traps) for statement in body)


def _calls(statement: ast.stmt, names: Collection[str]) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id in names
    )
