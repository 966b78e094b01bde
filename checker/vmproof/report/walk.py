"""A page-table walk as people read it: each step as the manual numbers it, then the address or the fault; and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vmproof import __version__
from vmproof.language.types import EnumMember, EnumType
from vmproof.language.values import EnumValue, Fields, Value
from vmproof.report.layout import Block, Cell, Gap, Heading, Paragraph, Table, Tone, row
from vmproof.simulate.walking import Asked, RealWalk, Visit, table_of
from vmproof.terms import BOOL, Term

SCHEMA = 1
"""Grows when a reader of an older document would misunderstand a new one."""


@dataclass(frozen=True)
class Line:
    """One step of the story. `number` counts references; 0 where nothing is read. `stage` is 1, or 2 for a step of the second stage."""

    step: str
    text: str
    stage: int = 1
    number: int = 0
    visit: Visit | None = None
    flags: str = ""
    bad: bool = False


def lines_of(walked: RealWalk, members: EnumType) -> list[Line]:
    """The steps of a walk, in order. `members` are the reasons that a walk can have."""
    return _Story(walked, members).lines()


class _Story:
    def __init__(self, walked: RealWalk, members: EnumType) -> None:
        self.walked = walked
        self.members = members
        self.result = walked.result
        self.again = walked.to_change()

    def lines(self) -> list[Line]:
        walked, words = self.walked, self.walked.words
        own = [visit for visit in walked.references if visit.own]
        first = words["levels"][0][0]
        made = [self._line(words, words["begin"], level=first, root=hex(walked.first.root))]
        blocked = bool(self.result["second"])
        for number, visit in enumerate(walked.references, 1):
            stage = 1 if visit.own else 2
            made.append(self._reference(number, visit, stage, own))
            last = number == len(walked.references) or walked.references[number].column != visit.column
            if stage == 2 and last and blocked and visit is walked.references[-1]:
                made += self._refusal(2)
            if stage == 1 and visit is own[-1] and not blocked:
                made += self._refusal(1)
        if not walked.references:
            made += self._refusal(2 if blocked else 1)
        made += self._changes()
        if self.result["ok"]:
            made.append(self._line(words, words["done"], pa=hex(self.result["pa"])))
        return made

    def _line(self, words: Mapping[str, Value], phrase: tuple[str, str], stage: int = 1, bad: bool = False, **values: object) -> Line:
        step, text = phrase
        return Line(step, text.format(**values), stage, bad=bad)

    def _reference(self, number: int, visit: Visit, stage: int, own: Sequence[Visit]) -> Line:
        words = self.walked.words if stage == 1 else self.walked.second_words
        assert words is not None
        level = visit.column if stage == 1 else visit.row
        step, text = words["read"]
        index = 0
        if words["radix"]:
            at = visit.values["address"]
            index = (at - table_of(words, level, at)) // words["entry"]
        told = [self._purpose(visit) + text.format(level=level, index=hex(index))]
        if stage == 1 and self.walked.second is not None:
            told.append(f"guest physical {visit.values['address']:#x}")
        numbers = [step]
        verdict = self._verdict(words, visit, stage, own)
        if verdict is not None:
            numbers += [verdict[0]] if verdict[0] not in numbers else []
            told.append(verdict[1])
        names = [name for bit, name in words["flags"] if visit.values["entry"] >> bit & 1]
        return Line(", ".join(numbers), "; ".join(told), stage, number, visit, " ".join(names))

    def _purpose(self, visit: Visit) -> str:
        """What a second stage's reference is for, where it is not for the next table."""
        if visit in self.again:
            return "to change an entry: "
        return "for the final address: " if visit.column == "final" else ""

    def _verdict(self, words: Mapping[str, Value], visit: Visit, stage: int, own: Sequence[Visit]) -> tuple[str, str] | None:
        """What became of an entry: a pointer to the next one that was read, a leaf, or what the last one could not be used for."""
        same = own if stage == 1 else self._descent(visit)
        at = same.index(visit)
        if at + 1 < len(same):
            following = same[at + 1]
            level = following.column if stage == 1 else following.row
            step, text = words["pointer"]
            at = following.values["address" if words["radix"] else "place"]
            return step, text.format(address=hex(table_of(words, level, at)), level=level)
        faulty = not self.result["ok"] and (visit is self.walked.references[-1] if stage == 2 else not self.result["second"])
        if faulty and not self._at_leaf(words):
            return None
        if stage == 1 and self.result["second"] and self.result["implicit"] and not self.result["writing"]:
            step, text = words["pointer"]
            level = self.result["level"]
            return step, text.format(address=hex(table_of(words, level, self.result["gpa"])), level=level)
        step, text = words["leaf"]
        return step, text

    def _descent(self, visit: Visit) -> list[Visit]:
        """The references of the second stage's walk that this one belongs to."""
        again = visit in self.again
        same = [other for other in self.walked.references if not other.own and other.column == visit.column]
        return [other for other in same if (other in self.again) == again]

    def _reason(self) -> EnumMember:
        return self.members.member(self.walked.reason)

    def _at_leaf(self, words: Mapping[str, Value]) -> bool:
        return self._reason() in words["at_leaf"]

    def _refusal(self, stage: int) -> list[Line]:
        if self.result["ok"]:
            return []
        words = self.walked.words if stage == 1 else self.walked.second_words
        assert words is not None
        return [self._line(words, words["reasons"][self._reason()], stage, bad=True)]

    def _changes(self) -> list[Line]:
        made = []
        for visit in self.walked.updates:
            stage = 1 if visit.own else 2
            words = self.walked.words if stage == 1 else self.walked.second_words
            assert words is not None
            bits = [name for bit, name in words["updated"] if (visit.values["old"] ^ visit.values["new"]) >> bit & 1]
            step, text = words["update"]
            said = text.format(bits=" and ".join(bits), new=hex(visit.values["new"]))
            made.append(Line(step, said, stage, visit=visit))
        return made


def fault_text(walked: RealWalk, members: EnumType) -> str:
    """The fault by the manual's name, with its code."""
    below = bool(walked.result["second"])
    words = walked.second_words if below else walked.words
    assert words is not None
    reason = members.member(walked.reason)
    code: int = walked.result["code"]
    if reason in words["faults"]:
        return str(words["faults"][reason])
    name = words["named"].get(reason, words["codes"].get(code, words["fault"])).format(level=walked.result["level"])
    if not words["bits"]:
        return f"{name}, {words['code']} {code:{words['form']}}"
    bits = [text for bit, text in words["bits"] if code >> bit & 1]
    return f"{name}, {words['code']} {code:#x}" + (f" ({', '.join(bits)})" if bits else "")


def told_registers(walked: RealWalk) -> dict[str, int]:
    """The registers that tell of a fault."""
    if walked.reason in {reason.name for reason in walked.words["faults"]}:
        return {}
    told = walked.words["told_second" if walked.result["second"] else "told"]
    values = {"va": walked.va, "gpa": walked.result["gpa"]}
    return {name: values[what] >> shift for name, what, shift in told}


def walk_blocks(walked: RealWalk, members: EnumType) -> list[Block]:
    """The whole walk."""
    title = walked.words["title"] + (f" behind {walked.second_words['title']}" if walked.second_words else "")
    manual = f"{walked.words['manual']}, {walked.words['section']}"
    if walked.second_words:
        manual += f"; second stage {walked.second_words['section']}"
    digits = (walked.words["width"] + 3) // 4
    said = f"{walked.access} at {walked.va:#0{digits + 2}x}; {control_text(walked.first)}"
    if walked.second is not None:
        said += f"; second stage: root {walked.second.root:#x}, {control_text(walked.second)}"
    blocks: list[Block] = [Heading(title, manual), Paragraph(said), Gap()]
    rows = [_row(line, walked.second is not None) for line in lines_of(walked, members)]
    header = (walked.words["numbered"], *(("stage",) if walked.second is not None else ()), "ref", "entry at", "holds", "bits", "")
    return [*blocks, Table(tuple(rows), header), Gap(), *_end(walked, members)]


def _row(line: Line, staged: bool) -> tuple[Cell, ...]:
    tone = Tone.BAD if line.bad else Tone.DIM if line.stage == 2 else Tone.PLAIN
    at = holds = ""
    if line.visit is not None and line.number:
        at, holds = hex(line.visit.values["place"]), hex(line.visit.values["entry"])
    elif line.visit is not None:
        at = hex(line.visit.values["place"])
    stage = [str(line.stage)] if staged else []
    return row(Cell(line.step, Tone.DIM), *stage, str(line.number or ""), at, holds, line.flags, Cell(line.text, tone))


def _end(walked: RealWalk, members: EnumType) -> list[Block]:
    counted = counts(walked)
    if walked.result["ok"]:
        text, tone = f"physical address {walked.result['pa']:#x}", Tone.GOOD
        if walked.second is not None:
            text += f", guest physical address {walked.result['gpa']:#x}"
        text += f", in {page_text(walked)}"
    else:
        registers = [f"{name} = {value:#x}" for name, value in told_registers(walked).items()]
        text, tone = "; ".join([fault_text(walked, members), *registers]), Tone.BAD
        if walked.result["second"]:
            access = "a table was to be changed" if walked.result["writing"] else "a table was to be read"
            text += f"; {access if walked.result['implicit'] else 'the final address was refused'}"
    references = f"{counted['references']} memory reference{'s' * (counted['references'] != 1)}"
    if counted["to_change"]:
        references += f", and {counted['to_change']} more to change entries"
    if counted["changes"]:
        references += f"; {counted['changes']} {'entry is' if counted['changes'] == 1 else 'entries are'} changed"
    return [Paragraph(text, tone=tone), Paragraph(references)]


def page_text(walked: RealWalk) -> str:
    """The page that the first stage mapped, by its size."""
    size = next(1 << low for level, _, low in walked.words["levels"] if level == walked.result["level"])
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"a page of {size // unit} {name}"
    return f"a page of {size} bytes"


def counts(walked: RealWalk) -> dict[str, int]:
    """How many entries the walk reads, how many more to change some, and how many it changes."""
    to_change = len(walked.to_change())
    return {"references": len(walked.references) - to_change, "to_change": to_change, "changes": len(walked.updates)}


def control_text(asked: Asked) -> str:
    """A control record: modes by name, the bits that are set, numbers that are not zero."""
    shown = []
    for name, value in asked.control.parts.items():
        told = shown_value(value)
        if told is True:
            shown.append(name)
        elif isinstance(told, str):
            shown.append(f"{name} = {told}")
        elif told:
            shown.append(f"{name} = {told:#x}")
    return ", ".join(shown) or "no control bit is set"


def shown_value(value: Value) -> bool | int | str:
    """A field of a control record as a plain value."""
    if isinstance(value, EnumMember):
        return value.name
    if isinstance(value, EnumValue):
        number = value.term.value
        assert isinstance(number, int)
        return value.type.name_of(number)
    assert isinstance(value, Term)
    number = value.value
    assert isinstance(number, int)
    return bool(number) if value.sort == BOOL else number


def walk_document(walked: RealWalk, members: EnumType) -> dict[str, Any]:
    """The JSON form, which `schema/walk.schema.json` describes."""
    result = walked.result
    return {
        "schema": SCHEMA,
        "tool": {"version": __version__},
        "format": walked.first.format,
        "root": walked.first.root,
        "control": _controls(walked.first.control),
        "second": None
        if walked.second is None
        else {"format": walked.second.format, "root": walked.second.root, "control": _controls(walked.second.control)},
        "va": walked.va,
        "access": walked.access,
        "ok": bool(result["ok"]),
        "pa": result["pa"] if result["ok"] else None,
        "gpa": result["gpa"] if walked.second is not None and (result["ok"] or result["second"]) else None,
        "level": result["level"],
        "fault": None
        if result["ok"]
        else {
            "reason": walked.reason,
            "name": fault_text(walked, members),
            "code": result["code"],
            "stage": 2 if result["second"] else 1,
            "implicit": bool(result["implicit"]),
            "writing": bool(result["writing"]),
            "registers": told_registers(walked),
        },
        "steps": [_step(line) for line in lines_of(walked, members)],
        "counts": counts(walked),
        "changes": [{"address": visit.values["place"], "old": visit.values["old"], "new": visit.values["new"]} for visit in walked.updates],
    }


def _controls(control: Fields) -> dict[str, bool | int | str]:
    return {name: shown_value(value) for name, value in control.parts.items()}


def _step(line: Line) -> dict[str, Any]:
    read = line.visit is not None and line.number > 0
    return {
        "step": line.step,
        "stage": line.stage,
        "reference": line.number or None,
        "address": line.visit.values["place"] if line.visit is not None else None,
        "entry": line.visit.values["entry"] if read and line.visit is not None else None,
        "text": line.text,
    }
