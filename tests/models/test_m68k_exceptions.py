"""Exceptions, modes and the MC68010's own instructions, on concrete states: what no emulator at hand can be asked about."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from vmproof.language import Description, load
from vmproof.simulate import Simulator, Step, StepKind
from vmproof.terms import ArrayValue, Value

MODELS = Path(__file__).parents[2] / "models"
SUPERVISOR_SPACE = 1 << 24
PROGRAM = 0x1000
USP, SSP = 0x8000, 0x4000
HANDLER = 0x00020000


@cache
def machine(name: str) -> Description:
    return load(MODELS / f"{name}.py")


class Computer:
    """A processor with a program in both spaces and a handler's address in every vector: HANDLER + 16 * vector number.

    `state` gives further registers; `ccr_Z` is the flag `ccr.Z`.
    """

    def __init__(self, name: str, *program: int, supervisor: bool = False, vbr: int = 0, d0: int = 0, a0: int = 0, **state: Value) -> None:
        cells: dict[int, int] = {}
        for vector in range(64):
            cells |= _long(SUPERVISOR_SPACE + vbr + 4 * vector, HANDLER + 16 * vector)
        for offset, word in enumerate(program):
            cells |= _word(PROGRAM + 2 * offset, word) | _word(SUPERVISOR_SPACE + PROGRAM + 2 * offset, word)
        sp, other = (SSP, USP) if supervisor else (USP, SSP)
        registers: dict[str, Value] = {"pc": PROGRAM, "mode": int(supervisor), "other_sp": other, "d": ArrayValue(0, {0: d0})}
        registers |= {"a": ArrayValue(0, {0: a0, 7: sp})}
        if vbr:
            registers["vbr"] = vbr
        registers |= {path.replace("_", ".", path.startswith("ccr_")): value for path, value in state.items()}
        self.simulator = Simulator(machine(name), registers, cells)

    def step(self) -> Step:
        return self.simulator.step()

    def number(self, path: str) -> int:
        value = self.simulator.state[path]
        assert isinstance(value, int)
        return value

    def register(self, file: str, number: int) -> int:
        array = self.simulator.state[file]
        assert isinstance(array, ArrayValue)
        value = array.get(number)
        assert isinstance(value, int)
        return value

    @property
    def sp(self) -> int:
        return self.register("a", 7)

    def words(self, address: int, count: int, supervisor: bool = True) -> list[int]:
        """Words of storage, of the supervisor's space unless told otherwise."""
        at = address + SUPERVISOR_SPACE * supervisor
        cells = self.simulator.memory.cells
        return [cells.get(at + 2 * word, 0) << 8 | cells.get(at + 2 * word + 1, 0) for word in range(count)]

    def set_words(self, address: int, *words: int, supervisor: bool = True) -> None:
        for offset, word in enumerate(words):
            self.simulator.memory.cells.update(_word(address + 2 * offset + SUPERVISOR_SPACE * supervisor, word))


def _word(address: int, value: int) -> dict[int, int]:
    return {address: value >> 8 & 0xFF, address + 1: value & 0xFF}


def _long(address: int, value: int) -> dict[int, int]:
    return _word(address, value >> 16) | _word(address + 2, value)


def test_a_trap_saves_the_next_address_and_the_status_register() -> None:
    computer = Computer("m68000", 0x4E43, ipm=3, ccr_Z=1)
    step = computer.step()
    assert (step.kind, step.cause, step.assembly) == (StepKind.TRAPPED, "trap", "trap #3")
    assert computer.number("pc") == HANDLER + 16 * 35
    assert (computer.number("mode"), computer.sp, computer.number("other_sp")) == (1, SSP - 6, USP)
    assert computer.words(SSP - 6, 3) == [0x0304, 0x0000, PROGRAM + 2]
    assert computer.words(SSP - 6, 3, supervisor=False) == [0, 0, 0], "user storage is another one"


def test_a_privilege_violation_saves_the_address_of_the_instruction() -> None:
    computer = Computer("m68000", 0x46FC, 0x2700)
    assert computer.step().cause == "privilege_violation"
    assert computer.words(SSP - 6, 3) == [0x0000, 0x0000, PROGRAM]


def test_an_address_error_leaves_seven_words() -> None:
    computer = Computer("m68000", 0x3010, a0=0x123457)  # MOVE.W (A0),D0
    step = computer.step()
    assert (step.cause, step.memory_trap) == ("address_error", True)
    assert computer.sp == SSP - 14
    frame = computer.words(SSP - 14, 7)
    assert frame[0] & 0x1F == 0b10001, "a read, of an instruction, in user data space"
    assert frame[1:3] == [0x0012, 0x3457]
    assert frame[4] == 0


def test_an_address_error_of_a_store_tells_so() -> None:
    computer = Computer("m68000", 0x3080, a0=0x123457, supervisor=True)  # MOVE.W D0,(A0)
    computer.step()
    assert computer.words(SSP - 14, 1)[0] & 0x1F == 0b00101


def test_an_odd_program_counter_is_an_address_error_in_program_space() -> None:
    computer = Computer("m68000", 0x4E71, pc=0x1001)
    step = computer.step()
    assert (step.instruction, step.cause) == ("", "address_error")
    assert computer.words(SSP - 14, 1)[0] & 0x1F == 0b10010


def test_tracing_follows_the_instruction() -> None:
    computer = Computer("m68000", 0x7001, trace=1)  # MOVEQ #1,D0
    assert computer.step().cause == "trace"
    assert computer.register("d", 0) == 1
    assert computer.words(SSP - 6, 3) == [0x8000, 0x0000, PROGRAM + 2]
    assert (computer.number("trace"), computer.number("pc")) == (0, HANDLER + 16 * 9)


def test_a_traced_trap_is_followed_by_a_trace_exception() -> None:
    """UM 6.3.8: first the trap's exception, then the trace's, so that the tracer returns to the trap's handler."""
    computer = Computer("m68000", 0x4E40, trace=1)
    computer.step()
    assert computer.number("pc") == HANDLER + 16 * 9
    assert computer.words(SSP - 12, 6) == [0x2000, 0x0002, 0x0200, 0x8000, 0x0000, PROGRAM + 2]


def test_an_instruction_that_is_not_executed_is_not_traced() -> None:
    computer = Computer("m68000", 0x4AFC, trace=1)
    assert computer.step().cause == "illegal_instruction"
    assert computer.sp == SSP - 6


def test_a_zero_divide_keeps_the_moved_address_register() -> None:
    computer = Computer("m68000", 0x80D8, a0=0x3000)  # DIVU (A0)+,D0
    assert computer.step().cause == "zero_divide"
    assert computer.register("a", 0) == 0x3002
    assert computer.words(SSP - 4, 2) == [0x0000, PROGRAM + 2]


def test_rte_returns_to_user_mode_and_its_stack() -> None:
    computer = Computer("m68000", 0x4E73, supervisor=True)
    computer.set_words(SSP, 0x0715, 0x0001, 0x2345)
    assert computer.step().kind is StepKind.COMPLETED
    assert (computer.number("pc"), computer.number("mode"), computer.number("ipm")) == (0x12345, 0, 7)
    assert (computer.sp, computer.number("other_sp")) == (USP, SSP + 6)
    assert [computer.number(f"ccr.{flag}") for flag in "XNZVC"] == [1, 0, 1, 0, 1]


def test_move_from_sr_shows_the_mode_on_the_68000_and_traps_on_the_68010() -> None:
    shown = []
    for supervisor in (False, True):
        computer = Computer("m68000", 0x40C0, supervisor=supervisor)
        assert computer.step().kind is StepKind.COMPLETED
        shown.append(computer.register("d", 0))
    assert shown == [0x0000, 0x2000]
    assert Computer("m68010", 0x40C0).step().cause == "privilege_violation"
    assert Computer("m68010", 0x40C0, supervisor=True).step().kind is StepKind.COMPLETED


def test_move_from_ccr_shows_the_condition_codes_alone() -> None:
    computer = Computer("m68010", 0x42C0, supervisor=True, d0=0xFFFFFFFF, ipm=5, ccr_C=1)
    computer.step()
    assert computer.register("d", 0) == 0xFFFF0001
    assert Computer("m68000", 0x42C0).step().cause == "illegal_instruction"


def test_stop_waits_unless_it_is_traced() -> None:
    assert Computer("m68000", 0x4E72, 0x2000, supervisor=True).step().kind is StepKind.WAITING
    assert Computer("m68000", 0x4E72, 0x2000, supervisor=True, trace=1).step().cause == "trace"
    assert Computer("m68000", 0x4E72, 0x2000).step().cause == "privilege_violation"


def test_the_68010_has_a_format_word_and_a_vector_base() -> None:
    computer = Computer("m68010", 0x4E41, vbr=0x10000)
    computer.step()
    assert computer.number("pc") == HANDLER + 16 * 33
    assert computer.words(SSP - 8, 4) == [0x0000, 0x0000, PROGRAM + 2, 33 * 4]


def test_an_address_error_on_the_68010_leaves_29_words() -> None:
    computer = Computer("m68010", 0x3010, a0=0x123457)
    computer.step()
    assert computer.sp == SSP - 58
    frame = computer.words(SSP - 58, 7)
    assert frame[3] == 0x8000 | 3 * 4
    assert frame[4] & 0xF107 == 0x1101, "the data fetch of a read in user data space"
    assert frame[5:7] == [0x0012, 0x3457]


@pytest.mark.parametrize(("format", "kind"), [(0, StepKind.COMPLETED), (8, StepKind.UNPREDICTABLE), (2, StepKind.TRAPPED)])
def test_rte_checks_the_format(format: int, kind: StepKind) -> None:
    computer = Computer("m68010", 0x4E73, supervisor=True)
    computer.set_words(SSP, 0x0000, 0x0001, 0x2344, format << 12)
    step = computer.step()
    assert step.kind is kind
    if kind is StepKind.COMPLETED:
        assert (computer.number("pc"), computer.number("mode"), computer.number("other_sp")) == (0x12344, 0, SSP + 8)
    if kind is StepKind.TRAPPED:
        assert (step.cause, computer.sp) == ("format_error", SSP - 8)


def test_movec_moves_the_control_registers() -> None:
    computer = Computer("m68010", 0x4E7B, 0x0000, 0x4E7B, 0x0801, 0x4E7A, 0x8800, supervisor=True, d0=0x12345)
    for _ in range(3):
        assert computer.step().kind is StepKind.COMPLETED
    assert (computer.number("sfc"), computer.number("vbr"), computer.register("a", 0)) == (5, 0x12345, USP)
    assert Computer("m68010", 0x4E7A, 0x0002, supervisor=True).step().cause == "illegal_instruction"
    assert Computer("m68010", 0x4E7A, 0x0801).step().cause == "privilege_violation"


def test_moves_reaches_the_space_that_its_function_code_names() -> None:
    computer = Computer("m68010", 0x0E50, 0x0000, 0x0E50, 0x0800, supervisor=True, a0=0x3000, sfc=1, dfc=5)
    computer.set_words(0x3000, 0xBEEF, supervisor=False)
    computer.step()
    assert computer.register("d", 0) == 0xBEEF
    computer.step()
    assert computer.words(0x3000, 1) == [0xBEEF]
    assert Computer("m68010", 0x0E50, 0x0000, supervisor=True, a0=0x3001).step().cause == "address_error"
    assert Computer("m68010", 0x0E50, 0x0000).step().cause == "privilege_violation"


def test_rtd_drops_parameters_and_bkpt_is_illegal() -> None:
    computer = Computer("m68010", 0x4E74, 0x0010)
    computer.set_words(USP, 0x0000, 0x2222, supervisor=False)
    computer.step()
    assert (computer.number("pc"), computer.sp) == (0x2222, USP + 4 + 16)
    assert Computer("m68010", 0x4848).step().cause == "illegal_instruction"
