"""The decoder that a description's patterns define, and what is wrong with them as a whole.

A stream consists of fetch units, the first most significant. Where several encodings match, the one with more fixed bits is taken, among
equals the earlier; `overlaps` reports every such pair, so that a description can be made unambiguous.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vmproof.language.encoding import Encoding, PatternError, Shape, check_base
from vmproof.language.forms import Choice
from vmproof.language.overlaps import Cube, TooComplexError, common, remove, text

_CACHE = 1 << 16
_STEPS = 20_000


@dataclass(frozen=True)
class Decoded:
    """Entry `index` with the value of every variable of its encoding; the instruction is `word`, `bits` bits as its manual writes it."""

    index: int
    values: dict[str, int]
    bits: int
    word: int


@dataclass(frozen=True)
class Overlap:
    """Some streams are instances of both entries, index_a < index_b; `example` are such streams, `x` for a bit that may be anything."""

    index_a: int
    index_b: int
    example: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A shape of entry `index`. `mask` and `match` are those of its first unit, `depends` is how many units decide whether it matches."""

    index: int
    shape: Shape
    units: int
    depends: int
    mask: int
    match: int

    @property
    def rank(self) -> tuple[int, int]:
        return -self.shape.mask.bit_count(), self.index

    def widened(self, bits: int) -> Cube:
        """The streams of `bits` bits, at least the shape's, that the shape matches, holes aside."""
        up = bits - self.shape.bits
        return self.shape.mask << up, self.shape.match << up

    def holes(self, bits: int) -> list[Cube]:
        up = bits - self.shape.bits
        return [(mask << up, match << up) for mask, match in self.shape.holes]


def check_units(encoding: Encoding, unit_bits: int) -> None:
    """Raises PatternError unless the base and every shape of `encoding` consist of whole fetch units of `unit_bits` bits."""
    check_base(encoding, unit_bits)
    for shape in encoding.shapes():
        if shape.bits % unit_bits:
            tags = [(tag.removesuffix(".form"), index) for tag, index in shape.choices]
            chosen = [f"`{name}` in form `{encoding.forms[name].names[index]}`" for name, index in tags if name in encoding.forms]
            under = f" with {' and '.join(chosen)}" if chosen else ""
            after = f"{shape.bits - encoding.base_bits} bits after its own word{under}"
            raise PatternError(f"the pattern has {after}, which is not a multiple of the {unit_bits} bits of a fetch unit", 0)


class Decoder:
    """Decodes streams of units of `unit_bits` bits into `entries`, pairs of a name and an encoding.

    Raises PatternError for an encoding that does not consist of whole units.
    """

    def __init__(self, entries: Sequence[tuple[str, Encoding]], unit_bits: int) -> None:
        self.entries = tuple(entries)
        self.unit_bits = unit_bits
        self._candidates: list[_Candidate] = []
        for index, (_, encoding) in enumerate(self.entries):
            check_units(encoding, unit_bits)
            self._candidates += [self._candidate(index, shape) for shape in encoding.shapes()]
        self._candidates.sort(key=lambda candidate: candidate.rank)
        groups: dict[int, dict[int, list[int]]] = {}
        for place, candidate in enumerate(self._candidates):
            groups.setdefault(candidate.mask, {}).setdefault(candidate.match, []).append(place)
        self._groups = list(groups.items())
        self._by_unit: dict[int, tuple[_Candidate, ...]] = {}

    def _candidate(self, index: int, shape: Shape) -> _Candidate:
        fixed = shape.mask
        for mask, _ in shape.holes:
            fixed |= mask
        # Units behind the last fixed bit do not decide.
        last = (fixed & -fixed).bit_length() - 1 if fixed else shape.bits
        depends = max(1, -(-(shape.bits - last) // self.unit_bits))
        down = shape.bits - self.unit_bits
        return _Candidate(index, shape, shape.bits // self.unit_bits, depends, shape.mask >> down, shape.match >> down)

    def _starting(self, unit: int) -> tuple[_Candidate, ...]:
        """The candidates whose first unit may be `unit`, the preferred first."""
        known = self._by_unit.get(unit)
        if known is None:
            places: list[int] = []
            for mask, matches in self._groups:
                places += matches.get(unit & mask, ())
            known = tuple(self._candidates[place] for place in sorted(places))
            if len(self._by_unit) >= _CACHE:
                self._by_unit.clear()
            self._by_unit[unit] = known
        return known

    def decode(self, read_unit: Callable[[int], int]) -> Decoded | None:
        """The instruction at the start of the stream whose unit i is `read_unit(i)`, or None where no pattern matches.

        Units are read in order, each once, and only as far as they decide what the instruction is or belong to it.
        """
        word = read_unit(0)
        have = 1
        for candidate in self._starting(word):
            shape = candidate.shape
            while have < candidate.depends and self._agrees(shape, word, have):
                word = word << self.unit_bits | read_unit(have)
                have += 1
            if have < candidate.depends or not self._agrees(shape, word, have):
                continue
            while have < candidate.units:
                word = word << self.unit_bits | read_unit(have)
                have += 1
            own = word >> (have - candidate.units) * self.unit_bits
            encoding = self.entries[candidate.index][1]
            return Decoded(candidate.index, encoding.disassemble(shape, own), shape.bits, encoding.number(own, shape.bits))
        return None

    def _agrees(self, shape: Shape, word: int, have: int) -> bool:
        """Whether the first `have` units allow the shape, as far as they are its own."""
        down = shape.bits - have * self.unit_bits
        if down < 0:
            word >>= -down
            down = 0
        return word & shape.mask >> down == shape.match >> down and not any(
            mask & ((1 << down) - 1) == 0 and word & mask >> down == match >> down for mask, match in shape.holes
        )

    def overlaps(self) -> list[Overlap]:
        """Every pair of entries that share a stream, with an example, in order of the indices."""
        found: dict[tuple[int, int], str] = {}
        for first, second in self._meeting():
            a, b = sorted((first, second), key=lambda candidate: candidate.index)
            if (a.index, b.index) in found:
                continue
            bits = max(a.shape.bits, b.shape.bits)
            both = common(a.widened(bits), b.widened(bits))
            if both:
                shared = next(remove(both, a.holes(bits) + b.holes(bits)), None)
                if shared:
                    found[a.index, b.index] = text(shared, bits)
        return [Overlap(a, b, example) for (a, b), example in sorted(found.items())]

    def unreachable(self) -> list[int]:
        """The entries that are never decoded, since entries that are preferred match all their streams.

        An entry whose streams cannot be compared within a fixed amount of work counts as reachable.
        """
        rivals: dict[tuple[int, Choice], list[_Candidate]] = {}
        for first, second in self._meeting():
            better, worse = sorted((first, second), key=lambda candidate: candidate.rank)
            rivals.setdefault((worse.index, worse.shape.choices), []).append(better)
        reachable = set()
        for candidate in self._candidates:
            known = rivals.get((candidate.index, candidate.shape.choices), [])
            if candidate.index not in reachable and not _covered(candidate, known):
                reachable.add(candidate.index)
        return [index for index in range(len(self.entries)) if index not in reachable]

    def _meeting(self) -> Iterator[tuple[_Candidate, _Candidate]]:
        """The pairs of candidates of different entries that may share streams, judged by the bits that all shapes have."""
        if not self._candidates:
            return
        prefix = min(candidate.shape.bits for candidate in self._candidates)
        groups: dict[int, dict[int, list[_Candidate]]] = {}
        for candidate in self._candidates:
            down = candidate.shape.bits - prefix
            mask, match = candidate.shape.mask >> down, candidate.shape.match >> down
            groups.setdefault(mask, {}).setdefault(match, []).append(candidate)
        listed = list(groups.items())
        for position, (mask, matches) in enumerate(listed):
            for members in matches.values():
                for place, first in enumerate(members):
                    yield from ((first, second) for second in members[place + 1 :] if first.index != second.index)
            for other_mask, others in listed[position + 1 :]:
                yield from _sharing(matches, others, mask & other_mask)


def _sharing(first: dict[int, list[_Candidate]], second: dict[int, list[_Candidate]], mask: int) -> Iterator[tuple[_Candidate, _Candidate]]:
    """The pairs, one of each group and of different entries, that agree in the bits of `mask`."""
    buckets: dict[int, list[list[_Candidate]]] = {}
    for match, members in first.items():
        buckets.setdefault(match & mask, []).append(members)
    for match, members in second.items():
        for bucket in buckets.get(match & mask, ()):
            yield from ((a, b) for a in bucket for b in members if a.index != b.index)


def _covered(candidate: _Candidate, rivals: list[_Candidate]) -> bool:
    """Whether every stream that the candidate matches is matched by a rival; False where that takes too much work to find out."""
    bits = max((candidate.shape.bits, *(rival.shape.bits for rival in rivals)))
    try:
        covers: list[Cube] = []
        for rival in rivals:
            covers += remove(rival.widened(bits), rival.holes(bits), _STEPS)
        # A hole of the candidate is none of its streams, so nothing needs to cover it.
        return next(remove(candidate.widened(bits), [*candidate.holes(bits), *covers], _STEPS), None) is None
    except TooComplexError:
        return False
