"""The description's own translation as a memory model, with what a walk writes left out (THEORY, "The view").

A walk that sets a bit in a table (accessed, dirty, modified) is no part of what a guest sees. In a guest such an access is one that the
view does not allow: the real machine must make it trap, and the VMM does what it does. In a real state the tables are the VMM's, and their
bits nobody else's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vmproof.language import State
from vmproof.language.memory import Located, Physical
from vmproof.language.run import Run
from vmproof.terms import Pool, Term

Translate = Callable[[State, Term, int, int], Located]
"""The description's translation in a state: of an address, for an access of so many cells."""


class Walker(Physical):
    """Accesses as the description translates them. `denies`: one whose walk writes is a memory trap."""

    def __init__(self, array: str, translate: Translate, denies: bool) -> None:
        super().__init__(array)
        self._translate = translate
        self._denies = denies

    def locate(self, run: Run, va: Term, access: int, size: int) -> Located:
        found = self._translate(run.state, va, access, size)
        return denied(run.pool, found) if self._denies else found


def denied(pool: Pool, found: Located) -> Located:
    """An address as a guest's view has it."""
    return replace(found, fault=pool.or_(found.fault, found.updates))
