"""A walk as a picture: the levels across; with a second stage, its levels down, since it translates each table's address and the last one.

Every entry has a box, in which the references are numbered in their order; what the walk did not come to is dashed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from vmproof.language.types import EnumType
from vmproof.simulate.walking import RealWalk, Visit

_WIDTH, _HEIGHT = 176, 58  # of a box
_ACROSS, _DOWN = 44, 30  # between boxes
_LEFT, _NARROW, _TOP = 128, 32, 132
_FONT = "font-family='DejaVu Sans, Verdana, sans-serif'"
_MONO = "font-family='DejaVu Sans Mono, Menlo, monospace'"
_OWN, _BELOW, _RESULT, _FAULT, _LINE, _QUIET = "#d7e5fa", "#e8efe3", "#fbeecb", "#c0392b", "#44546a", "#a9b4c2"

Cell = tuple[int, int]


@dataclass(frozen=True)
class _Grid:
    """The columns and rows of a walk, with what was read at each place and when."""

    columns: tuple[int | str, ...]
    rows: tuple[int | str, ...]
    visits: dict[Cell, tuple[int, Visit]]

    @property
    def margin(self) -> int:
        """Room on the left, for the names of rows where there are several."""
        return _LEFT if len(self.rows) > 1 else _NARROW

    def left(self, column: int) -> int:
        return self.margin + column * (_WIDTH + _ACROSS)

    def top(self, row: int) -> int:
        return _TOP + row * (_HEIGHT + _DOWN)


def drawing(walked: RealWalk, members: EnumType) -> str:
    """The picture as SVG text. `members` are the reasons that a walk can have."""
    grid = _grid(walked)
    right = grid.left(len(grid.columns) - 1) + _WIDTH + 36
    bottom = grid.top(len(grid.rows) - 1) + _HEIGHT + 70
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{right}' height='{bottom}' viewBox='0 0 {right} {bottom}'>",
        "<defs><marker id='head' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='7' markerHeight='7' orient='auto'>"
        f"<path d='M0,0 L10,5 L0,10 z' fill='{_LINE}'/></marker></defs>",
        f"<rect width='{right}' height='{bottom}' fill='white'/>",
        *_titles(walked, grid),
    ]
    for column in range(len(grid.columns)):
        for row in range(len(grid.rows)):
            parts += _box(walked, grid, (column, row))
    parts += _arrows(walked, grid)
    parts.append(_text(grid.margin, bottom - 26, _ending(walked, members), 15, "#1d2733" if walked.result["ok"] else _FAULT, weight="bold"))
    return "\n".join([*parts, "</svg>", ""])


def _grid(walked: RealWalk) -> _Grid:
    if walked.words["radix"]:
        columns: list[int | str] = [level for level, _, _ in walked.words["levels"]]
    else:
        columns = list(dict.fromkeys(visit.column for visit in walked.references))
    columns.append("final")
    rows: list[int | str] = []
    if walked.second_words is not None:
        rows = [level for level, _, _ in walked.second_words["levels"]]
    rows.append("entry")
    visits: dict[Cell, tuple[int, Visit]] = {}
    for number, visit in enumerate(walked.references, 1):
        if visit.column in columns:
            visits.setdefault((columns.index(visit.column), rows.index(visit.row)), (number, visit))
    return _Grid(tuple(columns), tuple(rows), visits)


def _titles(walked: RealWalk, grid: _Grid) -> list[str]:
    title = str(walked.words["title"]) + (f" behind {walked.second_words['title']}" if walked.second_words else "")
    parts = [
        _text(grid.margin, 40, f"{title}: {walked.access} at {walked.va:#x}", 20, "#1d2733", weight="bold"),
        _text(grid.margin, 64, _counted(walked), 13, "#5a6675"),
    ]
    for number, column in enumerate(grid.columns):
        if column == "final":
            name = "final address"
        elif isinstance(column, int):
            name = f"{'guest ' if walked.second else ''}level {column}"
        else:
            name = column
        parts.append(_text(grid.left(number) + _WIDTH // 2, _TOP - 20, name, 14, _LINE, anchor="middle", weight="bold"))
    for number, row in enumerate(grid.rows):
        if len(grid.rows) > 1:
            name = "guest entry" if row == "entry" else f"host level {row}"
            parts.append(_text(_LEFT - 16, grid.top(number) + _HEIGHT // 2 + 5, name, 13, _LINE, anchor="end"))
    return parts


def _counted(walked: RealWalk) -> str:
    again = len(walked.to_change())
    drawn = len(walked.references) - again
    text = f"{drawn} memory reference{'s' * (drawn != 1)}, numbered in their order; addresses are physical"
    return text + (f"; {again} more, to change entries, are not drawn" if again else "")


def _box(walked: RealWalk, grid: _Grid, cell: Cell) -> list[str]:
    left, top = grid.left(cell[0]), grid.top(cell[1])
    if cell == (len(grid.columns) - 1, len(grid.rows) - 1):
        return _result_box(walked, left, top)
    found = grid.visits.get(cell)
    if found is None:
        return [_rect(left, top, "none", _QUIET, 1, " stroke-dasharray='4 4'")]
    number, visit = found
    last = number == len(walked.references) and not walked.result["ok"]
    edge, width = (_FAULT, 2.5) if last else (_LINE, 1.2)
    fill = _OWN if visit.own else _BELOW
    return [
        _rect(left, top, fill, edge, width),
        f"<circle cx='{left + 18}' cy='{top + 19}' r='12' fill='{_LINE}'/>",
        _text(left + 18, top + 23, str(number), 12, "white", anchor="middle", weight="bold"),
        _text(left + 36, top + 24, f"{visit.values['place']:#x}", 12, "#1d2733", mono=True),
        _text(left + 12, top + 47, f"{visit.values['entry']:#x}", 12, "#5a6675", mono=True),
    ]


def _result_box(walked: RealWalk, left: int, top: int) -> list[str]:
    if not walked.result["ok"]:
        return [_rect(left, top, "none", _QUIET, 1, " stroke-dasharray='4 4'")]
    return [
        _rect(left, top, _RESULT, _LINE, 1.8),
        _text(left + 12, top + 24, "physical address", 12, "#5a6675"),
        _text(left + 12, top + 46, f"{walked.result['pa']:#x}", 14, "#1d2733", mono=True, weight="bold"),
    ]


def _arrows(walked: RealWalk, grid: _Grid) -> list[str]:
    """From each reference to the next, and from the last one to the result."""
    ordered = [cell for cell, _ in sorted(grid.visits.items(), key=lambda item: item[1][0])]
    if walked.result["ok"]:
        ordered.append((len(grid.columns) - 1, len(grid.rows) - 1))
    made = []
    for before, after in pairwise(ordered):
        if before[0] == after[0]:
            x = grid.left(before[0]) + _WIDTH // 2
            made.append(_path(f"M{x},{grid.top(before[1]) + _HEIGHT} L{x},{grid.top(after[1]) - 2}"))
            continue
        right, left = grid.left(before[0]) + _WIDTH, grid.left(after[0])
        low, high = grid.top(before[1]) + _HEIGHT // 2, grid.top(after[1]) + _HEIGHT // 2
        middle = left - _ACROSS // 2
        made.append(_path(f"M{right},{low} L{middle},{low} L{middle},{high} L{left - 2},{high}"))
    return made


def _rect(left: int, top: int, fill: str, edge: str, width: float, more: str = "") -> str:
    size = f"x='{left}' y='{top}' width='{_WIDTH}' height='{_HEIGHT}' rx='7'"
    return f"<rect {size} fill='{fill}' stroke='{edge}' stroke-width='{width}'{more}/>"


def _path(route: str) -> str:
    return f"<path d='{route}' fill='none' stroke='{_LINE}' stroke-width='1.5' marker-end='url(#head)'/>"


def _ending(walked: RealWalk, members: EnumType) -> str:
    if walked.result["ok"]:
        return f"{walked.va:#x} is at physical address {walked.result['pa']:#x}"
    words = walked.second_words if walked.result["second"] else walked.words
    assert words is not None
    step, text = words["reasons"][members.member(walked.reason)]
    return f"fault ({words['numbered']} {step}): {text}" if step != "-" else f"fault: {text}"


def _text(x: int, y: int, text: str, size: int, colour: str, anchor: str = "start", weight: str = "normal", mono: bool = False) -> str:
    font = _MONO if mono else _FONT
    style = f"{font} font-size='{size}' font-weight='{weight}' fill='{colour}' text-anchor='{anchor}'"
    return f"<text x='{x}' y='{y}' {style}>{escape(text)}</text>"
