"""The values that variables and parameters of a sized system take, and states compared over those values only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from vmproof.engines.system import Index, Parameter, Variable
from vmproof.terms import ArraySort, ArrayValue, BitVecSort, BoolSort, Sort, Value, default_value, equal_values

_LISTED = 4096  # indices of one dimension that are looked at one by one; of more, those that an array's value names


def sort_size(sort: Sort, domain: int | None = None) -> int:
    """How many values a scalar of `sort` takes, at most `domain`; ValueError for arrays and unsized types."""
    if isinstance(sort, BoolSort):
        return 2
    if not isinstance(sort, BitVecSort):
        raise ValueError(f"the values of {sort} cannot be counted")
    return 1 << sort.width if domain is None else min(domain, 1 << sort.width)


def scalar(sort: Sort, number: int) -> Value:
    """The value of a scalar sort with this number: False and True are 0 and 1."""
    return bool(number) if isinstance(sort, BoolSort) else number


def combinations(parameters: Sequence[Parameter]) -> int:
    """How many valuations the parameters have together; 1 for none."""
    return math.prod(sort_size(item.term.sort, item.domain) for item in parameters)


def valuations(parameters: Sequence[Parameter]) -> Iterator[tuple[Value, ...]]:
    """All values of the parameters, in lexicographic order from the default, 0 or False, on."""
    ranges = [[scalar(item.term.sort, number) for number in range(sort_size(item.term.sort, item.domain))] for item in parameters]
    return itertools.product(*ranges)


def index_count(sort: ArraySort, index: Index) -> int | None:
    """How many indices of one dimension there are; None where the type has no size."""
    if not isinstance(sort.index, BitVecSort):
        return None
    return 1 << sort.index.width if index.count is None else min(index.count, 1 << sort.index.width)


def elements_of(variable: Variable, *values: Value) -> Iterator[tuple[tuple[int, ...], tuple[Value, ...]]]:
    """The scalars of values of a leaf, side by side, at each tuple of indices that it has; () for one that is no array.

    Indices of types without a size, or of one with very many values, are those that one of the values names.
    """
    return _elements(variable.sort, variable.indices, values)


def _elements(sort: Sort, indices: Sequence[Index], values: tuple[Value, ...]) -> Iterator[tuple[tuple[int, ...], tuple[Value, ...]]]:
    if not isinstance(sort, ArraySort):
        yield (), values
        return
    arrays = [value for value in values if isinstance(value, ArrayValue)]
    count = index_count(sort, indices[0])
    named = range(count) if count is not None and count <= _LISTED else sorted({int(str(i)) for array in arrays for i in array.entries})
    for number in named:
        for rest, found in _elements(sort.element, indices[1:], tuple(array.get(number) for array in arrays)):
            yield (number, *rest), found


def same_value(variable: Variable, a: Value, b: Value) -> bool:
    """Whether two values of a leaf are the same; of arrays, whether they agree at the indices that the array has."""
    if any(count is None or count > _LISTED for count in _counts(variable)):
        return equal_values(variable.sort, a, b)
    return all(x == y for _, (x, y) in elements_of(variable, a, b))


def _counts(variable: Variable) -> Iterator[int | None]:
    sort = variable.sort
    for index in variable.indices:
        assert isinstance(sort, ArraySort)
        yield index_count(sort, index)
        sort = sort.element


def normal_value(variable: Variable, value: Value) -> Value:
    """The value with zero, or False, at the indices that an array does not have: two states are the same if these are equal."""
    return _normal(variable.sort, variable.indices, value)


def _normal(sort: Sort, indices: Sequence[Index], value: Value) -> Value:
    if not isinstance(value, ArrayValue) or not isinstance(sort, ArraySort):
        return value
    count = index_count(sort, indices[0])
    if count is None:
        return value
    if count > _LISTED:
        entries = {number: _normal(sort.element, indices[1:], item) for number, item in value.entries.items() if int(str(number)) < count}
        return ArrayValue(_normal(sort.element, indices[1:], value.default), entries)
    blank = default_value(sort.element)
    return ArrayValue(blank, {number: _normal(sort.element, indices[1:], value.get(number)) for number in range(count)})


def misfit(variable: Variable, value: Value) -> str | None:
    """What keeps `value` from being one of the leaf's values: one clause, or None."""
    if variable.domain is None:
        return None
    for index, (element,) in elements_of(variable, value):
        if isinstance(element, int) and not isinstance(element, bool) and element >= variable.domain:
            name = variable.path + "".join(f"[{number}]" for number in index)
            return f"{name} is {element}, which is not below {variable.domain}"
    return None


def departures(parameters: Mapping[str, Value]) -> int:
    """How many parameters are away from their default, 0 or False."""
    return sum(1 for value in parameters.values() if value)
