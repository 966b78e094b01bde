"""The cost table of paging: for each way to translate a guest's addresses the least limits for which the model's claim holds.

The model is a system of the library, `spec/mmu/costs.py`. No figure is computed here: each is the least one that explicit search proves to
be no less than any cost, and the search shows an execution that costs more than the figure below it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vmproof.data import library
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.solvers import SolverPool
from vmproof.theorems.deciding import Question, decide
from vmproof.theorems.keys import theorem_key
from vmproof.theorems.store import Store
from vmproof.theorems.theorem import Theorem

LEVELS = range(2, 6)
"""How many levels the tables of today's formats have."""

_MODEL = Path("spec", "mmu", "costs.py")
_MODES = ("native", "nested", "shadow, write-protected", "shadow, diverging")
_MOST = 255
"""Where the model's counters end."""
_SECONDS = 60.0


@dataclass(frozen=True)
class Row:
    """What one way of translating costs at worst. `host_levels` is None where there is one stage only."""

    mode: str
    guest_levels: int
    host_levels: int | None
    tlb_hit_references: int
    max_references: int
    exits_per_pte_update: int
    exits_per_fence: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def paging_costs(
    store: Store | None, pool: Callable[[], SolverPool], model: Path | None = None, levels: Sequence[int] = LEVELS
) -> list[Row]:
    """The rows of the table, from the store if it has them; `pool` makes the solvers that a search may ask.

    `model` stands in for the library's. Raises InputError where the model is wrong, or has no answer in time.
    """
    path = model or library() / _MODEL
    asked = theorem_key(Theorem("paging", "", path, method="explicit"), _SECONDS, "")
    key = hashlib.blake2b(f"paging {list(levels)} {asked}".encode(), digest_size=20).hexdigest()
    known = store.get(key) if store is not None else None
    if known is not None:
        return [Row(**row) for row in known["rows"]]
    with pool() as solvers:
        rows = [_row(path, solvers, *case) for case in _cases(levels)]
    if store is not None:
        store.put(key, {"rows": [row.to_json() for row in rows]})
    return rows


def _cases(levels: Sequence[int]) -> Iterator[tuple[int, int, int | None]]:
    """Modes by number, with the levels of the guest's and the host's tables."""
    for mode, name in enumerate(_MODES):
        for guest in levels:
            for host in levels if name == "nested" else (None,):
                yield mode, guest, host


def _row(path: Path, pool: SolverPool, mode: int, guest: int, host: int | None) -> Row:
    parameters = {"MODE": mode, "GUEST_LEVELS": guest, "HOST_LEVELS": host or 1}
    costs = [_least(path, pool, {**parameters, "OF": of}) for of in range(4)]
    return Row(_MODES[mode], guest, host, *costs)


def _least(path: Path, pool: SolverPool, parameters: Mapping[str, int]) -> int:
    """The least limit that holds: doubled until it does, then halved."""

    def holds(limit: int) -> bool:
        question = Question(path, ("within",), "explicit", timeout=_SECONDS, parameters={**parameters, "LIMIT": limit})
        [found] = decide(question, pool)
        if found.verdict not in (Verdict.PROVED, Verdict.REFUTED):
            raise InputError(f"what paging costs is {found.verdict.text}: {found.reason}")
        return found.verdict is Verdict.PROVED

    high = 0
    while not holds(high):
        high = 2 * high + 1
        if high == _MOST:
            raise InputError(f"{path} has costs of {_MOST // 2 + 1} and more, where its counters may end")
    low = high // 2  # the limit before did not hold, or there was none
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return high
