"""Decides the properties of one system: which engine, at which sizes, and what was found, in a form that needs neither afterwards."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vmproof.engines.asking import SEARCHER
from vmproof.engines.bmc import bmc, scheduled
from vmproof.engines.domains import sort_size
from vmproof.engines.explicit import explore
from vmproof.engines.fairness import never_stuck
from vmproof.engines.induction import induction
from vmproof.engines.kinduction import kinduction
from vmproof.engines.liveness import liveness
from vmproof.engines.reading import transition_system
from vmproof.engines.result import Answer, Trace
from vmproof.engines.search import Limits
from vmproof.engines.sighting import sight
from vmproof.engines.system import Kind, Property, TransitionSystem, Variable
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.formats.naming import Naming
from vmproof.formats.trace import ShownTrace, shown
from vmproof.language.loader import load_system
from vmproof.language.suggest import suggest
from vmproof.language.systems import System
from vmproof.solvers import SolverPool
from vmproof.terms import ArraySort, Pool

AUTO = "auto"
ENGINES = (AUTO, "explicit", "induction", "k-induction", "bmc", "liveness")
DEFAULT_SIZE = 3
"""Of an unsized type, for an engine that needs a size, where nobody gives one."""
DEFAULT_BOUND = 20
"""Steps of bounded checking and of k-induction."""
_SMALL = 48  # bits of state: explicit search may reach far fewer states than these allow, so it is tried
_TRIED = Limits(states=2_000_000, seconds=15.0)
_BRIEF = Limits(states=500_000, seconds=2.0)
"""Of a search for stuck states that nothing else needs."""
STUCK = "stuck"


@dataclass(frozen=True)
class Question:
    """What is asked of a system. `properties`: their names, None for all. `bound` None: the engine's own choice.

    `examples` are sizes for engines that need some, beside `sizes`. `texts` stand in for files (see `load_system`). `until_refuted`: the
    first refutation answers the whole question. `steps`: bounded checking is of executions of these actions only. `seen`: of what can
    happen it is enough to see it, however long that takes. `read`: the systems that were read for this question, by path and sizes; what
    `replace` makes of a question, with the same texts and parameters, reads none of them again.
    """

    path: Path
    properties: tuple[str, ...] | None = None
    engine: str = AUTO
    bound: int | None = None
    timeout: float = 60.0
    sizes: Mapping[str, int] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[Path, str] = field(default_factory=dict)
    until_refuted: bool = False
    steps: tuple[str, ...] = ()
    seen: bool = False
    read: dict[tuple[Path, frozenset[tuple[str, int]]], tuple[System, TransitionSystem]] = field(
        default_factory=dict, repr=False, compare=False
    )


@dataclass(frozen=True)
class Evidence:
    """A trace with the names of its system, for formats that need both."""

    naming: Naming
    trace: Trace


@dataclass(frozen=True)
class Found:
    """What was found out about one property.

    `sizes` are those of the types that the file leaves unsized, as far as they were given one: a verdict holds for these; empty where it
    holds for any number. `details` is a counterexample to induction as text. `states` is how many states there are, where that is exact.
    """

    name: str
    kind: str
    sentence: str
    verdict: Verdict
    engine: str
    seconds: float
    bound: int | None = None
    reason: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    trace: ShownTrace | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    states: int | None = None
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "sentence": self.sentence,
            "verdict": self.verdict.value,
            "bound": self.bound,
            "engine": self.engine,
            "seconds": round(self.seconds, 3),
            "reason": self.reason,
            "sizes": dict(self.sizes),
            "states": self.states,
            "details": dict(self.details),
            "trace": self.trace.to_json() if self.trace else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Found:
        """What `to_json` wrote; KeyError, TypeError or ValueError for anything else."""
        trace = ShownTrace.from_json(data["trace"]) if data["trace"] is not None else None
        given = {name: data[name] for name in ("name", "kind", "sentence", "engine", "seconds", "bound", "reason", "states")}
        return cls(**given, verdict=Verdict(data["verdict"]), sizes=dict(data["sizes"]), details=dict(data["details"]), trace=trace)


def decide(question: Question, pool: SolverPool) -> list[Found]:
    """An answer for each property that was asked for, in the order of the file. Raises InputError where file or question are wrong."""
    return _Decision(question, pool, lambda system: _select(system, question)).found()


def examine(question: Question, pool: SolverPool) -> tuple[list[Found], Found]:
    """As `decide`, and whether every reachable state has a successor.

    The latter is REFUTED with a shortest trace to a state that is stuck, PROVED, or UNKNOWN where no search came to an end.
    """
    decision = _Decision(question, pool, lambda system: _select(system, question))
    found = decision.found()
    return found, decision.stuck({item.name for item in found if item.verdict is Verdict.PROVED})


def decide_claims(question: Question, pool: SolverPool, claims: Callable[[TransitionSystem], list[Property]]) -> list[Found]:
    """As `decide`, of claims that are made of the system; its types get sizes first."""
    return _Decision(question, pool, claims, sized=True).found()


@dataclass(frozen=True, eq=False)
class _Instance:
    """The system with certain sizes."""

    system: System
    transitions: TransitionSystem
    sizes: Mapping[str, int]
    claims: tuple[Property, ...]

    @property
    def unsized(self) -> list[str]:
        return [name for name, kind in self.system.machine.unsized.items() if kind.size is None]


class _Decision:
    """One question with the instances of the system that it took."""

    def __init__(
        self, question: Question, pool: SolverPool, claims: Callable[[TransitionSystem], list[Property]], sized: bool = False
    ) -> None:
        self._question = question
        self._pool = pool
        self._claims = claims
        self._deadline = time.monotonic() + question.timeout
        self._given = self._load(question.sizes)
        self._sized: _Instance | None = None if self._given.unsized else self._given
        if sized:
            self._given = self._with_sizes()
        self._kinds = {claim.name: claim.kind for claim in self._given.claims}
        self._wanted = list(self._kinds)
        self._stuck: Found | None = None

    def found(self) -> list[Found]:
        groups = [[item] for item in self._wanted] if self._question.until_refuted else [self._wanted]
        results: list[Found] = []
        for group in groups:
            results += self._group(group)
            if self._question.until_refuted and any(item.verdict is Verdict.REFUTED for item in results):
                break
        return results

    def stuck(self, proved: Container[str]) -> Found:
        """Whether every reachable state has a successor: as a search of the properties found, as those that are proved imply, or as a brief
        search finds."""
        if self._stuck is not None and self._stuck.verdict is not Verdict.UNKNOWN:
            return self._stuck
        instance = self._with_sizes()
        left = max(0.01, self._deadline - time.monotonic())
        lemmas = [claim for claim in instance.claims if claim.kind is Kind.ALWAYS and claim.name in proved]
        implied = never_stuck(instance.transitions, lemmas, pool=self._pool, timeout=min(left, _BRIEF.seconds))
        if implied is not None:
            return _found(instance, _SUCCESSOR, implied)
        limits = replace(_BRIEF, seconds=min(left, _BRIEF.seconds))
        return _found(instance, _SUCCESSOR, explore(instance.transitions, [], pool=self._pool, limits=limits).stuck)

    def _group(self, wanted: Sequence[str]) -> list[Found]:
        engine = self._question.engine
        if engine == "induction":
            return self._run("induction", self._given, wanted)
        if engine != AUTO:
            return self._run(engine, self._with_sizes(), wanted)
        if self._given is self._sized:
            return self._automatic(wanted)
        invariants = [name for name in wanted if self._kinds[name] is Kind.ALWAYS]
        general = {item.name: item for item in self._run("induction", self._given, invariants)} if invariants else {}
        rest = [name for name in wanted if name not in general or general[name].verdict is not Verdict.PROVED]
        sized = {item.name: item for item in self._automatic(rest)} if rest else {}
        return [combined(general.get(name), sized.get(name)) for name in wanted]

    def _automatic(self, wanted: Sequence[str]) -> list[Found]:
        """Engines in turn on a sized system, each for what the ones before left open."""
        instance = self._with_sizes()
        results: dict[str, Found] = {}
        if _bits(instance.transitions) <= _SMALL:
            results = {item.name: item for item in self._run("explicit", instance, wanted, tried=True)}
        engines = [
            ("induction", [Kind.ALWAYS]),
            *([("sighting", [Kind.SOMETIMES])] if self._question.seen else []),
            ("bmc", [Kind.ALWAYS, Kind.SOMETIMES]),
            ("liveness", [Kind.EVENTUALLY]),
        ]
        for engine, kinds in engines:
            left = [name for name in wanted if _is_open(results.get(name)) and self._kinds[name] in kinds]
            if not left:
                continue
            for item in self._run(engine, instance, left):
                known = results.get(item.name)
                if known is None or item.verdict is not Verdict.UNKNOWN or engine != "induction":
                    results[item.name] = item
        return [results[name] for name in wanted]

    def _run(self, engine: str, instance: _Instance, wanted: Sequence[str], tried: bool = False) -> list[Found]:
        claims = [claim for claim in instance.claims if claim.name in wanted]
        left = max(0.01, self._deadline - time.monotonic())
        bound = DEFAULT_BOUND if self._question.bound is None else self._question.bound
        system, pool = instance.transitions, self._pool
        match engine:
            case "explicit":
                limits = replace(_TRIED, seconds=min(left, _TRIED.seconds)) if tried else Limits(seconds=left)
                explored = explore(system, claims, pool=pool, limits=limits, exhaustive=False)
                answers = list(explored.answers)
                self._stuck = _found(instance, _SUCCESSOR, explored.stuck)
            case "induction":
                answers = induction(system, claims, pool=pool, timeout=left)
            case "k-induction":
                answers = kinduction(system, claims, pool=pool, bound=bound, timeout=left)
            case "bmc" if self._question.steps:
                answers = scheduled(system, claims, self._steps(system), pool=pool, timeout=left)
            case "bmc":
                answers = bmc(system, claims, pool=pool, bound=bound, timeout=left, solver=SEARCHER if self._question.seen else None)
            case "sighting":
                answers = sight(system, claims, pool=pool, bound=bound, timeout=left / 2)
            case "liveness":
                answers = liveness(system, claims, pool=pool, bound=bound, timeout=left)
            case _:
                raise InputError(f'there is no engine "{engine}"', hint=suggest(engine, ENGINES) or f"there are {', '.join(ENGINES)}")
        return [_found(instance, claim, answer) for claim, answer in zip(claims, answers, strict=True)]

    def _steps(self, system: TransitionSystem) -> tuple[str, ...]:
        """The actions that the question names. Raises InputError for one that the file does not have."""
        known = [action.name for action in system.actions]
        for name in self._question.steps:
            if name not in known:
                raise InputError(f'{self._question.path} has no action "{name}"', hint=suggest(name, known) or f"it has {', '.join(known)}")
        return self._question.steps

    def _with_sizes(self) -> _Instance:
        """The system in which every type has a size: the given one, or the default."""
        if self._sized is None:
            default = dict.fromkeys(self._given.unsized, DEFAULT_SIZE)
            self._sized = self._load({**default, **self._question.examples, **self._question.sizes})
        return self._sized

    def _load(self, sizes: Mapping[str, int]) -> _Instance:
        read, key = self._question.read, (self._question.path, frozenset(sizes.items()))
        if key not in read:
            system = load_system(self._question.path, sizes, self._question.parameters, texts=self._question.texts)
            read[key] = system, transition_system(system)
        system, transitions = read[key]
        return _Instance(system, transitions, dict(sizes), tuple(self._claims(transitions)))


_SUCCESSOR = Property(Kind.ALWAYS, STUCK, "every reachable state has a successor", (), Pool().true)


def _select(system: TransitionSystem, question: Question) -> list[Property]:
    """The properties that are asked for. Raises InputError for one that the file does not have."""
    known = {claim.name: claim for claim in system.properties}
    if not known:
        raise InputError(f"{question.path} claims nothing", hint="@invariant, @reachable and @eventually make claims")
    for name in question.properties or ():
        if name not in known:
            hint = suggest(name, known) or f"it has {', '.join(known)}"
            raise InputError(f'{question.path} has no property "{name}"', hint=hint)
    return [claim for name, claim in known.items() if question.properties is None or name in question.properties]


def _found(instance: _Instance, claim: Property, answer: Answer) -> Found:
    evidence: Evidence | None = None
    trace: ShownTrace | None = None
    if answer.trace is not None:
        evidence = Evidence(Naming(instance.system, instance.transitions.actions), answer.trace)
        trace = shown(evidence.naming, answer.trace, claim.name, answer.parameters)
    return Found(
        name=claim.name,
        kind=claim.kind.value,
        sentence=claim.sentence,
        verdict=answer.verdict,
        engine=answer.engine,
        seconds=answer.seconds,
        bound=answer.bound,
        reason=answer.reason,
        sizes=instance.sizes,
        trace=trace,
        details=answer.details if answer.verdict is Verdict.UNKNOWN else {},
        states=answer.states,
        evidence=evidence,
    )


def _is_open(item: Found | None) -> bool:
    return item is None or item.verdict is Verdict.UNKNOWN


def combined(general: Found | None, sized: Found | None) -> Found:
    """What is known for any number of elements, and for certain sizes: a refutation is one for both, a proof for sizes is not."""
    if general is None or sized is None:
        found = general or sized
        assert found is not None
        return found
    seconds = general.seconds + sized.seconds
    if sized.verdict is Verdict.REFUTED:
        return replace(sized, seconds=seconds)
    if sized.verdict not in (Verdict.PROVED, Verdict.HOLDS_UP_TO):
        return replace(general, seconds=seconds)
    held = "it holds" if sized.verdict is Verdict.PROVED else f"it holds up to {sized.bound} steps"
    return replace(general, seconds=seconds, reason=f"{general.reason}; {held} with {sizes_text(sized.sizes)} ({sized.engine})")


def sizes_text(sizes: Mapping[str, int]) -> str:
    """Sizes as people read them: Pid = 3, Frame = 3."""
    return ", ".join(f"{name} = {size}" for name, size in sizes.items())


def _bits(system: TransitionSystem) -> float:
    """How many bits the values of all leaves take."""
    return sum(_leaf_bits(item) * math.prod(index.count or 1 for index in item.indices) for item in system.variables if not item.rigid)


def _leaf_bits(item: Variable) -> float:
    sort = item.sort
    while isinstance(sort, ArraySort):
        sort = sort.element
    return math.log2(max(1, sort_size(sort, item.domain)))
