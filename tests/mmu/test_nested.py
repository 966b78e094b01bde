"""The nested walkers in small steps: they agree with the manuals' walks, and a fault of either side shows.

That they are proved to, and that the faults seeded in `proofs/nested.toml` are refuted, is what `vmproof prove` says; `make test` runs it.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache, partial

import pytest

from tests.support import naive_walks
from tests.support.documentation import ROOT
from tests.support.naive_walks import Memory
from tests.support.nested import Run, walker
from tests.support.walks import control_widths, ept_entry, guest_entry, naive, riscv_entry, x86_entry
from vmproof.data import library
from vmproof.language import lint
from vmproof.solvers import SolverPool
from vmproof.terms import ArrayValue, Value
from vmproof.theorems.files import read_file
from vmproof.theorems.paging import LEVELS, Row, paging_costs

THEOREMS = {theorem.name: theorem for theorem in read_file(ROOT / "proofs" / "nested.toml")}
SYSTEMS: dict[str, dict[str, int]] = {
    "riscv": {"GUEST_LEVELS": 3, "HOST_LEVELS": 3},
    "riscv 4": {"GUEST_LEVELS": 2, "HOST_LEVELS": 2, "ENTRY": 4},
    "x86": {},
    "x86 32": {"GUEST_LEVELS": 2},
    "x86 pae": {"GUEST_LEVELS": 3},
    "arm": {},
}
SMALL = ("riscv 4", "x86 32")
"""Those whose guests have entries of four bytes."""


def number(value: Value) -> int:
    assert isinstance(value, int)
    return value


@cache
def costs() -> list[Row]:
    return paging_costs(None, SolverPool)


def descriptor(rng: random.Random, guest: bool, level: int) -> int:
    """Of Arm: a table or a page, now and then a block, mostly with its access flag."""
    made = rng.getrandbits(36) << 12 | rng.choice((3, 3, 3, 3, 1)) | rng.choice((0x400, 0x400, 0x400, 0)) | rng.getrandbits(1) << 51
    rights = rng.choice((0x40, 0xC0)) if guest else rng.choice((0xC0, 0xC0, 0xC0, 0x40))
    return made | (rights if level == 0 or not made & 2 else 0) | (rng.getrandbits(2) << 53 if rng.random() < 0.1 else 0)


def plain(name: str, rng: random.Random, guest: bool, level: int) -> int:
    """A pointer, or in the last table a page that allows most, perhaps still to be marked."""
    frame = rng.getrandbits(20)
    if name == "arm":
        return frame << 12 | 0x443 | (0x80 if rng.random() < 0.5 else 0) | 1 << 51
    if name == "x86 32" and guest and level == 1 and rng.random() < 0.5:
        return frame << 12 & ~((rng.random() < 0.8) << 21) | 0xC7  # a page of 4 MiB, mostly without its reserved bit
    if name.startswith("x86"):
        return frame << 12 | 7 | (0x20 if guest and rng.random() < 0.7 else 0)
    return frame << 10 | (rng.choice((0xDF, 0xDF, 0xDF, 0x5F, 0x1F, 0xD9)) if level == 0 else 1)


def random_run(name: str, rng: random.Random, edit: tuple[str, str, str] | None = None) -> Run:
    system = walker(name.split()[0], edit, **SYSTEMS[name])
    size = 4 if name in SMALL else 8
    host_size = 4 if name == "riscv 4" else 8
    calm = rng.random() < 0.6

    def invent(guest: bool, level: int) -> int:
        if calm:
            return plain(name, rng, guest, level)
        if name.startswith("x86"):
            return x86_entry(rng, size, "first") if guest else ept_entry(rng)
        if name == "arm":
            return descriptor(rng, guest, level)
        return riscv_entry(rng, size) if guest else guest_entry(rng, size)

    given: dict[str, Value] = {"access": rng.randrange(3)}
    shared = ("user", "SUM", "MXR", "VMXR", "ADUE", "VADUE", "WP", "NXE", "AC", "SMAP", "SMEP", "PSE", "AD")
    flags = (*shared, "system", "EL1", "HA", "HD", "HA2", "HD2", "XNX", "PAN")
    known = {variable.path for variable in system.variables}
    given.update({flag: rng.random() < 0.5 for flag in flags if flag in known})
    given.update({root: rng.getrandbits(20) << 2 for root in ("vsatp", "hgatp", "CR3", "EPTP", "TTBR", "VTTBR") if root in known})
    given["va"] = rng.getrandbits({"riscv 4": 31, "x86 32": 32, "x86 pae": 32}.get(name, 38))
    if name in ("x86 32", "x86 pae"):
        given["CR3"] = rng.getrandbits(20)
    if name == "x86 pae":
        given["PDPTE"] = ArrayValue(0, {number: rng.getrandbits(24) << 12 | (rng.random() < 0.9) for number in range(4)})
    return Run(system, given, invent, size, host_size)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_walker_does_what_the_manual_says_with_random_tables(name: str) -> None:
    rng = random.Random(name)
    ends: Counter[tuple[Value, Value, Value]] = Counter()
    for _ in range(30):
        run = random_run(name, rng)
        if not run.finish():
            continue
        assert run.holds("as_a_whole")
        ends[run.state["r.ok"], run.state["r.second"], run.state["r.implicit"]] += 1
    assert {(True, False, False), (False, False, False), (False, True, True)} <= set(ends)


@pytest.mark.parametrize("name", ["x86", "x86 32", "x86 pae"])
def test_the_walker_does_what_a_straightforward_walker_does(name: str) -> None:
    """That of `test_walks_naive.py`; here PAE paging has its PDPTEs in registers."""
    rng = random.Random(name)
    ends: Counter[str] = Counter()
    for _ in range(60):
        run = random_run(name, rng)
        control = {field: int(bool(run.state["system" if field == "implicit" else field])) for field in control_widths("x86-4")}
        host = {field: int(bool(run.state[field])) for field in control_widths("ept4", second=True)}
        root, host_root, va = (number(run.state[field]) for field in ("CR3", "EPTP", "va"))
        registers = None
        if name == "x86 pae":
            loaded = run.state["PDPTE"]
            assert isinstance(loaded, ArrayValue)
            registers = [number(loaded.get(index)) for index in range(4)]
        if not run.finish():
            continue
        memory = Memory(lambda reader: pytest.fail("an entry that the walker did not read"))
        memory.words.update(run.entries)
        stage = naive_walks.ept_stage(4, host_root << 12, host, memory)
        format = {"x86": "x86-4", "x86 32": "x86-32", "x86 pae": "x86-pae"}[name]
        access = ("read", "write", "fetch")[number(run.state["access"])]
        arguments = (format, root << 12, va, access, control, memory, stage, bool(host["AD"]), registers)
        theirs = naive(partial(naive_walks.x86, *arguments), memory)
        ours = {field: run.state[f"r.{field}"] for field in ("ok", "code", "second", "implicit", "writing")}
        assert ours == {field: getattr(theirs, field) for field in ours}
        assert not theirs.ok or run.state["r.at"] == theirs.pa
        assert not theirs.second or run.state["r.gpa"] == theirs.gpa
        ends[theirs.reason] += 1
        ends["behind"] += theirs.second
    assert {"none", "invalid", "reserved", "behind"} <= set(ends), ends


FAULTS = {
    "EPT's dirty flag is forgotten": ("x86", "nested_x86.py", "(0x300) if leaf and writing", "(0x100) if leaf and writing"),
    "a manual forgets EPT's dirty flag": (
        "x86",
        "x86_ept.py",
        "0x300 if level == column and writing",
        "0x100 if level == column and writing",
    ),
    "an access to a table is a read": (
        "x86",
        "nested_x86.py",
        "writing = access == Access.write or (implicit and flags_on(w))",
        "writing = access == Access.write",
    ),
    "a manual's access to a table is a read": (
        "x86",
        "x86_ept.py",
        "writing = access == Access.write or (implicit and control.AD)\n    if zext",
        "writing = access == Access.write\n    if zext",
    ),
    "a page of 4 MiB lies below 4 GiB": ("x86 32", "nested_x86.py", "cat(pte[20:13], pte[31:22]", "cat(bits[8](0), pte[31:22]"),
    "a manual's page of 4 MiB lies below 4 GiB": ("x86 32", "x86.py", "cat(entry[20:13], entry[31:22]", "cat(bits[8](0), entry[31:22]"),
    "pages of 4 MiB need no PSE": ("x86 32", "nested_x86.py", "(w.PSE or ENTRY == 8)", "True"),
    "a manual's pages of 4 MiB need no PSE": ("x86 32", "x86.py", '(control.PSE or paging["entry"] == 8)', "True"),
    "EPT's entries have four bytes, too": ("x86 32", "nested_x86.py", "cat(w.memory[second_slot(place)]", "cat(bits[32](0)"),
    "the PDPTE is chosen by other bits": ("x86 pae", "nested_x86.py", "w.PDPTE[w.va[31:30]]", "w.PDPTE[w.va[30:29]]"),
    "a manual chooses the PDPTE by other bits": ("x86 pae", "x86.py", "pdptes[la[31:30]]", "pdptes[la[30:29]]"),
    "a PDPTE is taken for present": ("x86 pae", "nested_x86.py", "GUEST_LEVELS == 3 and not pointer(w)[0]", "False"),
    "bits of PAE's entries are not looked at": ("x86 pae", "nested_x86.py", "(WIDTH == 32 and pte[62:52] != 0)", "False"),
    "AC lifts SMAP for the system": ("x86", "nested_x86.py", "(w.system or not w.AC)", "not w.AC"),
    "a manual's AC lifts SMAP for the system": ("x86", "x86.py", "(control.implicit or not control.AC)", "not control.AC"),
    "a change of a guest's entry is checked as a read, RISC-V": (
        "riscv",
        "nested_hardware.py",
        "Access.write if w.r.purpose == Purpose.update else Access.read",
        "Access.read",
    ),
    "a change of a guest's entry is checked as a read, Arm": (
        "arm",
        "nested_hardware.py",
        "Access.write if w.r.purpose == Purpose.update else Access.read",
        "Access.read",
    ),
    "AP[2] is misread": ("arm", "nested_arm.py", "(not pte[7] or may_be_dirtied", "(pte[7] or may_be_dirtied"),
    "a manual misreads AP[2]": ("arm", "arm.py", '(entry[7] if arm["second"] else not entry[7])', "entry[7]"),
    "XN of stage 2 is misread": ("arm", "nested_arm.py", "only if w.XNX else not pte[54]", "only if w.XNX else pte[54] == 1"),
    "a manual misreads XN of stage 2": (
        "arm",
        "arm.py",
        "execute = not entry[54]\n        return",
        "execute = entry[54] == 1\n        return",
    ),
}
"""Of the walkers' side and of the manuals': the walker, the file, what is replaced there, and by what."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_either_side_shows_in_random_tables(fault: str) -> None:
    name, *edit = FAULTS[fault]
    rng = random.Random(fault)
    for _ in range(400):
        run = random_run(name, rng, (edit[0], edit[1], edit[2]))
        if run.finish() and not run.holds("as_a_whole"):
            return
    pytest.fail("400 runs do not show it")


def test_a_result_that_is_not_the_manuals_does_not_count_as_equal() -> None:
    rng = random.Random(1)
    run = random_run("riscv", rng)
    assert run.finish()
    assert run.holds("as_a_whole")
    code = run.state["r.code"]
    assert isinstance(code, int)
    run.state["r.code"] = code ^ 1
    assert not run.holds("as_a_whole")


@pytest.mark.parametrize("guest", LEVELS)
@pytest.mark.parametrize("host", LEVELS)
def test_the_walker_reads_as_many_entries_as_the_cost_table_says_at_most(guest: int, host: int) -> None:
    """Tables without superpages, each in a page of its own. The formula is Bhargava's, (n + 1)(m + 1) - 1 (ASPLOS 2008)."""
    pages = iter(range(1, 1000))
    addresses = iter(range(1, 1000))  # of the guest's tables, as guest physical pages
    system = walker("riscv", GUEST_LEVELS=guest, HOST_LEVELS=host, MARKS=0)

    def invent(of_guest: bool, level: int) -> int:
        frame = next(addresses) if of_guest else 4 * next(pages)
        return frame << 10 | (0xDF if level == 0 else 1)

    run = Run(system, {"hgatp": 0x80000, "vsatp": 0, "user": True}, invent)
    assert run.finish()
    assert run.state["r.ok"]
    [most] = [row.max_references for row in costs() if (row.mode, row.guest_levels, row.host_levels) == ("nested", guest, host)]
    assert run.state["r.count"] == most == (guest + 1) * (host + 1) - 1
    assert THEOREMS[f"nested-count-{guest}-{host}"].parameters["MOST"] == most


@pytest.mark.parametrize("name", ["riscv", "x86", "arm", "count", "racing"])
def test_the_walkers_say_nothing_doubtful(name: str) -> None:
    assert lint(library() / "spec" / "mmu" / f"nested_{name}.py") == []


def test_the_walkers_do_not_call_the_walks_that_they_are_compared_with() -> None:
    text = (library() / "spec" / "mmu" / "nested_hardware.py").read_text(encoding="utf-8")
    assert "spec.mmu" not in text
