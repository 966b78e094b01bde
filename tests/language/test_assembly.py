"""Assembly text from templates, and what a mistake in a template is told."""

from __future__ import annotations

import pytest

from vmproof.language.assembly import check_template, render
from vmproof.language.encoding import Encoding, FormSpec, PatternError, make_forms, parse_encoding

BRANCH = parse_encoding("imm[12|10:5] rs2[5] rs1[5] 000 imm[4:1|11] 1100011", {})
EA = make_forms(
    "mode[3] reg[3]",
    {
        "dn": FormSpec("000 reg[3]", "d{reg}"),
        "disp": FormSpec("101 reg[3] + d16[16]", "{d16:signed}(a{reg})"),
        "index": FormSpec("110 reg[3] + ra[1] rx[3] wl[1] 000 d8[8]", "{d8:signed}(a{reg},{ra:d|a}{rx}.{wl:w|l})"),
        "imm": FormSpec("111 100 + i[16]", "#{i:hex}"),
        "bare": FormSpec("111 000 + w[16]"),
    },
)
MOVE = parse_encoding("0011 dst.reg dst.mode src + src.tail dst.tail", {"src": EA, "dst": EA.without("imm")})
SIB = make_forms("scale[2] index[3] base[3]", {"full": FormSpec("scale[2] index[3] base[3]", "r{base}+r{index}*{scale:1|2|4|8}")})
RM = make_forms("mod[2] rm[3]", {"reg": FormSpec("11 rm[3]"), "sib": FormSpec("00 100 + sib", "[{sib}]", {"sib": SIB})})
LOAD = parse_encoding("1000 1011 + rm.mod reg[3] rm.rm", {"rm": RM})


def text(template: str | None, encoding: Encoding, **values: int) -> str:
    if template is not None:
        check_template(template, encoding)
    return render(template, "name", encoding, {name.replace("__", "."): value for name, value in values.items()})


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("", "8188"),
        (":signed", "-4"),
        (":+signed", "-4"),
        (":signed8", "-4"),
        (":signed2", "0"),
        (":hex", "0x1ffc"),
        (":x", "1ffc"),
        (":x6", "001ffc"),
        (":oct", "17774"),
        (":oct6", "017774"),
        (":bin", "1111111111100"),
    ],
)
def test_numbers(style: str, expected: str) -> None:
    assert text(f"beq {{imm{style}}}", BRANCH, imm=0x1FFC) == f"beq {expected}"


def test_a_sign_is_always_written_where_asked_for() -> None:
    assert text("{imm:+signed}", BRANCH, imm=4) == "+4"
    assert text("{imm:+signed}", BRANCH, imm=0) == "+0"


def test_braces() -> None:
    assert text("{{{rs1}}}", BRANCH, rs1=3) == "{3}"


def test_without_a_template() -> None:
    assert text(None, BRANCH, imm=8, rs1=1, rs2=2) == "name imm=8, rs2=2, rs1=1"
    assert text(None, parse_encoding("0000 --00", {})) == "name"
    assert text(None, MOVE, dst__form=0, dst__reg=1, src__form=4, src__w=16) == "name dst=d1, src=bare(w=16)"
    assert text(None, LOAD, reg=5, rm__form=0, rm__rm=1) == "name rm=reg(rm=1), reg=5"


def test_a_forms_operand_is_the_text_of_its_form() -> None:
    values = {"src__form": 2, "src__reg": 1, "src__rx": 5, "src__wl": 1, "src__d8": 0xFE, "dst__form": 1, "dst__reg": 3, "dst__d16": 16}
    assert text("move.w {src},{dst}", MOVE, **values) == "move.w -2(a1,d5.l),16(a3)"
    assert text("move.w {src},d{dst.reg} {src.form}", MOVE, src__form=3, src__i=255, dst__reg=7) == "move.w #0xff,d7 imm"


def test_nested_forms() -> None:
    values = {"reg": 2, "rm__form": 1, "rm__sib__base": 3, "rm__sib__index": 6, "rm__sib__scale": 2}
    assert text("mov r{reg}, {rm}", LOAD, **values) == "mov r2, [r3+r6*4]"
    assert text("{rm.sib.index} {rm.sib.form}", LOAD, **values) == "6 full"


@pytest.mark.parametrize(
    ("template", "offset", "message"),
    [
        ("beq {sr1}", 4, "the assembly template names `sr1`, which is not an operand here; did you mean `rs1`?"),
        ("beq {rs1", 4, "the assembly template has `{` without `}`"),
        ("beq rs1}", 7, "the assembly template has `}` without `{`; write `}}` for a brace"),
        ("beq {}", 4, "`{}` in the assembly template does not name an operand"),
        ("beq {rs1 }", 4, "`{rs1 }` in the assembly template does not name an operand"),
        (
            "{imm:singed}",
            0,
            "the assembly template has no format `singed`; formats are `signed`, `+signed`, `hex`, `x`, `oct`, `bin` "
            "and a list of names `a|b`; did you mean `signed`?",
        ),
        ("{imm:signed14}", 0, "`imm` has 13 bits, so `signed14` does not fit it"),
        ("{imm:signed0}", 0, "`imm` has 13 bits, so `signed0` does not fit it"),
        ("{rs1:a|b}", 0, "`rs1` has 32 values, but its format in the assembly template gives 2 names"),
    ],
)
def test_mistakes(template: str, offset: int, message: str) -> None:
    with pytest.raises(PatternError) as caught:
        check_template(template, BRANCH)
    assert str(caught.value) == message
    assert caught.value.offset == offset


def test_mistakes_with_forms() -> None:
    for template, message in [
        ("{src:hex}", "`{src:hex}` is text already, so it takes no format"),
        ("{src.form:hex}", "`{src.form:hex}` is text already, so it takes no format"),
        ("{src.rge}", "the assembly template names `src.rge`, which is not an operand here; did you mean `src.reg`?"),
    ]:
        with pytest.raises(PatternError) as caught:
            check_template(template, MOVE)
        assert str(caught.value) == message
