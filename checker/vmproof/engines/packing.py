"""Packed states: the cells of a state side by side in one or more words of 64 bits, many states as one column for each word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmproof.engines.scalars import Cell
from vmproof.engines.vector import Column, column_type


@dataclass(frozen=True)
class Place:
    """Where a cell stands: in `word`, from bit `shift` on, `bits` wide."""

    word: int
    shift: int
    bits: int

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1 << self.shift


class Packing:
    """The places of cells. States of one word leave its highest bit free, which StateSet relies on."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        bits = [max(1, (cell.size - 1).bit_length()) for cell in cells]
        room = 63 if sum(bits) <= 63 else 64
        self.places: list[Place] = []
        word = used = 0
        for width in bits:
            if used + width > room:
                word, used = word + 1, 0
            self.places.append(Place(word, used, width))
            used += width
        self.words = word + 1
        self._types = [column_type(cell.term.width) for cell in cells]

    def unpack(self, words: Sequence[Column], cell: int) -> Column:
        """The column of a cell."""
        place = self.places[cell]
        word = words[place.word]
        if self._types[cell] is np.bool_:
            truth: Column = (word & np.uint64(place.mask)) != 0
            return truth
        shifted = word >> np.uint64(place.shift) if place.shift else word
        narrow: Column = shifted.astype(self._types[cell])
        mask = (1 << place.bits) - 1
        return narrow if place.bits in (8, 16, 32, 64) and narrow.itemsize * 8 == place.bits else narrow & self._types[cell](mask)

    def pack(self, columns: Sequence[Column], count: int) -> list[Column]:
        """The words of `count` states from the columns of all cells."""
        return self.update([np.zeros(count, np.uint64) for _ in range(self.words)], dict(enumerate(columns)))

    def update(self, words: Sequence[Column], changed: Mapping[int, Any]) -> list[Column]:
        """The words after the cells in `changed` got new values, columns or scalars. `words` may be overwritten."""
        result = list(words)
        cleared, fixed = [0] * self.words, [0] * self.words
        varying: list[tuple[Place, Any]] = []
        for cell, value in changed.items():
            place = self.places[cell]
            cleared[place.word] |= place.mask
            if np.ndim(value) == 0:
                fixed[place.word] |= int(value) << place.shift
            else:
                varying.append((place, value))
        for number, mask in enumerate(cleared):
            if mask:
                np.bitwise_and(result[number], np.uint64(~mask & (1 << 64) - 1), out=result[number])
            if fixed[number]:
                np.bitwise_or(result[number], np.uint64(fixed[number]), out=result[number])
        for place, value in varying:
            wide = value.astype(np.uint64)
            if place.shift:
                np.left_shift(wide, np.uint64(place.shift), out=wide)
            np.bitwise_or(result[place.word], wide, out=result[place.word])
        return result

    def numbers(self, words: Sequence[int]) -> list[int]:
        """The values of all cells in one state."""
        return [words[place.word] >> place.shift & (1 << place.bits) - 1 for place in self.places]
