"""Shadow paging and isolation: the seeded faults are found, by executions as short as they can be.

That all verdicts are as expected is what `vmproof prove` says, which `make test` runs; here the traces are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.documentation import ROOT
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.theorems.files import read_file
from vmproof.theorems.proving import prove

FILES = [ROOT / "proofs" / f"{name}.toml" for name in ("shadow", "diverging", "guest", "isolation_mmu", "vax")]
THEOREMS = {theorem.name: theorem for path in FILES for theorem in read_file(path)}


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=60) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "property_", "steps", "last"),
    [
        ("shadow-protected-clean", "granted", 1, "refill"),
        ("shadow-protected-remap", "led", 2, "swap_out"),
        ("shadow-protected-wp", "sound", 3, "set_registers"),
        ("shadow-protected-unguarded", "updates_exit", 2, "fill"),
        ("shadow-protected-nx", "granted", 1, "refill"),
        ("shadow-protected-accessed", "granted", 1, "refill"),
        ("shadow-diverging-dirty", "shadow_granted", 1, "fault"),
        ("shadow-diverging-splinters", "shadow_lasts", 3, "sfence"),
        ("nested-tlb-other-asid", "lasts_here", 3, "sfence"),
        ("nested-tlb-leaves-only", "lasts_here", 4, "sfence"),
        ("nested-tlb-flush-forgotten", "led", 3, "move"),
        ("guests-apart-reused-early", "isolated", 6, "reuse"),
        ("guests-apart-unflushed", "isolated", 6, "reuse"),
        ("guests-apart-one-vmid", "isolated", 5, "run"),
        ("vax-valid-first", "in_order", 1, "ask"),
    ],
)
def test_a_seeded_fault_has_a_short_trace(pool: SolverPool, name: str, property_: str, steps: int, last: str) -> None:
    outcome = prove(THEOREMS[name], pool, 60)
    assert outcome.verdict is Verdict.REFUTED, outcome.reason
    [found] = [item for item in outcome.found if item.verdict is Verdict.REFUTED]
    assert found.trace is not None
    assert (found.name, len(found.trace.steps), found.trace.steps[-1].action) == (property_, steps, last)
