"""LANGUAGE.md, "Values": types, widths, operators, layouts, records, arrays, memory, match."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.machines import FRAME, cell, described, instruction, linted, mistake, run, wrong
from vmproof.terms import ArrayValue, evaluate, to_text

BYTE = st.integers(0, 255)


def signed(value: int, width: int = 8) -> int:
    return value - (1 << width) if value >> (width - 1) else value


ARITHMETIC = instruction(
    """
    m.r[0] = m.a + m.b
    m.r[1] = m.a - m.b
    m.r[2] = m.a * m.b
    m.r[3] = m.a & m.b | ~m.a ^ -m.b
    m.w = cat(m.a // m.b, m.a % m.b)
    """
)
SHIFTS = instruction("m.r[0] = m.a << m.b\nm.r[1] = m.a >> m.b\nm.r[2] = signed(m.a) >> m.b\nm.r[3] = m.a << 3\nm.w[7:0] = m.a >> m.w")
ORDERS = instruction(
    """
    m.r[0] = cat(bits[4](0), bits[1](m.a < m.b), bits[1](m.a <= m.b), bits[1](m.a > m.b), bits[1](m.a >= m.b))
    m.r[1] = cat(bits[4](0), bits[1](signed(m.a) < signed(m.b)), bits[1](signed(m.a) <= 5), bits[1](m.a != m.b), bits[1](m.a in (1, m.b)))
    m.r[2] = signed(m.a) // signed(m.b)
    m.r[3] = signed(m.a) % signed(m.b)
    """
)


@given(BYTE, BYTE)
@settings(max_examples=60)
def test_arithmetic_is_modulo_the_width(a: int, b: int) -> None:
    done = run(ARITHMETIC, {"a": a, "b": b})
    assert done.r(0) == (a + b) % 256
    assert done.r(1) == (a - b) % 256
    assert done.r(2) == a * b % 256
    assert done.r(3) == (a & b) | ((a ^ 255) ^ (-b % 256))
    if b:
        assert done["w"] == a // b << 8 | a % b


@given(BYTE, BYTE, st.integers(0, 65535))
@settings(max_examples=60)
def test_shifts_by_any_width(a: int, b: int, w: int) -> None:
    done = run(SHIFTS, {"a": a, "b": b, "w": w})
    assert done.r(0) == (a << b) % 256
    assert done.r(1) == a >> b
    assert done.r(2) == (signed(a) >> b) % 256
    assert done.r(3) == (a << 3) % 256
    assert done["w"] == w & 0xFF00 | a >> w


@given(BYTE, BYTE)
@settings(max_examples=60)
def test_orders_are_unsigned_unless_signed(a: int, b: int) -> None:
    done = run(ORDERS, {"a": a, "b": b})
    assert done.r(0) == (a < b) << 3 | (a <= b) << 2 | (a > b) << 1 | (a >= b)
    assert done.r(1) == (signed(a) < signed(b)) << 3 | (signed(a) <= 5) << 2 | (a != b) << 1 | (a in (1, b))
    if b:
        quotient = abs(signed(a)) // abs(signed(b))
        quotient = -quotient if (signed(a) < 0) != (signed(b) < 0) else quotient
        assert done.r(2) == quotient % 256
        assert done.r(3) == (signed(a) - quotient * signed(b)) % 256


def test_shifts_by_more_than_the_width_and_of_one_bit() -> None:
    done = run(
        instruction("m.r[1] = m.a << 99\nm.r[2] = signed(m.a) >> 99\nm.flag = m.a[0] << 1\nm.r[3] = m.a << (1 if m.flag else 2)"),
        {"a": 0x81},
    )
    assert (done.r(1), done.r(2), done["flag"], done.r(3)) == (0, 255, False, 4)
    assert wrong("m.a = m.a << -1") == "a shift by a negative amount"
    assert wrong("m.a = 1 << m.a") == "`<<` shifts bits, not an integer; give it a width with bits[n](...)"


@given(BYTE, st.integers(0, 65535))
@settings(max_examples=30)
def test_slices_cat_and_extensions(a: int, w: int) -> None:
    machine = instruction(
        """
        m.r[0] = cat(m.a[0], m.a[7:1])
        m.r[1] = w_bit(m)
        m.r[2] = sext(m.a[3:0], 8)
        m.r[3] = zext(m.a[7:4], 8)
        m.w = cat(m.w[7:0], m.w[15:8])
        """,
        "def w_bit(m):\n    return zext(m.w[m.a], 8)",
    )
    done = run(machine, {"a": a, "w": w})
    assert [done.r(i) for i in range(4)] == [(a & 1) << 7 | a >> 1, w >> a & 1, signed(a & 15, 4) % 256, a >> 4]
    assert done["w"] == (w & 255) << 8 | w >> 8


def test_integer_literals_adapt_to_the_other_side() -> None:
    done = run(instruction("m.a = 255 & m.a\nm.b = -1\nm.w = m.w - 1"))
    assert (done["a"], done["b"], done["w"]) == (5, 255, 0x1233)


def test_integers_that_depend_on_a_condition() -> None:
    """They add up before they have a width: as many values as there are sums, not as there are paths."""
    done = run(instruction("m.a = sum(1 if m.w[i] else 0 for i in range(16))\nm.flag = (1 if m.flag else 2) * 3 == 3"), {"w": 0xF731})
    assert (done["a"], done["flag"]) == (10, True)
    machine = instruction("x = (5 if m.flag else -6) + 1\nm.a = x\nm.b = abs_of(x)", "def abs_of(x):\n    return x if x > 0 else -x")
    assert (run(machine, {"flag": True})["a"], run(machine, {"flag": False})["a"]) == (6, 251)
    assert (run(machine, {"flag": True})["b"], run(machine, {"flag": False})["b"]) == (6, 5)
    assert wrong("m.w = sum((1 << i) if m.w[i] else 0 for i in range(16))") == (
        "an integer with more than 128 possible values; give it a width with bits[n](...)"
    )


def test_a_bit_and_a_bool_are_exchanged_freely() -> None:
    done = run(instruction("m.flag = m.a[0]\nm.sr.C = m.a < m.b\nif m.a[2] and not m.a[1]:\n    m.b = zext(bits[1](m.flag), 8)"))
    assert (done["flag"], done["sr.C"], done["b"]) == (True, 1, 1)
    assert wrong("m.flag = m.a") == "a bool field must be a bool or one bit, not bits[8]; compare it with 0"


# Enumerations


def test_bits_become_a_member_and_members_bits() -> None:
    done = run(instruction("m.a = zext(bits[2](m.mode), 8)\nm.mode = Mode(m.w[1:0])"), {"mode": 3, "w": 1})
    assert (done["a"], done["mode"]) == (3, 1)
    assert run(instruction("m.mode = Mode(3)"))["mode"] == 3
    assert wrong("m.mode = Mode(m.a)") == "widths differ: bits[8] where bits[2] is wanted; take a slice such as [1:0]"


def test_members_in_groups() -> None:
    machine = instruction("m.flag = m.mode in (Mode.user, Mode.machine)\nm.a = len(Mode)\nfor mode in Mode:\n    m.b = len(str(mode))")
    assert [run(machine, {"mode": mode})["flag"] for mode in (0, 1, 3)] == [True, False, True]
    assert (run(machine)["a"], run(machine)["b"]) == (3, 7)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ("pass", "the enumeration `E` has no members"),
        ("a = 0; a = 1", "`a` is a member twice"),
        ("a = 0; b = 0", "two members have the value 0"),
        ("a = -1", "the value of a member is a number from 0 up, not an integer"),
        ("a = 'x'", "the value of a member is a number from 0 up, not a string"),
        ("a = 1 << 70", "the value of a member has at most 64 bits"),
        ("a: 5", "a member is written `name = number`"),
    ],
)
def test_enumerations_that_are_wrong(members: str, message: str) -> None:
    assert mistake(f"class E(Enum): {members}") == message


# Layouts


def test_a_layout_is_a_word_with_named_fields() -> None:
    body = """
        m.a = bits[8](m.sr)
        m.sr = Status(m.b)
        m.sr.V = 1
        m.sr.M = Mode.system
        m.r[1] = bits[8](m.sr)
        m.r[2] = bits[8](Status(C=1, IPM=6, M=Mode.machine))
        m.r[3] = m.sr & 0b11100
        m.w = zext(m.sr[4:2], 16)
    """
    done = run(instruction(body), {"sr.C": 1, "sr.IPM": 5, "sr.M": 3, "b": 0b11_1_111_0_1})
    assert done["a"] == 0b11_0_101_0_1
    assert done.r(1) == 0b01_0_111_1_1
    assert done.r(2) == 0b11_0_110_0_1
    assert done.r(3) == 0b0_0_111_0_0
    assert done["w"] == 7


def test_bits_that_no_field_names_read_as_zero() -> None:
    done = run(instruction("m.sr = m.a\nm.b = bits[8](m.sr)"), {"a": 0xFF})
    assert done["b"] == 0b1101_1111


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("a: 8", "the bits 8 to 8 are not in a layout of 8 bits"),
        ("a: (0, 3)", "the bits 0 to 3 are not in a layout of 8 bits"),
        ("a: (3, 1); b: 2", "the field `b` shares bits with another one"),
        ("a: field(3, 0, Mode)", "Mode has 2 bits, the field has 4"),
        ("a: field(0, 0, Mode)", "Mode has 2 bits, the field has 1"),
        ("a: True", "a field of a layout is a bit number, (high, low) or field(high, low, Enum)"),
        ("a: 0 = 5", "after `=` stands a role, not an integer; role.user, role.control, role.status ..."),
        ("a: 0; a: 1", "`a` is a field twice"),
        ("a = 0", "a field is written `name: type`"),
        ("pass", "the layout `L` has no fields"),
    ],
)
def test_layouts_that_are_wrong(fields: str, message: str) -> None:
    assert mistake(f"class L(Layout[8]): {fields}") == message
    assert mistake("class L(Layout[0]): a: 0") == "Layout[n] takes a width between 1 and 4096"


# Records, arrays, memory


def test_records_are_made_compared_and_copied() -> None:
    body = """
        entry = Entry(valid=m.a[0], frame=3)
        m.table[1] = entry
        m.table[2] = m.table[1]
        m.flag = m.table[2] == entry and m.table[2].valid
    """
    done = run(instruction(body))
    assert done["table.frame"] == ArrayValue(0, {1: 3, 2: 3})
    assert done["flag"] is True


def test_an_array_with_two_indices() -> None:
    done = run(instruction("m.grid[m.mode, m.a[1:0]] = 9\nm.b = m.grid[Mode.system, 1]"), {"mode": 1, "a": 1})
    assert done["b"] == 9
    assert cell(done["grid"], 0b0101) == 9


@pytest.mark.parametrize(("order", "word", "byte"), [("", 0xBBAA, 0x34), (", big", 0xAABB, 0x12)])
def test_words_in_memory(order: str, word: int, byte: int) -> None:
    frame = FRAME.replace("mem: memory[bits[8], bits[8]]", f"mem: memory[bits[8], bits[8]{order}]")
    text = (
        '@instruction("0000 0000")\n'
        "def it(m):\n"
        "    m.store(30, m.w)\n"
        "    m.w = m.load(20, 2)\n"
        "    m.mem.write(40, m.w)\n"
        "    m.a = m.mem.read(30, 2)[7:0]\n"
    )
    done = run(described(text, frame))
    assert (done["w"], done.mem(30)) == (word, byte)
    assert done.mem(40) == (word & 255 if not order else word >> 8)
    assert done["a"] == 0x34


def test_sizes_of_types_are_limited() -> None:
    assert mistake("X = array[(bits[4000], bits[4000]), bits[8]]") == "an index of 8000 bits; a word has at most 4096"
    text = "for i in range(40):\n    class R(Record):\n        a: Entry if i == 0 else R\n        b: Entry if i == 0 else R\n"
    assert mistake(text) == "`R` consists of more than 4096 registers"


# match


def test_match_on_a_static_value_picks_a_case() -> None:
    before = (
        "def f(m, x):\n"
        "    match x:\n"
        "        case 0 | 1:\n"
        "            return 10\n"
        "        case 'a':\n"
        "            return 20\n"
        "        case (1, y):\n"
        "            return y\n"
        "        case _ if m.flag:\n"
        "            return 30\n"
        "        case z:\n"
        "            return 40"
    )
    machine = instruction("m.r[0] = f(m, 1)\nm.r[1] = f(m, 'a')\nm.r[2] = f(m, (1, 5))\nm.r[3] = f(m, None)", before)
    assert [run(machine, {"flag": True}).r(i) for i in range(4)] == [10, 20, 5, 30]
    assert run(machine, {"flag": False}).r(3) == 40


def test_match_on_a_dynamic_value_merges_its_cases() -> None:
    body = """
        match m.a:
            case 0:
                m.b = 1
            case 1 | 2 if m.flag:
                m.b = 2
            case x:
                m.b = x + 1
    """
    machine = instruction(body)
    assert [run(machine, {"a": a, "flag": flag})["b"] for a, flag in ((0, True), (1, True), (2, False), (9, True))] == [1, 2, 3, 10]


def test_match_on_all_members_is_exhaustive() -> None:
    before = (
        "def f(mode):\n"
        "    match mode:\n"
        "        case Mode.user:\n"
        "            return 1\n"
        "        case Mode.system:\n"
        "            return 2\n"
        "        case Mode.machine:\n"
        "            return 3"
    )
    machine = instruction("m.a = f(m.mode)", before)
    assert [run(machine, {"mode": mode})["a"] for mode in (0, 1, 3)] == [1, 2, 3]
    assert wrong("m.a = f(m.mode)", before.rpartition("        case")[0]) == "`f` returns a value on some paths only"


def test_a_match_that_is_wrong() -> None:
    assert wrong("match m.mode:\n    case 1:\n        pass") == "Mode compares with its own members only, not with an integer"
    assert wrong("match m.a:\n    case {'a': 1}:\n        pass") == (
        "this pattern is not part of the language; match literals, members, names and `_`"
    )


# static helpers


def test_static_helpers() -> None:
    body = """
        x = [*enumerate("ab", 1), *zip((1, 2), reversed((3, 4)))]
        m.r[0] = x[1][0] * 10 + x[2][1]
        m.r[1] = min(7, m.a, 6) + max((1, 2)) + abs(-3) + int("0x10", 0) + len({1: 2, **{3: 4}}) + sum(dict(a=1, b=2).values())
        m.r[2] = int(str(Mode.system == Mode.system)[0] == "T") if False else sorted((3, 1, 2))[0]
        m.r[3] = len(f"{5:03d}{Mode.user}") + len(list(range(0, 10, 3))) + len(tuple("abc")[1:])
        m.flag = any([m.flag, False]) and all((True, m.a == 5)) and 3 in range(5) and "a" in {"a": 1} and "b" not in ("a",)
    """
    done = run(instruction(body))
    assert [done.r(i) for i in range(4)] == [24, 5 + 2 + 3 + 16 + 2 + 3, 1, 7 + 4 + 2]
    assert done["flag"] is True


@pytest.mark.parametrize("call", ["min()", "cat(run=1)", "zext(node=5)", "len()", "range(1, 2, 3, 4)", "sext(1, 2, 3)", "implies(1)"])
def test_wrong_arguments_of_the_languages_own_functions(call: str) -> None:
    assert wrong(f"x = {call}") in (
        f"{call.partition('(')[0]}(...) is given the wrong arguments",
        "min(...) of nothing",
        "range(...) takes one to three integers, the step not zero",
    )


def test_forms_whose_names_are_words_of_the_tool() -> None:
    text = (
        'X = forms("self[2]", run=form("00"), node=form("01"), head=form("10"))\n'
        '@instruction("0000 00 x", x=X.without("head"))\n'
        "def it(m, x):\n"
        '    m.flag = x.form == "node"\n'
    )
    assert mistake(text + "Y = X.only('nod')").startswith("there is no form `nod` among `run`, `node`, `head`")


def test_a_field_that_holds_members_is_legal_only_with_one() -> None:
    machine = described("")
    state = machine.fresh("s")
    legal = machine.legal(state)
    for mode in range(4):
        assert evaluate([legal], {state["mode"]: mode}, default=True) == [mode != 2]
        assert evaluate([legal], {state["sr.M"]: mode}, default=True) == [mode != 2]


def test_many_elements_of_an_incomplete_enumeration_are_refused() -> None:
    frame = "from vmproof.lang import *\nclass E(Enum):\n    a = 0\n    b = 2\nclass M(State):\n    pc: bits[8]\n    x: array[bits[9], E]\n"
    assert mistake("", frame) == (
        "more than 256 elements of E, of which some patterns are no members; give it a member for every pattern, or make the elements bits"
    )


def test_renaming_every_identifier_changes_nothing() -> None:
    text = (
        '@instruction("0000 rd[2] rs[2]")\n'
        "def it(m, rd, rs):\n"
        "    x = m.r[rs] + m.a\n"
        "    if m.mode != Mode.system and x > 3:\n"
        "        trap(Cause.call, x)\n"
        "    m.table[rd] = Entry(valid=m.flag, frame=x[3:0])\n"
        "    m.store(x, m.w)\n"
    )
    names = [
        "Mode",
        "user",
        "system",
        "machine",
        "Cause",
        "privileged",
        "memory_",
        "call",
        "Status",
        "Entry",
        "valid",
        "frame",
        "Machine",
        "bound",
        "table",
        "grid",
        "flag",
    ]
    whole = FRAME.replace("memory = 1", "memory_ = 1").replace("Cause.memory", "Cause.memory_") + text
    renamed = whole
    for number, name in enumerate(names):
        renamed = re.sub(rf"\b{name}\b", f"zz{number}", renamed)
    shapes = []
    for source in (whole, renamed):
        machine = described("", source)
        item = machine.instruction("it")
        assert item is not None
        state = {field.path: machine.pool.var(f"f{at}", field.sort) for at, field in enumerate(machine.fields)}
        done = machine.execute(item, state, machine.operands(item))
        shapes.append([to_text(term) for term in (done.completes, *done.state.values(), *(trap.guard for trap in done.traps))])
    assert shapes[0] == shapes[1]


def test_the_frame_is_right(tmp_path: Path) -> None:
    assert linted("", tmp_path) == []
