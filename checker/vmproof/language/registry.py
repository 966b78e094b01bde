"""How a function of the language is made of one of Python's: its arguments are checked against the signature."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from vmproof.language.convert import Mistake, is_integer, usable
from vmproof.language.values import Builtin, Value

if TYPE_CHECKING:
    from vmproof.language.interpreter import Interpreter

MAX_WIDTH = 4096
"""Of a word, in bits."""
Table = dict[str, Builtin]


def registering(table: Table, name: str) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """A decorator: the function is what `name` calls. Its first two parameters are the run and the node of the call."""

    def register(function: Callable[..., Value]) -> Callable[..., Value]:
        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())[2:]
        plain = all(parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in parameters)
        least = sum(parameter.default is parameter.empty for parameter in parameters)

        def call(run: Interpreter, node: ast.AST, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
            values = [usable(arg) for arg in args]
            if plain and not kwargs and least <= len(values) <= len(parameters):
                return function(run, node, *values)
            given = {key: usable(value) for key, value in kwargs.items()}
            try:
                bound = signature.bind(run, node, *values, **given)
            except TypeError:
                raise Mistake(f"{name}(...) is given the wrong arguments") from None
            return function(*bound.args, **bound.kwargs)

        table[name] = Builtin(name, call)
        return function

    return register


def static_integer(name: str, value: Value, low: int = 0, high: int = MAX_WIDTH) -> int:
    """An integer that a call takes. Raises `Mistake` for anything else."""
    if not is_integer(value) or not isinstance(value, int) or not low <= value <= high:
        raise Mistake(f"{name} takes an integer between {low} and {high}, known while reading")
    return value
