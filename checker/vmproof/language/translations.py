"""What a description's translation says of any address, in a state of variables: executed once for all kinds of access.

States share it by substitution: a walk through page tables is some ten thousand terms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from vmproof.errors import InputError
from vmproof.language.machine import Machine
from vmproof.language.memory import Located
from vmproof.language.outcome import State
from vmproof.language.stages import Stages
from vmproof.language.types import ACCESS
from vmproof.terms import BitVecSort, Pool, Term, variables

Execute = Callable[[State, Term, int | Term, int, Stages | None], Located]
"""Executes the translation, for an access of a kind (a code, or a term) and a size; with functions for its stage, if any are given."""


class Translations:
    """A translation in `state`, at the address `va`, all of which are variables."""

    def __init__(self, machine: Machine, pool: Pool, state: State, va: Term, execute: Execute) -> None:
        self.state = state
        self.va = va
        self._machine = machine
        self._pool = pool
        self._execute = execute
        self._found: dict[tuple[int, int], Located] = {}
        self._general: dict[int, Located | None] = {}

    def of(self, access: int, size: int) -> Located:
        """Where an access leads to."""
        if (access, size) not in self._found:
            kind = self._pool.var("$translated.access", BitVecSort(ACCESS.width))
            if size not in self._general:
                self._general[size] = self._of_any(kind, size)
            general = self._general[size]
            self._found[access, size] = (
                self._execute(self.state, self.va, access, size, None)
                if general is None
                else general.substituted({kind: self._pool.bv(access, ACCESS.width)})
            )
        return self._found[access, size]

    def _of_any(self, kind: Term, size: int) -> Located | None:
        """Where an access leads to whose kind is a variable; None where the description must know the kind while it is read."""
        try:
            return self._execute(self.state, self.va, kind, size, None)
        except InputError:
            return None

    @cached_property
    def reads(self) -> frozenset[str]:
        """The leaves that the translation depends on, the memory included where it walks tables."""
        sizes = (1, 2, 4, 8) if self._machine.translation_takes_size else (1,)
        found = [self.of(access, size) for access in ACCESS.members.values() for size in sizes]
        occurring = set(variables([term for located in found for term in (located.fault, located.address)]))
        return frozenset(path for path, term in self.state.items() if term in occurring)

    @cached_property
    def stages(self) -> Stages | None:
        """The stage of the translation as functions; None if there is none, or if it cannot be taken for functions."""
        stages = self._staged[1]
        return None if stages is None or stages.unclear or not stages.functions else stages

    def staged(self, access: int) -> Located:
        """Where an access of size 1 leads to, with `stages` for the stage."""
        return self._staged[0][access]

    @cached_property
    def _staged(self) -> tuple[dict[int, Located], Stages | None]:
        machine = self._machine
        if machine.translation is None or machine.stage is None:
            return {}, None
        stages = Stages(self._pool, machine.stage, machine.stage_widths, machine.translation_page)
        return {access: self._execute(self.state, self.va, access, 1, stages) for access in ACCESS.members.values()}, stages


__all__ = ["Translations"]
