"""Masks in the text of a description: what is joined by `&` or `|` with a constant, or with what says which bits there are."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from vmproof.language import Description

_MOST = 64  # bits of a mask that are looked at
_LONG = 16  # bits in a row that are as many fields


class Masks:
    """The masks of some functions, with the constants and layouts of the description that they stand in."""

    def __init__(self, description: Description, functions: Sequence[ast.FunctionDef]) -> None:
        self._functions = {function.name: function for function in functions}
        self._constants = _constants(description)
        self._layouts = _layouts(description)
        self._masking = {name for function in functions for operand in _operands(function) for name in _called(operand)}

    def changes(self, function: ast.FunctionDef) -> Iterator[tuple[ast.expr, str]]:
        """Each mask of a function with what stands in its place: a bit of it exchanged, or the other operand alone."""
        layouts = {part.id for part in ast.walk(function) if isinstance(part, ast.Name) and part.id in self._layouts}
        fields = {bit for layout in layouts for bit in self._layouts[layout]}
        for node in ast.walk(function):
            match node:
                case ast.BinOp(left, ast.BitAnd() | ast.BitOr() as op, right):
                    for operand in (left, right):
                        yield from self._bits(operand, fields if isinstance(op, ast.BitAnd) else set())
                    if isinstance(op, ast.BitAnd):
                        kept = right if self._value(left) is not None else left
                        yield node, f"({ast.unparse(kept)})"
                case ast.Call(ast.Name(name), args) if name in self._functions:
                    parameters = [arg.arg for arg in self._functions[name].args.args]
                    for parameter, given in zip(parameters, args, strict=False):
                        if any(_is_parameter(operand, parameter) for operand in _operands(self._functions[name])):
                            yield from self._bits(given, fields)
                case ast.Return(value) if value is not None and function.name in self._masking:
                    yield from self._bits(value, fields)
                case ast.Call(ast.Name("cat"), args):
                    for part in args:
                        if isinstance(part, ast.Call) and isinstance(part.func, ast.Subscript) and len(part.args) == 1:
                            [held] = part.args
                            if isinstance(held, ast.Constant) and type(held.value) is int:
                                yield held, f"{held.value ^ 1:#x}"

    def _bits(self, node: ast.expr, fields: set[int]) -> Iterator[tuple[ast.expr, str]]:
        """A constant mask with each of its bits left out, and with one added: of the first and of the last field that it leaves out."""
        match node:
            case ast.IfExp(_, body, orelse):
                yield from self._bits(body, fields)
                yield from self._bits(orelse, fields)
            case ast.UnaryOp(ast.Invert(), operand):
                yield from self._bits(operand, fields)
            case ast.Call(ast.Subscript(ast.Name("bits")), [held]):
                yield from self._bits(held, fields)
            case ast.Constant() | ast.Name():
                value = self._value(node)
                if value is None or value <= 0:
                    return
                lowest = next(bit for bit in range(_MOST) if not value >> bit & 1)
                absent = {bit for bit in fields if not value >> bit & 1} or {lowest}
                for bit in sorted(_ones(value) | {min(absent), max(absent)}):
                    changed = f"{value ^ 1 << bit:#x}" if isinstance(node, ast.Constant) else f"({ast.unparse(node)} ^ {1 << bit:#x})"
                    yield node, changed

    def _value(self, node: ast.expr) -> int | None:
        match node:
            case ast.Constant(int() as value) if not isinstance(value, bool):
                return value
            case ast.Name(name):
                return self._constants.get(name)
            case ast.Call(ast.Subscript(ast.Name("bits")), [held]) | ast.UnaryOp(ast.Invert(), held):
                return self._value(held)
        return None


def _ones(value: int) -> set[int]:
    """The bits of a mask; of a long run of them, which is one number, the ends."""
    bits = {bit for bit in range(_MOST) if value >> bit & 1}
    runs: list[list[int]] = []
    for bit in sorted(bits):
        if bit - 1 in bits:
            runs[-1].append(bit)
        else:
            runs.append([bit])
    return {bit for run in runs for bit in (run if len(run) <= _LONG else (run[0], run[-1]))}


def _operands(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd):
            yield from (node.left, node.right)


def _is_parameter(operand: ast.expr, name: str) -> bool:
    inner = operand.operand if isinstance(operand, ast.UnaryOp) else operand
    return isinstance(inner, ast.Name) and inner.id == name


def _called(operand: ast.expr) -> Iterator[str]:
    if isinstance(operand, ast.Call) and isinstance(operand.func, ast.Name):
        yield operand.func.id


def _constants(description: Description) -> Mapping[str, int]:
    """The numbers that have a name."""
    return {
        target.id: statement.value.value
        for source in description.sources
        for statement in source.tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant) and type(statement.value.value) is int
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _layouts(description: Description) -> Mapping[str, tuple[int, ...]]:
    """The lowest bit of each field of each layout."""
    found: dict[str, tuple[int, ...]] = {}
    for source in description.sources:
        for node in (part for part in source.tree.body if isinstance(part, ast.ClassDef)):
            if any(ast.unparse(base).startswith("Layout[") for base in node.bases):
                places = [part.annotation for part in node.body if isinstance(part, ast.AnnAssign)]
                found[node.name] = tuple(min(_numbers(place)) for place in places)
    return found


def _numbers(node: ast.expr) -> list[int]:
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and type(part.value) is int]
