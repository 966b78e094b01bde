"""A progress bar while something takes long, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TextIO


class Progress(Protocol):
    """Told how many steps of how many are done, and in a few words what is being done."""

    def __call__(self, done: int, total: int, what: str, /) -> None: ...

    def aside(self) -> AbstractContextManager[None]:
        """While something else is written, the bar is away."""
        ...


class _Silent:
    def __call__(self, done: int, total: int, what: str, /) -> None:
        return None

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()


@contextmanager
def progress(label: str, stream: TextIO) -> Iterator[Progress]:
    """A bar on `stream` that disappears when the work is over; nothing at all where `stream` is not a terminal."""
    if not stream.isatty():
        yield _Silent()
        return
    from rich.console import Console  # loading it costs a tenth of a second, which only a terminal is worth
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.fields[label]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    bar = Bar(*columns, console=Console(file=stream), transient=True, redirect_stdout=False, redirect_stderr=False)
    task = bar.add_task("reading", total=None, label=label)

    class Shown:
        def __call__(self, done: int, total: int, what: str, /) -> None:
            bar.update(task, description=what, completed=done, total=total)

        @contextmanager
        def aside(self) -> Iterator[None]:
            bar.stop()
            try:
                yield
            finally:
                bar.start()

    with bar:
        yield Shown()
