"""Sorts: truth values, bit vectors, arrays, and uninterpreted sorts (SMT-LIB 2.6, section 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


class SortError(TypeError):
    """A term was built from arguments whose sorts do not fit: a bug in the caller, never the user's mistake."""


@dataclass(frozen=True, slots=True)
class BoolSort:
    """The sort of truth values."""

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True, slots=True)
class BitVecSort:
    """Bit vectors of `width` bits, at least 1. Values are the integers 0 .. 2**width - 1."""

    width: int

    def __post_init__(self) -> None:
        if self.width < 1:
            raise SortError(f"a bit vector has at least 1 bit, not {self.width}")

    def __str__(self) -> str:
        return f"bits[{self.width}]"


@dataclass(frozen=True, slots=True)
class UninterpretedSort:
    """A sort of which only equality is known. Values are integers, which serve as names; two names are two elements."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ArraySort:
    """Total functions from `index` to `element`; one that is never stored to is an uninterpreted function."""

    index: Sort
    element: Sort

    def __post_init__(self) -> None:
        if isinstance(self.index, ArraySort):
            raise SortError("an array cannot be indexed by arrays")

    def __str__(self) -> str:
        return f"array[{self.index}, {self.element}]"


Sort: TypeAlias = BoolSort | BitVecSort | ArraySort | UninterpretedSort

BOOL = BoolSort()


def bitvec(width: int) -> BitVecSort:
    """The sort of bit vectors of `width` bits."""
    return BitVecSort(width)


def cardinality(sort: Sort) -> int | None:
    """How many values `sort` has; None where that is not bounded or not worth counting (arrays)."""
    if isinstance(sort, BoolSort):
        return 2
    if isinstance(sort, BitVecSort):
        return 1 << sort.width
    return None
