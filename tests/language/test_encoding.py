"""Patterns and forms: what they mean, how they are assembled, and what each mistake is told."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmproof.language.encoding import (
    Encoding,
    Forms,
    FormSpec,
    Head,
    Literal,
    PatternError,
    Slice,
    Tail,
    make_forms,
    parse_encoding,
)
from vmproof.language.suggest import suggest

EA = make_forms(
    "mode[3] reg[3]",
    {
        "dn": FormSpec("000 reg[3]"),
        "an": FormSpec("001 reg[3]"),
        "ind": FormSpec("010 reg[3]"),
        "post": FormSpec("011 reg[3]"),
        "pre": FormSpec("100 reg[3]"),
        "disp": FormSpec("101 reg[3] + d16[16]"),
        "index": FormSpec("110 reg[3] + ra[1] rx[3] wl[1] 000 d8[8]"),
        "abs_w": FormSpec("111 000 + w[16]"),
        "abs_l": FormSpec("111 001 + l[32]"),
        "pc_disp": FormSpec("111 010 + d16[16]"),
        "pc_index": FormSpec("111 011 + ra[1] rx[3] wl[1] 000 d8[8]"),
        "imm": FormSpec("111 100 + i[16]"),
    },
)
DATA_ALTERABLE = EA.without("an", "pc_disp", "pc_index", "imm")
MOVE = "0011 dst.reg dst.mode src + src.tail dst.tail"


def failing(pattern: str, operands: Mapping[str, Forms] | None = None) -> PatternError:
    with pytest.raises(PatternError) as caught:
        parse_encoding(pattern, operands or {})
    return caught.value


def values_of(encoding: Encoding, **given_values: int) -> dict[str, int]:
    return {name: given_values.get(name.replace(".", "_"), 0) for name, _ in encoding.variables}


def test_segments_read_like_the_manual() -> None:
    branch = parse_encoding("imm[12|10:5] rs2[5] rs1[5] 000 imm[4:1|11] 1100011", {})
    assert branch.base == (
        Slice("imm", 12, 12),
        Slice("imm", 10, 5),
        Slice("rs2", 4, 0),
        Slice("rs1", 4, 0),
        Literal("000"),
        Slice("imm", 4, 1),
        Slice("imm", 11, 11),
        Literal("1100011"),
    )
    assert branch.variables == (("imm", 13), ("rs2", 5), ("rs1", 5))
    assert (branch.base_bits, branch.tail) == (32, ())


def test_neighbouring_literals_are_one() -> None:
    assert parse_encoding("0110 1- rd[2]", {}).base == (Literal("01101-"), Slice("rd", 1, 0))


def test_a_single_bit_of_an_operand_that_other_tokens_name_too() -> None:
    c_addi = parse_encoding("000 imm[5] rd[5] imm[4:0] 01", {})
    assert c_addi.variables == (("imm", 6), ("rd", 5))
    assert c_addi.assemble({"rd": 10, "imm": 0x3F}) == (0x157D, 16)  # c.addi a0, -1


@pytest.mark.parametrize(
    ("pattern", "values", "word"),
    [
        ("imm[12|10:5] rs2[5] rs1[5] 000 imm[4:1|11] 1100011", {"imm": 0x1FFC, "rs1": 10, "rs2": 11}, 0xFEB50EE3),  # beq a0, a1, -4
        ("imm[20|10:1|11|19:12] rd[5] 1101111", {"imm": 2048, "rd": 1}, 0x001000EF),  # jal ra, 2048
        ("imm[11:5] rs2[5] rs1[5] 010 imm[4:0] 0100011", {"imm": 12, "rs2": 5, "rs1": 2}, 0x00512623),  # sw t0, 12(sp)
        ("010 uimm[5:3] rs1[3] uimm[2|6] rd[3] 00", {"uimm": 0x44, "rs1": 0, "rd": 1}, 0x4064),  # c.lw s1, 68(s0)
        ("101 imm[11|4|9:8|10|6|7|3:1|5] 01", {"imm": 0xFFE}, 0xBFFD),  # c.j -2
    ],
)
def test_scattered_immediates_of_risc_v(pattern: str, values: dict[str, int], word: int) -> None:
    encoding = parse_encoding(pattern, {})
    assert encoding.assemble(values) == (word, encoding.base_bits)


def test_bits_that_nobody_names_must_be_zero() -> None:
    branch = parse_encoding("imm[12|10:5] rs2[5] rs1[5] 000 imm[4:1|11] 1100011", {})
    with pytest.raises(PatternError) as caught:
        branch.assemble({"imm": 5, "rs1": 0, "rs2": 0})
    assert str(caught.value) == "`imm` = 0x5 sets bit 0, which the encoding does not hold"


def test_dont_care_bits_are_one_variable() -> None:
    jmp = parse_encoding("-0101 rd[2] 1--", {})
    assert jmp.variables == (("rd", 2), ("-", 3))
    assert jmp.assemble({"rd": 2}) == (0b0010110100, 10)
    assert jmp.assemble({"rd": 2, "-": 0b101}) == (0b1010110101, 10)


def test_words_of_36_bits() -> None:
    # PDP-10: opcode, accumulator, indirect bit, index register, address
    move = parse_encoding("010 000 000 ac[4] i[1] x[4] y[18]", {})
    assert move.assemble({"ac": 1, "i": 1, "x": 0o17, "y": 0o777777}) == (0o200077777777, 36)


def test_little_endian_immediate() -> None:
    mov = parse_encoding("1011 1 reg[3] + imm[32 le]", {})
    assert mov.assemble({"reg": 0, "imm": 0x12345678}) == (0xB878563412, 40)  # mov eax, 0x12345678
    assert (mov.base_bits, mov.length({}), mov.tail_bits({})) == (8, 40, 32)


def test_operands_that_are_forms() -> None:
    move = parse_encoding(MOVE, {"src": EA, "dst": DATA_ALTERABLE})
    assert move.base == (Literal("0011"), Head("dst", 2, 0), Head("dst", 5, 3), Head("src", 5, 0))
    assert move.tail == (Tail("src"), Tail("dst"))
    assert move.variables[:3] == (("dst.form", 3), ("dst.reg", 3), ("dst.d16", 16))
    assert ("src.form", 4) in move.variables
    assert ("src.i", 16) in move.variables
    assert ("dst.i", 16) not in move.variables
    # move.w #$1234, -2(a3)
    values = values_of(move, src_form=11, src_i=0x1234, dst_form=DATA_ALTERABLE.names.index("disp"), dst_reg=3, dst_d16=0xFFFE)
    assert move.assemble(values) == (0x377C1234FFFE, 48)
    assert (move.length(values), move.tail_bits(values)) == (48, 32)


def test_a_tail_that_is_not_placed_stands_at_the_end() -> None:
    addi = parse_encoding("0000 0110 01 ea + imm[16]", {"ea": DATA_ALTERABLE})
    assert addi.tail == (Slice("imm", 15, 0), Tail("ea"))
    values = values_of(addi, imm=7, ea_form=DATA_ALTERABLE.names.index("abs_l"), ea_l=0x123456)
    assert addi.assemble(values) == (0x0679_0007_0012_3456, 64)  # addi.w #7, $123456
    movem = parse_encoding("0100 1000 11 ea + mask[16]", {"ea": EA.only("ind", "pre", "disp")})
    assert movem.assemble(values_of(movem, mask=0xFFFF, ea_form=1, ea_reg=7)) == (0x48E7FFFF, 32)  # movem.l d0-a7, -(sp)


def test_shapes_cover_every_choice_of_forms() -> None:
    move = parse_encoding(MOVE, {"src": EA, "dst": DATA_ALTERABLE})
    shapes = move.shapes()
    assert len(shapes) == 12 * 8
    assert len({shape.choices for shape in shapes}) == len(shapes)
    shape = move.shape_of({"src.form": 11, "dst.form": 0})
    assert (shape.bits, shape.mask, shape.match) == (32, 0b1111_000_111_111_111 << 16, 0b0011_000_000_111_100 << 16)
    assert shape.sources[:10] == (0, 0, 1, 1, ("dst.reg", 2), ("dst.reg", 1), ("dst.reg", 0), 0, 0, 0)
    assert shape.sources[16] == ("src.i", 15)


def test_shapes_of_a_large_instruction_set_are_made_quickly() -> None:
    start = time.perf_counter()
    made = sum(len(parse_encoding(MOVE, {"src": EA, "dst": DATA_ALTERABLE}).shapes()) for _ in range(21))
    assert made > 2000
    assert time.perf_counter() - start < 1.5  # ten times what it takes


def test_subsets_of_forms() -> None:
    assert EA.only("dn", "disp").names == ("dn", "disp")
    assert EA.only("disp", "dn") == EA.only("dn", "disp")
    assert "imm" not in EA.without("imm").names
    assert EA.head_width == 6
    assert EA.parts == {"mode": (5, 3), "reg": (2, 0)}
    assert EA.fields["d16"] == 16
    with pytest.raises(PatternError) as caught:
        EA.only("dips")
    assert str(caught.value).endswith("; did you mean `disp`?")
    with pytest.raises(PatternError, match="`without` leaves no form"):
        EA.only("dn").without("dn")


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9])
def test_the_tag_is_as_wide_as_its_values_need(count: int) -> None:
    forms = make_forms("k[4]", {f"f{number}": FormSpec(f"{number:04b}") for number in range(count)})
    expected = {1: 1, 2: 1, 3: 2, 8: 3, 9: 4}[count]
    assert parse_encoding("0000 k", {"k": forms}).variables == (("k.form", expected),)


SPECIAL = make_forms("mod[2] rm[3]", {"ind": FormSpec("00 rm[3]"), "abs": FormSpec("00 101 + a[8]"), "reg": FormSpec("11 rm[3]")})


def test_the_more_special_form_owns_its_encodings() -> None:
    encoding = parse_encoding("000 m", {"m": SPECIAL})
    (exclusion,) = encoding.exclusions
    assert exclusion.given == (("m.form", 0),)
    assert [(test.variable, test.hi, test.lo, test.value) for test in exclusion.tests] == [("m.rm", 2, 0, 5)]
    with pytest.raises(PatternError) as caught:
        encoding.assemble({"m.form": 0, "m.rm": 5})
    assert str(caught.value) == "`m.rm` = 5 is the encoding of form `abs`"
    assert encoding.assemble({"m.form": 2, "m.rm": 5}) == (0b000_11_101, 8)
    # It stays so where a subset lacks the special form.
    assert parse_encoding("000 m", {"m": SPECIAL.without("abs")}).exclusions == (exclusion,)


def test_two_special_forms_may_share_what_a_third_owns() -> None:
    sib = make_forms(
        "scale[2] index[3] base[3]",
        {
            "full": FormSpec("scale[2] index[3] base[3]"),
            "no_base": FormSpec("scale[2] index[3] 101 + d[32 le]"),
            "no_index": FormSpec("scale[2] 100 base[3]"),
            "neither": FormSpec("scale[2] 100 101 + d[32 le]"),
        },
    )
    owners = [[owner for _, owner in form.excluded] for form in sib.alternatives]
    assert owners == [["no_base", "no_index", "neither"], ["neither"], ["neither"], []]


@pytest.mark.parametrize(
    ("alternatives", "message"),
    [
        ({}, "a forms operand needs at least one form"),
        ({"a": FormSpec("0 x[4]")}, "form `a`: the head has 5 bits, but `mode[3] reg[3]` has 6"),
        ({"a": FormSpec("")}, "form `a`: the pattern is empty; write its bits, most significant first, such as `0110 rd[2] rs[2]`"),
        ({"a": FormSpec("000 form[3]")}, "form `a`: a field cannot be called `form`, which has a meaning of its own"),
        (
            {"a": FormSpec("000 reg[3] + d[8]"), "b": FormSpec("001 reg[3] + d[16]")},
            "field `d` has 8 bits in form `a` and 16 bits in form `b`; use two names",
        ),
        (
            {"a": FormSpec("00- reg[3]"), "b": FormSpec("0-0 reg[3]")},
            "forms `a` and `b` share encodings, and neither is a special case of the other",
        ),
        (
            {"a": FormSpec("000 reg[3]"), "b": FormSpec("000 r[3]")},
            "forms `a` and `b` share encodings, and neither is a special case of the other",
        ),
        (
            {"a": FormSpec("000 reg[3]"), "b": FormSpec("000 reg[3] + 0000 0000")},
            "form `b` is a special case of form `a`, but no field of `a` tells them apart",
        ),
        (
            {"a": FormSpec("000 reg[3]", "d{rge}")},
            "form `a`: the assembly template names `rge`, which is not an operand here; did you mean `reg`?",
        ),
        ({"a": FormSpec("inner", None, {"inner": EA})}, "form `a`: a forms operand can be nested only after `+`"),
    ],
)
def test_mistakes_in_forms(alternatives: dict[str, FormSpec], message: str) -> None:
    with pytest.raises(PatternError) as caught:
        make_forms("mode[3] reg[3]", alternatives)
    assert str(caught.value) == message


def test_the_head_consists_of_named_parts() -> None:
    message = "the head of a forms operand consists of named parts only, such as `mode\\[3\\] reg\\[3\\]`"
    for head in ("0 mode[3]", "mode[2:1] reg[3]", "mode[3] + reg[3]", "mode[8 le] reg[16 le]"):
        with pytest.raises(PatternError, match=message):
            make_forms(head, {"a": FormSpec("000")})


NOT_A_PATTERN = (
    "is not part of a pattern; tokens, set apart by blanks, are bits such as `01-`, operands such as `rd[5]` or `imm[12|10:5]`, "
    "forms operands such as `ea` or `ea.mode`, and `+`"
)


@pytest.mark.parametrize(
    ("pattern", "offset", "message"),
    [
        ("", 0, "the pattern is empty; write its bits, most significant first, such as `0110 rd[2] rs[2]`"),
        ("   ", 0, "the pattern is empty; write its bits, most significant first, such as `0110 rd[2] rs[2]`"),
        ("01 + 10 + 11", 8, "the pattern has more than one `+`; a single `+` ends the instruction's own word"),
        ("+ 01", 0, "nothing stands before `+`; the instruction's own word comes first"),
        ("01 +", 3, "nothing follows `+`"),
        ("01 0x4", 3, f"`0x4` {NOT_A_PATTERN}"),
        ("01rd[2]", 0, f"`01rd[2]` {NOT_A_PATTERN}"),
        ("rd[2]rs[2]", 0, f"`rd[2]rs[2]` {NOT_A_PATTERN}"),
        ("01 ]", 3, f"`]` {NOT_A_PATTERN}"),
        ("01 é[3]", 3, f"`é[3]` {NOT_A_PATTERN}"),
        ("0102", 0, f"`0102` {NOT_A_PATTERN}"),
        ("01 rd[3", 3, "`rd[3` lacks its `]`"),
        ("01 rd[0]", 3, "`rd[0]` has no bits; the width of an operand is at least 1"),
        ("01 rd[]", 3, "`rd[]` does not say which bits of `rd`; write `rd[5]`, `rd[12|10:5]` or `rd[32 le]`"),
        ("01 rd[x]", 3, "`rd[x]` does not say which bits of `rd`; write `rd[5]`, `rd[12|10:5]` or `rd[32 le]`"),
        ("01 rd[-1]", 3, "`rd[-1]` does not say which bits of `rd`; write `rd[5]`, `rd[12|10:5]` or `rd[32 le]`"),
        ("01 rd[1:3]", 3, "`rd[1:3]` has `1:3` the wrong way round; the higher bit comes first, as in `rd[3:1]`"),
        ("01 imm[3:1|2]", 3, "`imm[3:1|2]` names bit 2 of `imm`, which is named already"),
        ("imm[7:4] imm[4:0]", 9, "`imm[4:0]` names bit 4 of `imm`, which is named already"),
        ("rd[5] rd[5]", 6, "`rd[5]` appears twice; each bit of an operand stands in one place"),
        ("rd[129]", 0, "`rd[129]` is too wide; an operand has at most 128 bits"),
        ("imm[128:1]", 0, "`imm[128:1]` is too wide; an operand has at most 128 bits"),
        ("imm[12 le]", 0, "`imm[12 le]` is stored byte by byte, so its width must be a multiple of 8"),
        ("imm[136 le]", 0, "`imm[136 le]` is too wide; an operand has at most 128 bits"),
        ("imm[16 le] imm[3]", 0, "`imm[16 le]` must be the only token that names `imm`"),
        ("01 " * 513, 0, "the pattern has 1026 bits; at most 1024 are supported"),
        ("01 ea", 3, "`ea` is not a forms operand; write `ea[5]` for an operand of 5 bits"),
        ("01 ea.mode", 3, "`ea.mode` needs a forms operand `ea`, and there is none"),
    ],
)
def test_mistakes_in_patterns(pattern: str, offset: int, message: str) -> None:
    error = failing(pattern)
    assert str(error) == message
    assert error.offset == offset


@pytest.mark.parametrize(
    ("pattern", "offset", "message"),
    [
        ("01 ae", 3, "`ae` is not a forms operand; write `ae[5]` for an operand of 5 bits; did you mean `ea`?"),
        ("01 ea[3]", 3, "`ea` is a forms operand; write `ea` for its whole head, or its parts `ea.mode`, `ea.reg`"),
        ("01 ea.mdoe", 3, "the head of `ea` has no part `mdoe`, only `mode`, `reg`, `tail`; did you mean `mode`?"),
        ("01 ea ea", 6, "`ea` repeats bits of the head of `ea`; each part appears once"),
        ("01 ea ea.reg", 6, "`ea.reg` repeats bits of the head of `ea`; each part appears once"),
        ("01 ea.reg", 3, "the pattern lacks `ea.mode`; every part of the head of `ea` must appear"),
        ("01 ea ea.tail", 6, "`ea.tail` belongs after `+`, since it is not part of the instruction's own word"),
        ("01 ea + ea.tail ea.tail", 16, "`ea.tail` appears twice"),
        ("01 ea.reg + ea.tail ea.mode", 12, "`ea.tail` must come after the whole head of `ea`, which decides its length"),
        ("01 rd[3]", 0, "the pattern does not mention its forms operand `ea`"),
    ],
)
def test_mistakes_with_forms_operands(pattern: str, offset: int, message: str) -> None:
    error = failing(pattern, {"ea": EA})
    assert str(error) == message
    assert error.offset == offset


def test_numbers_of_any_length_are_refused() -> None:
    digits = "9" * 5000
    assert str(failing(f"rd[{digits}]")) == f"`rd[{'9' * 34}...` is too wide; an operand has at most 128 bits"
    assert "too wide" in str(failing(f"rd[{digits}:0]"))


def test_combinations_of_forms_are_limited() -> None:
    names = "abcdef"
    pattern = " ".join(names)
    message = "the pattern has 2985984 combinations of forms; at most 65536 are supported"
    assert str(failing(pattern, dict.fromkeys(names, EA))) == message


def test_nesting_is_limited() -> None:
    forms = make_forms("a[1]", {"leaf": FormSpec("a[1]")})
    for _ in range(7):
        forms = make_forms("a[1]", {"next": FormSpec("1 + inner", None, {"inner": forms})})
    with pytest.raises(PatternError, match="forms are nested 9 deep; at most 8 are supported"):
        make_forms("a[1]", {"next": FormSpec("1 + inner", None, {"inner": forms})})


def test_long_texts_are_refused() -> None:
    assert str(failing("0 " * 6000)) == "the pattern has 12000 characters; at most 10000 are supported"
    many = {f"f{number}": FormSpec(f"{number:010b}") for number in range(257)}
    with pytest.raises(PatternError, match="a forms operand has 257 forms; at most 256 are supported"):
        make_forms("k[10]", many)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ea.form": 0, "ea.reg": 1}, "the operand `size` has no value"),
        ({"size": 1, "ea.reg": 1}, "the operand `ea.form` has no value"),
        ({"size": 1, "ea.form": 0}, "the operand `ea.reg` has no value"),
        ({"size": 1, "ea.form": 12, "ea.reg": 1}, "`ea.form` = 12 names no form; there are 12"),
        ({"size": 4, "ea.form": 0, "ea.reg": 1}, "`size` = 4 does not fit in 2 bits"),
        ({"size": -1, "ea.form": 0, "ea.reg": 1}, "`size` = -1 does not fit in 2 bits"),
        ({"sise": 1, "ea.form": 0, "ea.reg": 1}, "the encoding has no operand `sise`; did you mean `size`?"),
        ({"size": 1, "ea.form": 0, "ea.reg": 1, "ea.d16": 5}, "`ea.d16` = 0x5 sets bit 2, which form `dn` does not hold"),
        ({"size": 1, "ea.form": 0, "ea.reg": 1, "-": 1}, "`-` = 1 does not fit in 0 bits"),
    ],
)
def test_values_that_cannot_be_encoded(values: dict[str, int], message: str) -> None:
    clr = parse_encoding("0100 0010 size[2] ea", {"ea": EA})
    with pytest.raises(PatternError) as caught:
        clr.assemble(values)
    assert str(caught.value) == message


@given(st.text(alphabet="01-+ []|:.abeé9l\n", max_size=30))
def test_any_text_is_a_pattern_or_a_pattern_error(text: str) -> None:
    try:
        bits = parse_encoding(text, {}).base_bits
    except PatternError as error:
        bits = -len(error.message.splitlines())
    assert bits >= -1
    assert bits != 0


def test_suggestions() -> None:
    assert suggest("stauts", ["status", "state", "pc"]) == "did you mean `status`?"
    assert suggest("PC", ["pc", "npc"]) == "did you mean `pc`?"
    assert suggest("x", ["status"]) == ""
