"""All that is wrong with a description, at once: `vmproof lint`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

from vmproof.errors import InputError, Place
from vmproof.language.budget import Budget
from vmproof.language.description import Description
from vmproof.language.loader import Loader
from vmproof.language.machine import Instruction, Scenario
from vmproof.language.memory import Located, Physical
from vmproof.language.module import FOLLOWS
from vmproof.language.outcome import Obligation, State
from vmproof.language.overlaps import TooComplexError
from vmproof.language.run import Run
from vmproof.language.source import read_source
from vmproof.terms import BOOL, BitVecSort, BoolSort, Pool, Term, default_value, substitute, variables

TRIED_BITS = 8  # of the variables that decide an obligation


def lint(path: Path, budget: Budget | None = None) -> list[InputError]:
    """Every mistake that reading can find, in order of place: wrong statements, wrong bodies, overlapping and unreachable patterns.

    A mistake that only follows from another one is left out, and after a hundred of them reading ends.
    """
    problems: list[InputError] = []
    try:
        loader = Loader(path, budget or Budget(), problems)
        description = loader.load(read_source(path))
    except InputError as problem:
        return _ordered([*problems, problem])
    if not description.machine.state.fields:
        return _ordered(problems or ([] if description.machine.relating else [_no_state(path)]))
    return _ordered([*problems, *_bodies(description), *_patterns(description)])


def _no_state(path: Path) -> InputError:
    return InputError("the description has no State", Place(path, 1), "a machine is a class with base State")


def _ordered(problems: list[InputError]) -> list[InputError]:
    """Sorted by place, each once, without those that follow from others."""
    seen: dict[str, InputError] = {}
    for problem in problems:
        if problem.message != FOLLOWS:
            seen.setdefault(str(problem), problem)
    return sorted(seen.values(), key=lambda item: (str(item.place.path), item.place.line, item.place.column) if item.place else ("", 0, 0))


def _bodies(description: Description) -> list[InputError]:
    """Run everything once over an arbitrary legal state."""
    found = _Findings(description)
    state = description.fresh("lint")
    for predicate in description.machine.legal:
        found.collect(lambda predicate=predicate: description.claim(predicate, state)[1])  # type: ignore[misc]
    found.assume(state)
    found.collect(lambda: description.translation_obligations(state))
    if description.machine.fetch is not None:
        found.collect(lambda: description.fetch_obligations(state))
    somewhere = _Somewhere(description)
    for instruction in description.instructions:
        found.collect(lambda instruction=instruction: _executed(description, instruction, state, somewhere))  # type: ignore[misc]
    for scenario in description.scenarios:
        found.collect(lambda scenario=scenario: _scenario(description, scenario))  # type: ignore[misc]
    return found.problems


class _Findings:
    """Mistakes and obligations that legality does not discharge."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.problems: list[InputError] = []
        self.legal = description.pool.true

    def assume(self, state: State) -> None:
        """Take what `@legal` says of the state for granted from here on."""
        try:
            self.legal = self.description.legal(state)
        except InputError as problem:
            self.problems.append(problem)

    def collect(self, read: Callable[[], list[Obligation]]) -> None:
        """Keep what is wrong with a part, and those of its obligations that simplification alone does not show to hold."""
        try:
            for item in read():
                if not holds(self.description.pool, self.description.pool.and_(self.legal, item.guard), item.claim):
                    self.problems.append(InputError(item.sentence, item.place))
        except InputError as problem:
            self.problems.append(problem)


def holds(pool: Pool, premise: Term, claim: Term) -> bool:
    """Whether simplification shows that the premise implies the claim; where few bits decide the claim, their values are tried one by one.

    False means that it was not shown.
    """
    broken = pool.and_(premise, pool.not_(claim))
    if broken is pool.false:
        return True
    deciding = sorted(variables([claim]), key=lambda term: term.id)
    cases = _breaking(pool, deciding, claim)
    return cases is not None and all(substitute(pool, [broken], case)[0] is pool.false for case in cases)


def _breaking(pool: Pool, deciding: list[Term], claim: Term) -> Iterable[dict[Term, Term]] | None:
    """Values of these variables among which are all that break the claim; None where there are too many."""
    if len(deciding) == 1 and claim is pool.ne(deciding[0], _nought(pool, deciding[0])):
        return [{deciding[0]: _nought(pool, deciding[0])}]
    widths = [term.sort.width if isinstance(term.sort, BitVecSort) else 1 for term in deciding]
    if sum(widths) > TRIED_BITS or not all(isinstance(term.sort, BitVecSort | BoolSort) for term in deciding):
        return None
    return (
        {term: pool.value(term.sort, bool(value) if term.sort == BOOL else value) for term, value in zip(deciding, values, strict=True)}
        for values in product(*(range(1 << width) for width in widths))
    )


def _nought(pool: Pool, term: Term) -> Term:
    return pool.value(term.sort, default_value(term.sort))


class _Somewhere(Physical):
    """Where loads and stores go does not matter here, nor does it to what a translation owes, so one address stands for all."""

    def __init__(self, description: Description) -> None:
        super().__init__(description.machine.memory_name or "")
        self._description = description
        self._found: dict[tuple[int, int], Located] = {}

    def locate(self, run: Run, va: Term, access: int, size: int) -> Located:
        if (access, size) not in self._found:
            self._found[access, size] = self._description.translate(self._description.fresh("lint"), va, access, size)
        return self._found[access, size]


def _executed(description: Description, instruction: Instruction, state: State, memory: Physical) -> list[Obligation]:
    outcome = description.execute(instruction, state, description.operands(instruction), memory)
    if outcome.traps and description.machine.trap_entry is None:
        raise InputError(f"`{instruction.name}` can trap, but there is no @trap_entry", instruction.place)
    found = list(outcome.obligations)
    for trap in outcome.traps:
        found += description.entry_obligations(trap)
    return found


def _scenario(description: Description, scenario: Scenario) -> list[Obligation]:
    real, guest = description.fresh("real"), description.fresh("guest")
    picks = {name: description.pool.var(f"pick.{name}", sort) for name, sort in scenario.picks}
    description.host(scenario, real, guest, picks)
    va = description.pool.var("lint#va", BitVecSort(max(description.virtual_width, 1)))
    description.reserved(scenario, real, guest, va)
    description.everywhere(scenario, real, guest, va)
    if scenario.realise is not None:
        description.realise(scenario, real, guest, va)
    return []


def _patterns(description: Description) -> list[InputError]:
    problems: list[InputError] = []
    if description.machine.fetch is None and description.instructions:
        start = Place(description.path, 1)
        return [InputError("there is no @fetch, so no program can be run", start)]
    try:
        decoder = description.decoder
        overlaps, unreachable = decoder.overlaps(), decoder.unreachable()
    except InputError as problem:
        return [problem]
    except TooComplexError:
        return [InputError("the patterns overlap in too many ways to be compared", Place(description.path, 1))]
    hidden = set(unreachable)
    for overlap in overlaps:
        one, other = description.instructions[overlap.index_a], description.instructions[overlap.index_b]
        text = f"the patterns of `{one.name}` and `{other.name}` overlap: {overlap.example} is both"
        problems.append(InputError(text, other.place))
    for index in sorted(hidden):
        item = description.instructions[index]
        problems.append(InputError(f"the pattern of `{item.name}` is never reached: others match all of it", item.place))
    return problems
