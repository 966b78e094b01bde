"""Host configurations: values of the `search` bits that make the theorems true, fewest bits set first, or a proof that there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

from vmproof.engines.verdict import Verdict
from vmproof.terms import BitVecSort, Term, Value, evaluate, substitute, variables
from vmproof.virtualize.decide import Candidate, answered_at_once
from vmproof.virtualize.result import Answer, HostResult
from vmproof.virtualize.round import Round
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.tiers import ConcreteTier
from vmproof.virtualize.world import World

MOST_TRIED = 64
"""How many configurations are judged before the search is given up."""

REFUTING = ("critical", "resource_control", "needless_trap")
"""The findings that refute a configuration: theorems 1, 4 and 5."""


@dataclass(eq=False)
class Search:
    """The assignments of the search bits, and those that counterexamples rule out."""

    setting: Setting
    widths: dict[str, int] = field(default_factory=dict)
    _blocks: list[tuple[Term, dict[str, Term]]] = field(default_factory=list)
    _judged: list[dict[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for path in self.setting.scenario.search:
            sort = self.setting.sort(path)
            self.widths[path] = sort.width if isinstance(sort, BitVecSort) else 1

    @property
    def space(self) -> int:
        return 1 << sum(self.widths.values())

    def assignments(self) -> Iterator[dict[str, int]]:
        """All assignments, those with the fewest bits set first."""
        places = [(path, bit) for path, width in self.widths.items() for bit in range(width)]
        for count in range(len(places) + 1):
            for chosen in combinations(places, count):
                values = dict.fromkeys(self.widths, 0)
                for path, bit in chosen:
                    values[path] |= 1 << bit
                yield values

    def open(self, values: Mapping[str, int]) -> bool:
        """Whether no counterexample rules an assignment out, and it was not judged yet."""
        if values in self._judged:
            return False
        for refuted, bits in self._blocks:
            given: dict[Term, Value] = {term: bool(values[path]) if not term.width else values[path] for path, term in bits.items()}
            if evaluate([refuted], given, default=True) == [True]:
                return False
        return True

    def judged(self, values: Mapping[str, int]) -> None:
        self._judged.append(dict(values))

    def learn(self, found: Round) -> None:
        """Rule out every assignment that a counterexample of this round refutes as well."""
        for one in found.classified:
            for question in REFUTING:
                candidate = one.of(question).candidate
                if candidate is not None:
                    self._block(found, candidate)

    def _block(self, found: Round, candidate: Candidate) -> None:
        """The candidate's states with the search bits of the real ones left open: where the property still holds, they refute it."""
        setting = found.setting
        if any(path in setting.translation_reads for path in self.widths):
            return  # other bits might be another view
        pool = setting.pool
        bits = {path: pool.var(f"search.{path}", setting.sort(path)) for path in self.widths}
        opened = World(setting)
        for body in candidate.world.bodies.values():
            opened.bodies[body.name] = replace(body, state={**body.state, **bits}) if body.partner is not None else body
        tier = ConcreteTier(found.executions, opened, candidate.instruction, dict(candidate.operands))
        formula = answered_at_once(candidate.question.definition(tier))
        if formula is None:
            return
        related = [
            term
            for body in opened.bodies.values()
            if body.partner is not None
            for term in (
                setting.description.legal(body.state),
                setting.description.host(setting.scenario, body.state, opened.bodies[body.partner].state, dict(body.picks)),
            )
        ]
        refuted = pool.and_(*related, pool.or_(*(part.term for part in formula.parts)))
        kept = set(bits.values())
        known = {v: pool.value(v.sort, value) for v, value in candidate.environment.items() if v not in kept}
        [refuted] = substitute(pool, [refuted], known)
        if set(variables([refuted])) <= kept:
            self._blocks.append((refuted, bits))


def holds(found: Round) -> Verdict:
    """Whether virtualizable, resource control and efficiency hold together in a round."""
    if found.vacuous:
        return Verdict.VACUOUS
    premises = [premise.verdict for premise in found.premises.values()]
    answers = [one.of(question).answer for one in found.classified for question in REFUTING]
    if Verdict.REFUTED in premises or any(answer is Answer.YES for answer in answers):
        return Verdict.REFUTED
    if any(premise is not Verdict.PROVED for premise in premises) or any(answer is Answer.UNKNOWN for answer in answers):
        return Verdict.UNKNOWN
    return Verdict.PROVED


def search_host(setting: Setting, learnt: Round, judge: Callable[[Setting], Round]) -> tuple[HostResult, Round | None]:
    """Search the configurations; `learnt` is what refutes the setting with all search bits open, `judge` makes a round with some fixed.

    The round returned is that of the first configuration found, None where there is none.
    """
    search = Search(setting)
    search.learn(learnt)
    searched = tuple(search.widths)
    good: list[tuple[dict[str, int], Round]] = []
    undecided = 0
    tried = 0
    for values in search.assignments():
        if good and _weight(values) > _weight(good[0][0]):
            break
        if not search.open(values):
            continue
        if tried >= MOST_TRIED:
            undecided += 1
            break
        tried += 1
        round_ = judge(setting.fixing(values))
        verdict = holds(round_)
        search.judged(values)
        search.learn(round_)
        if verdict is Verdict.PROVED:
            good.append((values, round_))
        elif verdict is Verdict.UNKNOWN:
            undecided += 1
    if good:
        reason = f"Virtualizable, resource control and efficiency hold together with {_text(good[0][0])}."
        result = HostResult(searched, Verdict.PROVED, reason, tuple(values for values, _ in good), tried, search.space)
        return result, good[0][1]
    if undecided:
        return HostResult(searched, Verdict.UNKNOWN, "Some configurations are undecided.", (), tried, search.space), None
    reason = (
        f"None of the {search.space} values of {', '.join(searched)} makes virtualizable, resource control and efficiency hold together."
    )
    return HostResult(searched, Verdict.REFUTED, reason, (), tried, search.space), None


def _weight(values: Mapping[str, int]) -> int:
    return sum(value.bit_count() for value in values.values())


def _text(values: Mapping[str, int]) -> str:
    return ", ".join(f"{path} = {value}" for path, value in values.items())
