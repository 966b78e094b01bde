"""Arrays with indices of several parts, and with very many indices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vmproof.data import library
from vmproof.engines.bmc import bmc
from vmproof.engines.induction import induction
from vmproof.engines.reading import transition_system
from vmproof.engines.system import Kind, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool

LOANS = '''\
"""Books are lent to readers."""

from vmproof.lang import *

Reader = unsized("Reader")
Book = bits[32]


class Loans(State):
    lent: array[Book, bool]
    last: array[Book, Reader]
    has: array[(Reader, Book), bool]


@init
def closed(s):
    return not s.lent[0] and not s.lent[0xFFFF_FFFF]


@action
def lend(s, r: Reader, b: Book):
    require(not s.lent[b])
    s.lent[b] = True
    s.has[r, b] = True
    s.last[b] = r


@reachable("the first and the last book are lent")
def two(s):
    return s.lent[0] and s.lent[0xFFFF_FFFF]
'''


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def loans(tmp_path: Path, text: str, sizes: dict[str, int] | None = None) -> TransitionSystem:
    path = tmp_path / "loans.py"
    path.write_text(text)
    return transition_system(load_system(path, sizes))


@pytest.mark.parametrize("sizes", [{}, {"Process": 2}], ids=["any number", "two"])
def test_an_index_of_two_parts_is_proved_with_and_without_a_size(pool: SolverPool, sizes: dict[str, int]) -> None:
    """With a size, process and block are one word, and `use` is read at the block of neither process before `recorded` is."""
    system = transition_system(load_system(library() / "spec" / "examples" / "buddy.py", sizes, {"DEPTH": 4}))
    invariants = [item for item in system.properties if item.kind is Kind.ALWAYS]
    assert [answer.verdict for answer in induction(system, invariants, pool=pool)] == [Verdict.PROVED] * 4


def test_a_trace_over_very_many_indices(pool: SolverPool, tmp_path: Path) -> None:
    system = loans(tmp_path, LOANS, {"Reader": 2})
    [answer] = bmc(system, system.properties, pool=pool, bound=3)
    assert answer.verdict is Verdict.PROVED
    assert answer.trace is not None
    assert len(answer.trace.steps) == 2


def test_too_many_indices_for_a_type_that_fills_no_word(tmp_path: Path) -> None:
    with pytest.raises(InputError) as found:
        loans(tmp_path, LOANS, {"Reader": 3})
    assert str(found.value) == (
        "last has 4294967296 elements, too many to be looked at one by one; "
        "none has to be if all types of its indices and elements have 2, 4, 8 or so on values"
    )
