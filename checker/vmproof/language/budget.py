"""One budget for all that reading a description costs, checked before anything large is computed (LANGUAGE.md, rule 8)."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field

_INTERVAL = 256  # units of cost between two looks at the limits
_STACK = 9_000  # Python frames that reading may nest; each level of the text takes a handful


class BudgetError(Exception):
    """The budget is spent; the evaluator turns it into an `InputError` with the place."""


@dataclass
class Budget:
    """Limits for one description: steps, bits of a static integer, items of a collection or string, terms, seconds, nested calls.

    A step is a syntax node evaluated or an item of a collection made. Reading the files has the whole allowance, and so has each execution
    of a function by the tool afterwards; what solvers take is not counted.
    """

    nodes: int = 40_000_000
    terms: int = 6_000_000
    integer_bits: int = 4096
    items: int = 100_000
    seconds: float = 60.0
    call_depth: int = 60
    spent: int = 0
    _next: int = field(default=0, repr=False)
    _begun: float | None = field(default=None, repr=False)
    _nested: int = field(default=0, repr=False)
    _used: float = field(default=0.0, repr=False)

    def start(self) -> None:
        """Begin a reading, or an execution of what was read, with the whole allowance; calls may nest."""
        if self._nested == 0:
            self._begun = time.monotonic()
            self._used = 0.0
            self.spent = self._next = 0
        self._nested += 1

    def stop(self) -> None:
        self._nested -= 1
        if self._nested == 0 and self._begun is not None:
            self._used += time.monotonic() - self._begun
            self._begun = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the clock, with a stack deep enough for the nesting that a description may have."""
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(before, _STACK))
        self.start()
        try:
            yield
        finally:
            self.stop()
            sys.setrecursionlimit(before)

    def step(self, terms: Sized) -> None:
        """Count one syntax node; `terms` is the pool, whose size counts too."""
        self.spent += 1
        if self.spent >= self._next:
            if len(terms) > self.terms:
                raise BudgetError(f"the description makes more than {self.terms} terms")
            self._look()

    def charge(self, units: int) -> None:
        """Count so many steps at once."""
        self.spent += units
        if self.spent >= self._next:
            self._look()

    def _look(self) -> None:
        self._next = self.spent + _INTERVAL
        if self.spent > self.nodes:
            raise BudgetError(f"the description takes more than {self.nodes} steps to read")
        if self._begun is not None and self._used + time.monotonic() - self._begun > self.seconds:
            raise BudgetError(f"the description takes more than {self.seconds:g} seconds to read")

    def integer(self, bits: int) -> None:
        """Ask leave for an integer of so many bits."""
        if bits > self.integer_bits:
            raise BudgetError(f"an integer of {bits} bits is beyond the limit of {self.integer_bits}")

    def collection(self, items: int) -> None:
        """Ask leave for a string or collection of so many items."""
        if items > self.items:
            raise BudgetError(f"a collection of {items} items is beyond the limit of {self.items}")
        self.charge(items)
