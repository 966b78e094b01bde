"""LANGUAGE.md, "An ISA description": decorated functions, patterns and forms in bodies, scenarios."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.support.machines import FRAME, described, instruction, int_of, linted, mistake, run, wrong
from vmproof.language import Description, Role, load_text
from vmproof.terms import Value, evaluate

# State and roles


def test_roles_of_registers_and_of_fields_of_a_layout() -> None:
    roles = {field.path: field.role for field in described("").fields}
    assert roles["a"] is Role.USER
    assert roles["bound"] is Role.CONTROL
    assert roles["mode"] is Role.MODE
    assert roles["mem"] is Role.MEMORY
    assert (roles["sr.C"], roles["sr.IPM"]) == (Role.USER, Role.CONTROL)
    assert roles["table.frame"] is Role.USER


def test_a_mode_may_be_a_field_of_a_layout_or_several_registers() -> None:
    text = """\
from vmproof.lang import *
class Mode(Enum):
    user = 0
    system = 1
class Status(Layout[8]):
    C: 0
    S: field(5, 5, Mode) = role.mode(least=Mode.user)
class Machine(State):
    pc: bits[8]
    virtual: bool = role.mode(least=True)
    level: bits[2] = role.mode(least=0)
    sr: Status = role.control
@scenario("composite")
class Guest:
    runs = {(True, 0, Mode.user): (True, 0, Mode.user), (False, 3, Mode.system): (True, 1, Mode.user)}
    own = ["sr.C", "mode"]
"""
    machine = load_text(text, Path("machine.py"))
    assert [field.path for field in machine.mode_fields] == ["virtual", "level", "sr.S"]
    assert machine.scenarios[0].runs == (((1, 0, 0), (1, 0, 0)), ((0, 3, 1), (1, 1, 0)))
    assert machine.scenarios[0].own == (("sr.C", "sr.C"),)
    assert machine.scenarios[0].own_mode
    assert machine.default_scenario().runs[0] == ((0, 0, 0), (1, 0, 0))
    assert len(machine.default_scenario().runs) == 16


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("x: 5", "a field has a type, not an integer"),
        ("x: bits[8] = 5", "after `=` stands a role, not an integer; role.user, role.control, role.status ..."),
        ("x: bits[8] = role.controll", "role has no `controll`; did you mean `control`?"),
        ("x: memory[bits[8], bits[8]] = role.control", "the memory has no role; it is memory"),
        ("load: bits[8]", "`load` is a name that every state has already"),
        ("x: array[bits[2], bits[8]] = role.mode(least=0)", "a mode is an enumeration, a bool or bits"),
        ("x: bits[2] = role.mode(least=4)", "4 is no value of bits[2]"),
        ("x: Mode = role.mode(least=Cause.call)", "Cause.call is no value of Mode"),
        ("x: bits[2] = role.mode()", "role.mode(least=...) names the least privileged mode"),
        ("x: bits[2]; y: bits[2]; x: bits[3]", "`x` is a field twice"),
        ("m: memory[bits[8], bits[8]]; n: memory[bits[8], bits[8]]", "the state has two memories, `m` and `n`"),
    ],
)
def test_states_that_are_wrong(field: str, message: str) -> None:
    start = FRAME.partition("class Machine")[0]
    assert mistake(f"class Machine(State): {field}\n", start) == message


def test_one_state_one_translation() -> None:
    assert mistake("class Other(State):\n    pc: bits[8]") == "a description has one State; the first is `Machine`"
    assert mistake("@fetch\ndef again(m): return m.load(0)") == "a description has one @fetch; the first is `next_word`"
    assert mistake("", "X = 1\n") == "the description has no State; a machine is a class with base State"


# Functions of the machine


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@legal\ndef f(): return True", "@legal `f` takes 1 parameter, not 0"),
        ("@legal\ndef f(m, n): return True", "@legal `f` takes 1 parameter, not 2"),
        ("@legal\ndef f(m): return m.a", "what `f` returns must be a bool or one bit, not bits[8]; compare it with 0"),
        ("@legal\ndef f(m): pass", "what `f` returns must be a bool or one bit, not nothing"),
        ("@legal\ndef f(m):\n    m.a = 1", "`m` is a state that is only read"),
        ("@legal\ndef f(m): return m.load(0) == 1", "load needs the running state"),
        ("@legal()\ndef f(m): return True", "@legal takes no arguments"),
        ("@legl\ndef f(m): return True", "there is no decorator `@legl`; did you mean `legal`?"),
        ("@scenario\ndef f(m): return True", "@scenario decorates a class"),
        ("@legal\n@legal\ndef f(m): return True", "`f` has more than one decorator"),
        ("@legal\ndef f(*, m): return True", "`/` and `*` in the parameters of `f` are not part of the language"),
        ("@undefined\ndef f(m): pass", "@undefined `f` takes 2 parameters, not 1"),
        ("@instruction\ndef f(m): pass", '@instruction(...) takes a pattern; @instruction("0001 rd[2] rs[2]")'),
        ("@instruction(5)\ndef f(m): pass", "a pattern is a string, not an integer"),
        ("@instruction('0000 0000')\ndef f(): pass", "the instruction `f` takes the state first"),
        ("@instruction('0000 a[4]')\ndef f(m): pass", "`f` does not take the operand `a` of its pattern"),
        ("@instruction('0000 a[4]')\ndef f(m, a, b): pass", "the pattern of `f` has no operand `b`; did you mean `a`?"),
        ("@instruction('0000 a[4]', classes='b')\ndef f(m, a): pass", "`f` has no operand `b`; did you mean `a`?"),
        ("@instruction('0000 000')\ndef f(m): pass", "`f` has 7 bits, no whole number of cells of 8 bits"),
        ("@instruction('0000 {x}')\ndef f(m): pass", "nothing is called `x` here"),
        ("@instruction('0000 0000', nam='x')\ndef f(m): pass", "@instruction(...) has no option `nam`; did you mean `name`?"),
        (
            "for i in range(2):\n    @instruction('0000 0000')\n    def f(m): pass",
            "two instructions are called `f`; give each its own with name=",
        ),
    ],
)
def test_functions_that_are_wrong(text: str, message: str) -> None:
    assert mistake(text).removesuffix("; did you mean `a`?") == message.removesuffix("; did you mean `a`?")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return m.w", "`window` gives no address: widths differ: bits[16] where bits[8] is wanted; take a slice such as [7:0]"),
        ("pass", "`window` gives no address: nothing where bits[8] is wanted"),
        ("return m.load(va)", "load inside the translation would translate again; use the physical memory"),
    ],
)
def test_a_translation_gives_an_address(body: str, message: str, tmp_path: Path) -> None:
    head, _, tail = FRAME.partition("    if va >= m.bound:\n        trap(Cause.memory, va)\n    return va\n")
    frame = f"{head}    {body}\n{tail}"
    assert any(line.partition(": ")[2] == message for line in linted("", tmp_path, frame))


def test_a_translation_that_takes_the_size() -> None:
    frame = FRAME.replace(
        "def window(m: Machine, va: bits[8], access: Access):", "def window(m: Machine, va: bits[8], access: Access, size):"
    )
    frame = frame.replace("    if va >= m.bound:", "    if size == 2 and va[0]:")
    machine = described('@instruction("0000 0000")\ndef it(m):\n    m.w = m.load(m.a, 2)\n', frame)
    assert run(machine, {"a": 21}).memory_trap
    assert run(machine, {"a": 20})["w"] == 0xBBAA


def test_pc_is_the_instructions_own_address_and_the_next_one_follows() -> None:
    done = run(instruction("m.a = m.pc\nm.b = m.next_pc"))
    assert (done["a"], done["b"], done["pc"]) == (10, 11, 11)
    assert run(instruction("m.pc = m.pc"))["pc"] == 10
    assert run(instruction("if m.flag:\n    m.pc = 99"), {"flag": False})["pc"] == 11


def test_the_instruction_word() -> None:
    text = '@instruction("01 rd[2] 1 - rs[2]")\ndef it(m, rd, rs):\n    m.a = m.instruction\n'
    assert run(described(text), operands={"rd": 2, "rs": 3})["a"] == 0b01_10_1_0_11


def test_after_an_instruction_effects_are_kept_even_in_a_trap() -> None:
    before = "@after_instruction\ndef trace(m, before):\n    m.b = before.a\n    if before.flag:\n        trap(Cause.call, m.pc)"
    machine = instruction("m.a = 1\nm.flag = False", before)
    done = run(machine, {"flag": True})
    assert (done.trap, done.value, done["a"], done["b"], done["pc"], done["flag"]) == (2, 11, 1, 5, 11, False)
    assert run(machine, {"flag": False}).trap is None


def test_what_no_pattern_matches() -> None:
    machine = described("@undefined\ndef nothing(m, word):\n    trap(Cause.privileged, word)\n")
    done = machine.execute_undefined(machine.pool.bv(0xEE, 8), machine.fresh("s"))
    assert done is not None
    assert done.completes is machine.pool.false
    assert done.traps[0].value == {"": machine.pool.bv(0xEE, 8)}
    assert described("").execute_undefined(machine.pool.bv(0, 8), machine.fresh("s")) is None


def test_the_trap_entry_sees_cause_value_and_both_addresses() -> None:
    frame = FRAME.replace(
        "    m.pc = 64\n", "    m.a = value\n    m.b = m.pc\n    m.w = zext(m.next_pc, 16)\n    m.pc = 64 if cause == Cause.call else 80\n"
    )
    machine = described('@instruction("0000 0000")\ndef it(m):\n    m.pc = 99\n    trap(Cause.call, 7)\n', frame)
    item = machine.instruction("it")
    assert item is not None
    state = machine.fresh("s")
    (trap,) = machine.execute(item, state, {}).traps
    after, _ = machine.enter(trap)
    assert evaluate([after[name] for name in ("a", "b", "w", "pc")], {state["pc"]: 10}, default=True) == [7, 10, 11, 64]


def test_fetch_gives_a_word_or_a_trap() -> None:
    machine = described("")
    state = machine.fresh("s")
    word, trap = machine.fetch_unit(state)
    assert machine.unit_bits == 8
    assert word is machine.pool.select(state["mem"], state["pc"])
    assert trap is not None
    assert trap.memory


# Forms


FORMS = """
EA = forms("mode[1] reg[2]", direct=form("0 reg[2]"), far=form("1 reg[2] + d[8]"))
@instruction("0000 0 ea", ea=EA)
def it(m, ea):
    match ea.form:
        case "direct":
            m.a = m.r[ea.reg]
        case "far":
            m.a = m.load(m.r[ea.reg] + ea.d)
    m.flag = ea.form in ("far",)
    m.b = ea.d
    m.w = zext(m.instruction, 16)
@instruction("0000 1 ea", ea=EA.only("direct"))
def direct(m, ea):
    m.a = m.r[ea.reg] if ea.form != "far" else 0
"""


def test_forms_in_a_body() -> None:
    machine = described(FORMS)
    direct = run(machine, operands={"ea.form": 0, "ea.reg": 2, "ea.d": 0})
    assert (direct["a"], direct["flag"], direct["b"], direct["w"], direct["pc"]) == (22, False, 0, 0b010, 11)
    far = run(machine, operands={"ea.form": 1, "ea.reg": 1, "ea.d": 9})
    assert (far["a"], far["flag"], far["b"], far["w"], far["pc"]) == (0xAA, True, 9, 0b101, 12)
    assert run(machine, name="direct", operands={"ea.form": 0, "ea.reg": 3})["a"] == 33


def test_forms_that_are_valid() -> None:
    machine = described(FORMS)
    item = machine.instruction("it")
    assert item is not None
    operands = machine.operands(item)
    valid = machine.valid(item, operands)
    for form, d, wanted in ((0, 0, True), (0, 1, False), (1, 1, True)):
        assert evaluate([valid], {operands["ea.form"]: form, operands["ea.d"]: d}, default=True) == [wanted]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        ("ea.form == 'fra'", "`ea` has no form `fra`; did you mean `far`?"),
        ("ea.form == 1", "`ea.form` is compared with the names of its forms, not with an integer"),
        ("ea.rge", "no form of `ea` has a field `rge`; did you mean `reg`?"),
        ("ea + 1", "`+` does not apply to an operand with forms and an integer"),
    ],
)
def test_forms_that_are_used_wrongly(use: str, message: str) -> None:
    assert mistake(FORMS + f'@instruction("0001 0 ea", ea=EA)\ndef bad(m, ea):\n    x = {use}\n') == message


# Scenarios


def scenario(body: str) -> Description:
    return described(f'@scenario("a guest")\nclass Guest:\n{textwrap.indent(textwrap.dedent(body), "    ")}')


def test_a_scenario_with_all_its_parts() -> None:
    body = """
        \"\"\"How it is run.\"\"\"
        runs = {Mode.user: Mode.user, Mode.system: Mode.user}
        own = ["a", ("sr", "sr"), "mode"]
        search = ["sr.IPM", "table"]
        timing = []
        def host(real, guest, start: bits[8], level: Mode, wide: bool):
            return real.bound == guest.bound + start and level == Mode.system and wide and real.mem[4] == 0
        def reserved(real, guest, va):
            return va >= real.bound
    """
    machine = scenario(body)
    (item,) = machine.scenarios
    assert (item.name, item.title, item.own_mode, item.timing, item.has_reserved) == ("Guest", "a guest", True, (), True)
    assert item.runs == (((0,), (0,)), ((1,), (0,)))
    assert item.own == (("a", "a"), ("sr.C", "sr.C"), ("sr.V", "sr.V"), ("sr.IPM", "sr.IPM"), ("sr.M", "sr.M"))
    assert item.search == ("sr.IPM", "table.valid", "table.frame")
    assert [name for name, _ in item.picks] == ["start", "level", "wide"]
    real, guest = machine.fresh("real"), machine.fresh("guest")
    picks = {name: machine.pool.var(name, sort) for name, sort in item.picks}
    held = machine.host(item, real, guest, picks)
    values: dict[str, Value] = {"start": 3, "level": 1, "wide": True}
    env = {real["bound"]: 8, guest["bound"]: 5, **{picks[name]: value for name, value in values.items()}}
    assert evaluate([held], env, default=True) == [True]
    assert evaluate([held], {**env, picks["wide"]: False}, default=True) == [False]
    va = machine.pool.var("va", real["pc"].sort)
    assert machine.reserved(item, real, guest, va) is machine.pool.ule(real["bound"], va)


def test_reserved_as_ranges() -> None:
    machine = scenario("runs = {Mode.user: Mode.user}\nreserved = [(0, 7), (250, 255)]")
    va = machine.pool.var("va", machine.fresh("s")["pc"].sort)
    claim = machine.reserved(machine.scenarios[0], {}, {}, va)
    assert [int_of(evaluate([claim], {va: at})[0]) for at in (0, 7, 8, 249, 250, 255)] == [1, 1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("own = []", "the scenario `Guest` does not say in which mode each guest mode `runs`"),
        ("runs = {}", "`runs` is a dictionary from guest modes to real modes"),
        ("runs = {Mode.user: 5}", "an integer is no member of Mode"),
        ("runs = {Mode.user: Cause.call}", "Cause.call is no member of Mode"),
        ("runs = {(Mode.user, 1): Mode.user}", "a mode of this machine has 1 part (mode)"),
        ("run = {}", "a scenario has no `run`; did you mean `runs`?"),
        ("runs = {Mode.user: Mode.user}\nruns = {}", "`runs` is given twice"),
        ("runs = {Mode.user: Mode.user}\nown = ['bond']", "no field `bond` in Machine; did you mean `bound`?"),
        ("runs = {Mode.user: Mode.user}\nown = [{}]", "a dictionary where the name of a register is wanted"),
        ("runs = {Mode.user: Mode.user}\nown = [('a', 'w')]", "`a` and `w` have different fields"),
        ("runs = {Mode.user: Mode.user}\nown = 'a'", "`own` is a list of registers"),
        ("runs = {Mode.user: Mode.user}\nsearch = 'a'", "this is a list of register names"),
        ("runs = {Mode.user: Mode.user}\nreserved = [(-1, 5)]", "`reserved` is a list of (first, last) addresses, or a function"),
        ("runs = {Mode.user: Mode.user}\ndef hots(real, guest): pass", "a scenario has no function `hots`; did you mean `host`?"),
        ("runs = {Mode.user: Mode.user}\ndef host(real): pass", "host(real, guest, ...) takes the two states first"),
        ("runs = {Mode.user: Mode.user}\ndef host(real, guest, k): pass", "the pick `k` needs a type: bits[n], an enumeration or bool"),
        ("runs = {Mode.user: Mode.user}\ndef host(real, guest): pass", "what `host` returns must be a bool or one bit, not nothing"),
        ("runs = {Mode.user: Mode.user}\ndef host(real, guest): real.a = 1", "`real` is a state that is only read"),
        (
            "runs = {Mode.user: Mode.user}\ndef host(real, guest, *k): pass",
            "`host` has `*` or `**` parameters, which are not part of the language",
        ),
        ("runs = {Mode.user: Mode.user}\ndef reserved(a, b): pass", "reserved takes (va) or (real, guest, va)"),
        ("runs = {Mode.user: Mode.user}\n5", "a scenario has `runs = ...` and the like, and functions"),
    ],
)
def test_scenarios_that_are_wrong(body: str, message: str) -> None:
    if body.endswith("\n5"):
        body = body[:-1] + "x + 1"
    assert mistake(f'@scenario("a guest")\nclass Guest:\n{textwrap.indent(body, "    ")}') == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "@scenario\nclass S:\n    runs = {}",
            'a decorated class is a scenario; @scenario("how the guest is run") above a class',
        ),
        ("@scenario(5)\nclass S:\n    runs = {}", "@scenario(...) takes one string"),
        ("@legal\nclass S: pass", 'a decorated class is a scenario; @scenario("how the guest is run") above a class'),
        ("class S: pass", "the class `S` needs one base: Enum, Layout[n], Record or State"),
        ("class S(Mode): pass", "a class is an Enum, a Layout[n], a Record or a State, or extends the machine's State"),
        ("class S(Enum, metaclass=Enum):\n    a = 0", "the class `S` needs one base: Enum, Layout[n], Record or State"),
    ],
)
def test_classes_that_are_wrong(text: str, message: str) -> None:
    assert mistake(text) == message


def test_a_trap_without_an_entry_is_reported(tmp_path: Path) -> None:
    frame = FRAME.partition("@trap_entry")[0]
    text = '@instruction("0000 0000")\ndef it(m):\n    m.a = m.load(0)\n'
    assert linted(text, tmp_path, frame) == ["2:1: `it` can trap, but there is no @trap_entry"]


def test_a_trap_entry_that_always_traps() -> None:
    frame = FRAME.replace("    m.pc = 64\n", "    trap(Cause.call, 0)\n")
    machine = described('@instruction("0000 0000")\ndef it(m):\n    trap(Cause.call, 0)\n', frame)
    item = machine.instruction("it")
    assert item is not None
    (trap,) = machine.execute(item, machine.fresh("s"), {}).traps
    with pytest.raises(Exception, match="the trap entry `enter` always traps itself"):
        machine.enter(trap)


def test_a_pattern_of_another_width_than_the_fetch_is_reported(tmp_path: Path) -> None:
    frame = FRAME.replace("    return m.load(m.pc)\n", "    return m.load(m.pc, 2)\n")
    text = '@instruction("0000 0000")\ndef it(m):\n    pass\n'
    assert linted(text, tmp_path, frame) == [
        "2:1: in the pattern of `it`: the pattern has 8 bits, which is not a multiple of the 16 bits of a fetch unit"
    ]


def test_the_state_is_no_value() -> None:
    assert wrong("m.a = m") == "the state where bits[8] is wanted"
    assert wrong("m = 5\nm.a = 1") == "an integer is a copy; only paths that start at the state are assigned"
