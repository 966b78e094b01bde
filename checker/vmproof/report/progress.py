"""A progress bar while a machine is judged, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO


class Progress(Protocol):
    """Told how many steps of how many are done, and in a few words what is being done."""

    def __call__(self, done: int, total: int, what: str, /) -> None: ...


def _silent(done: int, total: int, what: str, /) -> None:
    return None


@contextmanager
def progress(label: str, stream: TextIO) -> Iterator[Progress]:
    """A bar on `stream` that disappears when the work is over; nothing at all where `stream` is not a terminal."""
    if not stream.isatty():
        yield _silent
        return
    from rich.console import Console  # loading it costs a tenth of a second, which only a terminal is worth
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.fields[label]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("reading", total=None, label=label)

        def told(done: int, total: int, what: str, /) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield told
