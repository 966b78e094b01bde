"""LANGUAGE.md, rules 7 to 9, 13 and 14: branches, budgets, names, imports, mistakes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.machines import FRAME, described, instruction, linted, mistake, run, wrong
from vmproof.errors import InputError
from vmproof.language import Budget, load, load_text

# Rule 7. Branches agree


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("m.a", "m.w", "the branches disagree: bits[8] and bits[16]"),
        ("'a'", "'b'", "the branches disagree: a string and a string"),
        ("(1, 2)", "(1, 2, 3)", "the branches disagree: a tuple of 2 and a tuple of 3"),
        ("(lambda: 1)", "(lambda: 2)", "the branches disagree: the function lambda and the function lambda"),
        ("Mode.user", "Cause.call", "the branches disagree: Mode.user and Cause.call"),
        ("m.mode", "m.a", "the branches disagree: a Mode and bits[8]"),
        ("m.r", "m.table", "the branches disagree: an array[bits[2], bits[8]] and an array[bits[2], Entry]"),
        ("None", "1", "the branches disagree: nothing and an integer"),
    ],
)
def test_branches_that_meet_agree(one: str, other: str, message: str) -> None:
    assert wrong(f"x = {one} if m.flag else {other}") == message
    assert wrong(f"if m.flag:\n    x = {one}\nelse:\n    x = {other}\ny = x") == f"`x` cannot be used here: {message}"
    assert wrong("f(m)", f"def f(m):\n    if m.flag:\n        return {one}\n    return {other}") in (
        f"the returns of `f` do not agree: {message}",
        "`f` returns a value on some paths only",
    )


def test_what_is_set_on_one_path_only_cannot_be_used() -> None:
    assert wrong("if m.flag:\n    x = 1\nm.a = x") == "`x` is not set on every path to here"
    assert run(instruction("if m.flag:\n    x = 1\n    m.a = x"))["a"] == 1


def test_a_static_condition_picks_a_branch() -> None:
    assert run(instruction("x = 'text' if 1 < 2 else 5\nm.a = len(x)"))["a"] == 4
    assert run(instruction("if len(m.a) == 8:\n    x = (1, 2)\nelse:\n    x = 5\nm.a = x[1]"))["a"] == 2


def test_branches_merge_structures_part_by_part() -> None:
    body = """
        pair = (m.a, 1) if m.flag else (m.b, 2)
        entry = Entry(valid=True, frame=1) if m.flag else m.table[0]
        mode = Mode.system if m.flag else m.mode
        m.a = pair[0]
        m.b = pair[1]
        m.table[1] = entry
        m.mode = mode
    """
    machine = instruction(body)
    yes, no = run(machine, {"flag": True}), run(machine, {"flag": False})
    assert (yes["a"], yes["b"], yes["mode"]) == (5, 1, 1)
    assert (no["a"], no["b"], no["mode"]) == (7, 2, 0)


def test_a_tuple_indexed_by_a_dynamic_value_is_homogeneous_and_long_enough() -> None:
    machine = instruction("m.a = (1, m.b, 3, 4)[m.w[1:0]]")
    assert [run(machine, {"w": i})["a"] for i in range(4)] == [1, 7, 3, 4]
    assert run(instruction("m.a = (1, 2)[m.flag]"))["a"] == 2
    assert wrong("m.a = (1, 2, 3)[m.w[1:0]]") == "a tuple of 3 is indexed by bits[2], which reaches 3"
    assert wrong("x = (1, 'a')[m.flag]") == "the branches disagree: an integer and a string"


def test_a_dictionary_indexed_by_a_dynamic_member() -> None:
    machine = instruction("m.a = {Mode.user: 1, Mode.system: 2, Mode.machine: 3}[m.mode]")
    assert [run(machine, {"mode": mode})["a"] for mode in (0, 1, 3)] == [1, 2, 3]
    assert wrong("m.a = {Mode.user: 1, Mode.system: 2}[m.mode]") == "the dictionary has no entry for Mode.machine"


# Rule 8. Budgets


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 << 10**9", "an integer of 1000000001 bits is beyond the limit of 4096"),
        ("2**(10**9)", "an integer of 2000000000 bits is beyond the limit of 4096"),
        ("(1 << 4000) * (1 << 4000)", "an integer of 8002 bits is beyond the limit of 4096"),
        ("'a' * 10**12", "a collection of 1000000000000 items is beyond the limit of 100000"),
        ("(0,) * 10**12", "a collection of 1000000000000 items is beyond the limit of 100000"),
        ("range(10**12)", "range(...) takes an integer between -10000000 and 10000000, known while reading"),
        ("range(10**6)", "a collection of 1000000 items is beyond the limit of 100000"),
        ("f'{1:999}' * 1000", "a collection of 999000 items is beyond the limit of 100000"),
        ("cat(bits[4096](0), bits[1](0))", "cat(...) of 4097 bits; a word has at most 4096"),
        ("bits[4097]", "bits[4097]: a width is between 1 and 4096"),
        ("zext(bits[8](0), 10**9)", "an extension takes an integer between 1 and 4096, known while reading"),
        ("1 in range(10**5) and m in range(10**5)", "nothing is called `m` here"),
        ("2**-1", "an integer has no negative power here"),
        ("1 << -1", "a shift by a negative amount"),
        ("1 // 0", "division by zero"),
    ],
)
def test_a_budget_is_checked_before_the_cost_arises(expression: str, message: str) -> None:
    begun = time.process_time()
    assert mistake(f"X = {expression}") == message
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "text",
    [
        "X = [0 for i in range(90000) for j in range(90000)]",
        "f = lambda n: f(n - 1) + f(n - 1) if n else 0\nX = f(40)",
        "for i in range(90000):\n    for j in range(90000):\n        X = i",
        "X = [tuple(range(90000)) for i in range(90000)]",
        "T = U = (1, 2)\nfor i in range(80):\n    T, U = (T, T), (U, U)\n    X = T == U",
    ],
)
def test_one_budget_for_the_whole_file(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(InputError) as caught:
        load_text(FRAME + text, Path("machine.py"), Budget(nodes=100_000))
    assert caught.value.message in (
        "the description takes more than 100000 steps to read",
        "a collection of 100001 items is beyond the limit of 100000",
    )
    assert time.process_time() - begun < 3


def test_seconds_are_limited() -> None:
    with pytest.raises(InputError) as caught:
        load_text(FRAME + "X = [0 for i in range(9000) for j in range(9000)]", Path("machine.py"), Budget(seconds=0.02))
    assert caught.value.message == "the description takes more than 0.02 seconds to read"


def test_recursion_is_static_and_has_an_end() -> None:
    before = "def f(m, n):\n    return m.a if n == 0 else f(m, n - 1) + 1"
    assert run(instruction("m.a = f(m, 20)", before))["a"] == 25
    assert wrong("m.a = f(m, 99)", before) == "calls are nested more than 60 deep"
    assert mistake("f = lambda n: f(n)\nX = f(1)") == "calls are nested more than 60 deep"
    assert wrong("x = attempt(f, m)", "def f(m):\n    return attempt(f, m).value") == "calls are nested more than 60 deep"


def test_loops_are_static() -> None:
    assert wrong("while m.flag:\n    pass") == "`while` is not part of the language"
    assert wrong("for i in m.r:\n    pass") == "a loop runs over static collections, not over an array[bits[2], bits[8]]"
    assert wrong("x = [i for i in range(3) if m.flag]") == "a filter in a comprehension must be static"


def test_a_long_chain_of_cases_is_read() -> None:
    cases = "\n".join(f"    case {value}:\n        m.b = {255 - value}" for value in range(256))
    assert run(instruction(f"match m.a:\n{cases}"), {"a": 77})["b"] == 178
    chain = "if m.a == 0:\n    m.b = 0\n" + "".join(f"elif m.a == {value}:\n    m.b = {value}\n" for value in range(1, 60))
    assert run(instruction(chain), {"a": 33})["b"] == 33


# Rule 9. Names


def test_a_function_made_in_a_loop_keeps_its_turns_values() -> None:
    text = """
        for name, code, taken in [("eq", "00", lambda a, b: a == b), ("lt", "01", lambda a, b: a < b)]:
            size = len(name) + len(code)
            @instruction("0000 00 {code}", name=name)
            def branch(m):
                m.flag = taken(m.a, m.b)
                m.w = size
        later = 5
    """
    machine = described(text)
    assert [item.name for item in machine.instructions] == ["eq", "lt"]
    assert (run(machine, name="eq")["flag"], run(machine, name="lt")["flag"]) == (False, True)
    assert run(machine, name="eq")["w"] == 4


def test_lambdas_of_a_comprehension_keep_their_turns_values() -> None:
    assert run(instruction("m.a = f[1]()", "f = [lambda: i for i in range(3)]"))["a"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X = 1\nX = 2", "`X` is defined twice; first in line 42"),
        ("X = 1\nX += 1", "`X` is defined twice; first in line 42"),
        ("def f(): pass\ndef f(): pass", "`f` is defined twice; first in line 42"),
        ("def f(): pass\nfor i in range(2):\n    def f(): pass", "`f` is defined twice; first in line 42"),
        ("Mode = 5", "`Mode` is defined twice; first in line 2"),
        ("bits = 5", "`bits` is a name of the language"),
        ("def choose(): pass", "`choose` is a name of the language"),
        ("class field(Enum):\n    a = 0", "`field` is a name of the language"),
        ("def f(m, range): pass", "`range` is a name of the language"),
        ("for zext in range(3): pass", "`zext` is a name of the language"),
        ("X = [len for len in range(3)]", "`len` is a name of the language"),
        ("def f(a, a): pass", "two parameters of `f` are called `a`"),
        ("def f(*a): pass", "`f` has `*` or `**` parameters, which are not part of the language"),
        ("X = lambda **k: k", "`lambda` has `*` or `**` parameters, which are not part of the language"),
    ],
)
def test_names_are_defined_once_and_hide_nothing(text: str, message: str) -> None:
    assert FRAME.count("\n") == 41  # so the text begins in line 42
    assert mistake(text) == message


def test_a_local_name_hides_no_name_of_the_language() -> None:
    assert wrong("sum = 1") == "`sum` is a name of the language"
    assert wrong("def cat():\n    pass") == "`cat` is a name of the language"


def test_instructions_are_not_called() -> None:
    text = '@instruction("0000 0001")\ndef other(m):\n    pass'
    assert wrong("other(m)", text) == "`other` is an instruction; instructions are not called"
    assert mistake(f"{text}\nX = other(1)") == "`other` is an instruction; instructions are not called"


def test_a_default_is_evaluated_where_the_function_stands() -> None:
    before = "width = 5\ndef f(m, x=width, *, y=width + 1):\n    return x + y"
    assert run(instruction("width = 100\nm.a = f(m)", before))["a"] == 11
    assert run(instruction("m.a = f(m, 1, y=2)", before))["a"] == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("f()", "`f` needs an argument for `a`"),
        ("f(1, 2, 3)", "`f` takes 2 arguments, not 3"),
        ("f(1, a=2)", "`f` is given `a` twice"),
        ("f(1, c=2)", "`f` has no parameter `c`"),
        ("f(1, b=2, b=3)", "`b` is given twice"),
        ("f(**{})", "`**` in a call is not part of the language"),
        ("f(300)", "`a` of `f` is bits[8]: 300 does not fit in bits[8]"),
    ],
)
def test_arguments(call: str, message: str) -> None:
    assert wrong(f"m.a = {call}", "def f(a: bits[8], b=2):\n    return a + b") == message


# Rule 13. Imports


def test_files_beside_the_reader_are_imported(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text(FRAME + "SHARED = 5\ndef helper(m):\n    return m.a + SHARED\n", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "part.py").write_text(
        "from vmproof.lang import *\nfrom base import SHARED as five\nOTHER = five + 1\n", encoding="utf-8"
    )
    main = tmp_path / "main.py"
    main.write_text(
        "from base import *\nfrom sub.part import OTHER\n@instruction('0000 0000')\ndef it(m):\n    m.a = helper(m) + OTHER\n",
        encoding="utf-8",
    )
    assert run(load(main))["a"] == 16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import os", "`import` is not part of the language; write `from file import name`"),
        ("from os import system", "there is no file os.py beside this one or in the library"),
        ("from os.path import join", "there is no file os/path.py beside this one or in the library"),
        ("from vmproof.errors import Place", "there is no file vmproof/errors.py beside this one or in the library"),
        ("from . import x", "there is no file x.py beside this one or in the library"),
        ("from .x import y", "relative imports are not part of the language; name the file: `from file import name`"),
        ("from vmproof.lang import bitz", "the language has no `bitz`; did you mean `bits`?"),
        ("from vmproof.lang import bits as b", "names of the language keep their names; leave out `as`"),
        ("from basis import *", "there is no file basis.py beside this one or in the library; did you mean `base`?"),
        ("from base import nothin", "`base` has no `nothin`; did you mean `nothing`?"),
        ("from machine import *", "`machine` imports this file in turn"),
        ("for i in range(2):\n    from base import *", "an import stands outside loops"),
    ],
)
def test_nothing_else_is_imported(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("nothing = 1\n", encoding="utf-8")
    assert any(line.endswith(f": {message}") for line in linted(text, tmp_path))


def test_a_mistake_in_an_imported_file_has_its_place(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("from vmproof.lang import *\n\nX = unknown\n", encoding="utf-8")
    main = tmp_path / "main.py"
    main.write_text("from base import *\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(main)
    assert str(caught.value) == f"{tmp_path / 'base.py'}:3:5: nothing is called `unknown` here"


# Rule 14. Mistakes


def test_a_mistake_is_one_sentence_with_place_caret_and_suggestion() -> None:
    machine = described('@instruction("0000 0000")\ndef it(m):\n    x = m.boudn + 1\n')
    item = machine.instruction("it")
    assert item is not None
    with pytest.raises(InputError) as caught:
        machine.execute(item, machine.fresh("s"), {})
    assert str(caught.value) == "machine.py:44:9: no field `boudn` in Machine; did you mean `bound`?"
    assert caught.value.caret() == "        x = m.boudn + 1\n            ^"


def test_columns_count_characters() -> None:
    with pytest.raises(InputError) as caught:
        described("X = 'é' + ünknown")
    assert caught.value.caret() == "    X = 'é' + ünknown\n              ^"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("m.a = m.b + m.w", "`+` between bits[8] and bits[16]: widths differ; widen one with zext or sext, or take a slice"),
        ("m.a = m.w", "widths differ: bits[16] where bits[8] is wanted; take a slice such as [7:0]"),
        ("m.w = m.a", "widths differ: bits[8] where bits[16] is wanted; widen it with zext(..., 16) or sext(..., 16)"),
        ("m.a = 256", "256 does not fit in bits[8]"),
        ("m.a = -129", "-129 does not fit in bits[8]"),
        ("m.a = m.flag", "a bool is not bits[8]; write bits[8](...)"),
        ("m.a = Mode.user", "Mode.user is no bits[8]; write bits[8](...)"),
        ("m.mode = 1", "an integer where a Mode is wanted; write Mode(...) for bits"),
        ("m.mode = Cause.call", "Cause.call is no member of Mode"),
        ("m.mode = Mode.sytem", "Mode has no member `sytem`; did you mean `system`?"),
        ("if m.a:\n    pass", "a condition must be a bool or one bit, not bits[8]; compare it with 0"),
        ("if m.mode:\n    pass", "a condition must be a bool or one bit, not a Mode; compare it with a member"),
        ("if m.mode == 1:\n    pass", "Mode compares with its own members only, not with an integer"),
        ("if m.mode < Mode.system:\n    pass", "members of Mode have no order; compare with == or `in`"),
        ("x = m.a[0:3]", "the slice [0:3] runs upwards; write [3:0]"),
        ("x = m.a[8:0]", "the slice [8:0] is outside bits[8]"),
        ("x = m.a[8]", "bits[8] has no bit 8"),
        ("m.a[9] = 1", "the slice [9:9] is outside bits[8]"),
        ("m.a[m.b:0] = 1", "a slice of bits is [high:low], both integers"),
        ("x = signed(m.a) < m.b", "`<` between signed bits[8] and bits[8]; mark both with signed(...)"),
        ("x = ~m.flag", "`~` is for bits; use `not`"),
        ("x = m.a / 2", "`/` does not apply to bits; bits divide with //"),
        ("x = 1.5", "a number with a point is not part of the language; numbers are integers"),
        ("x = 1 if m else 2", "a condition must be a bool or one bit, not the state"),
        ("x = m == m", "the state and the state are never compared"),
        ("x = m.load(1, 0)", "load takes 1 to 64 cells, known while reading"),
        ("m.store(1, m.w[9:0])", "bits[10] is no whole number of cells of 8 bits"),
        ("m.store(1, m.table[0])", "an Entry cannot be stored; write bits[8](...)"),
        ("m.laod(1)", "no field `laod` in Machine; did you mean `load`?"),
        ("trap(5)", "trap(...) takes a Cause first, not an integer"),
        ("trap(Cause.call, m.w)", "widths differ: bits[16] where bits[8] is wanted; take a slice such as [7:0]"),
        ("x = Entry(valid=True)", "Entry(...) needs the field `frame`"),
        ("x = Entry(valid=True, frame=1, dirty=0)", "no field `dirty` in Entry"),
        ("x = Mode(2)", "2 is no member of Mode"),
        ("x = zext(5, 8)", "an integer has no width; give it one with bits[n](...)"),
        ("x = zext(m.w, 8)", "bits[16] is wider than 8 bits; take a slice such as [7:0]"),
        ("x = m.grid[1]", "array[(Mode, bits[2]), bits[8]] takes 2 indices, not 1"),
        ("x = m.r[m.a]", "widths differ: bits[8] where bits[2] is wanted; take a slice such as [1:0]"),
        ("x = [1, 2][5]", "index 5 is outside a tuple of 2"),
        ("x, y = 1, 2, 3", "2 names for 3 values"),
        ("x = {m: 1}", "the state is no key of a dictionary; keys are integers, strings, members and tuples of these"),
        ("x = {1: 2}['a']", "the dictionary has no entry for 'a'"),
        ("x = f'{m.a}'", "bits[8] in a string: it is not known while reading"),
        ("x = f'{1:.3f}'", "the format `.3f` is not part of the language; use a width and b, o, d or x"),
        ("x = (y := 5)", "`:=` is not part of the language"),
        ("x = {1, 2}", "a set is not part of the language"),
        ("del m", "`del` is not part of the language"),
        ("try:\n    pass\nexcept E:\n    pass", "`try` is not part of the language"),
        ("x = cat.y", "the function cat has no `y`"),
    ],
)
def test_messages(body: str, message: str) -> None:
    assert wrong(body) == message


@pytest.mark.parametrize("attribute", ["__class__", "__dict__", "__globals__", "__init__", "_x"])
@pytest.mark.parametrize("value", ["m", "m.a", "Mode", "Mode.user", "f", "'text'", "(1, 2)", "5", "cat", "m.mem", "m.load", "m.table[0]"])
def test_pythons_own_attributes_do_not_exist(value: str, attribute: str) -> None:
    message = wrong(f"x = ({value}).{attribute}", "f = lambda: 1")
    assert f"`{attribute}`" in message


def test_lint_reports_all_mistakes_at_once_in_order(tmp_path: Path) -> None:
    text = """\
X = unknown
def helper(m):
    return X + m.nothing
class Broken(Enum):
    a = 0
    b = 0
@instruction("0000 0000")
def one(m):
    m.a = helper(m)
@instruction("0000 0001")
def two(m):
    m.a = m.wrong
    m.b = m.never_seen
@instruction("0000 0001")
def three(m):
    m.mode = Broken.a
@instruction("0000 00x1")
def four(m):
    m.a = Y
"""
    assert linted(text, tmp_path) == [
        "1:5: nothing is called `unknown` here",
        "6:5: two members have the value 0",
        "12:11: no field `wrong` in Machine",
        "15:1: the patterns of `two` and `three` overlap: 00000001 is both",
        "15:1: the pattern of `three` is never reached: others match all of it",
        "17:14: in the pattern of `four`: `00x1` is not part of a pattern; tokens, set apart by blanks, are bits such as `01-`,"
        " operands such as `rd[5]` or `imm[12|10:5]`, forms operands such as `ea` or `ea.mode`, and `+`",
    ]


def test_lint_leaves_out_what_follows_from_a_failed_import(tmp_path: Path) -> None:
    assert linted("from nowhere import *\nX = whatever\n", tmp_path) == [
        "1:1: there is no file nowhere.py beside this one or in the library"
    ]


def test_lint_reports_what_may_be_wrong_unless_the_description_rules_it_out(tmp_path: Path) -> None:
    text = """\
@legal
def divisor_is_set(m):
    return m.b != 0 and m.sr.C == 0
@instruction("0000 0000")
def open_division(m):
    m.a = m.a // m.r[0]
@instruction("0000 0001")
def legal_division(m):
    m.a = m.a // m.b
@instruction("0000 0010")
def guarded_division(m):
    m.a = m.a % m.r[0] if m.r[0] != 0 else 0
@instruction("0000 0011")
def any_bits(m):
    m.mode = Mode(m.a[1:0])
@instruction("0000 01 to[2]")
def checked_bits(m, to):
    if to == 2:
        trap(Cause.call, 0)
    m.mode = Mode(to)
@instruction("0000 1000")
def a_member_again(m):
    m.mode = Mode(bits[2](m.mode))
"""
    assert linted(text, tmp_path) == [
        "6:11: a division whose divisor may be zero: state what it gives then",
        "15:14: bits that become a Mode where they may be no member",
    ]


def test_lint_looks_into_entries_and_predicates(tmp_path: Path) -> None:
    frame = FRAME.replace("    m.pc = 64\n", "    m.pc = 64\n    m.mode = Mode(value[1:0])\n")
    text = '@legal\ndef f(m):\n    return m.a // m.b == 1\n@instruction("0000 0000")\ndef it(m):\n    trap(Cause.call, m.a)\n'
    assert linted(text, tmp_path, frame) == [
        "0:14: bits that become a Mode where they may be no member",
        "3:12: a division whose divisor may be zero: state what it gives then",
    ]
