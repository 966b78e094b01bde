"""Whether any verdict on a description differs from that on another one which was changed in one place.

Both are read into one pool, so that what means the same is one term: only instructions whose executions differ, in a mode that the
scenario speaks of, are asked about, and only those premises whose questions differ. The questions about an instruction are asked over the
view first. What the view excludes for one description and not for the other is confirmed by concrete states; what it excludes for neither
counts as the same. The first difference ends the search.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from vmproof.engines.verdict import Verdict
from vmproof.language import Description, Instruction
from vmproof.solvers import SolverPool
from vmproof.terms import Pool, Term, substitute
from vmproof.virtualize.asking import Asker, Task, uncollected
from vmproof.virtualize.classify import SIDES
from vmproof.virtualize.decide import Finding, decide
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.grounds import Grounds
from vmproof.virtualize.legality import entry_keeps, keeps
from vmproof.virtualize.result import Answer
from vmproof.virtualize.round import STATES, Premise, play
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.setting import REAL, ModeValue, Setting
from vmproof.virtualize.world import World, is_false
from vmproof.virtualize.worlds import COMBINATIONS, Worlds

MOST_JUDGED = 12
"""Of the instructions that a change concerns in one scenario so many are asked about, from different functions first."""

SHARED_JUDGED = 3
"""Of a change of what all instructions share so many are that access no memory, and one that does."""

_INNOCUOUS = "efficiency"
_Answers = Iterator[tuple[str, bool | None]]
"""Verdicts in words, each with whether it is the same of both descriptions; None where that is not known."""


@dataclass
class Compared:
    """What is found out about a change in one scenario: the first `difference` of a verdict; "" for none.

    `open`: verdicts of which no answer came in time. `modes`: those in which some instruction does something else, whichever modes the
    scenario has. `judged`: the instructions that were looked at, of `concerned` in all. `grounds`: a premise is another question.
    """

    scenario: str
    difference: str = ""
    open: list[str] = field(default_factory=list)
    modes: tuple[str, ...] = ()
    judged: int = 0
    concerned: int = 0
    grounds: bool = False


class Original:
    """A description that others are compared with, in one scenario. `premises` are its verdicts on the premises, as found before."""

    def __init__(self, description: Description, scenario: str, premises: Mapping[str, Verdict], solvers: SolverPool) -> None:
        self._premises = {name: Premise(verdict, "") for name, verdict in premises.items()}
        self._scenario = scenario
        self._asker = Asker(solvers)
        self._description = description
        self._sides: dict[tuple[int, ...], _Side] = {}
        self._side = self._own(())
        self._grounds = Grounds(self._side.setting, self._premises)
        states = {name: premise for name, premise in self._premises.items() if name != STATES}
        play(self._side.setting, self._asker, (), known=states)  # models of states, which later questions try first

    @property
    def pool(self) -> Pool:
        """What the other descriptions are to be read into."""
        return self._side.setting.pool

    def speaks_of(self, modes: Iterable[str]) -> bool:
        """Whether a guest or a real state of the scenario may have one of these modes."""
        return not {self._side.setting.mode_name(mode) for mode in self._modes}.isdisjoint(modes)

    @property
    def _modes(self) -> tuple[ModeValue, ...]:
        return tuple(dict.fromkeys((*self._side.setting.domain, *self._side.setting.image)))

    def compared(self, changed: Description, concerned: Collection[str]) -> Compared:
        """The first verdict that differs; only instructions that are `concerned` can do something else.

        Where these are not all of them, nor can the translation. Which states are legal is claimed, and stays as it is.
        """
        changed.claims_as(self._description)
        if len(concerned) < len(changed.instructions):
            changed.translates_as(self._description)
        with uncollected():
            return self._compared(changed, concerned)

    def _compared(self, changed: Description, possible: Collection[str]) -> Compared:
        other, setting = self._made(changed, ()), self._side.setting
        found = Compared(self._scenario)
        named = [item.name for item in changed.instructions if item.name in possible]
        names = [name for name in named if self._side.ends(name) != other.ends(name)]
        if len(possible) == len(changed.instructions):
            names = _few(other, names)
        every = [mode for mode, _ in changed.default_scenario().runs]
        where = {name: [mode for mode in every if self._side.differs(other, name, mode)] for name in names}
        found.modes = tuple(setting.mode_name(mode) for mode in every if any(mode in modes for modes in where.values()))
        concerned = [name for name, modes in where.items() if not set(modes).isdisjoint(self._modes)]
        found.concerned = len(concerned)
        known = self._grounds.known(other.setting)
        found.grounds = len(known) + 1 < len(self._premises)
        chosen = _spread(changed, concerned or (_samples(other) if found.grounds else []))
        found.judged = len(chosen)
        asked = [self._trapping(other, chosen), self._legality(other, _spread(changed, names))]
        if found.grounds:
            asked.append(self._grounded(other, known))
        for answers in (*asked, *(self._classes(changed, values, chosen) for values in self._values())):
            for text, same in answers:
                if same is None:
                    found.open.append(text)
                elif not same:
                    found.difference = text
                    return found
        return found

    def _values(self) -> Iterator[tuple[int, ...]]:
        """The values of the bits that the scenario searches: open first, then each assignment."""
        yield ()
        search = self._side.setting.scenario.search
        if search:
            yield from product((0, 1), repeat=len(search))

    def _own(self, values: tuple[int, ...]) -> _Side:
        if values not in self._sides:
            self._sides[values] = self._made(self._description, values)
        return self._sides[values]

    def _made(self, description: Description, values: tuple[int, ...]) -> _Side:
        scenario = description.scenario(self._scenario or None)
        setting = Setting(description, scenario)
        if values:
            setting = setting.fixing(dict(zip(scenario.search, values, strict=True)))
        setting.partial = "realisation" in self._premises and self._premises["realisation"].verdict is not Verdict.PROVED
        setting.promoted |= set(setting.status(REAL))
        return _Side(setting)

    def _trapping(self, other: _Side, names: Sequence[str]) -> _Answers:
        """Whether instructions complete on real states at all."""
        for name in names:
            answers = [self._asker.result(side.completes(name)).answer for side in (self._side, other)]
            yield _told(f"{name}: completes", *answers)

    def _legality(self, other: _Side, names: Sequence[str]) -> _Answers:
        entries = [self._asker.result(entry_keeps(side.setting)) for side in (self._side, other)]
        for name in names:
            one, two = (
                self._asker.result(keeps(side.executions, side.named(name), entry)).verdict
                for side, entry in zip((self._side, other), entries, strict=True)
            )
            yield _told(f"{name}: keeps the legal states", one, two)

    def _grounded(self, other: _Side, known: Mapping[str, Premise]) -> _Answers:
        """The premises that are other questions than they were."""
        round_ = play(other.setting, self._asker, (), known=known)
        for name, premise in round_.premises.items():
            if name != "legality":
                yield _told(f"premise {name}", self._premises[name].verdict, premise.verdict)

    def _classes(self, changed: Description, values: tuple[int, ...], names: Sequence[str]) -> _Answers:
        """The classes of instructions, and what the theorems ask of them, with these values of the bits that are searched."""
        if not names:
            return
        own, other = self._own(values), self._made(changed, values)
        for name in names:
            timing = set(own.setting.scenario.timing or ())
            times = [side.executions.reads(side.named(name), REAL) & timing for side in (own, other)]
            yield f"{name}: reads {' '.join(sorted(times[1])) or 'no time'}", times[0] == times[1]
            sensitive = False
            for (label, one), (_, two) in zip(own.questions(), other.questions(), strict=True):
                if label == _INNOCUOUS and sensitive:
                    continue  # a trap of what is sensitive is none that is not needed
                excluded = [own.excludes(self._asker, name, label, one), other.excludes(self._asker, name, label, two)]
                sensitive = sensitive or not all(excluded)
                if excluded[0] == excluded[1]:
                    continue
                side, question = (own, one) if excluded[1] else (other, two)
                answer = self._asker.result(side.asks(name, *question)).answer
                pair = (answer, Answer.NO) if excluded[1] else (Answer.NO, answer)
                bits = " ".join(f"{path} = {value}" for path, value in own.setting.fixed.items())
                yield _told(f"{name}: {label}{f' with {bits}' if bits else ''}", *pair)


class _Side:
    """One of two descriptions in a scenario."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.executions = Executions(setting)
        self.worlds = Worlds(setting)
        self._named = {item.name: item for item in setting.description.instructions}
        self._in_mode: dict[tuple[str, ModeValue], list[list[Term]]] = {}
        self._excluded: dict[tuple[str, str], bool] = {}

    def named(self, name: str) -> Instruction:
        return self._named[name]

    def questions(self) -> Iterator[tuple[str, tuple[World, Question]]]:
        """What is asked of every instruction, those questions first whose answers matter most (THEORY, "Classes of an encoding")."""
        worlds, pair = self.worlds, self.worlds.pair()
        yield "critical", (pair, Question("critical", "g", "r"))
        yield "lost", (worlds.lost(), Question("lost", "r", "r2"))
        yield "resource_control", (pair, Question("resource_control", "r", "g"))
        yield "equivalence", (pair, Question("equivalence", "g", "r"))
        yield "trap_sensitive", (pair, Question("trap_sensitive", "g", "r"))
        if len(self.setting.unmoved) < len(self.setting.domain):
            yield "guest_traps", (worlds.moved(), Question("guest_traps", "g", "r"))
        for kind in ("waiting", "control_sensitive"):
            for names in SIDES:
                yield f"{kind} ({names[0]})", (pair, Question(kind, *names))
        for names in COMBINATIONS:
            yield f"behaviour_sensitive ({names[0]}, {names[1]})", (worlds.two(*names), Question("behaviour_sensitive", *names))
        yield _INNOCUOUS, (pair, Question("efficiency", "g", "r"))

    def completes(self, name: str) -> Task[Finding]:
        return decide(
            self.executions, self.worlds.pair(), self.named(name), Question("completes", "r", "g"), likely=True, confirm=False
        )

    def asks(self, name: str, world: World, question: Question) -> Task[Finding]:
        return decide(self.executions, world, self.named(name), question)

    def excludes(self, asker: Asker, name: str, label: str, asked: tuple[World, Question]) -> bool:
        """Whether the view alone excludes that a question is answered by yes."""
        if (name, label) not in self._excluded:
            world, question = asked
            found = asker.result(decide(self.executions, world, self.named(name), question, exact=False))
            self._excluded[name, label] = found.answer is Answer.NO
        return self._excluded[name, label]

    def differs(self, other: _Side, name: str, mode: ModeValue) -> bool:
        """Whether an instruction does something else in a mode, of two descriptions that have the same fields."""
        return self.in_mode(name, mode) != other.in_mode(name, mode)

    def ends(self, name: str) -> list[list[Term]]:
        """All that an instruction does, in any state."""
        return self.executions.ends(self.named(name))

    def in_mode(self, name: str, mode: ModeValue) -> list[list[Term]]:
        """The same in one mode, without the ends that it does not have there."""
        if (name, mode) not in self._in_mode:
            setting = self.setting
            state = setting.canonical(False)
            fixed = {state[f.path]: setting.pool.value(f.sort, value) for f, value in zip(setting.modes, mode, strict=True)}
            ends = [substitute(setting.pool, end, fixed) for end in self.ends(name)]
            self._in_mode[name, mode] = [end for end in ends if not is_false(end[0])]
        return self._in_mode[name, mode]


def _told(what: str, one: Answer | Verdict, other: Answer | Verdict) -> tuple[str, bool | None]:
    """A verdict in words, and whether it is the same; None where one of the two is not known."""
    unknown = one in (Answer.UNKNOWN, Verdict.UNKNOWN) or other in (Answer.UNKNOWN, Verdict.UNKNOWN)
    return f"{what}: {one}, now {other}", True if one is other else None if unknown else False


def _spread(description: Description, names: Iterable[str], most: int = MOST_JUDGED) -> list[str]:
    """At most so many of some instructions, those of different functions first."""
    wanted = set(names)
    first: dict[str, str] = {}
    rest: list[str] = []
    for item in description.instructions:
        if item.name in wanted and first.setdefault(item.function.name, item.name) != item.name:
            rest.append(item.name)
    return [*first.values(), *rest][:most]


def _few(side: _Side, names: Iterable[str]) -> list[str]:
    """A few of the instructions where all of them share what is another; one that accesses memory, as questions about it are hard."""
    chosen: dict[bool, list[str]] = {False: [], True: []}
    for name in _spread(side.setting.description, names, most=64):
        chosen[side.executions.touches_memory(side.named(name))].append(name)
    return [*chosen[False][:SHARED_JUDGED], *chosen[True][:1]]


def _samples(side: _Side) -> list[str]:
    """An instruction that accesses memory, where all that is another is where accesses lead."""
    found = [item.name for item in side.setting.description.instructions if side.executions.touches_memory(item)]
    return _spread(side.setting.description, found, most=1)
