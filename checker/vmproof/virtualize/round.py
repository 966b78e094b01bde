"""One round of judgement: premises, status, and all instructions of a setting whose search bits are open or chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vmproof.engines.verdict import Verdict
from vmproof.language import Instruction
from vmproof.solvers import Status
from vmproof.virtualize import premises as p
from vmproof.virtualize.asking import Asker, Task
from vmproof.virtualize.classify import Classified, Classifier, any_of
from vmproof.virtualize.decide import Finding, decide
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.encodings import innocuous_but_trapping
from vmproof.virtualize.forall import Unanswered
from vmproof.virtualize.legality import Kept, entry_keeps, keeps
from vmproof.virtualize.own_tables import has_own_tables, real_walk_marks, unfollowed, untranslated
from vmproof.virtualize.result import Answer
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.setting import REAL, Setting
from vmproof.virtualize.world import World
from vmproof.virtualize.worlds import Worlds

STATES = "states"
OF_ENTRY = ("vectors", "trap_frames")
"""The premises about trap entry."""
OF_VIEW = ("tables", "realisation", "view")
"""The premises about translation."""

_AT_ONCE = 64
"""How many queries of premises may wait for a solver while the legality of instructions, which asks little, is looked at."""


@dataclass(frozen=True, eq=False)
class Premise:
    """The verdict on a premise. `states` are the concrete states that refute it (or show it), `reason` says what is the matter."""

    verdict: Verdict
    reason: str
    states: World | None = None


@dataclass(eq=False)
class Round:
    """All findings about one setting."""

    setting: Setting
    executions: Executions
    worlds: Worlds
    instructions: Sequence[Instruction]
    premises: dict[str, Premise] = field(default_factory=dict)
    classified: list[Classified] = field(default_factory=list)
    timing: dict[str, Finding] = field(default_factory=dict)
    shown_status: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def vacuous(self) -> bool:
        """Whether there are no states to speak of."""
        return self.premises[STATES].verdict is Verdict.VACUOUS

    @property
    def left_out(self) -> int:
        """How many instructions of the description are not among those that were asked about."""
        return len(self.setting.description.instructions) - len(self.instructions)

    def with_answer(self, question: str, answer: Answer) -> list[Classified]:
        """The instructions of which a question has this answer."""
        return [one for one in self.classified if one.of(question).answer is answer]


def play(
    setting: Setting,
    asker: Asker,
    instructions: Sequence[Instruction],
    done: Callable[[int], None] | None = None,
    like: Round | None = None,
    known: Mapping[str, Premise] | None = None,
) -> Round:
    """Ask everything about a setting. `like` is a round of another one that differs in its search bits alone.

    Premises that are `known` are not asked again.
    """
    found = _begun(setting, asker, instructions, like, known)
    if found.vacuous:
        return found
    classifier = Classifier(found.executions, found.worlds)
    found.classified = _of_each(found, asker, classifier.classify, done)
    _efficiency(found, classifier, asker)
    _timing(found, asker)
    return found


def carrying(setting: Setting, asker: Asker, instructions: Sequence[Instruction]) -> Round:
    """What a VMM that runs in a guest needs of the scenario of its own guests: premises, what is critical, and who reads the time."""
    found = _begun(setting, asker, instructions)
    if not found.vacuous:
        found.classified = _of_each(found, asker, Classifier(found.executions, found.worlds).critical)
        _timing(found, asker)
    return found


def _begun(
    setting: Setting,
    asker: Asker,
    instructions: Sequence[Instruction],
    like: Round | None = None,
    known: Mapping[str, Premise] | None = None,
) -> Round:
    """A round of which premises and status are asked."""
    asker.knows(setting)
    shared = None if like is None else like.executions
    found = Round(setting, Executions(setting, shared), Worlds(setting), instructions, dict(known or {}))
    _premises(found, asker, instructions)
    if not found.vacuous:
        _status(found, asker, instructions)
    return found


def refutations(setting: Setting, asker: Asker, instructions: Sequence[Instruction]) -> Round:
    """What refutes a setting whose search bits are open, and no more: a search learns from it which configurations to leave out."""
    asker.knows(setting)
    found = Round(setting, Executions(setting), Worlds(setting), instructions)
    _states(found, asker)
    if not found.vacuous:
        found.classified = _of_each(found, asker, Classifier(found.executions, found.worlds).refute)
    return found


def _of_each(
    found: Round, asker: Asker, question: Callable[[Instruction], Task[Classified]], done: Callable[[int], None] | None = None
) -> list[Classified]:
    """The answers about each instruction, in order.

    What changes the mode or the translation takes longest, as its questions are of two walks; begun first, it is answered while the others
    are built.
    """
    weights = asker.run([_weight(found, instruction) for instruction in found.instructions])
    return asker.run(map(question, found.instructions), done, weights=weights)


def _weight(found: Round, instruction: Instruction) -> Task[int]:
    """How long questions about an instruction may take, against others."""
    return found.executions.moving(instruction)
    yield  # a task, so that each member of a crew looks at the instructions that it has executed


def _states(found: Round, asker: Asker) -> None:
    """Ask whether there are states to speak of, unless that is known; models of them are tried first from then on."""
    setting = found.setting
    if STATES in found.premises:
        return
    modes = asker.run([p.inhabited(setting, mode) for mode in setting.domain])
    found.premises[STATES] = _inhabited(setting, modes)
    for states in modes:
        if states.values is not None:
            asker.seed({variable.name: value for variable, value in states.values.items()})


def _premises(found: Round, asker: Asker, instructions: Sequence[Instruction]) -> None:
    """Ask every premise that is not known; whether legal states are kept is asked of the instructions at hand."""
    setting, premises = found.setting, found.premises
    _states(found, asker)
    if found.vacuous:
        return
    entry = asker.result(entry_keeps(setting))
    tasks: dict[str, Task[Any]] = {}
    bare = untranslated(setting) if OF_VIEW[0] not in premises else None
    if bare is not None:
        tasks["followed"] = unfollowed(setting, bare)
    if OF_ENTRY[0] not in premises:
        tasks |= {"vectors": p.vector_written(setting), "trap_frames": p.view_overwritten(setting)}
    if OF_VIEW[0] not in premises:
        tasks |= {"tables": p.table_written(setting, bare), "realisation": p.unrealised(setting, weakly=False, bare=bare)}
    keeping: list[Task[Any]] = [keeps(found.executions, instruction, entry) for instruction in instructions]
    weights = [0] * len(keeping) + [len(tasks) if name == OF_VIEW[1] else 1 for name in tasks]
    answers = asker.run([*keeping, *tasks.values()], limit=_AT_ONCE, weights=weights)
    answered = dict(zip(tasks, answers[len(keeping) :], strict=True))
    premises["legality"] = _legal(answers[: len(keeping)])
    if OF_ENTRY[0] not in premises:
        premises["vectors"] = _never(
            answered["vectors"],
            "a store through the view of a real state changes where its traps lead",
            "no store of a guest reaches a vector",
        )
        premises["trap_frames"] = _never(
            answered["trap_frames"], "a trap to the VMM overwrites a cell of the guest's view", "no trap overwrites what the guest sees"
        )
    if OF_VIEW[0] not in premises:
        if bare is not None and answered["followed"].status is not Status.UNSAT:
            bare = None
            again: list[Task[Any]] = [p.table_written(setting), p.unrealised(setting, weakly=False)]
            answered["tables"], answered["realisation"] = asker.run(again)
        _view(found, asker, answered["tables"], *answered["realisation"])
        setting.bare = bare
    if premises["realisation"].verdict is not Verdict.PROVED:
        setting.partial = True
        found.executions = Executions(setting)  # what was executed so far took the whole view for realised


def _view(found: Round, asker: Asker, written: p.States, strict: Unanswered, world: World) -> None:
    """The premises about the VMM's tables, from what was answered of stores to them and of the view as a whole."""
    setting, premises = found.setting, found.premises
    premises["tables"] = _never(
        written, "a store through the view changes a table of the VMM's walker", "no store of a guest reaches the VMM's tables"
    )
    own = setting.updating and has_own_tables(setting)
    if premises["tables"].verdict is Verdict.PROVED and own and asker.result(real_walk_marks(setting)) is not Status.UNSAT:
        premises["tables"] = Premise(Verdict.UNKNOWN, "the real walk sets bits in tables of the guest's own, which is not modelled")
    premises["realisation"] = _realised(
        setting, strict, world, "the real mode can give a guest all of its view", "no real state gives the guest its view"
    )
    if strict.status is Status.UNSAT:
        premises["view"] = Premise(Verdict.PROVED, "a real state shows a guest no more than its view")
        return
    weak, world = asker.result(p.unrealised(setting, weakly=True))
    premises["view"] = _realised(
        setting, weak, world, "what the real mode cannot give traps", "every real state gives the guest more than its view, or other cells"
    )


def _inhabited(setting: Setting, modes: Sequence[p.States]) -> Premise:
    for mode, states in zip(setting.domain, modes, strict=True):
        if states.status is Status.UNSAT:
            return Premise(Verdict.VACUOUS, f"no real state can carry a guest in mode {setting.mode_name(mode)}, so nothing is said of it")
    for mode, states in zip(setting.domain, modes, strict=True):
        if states.status is Status.UNKNOWN:
            return Premise(
                Verdict.UNKNOWN, f"whether a real state can carry a guest in mode {setting.mode_name(mode)} is undecided: {states.reason}"
            )
    return Premise(Verdict.PROVED, "each mode of a guest has a real state that carries it", modes[0].world if modes else None)


def _never(states: p.States, bad: str, good: str) -> Premise:
    if states.status is Status.SAT:
        return Premise(Verdict.REFUTED, bad, states.world)
    if states.status is Status.UNSAT:
        return Premise(Verdict.PROVED, good)
    return Premise(Verdict.UNKNOWN, f"it is undecided whether {bad}: {states.reason}")


def _realised(setting: Setting, found: Unanswered, world: World, good: str, bad: str) -> Premise:
    if found.status is Status.UNSAT:
        return Premise(Verdict.PROVED, good)
    if found.values is None:
        return Premise(Verdict.UNKNOWN, f"it is undecided whether {good}: {found.reason}")
    where = sorted({int(v) for k, v in found.values.items() if k.name in ("view.va", "view.other") and isinstance(v, int)})
    guest = p.states_at(setting, world, found.values)
    marked = p.marking(setting, guest, where)
    if marked:
        bad = "an access of the guest sets a bit in its tables, and no real state makes just that one trap,"
    places = " or ".join(hex(va) for va in marked or p.disagreeing(setting, guest, where))
    return Premise(Verdict.REFUTED, f"{bad} at address {places or ' and '.join(map(hex, where))}", guest)


def _legal(kept: Sequence[Kept]) -> Premise:
    """Legal states are assumed in every query; here it is shown that a machine which begins in one stays among them."""
    worst = next((one for verdict in (Verdict.REFUTED, Verdict.UNKNOWN) for one in kept if one.verdict is verdict), None)
    if worst is None:
        return Premise(Verdict.PROVED, "every instruction and trap entry leads from legal states to legal ones")
    return Premise(worst.verdict, worst.reason)


def _status(found: Round, asker: Asker, instructions: Sequence[Instruction]) -> None:
    """Status that an instruction which completes on real states shows counts as control (THEORY, "Status")."""
    setting = found.setting
    for path in setting.status(REAL):
        shown = asker.run([_seen(found, instruction, "status", (path,)) for instruction in instructions])
        names = tuple(one.name for one, finding in zip(instructions, shown, strict=True) if finding and finding.answer is not Answer.NO)
        if names:
            found.shown_status[path] = names
    setting.promoted |= set(found.shown_status)


def _efficiency(found: Round, classifier: Classifier, asker: Asker) -> None:
    """A needless trap counts for innocuous encodings: of an instruction that is not innocuous as a whole, some may be."""
    mixed = [one for one in found.classified if one.sensitive is not Answer.NO]

    def encodings(one: Classified) -> Task[Finding]:
        return innocuous_but_trapping(classifier, one)

    for one, finding in zip(mixed, asker.run([encodings(one) for one in mixed]), strict=True):
        one.findings["needless_trap"] = finding


def _timing(found: Round, asker: Asker) -> None:
    """Which instructions read a source of time without a trap, where the scenario says what tells it."""
    sources, instructions = found.setting.scenario.timing, found.instructions
    if sources:
        answers = asker.run([_seen(found, instruction, "timing", sources) for instruction in instructions])
        found.timing = {one.name: finding for one, finding in zip(instructions, answers, strict=True) if finding}


def _seen(found: Round, instruction: Instruction, question: str, paths: Sequence[str]) -> Task[Finding | None]:
    """The answer to a question of two real states that differ in these fields; None where the instruction reads none of them."""
    if found.executions.reads(instruction, REAL).isdisjoint(paths):
        return None
    finding = yield from decide(found.executions, found.worlds.beside(*paths), instruction, Question(question, "r", "r2"))
    return finding


def undecided(found: Round) -> Answer:
    """Whether anything that the host search asks for is open."""
    return any_of(one.of(question).answer for one in found.classified for question in ("critical", "resource_control", "needless_trap"))
