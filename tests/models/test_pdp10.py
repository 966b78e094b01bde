"""The PDP-10 does what the System Reference Manual says, instruction by instruction, on concrete states."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from vmproof.language import load
from vmproof.language.description import Description
from vmproof.terms import ArrayValue, Term, Value, default_value

MODELS = Path(__file__).parent.parent.parent / "models"
NEGATIVE = 1 << 35
ALL_ONES = (1 << 36) - 1
EXECUTIVE, USER = 0, 1
OVERFLOW, CARRY0, CARRY1, USER_FLAG, USER_IO = 0o400000, 0o200000, 0o100000, 0o010000, 0o004000


@cache
def machine(name: str = "pdp10") -> Description:
    return load(MODELS / f"{name}.py")


class Pdp10:
    """One machine with a program in core from location 100 on."""

    def __init__(self, program: list[int], ac: dict[int, int] | None = None, mode: int = EXECUTIVE, name: str = "pdp10") -> None:
        self.description = machine(name)
        self.pool = self.description.pool
        self.state: dict[str, Term] = {
            field.path: self.pool.value(field.sort, default_value(field.sort)) for field in self.description.fields
        }
        self.fill("mem", {0o41: 0o264000_001000, 0o42: 0o264000_002000} | {0o100 + offset: word for offset, word in enumerate(program)})
        self.fill("ac", ac or {})
        self.set("pc", 0o100)
        self.set("storage", 256)
        self.set("protection", 255)
        self.set("mode", mode)

    def set(self, path: str, value: Value) -> None:
        self.state[path] = self.pool.value(self.state[path].sort, value)

    def fill(self, path: str, entries: dict[int, int]) -> None:
        self.set(path, ArrayValue(0, list(entries.items())))

    def __getitem__(self, path: str) -> int:
        value = self.state[path].value
        assert isinstance(value, int)
        return value

    def ac(self, number: int) -> int:
        value = self.pool.select(self.state["ac"], self.pool.bv(number, 4)).value
        assert isinstance(value, int)
        return value

    def core(self, address: int) -> int:
        value = self.pool.select(self.state["mem"], self.pool.bv(address, 18)).value
        assert isinstance(value, int)
        return value

    def step(self) -> Pdp10:
        """One instruction, or the trap that it raises."""
        unit, trap = self.description.fetch_unit(self.state)
        assert trap is None
        word = unit.value
        assert isinstance(word, int)
        found = self.description.decoder.decode(lambda _: word)
        assert found is not None, f"{word:012o} is no instruction"
        instruction = self.description.instructions[found.index]
        sorts = dict(instruction.variables)
        operands = {name: self.pool.value(sorts[name], value) for name, value in found.values.items()}
        outcome = self.description.execute(instruction, self.state, operands)
        if outcome.completes is self.pool.true:
            self.state = dict(outcome.state)
            return self
        (trap,) = [each for each in outcome.traps if each.guard is self.pool.true]
        self.state, _ = self.description.enter(trap)
        return self

    def flags(self) -> int:
        """The left half of the PC word, USER left out."""
        names = {
            "overflow": OVERFLOW,
            "carry0": CARRY0,
            "carry1": CARRY1,
            "floating_overflow": 0o040000,
            "first_part_done": 0o020000,
            "user_io": USER_IO,
        }
        return sum(bit for name, bit in names.items() if f"flags.{name}" in self.state and self.state[f"flags.{name}"].value)


def word(code: int, ac: int = 0, address: int = 0, index: int = 0, indirect: int = 0) -> int:
    return code << 27 | ac << 23 | indirect << 22 | index << 18 | address


@pytest.mark.parametrize(
    ("code", "ac", "memory", "result", "flags"),
    [
        (0o200, 5, 7, 7, 0),  # MOVE
        (0o204, 5, 0o111111_222222, 0o222222_111111, 0),  # MOVS
        (0o210, 5, 1, ALL_ONES, 0),  # MOVN
        (0o210, 5, 0, 0, CARRY0 | CARRY1),
        (0o210, 5, NEGATIVE, NEGATIVE, OVERFLOW | CARRY1),
        (0o214, 5, ALL_ONES, 1, 0),  # MOVM
        (0o214, 5, 0, 0, 0),
        (0o270, NEGATIVE - 1, 1, NEGATIVE, OVERFLOW | CARRY1),  # ADD
        (0o270, ALL_ONES, 1, 0, CARRY0 | CARRY1),
        (0o270, NEGATIVE, NEGATIVE, 0, OVERFLOW | CARRY0),
        (0o274, 0, 1, ALL_ONES, 0),  # SUB
        (0o274, 5, 5, 0, CARRY0 | CARRY1),
        (0o274, NEGATIVE, 1, NEGATIVE - 1, OVERFLOW | CARRY0),
        (0o220, 5, ALL_ONES - 2, ALL_ONES - 14, 0),  # IMUL: 5 * -3
        (0o220, 1 << 20, 1 << 20, 0, OVERFLOW),
        (0o404, 0o770, 0o077, 0o070, 0),  # AND
        (0o410, 0o770, 0o077, 0o007, 0),  # ANDCA: complement of AC
        (0o420, 0o770, 0o077, 0o700, 0),  # ANDCM: complement of memory
        (0o434, 0o770, 0o077, 0o777, 0),  # IOR
        (0o430, 0o770, 0o077, 0o707, 0),  # XOR
        (0o444, 0o770, 0o077, ALL_ONES ^ 0o707, 0),  # EQV
        (0o454, 0o770, 0o077, ALL_ONES ^ 0o700, 0),  # ORCA
        (0o464, 0o770, 0o077, ALL_ONES ^ 0o007, 0),  # ORCM
        (0o500, 0o111111_222222, 0o333333_444444, 0o333333_222222, 0),  # HLL
        (0o504, 0o111111_222222, 0o333333_444444, 0o444444_222222, 0),  # HRL
        (0o544, 0o111111_222222, 0o333333_444444, 0o111111_333333, 0),  # HLR
        (0o514, 0o111111_222222, 0o333333_444444, 0o444444_000000, 0),  # HRLZ
        (0o560, 0o111111_222222, 0o333333_444444, 0o777777_444444, 0),  # HRRO
        (0o574, 0o111111_222222, 0o733333_444444, 0o777777_733333, 0),  # HLRE
        (0o630, 0o777, 0o070, 0o707, 0),  # TDZ
        (0o651, 0o777, 0o070_000000, 0o707, 0),  # TSC: swapped
    ],
)
def test_accumulator_from_memory(code: int, ac: int, memory: int, result: int, flags: int) -> None:
    pdp = Pdp10([word(code, 3, 0o200)] + [0] * 0o77 + [memory], {3: ac}).step()
    assert (f"{pdp.ac(3):012o}", pdp.flags(), pdp["pc"]) == (f"{result:012o}", flags, 0o101)


def test_modes_of_move() -> None:
    assert Pdp10([word(0o201, 3, 0o1234)]).step().ac(3) == 0o1234  # MOVEI
    assert Pdp10([word(0o202, 3, 0o200)], {3: 9}).step().core(0o200) == 9  # MOVEM
    pdp = Pdp10([word(0o213, 3, 0o101), 6]).step()  # MOVNS
    assert (pdp.core(0o101), pdp.ac(3)) == (ALL_ONES - 5, ALL_ONES - 5)
    assert Pdp10([word(0o213, 0, 0o101), 6], {0: 1}).step().ac(0) == 1  # accumulator 0 stands for none
    pdp = Pdp10([word(0o250, 3, 0o101), 6], {3: 8}).step()  # EXCH
    assert (pdp.core(0o101), pdp.ac(3)) == (8, 6)


def test_addresses_below_twenty_are_accumulators() -> None:
    assert Pdp10([word(0o200, 3, 0o17)], {0o17: 5}).step().ac(3) == 5
    assert Pdp10([word(0o202, 3, 0o17)], {3: 5}).step().ac(0o17) == 5


def test_effective_address() -> None:
    assert Pdp10([word(0o200, 3, 0o100, index=4)] + [0] * 7 + [77], {4: 8}).step().ac(3) == 77
    assert Pdp10([word(0o200, 3, 0o101, indirect=1), 0o102, 77]).step().ac(3) == 77
    chain = [word(0o200, 3, 0o101, indirect=1), word(0, 0, 0o102, indirect=1), word(0, 0, 0o100, index=4), 77]
    assert Pdp10(chain, {4: 3}).step().ac(3) == 77


@pytest.mark.parametrize(
    ("code", "ac", "address", "skips"),
    [
        (0o300, 5, 5, False),  # CAI
        (0o301, ALL_ONES, 5, True),  # CAIL: -1 < 5
        (0o302, 5, 5, True),  # CAIE
        (0o303, 6, 5, False),  # CAILE
        (0o304, 6, 5, True),  # CAIA
        (0o305, 5, 5, True),  # CAIGE
        (0o306, 5, 5, False),  # CAIN
        (0o307, 6, 5, True),  # CAIG
        (0o602, 0o70, 0o07, True),  # TRNE
        (0o606, 0o70, 0o07, False),  # TRNN
        (0o603, 0o07, 0o07, True),  # TLNE
        (0o604, 0, 0, True),  # TRNA
        (0o600, 0, 0, False),  # TRN
    ],
)
def test_skips(code: int, ac: int, address: int, skips: bool) -> None:
    assert Pdp10([word(code, 3, address)], {3: ac}).step()["pc"] == 0o101 + skips


def test_counting() -> None:
    pdp = Pdp10([word(0o344, 3, 0o300)], {3: 4}).step()  # AOJA
    assert (pdp.ac(3), pdp["pc"]) == (5, 0o300)
    pdp = Pdp10([word(0o362, 3, 0o300)], {3: 1}).step()  # SOJE
    assert (pdp.ac(3), pdp["pc"]) == (0, 0o300)
    pdp = Pdp10([word(0o356, 3, 0o101), 4]).step()  # AOSN
    assert (pdp.core(0o101), pdp.ac(3), pdp["pc"]) == (5, 5, 0o102)
    pdp = Pdp10([word(0o253, 3, 0o300)], {3: 0o777770_000000}).step()  # AOBJN
    assert (pdp.ac(3), pdp["pc"]) == (0o777771_000001, 0o300)


@pytest.mark.parametrize(
    ("code", "ac", "places", "result", "overflow"),
    [
        (0o242, 1, 3, 8, 0),  # LSH
        (0o242, 8, -3 & 0o777777, 1, 0),
        (0o241, NEGATIVE | 1, 1, 3, 0),  # ROT
        (0o241, 3, -1 & 0o777777, NEGATIVE | 1, 0),
        (0o241, 5, 36, 5, 0),
        (0o240, ALL_ONES - 7, -2 & 0o777777, ALL_ONES - 1, 0),  # ASH
        (0o240, ALL_ONES - 7, 2, ALL_ONES - 31, 0),
        (0o240, 1 << 34, 1, 0, OVERFLOW),
        (0o240, ALL_ONES, 36, NEGATIVE, OVERFLOW),
    ],
)
def test_shifts(code: int, ac: int, places: int, result: int, overflow: int) -> None:
    pdp = Pdp10([word(code, 3, places)], {3: ac}).step()
    assert (f"{pdp.ac(3):012o}", pdp.flags()) == (f"{result:012o}", overflow)


def test_pushdown_list() -> None:
    pdp = Pdp10([word(0o261, 3, 0o103), word(0o262, 3, 0o104), 0, 55], {3: 0o777776_000300}).step()
    assert (pdp.ac(3), pdp.core(0o301), pdp.state["push_overflow"].value) == (0o777777_000301, 55, False)
    pdp.step()
    assert (pdp.ac(3), pdp.core(0o104)) == (0o777776_000300, 55)
    assert Pdp10([word(0o261, 3, 0o103)], {3: 0o777777_000300}).step().state["push_overflow"].value is True
    pdp = Pdp10([word(0o260, 3, 0o103), 0, 0, word(0o263, 3)], {3: 0o300}, USER).step()
    assert (pdp["pc"], pdp.core(0o301)) == (0o103, USER_FLAG << 18 | 0o101)
    assert pdp.step()["pc"] == 0o101


def test_subroutine_calls_store_the_user_flag() -> None:
    for mode, flags in [(EXECUTIVE, 0), (USER, USER_FLAG)]:
        pdp = Pdp10([word(0o264, 0, 0o200)], mode=mode).step()  # JSR
        assert (pdp.core(0o200), pdp["pc"]) == (flags << 18 | 0o101, 0o201)
        pdp = Pdp10([word(0o265, 3, 0o200)], mode=mode).step()  # JSP
        assert (pdp.ac(3), pdp["pc"]) == (flags << 18 | 0o101, 0o200)
    pdp = Pdp10([word(0o266, 3, 0o103), 0, 0, 0, word(0o267, 3, 0o101)], {3: 9}).step()  # JSA, JRA
    assert (pdp.core(0o103), pdp.ac(3), pdp["pc"]) == (9, 0o103_000101, 0o104)
    pdp.step()
    assert (pdp.ac(3), pdp["pc"]) == (9, 0o101)


def test_jrst_in_executive_mode() -> None:
    assert Pdp10([word(0o254, 0, 0o200)]).step()["pc"] == 0o200
    assert Pdp10([word(0o254, 1, 0o200)]).step()["mode"] == USER
    pdp = Pdp10([word(0o254, 2, 0o101, indirect=1), (OVERFLOW | USER_FLAG) << 18 | 0o200]).step()
    assert (pdp["pc"], pdp.flags(), pdp["mode"]) == (0o200, OVERFLOW, USER)
    pdp = Pdp10([word(0o254, 2, 0, index=4)], {4: CARRY0 << 18 | 0o200}).step()
    assert (pdp["pc"], pdp.flags(), pdp["mode"]) == (0o200, CARRY0, EXECUTIVE)


def test_jrst_in_user_mode() -> None:
    """It can neither leave user mode nor set User In-Out; it can clear that."""
    for left, before, after in [(0, 0, 0), (USER_IO, 0, 0), (USER_IO, USER_IO, USER_IO), (0, USER_IO, 0)]:
        pdp = Pdp10([word(0o254, 2, 0o101, indirect=1), left << 18 | 0o200], mode=USER, name="pdp10_userio")
        pdp.set("flags.user_io", int(before != 0))
        assert (pdp.step().flags(), pdp["mode"]) == (after, USER)


@pytest.mark.parametrize(
    "code", [word(0o254, 4, 0o200), word(0o254, 0o12, 0o200), 0o700_200_000200, 0o710_600_000200, word(0o47, 3, 0o200), 0]
)
def test_what_user_mode_may_not_do(code: int) -> None:
    """To absolute 40 and 41, where a JSR stores the PC word."""
    pdp = Pdp10([code], mode=USER).step()
    assert (f"{pdp.core(0o40):012o}", pdp["pc"], pdp["mode"]) == (f"{code:012o}", 0o1001, EXECUTIVE)
    assert pdp.core(0o1000) == USER_FLAG << 18 | 0o101


def test_user_in_out_lets_user_mode_do_it() -> None:
    pdp = Pdp10([0o700_200_000200], mode=USER, name="pdp10_userio")  # CONO APR
    pdp.set("flags.user_io", 1)
    assert (pdp.step()["pc"], pdp["mode"]) == (0o101, USER)


def test_protection_and_relocation() -> None:
    pdp = Pdp10([0o700140_000101, 3 << 28 | 5 << 10]).step()  # DATAO APR
    assert (pdp["protection"], pdp["relocation"]) == (3, 5)
    pdp.set("mode", USER)
    pdp.fill("mem", {5 * 1024 + 0o100: word(0o200, 3, 2 * 1024), 7 * 1024: 77, 0o42: 0o264000_002000})
    pdp.set("pc", 0o100)
    assert pdp.step().ac(3) == 77
    pdp.fill("mem", {5 * 1024 + 0o100: word(0o200, 3, 4 * 1024), 0o42: 0o264000_002000})
    pdp.set("pc", 0o100)
    assert (pdp.step()["pc"], pdp["mode"], pdp.core(0o2000)) == (0o2001, EXECUTIVE, USER_FLAG << 18 | 0o100)


def test_executing_other_instructions() -> None:
    pdp = Pdp10([word(0o256, 0, 0o101), word(0o270, 3, 0o102), 4], {3: 5}).step()  # XCT of ADD
    assert (pdp.ac(3), pdp["pc"]) == (9, 0o101)
    assert Pdp10([word(0o256, 0, 0o101), word(0o304, 3)]).step()["pc"] == 0o102  # XCT of CAIA
    pdp = Pdp10([word(0o256, 0, 0o101), 0o700_200_000200], mode=USER).step()  # XCT of CONO APR
    assert (pdp.core(0o40), pdp["pc"]) == (0o700_200_000200, 0o1001)
    pdp = Pdp10([word(0o012, 7, 0o234)], mode=USER)  # a local unimplemented operation
    pdp.fill("mem", {0o100: word(0o012, 7, 0o234), 0o41: word(0o265, 3, 0o300)})
    pdp.step()
    assert (pdp.core(0o40), pdp["pc"], pdp["mode"], pdp.ac(3)) == (word(0o012, 7, 0o234), 0o300, USER, USER_FLAG << 18 | 0o101)
