"""The judgement of an instruction set in one scenario: the entry point of this layer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.language import Description, Instruction
from vmproof.solvers import SolverPool
from vmproof.virtualize.asking import Asker, uncollected
from vmproof.virtualize.classify import Classified, Classifier
from vmproof.virtualize.crew import Member, together
from vmproof.virtualize.encodings import answers_of, split
from vmproof.virtualize.evidence import witness
from vmproof.virtualize.host import search_host
from vmproof.virtualize.repair import repair
from vmproof.virtualize.result import Answer, EncodingClass, HostResult, InstructionVerdict, Judgement, Repair, TheoremVerdict
from vmproof.virtualize.round import Round, play, refutations
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.theorems import decide_theorems, premise_verdicts
from vmproof.virtualize.witness import Witness

Progress = Callable[[int, int, str], None]
"""Called with how many of how many instructions are done, and what is being done."""

_MANY = 100
"""How many instructions are worth several processes that judge them."""

_COMPETING = 2
"""How many solvers a process has beside it: those that compete for a query (`contest.py`)."""

_SHOWN_FIRST = (
    "critical",
    "trap_sensitive",
    "control_sensitive",
    "mode_sensitive",
    "resource_sensitive",
    "behaviour_sensitive",
    "waiting",
    "user_sensitive",
)


def judge(
    description: Description,
    scenario: str | None = None,
    *,
    solver_pool: SolverPool | None = None,
    jobs: int = 2,
    progress: Progress | None = None,
    only: Collection[str] | None = None,
) -> Judgement:
    """Judge a description in a scenario (by name; else its first, or the default one).

    With `only`, the theorems speak of these instructions alone. Without `solver_pool` one of `jobs` workers is made and closed. Raises
    InputError for an unknown scenario or instruction, and InconsistencyError where vmproof contradicts itself.
    """
    chosen = description.scenario(scenario)
    instructions = _selected(description, only)
    with uncollected(), nullcontext(solver_pool) if solver_pool is not None else SolverPool(jobs) as pool:
        setting = Setting(description, chosen)

        def work(member: Member | None) -> _Asked:
            first = member is None or member.first
            asker = Asker(pool if first else pool.another(_COMPETING), member=member)
            return _Judging(setting, instructions, asker, progress if progress and first else _silent).asked()

        alone = pool.workers == 1 or len(instructions) < _MANY or not hasattr(os, "fork")
        return (work(None) if alone else together(pool.workers, work)).judgement()


def _silent(done: int, total: int, what: str) -> None:
    return None


def _selected(description: Description, only: Collection[str] | None) -> list[Instruction]:
    if only is None:
        return list(description.instructions)
    known = {instruction.name for instruction in description.instructions}
    for name in only:
        if name not in known:
            raise InputError(f"{description.path.name} has no instruction `{name}`")
    return [instruction for instruction in description.instructions if instruction.name in only]


class _Judging:
    """One run of the judgement: everything is asked."""

    def __init__(self, setting: Setting, instructions: Sequence[Instruction], asker: Asker, progress: Progress) -> None:
        self._setting = setting
        self._instructions = instructions
        self._asker = asker
        self._progress = progress

    def asked(self) -> _Asked:
        started = time.monotonic()
        host, found = self._searched() if self._setting.scenario.search else (None, None)
        if found is None:
            found = self._round(self._setting)
        theorems = decide_theorems(found, self._asker)
        if host is not None and host.found is Verdict.REFUTED:
            theorems["virtualizable"] = replace(theorems["virtualizable"], verdict=Verdict.REFUTED, reason=host.reason)
        classifier = Classifier(found.executions, found.worlds)
        classes = self._classes(found, classifier)
        repairs = self._repairs(found, classifier, classes)
        return _Asked(found, host, theorems, classifier, classes, repairs, self._asker, time.monotonic() - started)

    def _searched(self) -> tuple[HostResult | None, Round | None]:
        """What the search for a host configuration came to, with the round of the one that was found."""
        self._progress(0, len(self._instructions), "searching")
        learnt = refutations(self._setting, self._asker, self._instructions)
        if learnt.vacuous:
            return None, None
        return search_host(self._setting, learnt, lambda setting: self._round(setting, learnt))

    def _round(self, setting: Setting, like: Round | None = None) -> Round:
        total = len(self._instructions)
        self._progress(0, total, "premises")
        return play(setting, self._asker, self._instructions, lambda done: self._progress(done, total, "judging"), like)

    def _classes(self, found: Round, classifier: Classifier) -> dict[str, tuple[EncodingClass, ...]]:
        """Encoding classes of the instructions whose answers may differ from encoding to encoding."""
        mixed = [one for one in found.classified if one.of("critical").answer is Answer.YES or _mixed(one)]
        split_up = self._asker.run([split(classifier, one.instruction) for one in mixed])
        return {one.instruction.name: classes for one, classes in zip(mixed, split_up, strict=True)}

    def _repairs(self, found: Round, classifier: Classifier, classes: Mapping[str, tuple[EncodingClass, ...]]) -> list[Repair]:
        critical = found.with_answer("critical", Answer.YES)
        return self._asker.run([repair(classifier, one, classes.get(one.instruction.name, ())) for one in critical])


@dataclass(frozen=True, eq=False)
class _Asked:
    """What was found, in `seconds`, of which the asker waited some for solvers."""

    round: Round
    host: HostResult | None
    theorems: Mapping[str, TheoremVerdict]
    classifier: Classifier
    classes: Mapping[str, tuple[EncodingClass, ...]]
    repairs: Sequence[Repair]
    asker: Asker
    seconds: float

    def judgement(self) -> Judgement:
        """All that is to be told of it, with witnesses."""
        found, asker = self.round, self.asker
        started = time.monotonic()
        verdicts = tuple(self._verdict(one) for one in found.classified)
        return Judgement(
            machine=found.setting.description.name,
            scenario=found.setting.scenario.name,
            scenario_title=found.setting.scenario.title,
            theorems=self.theorems,
            premises=premise_verdicts(found),
            instructions=verdicts,
            repair=tuple(self.repairs),
            host=self.host,
            status_as_control=tuple(found.shown_status),
            timings={
                "building": max(0.0, self.seconds - asker.waiting),
                "solving": asker.waiting,
                "replaying": time.monotonic() - started,
            },
            solver=", ".join(sorted(asker.solvers)),
            queries=asker.asked,
            not_judged=found.left_out,
        )

    def _verdict(self, one: Classified) -> InstructionVerdict:
        answers = answers_of(self.classifier, one)
        witnesses: dict[str, Witness] = {}
        reasons: dict[str, str] = {}
        for question in (*_SHOWN_FIRST, "hybrid", "diagram", "resource_control", "needless_trap"):
            finding = one.of(question)
            if finding.candidate is not None:
                witnesses[question] = witness(self.round.executions, finding.candidate, question)
                reasons[question] = witnesses[question].reason
            elif finding.reason:
                reasons[question] = finding.reason
        shown = next((witnesses[question] for question in _SHOWN_FIRST if question in witnesses), None)
        instruction = one.instruction
        return InstructionVerdict(
            name=instruction.name,
            mnemonic=instruction.mnemonic,
            line=instruction.line,
            witness=shown,
            witnesses=witnesses,
            reasons=reasons,
            classes=self.classes.get(instruction.name, ()),
            **answers,
        )


def _mixed(one: Classified) -> bool:
    """Whether some encodings may be privileged or innocuous and others not."""
    return one.of("really").answer is Answer.YES and one.sensitive is Answer.YES
