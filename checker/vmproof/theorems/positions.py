"""Where the tables and keys of a TOML file stand: `tomllib` tells what a file says, not where."""

from __future__ import annotations

import re
from pathlib import Path

from vmproof.errors import Place

_HEADER = re.compile(r"\s*\[\[?([^\]]+)\]\]?")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_LONG = ('"""', "'''")


class Positions:
    """The places of a file's tables and keys. A key inside an inline table stands where that table's own key does."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()
        self._found: dict[tuple[str, ...], tuple[int, int]] = {}
        table: tuple[str, ...] = ()
        inside = ""
        for number, line in enumerate(self._lines, 1):
            if inside:
                inside = "" if inside in line else inside
                continue
            if header := _HEADER.match(line):
                table = _parts(header[1])
                self._note(table, number, line)
            elif key := _KEY.match(line):
                self._note((*table, *_parts(key[1])), number, line)
                opened = next((mark for mark in _LONG if line.count(mark) == 1), "")
                inside = opened

    def at(self, *keys: str) -> Place:
        """Where a key stands, or else the nearest table around it; the file's beginning if that stands nowhere."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self._found:
                line, column = self._found[keys[:length]]
                return self.line(line, column)
        return self.line(1)

    def line(self, number: int, column: int = 1) -> Place:
        """A line of the file."""
        source = self._lines[number - 1] if 0 < number <= len(self._lines) else ""
        return Place(self._path, number, column, source)

    def _note(self, keys: tuple[str, ...], number: int, line: str) -> None:
        self._found.setdefault(keys, (number, len(line) - len(line.lstrip()) + 1))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in _PART.findall(text))
