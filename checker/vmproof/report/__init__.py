"""What people see. Nothing here decides anything: judgements come in, text goes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from vmproof.report.layout import Block, plain

__all__ = ["write"]


def write(blocks: Iterable[Block], stream: TextIO) -> None:
    """Write a report: with colours and tables on a terminal, as plain lines anywhere else."""
    if stream.isatty():
        from vmproof.report.terminal import show  # rich is loaded only where its colours can be seen

        show(blocks, stream)
    else:
        stream.write(plain(blocks))
