"""A report on a terminal: colours and tables that fit its width."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from vmproof.report.layout import Block, Command, Gap, Heading, Paragraph, Table, Tone, printable

_STYLES = {
    Tone.PLAIN: "",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
    Tone.OPEN: "yellow",
    Tone.DIM: "dim",
    Tone.STRONG: "bold",
}


def show(blocks: Iterable[Block], stream: TextIO, width: int | None = None) -> None:
    """Write the report to a terminal. `width` in columns is for tests; otherwise the terminal's own."""
    console = Console(file=stream, width=width, highlight=False, force_terminal=True if width else None)
    for block in blocks:
        console.print(_rendered(block), soft_wrap=isinstance(block, Command))


def _rendered(block: Block) -> RenderableType:
    match block:
        case Heading(text, note):
            line = Text(printable(text), style="bold")
            return line.append(printable(f"  {note}"), style="not bold dim") if note else line
        case Paragraph(text, label, indent, tone):
            body = Text(printable(text), style=_STYLES[tone])
            if not label:
                return Padding(body, (0, 0, 0, indent))
            grid = RichTable.grid(padding=(0, 2, 0, 0))
            grid.add_row(Text(printable(label), style="bold"), body)
            return Padding(grid, (0, 0, 0, indent))
        case Command(text, label):
            line = Text("  ")
            if label:
                line.append(f"{label}  ", style="dim")
            return line.append(printable(text), style="cyan")
        case Table():
            return Padding(_table(block), (0, 0, 0, max(block.indent - 1, 0)))
        case Gap():
            return Text("")


def _table(block: Table) -> RichTable:
    columns = max([len(cells) for cells in block.rows] + [len(block.header)], default=0)
    table = RichTable(box=None, show_header=bool(block.header), pad_edge=True, header_style="dim", padding=(0, 1))
    for column in range(columns):
        title = block.header[column] if column < len(block.header) else ""
        # Names stay whole; the last column is text that may be folded.
        table.add_column(title, no_wrap=column == 0, overflow="fold")
    for cells in block.rows:
        table.add_row(*[Text(printable(cell.text), style=_STYLES[cell.tone]) for cell in cells])
    return table
