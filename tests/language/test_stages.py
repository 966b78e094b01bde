"""A stage of a translation means what any function means; and with functions in its place the translation means the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.machines import described, mistake
from vmproof.errors import InputError
from vmproof.language import Description, load
from vmproof.terms import ArrayValue, Term, Value, evaluate, variables

MACHINES = Path(__file__).parents[1] / "machines"

MACHINE = """\
from vmproof.lang import *
class Mode(Enum):
    user = 0
class Cause(Enum):
    call = 0
    memory = 1
class Machine(State):
    pc: bits[9]
    mode: Mode = role.mode(least=Mode.user)
    root: bits[9] = role.control
    second: bool = role.control
    marking: bool = role.control
    executables: bool = role.control
    old: bits[9] = role.control
    mem: memory[bits[9], bits[8]]

@stage
def behind(m, place: bits[9], kind: Access, table) -> bits[9]:
    # valid 7, accessed 6, readable 5, executable 4, frame 2:0; a table is read as it is, whatever `executables` says
    if not m.second:
        return place
    at = cat(bits[6](0b111111), place[8:6])
    entry = m.mem[at]
    readable = entry[5] or m.executables and entry[4] and not table
    if not entry[7] or not (entry[4] if kind == Access.fetch else readable):
        trap(Cause.memory)
    if not entry[6]:
        if not m.marking:
            trap(Cause.memory)
        m.mem[at] = entry | 0x40
    return cat(entry[2:0], place[5:0])

@translation(page=6)
def walk(m, va: bits[9], access: Access) -> bits[9]:
    if m.root == 0:
        return behind(m, va, access, False)
    entry = m.mem[behind(m, cat(m.root[8:3], va[8:6]), Access.read, True)]
    if not entry[7] or access == Access.write and not entry[6]:
        trap(Cause.memory)
    return behind(m, cat(entry[2:0], va[5:0]), access, False)

@fetch
def next_word(m):
    return m.load(m.pc)

@trap_entry
def enter(m, cause: Cause):
    m.old = m.pc
    m.pc = 0

@instruction("00000000")
def nothing(m):
    pass
"""


@pytest.fixture(scope="module")
def machine() -> Description:
    return described("", MACHINE)


TABLES = st.dictionaries(st.sampled_from([*range(504, 512), *range(64, 72), *range(128, 136)]), st.integers(128, 255))
CELLS = st.dictionaries(st.integers(0, 511), st.integers(0, 255), max_size=60)
STATES = st.fixed_dictionaries(
    {
        "root": st.sampled_from([0, 0, 64, 128, 8]),
        "second": st.booleans(),
        "marking": st.booleans(),
        "executables": st.booleans(),
        "mem": st.builds(lambda cells, tables: ArrayValue(0, cells | tables), CELLS, TABLES),
    }
)


@given(STATES, st.integers(0, 511), st.integers(0, 2))
def test_functions_that_are_what_the_stage_says(machine: Description, state: dict[str, Value], va: int, access: int) -> None:
    """Whether an access is denied (a trap, or a write of the walk) and where it leads otherwise are the translation's own."""
    general = machine.translations
    stages, plain = general.stages, general.of(access, 1)
    assert stages is not None
    named = general.staged(access).substituted(stages.named("g"))
    fault, updates, place = stages.filled([named.fault, named.updates, named.address], "g", general.state)
    values: dict[Term, Value] = {term: state[path] for path, term in general.state.items() if path in state}
    values[general.va] = va
    pool = machine.pool
    mine, its = pool.or_(plain.fault, plain.updates), pool.or_(fault, updates)
    denied, also, here, there = evaluate([mine, its, plain.address, place], values, default=True)
    assert denied == also
    if not denied:
        assert here == there


def test_what_a_stage_depends_on(machine: Description) -> None:
    """One function for all that is the same; none of the root, which is the first stage's."""
    stages = machine.translations.stages
    assert stages is not None
    assert stages.reads == {"second", "marking", "executables", "mem"}
    assert len(stages.forms) == 4  # a read, a write and a fetch, and a read of a table
    for access in range(3):
        staged = machine.translations.staged(access)
        names = {variable.name for variable in variables([staged.fault, staged.address])}
        assert not names & {"$translated.second", "$translated.marking", "$translated.executables"}
        assert "$translated.root" in names


def test_a_stage_of_a_real_instruction_set() -> None:
    """Priv. 8.5: the second stage is that of hgatp, with MXR and ADUE of M-mode's registers, whatever the first one is."""
    stages = load(Path(__file__).parents[2] / "models" / "rv64.py").translations.stages
    assert stages is not None
    first = {"vsatp.MODE", "vsatp.PPN", "vsstatus.SUM", "vsstatus.MXR", "henvcfg.ADUE", "satp.MODE", "mode"}
    assert stages.reads >= {"hgatp.MODE", "hgatp.PPN", "mstatus.MXR", "menvcfg.ADUE", "mem"}
    assert not stages.reads & first


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("return cat(entry[2:0], place[5:0])", "return cat(entry[2:0], place[5:0] + (1 if kind == Access.write else 0))", "offset"),
        ("return cat(entry[2:0], place[5:0])", "return cat(entry[2:0] + place[2:0], place[5:0])", "frame"),
        ("    entry = m.mem[behind(m, cat(", "    m.second = False\n    entry = m.mem[behind(m, cat(", "state"),
    ],
)
def test_a_stage_that_is_no_function_of_the_page(old: str, new: str, what: str) -> None:
    """It changes the offset, finds the frame by it, or is asked of a state that the walk has changed: it is not taken for functions."""
    assert old in MACHINE
    changed = described("", MACHINE.replace(old, new))
    if what == "offset":
        with pytest.raises(InputError, match="`behind` changes the lowest 6 bits of an address, which translation leaves as they are"):
            _ = changed.translations.stages
    else:
        assert changed.translations.stages is None


def test_no_stage() -> None:
    assert load(MACHINES / "tables.py").translations.stages is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@stage\ndef f(m): return m.a", "@stage `f` takes 2 parameters or more, not 1"),
        (
            "@stage\ndef f(m, place): return place",
            "the address that a stage takes and the one that it gives need a type; def f(m, place: bits[n], ...) -> bits[n]",
        ),
        (
            "@stage\ndef f(m, place: bits[8]): return place",
            "the address that a stage takes and the one that it gives need a type; def f(m, place: bits[n], ...) -> bits[n]",
        ),
        ("@stage()\ndef f(m, place: bits[8]) -> bits[8]: return place", "@stage takes no arguments"),
        (
            "@stage\ndef f(m, at: bits[8]) -> bits[8]: return at\n@stage\ndef g(m, at: bits[8]) -> bits[8]: return at",
            "a description has one @stage; the first is `f`",
        ),
    ],
)
def test_stages_that_are_wrong(text: str, message: str) -> None:
    assert mistake(text) == message


def test_a_stage_of_no_translation() -> None:
    frame = MACHINE.replace("@translation(page=6)\n", "")
    assert mistake("", frame) == "there is a @stage, but no @translation that it is a stage of"
