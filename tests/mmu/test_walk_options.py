"""Formats on processors with fewer address bits, changes of one entry that add up, and what solvers make of a two-dimensional walk."""

from __future__ import annotations

from functools import cache

import pytest

from tests.support.walks import compiled, walks
from vmproof.data import library
from vmproof.language.convert import to_leaves
from vmproof.language.library import Library
from vmproof.language.types import ACCESS
from vmproof.language.values import Value
from vmproof.solvers import SolverPool
from vmproof.solvers.interface import Query, Status
from vmproof.terms import Term


@cache
def spec(name: str) -> Library:
    return Library(library() / "spec" / "mmu" / f"{name}.py")


def reason(name: str, format: Value, words: dict[int, int], va: int, **bits: bool) -> str:
    """The reason that a read of `va` ends with; the root table is at 0x1000, and control bits are clear but for `bits`."""
    file = spec(name)
    pool = file.pool
    kind = file.names["Control"]
    zeros = to_leaves(pool, file.variables(kind, ""), kind)
    control = {path: pool.bool(bits.get(path, False)) if term.width == 0 else pool.bv(0, term.width) for path, term in zeros.items()}

    def read(place: Term, size: int) -> Term:
        at = place.value
        assert isinstance(at, int)
        return pool.bv(words.get(at, 0), 8 * size)

    arguments = [format, pool.bv(0x1000, 64), pool.bv(va, 64), ACCESS.member("read"), file.record(kind, control)]
    result, _, _ = file.call(file.names["walk"], [*arguments, file.foreign("read", read)])
    code = to_leaves(pool, result, result.type)["reason"].value
    assert isinstance(code, int)
    return str(file.names["Reason"].name_of(code))


@pytest.mark.parametrize(("maxphyaddr", "found"), [(52, "none"), (41, "none"), (40, "reserved"), (36, "reserved")])
def test_x86_address_bits_beyond_maxphyaddr_are_reserved(maxphyaddr: int, found: str) -> None:
    file = spec("x86")
    narrowed = file.call(file.names["narrowed"], [file.names["FOUR_LEVEL"], maxphyaddr])
    words = {0x1000: 0x2003, 0x2000: 0x3003, 0x3000: 0x4003, 0x4000: 1 << 40 | 3}
    assert reason("x86", narrowed, words, 0) == found


@pytest.mark.parametrize(("maxphyaddr", "found"), [(40, "none"), (36, "reserved"), (32, "reserved")])
def test_pse_36_has_as_many_address_bits_as_the_processor(maxphyaddr: int, found: str) -> None:
    file = spec("x86")
    narrowed = file.call(file.names["narrowed"], [file.names["TWO_LEVEL"], maxphyaddr])
    assert reason("x86", narrowed, {0x1000: 1 << 17 | 0x83}, 0, PSE=True) == found


def test_a_processor_without_pages_of_1_gib_reserves_their_bit() -> None:
    file = spec("x86")
    words = {0x1000: 0x2003, 0x2000: 0x83}
    assert reason("x86", file.names["FOUR_LEVEL"], words, 0) == "none"
    narrowed = file.call(file.names["narrowed"], [file.names["FOUR_LEVEL"], 52, False])
    assert reason("x86", narrowed, words, 0) == "reserved"


@pytest.mark.parametrize(("output", "found"), [(48, "none"), (40, "address_size"), (41, "none")])
def test_arm_address_bits_beyond_the_output_size_are_a_fault(output: int, found: str) -> None:
    file = spec("arm")
    narrowed = file.call(file.names["narrowed"], [file.names["ARM39"], output])
    assert reason("arm", narrowed, {0x1000: 0x2003, 0x2000: 0x3003, 0x3000: 1 << 40 | 0x743}, 0, EL=False, HA=True) == found


@pytest.mark.parametrize(
    ("current", "old", "new", "after"),
    [(0x7, 0x7, 0x107, 0x107), (0x307, 0x7, 0x107, 0x307), (0x487, 0x83, 0x403, 0x407)],
    ids=["the first", "one that finds more set", "one that clears a bit"],
)
def test_updates_of_one_entry_add_up(current: int, old: int, new: int, after: int) -> None:
    assert walks().marked(current, {"place": 0, "old": old, "new": new}) == after


@pytest.mark.parametrize(("name", "second", "bits"), [("sv48", "sv48x4", 56), ("sv57", "sv57x4", 56), ("x86-4", "ept4", 52)])
def test_solvers_decide_questions_about_two_dimensional_walks(name: str, second: str, bits: int) -> None:
    """No table whatsoever leads beyond the physical address bits, and some lead to a given byte by a page of the smallest size."""
    walk = compiled(name, second)
    pool, result = walk.library.pool, walk.walk.result
    beyond = pool.ne(pool.extract(result["pa"], 63, bits), pool.bv(0, 64 - bits))
    smallest = pool.bv(1 if name == "x86-4" else 0, 3)
    here = pool.and_(pool.eq(result["pa"], pool.bv(0x12_3456_7890, 64)), pool.eq(result["level"], smallest))
    with SolverPool(1) as solvers:
        assert solvers.check(Query((result["ok"], beyond))).status is Status.UNSAT
        found = solvers.check(Query((result["ok"], here)))
    assert found.status is Status.SAT
