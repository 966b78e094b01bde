"""Tries one mutant of a machine: in one scenario after the other, until a verdict differs from that on the machine as it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.language import load
from vmproof.solvers import SolverPool
from vmproof.theorems.fates import Fate, Trialled
from vmproof.theorems.outcome import Outcome
from vmproof.theorems.worker import Proof
from vmproof.virtualize.asking import Asker, uncollected
from vmproof.virtualize.comparing import Compared, Original
from vmproof.virtualize.round import play
from vmproof.virtualize.setting import Setting

_LARGEST = 3_000_000
"""Terms that the machine and its mutants may have together before it is read anew."""
_QUERY = 20.0
"""Seconds for one question of a mutant."""


@dataclass(frozen=True)
class Premises:
    """The verdicts on the premises of a machine in one scenario ("" for the default one), by name; none with the `reason`."""

    scenario: str
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Grounding:
    """The task to ask the premises of a machine as it is, in one scenario."""

    proof: Proof
    scenario: str

    @property
    def seconds(self) -> float:
        return self.proof.seconds

    def perform(self) -> Premises:
        """The verdicts; none, with the reason, where something is wrong."""
        try:
            with self.proof.pool() as pool:
                description = load(self.proof.theorem.subject, texts=self.proof.theorem.texts)
                setting = Setting(description, description.scenario(self.scenario or None))
                with uncollected():
                    found = play(setting, Asker(pool), ())
            return Premises(self.scenario, {name: premise.verdict for name, premise in found.premises.items()})
        except InputError as error:
            return Premises(self.scenario, reason=str(error))

    def lost(self, seconds: float, reason: str, fault: bool) -> Premises:
        """What stands for the verdicts where there are none."""
        return Premises(self.scenario, reason=reason)


@dataclass(frozen=True)
class MachineTrial:
    """The task to try a mutant; `proof` is of the theorem about it, `original` the machine's text without any change.

    `concerned`: the instructions that it can change. `premises`: the verdicts on the machine as it is, of each scenario that the mutant is
    tried in, in their order.
    """

    proof: Proof
    subject: Path
    original: Mapping[Path, str]
    premises: tuple[Premises, ...]
    concerned: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return self.proof.seconds

    def perform(self) -> Trialled:
        """The fate of the mutant."""
        began = time.monotonic()
        try:
            fate, verdict, reason = self._tried(began + self.proof.seconds)
        except InputError as error:
            fate, verdict, reason = Fate.INVALID, Verdict.ERROR, str(error)
        return Trialled(fate, Outcome(self.proof.theorem.name, verdict, time.monotonic() - began, reason=reason))

    def lost(self, seconds: float, reason: str, fault: bool) -> Trialled:
        """What stands for the fate where there is none."""
        return Trialled(Fate.UNDECIDED, self.proof.lost(seconds, reason, fault))

    def _tried(self, deadline: float) -> tuple[Fate, Verdict, str]:
        theorem = self.proof.theorem
        known = _known(self.subject, tuple(self.original.items()), self.proof.solver, self.proof.memory_mb)
        tried: list[Compared] = []
        for premises in self.premises:
            original = known.original(premises)
            if tried and not tried[0].grounds and not original.speaks_of(tried[0].modes):
                continue  # whether legal states are kept is no matter of the scenario
            found = original.compared(load(theorem.subject, texts=theorem.texts, pool=original.pool), self.concerned)
            if found.difference:
                return Fate.KILLED, Verdict.REFUTED, f"{premises.scenario}: {found.difference}"
            tried.append(found)
            if time.monotonic() > deadline:
                return Fate.UNDECIDED, Verdict.UNKNOWN, f"no time was left after {premises.scenario}"
        if not any(found.modes or found.grounds for found in tried):
            return Fate.EQUIVALENT, Verdict.PROVED, ""
        left = [f"{found.scenario}: {text}" for found in tried for text in found.open]
        if left:
            return Fate.UNDECIDED, Verdict.UNKNOWN, left[0]
        return Fate.SURVIVED, Verdict.PROVED, _where(tried)


def _where(tried: list[Compared]) -> str:
    """What the mutant changes at all, and what of it was judged."""
    judged = ", ".join(
        f"{found.scenario} {found.judged}/{found.concerned or found.judged}" for found in tried if found.judged or found.grounds
    )
    return f"differs in {', '.join(tried[0].modes) or 'translation alone'}; judged: {judged or 'nothing, as it concerns no scenario'}"


class _Known:
    """A machine as it is, and what was found out about it, as long as this process has use for it."""

    def __init__(self, subject: Path, texts: Mapping[Path, str], solver: str, memory_mb: int) -> None:
        self._subject, self._texts = subject, texts
        self._solvers = SolverPool(1, solver, _QUERY, memory_mb)
        self._originals: dict[str, Original] = {}

    def original(self, premises: Premises) -> Original:
        """The machine as it is in a scenario, in a pool of its own: variables of the same name have other sorts in another one."""
        found = self._originals.get(premises.scenario)
        if found is None or len(found.pool) > _LARGEST:
            description = load(self._subject, texts=self._texts)
            found = Original(description, premises.scenario, premises.verdicts, self._solvers)
            self._originals[premises.scenario] = found
        return found


@cache
def _known(subject: Path, texts: tuple[tuple[Path, str], ...], solver: str, memory_mb: int) -> _Known:
    return _Known(subject, dict(texts), solver, memory_mb)
