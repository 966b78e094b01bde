"""Images of physical memory: a raw file at a base address, or a sparse text of words by address.

The text has lines `address: word word ...`; `#` begins a comment. Addresses and words are hexadecimal, with or without `0x`; a word has
2, 4, 8 or 16 digits, which say how many bytes it fills, the least significant one at the lowest address. `_` may stand between digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vmproof.errors import InputError, Place

PAGE = 4096
MOST = 1 << 32
"""Bytes of a raw image that are read; a larger file is an error."""

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F](?:_?[0-9a-fA-F])*)")
_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True)
class MemoryImage:
    """Bytes by address. Memory exists from the first byte of a page that holds one of them to its last; the others read as zero."""

    path: Path
    pages: dict[int, bytes]

    def read(self, address: int, size: int) -> int | None:
        """A little-endian word of `size` bytes, which does not cross a page; None where there is no memory."""
        page = self.pages.get(address // PAGE)
        if page is None:
            return None
        at = address % PAGE
        return int.from_bytes(page[at : at + size].ljust(size, b"\0"), "little")

    def extent(self) -> str:
        """Where memory is, for a message: the first ranges of pages."""
        ranges: list[list[int]] = []
        for page in sorted(self.pages):
            if ranges and ranges[-1][1] == page:
                ranges[-1][1] += 1
            else:
                ranges.append([page, page + 1])
        told = [f"{first * PAGE:#x} to {last * PAGE - 1:#x}" for first, last in ranges[:3]]
        return ", ".join(told) + (", ..." if len(ranges) > 3 else "")


def read_image(name: str, base: int | None) -> MemoryImage:
    """The image in a file: raw where a `base` is given or the file is no text, else the sparse form. Raises InputError."""
    path = Path(name)
    try:
        if path.stat().st_size > MOST:
            raise InputError(f"{name} is larger than {MOST >> 30} GiB", hint="cut out the part that holds the tables, and give its --base")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None
    if not content:
        raise InputError(f"{name} is empty, so there is no memory in it")
    text = _text(content) if base is None else None
    if text is not None:
        return MemoryImage(path, _sparse(path, text))
    first = base or 0
    if first % PAGE:
        raise InputError(f"--base {first:#x} is not a multiple of {PAGE:#x}")
    return MemoryImage(path, {(first + at) // PAGE: content[at : at + PAGE] for at in range(0, len(content), PAGE)})


def _text(content: bytes) -> str | None:
    """The content as text; None where it has bytes that no text has."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if any(ord(sign) < 32 and sign not in "\t\r\n" for sign in text) else text


def _sparse(path: Path, text: str) -> dict[int, bytes]:
    pages: dict[int, bytearray] = {}
    given: set[int] = set()
    for number, line in enumerate(text.splitlines(), 1):
        code = line.partition("#")[0]
        if not code.strip():
            continue
        head, colon, rest = code.partition(":")
        column = len(head) - len(head.lstrip()) + 1
        found = _HEX.fullmatch(head.strip())
        if not colon or found is None:
            message = "a line is an address, a colon and words, such as `80001000: 0000000020000801`"
            raise InputError(message, Place(path, number, column, line))
        at = int(found[1].replace("_", ""), 16)
        tokens = list(_TOKEN.finditer(rest))
        if not tokens:
            raise InputError(f"no word stands after the address {at:#x}", Place(path, number, len(code.rstrip()), line))
        for token in tokens:
            place = Place(path, number, len(head) + 2 + token.start(), line)
            word = _HEX.fullmatch(token[0])
            digits = word[1].replace("_", "") if word is not None else ""
            if len(digits) not in (2, 4, 8, 16):
                raise InputError(f"`{token[0][:40]}` is no word: a word has 2, 4, 8 or 16 hexadecimal digits", place)
            content = int(digits, 16).to_bytes(len(digits) // 2, "little")
            if at + len(content) > 1 << 64:
                raise InputError("an address has at most 64 bits", place)
            for byte in content:
                if at in given:
                    raise InputError(f"the byte at {at:#x} is given twice", place)
                given.add(at)
                pages.setdefault(at // PAGE, bytearray(PAGE))[at % PAGE] = byte
                at += 1
    if not pages:
        raise InputError(f"{path} holds no word, so there is no memory in it")
    return {page: bytes(content) for page, content in pages.items()}
