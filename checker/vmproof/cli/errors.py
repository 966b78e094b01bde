"""How errors are shown: one sentence, and what to do next. Nothing here shows a traceback unless it was asked for."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TextIO

from vmproof.errors import InputError
from vmproof.report.layout import printable

TRACEBACK = "VMPROOF_TRACEBACK"
"""Set this environment variable to see where in vmproof an internal error arose."""


def show_input_error(error: InputError, stream: TextIO) -> None:
    """The sentence, with place, and a caret under the mistake where there is a line to show."""
    text = str(error) if error.place else f"vmproof: {error}"
    stream.write(f"{printable(text)}\n")
    caret = error.caret()
    if caret:
        stream.write(f"{printable(caret)}\n")


def show_bug(error: BaseException, command: str, stream: TextIO) -> None:
    """One line that names the fault, how to report it, and the command that reproduces it."""
    what = " ".join(str(error).split())[:200]
    stream.write(f"vmproof: internal error: {type(error).__name__}{f': {printable(what)}' if what else ''}{_origin(error)}\n")
    stream.write("This is a bug in vmproof. Please report it with the description and the output of:\n")
    stream.write(f"  {TRACEBACK}=1 {printable(command)}\n")
    if os.environ.get(TRACEBACK):
        stream.write("".join(traceback.format_exception(error)))


def _origin(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    package = str(Path(__file__).resolve().parents[1])
    inside = [frame for frame in frames if frame.filename.startswith(package)]
    if not inside:
        return ""
    last = inside[-1]
    return f" ({Path(last.filename).relative_to(package)}:{last.lineno})"
