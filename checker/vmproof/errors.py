"""What can go wrong for a user, one class per situation. The command line maps each to an exit code (DESIGN, section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A position in a file: line and column count from 1; `source` is the text of that line."""

    path: Path
    line: int
    column: int = 1
    source: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class VmproofError(Exception):
    """Base of every error that vmproof raises on purpose; any other exception is a bug in vmproof (exit code 70)."""


class InputError(VmproofError):
    """The input or the command line is wrong (exit code 2).

    `message` is one sentence. `place` says where, if it is in a file. `hint` proposes the mend ("did you mean `status`?").
    """

    def __init__(self, message: str, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        text = self.message + (f"; {self.hint}" if self.hint else "")
        return f"{self.place}: {text}" if self.place else text

    def caret(self) -> str:
        """The source line with a caret under the mistake, or nothing where there is no line to show."""
        if self.place is None or not self.place.source.strip():
            return ""
        line = self.place.source.replace("\t", " ")
        return f"    {line}\n    {' ' * (self.place.column - 1)}^"
