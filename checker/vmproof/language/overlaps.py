"""Sets of bit strings given by mask and match: their common members and what one leaves of another.

A *cube* (mask, match) is the set of words whose bits in `mask` are those of `match`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Cube = tuple[int, int]


def common(first: Cube, second: Cube) -> Cube | None:
    """The words in both cubes, or None if there are none."""
    if (first[1] ^ second[1]) & first[0] & second[0]:
        return None
    return first[0] | second[0], first[1] | second[1]


class TooComplexError(Exception):
    """A difference of cubes takes more steps than it may."""


def remove(cube: Cube, holes: Sequence[Cube], steps: int = 100_000) -> Iterator[Cube]:
    """Disjoint cubes that together are `cube` without `holes`.

    Their number can grow exponentially with that of the holes: raises TooComplexError after `steps` cubes have been looked at.
    """
    waiting = [(cube[0], cube[1], 0)]
    while waiting:
        steps -= 1
        if steps < 0:
            raise TooComplexError
        mask, match, index = waiting.pop()
        while index < len(holes) and (match ^ holes[index][1]) & mask & holes[index][0]:
            index += 1
        if index == len(holes):
            yield mask, match
            continue
        hole_mask, hole_match = holes[index]
        # What is outside the hole differs from it first at one of the bits that the cube leaves open.
        free = hole_mask & ~mask
        while free:
            bit = 1 << free.bit_length() - 1
            free ^= bit
            waiting.append((mask | bit, match | (~hole_match & bit), index + 1))
            mask, match = mask | bit, match | (hole_match & bit)


def text(cube: Cube, bits: int) -> str:
    """The cube as `bits` characters 0, 1 and x, most significant first."""
    return "".join("01"[cube[1] >> bit & 1] if cube[0] >> bit & 1 else "x" for bit in reversed(range(bits)))
