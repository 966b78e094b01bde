"""The values that variables and parameters of a sized system take, and states compared over those values only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from vmproof.engines.system import Parameter, Variable
from vmproof.terms import ArraySort, ArrayValue, BitVecSort, BoolSort, Sort, Value, default_value, equal_values


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


def same_value(variable: Variable, a: Value, b: Value) -> bool:
    """Whether two values of a leaf are the same; of arrays, whether they agree at the indices that the array has."""
    if isinstance(a, ArrayValue) and isinstance(b, ArrayValue) and variable.indices is not None:
        element = variable.sort.element if isinstance(variable.sort, ArraySort) else variable.sort
        return all(equal_values(element, a.get(index), b.get(index)) for index in range(variable.indices))
    return equal_values(variable.sort, a, b)


def normal_value(variable: Variable, value: Value) -> Value:
    """The value with zero, or False, at the indices that an array does not have: two states are the same if these are equal."""
    if not isinstance(value, ArrayValue) or not isinstance(variable.sort, ArraySort) or variable.indices is None:
        return value
    blank = default_value(variable.sort.element)
    return ArrayValue(blank, {index: value.get(index) for index in range(variable.indices)})


def misfit(variable: Variable, value: Value) -> str | None:
    """What keeps `value` from being one of the leaf's values: one clause, or None."""
    if isinstance(value, ArrayValue):
        if variable.domain is None:
            return None
        indices = range(variable.indices) if variable.indices is not None else sorted(int(str(i)) for i in value.entries)
        for index in indices:
            element = value.get(index)
            if isinstance(element, int) and element >= variable.domain:
                return f"{variable.path}[{index}] is {element}, which is not below {variable.domain}"
        return None
    if variable.domain is not None and isinstance(value, int) and value >= variable.domain and not isinstance(value, bool):
        return f"{variable.path} is {value}, which is not below {variable.domain}"
    return None


def departures(parameters: Mapping[str, Value]) -> int:
    """How many parameters are away from their default, 0 or False."""
    return sum(1 for value in parameters.values() if value)
