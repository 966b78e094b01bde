"""Helpers of a translation that are executed once: instances of them say what the helper says of every state, and effects stay effects."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmproof.language import Description, Located, load_text
from vmproof.terms import ArrayValue, Term, Value, evaluate, variables

MACHINE = """\
from vmproof.lang import *
class Mode(Enum):
    user = 0
    system = 1
class Cause(Enum):
    memory = 0
    bound = 1
class Machine(State):
    pc: bits[8]
    mode: Mode = role.mode(least=Mode.user)
    count: bits[8] = role.control
    low: array[bits[3], bits[8]] = role.control
    high: array[bits[3], bits[8]] = role.control
    mem: memory[bits[8], bits[8]]
def reach(m, i, place):
    return m.low[i] <= place and place < m.high[i] and (place[0] or m.mode == Mode.system or m.count[1])
def window(m, place, access):
    found = bits[4](8)
    for i in range(8):
        if access != Access.fetch and reach(m, i, place):
            found = zext(bits[3](i), 4)
    HELPED
    return found
@translation
def walk(m, va: bits[8], access: Access) -> bits[8]:
    place = va
    for turn in range(4):
        found = window(m, place, access)
        if found == 8:
            trap(Cause.memory, va)
        place = place + zext(found, 8) + m.count
        STEPPED
    return place
@fetch
def word(m): return m.mem[m.pc]
@trap_entry
def enter(m, cause: Cause, value: bits[8]):
    m.pc = value
@instruction("0000 0001")
def load(m):
    m.count = m.load(m.pc, 1)
"""


def machine(helped: str = "", stepped: str = "") -> Description:
    """The machine with a statement in the helper, and one in each turn of the walk."""
    return load_text(MACHINE.replace("HELPED", helped or "pass").replace("STEPPED", stepped or "pass"), Path("machine.py"))


def summarised(description: Description) -> dict[str, bool]:
    """Whether what the translation has called has a summary, by name; of several calls whether one has."""
    found: dict[str, bool] = {}
    for shape, summary in description.machine.summaries.items():
        name = shape[0].name  # type: ignore[attr-defined]
        found[name] = found.get(name, False) or summary is not None
    return found


def outcome(located: Located, values: dict[str, Value]) -> tuple[Value, ...]:
    """Where an access goes, in a state: no address where it traps, and no cause where it does not."""
    terms = [located.fault, located.updates, located.address, located.cause, located.value]
    there = [term for term in terms if term is not None]
    known: dict[Term, Value] = {v: values[v.name.removeprefix("$translated").removeprefix(".") or "va"] for v in variables(there)}
    fault, updates, address, *told = evaluate(there, known)
    return (fault, *told) if fault is True else (fault, updates, address)


states = st.fixed_dictionaries(
    {
        "va": st.integers(0, 255),
        "pc": st.integers(0, 255),
        "mode": st.integers(0, 1),
        "count": st.integers(0, 255),
        "low": st.lists(st.integers(0, 120), min_size=8, max_size=8),
        "high": st.lists(st.integers(100, 255), min_size=8, max_size=8),
    }
)

DESCRIPTIONS = {
    "nothing else": machine(),
    "the walk counts": machine(stepped="m.count = m.count + 1"),
    "the helper counts": machine(helped="m.count = m.count + 1"),
    "the helper traps": machine(helped="if place > 250: trap(Cause.bound, place)"),
    "the helper reads memory": machine(helped="found = found ^ (m.mem[place][3:0] & 1)"),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
@given(state=states)
def test_a_state_is_translated_as_by_its_execution(name: str, state: dict[str, int | list[int]]) -> None:
    description = DESCRIPTIONS[name]
    cells = {n: n * 37 & 0xFF for n in range(256)}
    values: dict[str, Value] = {path: ArrayValue(0, dict(enumerate(v))) if isinstance(v, list) else v for path, v in state.items()}
    values["mem"] = ArrayValue(0, cells)
    pool = description.pool
    constants = {field.path: pool.value(field.sort, values[field.path]) for field in description.fields}
    for access in (0, 1, 2):
        executed = description.translate(constants, pool.value(description.translations.va.sort, values["va"]), access)
        assert outcome(description.translations.of(access, 1), values) == outcome(executed, values)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_only_what_has_no_effect_is_summarised(name: str) -> None:
    description = DESCRIPTIONS[name]
    for access in (0, 1, 2):
        description.translations.of(access, 1)
    assert summarised(description)["window"] is (name in ("nothing else", "the walk counts"))
