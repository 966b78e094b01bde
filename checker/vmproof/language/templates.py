"""Assembly templates: their text, and the ways they write a number.

`{rd}` is a number in decimal; a format follows a colon:

    signed, signed8      two's complement of the whole operand, or of its low 8 bits
    +signed, +signed8    the same, always with a sign
    hex, x, x4           `0x1f`; `1f`; at least 4 digits
    oct, oct6, bin, bin4 octal and binary digits, without a prefix
    lo|hi|ls|cc          one name for each value of the operand

`{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from vmproof.language.patterns import PatternError
from vmproof.language.suggest import with_suggestion

_FORMAT = re.compile(r"(\+?signed|x|oct|bin)([0-9]{0,3})|hex")
_FORMATS = ("signed", "+signed", "hex", "x", "oct", "bin")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True)
class Place:
    """`{name:style}` in a template, at column `offset`."""

    name: str
    style: str
    offset: int


@lru_cache(maxsize=4096)
def parse_template(template: str) -> tuple[str | Place, ...]:
    """The texts and places of a template. Raises PatternError for a brace without its partner and for an empty name."""
    parts: list[str | Place] = []
    text = ""
    at = 0
    while at < len(template):
        char = template[at]
        if char in "{}" and template[at : at + 2] == char * 2:
            text += char
            at += 2
        elif char == "{":
            end = template.find("}", at)
            if end < 0:
                raise PatternError("the assembly template has `{` without `}`", at)
            name, _, style = template[at + 1 : end].partition(":")
            if not _NAME.fullmatch(name):
                raise PatternError(f"`{{{name}}}` in the assembly template does not name an operand", at)
            parts += [text, Place(name, style, at)] if text else [Place(name, style, at)]
            text = ""
            at = end + 1
        elif char == "}":
            raise PatternError("the assembly template has `}` without `{`; write `}}` for a brace", at)
        else:
            text += char
            at += 1
    return tuple([*parts, text] if text else parts)


def check_places(template: str, widths: Mapping[str, int], forms: Collection[str]) -> None:
    """Raises PatternError unless every place of `template` names one of `widths` (with its bits) or `forms`, in a format that fits."""
    for place in parse_template(template):
        if isinstance(place, str):
            continue
        if place.name in forms or (place.name.endswith(".form") and place.name in widths):
            if place.style:
                raise PatternError(f"`{{{place.name}:{place.style}}}` is text already, so it takes no format", place.offset)
        elif place.name in widths:
            _check_style(place, widths[place.name])
        else:
            known = [*widths, *forms]
            message = f"the assembly template names `{place.name}`, which is not an operand here"
            raise PatternError(with_suggestion(message, place.name, known), place.offset)


def _check_style(place: Place, width: int) -> None:
    style = place.style
    if "|" in style:
        count = style.count("|") + 1
        if count != 1 << width:
            message = f"`{place.name}` has {1 << width} values, but its format in the assembly template gives {count} names"
            raise PatternError(message, place.offset)
        return
    if not style:
        return
    found = _FORMAT.fullmatch(style)
    if not found:
        listed = ", ".join(f"`{name}`" for name in _FORMATS)
        message = f"the assembly template has no format `{style}`; formats are {listed} and a list of names `a|b`"
        raise PatternError(with_suggestion(message, style, _FORMATS), place.offset)
    if (found[1] or "").endswith("signed") and found[2] and not 1 <= int(found[2]) <= width:
        raise PatternError(f"`{place.name}` has {width} bits, so `{style}` does not fit it", place.offset)


def fill(template: str, text_of: Callable[[Place], str]) -> str:
    """The template's text with `text_of` for each of its places."""
    return "".join(part if isinstance(part, str) else text_of(part) for part in parse_template(template))


def number_text(value: int, width: int, style: str) -> str:
    """`value`, an unsigned number of `width` bits, in a format that has been checked."""
    if "|" in style:
        return style.split("|")[value]
    if not style:
        return str(value)
    if style == "hex":
        return hex(value)
    found = _FORMAT.fullmatch(style)
    assert found is not None, style
    kind, size = found[1], int(found[2] or 0)
    if kind.endswith("signed"):
        bits = size or width
        low = value & ((1 << bits) - 1)
        number = low - (1 << bits) if low >> (bits - 1) else low
        return f"{number:+d}" if kind[0] == "+" else str(number)
    digits = {"x": "x", "oct": "o", "bin": "b"}[kind]
    return f"{value:0{size}{digits}}"
