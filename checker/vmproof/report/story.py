"""One instruction explained: what it was asked, what was answered, and the executions that show it, told step by step."""

from __future__ import annotations

from collections.abc import Sequence

from vmproof.report.judgement import extent_blocks, listing, repair_text, sides, summary, words
from vmproof.report.layout import Block, Cell, Gap, Heading, Paragraph, Table, Tone, row
from vmproof.report.notation import Notation
from vmproof.virtualize.result import QUESTIONS, Answer, InstructionVerdict, Judgement
from vmproof.virtualize.witness import Side, Witness

_MEANING = {
    "privileged": ("it traps wherever a guest runs, so the VMM decides what it does", "where a guest runs it can complete without a trap"),
    "privileged_strict": ("and it completes in the mode that it is meant for, as the paper asks", "not in the paper's stricter sense"),
    "control_sensitive": ("it can change the mode, or control that belongs to the VMM", "it changes nothing that belongs to the VMM"),
    "behaviour_sensitive": ("its result depends on more than a program's registers and memory", "its result depends on nothing else"),
    "mode_sensitive": ("its result depends on the mode", "its result does not depend on the mode"),
    "resource_sensitive": ("its result depends on control that the VMM holds", "its result does not depend on control that the VMM holds"),
    "trap_sensitive": ("it would trap on the guest's own machine and completes on the real one", "no trap of the guest's is lost"),
    "waiting": ("it can make the machine wait", "it never makes the machine wait"),
    "user_sensitive": ("it is sensitive even in modes that run as themselves", "in modes that run as themselves it is harmless"),
    "critical": ("one execution shows the harm, and no trap prevents it", "no execution shows any harm"),
    "innocuous": ("it may run directly", "it is sensitive in some way"),
}
"""What a yes and a no mean, for a reader who meets the words for the first time."""

MOST_ROWS = 24
"""Values that are equal on both sides are shown up to this many rows in all."""


def story_blocks(
    judgement: Judgement, verdict: InstructionVerdict, notation: Notation, modes: Sequence[str] = (), where: str = "", doc: str = ""
) -> list[Block]:
    """The whole story of one instruction; `where` is its place in the description, `doc` its own words there."""
    title = f"{verdict.mnemonic}, {where}" if verdict.mnemonic not in ("", verdict.name) else where
    blocks: list[Block] = [Heading(verdict.name, title)]
    blocks += [Paragraph(doc, tone=Tone.DIM)] if doc else []
    blocks += [Gap(), Heading(summary(verdict), f"in scenario {judgement.scenario}: {judgement.scenario_title}")]
    blocks += [*extent_blocks(judgement), _answers(verdict)]
    if len(verdict.classes) > 1:
        blocks += [Gap(), Heading("encodings that are judged apart"), _encodings(verdict)]
    if verdict.witness is not None:
        blocks += [Gap(), *witness_blocks(verdict.witness, notation, modes)]
    for repair in judgement.repair:
        if repair.instruction == verdict.name:
            blocks += [Gap(), Heading("repair"), Paragraph(repair_text(repair))]
    return blocks


def _answers(verdict: InstructionVerdict) -> Table:
    rows = []
    for question in QUESTIONS:
        answer = verdict.answer(question)
        yes, no = _MEANING[question]
        meaning = {Answer.YES: yes, Answer.NO: no, Answer.NOT_APPLICABLE: "no guest mode runs in another mode"}.get(answer, "")
        tone = Tone.OPEN if answer is Answer.UNKNOWN else Tone.BAD if question == "critical" and answer is Answer.YES else Tone.PLAIN
        rows.append(row(words(question), Cell(answer.value, tone), _clause(verdict.reasons.get(question, "")) or meaning))
    return Table(tuple(rows), fold=True)


def _clause(sentence: str) -> str:
    """A sentence without its capital and its full stop, as one of several answers in a table."""
    text = sentence.rstrip(".")
    return f"{text[:1].lower()}{text[1:]}" if not text[1:2].isupper() else text


def _encodings(verdict: InstructionVerdict) -> Table:
    rows = []
    for one in verdict.classes:
        yes = [words(question) for question, answer in one.answers.items() if answer is Answer.YES]
        rows.append(row(one.condition or "all others", listing(yes) or "-"))
    return Table(tuple(rows))


def witness_blocks(witness: Witness, notation: Notation, modes: Sequence[str] = ()) -> list[Block]:
    """The two executions of a witness: the states before, how they end, and what they changed."""
    first, second = sides(witness)
    blocks: list[Block] = [
        Heading(f"{witness.assembly or witness.instruction}", f"encoded {witness.encoding}: {words(witness.property)}"),
        Paragraph(_setting(witness, notation, modes)),
    ]
    if witness.host:
        blocks.append(Paragraph(listing([f"{path} = {value}" for path, value in witness.host.items()]), label="host"))
    if witness.picks:
        blocks.append(Paragraph(listing([f"{name} = {value}" for name, value in witness.picks.items()]), label="the VMM's picks"))
    blocks += [Gap(), _two_sides(witness, notation, first, second), Gap(), Paragraph(_ending(witness))]
    return blocks


def _setting(witness: Witness, notation: Notation, modes: Sequence[str]) -> str:
    first, second = sides(witness)
    first_mode, second_mode = _mode(witness.first, notation, modes), _mode(witness.second, notation, modes)
    inside = [f" ({mode})" if mode else "" for mode in (first_mode, second_mode)]
    if witness.related:
        return (
            f"The same instruction is executed twice: on {first}{inside[0]}, which the guest takes itself to run on, "
            f"and on {second}{inside[1]}, as the VMM runs it. The program's registers and the memory it sees are the same."
        )
    states = f"{first}{inside[0]} and {second}{inside[1]}"
    return f"The same instruction is executed on two states, {states}, which a program could not tell apart before."


def _mode(side: Side, notation: Notation, modes: Sequence[str]) -> str:
    known = [(path, side.state[path]) for path in modes if path in side.state]
    return ", ".join(f"{path} = {notation.value(path, value)}" for path, value in known)


def _two_sides(witness: Witness, notation: Notation, first: str, second: str) -> Table:
    rows: list[tuple[Cell, ...]] = [row(Cell("before", Tone.STRONG))]
    before = (notation.rows(witness.first.state), notation.rows(witness.second.state))
    after = (notation.rows(witness.first.after), notation.rows(witness.second.after))
    rows += _pairs(before, ({}, {}), _shown(before))
    rows.append(row(Cell("then it", Tone.STRONG), _outcome(witness.first), _outcome(witness.second)))
    if after[0] or after[1]:
        rows.append(row(Cell("after", Tone.STRONG)))
        rows += _pairs(after, before, list(dict.fromkeys([*after[0], *after[1]])))
    return Table(tuple(rows), ("", first, second))


def _shown(before: tuple[dict[str, str], dict[str, str]]) -> list[str]:
    """Every name whose values differ, and equal ones while there is room, in the state's order."""
    names = list(dict.fromkeys([*before[0], *before[1]]))
    different = {name for name in names if before[0].get(name) != before[1].get(name)}
    room = MOST_ROWS - len(different)
    chosen = different | set([name for name in names if name not in different][: max(room, 0)])
    return [name for name in names if name in chosen]


def _pairs(
    values: tuple[dict[str, str], dict[str, str]], otherwise: tuple[dict[str, str], dict[str, str]], names: Sequence[str]
) -> list[tuple[Cell, ...]]:
    rows = []
    for name in names:
        texts = [values[side].get(name, otherwise[side].get(name, "")) for side in (0, 1)]
        differs = texts[0] != texts[1]
        tone = Tone.BAD if differs and otherwise[0] else Tone.PLAIN if differs else Tone.DIM
        rows.append(row(f"  {name}", Cell(texts[0], tone), Cell(texts[1], tone), Cell("differs", tone) if differs else Cell("")))
    return rows


def _outcome(side: Side) -> str:
    text = side.outcome
    if side.cause is not None:
        text += f" ({side.cause})"
    return f"{text}: {side.detail}" if side.detail else text


def _ending(witness: Witness) -> str:
    reason = f"{witness.reason.rstrip('.')}."
    ends = (witness.first.outcome, witness.second.outcome)
    if not witness.related:
        return reason
    if ends[1] == "waits":
        return f"{reason} The real machine waits and no trap gives control back to the VMM."
    if ends[1] == "traps":
        return f"{reason} On the real machine it traps, so the VMM decides what the guest gets to see."
    if ends[0] == "traps" and ends[1] == "completes":
        return f"{reason} The guest relies on this trap; on the real machine it is lost, and the VMM never hears of it."
    if ends == ("completes", "completes"):
        return f"{reason} Nothing traps on the real machine, so the VMM gets no chance to give the guest the result that it should see."
    return reason
