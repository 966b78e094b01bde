"""Numbers that checks are made by: which values a parameter of a checking function takes where a description is read."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping, Sequence


def checked_numbers(
    functions: Mapping[str, ast.FunctionDef], trees: Sequence[ast.Module], holders: Container[ast.FunctionDef]
) -> Iterator[tuple[ast.FunctionDef, str, list[int]]]:
    """Each parameter of a function among `holders` that is given numbers: literals, or columns of tables that loops go through.

    The numbers are those that reach it directly, or through parameters of other functions; in ascending order, two at least.
    """
    tables = _columns(trees)
    for function in functions.values():
        if function not in holders:
            continue
        for parameter in [arg.arg for arg in function.args.args][1:]:
            found = _values(function.name, parameter, functions, trees, tables, set())
            if len(found) > 1:
                yield function, parameter, sorted(found)


def _values(
    name: str,
    parameter: str,
    functions: Mapping[str, ast.FunctionDef],
    trees: Sequence[ast.Module],
    tables: Mapping[str, set[int]],
    seen: set[tuple[str, str]],
) -> set[int]:
    if (name, parameter) in seen:
        return set()
    seen.add((name, parameter))
    position = [arg.arg for arg in functions[name].args.args].index(parameter)
    found: set[int] = set()
    for caller, call in _calls(trees, name):
        given = call.args[position] if position < len(call.args) else None
        match given:
            case ast.Constant(int() as value) if not isinstance(value, bool):
                found.add(value)
            case ast.Name(passed):
                if caller is not None and caller.name in functions and passed in [arg.arg for arg in caller.args.args]:
                    found |= _values(caller.name, passed, functions, trees, tables, seen)
                else:
                    found |= tables.get(passed, set())
    return found


def _calls(trees: Sequence[ast.Module], name: str) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    """All calls of a function, each with the function that it stands in."""
    pending: list[tuple[ast.FunctionDef | None, ast.AST]] = [(None, tree) for tree in trees]
    while pending:
        caller, node = pending.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield caller, node
        inner = node if isinstance(node, ast.FunctionDef) else caller
        pending += [(inner, part) for part in ast.iter_child_nodes(node)]


def _columns(trees: Sequence[ast.Module]) -> dict[str, set[int]]:
    """The numbers that each variable of a loop over a table takes."""
    tables = {
        target.id: statement.value
        for tree in trees
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, set[int]] = {}
    for tree in trees:
        for loop in (node for node in ast.walk(tree) if isinstance(node, ast.For) and isinstance(node.target, ast.Tuple)):
            table = tables.get(loop.iter.id) if isinstance(loop.iter, ast.Name) else loop.iter
            rows = [row for row in table.elts if isinstance(row, ast.Tuple)] if isinstance(table, ast.Tuple) else []
            assert isinstance(loop.target, ast.Tuple)
            for column, name in enumerate(loop.target.elts):
                cells = [row.elts[column] for row in rows if column < len(row.elts)]
                values = {cell.value for cell in cells if isinstance(cell, ast.Constant) and type(cell.value) is int}
                if isinstance(name, ast.Name) and values:
                    found.setdefault(name.id, set()).update(values)
    return found
