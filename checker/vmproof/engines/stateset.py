"""A set of packed states that grows by whole batches: open addressing with linear probing, every probe one numpy operation.

Membership is exact: a table holds a 64-bit mixture of each state, and where states have several words they are compared in full. (For one
word the mixture is a bijection: the finalizer of SplitMix64; G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number
Generators", 2014.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vmproof.engines.vector import Column

Numbers = npt.NDArray[np.int32]
MOST_STATES = (1 << 31) - 2

_M1, _M2, _GOLDEN = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(0x9E3779B97F4A7C15)
_S30, _S27, _S31, _ONE = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(1)


class StateSet:
    """States numbered in order of arrival, from 0 on."""

    def __init__(self, words: int) -> None:
        self.count = 0
        self._words = [np.empty(1024, np.uint64) for _ in range(words)]
        self._bits = 12
        self._keys = np.zeros(1 << self._bits, np.uint64)  # 0: free
        self._index = np.empty(1 << self._bits, np.int32)

    def words(self, start: int, stop: int) -> list[Column]:
        """The words of the states numbered from `start` to before `stop`, as views."""
        return [column[start:stop] for column in self._words]

    def state(self, number: int) -> list[int]:
        """The words of one state."""
        return [int(column[number]) for column in self._words]

    @property
    def bytes(self) -> int:
        """The memory held."""
        return self._keys.nbytes + self._index.nbytes + sum(column.nbytes for column in self._words)

    def add(self, words: Sequence[Column]) -> tuple[Numbers, npt.NDArray[np.intp]]:
        """Add a batch of states. Returns the number of each, and the positions in the batch of those that were new, in order of number."""
        size = len(words[0])
        while (self.count + size) * 2 > len(self._keys):
            self._grow_table()
        self._reserve(self.count + size)
        keys = self._mix(words)
        numbers = np.empty(size, np.int32)
        first = self.count
        winners: list[npt.NDArray[np.intp]] = []
        slots = (keys >> np.uint64(64 - self._bits)).astype(np.intp)
        waiting = self._look(words, keys, slots, numbers, None)
        while len(waiting):
            won, waiting = self._claim(keys, slots, numbers, waiting)
            if len(won):
                winners.append(won)
                for column, word in zip(self._words, words, strict=True):
                    column[self.count - len(won) : self.count] = word[won]
            waiting = self._look(words, keys, slots, numbers, waiting)
        new = winners[0] if len(winners) == 1 else np.concatenate(winners) if winners else np.empty(0, np.intp)
        assert len(new) == self.count - first
        return numbers, new

    def _look(
        self, words: Sequence[Column], keys: Column, slots: npt.NDArray[np.intp], numbers: Numbers, rows: npt.NDArray[np.intp] | None
    ) -> npt.NDArray[np.intp]:
        """Numbers the rows (None: all) that the table holds; returns the others, moved on to a slot that is free."""
        mask = len(self._keys) - 1
        free: list[npt.NDArray[np.intp]]
        if rows is None:
            held = self._keys.take(slots)
            equal = held == keys
            found = np.flatnonzero(equal)
            index = self._index.take(slots[found])
            if len(self._words) > 1:
                same = self._same(words, found, index)
                equal[found[~same]] = False
                found, index = found[same], index[same]
            numbers[found] = index
            rows = np.flatnonzero(~equal)
            taken = held[rows] != 0
            free = [rows[~taken]]
            rows = rows[taken]
        else:  # the rows lost a claim: another state holds the slot, perhaps an equal one
            free = []
            rows = self._settle(words, slots, numbers, rows, self._keys.take(slots[rows]) == keys[rows])
        while len(rows):
            slots[rows] = (slots[rows] + 1) & mask
            held = self._keys.take(slots[rows])
            empty = held == 0
            free.append(rows[empty])
            busy = ~empty
            rows, held = rows[busy], held[busy]
            rows = self._settle(words, slots, numbers, rows, held == keys[rows])
        return free[0] if len(free) == 1 else np.concatenate(free) if free else rows

    def _settle(
        self, words: Sequence[Column], slots: npt.NDArray[np.intp], numbers: Numbers, rows: npt.NDArray[np.intp], equal: Column
    ) -> npt.NDArray[np.intp]:
        """Numbers those `rows` whose slot holds their state, of the ones marked in `equal`; returns the rest."""
        found = rows[equal]
        if not len(found):
            return rows
        index = self._index.take(slots[found])
        if len(self._words) > 1:
            same = self._same(words, found, index)
            equal[np.flatnonzero(equal)[~same]] = False
            found, index = found[same], index[same]
        numbers[found] = index
        rest: npt.NDArray[np.intp] = rows[~equal]
        return rest

    def _same(self, words: Sequence[Column], rows: npt.NDArray[np.intp], index: Numbers) -> Column:
        same = np.ones(len(rows), np.bool_)
        for column, word in zip(self._words, words, strict=True):
            same &= column.take(index) == word[rows]
        return same

    def _claim(
        self, keys: Column, slots: npt.NDArray[np.intp], numbers: Numbers, rows: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Gives free slots to rows. Of several rows at one slot the last gets it, the others look again."""
        wanted = slots[rows]
        self._index[wanted] = rows
        got = self._index.take(wanted) == rows
        won = rows[got]
        mine = slots[won]
        numbers[won] = np.arange(self.count, self.count + len(won), dtype=np.int32)
        self._keys[mine] = keys[won]
        self._index[mine] = numbers[won]
        self.count += len(won)
        return won, rows[~got]

    def _mix(self, words: Sequence[Column]) -> Column:
        """A number for each state, never 0."""
        mixed = _splitmix(words[0] + _ONE)
        if len(words) > 1:
            for word in words[1:]:
                mixed += word + _GOLDEN
                mixed = _splitmix(mixed)
            mixed |= _ONE
        return mixed

    def _reserve(self, count: int) -> None:
        room = len(self._words[0])
        if count <= room:
            return
        room = max(count, room + room // 2)
        for number, column in enumerate(self._words):
            grown = np.empty(room, np.uint64)
            grown[: self.count] = column[: self.count]
            self._words[number] = grown

    def _grow_table(self) -> None:
        self._bits += 1
        self._keys = np.zeros(0, np.uint64)  # freed before the larger one is made
        self._keys = np.zeros(1 << self._bits, np.uint64)
        self._index = np.empty(0, np.int32)
        self._index = np.empty(1 << self._bits, np.int32)
        mask = len(self._keys) - 1
        batch = 1 << 20
        for start in range(0, self.count, batch):
            stop = min(start + batch, self.count)
            keys = self._mix(self.words(start, stop))
            slots = (keys >> np.uint64(64 - self._bits)).astype(np.intp)
            rows = np.arange(stop - start)
            while len(rows):
                empty = self._keys.take(slots[rows]) == 0
                wanting = rows[empty]
                self._index[slots[wanting]] = wanting
                won = wanting[self._index.take(slots[wanting]) == wanting]
                self._keys[slots[won]] = keys[won]
                self._index[slots[won]] = won + start
                lost = np.ones(stop - start, np.bool_)
                lost[won] = False
                rows = rows[lost[rows]]
                slots[rows] = (slots[rows] + 1) & mask


def _splitmix(value: Column) -> Column:
    """The finalizer of SplitMix64, in place."""
    value ^= value >> _S30
    value *= _M1
    value ^= value >> _S27
    value *= _M2
    value ^= value >> _S31
    return value
