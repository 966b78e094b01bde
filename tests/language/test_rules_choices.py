"""LANGUAGE.md, rules 10 and 11: what nobody knows, and whole arrays."""

from __future__ import annotations

import pytest

from tests.support.machines import instruction, mistake, outcome, run, wrong
from vmproof.terms import ArrayValue, evaluate, variables


def names(body: str, before: str = "") -> list[str]:
    return [str(term.data) for term in outcome(instruction(body, before)).choices]


# Rule 10. Choices


def test_a_choice_is_a_variable_named_after_its_place() -> None:
    assert len(set(names("m.a = choose(bits[8])\nm.flag = choose(bool)"))) == 2
    assert names("m.a = choose(bits[8])") == names("m.a = choose(bits[8])")
    assert all(name.startswith("choice.it.") for name in names("m.a = choose(bits[8])"))


def test_choices_in_turns_of_a_loop_and_in_calls_are_different() -> None:
    before = "def any_byte(m):\n    return choose(bits[8])"
    assert len(set(names("m.a = any_byte(m)\nm.b = any_byte(m)", before))) == 2
    assert len(set(names("for i in range(4):\n    m.r[i] = choose(bits[8])"))) == 4
    assert len(set(names("x = [choose(bits[8]) for i in range(4)]\nm.a = x[0]"))) == 4


@pytest.mark.parametrize(
    "body",
    [
        "for i in range(3):\n    if m.r[i] == 0:\n        m.r[i] = choose(bits[8])",
        "x = [choose(bits[8]) if m.r[i] == 0 else m.r[i] for i in range(3)]\nm.r[0], m.r[1], m.r[2] = x",
    ],
)
def test_the_same_place_has_the_same_choice_where_a_run_cannot_reach_an_earlier_one(body: str) -> None:
    """In one run the first turn is known not to choose: the names of the others stay."""
    machine = instruction(body)
    item = machine.instruction("it")
    assert item is not None
    free = machine.fresh("s")
    known = {**free, "r": machine.pool.store(free["r"], machine.pool.bv(0, 2), machine.pool.bv(5, 8))}
    every = [str(term.data) for term in machine.execute(item, free, {}).choices]
    fewer = [str(term.data) for term in machine.execute(item, known, {}).choices]
    assert len(every) == 3
    assert fewer == every[1:]


def test_choices_of_the_instruction_and_of_what_follows_it_differ() -> None:
    before = "@after_instruction\ndef after(m, before):\n    m.b = choose(bits[8])"
    assert len(set(names("m.a = choose(bits[8])", before))) == 2


def test_a_chosen_member_is_a_member() -> None:
    machine = instruction("m.mode = choose(Mode)")
    result = outcome(machine)
    (choice,) = result.choices
    assert [evaluate([result.state["mode"]], {choice: value})[0] for value in range(4)] == [0, 1, 0, 3]


def test_a_chosen_record_and_layout() -> None:
    assert len(names("m.table[0] = choose(Entry)\nm.sr = choose(Status)")) == 6


def test_unpredictable_ends_the_path() -> None:
    machine = instruction("if m.flag:\n    unpredictable()\nm.a = 1")
    assert run(machine, {"flag": True}).unpredictable
    done = run(machine, {"flag": False})
    assert (done.unpredictable, done["a"]) == (False, 1)
    result = outcome(machine)
    assert result.completes is machine.pool.not_(machine.fresh("s")["flag"])


def test_wait_is_reported_where_the_instruction_completes() -> None:
    machine = instruction("if m.flag:\n    wait()\nif m.a == 5:\n    trap(Cause.call, 0)")
    assert run(machine, {"flag": True, "a": 6}).waits
    assert not run(machine, {"flag": True, "a": 5}).waits
    assert not run(machine, {"flag": False, "a": 6}).waits


@pytest.mark.parametrize("effect", ["choose(bool)", "unpredictable()", "trap(Cause.call, 0)", "wait()"])
def test_nothing_of_this_stands_in_an_invariant_or_a_static_position(effect: str) -> None:
    name = effect.partition("(")[0]
    message = f"{name}(...) stands in what an instruction executes; nothing happens in a predicate or while reading"
    assert mistake(f"@legal\ndef f(m):\n    return {effect}") == message
    assert mistake(f"X = {effect}") == message
    host = f'@scenario("x")\nclass S:\n    runs = {{Mode.user: Mode.user}}\n    def host(real, guest):\n        return {effect}'
    assert mistake(host) == message


@pytest.mark.parametrize("effect", ["choose(bits[8])", "unpredictable()", "wait()", "require(m.flag)"])
def test_nothing_of_this_stands_in_a_translation(effect: str) -> None:
    name = effect.partition("(")[0]
    frame = f"""\
from vmproof.lang import *
class Machine(State):
    pc: bits[8]
    flag: bool
    mem: memory[bits[8], bits[8]]
@translation
def window(m, va: bits[8], access: Access):
    {effect}
    return va
@instruction("0000 0000")
def it(m):
    m.pc = m.load(0)
"""
    assert mistake("", frame) == f"{name}(...) cannot stand in the translation"


def test_choose_takes_a_type() -> None:
    assert wrong("m.a = choose(5)") == "choose(...) takes a type, not an integer"
    assert wrong("m.a = choose()") == "choose(...) is given the wrong arguments"


# Rule 11. Bulk updates


def test_a_whole_array_from_a_function() -> None:
    done = run(instruction("m.r = array(lambda i: m.r[i] + zext(i, 8))"))
    assert [done.r(i) for i in range(4)] == [0, 12, 24, 36]


def test_a_whole_array_reads_the_state_as_it_was() -> None:
    done = run(instruction("x = array(lambda i: m.r[i])\nm.r[1] = 99\nm.r = x"))
    assert done.r(1) == 11


def test_a_whole_array_of_records_and_with_two_indices() -> None:
    body = """
        m.table = array(lambda i: Entry(valid=i == 2, frame=zext(i, 4)))
        m.grid = array(lambda mode, i: m.r[i] if mode == Mode.system else 0)
    """
    done = run(instruction(body))
    assert done["table.valid"] == ArrayValue(False, {2: True})
    assert done["table.frame"] == ArrayValue(0, {1: 1, 2: 2, 3: 3})
    grid = done["grid"]
    assert isinstance(grid, ArrayValue)
    assert [grid.get(0b0100 + i) for i in range(4)] == [0, 11, 22, 33]
    assert grid.get(0b0001) == 0


def test_two_arrays_are_compared_as_a_whole() -> None:
    machine = instruction("old = m.r\nm.r[1] = m.a\nm.flag = m.r == old")
    assert run(machine, {"a": 11})["flag"] is True
    assert run(machine, {"a": 12})["flag"] is False


def test_a_whole_array_needs_few_indices_and_a_function() -> None:
    assert wrong("m.r = array(5)") == "array(...) takes a function from the index to the element; array(lambda i: ...)"
    frame = "from vmproof.lang import *\nclass Machine(State):\n    pc: bits[8]\n    x: array[bits[16], bits[8]]\n"
    text = '@instruction("0000 0000")\ndef it(m):\n    m.x = array(lambda i: 0)\n'
    assert mistake(text, frame) == "array(...) for an index of 16 bits; at most 10 bits are supported"


def test_no_variable_but_state_operands_and_choices_occurs() -> None:
    result = outcome(instruction("m.a = m.load(m.b) + choose(bits[8])"))
    found = {str(term.data).partition(".")[0] for term in variables([result.completes, *result.state.values()])}
    assert found == {"s", "choice"}
