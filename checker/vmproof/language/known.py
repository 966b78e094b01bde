"""Calls in what is said of a state, where nothing happens, evaluated once: many claims ask the same of it.

The claims about a walk through page tables each take the walk of the manual, or of one stage, for the address at hand, some thousand terms.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmproof.language.summaries import Effects
from vmproof.language.types import EnumMember
from vmproof.language.values import ArrayCopy, ElementValue, EnumValue, Fields, Function, Signed, StateRef, Value

if TYPE_CHECKING:
    from vmproof.language.calls import Calls

@dataclass(frozen=True, eq=False)
class _Same:
    """A value that is like no other but itself."""

    value: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def told(run: Calls, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """The value of a call, where one with the same arguments has been evaluated: that one's."""
    known = run.known
    if known is None or function.captured:
        return run.invoke(function, args, kwargs, node)
    call = (function, tuple(map(_key, args)), tuple((name, _key(value)) for name, value in kwargs.items()))
    if call in known:
        return known[call]
    before = Effects.of(run)
    value = run.invoke(function, args, kwargs, node)
    if before.same(run):
        known[call] = value
    return value


def _key(value: Value) -> object:
    """What tells a value apart from those that are not the same."""
    match value:
        case EnumMember() | EnumValue() | ElementValue():
            return _Same(value.type), value.value if isinstance(value, EnumMember) else value.term
        case bool() | int() | str() | None:
            return type(value), value
        case tuple():
            return tuple(map(_key, value))
        case Fields():
            return _Same(value.type), tuple((name, _key(part)) for name, part in value.parts.items())
        case ArrayCopy():
            return _Same(value.type), tuple(value.terms.items())
        case StateRef():
            return value.name, _Same(value.state), value.prefix, value.places
        case Signed():
            return Signed, value.term
    return _Same(value)
