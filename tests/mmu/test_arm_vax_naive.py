"""The walks of Arm and VAX agree with straightforward walkers on random tables: results, entries read, entries changed."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

import pytest

from tests.support import naive_arm_vax
from tests.support.naive_arm_vax import ARM, PROTECTION, permits
from tests.support.naive_walks import Memory
from tests.support.walks import compiled, is_told, naive, random_control
from vmproof.terms import Value

ACCESSES = ("read", "write", "fetch")


def descriptor(rng: random.Random, reader: str) -> int:
    """A descriptor that is a table or a page more often than chance would have it."""
    made = rng.getrandbits(64)
    kind = rng.random()
    made = made & ~3 | (3 if kind < 0.9 else 1 if kind < 0.98 else 0)
    if rng.random() < 0.8:
        made |= 1 << 10
    if reader == "second":
        made |= 0x40 | rng.choice((0, 0x80, 0x80)) if rng.random() < 0.95 else 0x80
        if rng.random() < 0.8:
            made &= ~(3 << 53)
    if rng.random() < 0.6:
        made &= ~(15 << 59)
    return made


def address(rng: random.Random, bits: int, second: bool) -> int:
    va = rng.getrandbits(bits)
    if not second and rng.random() < 0.5:
        va |= ((1 << (64 - bits)) - 1) << bits
    return rng.getrandbits(64) if rng.random() < 0.02 else va


@pytest.mark.parametrize("name", ARM)
def test_arm_agrees_with_a_straightforward_walker(name: str) -> None:
    rng = random.Random(name)
    _, bits, second = ARM[name]
    seen: Counter[str] = Counter()
    for _ in range(2000):
        memory = Memory(partial(descriptor, rng))
        root, va = rng.getrandbits(35) << 13, address(rng, bits, second)
        access, control = rng.choice(ACCESSES), random_control(rng, name)
        theirs = naive(partial(naive_arm_vax.arm, name, root, va, access, control, memory), memory)
        assert compiled(name).run(root, va, access, control, memory.words) == theirs
        assert is_told(name, None, theirs)
        seen[theirs.reason] += 1
    expected = {"none", "invalid", "not_canonical", "not_accessed", "not_writable", "not_executable"}
    assert expected | ({"not_readable"} if second else {"user_page", "supervisor_page"}) <= set(seen), seen


@pytest.mark.parametrize(("name", "second"), [("arm48", "arm48-2"), ("arm39", "arm40-2")])
def test_arm_in_two_stages_agrees(name: str, second: str) -> None:
    rng = random.Random(name + second)
    small = ~(((1 << 48) - 1) >> 40 << 40)  # descriptors that name intermediate physical addresses in range
    seen: Counter[str] = Counter()
    for _ in range(1500):
        memory = Memory(lambda reader: descriptor(rng, reader) & (-1 if reader == "second" else small))
        root, host_root = rng.getrandbits(27) << 12, rng.getrandbits(35) << 13
        va = address(rng, ARM[name][1], False)
        access, control, host = rng.choice(ACCESSES), random_control(rng, name), random_control(rng, second, second=True)
        stage = naive_arm_vax.arm_stage(second, host_root, host, memory)
        theirs = naive(partial(naive_arm_vax.arm, name, root, va, access, control, memory, stage), memory)
        assert compiled(name, second).run(root, va, access, control, memory.words, host_root, host) == theirs
        assert is_told(name, second, theirs)
        seen[theirs.reason] += 1
        if theirs.second:
            seen["table changed" if theirs.writing and theirs.implicit else "table" if theirs.implicit else "final"] += 1
    assert {"none", "table", "table changed", "final"} <= set(seen), seen


def vax_entry(rng: random.Random, reader: str) -> int:
    return rng.getrandbits(31) | (1 << 31 if rng.random() < 0.8 else 0)


def test_vax_agrees_with_a_straightforward_walker() -> None:
    rng = random.Random("vax")
    seen: Counter[str] = Counter()
    for _ in range(4000):
        memory = Memory(partial(vax_entry, rng))
        control = random_control(rng, "vax")
        control["P0BR"] = control["P0BR"] & 0x3FFFFFFC | (0x80000000 if rng.random() < 0.95 else 0)
        control["P1BR"] = control["P1BR"] & 0x3FFFFFFC | 0x80000000
        sbr, va, access = rng.getrandbits(28) << 2, rng.getrandbits(32), rng.choice(ACCESSES)
        theirs = naive(partial(naive_arm_vax.vax, sbr, va, access, control, memory), memory)
        assert compiled("vax").run(sbr, va, access, control, memory.words) == theirs
        assert is_told("vax", None, theirs)
        seen[theirs.reason] += 1
    assert {"none", "length", "table_length", "table_invalid", "not_readable", "not_writable", "invalid"} <= set(seen), seen


def test_vax_protection_codes_allow_what_the_manuals_table_says() -> None:
    walk = compiled("vax")
    control: dict[str, int] = {"SLR": 1, "P0BR": 0, "P0LR": 0, "P1BR": 0, "P1LR": 0}
    for code, text in enumerate(PROTECTION):
        for mode in range(4):
            for access in ("read", "write"):
                words: dict[int, Value] = {0: 1 << 31 | code << 27 | 5}
                found = walk.run(0, 0x80000000, access, {**control, "mode": mode}, {0: 1 << 31 | code << 27 | 5})
                assert found.ok == permits(code, mode, access == "write"), (text, mode, access, words)
