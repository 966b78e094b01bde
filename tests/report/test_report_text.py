"""What `vmproof check` and `vmproof explain` print, against golden files."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import pytest

from tests.support.golden import matches_golden
from tests.support.judgements import instruction, m68000, m68010, searched, witness
from vmproof.language.types import EnumType
from vmproof.report import write
from vmproof.report.comparison import comparison_blocks, differences
from vmproof.report.judgement import in_a_line, judgement_blocks, listing, summary
from vmproof.report.layout import WIDTH, Block, Command, Gap, Heading, Paragraph, Table, Tone, fold, plain, row
from vmproof.report.notation import Notation, word
from vmproof.report.story import story_blocks, witness_blocks
from vmproof.report.terminal import show
from vmproof.terms import ArraySort, BitVecSort, Sort
from vmproof.virtualize.result import Judgement
from vmproof.virtualize.witness import Side

SUPERVISOR = EnumType("S", {"user": 0, "supervisor": 1}, 1)


@dataclass(frozen=True)
class Leaf:
    path: str
    sort: Sort
    enum: EnumType | None = None


NOTATION = Notation(
    (
        Leaf("sr.S", BitVecSort(1), SUPERVISOR),
        Leaf("sr.IPM", BitVecSort(3)),
        Leaf("d", ArraySort(BitVecSort(3), BitVecSort(32))),
        Leaf("mem", ArraySort(BitVecSort(24), BitVecSort(8))),
        Leaf("pc", BitVecSort(32)),
    )
)


@pytest.mark.parametrize("judgement", [m68000(), m68010(), searched()], ids=lambda judgement: judgement.machine)
def test_a_judgement(judgement: Judgement) -> None:
    matches_golden(f"check-{judgement.machine}.txt", plain(judgement_blocks(judgement, "A machine of the family.")))


def test_two_machines_side_by_side() -> None:
    matches_golden("compare.txt", plain(comparison_blocks([m68000(), m68010()])))


def test_a_judgement_of_some_instructions_says_so() -> None:
    some = replace(m68010(), not_judged=33)
    assumed = "The theorems speak of these alone, and take it that the others keep the legal states and show no status."
    note = f"judged 5 of 38 instructions. {assumed}"
    assert note in " ".join(plain(judgement_blocks(some)).split())
    assert note in " ".join(plain(story_blocks(some, some.instruction("add"), NOTATION)).split())
    assert "\n  judged            all 4 instructions  5 of 38 instructions\n" in plain(comparison_blocks([m68000(), some]))
    assert "judged" not in plain(comparison_blocks([m68000(), m68010()]))


def test_differences_are_not_listed_between_strangers() -> None:
    stranger = replace(m68010(), machine="other", instructions=(instruction("push"), instruction("pop"), instruction("call")))
    assert differences([m68000(), stranger]) == []


def test_the_story_of_an_instruction() -> None:
    judgement = m68000()
    blocks = story_blocks(
        judgement, judgement.instruction("move_from_sr"), NOTATION, ["sr.S"], "models/m68000.py:312", "Programmer's reference, 4-123."
    )
    matches_golden("explain.txt", plain(blocks))


def test_a_lost_trap_is_told_as_one() -> None:
    lost = replace(witness(), first=Side("guest", {"sr.S": 1}, "traps", cause="privilege"), second=Side("real", {"sr.S": 0}, "completes"))
    text = plain(witness_blocks(lost, NOTATION, ["sr.S"]))
    assert "traps (privilege)" in text
    assert "on the real machine it is lost, and the VMM never hears of it" in " ".join(text.split())


def test_waiting_is_told_as_such() -> None:
    waits = replace(witness(), second=replace(witness().second, outcome="waits"), reason="It can wait.")
    assert "It can wait. The real machine waits and no trap gives control back to the VMM." in plain(witness_blocks(waits, NOTATION))


def test_two_states_of_one_kind_are_numbered() -> None:
    pair = replace(witness(), first=replace(witness().first, kind="real"), related=False)
    text = plain(witness_blocks(pair, NOTATION))
    assert "on two states, the real machine (1) and the real machine (2), which a program could not tell apart" in " ".join(text.split())


def test_equal_values_beyond_the_limit_are_left_out_and_different_ones_never() -> None:
    state = {f"r{number}": number for number in range(40)}
    many = replace(witness(), first=Side("guest", {**state, "z": 1}, "completes"), second=Side("real", {**state, "z": 2}, "completes"))
    lines = plain(witness_blocks(many, Notation())).splitlines()
    assert sum(line.strip().startswith("r") and "  " in line.strip() for line in lines) == 23
    assert any(line.split() == ["z", "1", "2", "differs"] for line in lines)


def test_a_summary_names_what_matters_first() -> None:
    assert summary(instruction("a", "innocuous privileged")) == "innocuous (privileged)"
    assert summary(instruction("a", "innocuous")) == "innocuous"
    assert summary(instruction("a", "behaviour_sensitive control_sensitive privileged")) == "privileged (control, behaviour)"
    assert summary(instruction("a", "behaviour_sensitive mode_sensitive")) == "tolerated (mode)"
    assert summary(instruction("a", "trap_sensitive", "critical mode_sensitive")) == "undecided (mode?, trap)"


def test_a_witness_in_one_line() -> None:
    assert in_a_line(witness()) == (
        "`move sr, d0` completes on both, and the results differ in d[0]: "
        "d[0] is 0x00002700 on the guest's machine, 0x00000000 on the real machine (and 1 more)"
    )


def test_listing() -> None:
    assert [listing(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_values_are_written_at_their_width() -> None:
    assert word(1, 1) == "1"
    assert word(5, 3) == "0x5"
    assert word(5, 5) == "0x05"
    assert NOTATION.value("sr.S", 1) == "supervisor"
    assert NOTATION.value("sr.S", True) == "1"
    assert NOTATION.value("nowhere", 12) == "12"
    assert NOTATION.rows({"mem": {"default": 0, 16: 255}, "d": {3: 1}}) == {
        "mem[0x000010]": "0xff",
        "mem[others]": "0x00",
        "d[3]": "0x00000001",
    }


def test_tables_are_aligned_and_never_folded() -> None:
    table = Table((row("a", "b"), row("long", "x" * 200)), ("", "title"))
    assert plain([table]).splitlines() == ["        title", "  a     b", f"  long  {'x' * 200}"]


def test_paragraphs_are_folded_below_their_label() -> None:
    lines = fold(Paragraph("word " * 40, label="why"))
    assert len(lines) == 2
    assert all(len(line) <= WIDTH for line in lines)
    assert lines[1].startswith(" " * 7 + "word")


def test_control_characters_of_a_description_never_reach_the_terminal() -> None:
    blocks: list[Block] = [Heading("\x1b[31mred", "\x07"), Paragraph("\x9b1m", label="\r"), Table((row("\x1b[2J"),)), Gap()]
    blocks.append(Command("\x1b]0;title\x07"))
    assert "\x1b" not in plain(blocks)
    assert "\\x1b[31mred" in plain(blocks)
    stream = io.StringIO()
    show(blocks, stream, width=80)
    for sequence in ("\x1b[31m", "\x1b]0", "\x1b[2J", "\x07", "\x9b"):
        assert sequence not in stream.getvalue()


def test_a_terminal_gets_colours_and_the_same_words() -> None:
    stream = io.StringIO()
    show(judgement_blocks(m68000(), "A machine."), stream, width=100)
    text = stream.getvalue()
    assert "\x1b[1;31mrefuted" in text
    assert "\x1b[32mproved" in text
    assert "move_to_sr" in text


def test_anything_else_gets_plain_lines() -> None:
    stream = io.StringIO()
    write([Paragraph("hello", tone=Tone.BAD)], stream)
    assert stream.getvalue() == "  hello\n"
