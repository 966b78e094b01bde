"""The classes of one instruction (THEORY, "Classes of an encoding"), each question decided and summed over its encodings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from vmproof.language import Instruction
from vmproof.terms import Term
from vmproof.virtualize.asking import Task
from vmproof.virtualize.decide import NO, Finding, decide
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.result import Answer
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.world import World
from vmproof.virtualize.worlds import COMBINATIONS, Worlds

SIDES = (("r", "g"), ("g", "r"))
SENSITIVE = ("control_sensitive", "behaviour_sensitive", "trap_sensitive", "waiting")


@dataclass(eq=False)
class Classified:
    """What was found of one instruction: an existential finding for each question, and for the theorems' obligations.

    `really` says that it completes on some real state (so is not privileged), `guest_traps` that it traps in a guest mode of its own;
    `lost` is a trap from which the VMM cannot restore the guest.
    """

    instruction: Instruction
    findings: dict[str, Finding] = field(default_factory=dict)

    def of(self, question: str) -> Finding:
        return self.findings.get(question, NO)

    @property
    def sensitive(self) -> Answer:
        return any_of(self.of(question).answer for question in SENSITIVE)


def any_of(answers: Iterable[Answer]) -> Answer:
    """YES if one is, else UNKNOWN if one is, else NO."""
    given = list(answers)
    if any(answer is Answer.YES for answer in given):
        return Answer.YES
    return Answer.UNKNOWN if any(answer is Answer.UNKNOWN for answer in given) else Answer.NO


def negated(answer: Answer) -> Answer:
    """The answer to the opposite question."""
    if answer is Answer.YES:
        return Answer.NO
    return Answer.YES if answer is Answer.NO else answer


class Classifier:
    """Asks all questions about instructions of one setting; `extra` restricts the encodings."""

    def __init__(self, executions: Executions, worlds: Worlds) -> None:
        self.executions = executions
        self.worlds = worlds
        self.setting = executions.setting

    def classify(self, instruction: Instruction, extra: tuple[Term, ...] = (), theorems: bool = True) -> Task[Classified]:
        """Every question about an instruction; with `theorems` also what they ask of it."""
        result = Classified(instruction)
        ask = _Asking(self, instruction, extra)
        found = result.findings
        pair = self.worlds.pair()
        found["really"] = yield from ask(pair, Question("completes", "r", "g"), likely=True, confirm=False)
        if len(self.setting.unmoved) < len(self.setting.domain) and found["really"].answer is not Answer.YES:
            found["guest_traps"] = yield from ask(self.worlds.moved(), Question("guest_traps", "g", "r"), confirm=False)
        yield from self._sensitivity(ask, found)
        yield from self._critical(ask, found)
        if theorems:
            yield from self._theorems(ask, found)
        return result

    def critical(self, instruction: Instruction) -> Task[Classified]:
        """Whether an instruction is critical, and nothing else."""
        result = Classified(instruction)
        yield from self._critical(_Asking(self, instruction, ()), result.findings)
        return result

    def refute(self, instruction: Instruction) -> Task[Classified]:
        """What may refute a configuration, and is asked of a pair of states alone."""
        result = Classified(instruction)
        ask = _Asking(self, instruction, ())
        for name, question in (("critical", Question("critical", "g", "r")), ("resource_control", Question("resource_control", "r", "g"))):
            result.findings[name] = yield from ask(self.worlds.pair(), question)
        return result

    def _critical(self, ask: _Asking, found: dict[str, Finding]) -> Task[None]:
        found["critical"] = yield from ask(self.worlds.pair(), Question("critical", "g", "r"))
        found["lost"] = yield from ask(self.worlds.lost(), Question("lost", "r", "r2"))
        if found["critical"].answer is not Answer.YES and found["lost"].answer is not Answer.NO:
            found["critical"] = found["lost"]

    def _sensitivity(self, ask: _Asking, found: dict[str, Finding]) -> Task[None]:
        worlds = self.worlds
        kinds: Mapping[str, Callable[[bool], Task[Finding]]] = {
            "control_sensitive": lambda unmoved: ask.first(
                (worlds.pair(unmoved), Question("control_sensitive", *names)) for names in SIDES
            ),
            "behaviour_sensitive": lambda unmoved: ask.first(
                (worlds.two(one, other, unmoved), Question("behaviour_sensitive", one, other)) for one, other in COMBINATIONS
            ),
            "trap_sensitive": lambda unmoved: ask.first([(worlds.pair(unmoved), Question("trap_sensitive", "g", "r"))]),
            "waiting": lambda unmoved: ask.first((worlds.pair(unmoved), Question("waiting", *names)) for names in SIDES),
        }
        for kind, question in kinds.items():
            if kind != "behaviour_sensitive":
                found[kind] = yield from question(False)
        yield from self._behaviour(ask, found)
        found["user_sensitive"] = NO
        if not self.setting.unmoved:
            return
        everywhere = len(self.setting.unmoved) == len(self.setting.domain)
        for kind, question in kinds.items():
            if found[kind].answer is Answer.NO or found["user_sensitive"].answer is Answer.YES:
                continue
            finding = found[kind] if everywhere else (yield from question(True))
            if finding.answer is not Answer.NO:
                found["user_sensitive"] = finding

    def _behaviour(self, ask: _Asking, found: dict[str, Finding]) -> Task[None]:
        """Whether results differ at all; then by the mode alone, in one mode, or only by both together.

        Where the instruction is sensitive for another reason no verdict hangs on it, and it is not searched for long.
        """
        worlds = self.worlds
        brief = any(found[kind].answer is Answer.YES for kind in SENSITIVE if kind in found)
        found["behaviour_sensitive"] = found["mode_sensitive"] = found["resource_sensitive"] = NO
        possible = []
        for names in COMBINATIONS:
            if (yield from ask.possible(worlds.two(*names), Question("behaviour_sensitive", *names))):
                possible.append(names)
        if not possible:
            return
        found["resource_sensitive"] = yield from ask.first(
            ((worlds.two_resources(*names), Question("resource_sensitive", *names)) for names in possible), brief=brief
        )
        if not self.setting.own_mode:
            found["mode_sensitive"] = yield from ask.first(
                ((worlds.two_modes(*names), Question("mode_sensitive", *names)) for names in possible), brief=brief
            )
        for kind in ("resource_sensitive", "mode_sensitive"):
            if found[kind].answer is Answer.YES:
                found["behaviour_sensitive"] = found[kind]
                return
        found["behaviour_sensitive"] = yield from ask.first(
            ((worlds.two(*names), Question("behaviour_sensitive", *names)) for names in possible), brief=brief
        )

    def _theorems(self, ask: _Asking, found: dict[str, Finding]) -> Task[None]:
        pair = self.worlds.pair()
        found["diagram"] = yield from ask(pair, Question("equivalence", "g", "r"))
        found["resource_control"] = yield from ask(pair, Question("resource_control", "r", "g"))
        found["hybrid"] = NO
        if found["critical"].answer is not Answer.NO and self.setting.unmoved:
            found["hybrid"] = yield from ask(self.worlds.pair(unmoved=True), Question("critical", "g", "r"))
            if found["hybrid"].answer is Answer.NO and found["lost"].answer is not Answer.NO:
                found["hybrid"] = found["lost"]
        found["needless_trap"] = NO
        if found["really"].answer is not Answer.NO or any_of(found[kind].answer for kind in SENSITIVE) is Answer.NO:
            found["needless_trap"] = yield from ask(pair, Question("efficiency", "g", "r"))


class _Asking:
    """Questions about one instruction."""

    def __init__(self, classifier: Classifier, instruction: Instruction, extra: tuple[Term, ...]) -> None:
        self._executions = classifier.executions
        self._instruction = instruction
        self._extra = extra

    def __call__(
        self, world: World, question: Question, *, likely: bool = False, confirm: bool = True, brief: bool = False
    ) -> Task[Finding]:
        return decide(
            self._executions, world, self._instruction, question, extra=self._extra, likely=likely, confirm=confirm, brief=brief
        )

    def possible(self, world: World, question: Question) -> Task[bool]:
        """Whether the view does not exclude it."""
        finding = yield from decide(self._executions, world, self._instruction, question, extra=self._extra, exact=False)
        return finding.answer is not Answer.NO

    def first(self, questions: Iterable[tuple[World, Question]], brief: bool = False) -> Task[Finding]:
        """The first of some questions that is answered YES; else an UNKNOWN among them, else NO."""
        result = NO
        for world, question in questions:
            finding = yield from self(world, question, brief=brief)
            if finding.answer is Answer.YES:
                return finding
            if finding.answer is Answer.UNKNOWN:
                result = finding
        return result
