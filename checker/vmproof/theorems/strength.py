"""How strong a proof is: which mutants of its subject it notices."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.language import load
from vmproof.theorems.checks import affected
from vmproof.theorems.fates import Fate, Trialled
from vmproof.theorems.machine_trials import Grounding, MachineTrial, Premises
from vmproof.theorems.mutation import Mutant, system_mutants
from vmproof.theorems.outcome import Outcome, Standing
from vmproof.theorems.permissions import permission_mutants
from vmproof.theorems.processes import Task, perform_all
from vmproof.theorems.relating import read_subject
from vmproof.theorems.runner import Settings
from vmproof.theorems.theorem import VIRTUALIZE, Theorem
from vmproof.theorems.trials import Trial

__all__ = ["Fate", "Sample", "Strength", "Tried", "Watch", "mutants_of", "strength"]

_SECONDS = 60.0
"""Of a mutant of a system, where nobody says otherwise."""
_ORIGINAL = 600.0
"""Of the theorem as it is, at least: all else would be in vain without it, and mutants are tried beside it."""
_PATIENCE = 180.0
"""Of a mutant of a machine, in all scenarios together."""


@dataclass(frozen=True)
class Tried:
    """A mutant with its fate, and the outcome of the theorem about it."""

    mutant: Mutant
    fate: Fate
    outcome: Outcome


@dataclass(frozen=True)
class Sample:
    """Only `size` of the mutants, drawn at random; the same for the same seed."""

    size: int
    seed: int = 1


@dataclass
class Strength:
    """The mutants of one theorem's subject: `total` in all, of which `wanted` are to be tried and `tried` have been so far.

    `scenarios`: those in which a machine's mutants are tried, in this order; the theorem's, or all that there are, for none.
    """

    theorem: Theorem
    total: int = 0
    wanted: int = 0
    sample: Sample | None = None
    scenarios: tuple[str, ...] = ()
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
        _Machine(found, settings, watch).run()
    else:
        _System(found, settings, watch).run()


class _Trials:
    """The trials of some mutants. Those of which a fate is remembered are not tried again."""

    def __init__(self, found: Strength, settings: Settings, watch: Watch, mutants: Sequence[Mutant]) -> None:
        self._found, self._settings, self._watch = found, settings, watch
        self._numbered = _drawn(found, mutants)
        self._number = {id(mutant): number for number, mutant in self._numbered}
        self._mutants: dict[str, Mutant] = {}
        self._keys: dict[str, str] = {}
        self._others = self._done = 0

    def _waiting(self, brief: Settings, about: str) -> list[tuple[Mutant, Theorem]]:
        """The mutants that are to be tried, each with the theorem about it, when those remembered are taken; `about`: what else decides."""
        waiting: list[tuple[Mutant, Theorem]] = []
        store = self._settings.store
        for number, mutant in self._numbered:
            changed = self._about(mutant, number)
            self._mutants[changed.name] = mutant
            if store is not None:
                self._keys[changed.name] = _digest(f"trial {brief.key(changed)} {about}")
                entry = store.get(self._keys[changed.name])
                known = Trialled.from_json(changed, entry) if entry is not None else None
                if known is not None:
                    self._take(known)
                    continue
            waiting.append((mutant, changed))
        return waiting

    def _about(self, mutant: Mutant, number: int) -> Theorem:
        return mutant.of(self._found.theorem, number)

    def _tried(self, result: Trialled) -> None:
        """Remember a fate, and take it."""
        if self._settings.store is not None and result.fate is not Fate.UNDECIDED:
            self._settings.store.put(self._keys[result.outcome.name], result.to_json())
        self._take(result)

    def _take(self, result: Trialled) -> None:
        found, item = self._found, Tried(self._mutants[result.outcome.name], result.fate, result.outcome)
        found.tried.append(item)
        found.tried.sort(key=lambda one: self._number[id(one.mutant)])
        self._told(result.outcome.name)
        self._watch.ended(item)

    def _told(self, what: str) -> None:
        """Something is done, of the mutants and of the others beside them."""
        self._done += 1
        self._watch.told(self._done, self._found.wanted + self._others, what)


class _System(_Trials):
    """The trials of a system's mutants."""

    def __init__(self, found: Strength, settings: Settings, watch: Watch) -> None:
        super().__init__(found, settings, watch, mutants_of(found.theorem))

    def run(self) -> None:
        """Try all, and prove the theorem as it is beside them."""
        theorem, settings = self._found.theorem, self._settings
        brief = replace(settings, timeout=settings.timeout or _SECONDS)
        tasks: list[Task[Outcome | Trialled]] = []
        original = _remembered(theorem, settings)
        if original is None:
            tasks.append(replace(settings, timeout=max(_ORIGINAL, settings.seconds(theorem))).proof(theorem))
        else:
            _expected(theorem, original)
        for mutant, changed in self._waiting(brief, settings.key(theorem)):
            tasks.append(Trial(theorem, mutant.function, brief.proof(changed), settings.seconds(theorem)))

        def take(task: Task[Outcome | Trialled], result: Outcome | Trialled) -> None:
            if isinstance(result, Trialled):
                self._tried(result)
                return
            _expected(theorem, result)
            if settings.store is not None and result.lasting:
                settings.store.put(settings.key(theorem), result.to_json())

        perform_all(tasks, settings.jobs, take)


def _remembered(theorem: Theorem, settings: Settings) -> Outcome | None:
    entry = settings.store.get(settings.key(theorem)) if settings.store is not None else None
    return Outcome.from_json(theorem, entry) if entry is not None else None


def _expected(theorem: Theorem, outcome: Outcome) -> None:
    """Raises InputError where a theorem without any change is not as expected."""
    if outcome.standing(theorem.expect) is not Standing.MET:
        said = f"{theorem.name} is {outcome.verdict.text} as it stands, not {theorem.expect.text}, so that its mutants say nothing"
        raise InputError(said, hint=f"vmproof prove {theorem.name}")


class _Machine(_Trials):
    """The trials of a machine's mutants."""

    def __init__(self, found: Strength, settings: Settings, watch: Watch) -> None:
        theorem = found.theorem
        self._description = description = load(theorem.subject, texts=theorem.texts)
        super().__init__(found, replace(settings, timeout=settings.timeout or _PATIENCE), watch, permission_mutants(description))
        chosen = found.scenarios or ((theorem.scenario,) if theorem.scenario else tuple(item.name for item in description.scenarios))
        self._scenarios = [description.scenario(name).name for name in chosen] or [""]
        self._others = len(self._scenarios)

    def run(self) -> None:
        """Ask the premises of the machine as it is, then try all."""
        theorem, settings = self._found.theorem, self._settings
        premises = self._premises()
        texts = {path.resolve(): text for path, text in theorem.texts.items()}
        tasks = [
            MachineTrial(settings.proof(changed), theorem.subject, texts, premises, affected(self._description, mutant.function))
            for mutant, changed in self._waiting(settings, f"{settings.key(theorem)} {' '.join(self._scenarios)}")
        ]
        perform_all(tasks, settings.jobs, lambda task, result: self._tried(result))

    def _about(self, mutant: Mutant, number: int) -> Theorem:
        """No instructions are expected to be critical: what they are is compared."""
        return replace(super()._about(mutant, number), critical=None)

    def _premises(self) -> tuple[Premises, ...]:
        """Those of each scenario. Raises InputError where they cannot be asked."""
        theorem, settings = self._found.theorem, self._settings
        known: dict[str, Premises] = {}
        keys = {name: _digest(f"premises {settings.key(theorem)} {name}") for name in self._scenarios}
        if settings.store is not None:
            for name in self._scenarios:
                entry = settings.store.get(keys[name])
                if entry is not None:
                    known[name] = Premises(name, {premise: Verdict(verdict) for premise, verdict in entry.items()})
        patient = replace(settings, timeout=max(_ORIGINAL, settings.seconds(theorem))).proof(theorem)

        def take(task: Task[Premises], result: Premises) -> None:
            known[result.scenario] = result
            if settings.store is not None and result.verdicts:
                settings.store.put(keys[result.scenario], {name: verdict.value for name, verdict in result.verdicts.items()})
            self._told(f"{theorem.name} as it is: {result.scenario}")

        perform_all([Grounding(patient, name) for name in self._scenarios if name not in known], settings.jobs, take)
        for premises in known.values():
            if not premises.verdicts:
                raise InputError(f"{theorem.name} cannot be judged as it is: {premises.reason}")
        return tuple(known[name] for name in self._scenarios)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def _drawn(found: Strength, mutants: Sequence[Mutant]) -> list[tuple[int, Mutant]]:
    """The mutants that are to be tried, numbered."""
    numbered = list(enumerate(mutants, 1))
    found.total = len(numbered)
    if found.sample is not None and found.sample.size < len(numbered):
        numbered = sorted(Random(found.sample.seed).sample(numbered, found.sample.size), key=lambda item: item[0])
    else:
        found.sample = None
    found.wanted = len(numbered)
    return numbered
