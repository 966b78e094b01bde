"""What `vmproof prove` reports: a line for each theorem as it ends, what failed with its trace, a summary; and the forms for machines."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from vmproof.engines.verdict import Verdict
from vmproof.formats.junit import Case, junit
from vmproof.report.layout import Block, Cell, Command, Gap, Heading, Paragraph, Table, Tone, plain, row
from vmproof.report.properties import finding_blocks, verdict_text
from vmproof.theorems.outcome import Outcome, Standing
from vmproof.theorems.theorem import Theorem

SCHEMA = 1
SLOWEST = 5

_MARKS = {
    Standing.MET: Cell("ok", Tone.GOOD),
    Standing.NOT_MET: Cell("FAIL", Tone.BAD),
    Standing.VACUOUS: Cell("VACUOUS", Tone.BAD),
    Standing.OPEN: Cell("open", Tone.OPEN),
    Standing.WRONG: Cell("ERROR", Tone.BAD),
    Standing.BUG: Cell("BUG", Tone.BAD),
}
_MARK_WIDTH = 7
_VERDICT_WIDTH = 22

_SAID = {
    Standing.MET: "as expected",
    Standing.NOT_MET: "not as expected",
    Standing.VACUOUS: "vacuous",
    Standing.OPEN: "undecided",
    Standing.WRONG: "wrong",
    Standing.BUG: "ended by a bug in vmproof",
}


def line(theorem: Theorem, outcome: Outcome, width: int) -> list[Block]:
    """The one line of a theorem that has ended; `width` is that of the longest name."""
    mark = _MARKS[outcome.standing(theorem.expect)]
    seconds = "cached" if outcome.cached else f"{outcome.seconds:.1f} s"
    verdict = verdict_text(outcome.verdict, outcome.bound)
    cells = (
        Cell(mark.text.ljust(_MARK_WIDTH), mark.tone),
        Cell(theorem.name.ljust(width)),
        Cell(verdict.ljust(_VERDICT_WIDTH)),
        Cell(seconds.rjust(8), Tone.DIM),
    )
    return [Table((cells,), indent=0)]


def failure_blocks(theorem: Theorem, outcome: Outcome) -> list[Block]:
    """What a theorem claims, what was found instead, and the command that shows it again."""
    standing = outcome.standing(theorem.expect)
    tone = Tone.OPEN if standing is Standing.OPEN else Tone.BAD
    verdict = verdict_text(outcome.verdict, outcome.bound)
    expected = "" if standing in (Standing.WRONG, Standing.BUG) else f", expected to be {theorem.expect.text}"
    blocks: list[Block] = [Gap(), Heading(theorem.name, f"{verdict}{expected}"), Paragraph(f"“{theorem.claim}”")]
    if theorem.place is not None:
        blocks.append(Paragraph(f"{theorem.place.path}:{theorem.place.line}"))
    for text in dict.fromkeys((outcome.mismatch, outcome.reason)):
        if text:
            sentence = text if outcome.verdict is Verdict.ERROR else f"{text[0].upper()}{text[1:]}."
            blocks.append(Paragraph(sentence, tone=tone))
    for item in outcome.found:
        if item.verdict is outcome.verdict or item.verdict is Verdict.REFUTED:
            blocks += finding_blocks(item)
    return [*blocks, Command(shlex.join(["vmproof", "prove", theorem.name]), label="repeat")]


def summary_blocks(theorems: Sequence[Theorem], outcomes: Sequence[Outcome], seconds: float) -> list[Block]:
    """How many theorems stand how, and which took longest."""
    standings = [outcome.standing(theorem.expect) for theorem, outcome in zip(theorems, outcomes, strict=True)]
    counts = ", ".join(f"{standings.count(standing)} {_SAID[standing]}" for standing in Standing if standing in standings)
    cached = sum(outcome.cached for outcome in outcomes)
    number = f"{len(outcomes)} {'theorem' if len(outcomes) == 1 else 'theorems'}"
    tone = Tone.GOOD if all(standing is Standing.MET for standing in standings) else Tone.BAD
    remembered = f", {cached} of them remembered" if cached else ""
    blocks: list[Block] = [Gap(), Paragraph(f"{number}{remembered}: {counts or 'nothing to do'}; {seconds:.1f} s.", indent=0, tone=tone)]
    slow = sorted((outcome for outcome in outcomes if not outcome.cached), key=lambda outcome: -outcome.seconds)[:SLOWEST]
    if len(slow) > 1:
        rows = [row(Cell(f"{outcome.seconds:.1f} s", Tone.DIM), outcome.name) for outcome in slow]
        blocks += [Paragraph("slowest:", indent=0), Table(tuple(rows))]
    return blocks


def document(theorems: Sequence[Theorem], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The JSON object that follows `prove.schema.json`."""
    return {"schema": SCHEMA, "theorems": [_theorem(one, outcome) for one, outcome in zip(theorems, outcomes, strict=True)]}


def _theorem(theorem: Theorem, outcome: Outcome) -> dict[str, Any]:
    return {
        "name": theorem.name,
        "claim": theorem.claim,
        "verdict": outcome.verdict.value,
        "bound": outcome.bound,
        "expect": theorem.expect.value,
        "met": outcome.standing(theorem.expect) is Standing.MET,
        "seconds": round(outcome.seconds, 3),
        "cached": outcome.cached,
    }


def junit_text(theorems: Sequence[Theorem], outcomes: Sequence[Outcome]) -> str:
    """The theorems as test cases, a suite for each file."""
    cases = []
    for theorem, outcome in zip(theorems, outcomes, strict=True):
        standing = outcome.standing(theorem.expect)
        said = _message(theorem, outcome)
        failure = said if standing in (Standing.NOT_MET, Standing.VACUOUS, Standing.OPEN) else ""
        error = said if standing in (Standing.WRONG, Standing.BUG) else ""
        details = plain(failure_blocks(theorem, outcome)) if failure or error else ""
        cases.append(Case(theorem.name, theorem.file, outcome.seconds, failure, error, details))
    return junit(cases)


def github_line(theorem: Theorem, outcome: Outcome) -> str:
    """A workflow command that marks the theorem's line in a review; "" for one that is as expected."""
    standing = outcome.standing(theorem.expect)
    if standing is Standing.MET:
        return ""
    level = "warning" if standing is Standing.OPEN else "error"
    place = f"file={_property(str(theorem.place.path))},line={theorem.place.line}," if theorem.place else ""
    return f"::{level} {place}title={_property(theorem.name)}::{_data(_message(theorem, outcome))}\n"


def _message(theorem: Theorem, outcome: Outcome) -> str:
    reason = "; ".join(text for text in (outcome.mismatch, outcome.reason) if text)
    said = f"{verdict_text(outcome.verdict, outcome.bound)}, expected {theorem.expect.text}"
    return f"{theorem.claim} {said}{f' ({reason})' if reason else ''}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
