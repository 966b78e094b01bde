"""What a report is made of, independent of where it is shown: headings, paragraphs and tables, and their plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

WIDTH = 110
"""Columns at which plain sentences are folded. A table of names is never folded: one row is one line."""


class Tone(Enum):
    """How a piece of text is meant; a terminal shows it as a colour, plain text not at all."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    OPEN = "open"
    DIM = "dim"
    STRONG = "strong"


@dataclass(frozen=True)
class Cell:
    """A piece of text in one tone."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Heading:
    """A line that begins a part of the report; `note` follows it in a quieter tone."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class Paragraph:
    """Running text, folded; `label` stands before it and continuation lines are indented below the text. `indent` is in columns."""

    text: str
    label: str = ""
    indent: int = 2
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Command:
    """A command to type, on a line of its own and never folded; `label` says what it does."""

    text: str
    label: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells; a short row leaves its last columns empty. `header` may be empty.

    `fold` says that the last column holds sentences: they are folded.
    """

    rows: tuple[tuple[Cell, ...], ...]
    header: tuple[str, ...] = ()
    indent: int = 2
    fold: bool = False


@dataclass(frozen=True)
class Gap:
    """An empty line."""


Block = Heading | Paragraph | Command | Table | Gap


def row(*texts: str | Cell) -> tuple[Cell, ...]:
    """A row of a table; text without a tone is plain."""
    return tuple(text if isinstance(text, Cell) else Cell(text) for text in texts)


_CONTROL = {code: f"\\x{code:02x}" for code in [*range(32), *range(127, 160)] if chr(code) not in "\t\n"}


def printable(text: str) -> str:
    """The text with control characters spelt out: names and titles come from descriptions, which strangers write."""
    return text.translate(_CONTROL)


def plain(blocks: Iterable[Block]) -> str:
    """The report as lines of text without control characters, each ended by a newline."""
    lines: list[str] = []
    for block in blocks:
        lines.extend(_plain_lines(block))
    return "".join(f"{printable(line).rstrip()}\n" for line in lines)


def _plain_lines(block: Block) -> list[str]:
    match block:
        case Heading(text, note):
            return [f"{text}  {note}" if note else text]
        case Paragraph():
            return fold(block)
        case Command(text, label):
            return [f"  {label}  {text}" if label else f"  {text}"]
        case Table():
            return _aligned(block)
        case Gap():
            return [""]


def fold(paragraph: Paragraph, width: int = WIDTH) -> list[str]:
    """The lines of a paragraph, folded at `width` columns, never inside a word."""
    lead = " " * paragraph.indent + (f"{paragraph.label}  " if paragraph.label else "")
    lines: list[str] = []
    for part in paragraph.text.splitlines() or [""]:
        first = lead if not lines else " " * len(lead)
        lines += textwrap.wrap(
            part, width, initial_indent=first, subsequent_indent=" " * len(lead), break_long_words=False, break_on_hyphens=False
        ) or [first]
    return lines


def _aligned(table: Table) -> list[str]:
    rows: list[Sequence[str]] = [[cell.text for cell in cells] for cells in table.rows]
    if table.header:
        rows.insert(0, table.header)
    columns = max(map(len, rows), default=0)
    widths = [max((len(texts[column]) for texts in rows if column < len(texts)), default=0) for column in range(columns)]
    margin = " " * table.indent
    lines: list[str] = []
    for texts in rows:
        *before, last = [text.ljust(width) for text, width in zip(texts, widths, strict=False)] or [""]
        lead = margin + "".join(f"{text}  " for text in before)
        if table.fold and len(texts) == columns:
            lines += textwrap.wrap(last.rstrip(), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead)) or [lead]
        else:
            lines.append(lead + last)
    return lines
