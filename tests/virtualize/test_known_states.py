"""States made of those that are known to exist: guests with memory to use, what real memory holds of it, and what candidates come of that.

What it is for, an instruction of a guest VMM that walks tables which no view shows, is in `tests/models/test_rv64_judged.py`; here small
questions are taken for large ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vmproof.language import Instruction, load
from vmproof.solvers import SolverPool
from vmproof.terms import ArrayValue, Term, Value, evaluate, variables
from vmproof.virtualize import Judgement, decide, judge
from vmproof.virtualize.asking import Asker
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.known_states import carried, known_pairs
from vmproof.virtualize.result import Answer
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.world import World
from vmproof.virtualize.worlds import Worlds

MACHINES = Path(__file__).parents[1] / "machines"

FIRST_ENTRY = 0b111111_000
"""Where the VMM of own_tables.py has the entry for the guest's first page."""
ENTRIES = (0b10000100, 0)
"""The first two of them for a guest of one frame, which is the real machine's frame 4."""
GUESTS = Question("behaviour_sensitive", "g", "g2")


@pytest.fixture
def asker() -> Iterator[Asker]:
    with SolverPool(1) as pool:
        yield Asker(pool)


def setting_of(machine: str) -> Setting:
    description = load(MACHINES / f"{machine}.py")
    return Setting(description, description.scenarios[0])


def instruction_of(setting: Setting, name: str) -> Instruction:
    return next(one for one in setting.description.instructions if one.name == name)


def array(value: Value) -> ArrayValue:
    assert isinstance(value, ArrayValue)
    return value


def test_a_known_guest_has_as_little_memory_as_it_may(asker: Asker) -> None:
    """The premise is content with a guest that has none; here its VMM shows it one frame, and no more."""
    pairs = asker.result(known_pairs(setting_of("own_tables")))
    assert [pair["own.mode"] for pair in pairs] == [0, 1]
    for pair in pairs:
        assert pair["g.frames"] == 1
        assert tuple(array(pair["r.mem"]).get(FIRST_ENTRY + page) for page in (0, 1)) == ENTRIES


def test_what_a_guest_holds_is_put_where_its_real_state_shows_it(asker: Asker) -> None:
    """Frame 0 of the guest is frame 4 of the real machine; what it holds beyond its memory nobody sees."""
    setting = setting_of("own_tables")
    world = World(setting)
    guest, real = world.pair()
    named = asker.result(known_pairs(setting))[0]
    values: dict[Term, Value] = {term: named[term.name] for term in variables([*guest.state.values(), *real.state.values()])}
    values[guest.state["mem"]] = ArrayValue(0, {5: 7, 100: 8})
    found = asker.result(carried(world, values))
    memory = array(found[real.state["mem"]])
    assert (memory.get(4 * 64 + 5), memory.get(FIRST_ENTRY), memory.get(4 * 64 + 36), memory.get(5 * 64 + 36)) == (7, ENTRIES[0], 0, 0)
    assert all(evaluate(world.constraints, found, default=True))


def test_no_memory_makes_up_for_other_permissions(asker: Asker) -> None:
    """A real state whose table is empty shows the guest nothing, whatever is put into its memory."""
    setting = setting_of("own_tables")
    world = World(setting)
    guest, real = world.pair()
    named = asker.result(known_pairs(setting))[0]
    values: dict[Term, Value] = {term: named[term.name] for term in variables([*guest.state.values(), *real.state.values()])}
    values |= {guest.state["mem"]: ArrayValue(0, {5: 7}), real.state["mem"]: ArrayValue(0)}
    assert asker.result(carried(world, values)) == values


def test_two_guests_that_differ_in_one_register(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a supervisor is told of its user mode's rights hangs on the fence, which does not fence the supervisor itself in."""
    setting = setting_of("probe_user")
    asked = (Executions(setting), Worlds(setting).two("g", "g2"), instruction_of(setting, "probe"), GUESTS)
    assert asker.result(decide.decide(*asked, exact=False)).answer is Answer.UNKNOWN
    monkeypatch.setattr(decide, "_LARGE", 1)
    found = asker.result(decide.decide(*asked, exact=False))
    assert found.answer is Answer.YES
    assert found.candidate is not None
    one, other = (found.candidate.world.body(name).state for name in ("g", "g2"))
    assert len([path for path in setting.fields if one[path] is not other[path]]) == 1


def test_an_instruction_that_no_guest_mode_completes(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the mode decides it is seen without a solver."""
    setting = setting_of("own_tables")
    asked = (Executions(setting), Worlds(setting).two("g", "g2"), instruction_of(setting, "resume"), GUESTS)
    monkeypatch.setattr(decide, "_LARGE", 1)
    assert asker.result(decide.decide(*asked)).answer is Answer.NO
    assert asker.asked == 0


@pytest.mark.parametrize("machine", ["trapping_read", "user_sensitive"])
def test_no_verdict_depends_on_it(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def verdicts(judgement: Judgement) -> list[object]:
        shown = [(one.name, str(one.privileged), str(one.innocuous), str(one.resource_sensitive)) for one in judgement.instructions]
        return [shown, {name: theorem.verdict for name, theorem in judgement.theorems.items()}]

    path = MACHINES / f"{machine}.py"
    usual = verdicts(judge(load(path)))
    monkeypatch.setattr(decide, "_LARGE", 1)
    assert verdicts(judge(load(path))) == usual
