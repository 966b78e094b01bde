"""A translation that an instruction names itself is executed once for each kind of call, and each call does what its execution would."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmproof.language import ACCESS, Description, load_text
from vmproof.terms import ArrayValue, Term, Value, evaluate

MACHINE = """\
from vmproof.lang import *
class Mode(Enum):
    user = 0
    system = 1
class Cause(Enum):
    memory = 0
    denied = 1
class Machine(State):
    pc: bits[8]
    r: array[bits[2], bits[8]]
    mode: Mode = role.mode(least=Mode.user)
    other: Mode = role.control
    count: bits[8] = role.control
    mem: memory[bits[8], bits[8]]
@translation
def walk(m, va: bits[8], access: Access, by=None, marking=False) -> bits[8]:
    # an entry has a valid bit (7), a bit for user mode (6), a mark (5) and a page (1:0); each walk is counted
    at = zext(va[7:6], 8)
    entry = m.mem[at]
    mode = m.mode if by is None else by
    if not entry[7]:
        trap(Cause.memory, va)
    if mode == Mode.user and not entry[6] or access == Access.write and entry[5]:
        trap(Cause.denied, va + m.count)
    m.count = m.count + 1
    if marking:
        m.mem[at] = entry | 0x20
    return cat(entry[1:0], va[5:0])
@trap_entry
def enter(m, cause: Cause, value: bits[8]):
    m.pc = value
"""

BODIES = {
    "one": "m.r[0] = walk(m, m.r[1], Access.read, Mode.user)",
    "two addresses": "m.r[0] = walk(m, m.r[1], Access.read, Mode.user) + walk(m, m.r[2], Access.read, Mode.user)",
    "one sees what the other has written": "m.r[0] = walk(m, m.r[1], Access.write, marking=True)\n"
    "m.r[3] = walk(m, m.r[2], Access.write, marking=True)",
    "a mode that nobody knows": "m.r[0] = walk(m, m.r[1], Access.read, m.other) ^ walk(m, m.r[2], Access.read, m.mode)",
    "under a condition": "if m.r[3][0]:\n    m.r[0] = walk(m, m.r[1], Access.read, Mode.user)\nm.r[1] = m.count",
    "after a write": "m.mem[m.r[2]] = m.r[3]\nm.r[0] = walk(m, m.r[1], Access.read, Mode.system)",
    "different calls": "m.r[0] = walk(m, m.r[1], Access.read, Mode.user) ^ walk(m, m.r[1], Access.read, Mode.system)\n"
    "m.r[2] = walk(m, m.r[1], Access.write, by=Mode.system)",
    "different kinds of access": "m.r[0] = walk(m, m.r[1], Access.read, Mode.user) ^ walk(m, m.r[2], Access.write, Mode.user)",
}
KINDS = dict.fromkeys(BODIES, 1) | {"different calls": 3}
"""How many kinds of calls there are: those that differ in more than terms and the kind of access."""
KNOWN_KIND = MACHINE.replace("    if marking:", "    told = 'w' if access == Access.write else 'r'\n    if marking and told == 'w':")
"""A walk that can only be read where the kind of access is known."""


def described(body: str, machine: str = MACHINE) -> Description:
    inner = "\n".join(f"    {line}" for line in body.split("\n"))
    return load_text(f'{machine}@instruction("0000 0000")\ndef it(m):\n{inner}\n', Path("machine.py"))


DESCRIPTIONS = {name: described(body) for name, body in BODIES.items()}


def outcome(description: Description, state: dict[str, Term], values: dict[Term, Value]) -> tuple[Value, ...]:
    """What the instruction comes to: whether it completes and the state then, or the trap, whether of memory, and its cause and value."""
    item = description.instruction("it")
    assert item is not None
    done = description.execute(item, state, {})
    completes, *final = evaluate([done.completes, *(done.state[path] for path in state)], values)
    if completes:
        return (True, *final)
    for trap in done.traps:
        assert trap.cause is not None
        assert trap.value is not None
        guard, *told = evaluate([trap.guard, trap.cause, *trap.value.values(), *(trap.state[path] for path in state)], values)
        if guard:
            return (trap.memory, *told)
    raise AssertionError("it neither completes nor traps")


byte = st.integers(0, 255)
often = st.sampled_from([1, 1, 1, 0])
entry = st.tuples(often, often, st.integers(0, 1), st.integers(0, 3)).map(lambda bits: bits[0] << 7 | bits[1] << 6 | bits[2] << 5 | bits[3])
states = st.fixed_dictionaries(
    {
        "pc": byte,
        "r": st.lists(byte, min_size=4, max_size=4),
        "mode": st.integers(0, 1),
        "other": st.integers(0, 1),
        "count": byte,
        "mem": st.lists(entry, min_size=4, max_size=4),
    }
)


@pytest.mark.parametrize("name", BODIES)
@given(state=states)
def test_a_call_does_what_its_execution_does(name: str, state: dict[str, int | list[int]]) -> None:
    """On numbers it is executed; in a state of variables it is an instance of what was executed once."""
    description = DESCRIPTIONS[name]
    pool = description.pool
    known: dict[str, Value] = {path: ArrayValue(0, dict(enumerate(v))) if isinstance(v, list) else v for path, v in state.items()}
    constants = {field.path: pool.value(field.sort, known[field.path]) for field in description.fields}
    variables = description.fresh("s")
    executed = outcome(description, constants, {})
    assert outcome(description, variables, {variables[path]: value for path, value in known.items()}) == executed
    assert len(description.machine.templates) == KINDS[name]


@given(state=states)
def test_a_kind_of_access_that_must_be_known_is_executed_by_itself(state: dict[str, int | list[int]]) -> None:
    description = described(BODIES["different kinds of access"], KNOWN_KIND)
    known: dict[str, Value] = {path: ArrayValue(0, dict(enumerate(v))) if isinstance(v, list) else v for path, v in state.items()}
    constants = {field.path: description.pool.value(field.sort, known[field.path]) for field in description.fields}
    variables = description.fresh("s")
    executed = outcome(description, constants, {})
    assert outcome(description, variables, {variables[path]: value for path, value in known.items()}) == executed
    assert len([made for made in description.machine.templates.values() if made is not None]) == 2


@pytest.mark.parametrize("machine", [MACHINE, KNOWN_KIND])
@given(state=states, va=byte, access=st.sampled_from(sorted(ACCESS.members.values())))
def test_the_translation_of_any_access_is_that_of_each(machine: str, state: dict[str, int | list[int]], va: int, access: int) -> None:
    """In general it is executed once, for all kinds of access; an instance says what executing it for one kind does."""
    description = described(BODIES["one"], machine)
    general = description.translations
    values: dict[Term, Value] = {
        general.state[path]: ArrayValue(0, dict(enumerate(v))) if isinstance(v, list) else v for path, v in state.items()
    }
    here = general.of(access, 1)
    apart = description.translate(general.state, general.va, access)
    values[general.va] = va
    assert evaluate(here.terms, values) == evaluate(apart.terms, values)


def test_what_calls_have_in_common_is_executed_once() -> None:
    """In another state an instruction finds what was made for the first; on numbers nothing is made."""
    description = described(BODIES["different calls"])
    pool = description.pool
    numbers = {field.path: pool.value(field.sort, ArrayValue(0) if field.path in ("r", "mem") else 0) for field in description.fields}
    item = description.instruction("it")
    assert item is not None
    description.execute(item, numbers, {})
    assert not description.machine.templates
    description.execute(item, description.fresh("s"), {})
    made = dict(description.machine.templates)
    assert len(made) == 3
    description.execute(item, description.fresh("t"), {})
    assert description.machine.templates == made
