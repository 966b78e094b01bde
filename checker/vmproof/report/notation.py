"""How values of a state are written for people: enum members by name, words in hexadecimal at their width."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from vmproof.terms import ArraySort, BitVecSort, Sort


class _Enum(Protocol):
    def name_of(self, value: int) -> str: ...


class FieldLike(Protocol):
    """What is needed of a field of the state: its path, its sort, and its enumeration if it has one."""

    @property
    def path(self) -> str: ...
    @property
    def sort(self) -> Sort: ...
    @property
    def enum(self) -> _Enum | None: ...


class Notation:
    """Writes values by the path of their field; values of unknown paths are written as plain numbers."""

    def __init__(self, fields: Iterable[FieldLike] = ()) -> None:
        self._fields = {field.path: field for field in fields}

    def value(self, path: str, value: object) -> str:
        """A value of the field at `path`, or of one element of it if it is an array."""
        found = self._fields.get(path)
        if isinstance(value, bool):
            return str(int(value))
        if not isinstance(value, int):
            return str(value)
        if found is None:
            return str(value)
        if found.enum is not None:
            return found.enum.name_of(value)
        sort = found.sort.element if isinstance(found.sort, ArraySort) else found.sort
        return word(value, sort.width) if isinstance(sort, BitVecSort) else str(value)

    def element(self, path: str, index: object) -> str:
        """The name of one element of an array: `d[3]`, `mem[0x1000]`, `mem[others]`."""
        if index == "default":
            return f"{path}[others]"
        found = self._fields.get(path)
        if found is not None and isinstance(found.sort, ArraySort) and isinstance(found.sort.index, BitVecSort) and isinstance(index, int):
            width = found.sort.index.width
            return f"{path}[{index if width <= 5 else word(index, width)}]"
        return f"{path}[{index}]"

    def rows(self, state: Mapping[str, Any]) -> dict[str, str]:
        """Name and text of every value of a state, arrays element by element, in the state's order."""
        rows: dict[str, str] = {}
        for path, value in state.items():
            if isinstance(value, Mapping):
                for index, element in sorted(value.items(), key=_default_last):
                    rows[self.element(path, index)] = self.value(path, element)
            else:
                rows[path] = self.value(path, value)
        return rows


def word(value: int, width: int) -> str:
    """A word of `width` bits: a digit for one bit, otherwise hexadecimal with all its digits."""
    return str(value) if width == 1 else f"0x{value:0{-(-width // 4)}x}"


def _default_last(entry: tuple[object, object]) -> tuple[bool, int]:
    index = entry[0]
    return (index == "default", index if isinstance(index, int) else 0)
