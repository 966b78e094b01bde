"""How strong a proof is: which mutants of its subject it notices."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.language import load
from vmproof.theorems.fates import Fate, Trialled, fate_of
from vmproof.theorems.mutation import Mutant, machine_mutants, system_mutants
from vmproof.theorems.outcome import Outcome, Standing
from vmproof.theorems.processes import Task, perform_all
from vmproof.theorems.relating import read_subject
from vmproof.theorems.runner import Settings, run
from vmproof.theorems.theorem import VIRTUALIZE, Theorem
from vmproof.theorems.trials import Trial

__all__ = ["Fate", "Sample", "Strength", "Tried", "Watch", "mutants_of", "strength"]

_SECONDS = 60.0
"""Of a mutant of a system, where nobody says otherwise."""
_ORIGINAL = 600.0
"""Of the theorem as it is, at least: all else would be in vain without it, and mutants are tried beside it."""
_PATIENCE = 120.0
"""Seconds for the instructions of a machine that one privilege check concerns."""
_EQUIVALENCE = "equivalence"


@dataclass(frozen=True)
class Tried:
    """A mutant with its fate, and the outcome of the theorem about it."""

    mutant: Mutant
    fate: Fate
    outcome: Outcome


@dataclass(frozen=True)
class Sample:
    """Only `size` of a system's mutants, drawn at random; the same for the same seed."""

    size: int
    seed: int = 1


@dataclass
class Strength:
    """The mutants of one theorem's subject: `total` in all, of which `wanted` are to be tried and `tried` have been so far."""

    theorem: Theorem
    total: int = 0
    wanted: int = 0
    sample: Sample | None = None
    tried: list[Tried] = field(default_factory=list)

    def count(self, fate: Fate) -> int:
        return sum(item.fate is fate for item in self.tried)

    @property
    def counted(self) -> int:
        """How many mutants could be noticed, as far as is known."""
        return sum(self.count(fate) for fate in (Fate.KILLED, Fate.BROKEN, Fate.SURVIVED, Fate.UNDECIDED))

    @property
    def score(self) -> float | None:
        """The share of mutants that are noticed, of those that could be; None where there are none."""
        return (self.count(Fate.KILLED) + self.count(Fate.BROKEN)) / self.counted if self.counted else None

    @property
    def untried(self) -> int:
        """How many mutants are still to be tried."""
        return self.wanted - len(self.tried)


@dataclass(frozen=True)
class Watch:
    """Who follows the trials: `told` hears how many steps of how many are done and what was the last, `ended` of each mutant's fate."""

    told: Callable[[int, int, str], None]
    ended: Callable[[Tried], None]


def mutants_of(theorem: Theorem) -> list[Mutant]:
    """The mutants of a system that a theorem is about. Raises InputError where it is wrong."""
    subject, _ = read_subject(theorem, theorem.sizes)
    return system_mutants(subject)


def strength(found: Strength, settings: Settings, watch: Watch) -> None:
    """Try every mutant of the theorem, or those of the sample, and note in `found` what becomes of them, in the order of the mutants.

    Raises InputError where the theorem is not what it is expected to be without any change. On KeyboardInterrupt, or whatever else leaves
    this function, all processes are ended, and `found` has what was decided until then.
    """
    if found.theorem.method == VIRTUALIZE:
        _machine(found, settings, watch)
    else:
        _System(found, settings, watch).run()


class _System:
    """The trials of a system's mutants."""

    def __init__(self, found: Strength, settings: Settings, watch: Watch) -> None:
        self._found, self._settings, self._watch = found, settings, watch
        numbered = list(enumerate(mutants_of(found.theorem), 1))
        found.total = len(numbered)
        if found.sample is not None and found.sample.size < len(numbered):
            numbered = sorted(Random(found.sample.seed).sample(numbered, found.sample.size), key=lambda item: item[0])
        else:
            found.sample = None
        found.wanted = len(numbered)
        self._numbered = numbered
        self._number = {id(mutant): number for number, mutant in numbered}

    def run(self) -> None:
        """Try all, and prove the theorem as it is beside them."""
        theorem, settings = self._found.theorem, self._settings
        brief = replace(settings, timeout=settings.timeout or _SECONDS)
        keys: dict[str, str] = {}
        trials: dict[int, Mutant] = {}
        tasks: list[Task[Outcome | Trialled]] = []
        original = _remembered(theorem, settings)
        if original is None:
            tasks.append(replace(settings, timeout=max(_ORIGINAL, settings.seconds(theorem))).proof(theorem))
        else:
            _expected(theorem, original)
        for number, mutant in self._numbered:
            changed = mutant.of(theorem, number)
            known: Trialled | None = None
            if settings.store is not None:
                text = f"trial {brief.key(changed)} {settings.key(theorem)}"
                keys[changed.name] = hashlib.blake2b(text.encode(), digest_size=20).hexdigest()
                entry = settings.store.get(keys[changed.name])
                known = Trialled.from_json(changed, entry) if entry is not None else None
            if known is not None:
                self._take(mutant, known)
            else:
                tasks.append(Trial(theorem, mutant.function, brief.proof(changed), settings.seconds(theorem)))
                trials[id(tasks[-1])] = mutant

        def take(task: Task[Outcome | Trialled], result: Outcome | Trialled) -> None:
            if isinstance(result, Outcome):
                _expected(theorem, result)
                if settings.store is not None and result.lasting:
                    settings.store.put(settings.key(theorem), result.to_json())
                return
            if settings.store is not None and result.fate is not Fate.UNDECIDED:
                settings.store.put(keys[result.outcome.name], result.to_json())
            self._take(trials[id(task)], result)

        perform_all(tasks, settings.jobs, take)

    def _take(self, mutant: Mutant, result: Trialled) -> None:
        found = self._found
        item = Tried(mutant, result.fate, result.outcome)
        found.tried.append(item)
        found.tried.sort(key=lambda one: self._number[id(one.mutant)])
        self._watch.told(len(found.tried), found.wanted, result.outcome.name)
        self._watch.ended(item)


def _remembered(theorem: Theorem, settings: Settings) -> Outcome | None:
    entry = settings.store.get(settings.key(theorem)) if settings.store is not None else None
    return Outcome.from_json(theorem, entry) if entry is not None else None


def _expected(theorem: Theorem, outcome: Outcome) -> None:
    """Raises InputError where a theorem without any change is not as expected."""
    if outcome.standing(theorem.expect) is not Standing.MET:
        said = f"{theorem.name} is {outcome.verdict.text} as it stands, not {theorem.expect.text}, so that its mutants say nothing"
        raise InputError(said, hint=f"vmproof prove {theorem.name}")


def _machine(found: Strength, settings: Settings, watch: Watch) -> None:
    """The mutants of a machine lack one privilege check each. One is noticed if other instructions are critical then, or equivalence has
    another verdict; only the instructions that the check concerns are judged, with it and without."""
    theorem = found.theorem
    mutants = machine_mutants(load(theorem.subject, texts=theorem.texts))
    asked = replace(theorem, prove=(_EQUIVALENCE,), critical=None, expect=Verdict.PROVED)
    groups = list(dict.fromkeys(names for _, names in mutants))
    found.total = found.wanted = len(mutants)
    found.sample = None
    total, done = len(groups) + len(mutants), 0
    known: dict[tuple[str, ...], Outcome] = {}
    trials: dict[str, tuple[Mutant, tuple[str, ...]]] = {}

    def ended(one: Theorem, outcome: Outcome) -> None:
        nonlocal done
        done += 1
        watch.told(done, total, one.name)
        if one.name in trials:
            mutant, names = trials[one.name]
            fate = fate_of(one, outcome)
            if outcome.mismatch:
                fate = Fate.KILLED
            item = Tried(mutant, fate if known[names].lasting else Fate.UNDECIDED, outcome)
            found.tried.append(item)
            watch.ended(item)

    patient = replace(settings, timeout=settings.timeout or _PATIENCE)
    whole = [replace(asked, name=f"{theorem.name} as it is: {', '.join(names)}", only=names) for names in groups]
    known.update(zip(groups, run(whole, patient, ended), strict=True))
    changed = [
        replace(mutant.of(asked, number), only=names, expect=known[names].verdict, critical=known[names].critical)
        for number, (mutant, names) in enumerate(mutants, 1)
    ]
    trials.update(zip((one.name for one in changed), mutants, strict=True))
    run(changed, patient, ended)
    place = {id(mutant): number for number, (mutant, _) in enumerate(mutants)}
    found.tried.sort(key=lambda item: place[id(item.mutant)])
