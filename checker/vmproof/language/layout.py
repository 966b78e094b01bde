"""Runs of bits with a fixed part and named parts, joined into whole encodings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from vmproof.language.patterns import DONT_CARE, Literal, Slice


class Piece(NamedTuple):
    """Bits `hi` to `lo` of `variable`; `start` counts the bits before them, from the most significant end."""

    variable: str
    hi: int
    lo: int
    start: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """`bits` bits; those in `mask` have the value `match`, `pieces` name the others. Don't-care bits are pieces of `-`."""

    bits: int
    mask: int
    match: int
    pieces: tuple[Piece, ...]

    def cut(self, hi: int, lo: int) -> Chunk:
        """Bits `hi` to `lo` of this chunk, counted from its least significant bit."""
        width = hi - lo + 1
        ones = (1 << width) - 1
        first, last = self.bits - 1 - hi, self.bits - 1 - lo
        pieces = []
        for piece in self.pieces:
            end = piece.start + piece.hi - piece.lo
            start, stop = max(piece.start, first), min(end, last)
            if start <= stop:
                pieces.append(Piece(piece.variable, piece.hi - (start - piece.start), piece.lo + (end - stop), start - first))
        return Chunk(width, self.mask >> lo & ones, self.match >> lo & ones, tuple(pieces))

    def prefixed(self, prefix: str) -> Chunk:
        """The same bits with `prefix` before the names of all variables but `-`."""
        pieces = tuple(piece if piece.variable == DONT_CARE else piece._replace(variable=prefix + piece.variable) for piece in self.pieces)
        return Chunk(self.bits, self.mask, self.match, pieces)


EMPTY = Chunk(0, 0, 0, ())


def chunk(segments: Iterable[Literal | Slice]) -> Chunk:
    """The bits of segments that depend on no form."""
    bits = mask = match = 0
    pieces: list[Piece] = []
    for segment in segments:
        if isinstance(segment, Slice):
            width = segment.hi - segment.lo + 1
            pieces.append(Piece(segment.variable, segment.hi, segment.lo, bits))
            mask, match, bits = mask << width, match << width, bits + width
            continue
        for bit in segment.bits:
            mask, match = mask << 1 | (bit != DONT_CARE), match << 1 | (bit == "1")
            if bit == DONT_CARE:
                pieces.append(Piece(DONT_CARE, 0, 0, bits))
            bits += 1
    return Chunk(bits, mask, match, tuple(pieces))


def join(chunks: Iterable[Chunk]) -> Chunk:
    """Chunks one after the other, the first most significant."""
    bits = mask = match = 0
    pieces: list[Piece] = []
    for part in chunks:
        if bits:
            pieces.extend([Piece(name, hi, lo, bits + start) for name, hi, lo, start in part.pieces])
        else:
            pieces.extend(part.pieces)
        mask, match, bits = mask << part.bits | part.mask, match << part.bits | part.match, bits + part.bits
    return Chunk(bits, mask, match, tuple(pieces))


def number_dont_cares(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Neighbouring `-` bits as runs, numbered so that the last one of the stream is bit 0 of the variable `-`."""
    left = sum(piece.variable == DONT_CARE for piece in pieces)
    if not left:
        return pieces
    numbered: list[Piece] = []
    for piece in pieces:
        if piece.variable != DONT_CARE:
            numbered.append(piece)
            continue
        left -= 1
        last = numbered[-1] if numbered else None
        if last and last.variable == DONT_CARE and last.start + last.hi - last.lo + 1 == piece.start:
            numbered[-1] = last._replace(lo=left)
        else:
            numbered.append(Piece(DONT_CARE, left, left, piece.start))
    return tuple(numbered)
