"""Values: what terms evaluate to. Truth values are bool, bit vectors and uninterpreted elements int, arrays ArrayValue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from .sorts import ArraySort, BitVecSort, BoolSort, Sort, cardinality

Value: TypeAlias = "bool | int | ArrayValue"


class ArrayValue:
    """An immutable array: `default` everywhere but at finitely many `entries`; entries equal to the default are dropped.

    `set` takes constant time on the newest version of an array: versions share one dictionary, owned by the newest, and an
    older one remembers what differs. Reading an older version moves the dictionary back to it (H. G. Baker, "Shallow
    Binding Makes Functional Arrays Fast", 1991).
    """

    __slots__ = ("_hash", "_key", "_next", "_old", "_table", "default")

    default: Value
    _table: dict[Value, Value] | None  # the entries, if this version owns the dictionary
    _next: ArrayValue | None  # else the version from which this one differs at _key, where it holds _old
    _key: Value
    _old: Value
    _hash: int | None

    def __init__(self, default: Value, entries: Mapping[Any, Value] | Iterable[tuple[Any, Value]] = ()) -> None:
        self.default = default
        self._table = {index: value for index, value in dict(entries).items() if value != default}
        self._next = None
        self._key = self._old = 0
        self._hash = None

    def _own(self) -> dict[Value, Value]:
        """The dictionary, after making this version its owner."""
        if self._table is not None:
            return self._table
        path: list[ArrayValue] = []
        version = self
        while version._table is None:
            path.append(version)
            assert version._next is not None
            version = version._next
        table, default = version._table, self.default
        for older in reversed(path):
            key = older._key
            version._key, version._old, version._next, version._table = key, table.get(key, default), older, None
            if older._old == default:
                table.pop(key, None)
            else:
                table[key] = older._old
            older._table, older._next = table, None
            version = older
        return table

    @property
    def entries(self) -> Mapping[Value, Value]:
        """A read-only picture of the entries that differ from the default."""
        return MappingProxyType(dict(self._own()))

    def get(self, index: Value) -> Value:
        """The element at `index`."""
        return (self._own() if self._table is None else self._table).get(index, self.default)

    def set(self, index: Value, value: Value) -> ArrayValue:
        """The array that holds `value` at `index` and is this one elsewhere."""
        table = self._own()
        old = table.get(index, self.default)
        if old == value:
            return self
        newer = ArrayValue.__new__(ArrayValue)
        newer.default, newer._table, newer._next, newer._key, newer._old, newer._hash = self.default, table, None, 0, 0, None
        if value == self.default:
            table.pop(index, None)
        else:
            table[index] = value
        self._table, self._next, self._key, self._old = None, newer, index, old
        return newer

    def __eq__(self, other: object) -> bool:
        """Equal default and entries; `equal_values` compares as functions, which differs where the indices run out."""
        if self is other:
            return True
        if not isinstance(other, ArrayValue):
            return NotImplemented
        if self.default != other.default:
            return False
        mine = dict(self._own())  # `other` may be a version of the same dictionary
        return mine == other._own()

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.default, frozenset(self._own().items())))
        return self._hash

    def __repr__(self) -> str:
        return f"ArrayValue({self.default!r}, {dict(self._own())!r})"

    def __reduce__(self) -> tuple[type[ArrayValue], tuple[Value, dict[Value, Value]]]:
        return ArrayValue, (self.default, dict(self._own()))


def default_value(sort: Sort) -> Value:
    """The value a variable of `sort` gets where none is given: False, 0, or the array of that everywhere."""
    depth = 0
    while isinstance(sort, ArraySort):
        sort = sort.element
        depth += 1
    value: Value = False if isinstance(sort, BoolSort) else 0
    for _ in range(depth):
        value = ArrayValue(value)
    return value


def equal_values(sort: Sort, a: Value, b: Value) -> bool:
    """Whether two values of `sort` are the same; arrays are compared as functions."""
    if not isinstance(a, ArrayValue) or not isinstance(b, ArrayValue) or not isinstance(sort, ArraySort):
        return a == b
    element = sort.element
    indices = set(a.entries) | set(b.entries)
    if len(indices) != cardinality(sort.index) and not equal_values(element, a.default, b.default):
        return False
    return all(equal_values(element, a.get(i), b.get(i)) for i in indices)


def check_value(sort: Sort, value: Value) -> None:
    """Raise ValueError unless `value` is a value of `sort` (an array is checked entry by entry)."""
    if isinstance(sort, BoolSort):
        fits = isinstance(value, bool)
    elif isinstance(sort, BitVecSort):
        fits = isinstance(value, int) and 0 <= value < 1 << sort.width
    elif isinstance(sort, ArraySort):
        fits = isinstance(value, ArrayValue)
        if isinstance(value, ArrayValue):
            check_value(sort.element, value.default)
            for index, element in value.entries.items():
                check_value(sort.index, index)
                check_value(sort.element, element)
    else:
        fits = isinstance(value, int)
    if not fits:
        raise ValueError(f"{value!r} is not a value of {sort}")
