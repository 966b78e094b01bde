"""The x86 walks agree with Unicorn's MMU on random tables: faults, addresses, A and D. (The emulator does not tell error codes.)"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.support.waivers import Waiver, Waivers
from tests.support.walks import Outcome, compiled, naive_walk_of_x86
from tests.support.x86_emulator import PAGING, RAM, STORED, Reached, X86Emulator

CASES = 1500


@dataclass(frozen=True)
class Case:
    """A walk of the specification, and what became of the access."""

    outcome: Outcome
    reached: Reached
    before: dict[int, int]

    @property
    def only_accessed(self) -> bool:
        """The tables differ in accessed flags alone."""
        return all(word & ~0x20 == self.before[place] & ~0x20 for place, word in self.reached.words.items())


WAIVERS = (
    Waiver[Case](
        "x86-32, x86-pae, x86-4",
        "A of the entries above the one that faults",
        "SDM volume 3A, 4.8: an entry is accessed when it is used for a translation; whether one that faults counts is left open",
        lambda case: not case.outcome.ok and case.reached.faulted and case.only_accessed,
    ),
)


def entry(rng: random.Random, size: int, reader: str) -> int:
    frame = rng.randrange(16, RAM >> 12) << 12
    if reader == "pdpte":
        return frame | (1 if rng.random() < 0.95 else rng.choice((0, 3, 0x101)))
    made = rng.choice((7, 7, 7, 7, 7, 3, 5, 1, 0)) | rng.choice((0, 0, 0x20, 0x60))
    if rng.random() < 0.25:
        made |= 0x80
        low = 22 if size == 4 else 21
        frame = frame >> low << low if rng.random() < 0.8 else rng.choice((0, 0x2000 if size == 8 else 0x20_0000))
    if size == 8 and rng.random() < 0.1:
        made |= 1 << 63
    return made | frame


def compare(name: str, emulator: X86Emulator, rng: random.Random, waivers: Waivers[Case]) -> str:
    """One random walk and one access of the emulator; gives the reason of the walk's fault."""
    size = emulator.paging.size
    va = rng.getrandbits(47) if emulator.paging.long else rng.randrange(emulator.paging.own)
    access = rng.choice(("read", "write", "fetch"))
    va &= ~1 if access == "fetch" else ~0
    fields = ("user", "WP", "SMEP", "SMAP", "AC", "NXE")
    control = {**dict.fromkeys(("implicit", "PKE", "PKS", "PKRU", "PKRS"), 0), **{field: rng.getrandbits(1) for field in fields}}
    control["PSE"] = rng.getrandbits(1) if size == 4 else 1
    root = rng.randrange(16, RAM >> 12) << 12
    words = naive_walk_of_x86(name, root, va, access, control, lambda reader: entry(rng, size, reader))
    ours = compiled(name).run(root, va, access, control, words)
    own = emulator.own_place(root)
    near = [*words, own]
    if own in words or (ours.ok and (not 0x10000 <= ours.pa < RAM or any(abs(ours.pa - place) < 16 for place in near))):
        return "outside"
    theirs = emulator.access(root, va, access, control, words, ours.pa)
    agree = theirs.faulted == (not ours.ok) and theirs.words == dict(words) | {place: new for place, _, new in ours.updates}
    if ours.ok and access == "read":
        agree = agree and theirs.value == ours.pa >> 12 & 0xFF
    if ours.ok and access == "write":
        agree = agree and theirs.stored == STORED
    assert agree or waivers.excuse(Case(ours, theirs, dict(words))), (name, access, control, hex(va), hex(root), ours, theirs)
    return ours.reason


def test_walks_agree_with_the_emulators_mmu() -> None:
    waivers = Waivers(WAIVERS)
    for name in PAGING:
        rng = random.Random(name)
        emulator = X86Emulator(name)
        seen = {compare(name, emulator, rng, waivers) for _ in range(CASES)}
        expected = {"none", "invalid", "reserved", "user_page", "supervisor_page", "not_writable"}
        assert expected | ({"not_executable"} if emulator.paging.size == 8 else set()) <= seen
    waivers.check_used()
