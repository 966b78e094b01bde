"""The RISC-V walks agree with Unicorn's MMU on random tables: causes, addresses, A and D."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.support.riscv_emulator import PAGE_FAULTS, RAM, STORED, RiscvEmulator
from tests.support.waivers import Waiver, Waivers
from tests.support.walks import Outcome, compiled, naive_walk_of_riscv, random_control

CASES = 1500


@dataclass(frozen=True)
class Case:
    """A walk of the specification with the entries that it read, from the root down."""

    outcome: Outcome
    entries: tuple[int, ...]


def is_pointer(entry: int) -> bool:
    return entry & 0xF == 1


WAIVERS = (
    Waiver[Case](
        "sv32, sv39, sv48",
        "U, A and D of a pointer are not checked",
        "Privileged Architecture 4.3.1: they are reserved in entries that are no leaves",
        lambda case: case.outcome.reason == "reserved" and is_pointer(case.entries[-1]),
    ),
    Waiver[Case](
        "sv39, sv48",
        "bits 63:54 are taken for a part of the page number",
        "Privileged Architecture 4.4.1: they are reserved, and a page fault if set",
        lambda case: case.outcome.reason == "reserved" and case.entries[-1] >> 54 != 0,
    ),
)


def entry(rng: random.Random, size: int) -> int:
    """An entry whose page is in a memory of 16 MiB as a rule."""
    ppn = rng.randrange(16, RAM >> 12)
    flags = rng.choice((1, 1, 1, 1, 1, 1, 1, 1, 0))
    if rng.random() < 0.45:
        flags |= rng.getrandbits(7) << 1
        ppn = rng.choice((ppn, ppn, ppn & ~0x1FF, 0, 0))
    if not flags & 0xE:
        flags &= 1 if rng.random() < 0.97 else 0xFF
    high = 1 << rng.randrange(54, 64) if size == 8 and rng.random() < 0.02 else 0
    return high | ppn << 10 | flags


def compare(name: str, emulator: RiscvEmulator, rng: random.Random, waivers: Waivers[Case]) -> str:
    """One random walk and one access of the emulator; gives the reason of the walk's fault."""
    size = emulator.size
    bits = {"sv32": 32, "sv39": 39, "sv48": 48}[name]
    va = rng.getrandbits(bits)
    if size == 8 and va >> (bits - 1):
        va |= ((1 << (64 - bits)) - 1) << bits
    access = rng.choice(("read", "write", "fetch"))
    va &= ~3 if access == "fetch" else ~0
    control = {**random_control(rng, name), "ADUE": 1, "PBMTE": 0, "HLVX": 0}
    root = rng.randrange(16, RAM >> 12) << 12
    words = naive_walk_of_riscv(name, root, va, access, control, lambda: entry(rng, size))
    ours = compiled(name).run(root, va, access, control, words)
    if ours.ok and (ours.pa >= RAM or any(abs(ours.pa - place) < 8 for place in words)):
        return "outside"
    theirs = emulator.access(root, va, access, control, words, ours.pa)
    fault = theirs.cause if theirs.cause in PAGE_FAULTS else None
    expected = dict(words) | {place: new for place, _, new in ours.updates}
    agree = fault == (None if ours.ok else ours.code) and theirs.words == expected
    if ours.ok and access == "read":
        agree = agree and theirs.value == ours.pa >> 12 & 0xFF
    if ours.ok and access == "write":
        agree = agree and theirs.stored == STORED
    case = Case(ours, tuple(words[place] for place in ours.reads))
    assert agree or waivers.excuse(case), (name, access, control, hex(va), ours, theirs)
    return ours.reason


def test_walks_agree_with_the_emulators_mmu() -> None:
    waivers = Waivers(WAIVERS)
    expected = {"none", "invalid", "reserved", "no_leaf", "misaligned", "user_page", "supervisor_page", "not_readable"}
    for name in ("sv32", "sv39", "sv48"):
        rng = random.Random(name)
        emulator = RiscvEmulator(name)
        seen = {compare(name, emulator, rng, waivers) for _ in range(CASES)}
        assert expected | {"not_writable", "not_executable"} <= seen
    waivers.check_used()
