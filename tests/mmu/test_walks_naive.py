"""The walks of the library agree with straightforward walkers on random tables: results, entries read, entries changed."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

import pytest

from tests.support import naive_walks
from tests.support.naive_walks import SV, X86, Memory
from tests.support.walks import Outcome, compiled, ept_entry, guest_entry, is_told, naive, random_control, riscv_entry, x86_entry

ACCESSES = ("read", "write", "fetch")


def address(rng: random.Random, bits: int, signed: bool) -> int:
    """An address of so many bits, now and then one outside the range that the format has."""
    if bits <= 34:
        return rng.getrandbits(bits)
    va = rng.getrandbits(bits)
    if signed and va >> (bits - 1):
        va |= ((1 << (64 - bits)) - 1) << bits
    return rng.getrandbits(64) if rng.random() < 0.02 else va


def compare(ours: Outcome, theirs: Outcome, seen: Counter[str], name: str, second: str | None = None) -> None:
    assert ours == theirs
    assert is_told(name, second, theirs)
    seen[theirs.reason] += 1
    if theirs.second:
        seen["table changed" if theirs.writing and theirs.implicit else "table" if theirs.implicit else "final"] += 1


@pytest.mark.parametrize("name", SV)
def test_riscv_agrees_with_a_straightforward_walker(name: str) -> None:
    rng = random.Random(name)
    sv = SV[name]
    seen: Counter[str] = Counter()
    for _ in range(1500):
        memory = Memory(lambda reader: riscv_entry(rng, sv.size))
        root, va = rng.getrandbits(40) << 14, address(rng, sv.bits, not sv.x4 and sv.size == 8)
        access, control = rng.choice(ACCESSES), random_control(rng, name)
        theirs = naive(partial(naive_walks.riscv, name, root, va, access, control, memory), memory)
        compare(compiled(name).run(root, va, access, control, memory.words), theirs, seen, name)
    expected = {"none", "invalid", "reserved", "no_leaf", "misaligned", "supervisor_page", "not_readable", "not_writable"}
    assert expected | {"not_executable", "not_accessed", "not_dirty"} <= set(seen), seen


@pytest.mark.parametrize(
    ("name", "second"), [("sv32", "sv32x4"), ("sv39", "sv39x4"), ("sv48", "sv48x4"), ("sv57", "sv57x4"), ("sv39", "sv57x4")]
)
def test_riscv_in_two_stages_agrees(name: str, second: str) -> None:
    rng = random.Random(name + second)
    size = SV[name].size
    small = 0x3FFFFFFF if size == 4 else (1 << 37) - 1  # entries that name guest physical addresses in range
    seen: Counter[str] = Counter()
    for _ in range(600):
        memory = Memory(lambda reader: guest_entry(rng, size) if reader == "second" else riscv_entry(rng, size) & small)
        root, host_root = rng.getrandbits(20) << 12, rng.getrandbits(40) << 14
        va = address(rng, SV[name].bits, size == 8)
        access, control, host = rng.choice(ACCESSES), random_control(rng, name), random_control(rng, second, second=True)
        stage = naive_walks.riscv_stage(second, host_root, host, memory)
        theirs = naive(partial(naive_walks.riscv, name, root, va, access, control, memory, stage), memory)
        compare(compiled(name, second).run(root, va, access, control, memory.words, host_root, host), theirs, seen, name, second)
    assert {"none", "table", "table changed", "final", "misaligned", "reserved"} <= set(seen), seen


@pytest.mark.parametrize("name", X86)
def test_x86_agrees_with_a_straightforward_walker(name: str) -> None:
    rng = random.Random(name)
    _, _, size, bits = X86[name]
    seen: Counter[str] = Counter()
    for _ in range(2000):
        memory = Memory(lambda reader: x86_entry(rng, size, reader))
        root, va = rng.getrandbits(40) << 12, address(rng, bits, True)
        access, control = rng.choice(ACCESSES), random_control(rng, name)
        theirs = naive(partial(naive_walks.x86, name, root, va, access, control, memory), memory)
        compare(compiled(name).run(root, va, access, control, memory.words), theirs, seen, name)
    expected = {"none", "invalid", "supervisor_page", "user_page", "not_writable"}
    beyond = {"reserved", "not_executable"} if size == 8 else {"reserved"}
    assert expected | beyond | ({"not_canonical", "protection_key"} if bits > 32 else set()) <= set(seen), seen


@pytest.mark.parametrize(("name", "levels"), [("x86-32", 4), ("x86-pae", 4), ("x86-4", 4), ("x86-5", 5)])
def test_x86_under_ept_agrees(name: str, levels: int) -> None:
    rng = random.Random(name)
    _, _, size, bits = X86[name]
    seen: Counter[str] = Counter()
    second = f"ept{levels}"
    for _ in range(600):
        memory = Memory(lambda reader: ept_entry(rng) if reader == "second" else x86_entry(rng, size, reader) & ~(0xFF << 44))
        root, host_root = rng.getrandbits(20) << 12, rng.getrandbits(36) << 12
        va = address(rng, bits, True)
        access, control, host = rng.choice(ACCESSES), random_control(rng, name), random_control(rng, second, second=True)
        stage = naive_walks.ept_stage(levels, host_root, host, memory)
        theirs = naive(partial(naive_walks.x86, name, root, va, access, control, memory, stage, bool(host["AD"])), memory)
        compare(compiled(name, second).run(root, va, access, control, memory.words, host_root, host), theirs, seen, name, second)
    assert {"none", "table", "table changed", "final", "reserved"} <= set(seen), seen
