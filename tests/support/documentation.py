"""The fenced blocks of a Markdown file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Fence:
    """A fenced block: what stands after the opening backticks, its text, and the line that it begins on."""

    info: str
    text: str
    line: int


def fences(path: Path) -> list[Fence]:
    """All fenced blocks of a file, in order."""
    text = path.read_text(encoding="utf-8")
    found = re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Fence(match[1].strip(), match[2], text.count("\n", 0, match.start()) + 2) for match in found]


def first_example() -> str:
    """The first whole description of the language reference."""
    return next(block.text for block in fences(ROOT / "spec" / "README.md") if block.info == "python")
