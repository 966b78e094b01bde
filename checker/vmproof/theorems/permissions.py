"""Finding where a description decides what is permitted, and changing it in one place at a time.

Found by shape, not by name. What *governs* is the state that no user program owns: modes, control, status, how the machine is built.
Changed are

- statements that can only trap, under a condition that reads what governs, or beside one of that kind: each is left out;
- conditions that read what governs, or that choose what is written to it: each is turned, and of a compound one each part left out;
- masks in functions that deal with what governs: each bit is exchanged, and the mask left out;
- numbers that checks are made by, such as those of control registers: each is checked as the least and as the greatest of them is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from vmproof.language import Description
from vmproof.language.source import Source
from vmproof.language.types import Role
from vmproof.theorems.checks import Checks
from vmproof.theorems.edits import rewritten, shown, statements, without
from vmproof.theorems.masks import Masks
from vmproof.theorems.mutation import BRANCH, GUARD_DROPPED, MASK, PERMISSION, Mutant
from vmproof.theorems.numbers import checked_numbers

_GOVERNING = (Role.MODE, Role.CONTROL, Role.STATUS, Role.PLATFORM)
_ORDER = (GUARD_DROPPED, BRANCH, MASK, PERMISSION)


def permission_mutants(description: Description) -> list[Mutant]:
    """All mutants of what a description permits, in order of file and line; no two have one text."""
    finder = _Finder(description)
    unique = {(mutant.path, mutant.replaced): mutant for mutant in reversed(list(finder.mutants()))}
    return sorted(unique.values(), key=lambda mutant: (str(mutant.path), mutant.line, _ORDER.index(mutant.operator)))


@dataclass(frozen=True, eq=False)
class _Place:
    """A function in its file."""

    source: Source
    function: ast.FunctionDef

    def changed(self, node: ast.stmt | ast.expr, operator: str, text: str) -> Mutant:
        """The mutant with `text` in place of a node."""
        replaced = without(self.source, node) if isinstance(node, ast.stmt) else rewritten(self.source, node, text)
        after = replaced.split("\n")[node.lineno - 1].strip()
        return Mutant(self.source.path, node.lineno, self.function.name, operator, shown(self.source, node), after, replaced)


class _Finder:
    """What is known of a description's text as a whole."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._governing = {part for item in description.fields if item.role in _GOVERNING for part in item.path.split(".")}
        self._checks = Checks.of(description, self._governing)
        self._places = [
            _Place(source, node) for source in _own(description) for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)
        ]

    def mutants(self) -> Iterator[Mutant]:
        """All of them, some more than once."""
        for place in self._places:
            if not _relation(place.function):
                yield from self._of_checks(place)
                yield from self._of_conditions(place)
        concerned = [place.function for place in self._places if self._concerned(place.function)]
        masks = Masks(self._description, concerned)
        for place in self._places:
            if place.function in concerned:
                for node, text in masks.changes(place.function):
                    yield place.changed(node, MASK, text)
        for function, parameter, values in checked_numbers(self._functions, self._trees, self._checks.holders):
            place = next(item for item in self._places if item.function is function)
            for value in values:
                for other in (values[0], values[-1]):
                    if other != value:
                        yield _as_another(place, parameter, value, other)

    @cached_property
    def _functions(self) -> dict[str, ast.FunctionDef]:
        return {place.function.name: place.function for place in self._places}

    @cached_property
    def _trees(self) -> list[ast.Module]:
        return [source.tree for source in _own(self._description)]

    def _of_checks(self, place: _Place) -> Iterator[Mutant]:
        for statement in self._checks.within(place.function):
            yield place.changed(statement, GUARD_DROPPED, "pass")

    def _of_conditions(self, place: _Place) -> Iterator[Mutant]:
        every = place.function.name in self._choosing or place.function in self._checks.holders
        for condition in _conditions(place.function):
            if not (every or self._reads(condition)):
                continue
            if isinstance(condition, ast.BoolOp):
                for left_out in range(len(condition.values)):
                    rest = [value for number, value in enumerate(condition.values) if number != left_out]
                    text = ast.unparse(rest[0] if len(rest) == 1 else ast.BoolOp(condition.op, rest))
                    yield place.changed(condition, GUARD_DROPPED, f"({text})")
            elif not isinstance(condition, ast.UnaryOp):
                yield place.changed(condition, BRANCH, f"(not ({ast.unparse(condition)}))")

    def _reads(self, node: ast.AST) -> bool:
        return any(isinstance(part, ast.Attribute) and part.attr in self._governing for part in ast.walk(node))

    @cached_property
    def _choosing(self) -> set[str]:
        """The functions that give what is written to what governs, those that they call included."""
        found: set[str] = set()
        for place in self._places:
            for statement in statements(place.function.body):
                if isinstance(statement, ast.Assign) and any(self._reads(target) for target in statement.targets):
                    found |= _called(statement.value)
        found &= self._functions.keys()
        while more := {name for known in found for name in _called(self._functions[known]) & self._functions.keys()} - found:
            found |= more
        return found

    def _concerned(self, function: ast.FunctionDef) -> bool:
        """Whether a function of the machine deals with what governs."""
        return not _relation(function) and (function.name in self._choosing or any(map(self._reads, function.body)))


def _own(description: Description) -> list[Source]:
    """The files of the machine itself: its own, and those of the folder of its name beside it."""
    folder = description.path.resolve().parent
    return [source for source in description.sources if source.path.resolve().is_relative_to(folder)]


def _relation(function: ast.FunctionDef) -> bool:
    """Whether a function is about what the machine does, and no part of it: what is claimed of states, or what a VMM holds."""
    claimed = any(isinstance(each, ast.Name) and each.id == "legal" for each in function.decorator_list)
    return claimed or any(arg.arg in ("real", "guest") for arg in function.args.args) or not function.args.args


def _called(node: ast.AST) -> set[str]:
    return {part.func.id for part in ast.walk(node) if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)}


def _conditions(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """All that a function decides by: tests, what is negated, and the parts of compound conditions, these as a whole too."""
    for node in _within(function.body):
        match node:
            case ast.If(test) | ast.IfExp(test):
                yield test
            case ast.BoolOp(_, values):
                yield node
                yield from values
            case ast.UnaryOp(ast.Not(), operand):
                yield operand


def _within(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """All nodes of a body but those of functions inside, which are functions of their own."""
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop(0)
        yield node
        pending += [part for part in ast.iter_child_nodes(node) if not isinstance(part, ast.FunctionDef)]


def _as_another(place: _Place, parameter: str, value: int, other: int) -> Mutant:
    """The check made as if a number were another one: its function begins by exchanging it."""
    body = place.function.body
    first = body[1] if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) else body[0]
    added = f"{parameter} = {other:#x} if {parameter} == {value:#x} else {parameter}"
    lines = list(place.source.lines)
    line = lines[first.lineno - 1]
    lines[first.lineno - 1 : first.lineno] = [f"{line[: first.col_offset]}{added}", line]
    before = shown(place.source, first)
    return Mutant(place.source.path, first.lineno, place.function.name, PERMISSION, before, f"{added}; {before}", "\n".join(lines))
