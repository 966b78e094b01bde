"""A judgement as people read it: the theorems, what stands in the way, and every sensitive instruction by class."""

from __future__ import annotations

from collections.abc import Sequence

from vmproof.engines.verdict import Verdict
from vmproof.report.layout import Block, Cell, Gap, Heading, Paragraph, Table, Tone, row
from vmproof.virtualize.result import Answer, InstructionVerdict, Judgement, Repair, TheoremVerdict
from vmproof.virtualize.witness import Witness

TONES = {
    Verdict.PROVED: Tone.GOOD,
    Verdict.HOLDS_UP_TO: Tone.OPEN,
    Verdict.REFUTED: Tone.BAD,
    Verdict.VACUOUS: Tone.OPEN,
    Verdict.UNKNOWN: Tone.OPEN,
    Verdict.ERROR: Tone.BAD,
}

KINDS = (
    ("control_sensitive", "control"),
    ("behaviour_sensitive", "behaviour"),
    ("mode_sensitive", "mode"),
    ("resource_sensitive", "resource"),
    ("trap_sensitive", "trap"),
    ("waiting", "waiting"),
)
"""The ways to be sensitive, and their short names."""

_SHORT = dict(KINDS)


def words(name: str) -> str:
    """A name of the JSON output as people read it: `resource_control` is "resource control"."""
    return name.replace("_", " ")


def listing(names: Sequence[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def kinds(verdict: InstructionVerdict) -> str:
    """In which ways an instruction is sensitive: "control, mode"; a kind that is undecided has a question mark.

    Behaviour is named only where it is neither mode nor resource that makes the difference.
    """
    found = []
    for question, short in KINDS:
        answer = verdict.answer(question)
        if question == "behaviour_sensitive" and Answer.YES in (verdict.mode_sensitive, verdict.resource_sensitive):
            continue
        if answer is Answer.YES:
            found.append(short)
        elif answer is Answer.UNKNOWN:
            found.append(f"{short}?")
    return ", ".join(found)


def standing(verdict: InstructionVerdict) -> str:
    """Where an instruction stands, in a word.

    "critical"; "undecided"; "privileged": it traps wherever a guest runs; "innocuous"; or "tolerated": it is sensitive and not privileged,
    and yet no single execution both completes and does harm.
    """
    if verdict.critical is Answer.YES:
        return "critical"
    if verdict.critical is Answer.UNKNOWN:
        return "undecided"
    if verdict.innocuous is Answer.YES:
        return "innocuous"
    return "privileged" if verdict.privileged is Answer.YES else "tolerated"


def summary(verdict: InstructionVerdict) -> str:
    """An instruction's verdict in a few words: "critical (mode)", "privileged (control, mode)", "innocuous", "innocuous (privileged)"."""
    sensitive = kinds(verdict)
    if standing(verdict) == "innocuous" and verdict.privileged is Answer.YES:
        return "innocuous (privileged)"
    return f"{standing(verdict)} ({sensitive})" if sensitive else standing(verdict)


def judgement_blocks(judgement: Judgement, title: str = "") -> list[Block]:
    """The whole report on one machine; `title` is the description's own first line."""
    blocks: list[Block] = [Heading(judgement.machine, title), Paragraph(_scenario(judgement), label="scenario")]
    blocks += extent_blocks(judgement)
    blocks += [Gap(), theorem_table(judgement)]
    blocks += _host(judgement)
    blocks += obstacles(judgement)
    blocks += _other_evidence(judgement)
    blocks += _classes(judgement)
    return blocks


def _scenario(judgement: Judgement) -> str:
    return f"{judgement.scenario}: {judgement.scenario_title}" if judgement.scenario_title else judgement.scenario


def extent(judgement: Judgement) -> str:
    """How many of the instructions were judged."""
    count = len(judgement.instructions)
    return f"{count} of {count + judgement.not_judged} instructions" if judgement.not_judged else f"all {count} instructions"


def extent_blocks(judgement: Judgement) -> list[Block]:
    """Of a judgement of some instructions, what it says nothing of; nothing for a whole machine."""
    if not (judgement.not_judged and judgement.instructions):
        return []
    assumed = "The theorems speak of these alone, and take it that the others keep the legal states and show no status."
    return [Paragraph(f"{extent(judgement)}. {assumed}", label="judged  ")]


def theorem_table(judgement: Judgement) -> Table:
    """One row for each theorem, and for each premise that is not proved."""
    open_premises = [premise for premise in judgement.premises.values() if premise.verdict is not Verdict.PROVED]
    return Table(tuple(_theorem(theorem) for theorem in [*judgement.theorems.values(), *open_premises]), fold=True)


def _theorem(theorem: TheoremVerdict) -> tuple[Cell, ...]:
    return row(words(theorem.name), Cell(theorem.verdict.text, TONES[theorem.verdict]), theorem.reason)


def _host(judgement: Judgement) -> list[Block]:
    blocks: list[Block] = []
    host = judgement.host
    if host is not None:
        blocks += [Gap(), Heading("host configuration")]
        for index, assignment in enumerate(host.assignments):
            settings = ", ".join(f"{path} = {value}" for path, value in assignment.items())
            blocks.append(Paragraph(settings, label="needed" if index == 0 else "or    "))
        blocks.append(Paragraph(f"{host.reason} ({host.tried} of {host.space} tried)"))
    if judgement.status_as_control:
        seen = listing(judgement.status_as_control)
        blocks += [Gap(), Paragraph(f"Status that a program can see, and that therefore counts as control: {seen}.")]
    return blocks


def obstacles(judgement: Judgement) -> list[Block]:
    """Each critical or undecided instruction with its evidence in a line, and what would mend it."""
    repairs = {repair.instruction: repair for repair in judgement.repair}
    blocks: list[Block] = []
    for name, wanted, tone in (("critical", Answer.YES, Tone.BAD), ("undecided", Answer.UNKNOWN, Tone.OPEN)):
        found = [verdict for verdict in judgement.instructions if verdict.critical is wanted]
        if found:
            blocks += [Gap(), Heading(f"{name} instructions")]
        for verdict in found:
            blocks.append(Table((row(Cell(_named(verdict), tone), f"sensitive to {kinds(verdict)}"),)))
            blocks += _evidence(verdict, repairs.get(verdict.name))
    return blocks


def _other_evidence(judgement: Judgement) -> list[Block]:
    """What refutes a theorem and is no critical instruction."""
    critical = set(judgement.critical)
    blocks: list[Block] = []
    for theorem in (*judgement.theorems.values(), *judgement.premises.values()):
        if theorem.witness is not None and theorem.witness.instruction not in critical:
            blocks += [Gap(), Heading(words(theorem.name), "is refuted by"), Paragraph(in_a_line(theorem.witness), label="witness")]
    return blocks


def _named(verdict: InstructionVerdict) -> str:
    return verdict.name if verdict.mnemonic in ("", verdict.name) else f"{verdict.name} ({verdict.mnemonic})"


def _evidence(verdict: InstructionVerdict, repair: Repair | None) -> list[Block]:
    blocks: list[Block] = []
    if verdict.witness is not None:
        blocks.append(Paragraph(in_a_line(verdict.witness), label="witness", indent=4))
    reason = verdict.reasons.get("critical", "")
    if reason and verdict.witness is None:
        blocks.append(Paragraph(reason, label="why", indent=4))
    if repair is not None:
        blocks.append(Paragraph(repair_text(repair), label="repair", indent=4))
    return blocks


def repair_text(repair: Repair) -> str:
    """What would have to change, and which control bits of the description do it."""
    bits = listing([f"{path} = {value}" for path, value in repair.bits])
    condition = repair.condition.rstrip(".")
    return f"{condition}; {bits} does it." if bits else f"{condition}."


def in_a_line(witness: Witness) -> str:
    """A witness in one line: what was executed, and the first difference it shows."""
    text = f"`{witness.assembly}` {_continued(witness.reason)}"
    if witness.differences:
        what, one, other = witness.differences[0]
        first, second = sides(witness)
        text = f"{text.rstrip('.')}: {what} is {one} on {first}, {other} on {second}"
        if len(witness.differences) > 1:
            text += f" (and {len(witness.differences) - 1} more)"
    return text


def _continued(sentence: str) -> str:
    """A sentence that begins with "It ..." as the predicate of what was named before."""
    return sentence.removeprefix("It ") if sentence.startswith("It ") else f"- {sentence}"


def sides(witness: Witness) -> tuple[str, str]:
    """The names of the two executions: "the guest's machine" and "the real machine", or two of the same kind."""
    names = {"guest": "the guest's machine", "real": "the real machine"}
    first, second = (names.get(side.kind, side.kind) for side in (witness.first, witness.second))
    return (f"{first} (1)", f"{second} (2)") if first == second else (first, second)


def _classes(judgement: Judgement) -> list[Block]:
    sensitive = [verdict for verdict in judgement.instructions if standing(verdict) != "innocuous"]
    innocuous = [verdict.name for verdict in judgement.instructions if standing(verdict) == "innocuous"]
    blocks: list[Block] = []
    if sensitive:
        sensitive.sort(key=lambda verdict: ("critical", "undecided", "tolerated", "privileged").index(standing(verdict)))
        rows = [row(Cell(verdict.name, _tone(verdict)), standing(verdict), kinds(verdict) or "-") for verdict in sensitive]
        blocks += [Gap(), Table(tuple(rows), ("sensitive instruction", "it is", "sensitive to"))]
    if innocuous:
        blocks += [Gap(), Paragraph(" ".join(innocuous), label=f"innocuous ({len(innocuous)})")]
    return blocks


def _tone(verdict: InstructionVerdict) -> Tone:
    return {"critical": Tone.BAD, "undecided": Tone.OPEN}.get(standing(verdict), Tone.PLAIN)
