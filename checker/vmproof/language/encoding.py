"""Encodings of instructions: which bits are fixed, where the operands stand, and how long the instruction is.

An encoding has one *shape* for every choice of forms; in a shape all positions are fixed. The bits of a shape are numbered like a number:
the first bit of the stream is the most significant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod

from vmproof.language.forms import (
    MAX_SHAPES,
    BitTest,
    Choice,
    Exclusion,
    Expansion,
    Form,
    Forms,
    FormSpec,
    Zero,
    make_forms,
    prefixed,
    prefixed_exclusion,
    segment_chunk,
)
from vmproof.language.layout import Piece, join, number_dont_cares
from vmproof.language.patterns import (
    DONT_CARE,
    Head,
    Literal,
    PatternError,
    Segment,
    Slice,
    Tail,
    read_pattern,
    turned,
)
from vmproof.language.suggest import with_suggestion

__all__ = [
    "DONT_CARE",
    "BitTest",
    "Encoding",
    "Exclusion",
    "Form",
    "FormSpec",
    "Forms",
    "Head",
    "Literal",
    "PatternError",
    "Piece",
    "Segment",
    "Shape",
    "Slice",
    "Tail",
    "Zero",
    "make_forms",
    "parse_encoding",
]


@dataclass(frozen=True, slots=True)
class Shape:
    """An encoding under one choice of forms: `bits` bits of which those in `mask` have the value `match`.

    `pieces` say where the operands stand. Words that one of `holes` (mask, match) matches belong to a more special form.
    """

    choices: Choice
    mask: int
    match: int
    bits: int
    pieces: tuple[Piece, ...]
    holes: tuple[tuple[int, int], ...] = ()

    @property
    def sources(self) -> tuple[int | tuple[str, int], ...]:
        """For each bit, most significant first, its fixed value or the (variable, bit) that it holds."""
        found: list[int | tuple[str, int]] = [self.match >> bit & 1 for bit in reversed(range(self.bits))]
        for name, hi, lo, start in self.pieces:
            found[start : start + hi - lo + 1] = [(name, bit) for bit in range(hi, lo - 1, -1)]
        return tuple(found)

    def matches(self, word: int) -> bool:
        """Whether `word`, of `bits` bits, is an instance of this shape."""
        return word & self.mask == self.match and all(word & mask != match for mask, match in self.holes)

    def fields(self, word: int) -> Iterator[tuple[str, int]]:
        """The bits of `word` that belong to variables: (variable, bits in their place), to be combined by `or`."""
        for name, hi, lo, start in self.pieces:
            width = hi - lo + 1
            yield name, (word >> self.bits - start - width & (1 << width) - 1) << lo

    def fill(self, values: Mapping[str, int]) -> int:
        """The word that holds `values`; a variable without a value is zero."""
        word = self.match
        for name, hi, lo, start in self.pieces:
            width = hi - lo + 1
            word |= (values.get(name, 0) >> lo & (1 << width) - 1) << self.bits - start - width
        return word


@dataclass(frozen=True, eq=False)
class Encoding:
    """An instruction's encoding; built by `parse_encoding`.

    `base` is the instruction's own word or words, `base_bits` wide; `tail` is what follows `+`, with a Tail for each forms operand.
    `variables` are (name, width in bits) in order of appearance: `rd` for an operand, `ea.form` (index into `forms["ea"].names`) and the
    fields `ea.reg` for a forms operand, and last `-` for all don't-care bits, if there are any: the last of the stream is its bit 0.
    `named` has the mask of the bits of each plain operand that the encoding holds. `parcel` is the width of the fetch units where the
    stream has those of `base` least significant first (`in_parcels`), and `base` is in the order of the stream; else it is zero.
    """

    pattern: str
    base: tuple[Segment, ...]
    tail: tuple[Segment, ...]
    variables: tuple[tuple[str, int], ...]
    base_bits: int
    forms: Mapping[str, Forms]
    named: Mapping[str, int]
    parcel: int = 0

    def in_parcels(self, unit_bits: int) -> Encoding:
        """The same encoding in a stream of units of `unit_bits` bits that has those of `base` least significant first.

        Raises PatternError unless the base consists of whole units.
        """
        check_base(self, unit_bits)
        return replace(self, base=turned(self.base, self.base_bits, unit_bits), parcel=unit_bits)

    @cached_property
    def written(self) -> tuple[Segment, ...]:
        """The base as the pattern has it."""
        return turned(self.base, self.base_bits, self.parcel) if self.parcel else self.base

    def number(self, stream: int, bits: int) -> int:
        """The instruction as its manual writes it, from the `bits` bits of the stream."""
        if not self.parcel:
            return stream
        tail = bits - self.base_bits
        own, unit = stream >> tail, (1 << self.parcel) - 1
        parts = [own >> low & unit for low in range(0, self.base_bits, self.parcel)]  # the stream's last unit first
        whole = 0
        for part in parts:
            whole = whole << self.parcel | part
        return whole << tail | stream & (1 << tail) - 1

    @cached_property
    def widths(self) -> Mapping[str, int]:
        """The width of each variable in bits."""
        return dict(self.variables)

    # What the values of the variables must keep to, for encodings and for terms alike.

    @cached_property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """For each tag such as `ea.form`, how many forms there are; its value is less."""
        return tuple((f"{name}.{tag}", count) for name, forms in self.forms.items() for tag, count in forms.counts)

    @cached_property
    def zeros(self) -> tuple[Zero, ...]:
        """The bits of variables that are zero since the encoding, or the chosen form, does not hold them."""
        plain = [Zero((), name, ((1 << mask.bit_length()) - 1) & ~mask) for name, mask in self.named.items()]
        found = [zero for zero in plain if zero.mask]
        for name, forms in self.forms.items():
            found += [Zero(prefixed(zero.given, name), f"{name}.{zero.variable}", zero.mask) for zero in forms.zeros]
        return tuple(found)

    @cached_property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """The values that a form leaves to a more special form."""
        return tuple(prefixed_exclusion(exclusion, name) for name, forms in self.forms.items() for exclusion in forms.exclusions)

    def problem(self, values: Mapping[str, int]) -> str:
        """What is wrong with `values` as operands, in one sentence; "" if they can be encoded.

        Missing may be `-`, the fields that the chosen form lacks, and the tag of a forms operand with one form only.
        """
        for name, value in values.items():
            width = self.widths.get(name, 0)
            if not width and name != DONT_CARE:
                return with_suggestion(f"the encoding has no operand `{name}`", name, self.widths)
            if not 0 <= value < 1 << width:
                return f"`{name}` = {value} does not fit in {width} bit{'s' * (width != 1)}"
        try:
            shape = self.shape_of(values)
        except PatternError as error:
            return error.message
        free = 0
        for name, hi, lo, _ in shape.pieces:
            if name == DONT_CARE:
                free += hi - lo + 1
            elif name not in values:
                return f"the operand `{name}` has no value"
        if values.get(DONT_CARE, 0) >> free:
            return f"`{DONT_CARE}` = {values[DONT_CARE]:#x} does not fit in the {free} don't-care bits of this form"
        for zero in self.zeros:
            wrong = values.get(zero.variable, 0) & zero.mask
            if wrong and self._holds(zero.given, values):
                number = f"{values[zero.variable]:#x}"
                return f"`{zero.variable}` = {number} sets bit {wrong.bit_length() - 1}, which {self._holder(zero)} does not hold"
        for exclusion in self.exclusions:
            if self._holds(exclusion.given, values) and all(
                values.get(test.variable, 0) >> test.lo & (2 << test.hi - test.lo) - 1 == test.value for test in exclusion.tests
            ):
                where = ", ".join(f"`{name}` = {values.get(name, 0)}" for name in dict.fromkeys(test.variable for test in exclusion.tests))
                return f"{where} is the encoding of form `{exclusion.owner}`"
        return ""

    def _holds(self, given: Choice, values: Mapping[str, int]) -> bool:
        return all(values.get(tag, 0) == index for tag, index in given)

    def _holder(self, zero: Zero) -> str:
        if not zero.given:
            return "the encoding"
        tag, index = zero.given[-1]
        first, *inner = tag.split(".")[:-1]
        forms = self.forms[first]
        for (_, outer), name in zip(zero.given, inner, strict=False):
            forms = dict(forms.alternatives[outer].nested)[name]
        return f"form `{forms.names[index]}`"

    # Shapes

    @cached_property
    def _shapes(self) -> dict[Choice, Shape]:
        operands = list(self.forms)
        count = prod(forms.count for forms in self.forms.values())
        assert count <= MAX_SHAPES
        segments = (*self.base, *self.tail)
        # The bits that an operand contributes depend on its own expansion only, so they are made once for each.
        made = []
        for segment in segments:
            if isinstance(segment, Head | Tail):
                at = operands.index(segment.operand)
                chunks = [segment_chunk(segment, {segment.operand: each}) for each in self.forms[segment.operand].expansions]
                made.append((at, chunks))
            else:
                made.append((-1, [segment_chunk(segment, {})]))
        choices = [[prefixed(each.choice, name) for each in self.forms[name].expansions] for name in operands]
        shapes = {}
        for indices in product(*(range(len(each)) for each in choices)):
            whole = join([chunks[indices[at]] if at >= 0 else chunks[0] for at, chunks in made])
            choice: Choice = ()
            for options, index in zip(choices, indices, strict=True):
                choice += options[index]
            pieces = number_dont_cares(whole.pieces)
            shape = Shape(choice, whole.mask, whole.match, whole.bits, pieces)
            if self.exclusions:
                shape = Shape(choice, whole.mask, whole.match, whole.bits, pieces, self._holes(shape))
            shapes[choice] = shape
        return shapes

    def _holes(self, shape: Shape) -> tuple[tuple[int, int], ...]:
        chosen = set(shape.choices)
        holes: dict[tuple[int, int], None] = {}
        for exclusion in self.exclusions:
            if not chosen.issuperset(exclusion.given):
                continue
            mask = match = 0
            for test in exclusion.tests:
                for name, hi, lo, start in shape.pieces:
                    top, low = min(hi, test.hi), max(lo, test.lo)
                    if name != test.variable or top < low:
                        continue
                    shift = shape.bits - start - (hi - low + 1)
                    ones = (2 << top - low) - 1
                    mask |= ones << shift
                    match |= (test.value >> low - test.lo & ones) << shift
            holes[mask, match] = None
        return tuple(holes)

    def shapes(self) -> tuple[Shape, ...]:
        """One shape for every choice of forms; the last operand's forms change fastest."""
        return tuple(self._shapes.values())

    def shape_of(self, values: Mapping[str, int]) -> Shape:
        """The shape that the tags among `values` select. Raises PatternError for a tag that is missing or names no form."""
        choice: Choice = ()
        for name, forms in self.forms.items():
            choice += _choice(f"{name}.", forms, values)
        return self._shapes[choice]

    def length(self, values: Mapping[str, int]) -> int:
        """The length in bits of the instruction whose tags (`ea.form`) are among `values`."""
        return self.shape_of(values).bits

    def tail_bits(self, choice: Mapping[str, int]) -> int:
        """The bits that follow the base under the tags `choice`."""
        return self.length(choice) - self.base_bits

    def assemble(self, values: Mapping[str, int]) -> tuple[int, int]:
        """The instruction that holds `values`, as a number and its length in bits.

        Don't-care bits without a value are zero, and so are fields that the chosen form lacks. Raises PatternError for values that cannot
        be encoded (see `problem`).
        """
        wrong = self.problem(values)
        if wrong:
            raise PatternError(wrong)
        shape = self.shape_of(values)
        return shape.fill(values), shape.bits

    def disassemble(self, shape: Shape, word: int) -> dict[str, int]:
        """The value of every variable in `word`, which is an instance of `shape`; a field that the form lacks is zero."""
        values = dict.fromkeys(self.widths, 0)
        values.update(shape.choices)
        for name, bits in shape.fields(word):
            values[name] |= bits
        return values


def _choice(prefix: str, forms: Forms, values: Mapping[str, int]) -> Choice:
    tag = f"{prefix}form"
    count = len(forms.alternatives)
    if tag not in values and count > 1:
        raise PatternError(f"the operand `{tag}` has no value")
    index = values.get(tag, 0)
    if not 0 <= index < count:
        raise PatternError(f"`{tag}` = {index} names no form; there are {count}")
    found: Choice = ((tag, index),)
    for name, inner in forms.alternatives[index].nested:
        found += _choice(f"{prefix}{name}.", inner, values)
    return found


def check_base(encoding: Encoding, unit_bits: int) -> None:
    """Raises PatternError unless the base of `encoding` consists of whole fetch units of `unit_bits` bits."""
    if encoding.base_bits % unit_bits:
        message = f"the pattern has {encoding.base_bits} bits, which is not a multiple of the {unit_bits} bits of a fetch unit"
        raise PatternError(message, 0)


def parse_encoding(pattern: str, operands: Mapping[str, Forms]) -> Encoding:
    """The encoding that `pattern` describes, where the names in `operands` are forms operands.

    Raises PatternError, with the offset in `pattern`, for everything that is not a pattern.
    """
    read = read_pattern(pattern, operands)
    variables: list[tuple[str, int]] = []
    for name in read.order:
        if name in operands:
            forms = operands[name]
            variables.append((f"{name}.form", forms.tag_width))
            variables += [(f"{name}.{part}", width) for part, width in forms.fields.items()]
        else:
            variables.append((name, read.named[name][0]))
    ordered = {name: operands[name] for name in read.order if name in operands}
    count = prod(forms.count for forms in ordered.values())
    if count > MAX_SHAPES:
        raise PatternError(f"the pattern has {count} combinations of forms; at most {MAX_SHAPES} are supported", 0)
    free = _dont_cares((*read.base, *read.tail), ordered)
    if free:
        variables.append((DONT_CARE, free))
    named = {name: mask for name, (_, mask) in read.named.items()}
    return Encoding(pattern, read.base, read.tail, tuple(variables), read.base_bits, ordered, named)


def _dont_cares(segments: tuple[Segment, ...], forms: Mapping[str, Forms]) -> int:
    """The most don't-care bits that any choice of forms has."""
    own = sum(segment.bits.count(DONT_CARE) for segment in segments if isinstance(segment, Literal))
    return own + sum(max(_free(expansion) for expansion in operand.expansions) for operand in forms.values())


def _free(expansion: Expansion) -> int:
    return sum(piece.variable == DONT_CARE for piece in (*expansion.head.pieces, *expansion.tail.pieces))
