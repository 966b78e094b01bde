"""Values as text: by the names that their type gives them, elements of unsized types by the type's name and a number."""

from __future__ import annotations

from vmproof.engines.system import Parameter, Variable
from vmproof.terms import ArraySort, ArrayValue, Sort, UninterpretedSort, Value


def written(holder: Variable | Parameter, value: Value) -> str:
    """The value of a leaf or of a parameter; an array as its elements by index, the one that is everywhere else last."""
    indices = holder.indices if isinstance(holder, Variable) else ()
    return _text(holder.term.sort, value, holder.names, tuple(index.names for index in indices))


def _text(sort: Sort, value: Value, names: tuple[str, ...], indices: tuple[tuple[str, ...], ...] = ()) -> str:
    if isinstance(value, ArrayValue) and isinstance(sort, ArraySort):
        entries = sorted(value.entries.items(), key=str)
        own, inside = indices[0] if indices else (), indices[1:]
        shown = [f"{_text(sort.index, index, own)}: {_text(sort.element, element, names, inside)}" for index, element in entries]
        return "{" + ", ".join([*shown, f"else: {_text(sort.element, value.default, names, inside)}"]) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value < len(names):
        return names[value]
    if isinstance(sort, UninterpretedSort):
        return f"{sort.name}{value}"
    return str(value)
