"""The text of encoding patterns: tokens, and the segments of bits they stand for.

A pattern reads like the manual's diagram, most significant bit first. Tokens stand apart by blanks:

    0110 1-         literal bits; `-` may be anything
    rd[3]           the whole operand `rd`, 3 bits
    imm[12|10:5]    those bits of `imm`; where several tokens name `imm`, `imm[5]` is its bit 5
    imm[32 le]      32 bits, stored least significant byte first
    ea, ea.mode     the head of the forms operand `ea`, or one part of it
    ea.tail         what follows the head, placed here instead of at the end
    +               ends the instruction's own word; further units of the stream follow
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from vmproof.language.suggest import with_suggestion

MAX_OPERAND_BITS = 128
MAX_PATTERN_BITS = 1024
MAX_PATTERN_TEXT = 10_000
DONT_CARE = "-"


class PatternError(ValueError):
    """A pattern, a form, an assembly template or a value of an operand is wrong.

    The message is one sentence without a place. `offset` is the column (from 0) in the text that is wrong, where it is known.
    `form` names the alternative whose text that is; None means the pattern itself.
    """

    def __init__(self, message: str, offset: int | None = None, form: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.form = form


@dataclass(frozen=True)
class Literal:
    """Fixed bits, as text of `0`, `1` and `-`, most significant first."""

    bits: str


@dataclass(frozen=True)
class Slice:
    """Bits `hi` to `lo` of an operand, most significant first."""

    variable: str
    hi: int
    lo: int


@dataclass(frozen=True)
class Head:
    """Bits `hi` to `lo` of the head of a forms operand."""

    operand: str
    hi: int
    lo: int


@dataclass(frozen=True)
class Tail:
    """What the chosen form of a forms operand appends to the stream."""

    operand: str


Segment: TypeAlias = Literal | Slice | Head | Tail


class HasHead(Protocol):
    """What a pattern must know of a forms operand."""

    @property
    def head_width(self) -> int: ...

    @property
    def parts(self) -> Mapping[str, tuple[int, int]]: ...


@dataclass(frozen=True)
class Pattern:
    """A pattern that has been read.

    `base` stands before `+` and `tail` after it; a Tail that the text does not place stands at the end of `tail`.
    `named` has, for each operand, its width and the mask of the bits that the pattern holds. `order` lists operands, plain and forms,
    in the order of their appearance.
    """

    base: tuple[Segment, ...]
    tail: tuple[Segment, ...]
    named: Mapping[str, tuple[int, int]]
    order: tuple[str, ...]

    @property
    def base_bits(self) -> int:
        return sum(segment_bits(segment) for segment in self.base)


def segment_bits(segment: Segment) -> int:
    """The bits of a segment; 0 for a Tail, whose length depends on the form."""
    match segment:
        case Literal(bits):
            return len(bits)
        case Slice(_, hi, lo) | Head(_, hi, lo):
            return hi - lo + 1
        case Tail():
            return 0


def turned(segments: tuple[Segment, ...], bits: int, unit: int) -> tuple[Segment, ...]:
    """Segments of `bits` bits in all, none of them a Tail, with their units of `unit` bits in the opposite order."""
    found: list[Segment] = []
    for low in range(0, bits, unit):
        place = bits
        for segment in segments:
            place -= segment_bits(segment)  # the bits below this segment
            hi, lo = min(low + unit - 1 - place, segment_bits(segment) - 1), max(low - place, 0)
            if hi >= lo:
                found.append(_part(segment, hi, lo))
    return _merged(found)


def _part(segment: Segment, hi: int, lo: int) -> Segment:
    """Bits `hi` to `lo` of what a segment stands for."""
    match segment:
        case Literal(bits):
            return Literal(bits[len(bits) - 1 - hi : len(bits) - lo])
        case Slice(variable, _, low):
            return Slice(variable, low + hi, low + lo)
        case Head(operand, _, low):
            return Head(operand, low + hi, low + lo)
    raise TypeError("a tail stands in no unit of the instruction's own word")


_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_END = r"(?=\s|\+|$)"
_BITS = re.compile(rf"[01-]+{_END}")
_OPERAND = re.compile(rf"({_NAME})\[([^\[\]]*)\]{_END}")
_FORMS = re.compile(rf"({_NAME})(?:\.({_NAME}))?{_END}")
_WHOLE = re.compile(r"\s*([0-9]+)\s*")
_LITTLE = re.compile(r"\s*([0-9]+)\s+le\s*")
_PIECE = re.compile(r"\s*([0-9]+)\s*(?::\s*([0-9]+)\s*)?")
_BAD = re.compile(r"[^\s+]*(?:\[[^\]]*\])?[^\s+]*")


@dataclass(frozen=True)
class _Token:
    kind: str  # "bits", "operand", "forms" or "plus"
    text: str
    offset: int
    name: str = ""
    detail: str = ""


def read_pattern(text: str, forms: Mapping[str, HasHead]) -> Pattern:
    """Read a pattern whose forms operands are `forms`.

    Raises PatternError, with the offset in `text`, for everything that is not a pattern as described at the top of this file.
    """
    if len(text) > MAX_PATTERN_TEXT:
        raise PatternError(f"the pattern has {len(text)} characters; at most {MAX_PATTERN_TEXT} are supported", 0)
    tokens = _tokens(text)
    if not tokens:
        raise PatternError("the pattern is empty; write its bits, most significant first, such as `0110 rd[2] rs[2]`", 0)
    pluses = [index for index, token in enumerate(tokens) if token.kind == "plus"]
    if len(pluses) > 1:
        raise PatternError("the pattern has more than one `+`; a single `+` ends the instruction's own word", tokens[pluses[1]].offset)
    if pluses and pluses[0] == 0:
        raise PatternError("nothing stands before `+`; the instruction's own word comes first", tokens[0].offset)
    if pluses and pluses[0] == len(tokens) - 1:
        raise PatternError("nothing follows `+`", tokens[-1].offset)
    end = pluses[0] if pluses else len(tokens)
    reader = _Reader(tokens, forms)
    base = reader.segments(tokens[:end], in_tail=False)
    tail = reader.segments(tokens[end + 1 :], in_tail=True)
    reader.finish()
    tail.extend(Tail(name) for name in reader.order if name in forms and name not in reader.placed)
    bits = sum(segment_bits(segment) for segment in (*base, *tail))
    if bits > MAX_PATTERN_BITS:
        raise PatternError(f"the pattern has {bits} bits; at most {MAX_PATTERN_BITS} are supported", 0)
    named = {name: (mask.bit_length(), mask) for name, mask in reader.masks.items()}
    return Pattern(_merged(base), _merged(tail), named, tuple(reader.order))


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if text[at] == "+":
            token = _Token("plus", "+", at)
        elif found := _BITS.match(text, at):
            token = _Token("bits", found[0], at)
        elif found := _OPERAND.match(text, at):
            token = _Token("operand", found[0], at, found[1], found[2])
        elif found := _FORMS.match(text, at):
            token = _Token("forms", found[0], at, found[1], found[2] or "")
        else:
            raise _bad_token(text, at)
        tokens.append(token)
        at += len(token.text)
    return tokens


def _bad_token(text: str, at: int) -> PatternError:
    found = _BAD.match(text, at)
    bad = _shown((found[0] if found else "") or text[at])
    if "[" in bad and "]" not in bad:
        return PatternError(f"`{bad}` lacks its `]`", at)
    known = "bits such as `01-`, operands such as `rd[5]` or `imm[12|10:5]`, forms operands such as `ea` or `ea.mode`, and `+`"
    return PatternError(f"`{bad}` is not part of a pattern; tokens, set apart by blanks, are {known}", at)


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:37] + "..."


class _Reader:
    """Turns tokens into segments and keeps account of what has been named."""

    def __init__(self, tokens: list[_Token], forms: Mapping[str, HasHead]) -> None:
        self.forms = forms
        self.order: list[str] = []
        self.masks: dict[str, int] = {}
        self.placed: set[str] = set()
        self.heads: dict[str, tuple[int, int]] = {}  # mask of the head bits seen, offset of the first token
        self.tokens_of: dict[str, list[_Token]] = {}
        for token in tokens:
            if token.kind == "operand":
                self.tokens_of.setdefault(token.name, []).append(token)

    def segments(self, tokens: list[_Token], *, in_tail: bool) -> list[Segment]:
        segments: list[Segment] = []
        for token in tokens:
            if token.kind == "bits":
                segments.append(Literal(token.text))
                continue
            if token.kind == "operand":
                segments.extend(self.operand(token))
            else:
                segments.append(self.head_or_tail(token, in_tail))
            if token.name not in self.order:
                self.order.append(token.name)
        return segments

    def operand(self, token: _Token) -> list[Segment]:
        if token.name in self.forms:
            parts = ", ".join(f"`{token.name}.{part}`" for part in self.forms[token.name].parts)
            message = f"`{token.name}` is a forms operand; write `{token.name}` for its whole head, or its parts {parts}"
            raise PatternError(message, token.offset)
        alone = len(self.tokens_of[token.name]) == 1
        if found := _LITTLE.fullmatch(token.detail):
            if not alone:
                raise PatternError(f"`{_shown(token.text)}` must be the only token that names `{token.name}`", token.offset)
            return self.little_endian(token, found[1])
        if alone and (found := _WHOLE.fullmatch(token.detail)):
            width = _number(found[1])
            if width == 0:
                raise PatternError(f"`{_shown(token.text)}` has no bits; the width of an operand is at least 1", token.offset)
            pieces = [(width - 1, 0)]
        else:
            pieces = [self.piece(token, text) for text in token.detail.split("|")]
        return [self.slice(token, hi, lo) for hi, lo in pieces]

    def little_endian(self, token: _Token, digits: str) -> list[Segment]:
        width = _number(digits)
        if width == 0 or width % 8:
            raise PatternError(f"`{_shown(token.text)}` is stored byte by byte, so its width must be a multiple of 8", token.offset)
        self.check_width(token, width - 1)
        return [self.slice(token, low + 7, low) for low in range(0, width, 8)]

    def piece(self, token: _Token, text: str) -> tuple[int, int]:
        found = _PIECE.fullmatch(text)
        if not found:
            name = token.name
            known = f"`{name}[5]`, `{name}[12|10:5]` or `{name}[32 le]`"
            raise PatternError(f"`{_shown(token.text)}` does not say which bits of `{name}`; write {known}", token.offset)
        hi = _number(found[1])
        lo = _number(found[2]) if found[2] is not None else hi
        if hi < lo:
            mend = f"`{token.name}[{lo}:{hi}]`"
            message = f"`{_shown(token.text)}` has `{hi}:{lo}` the wrong way round; the higher bit comes first, as in {mend}"
            raise PatternError(message, token.offset)
        return hi, lo

    def check_width(self, token: _Token, hi: int) -> None:
        if hi >= MAX_OPERAND_BITS:
            message = f"`{_shown(token.text)}` is too wide; an operand has at most {MAX_OPERAND_BITS} bits"
            raise PatternError(message, token.offset)

    def slice(self, token: _Token, hi: int, lo: int) -> Slice:
        self.check_width(token, hi)
        mask = (2 << hi) - (1 << lo)
        twice = self.masks.get(token.name, 0) & mask
        if twice:
            if sum(other.text == token.text for other in self.tokens_of[token.name]) > 1:
                raise PatternError(f"`{_shown(token.text)}` appears twice; each bit of an operand stands in one place", token.offset)
            bit = twice.bit_length() - 1
            raise PatternError(f"`{_shown(token.text)}` names bit {bit} of `{token.name}`, which is named already", token.offset)
        self.masks[token.name] = self.masks.get(token.name, 0) | mask
        return Slice(token.name, hi, lo)

    def head_or_tail(self, token: _Token, in_tail: bool) -> Segment:
        forms = self.forms.get(token.name)
        if forms is None:
            raise self.unknown(token)
        if token.detail == "tail":
            return self.explicit_tail(token, in_tail)
        if not token.detail:
            hi, lo = forms.head_width - 1, 0
        elif token.detail in forms.parts:
            hi, lo = forms.parts[token.detail]
        else:
            names = [*forms.parts, "tail"]
            listed = ", ".join(f"`{name}`" for name in names)
            message = f"the head of `{token.name}` has no part `{token.detail}`, only {listed}"
            raise PatternError(with_suggestion(message, token.detail, names), token.offset)
        mask = (2 << hi) - (1 << lo)
        seen, offset = self.heads.get(token.name, (0, token.offset))
        if seen & mask:
            raise PatternError(f"`{_shown(token.text)}` repeats bits of the head of `{token.name}`; each part appears once", token.offset)
        self.heads[token.name] = (seen | mask, offset)
        return Head(token.name, hi, lo)

    def explicit_tail(self, token: _Token, in_tail: bool) -> Tail:
        if not in_tail:
            raise PatternError(
                f"`{_shown(token.text)}` belongs after `+`, since it is not part of the instruction's own word", token.offset
            )
        if token.name in self.placed:
            raise PatternError(f"`{_shown(token.text)}` appears twice", token.offset)
        seen, _ = self.heads.get(token.name, (0, 0))
        if seen != (1 << self.forms[token.name].head_width) - 1:
            raise PatternError(
                f"`{_shown(token.text)}` must come after the whole head of `{token.name}`, which decides its length", token.offset
            )
        self.placed.add(token.name)
        return Tail(token.name)

    def unknown(self, token: _Token) -> PatternError:
        if token.detail:
            message = f"`{_shown(token.text)}` needs a forms operand `{token.name}`, and there is none"
        else:
            message = f"`{token.name}` is not a forms operand; write `{token.name}[5]` for an operand of 5 bits"
        return PatternError(with_suggestion(message, token.name, self.forms), token.offset)

    def finish(self) -> None:
        for name, forms in self.forms.items():
            if name not in self.heads:
                message = f"the pattern does not mention its forms operand `{name}`"
                raise PatternError(with_suggestion(message, name, self.order), 0)
            seen, offset = self.heads[name]
            missing = [f"`{name}.{part}`" for part, (hi, lo) in forms.parts.items() if not seen >> lo & 1]
            if missing:
                raise PatternError(f"the pattern lacks {', '.join(missing)}; every part of the head of `{name}` must appear", offset)


def _number(digits: str) -> int:
    # A number of many digits is never a bit position; the limit keeps int() away from texts of any length.
    return int(digits) if len(digits) <= 6 else 10**6


def _merged(segments: list[Segment]) -> tuple[Segment, ...]:
    """Neighbouring literals as one."""
    merged: list[Segment] = []
    for segment in segments:
        last = merged[-1] if merged else None
        if isinstance(segment, Literal) and isinstance(last, Literal):
            merged[-1] = Literal(last.bits + segment.bits)
        else:
            merged.append(segment)
    return tuple(merged)
