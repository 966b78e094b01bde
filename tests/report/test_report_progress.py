"""The progress bar, and which form a report takes on a terminal."""

from __future__ import annotations

import io

import pytest

from vmproof.report import write
from vmproof.report.layout import Paragraph, Tone
from vmproof.report.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal() -> None:
    stream = Terminal()
    with progress("m68000", stream) as told:
        told(3, 7, "move_from_sr")
    assert "m68000" in stream.getvalue()
    assert "3/7" in stream.getvalue()


def test_what_is_written_aside_stands_on_lines_of_its_own() -> None:
    stream = Terminal()
    with progress("m68000", stream) as told:
        told(3, 7, "move_from_sr")
        with told.aside():
            before = stream.getvalue()
            stream.write("aside\n")
        told(4, 7, "move_to_sr")
    assert before.endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # the bar is erased, and the cursor stands where it was
    assert "4/7" in stream.getvalue()


def test_nothing_elsewhere() -> None:
    stream = io.StringIO()
    with progress("m68000", stream) as told:
        told(3, 7, "move_from_sr")
    assert stream.getvalue() == ""


def test_an_error_inside_leaves_the_terminal_as_it_was() -> None:
    stream = Terminal()
    with pytest.raises(ValueError, match="inside"), progress("m68000", stream):
        raise ValueError("inside")
    assert "\x1b[?25h" in stream.getvalue()  # the cursor is shown again


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = Terminal()
    write([Paragraph("refuted", tone=Tone.BAD)], coloured)
    assert "\x1b[1;31m" in coloured.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    quiet = Terminal()
    write([Paragraph("refuted", tone=Tone.BAD)], quiet)
    assert "31m" not in quiet.getvalue()
