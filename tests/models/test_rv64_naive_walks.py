"""Loads, stores and fetches of RV64 through its page tables agree with straightforward walkers, also where accessed and dirty bits fault.

QEMU always sets these bits by hardware; here menvcfg.ADUE and henvcfg.ADUE have any legal values (Svade, Svadu; Priv. 8.2.5).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.support.naive_walks import Fault, Memory, Stage, nothing, riscv, riscv_stage
from tests.support.rv64_cases import ADUE, BASE, WINDOW, Case, background, case_of, operand_base, operand_size
from tests.support.rv64_state import MODES, VS, VU, M, Machine, S, machine, predict
from vmproof.simulate import StepKind

WORD = (1 << 64) - 1
SV = {8: "sv39", 9: "sv48"}
PSEUDO = {False: 0x3000, True: 0x3020}  # Priv. 8.6.3, table of pseudoinstructions, entries of eight bytes


class Outside(Exception):
    """A walk leaves the memory that the case has."""


class Image(Memory):
    """The memory of a case, byte by byte."""

    def __init__(self, cells: Mapping[int, int]) -> None:
        super().__init__(lambda reader: 0)
        self.cells = dict(cells)
        self.blank = background()

    def read(self, address: int, reader: str = "first") -> int:
        if not BASE <= address <= BASE + WINDOW - 8:
            raise Outside
        return sum(self.cells.get(at, self.blank[at - BASE]) << 8 * (at - address) for at in range(address, address + 8))

    def update(self, address: int, old: int, new: int) -> None:
        super().update(address, old, new)
        self.cells |= {address + at: byte for at, byte in enumerate(new.to_bytes(8, "little"))}


def translated(start: Machine, memory: Image, va: int, access: str, mode: int, hlvx: bool = False) -> int:
    """The physical address of an access in a mode; raises Fault."""
    words = start.words
    marking = {False: words["menvcfg"] & ADUE != 0, True: words["henvcfg"] & ADUE != 0}
    virtual = mode in (VU, VS)
    atp = words["vsatp" if virtual else "satp"]
    status = words["vsstatus" if virtual else "mstatus"]
    control = {
        "mode": int(mode in (S, VS)),
        "SUM": status >> 18 & 1,
        "MXR": (status | words["mstatus"]) >> 19 & 1,
        "ADUE": marking[virtual],
        "PBMTE": 0,
        "HLVX": hlvx,
    }
    stage: Stage = nothing
    if virtual and words["hgatp"] >> 60:
        host = {**control, "mode": 0, "SUM": 0, "MXR": words["mstatus"] >> 19 & 1, "ADUE": marking[False]}
        stage = riscv_stage(SV[words["hgatp"] >> 60] + "x4", (words["hgatp"] & (1 << 44) - 1) << 12, host, memory)
    if atp >> 60:
        return riscv(SV[atp >> 60], (atp & (1 << 44) - 1) << 12, va, access, control, memory, stage).pa
    try:
        return stage(va, access, False)
    except Fault as fault:
        raise Fault(fault.reason, fault.level, fault.code, True, gpa=va) from None


def told(fault: Fault, va: int) -> dict[str, int]:
    """What the trap reports, where the specification leaves no choice."""
    found = {"cause": fault.code, "tval": va}
    if fault.second:
        found["tval2"] = fault.gpa >> 2
        if fault.implicit:
            found["tinst"] = PSEUDO[fault.writing]
    return found


def reported(after: Machine, names: Mapping[str, int]) -> dict[str, int]:
    """The same from the registers of the mode that was entered."""
    at = {
        M: {"cause": "mcause", "tval": "mtval", "tval2": "mtval2", "tinst": "mtinst"},
        S: {"cause": "scause", "tval": "stval", "tval2": "htval", "tinst": "htinst"},
        VS: {"cause": "vscause", "tval": "vstval"},
    }[after.mode]
    return {name: after.words[at[name]] for name in names}


def checked(case: Case, seen: Counter[str]) -> None:
    """Compare one step, if it stays in the case's memory and in one page each."""
    start, name = case.start, case.instruction.name
    size, base = operand_size(case.instruction), operand_base(case.instruction, case.operands)
    if base is None:
        return
    va = start.x[base[0]] + base[1] & WORD
    if va % 4096 + size > 4096 or start.pc % 4096 > 4092:
        return
    memory = Image(case.all_cells())
    by = VU + (start.words["hstatus"] >> 8 & 1) if name.startswith("h") else start.mode
    access = "write" if name.startswith(("s", "hs")) else "read"
    place = 0
    expected: dict[str, int] = {}
    at, how = start.pc, "fetch"
    try:
        code = translated(start, memory, at, how, start.mode)
        if code not in case.code:
            return
        at, how = va, access
        place = translated(start, memory, va, access, by, name.startswith("hlvx"))
        if not BASE <= place <= BASE + WINDOW - size:
            return
    except Outside:
        return
    except Fault as fault:
        expected = told(fault, at)
        seen[f"{how} {fault.reason}"] += 1
        seen[("update of a table" if fault.writing else "table") if fault.implicit else "page" if fault.second else "own"] += 1
    said = predict(start, case.all_cells(), background(), BASE)
    assert (said.step.kind is StepKind.TRAPPED) == bool(expected), (str(case), said.step, expected)
    if expected:
        assert reported(said.after, expected) == expected, str(case)
        return
    stores = {at: byte for at, byte in said.stores.items() if case.all_cells().get(at, memory.blank[at - BASE]) != byte}
    marks = {at: byte for at, byte in memory.cells.items() if case.all_cells().get(at) != byte}
    written = range(place, place + size) if access == "write" else range(0)
    assert {at: byte for at, byte in stores.items() if at not in written} == {at: byte for at, byte in marks.items() if at not in written}
    seen["marked" if marks else "completes"] += 1


@pytest.mark.slow(10)
@pytest.mark.parametrize("name", ["ld", "sd", "sb", "hlvx.hu", "hsv.d"])
def test_accesses_agree_with_a_straightforward_walker(name: str) -> None:
    instruction = machine().instruction(name)
    assert instruction is not None
    chance = random.Random(name)
    seen: Counter[str] = Counter()
    for turn in range(300):
        case = case_of(instruction, chance, S if name.startswith("h") else chance.choice([mode for mode in MODES if mode != M]))
        words = dict(case.start.words)
        granted, passed_on = turn % 2 == 0, turn % 4 == 0
        words["menvcfg"] = words["menvcfg"] & ~ADUE | ADUE * granted
        words["henvcfg"] = words["henvcfg"] & ~ADUE | ADUE * passed_on
        checked(replace(case, start=replace(case.start, words=words)), seen)
    accesses = ["fetch", "write" if name.startswith(("s", "hs")) else "read"]
    assert {"completes", "marked", *(f"{how} not_accessed" for how in accesses[name.startswith("h") :])} <= set(seen), seen
    assert accesses[1] == "read" or "write not_dirty" in seen, seen
    assert {"own", "table", "page"} <= set(seen), seen
