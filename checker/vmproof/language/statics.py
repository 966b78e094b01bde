"""Python's own functions that the language has: `range`, `len`, `min`, `sum` ..., mostly of what is known while reading."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from vmproof.language.convert import Mistake, is_bits, is_integer, to_bool
from vmproof.language.lookups import check_key
from vmproof.language.merge import merge
from vmproof.language.operators import binary, compare
from vmproof.language.registry import Table, registering, static_integer
from vmproof.language.types import EnumMember, EnumType
from vmproof.language.values import Builtin, Value, describe

if TYPE_CHECKING:
    from vmproof.language.interpreter import Interpreter

STATIC: Table = {}
"""These functions by name."""


def _static(name: str) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    return registering(STATIC, name)


@_static("range")
def _range(run: Interpreter, node: ast.AST, /, *ends: Value) -> Value:
    limit = run.budget.items * 100
    numbers = [static_integer("range(...)", end, -limit, limit) for end in ends]
    if not 1 <= len(numbers) <= 3 or (len(numbers) == 3 and numbers[2] == 0):
        raise Mistake("range(...) takes one to three integers, the step not zero")
    made = range(*numbers)
    run.budget.collection(len(made))
    return made


@_static("len")
def _len(run: Interpreter, node: ast.AST, /, value: Value) -> Value:
    if is_bits(value):
        return value.width
    if isinstance(value, EnumType):
        return len(value.members)
    if isinstance(value, tuple | str | dict | range):
        return len(value)
    raise Mistake(f"{describe(value)} has no length")


@_static("enumerate")
def _enumerate(run: Interpreter, node: ast.AST, /, value: Value, start: Value = 0) -> Value:
    return tuple(enumerate(run.iterate(value), static_integer("enumerate(...)", start)))


@_static("zip")
def _zip(run: Interpreter, node: ast.AST, /, *groups: Value) -> Value:
    return tuple(zip(*(run.iterate(group) for group in groups), strict=False))


@_static("reversed")
def _reversed(run: Interpreter, node: ast.AST, /, value: Value) -> Value:
    return tuple(reversed(tuple(run.iterate(value))))


@_static("sorted")
def _sorted(run: Interpreter, node: ast.AST, /, value: Value) -> Value:
    items = tuple(run.iterate(value))
    if not (all(isinstance(item, str) for item in items) or all(isinstance(item, int) for item in items)):
        raise Mistake("sorted(...) takes integers or strings")
    return tuple(sorted(items))


@_static("tuple")
def _tuple(run: Interpreter, node: ast.AST, /, value: Value = ()) -> Value:
    return tuple(run.iterate(value))


STATIC["list"] = Builtin("list", STATIC["tuple"].call)  # a list is a tuple: nothing is ever changed in place


@_static("dict")
def _dict(run: Interpreter, node: ast.AST, value: Value = (), /, **items: Value) -> Value:
    made: dict[Value, Value] = dict(value) if isinstance(value, dict) else {}
    if not isinstance(value, dict):
        for pair in run.iterate(value):
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise Mistake("dict(...) takes pairs")
            check_key(pair[0])
            made[pair[0]] = pair[1]
    run.budget.collection(len(made))
    return made | items


@_static("str")
def _str(run: Interpreter, node: ast.AST, /, value: Value) -> Value:
    if isinstance(value, EnumMember):
        return value.name
    if isinstance(value, str | int):
        return str(value)
    raise Mistake(f"{describe(value)} is not known while reading, so it has no text")


@_static("int")
def _int(run: Interpreter, node: ast.AST, /, value: Value, base: Value = 10) -> Value:
    if isinstance(value, str):
        run.budget.integer(len(value) * 6)
        try:
            return int(value, static_integer("int(...)", base, 0, 36))
        except ValueError:
            raise Mistake(f"`{value[:40]}` is no integer in base {base}") from None
    if isinstance(value, EnumMember):
        return value.value
    if isinstance(value, int):
        return int(value)
    raise Mistake(f"{describe(value)} is not known while reading", "bits stay bits; zext or a slice changes their width")


def _extreme(name: str, symbol: str) -> None:
    @_static(name)
    def extreme(run: Interpreter, node: ast.AST, /, *values: Value) -> Value:
        items = tuple(run.iterate(values[0])) if len(values) == 1 else values
        if not items:
            raise Mistake(f"{name}(...) of nothing")
        best = items[0]
        for item in items[1:]:
            chosen = compare(run.pool, symbol, item, best)
            if isinstance(chosen, bool):
                best = item if chosen else best
            else:
                best = merge(run.pool, chosen, item, best)
        return best


_extreme("min", "<")
_extreme("max", ">")


@_static("sum")
def _sum(run: Interpreter, node: ast.AST, /, group: Value, start: Value = None) -> Value:
    items = list(run.iterate(group))
    total: Value = start if start is not None else (items.pop(0) if items else 0)
    for item in items:
        total = binary(run.pool, run.budget, "+", total, item, lambda claim, sentence: None)
    return total


@_static("abs")
def _abs(run: Interpreter, node: ast.AST, /, value: Value) -> Value:
    if is_integer(value) and isinstance(value, int):
        return abs(value)
    raise Mistake(f"abs(...) takes an integer, not {describe(value)}")


@_static("any")
def _any(run: Interpreter, node: ast.AST, /, group: Value) -> Value:
    return run.pool.or_(*(to_bool(run.pool, item) for item in run.iterate(group)))


@_static("all")
def _all(run: Interpreter, node: ast.AST, /, group: Value) -> Value:
    return run.pool.and_(*(to_bool(run.pool, item) for item in run.iterate(group)))
