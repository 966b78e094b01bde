"""Finding the privilege checks of a description, and the descriptions in which one of them is missing.

A privilege check is a statement that can do nothing but trap, under a condition that reads the mode, as in
`if m.mode != Mode.supervisor: trap(...)`, or a call of a function that consists of such a statement. Nothing is found by its name.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from vmproof.language import Description
from vmproof.language.source import Source
from vmproof.theorems.edits import shown, statements, without


@dataclass(frozen=True)
class DroppedCheck:
    """One privilege check left out: `function` is where it stood, `text` its source line, `replaced` the file's text without it."""

    path: Path
    line: int
    function: str
    text: str
    replaced: str

    @property
    def texts(self) -> dict[Path, str]:
        """What `load` takes to read the description without the check."""
        return {self.path.resolve(): self.replaced}


def dropped_checks(description: Description) -> list[DroppedCheck]:
    """Every description that lacks one privilege check of this one, in order of file and line."""
    modes = {path.split(".")[0] for path in (field.path for field in description.mode_fields)}
    functions = {node.name: node for source in description.sources for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)}
    checkers = {name for name, node in functions.items() if not node.decorator_list and _only_checks(node.body, modes)}
    found: list[DroppedCheck] = []
    for source in description.sources:
        for function in (node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)):
            if function.name in checkers:
                continue  # a helper: each of its calls is a check of its own
            for statement in statements(function.body):
                if _is_check(statement, modes) or _calls(statement, checkers):
                    found.append(_without(source, function, statement))
    return sorted(found, key=lambda item: (str(item.path), item.line))


def affected(description: Description, function: str) -> tuple[str, ...]:
    """The instructions whose body is a function of this name, or reaches one through calls."""
    functions = {node.name: node for source in description.sources for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)}
    calls = {
        name: {part.func.id for part in ast.walk(node) if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)}
        for name, node in functions.items()
    }
    reaching = {function}
    while more := {name for name, called in calls.items() if name not in reaching and not called.isdisjoint(reaching)}:
        reaching |= more
    return tuple(item.name for item in description.instructions if item.function.name in reaching)


def _is_check(statement: ast.stmt, modes: set[str]) -> bool:
    """`if <reads the mode>: trap(...)` and nothing else."""
    return (
        isinstance(statement, ast.If)
        and not statement.orelse
        and any(isinstance(part, ast.Attribute) and part.attr in modes for part in ast.walk(statement.test))
        and all(_is_trap(inner) for inner in statement.body)
    )


def _only_checks(body: list[ast.stmt], modes: set[str]) -> bool:
    real = [statement for statement in body if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))]
    return bool(real) and all(_is_check(statement, modes) for statement in real)


def _is_trap(statement: ast.stmt) -> bool:
    return _calls(statement, {"trap"})


def _calls(statement: ast.stmt, names: set[str]) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id in names
    )


def _without(source: Source, function: ast.FunctionDef, statement: ast.stmt) -> DroppedCheck:
    return DroppedCheck(source.path, statement.lineno, function.name, shown(source, statement), without(source, statement))
