"""Deciding one question about one instruction: first over the shared view, and where that has a model, exactly (THEORY, "The view").

*Unsatisfiable* over the view is a proof for all page tables. A model of it is a candidate: the instruction is then executed with the
description's own translation on states whose views agree at the addresses that matter; from a model of that, concrete states are made,
their whole views compared, and the instruction is replayed on them. A question that is large over the view is first asked, exactly, of
states that are nearly known (`known_states`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vmproof.language import Instruction
from vmproof.solvers import Answer as SolverAnswer
from vmproof.solvers import Status
from vmproof.terms import Term, Value, default_value, evaluate, smaller, substitute, variables
from vmproof.virtualize.agreement import ROUNDS, Agreement, Point
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.cases import Case
from vmproof.virtualize.concrete import completed, constant, minimised, world_of_constants
from vmproof.virtualize.definitions import Formula, Question
from vmproof.virtualize.effects import PROBE_PA, PROBE_VA
from vmproof.virtualize.known_states import Alike, carried, likely_pairs
from vmproof.virtualize.nearby import Likeness, alike, empty_memories, likenesses
from vmproof.virtualize.result import Answer
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.setting import GUEST
from vmproof.virtualize.tiers import ConcreteTier, Tier
from vmproof.virtualize.world import World, is_false

_NEAR = 3
"""How often in one likeness."""
_LARGE = 5000
"""The terms of a question over the view from which on it is asked of states that are nearly known before it is asked of all."""
_BRIEF = "not searched for long, as the instruction is sensitive in any case"


@dataclass(frozen=True, eq=False)
class Candidate:
    """Concrete states on which a property was replayed, with the parts of its definition that hold there."""

    world: World
    instruction: Instruction
    question: Question
    operands: Mapping[str, Term]
    environment: Mapping[Term, Value]
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Finding:
    """Does such a state exist? YES with a replayed candidate (None where the question needs none), NO with a proof, or UNKNOWN."""

    answer: Answer
    reason: str = ""
    candidate: Candidate | None = None


NO = Finding(Answer.NO)


def decide(
    executions: Executions,
    world: World,
    instruction: Instruction,
    question: Question,
    *,
    extra: tuple[Term, ...] = (),
    likely: bool = False,
    confirm: bool = True,
    exact: bool = True,
    brief: bool = False,
) -> Task[Finding]:
    """Whether the property holds for some encoding in some states of the world, `extra` assumed.

    Without `confirm` a model over the view is believed where no function private to a state occurs in it; without `exact` a candidate
    is UNKNOWN, and a `brief` search for one is soon given up. An instruction that executes another one is judged by classes of what it
    executes.
    """
    asked = _Asked(executions, world, instruction, question, extra, likely, confirm, exact, brief)
    finding = yield from _by_cases(asked, executions.cases(instruction))
    if finding is None:
        finding = yield from _by_cases(asked, (None,))
    assert finding is not None, "only a case can be out of the question"
    return finding


@dataclass(frozen=True, eq=False)
class _Asked:
    """What `decide` was asked."""

    executions: Executions
    world: World
    instruction: Instruction
    question: Question
    extra: tuple[Term, ...]
    likely: bool
    confirm: bool
    exact: bool
    brief: bool

    @property
    def of_guests(self) -> bool:
        """Whether the question is about two guests."""
        bodies = [self.world.bodies.get(name) for name in (self.question.first, self.question.second)]
        return all(body is not None and body.kind == GUEST for body in bodies)


def _by_cases(asked: _Asked, cases: Sequence[Case | None]) -> Task[Finding | None]:
    """The answer for all classes of words; None without any, or if the states do not show that they execute one word.

    The class in which a candidate is found at once may come last, so a long search in one waits until all have been looked at.
    """
    if not cases:
        return None
    undecided = NO
    searches: list[_Search] = []
    for case in cases:
        found = yield from _over_view(asked, case)
        if found is None:
            return None
        if isinstance(found, _Search):
            searches.append(found)
            found = yield from found.shortly()
        if found is not None and found.answer is Answer.YES:
            return found
        if found is not None and found.answer is Answer.UNKNOWN:
            undecided = found
    for search in searches:
        found = yield from search.patiently()
        if found.answer is Answer.YES:
            return found
        if found.answer is Answer.UNKNOWN:
            undecided = found
    return undecided


def _over_view(asked: _Asked, case: Case | None) -> Task[Finding | _Search | None]:
    """What the view tells of one class of words, or the exact question where it cannot tell; None where the states may execute others."""
    tier = Tier(asked.executions, asked.world, asked.instruction, exact=False, case=case)
    formula = yield from asked.question.definition(tier)
    if not tier.same_word():
        return None
    goal = tier.pool.or_(*(part.term for part in formula.parts))
    if is_false(goal):
        return NO
    search: _Search | None = None
    if asked.of_guests and not smaller(goal, _LARGE):
        if _in_no_mode(asked, goal):
            return NO
        search = yield from _exactly(asked, case)
        found = yield from search.among_known()
        if found is not None:
            return found
    assumed = [*tier.assumptions(), *asked.extra]
    answer = yield from ask(*asked.world.relevant([goal, *assumed]), *assumed, goal, likely=asked.likely)
    if answer.status is Status.UNSAT:
        return NO
    if answer.status is Status.UNKNOWN:
        return Finding(Answer.UNKNOWN, _undecided(answer))
    if not asked.exact:
        return Finding(Answer.UNKNOWN, "candidate")
    if not asked.confirm and not _abstract(tier, goal):
        return Finding(Answer.YES)
    return search or (yield from _exactly(asked, case))


def _in_no_mode(asked: _Asked, goal: Term) -> bool:
    """Whether a goal is false as soon as it is said which mode of the domain the guest is in, whichever that is."""
    setting, state = asked.executions.setting, asked.world.body(asked.question.first).state
    named = [variables([state[f.path]]) for f in setting.modes]
    if any(len(found) != 1 or found[0].sort != f.sort for found, f in zip(named, setting.modes, strict=True)):
        return False
    for mode in setting.domain:
        here = {found[0]: goal.pool.value(f.sort, value) for found, f, value in zip(named, setting.modes, mode, strict=True)}
        if not is_false(substitute(goal.pool, [goal], here)[0]):
            return False
    return True


def _exactly(asked: _Asked, case: Case | None) -> Task[_Search]:
    """The exact question. States that show one view execute one word, if they do so over the view; so one case is looked at here too."""
    tier = Tier(asked.executions, asked.world, asked.instruction, exact=True, case=case)
    formula = yield from asked.question.definition(tier)
    return _Search(asked, tier, formula)


class _Search:
    """The search for a candidate whose views agree as a whole: what is learnt of one that does not holds for all that follow."""

    def __init__(self, asked: _Asked, tier: Tier, formula: Formula) -> None:
        self._asked = asked
        self._formula = formula
        self._goal = tier.pool.or_(*(part.term for part in formula.parts))
        self._agreement = Agreement(asked.world)
        self._ended: Finding | None = NO if is_false(self._goal) else None
        points = [Point.of(run.body, touch) for run in tier.used.values() for touch in run.touches]
        self._touching = bool(points)
        probes = {variable.name: variable for variable in variables([self._goal])}
        if PROBE_VA in probes:
            points.append(Point(probes[PROBE_VA], ()))
        self._cell = probes.get(PROBE_PA)
        self._points = points
        self._asserted = [*asked.world.constraints, *tier.assumptions(), *asked.extra, self._goal]
        self._instances: list[Term] = []

    def among_known(self) -> Task[Finding | None]:
        """A candidate among states like known ones, the guests alike but for one register; None where there is none."""
        executions = self._asked.executions
        known = yield from likely_pairs(self._asked.world, self._asked.question)
        told = executions.telling
        if told is not None:  # what the last candidate was like is tried first, as a whole
            number, path = told
            found = (yield from self._like(known[number], path, self._asserted)) if path in known[number].registers else None
            if found is not None:
                return found
        for number, pair in enumerate(known):
            settled = substitute(self._goal.pool, self._asserted, pair.common)
            for path in pair.registers if not any(map(is_false, settled)) else ():
                found = (yield from self._like(pair, path, settled)) if (number, path) != told else None
                if found is not None:
                    executions.telling = number, path
                    return found
        return None

    def _like(self, known: Alike, path: str, asserted: Sequence[Term]) -> Task[Finding | None]:
        """A candidate like known states, with one register of the second guest's own; None where there is none."""
        likeness = {**known.common, **known.but_for(path)}
        assertions = substitute(self._goal.pool, asserted, likeness)
        answer = yield from ask(*assertions, brief=True)
        if answer.model is None:
            return None
        values = yield from carried(self._asked.world, self._values(answer.model, assertions, likeness))
        if not all(evaluate(self._asserted, values, default=True)) or (yield from self._refined(values)) is not None:
            return None
        found = _replayed(self._asked, values)
        return found if found.answer is Answer.YES else None

    def shortly(self) -> Task[Finding | None]:
        """What one candidate shows, and some that differ in little; None if that decides nothing."""
        if self._ended is None and not self._touching:
            empty = empty_memories(self._asked.world)
            for likeness in (alike(self._asked.world) | empty, empty) if empty else ():
                found = yield from self._rounds(likeness, _NEAR)
                if found is not None and found.answer is Answer.YES:
                    self._ended = found
                    break
        if self._ended is None:
            self._ended = yield from self._rounds({}, 1)
        if self._ended is None or (self._ended.answer is Answer.UNKNOWN and not self._asked.brief):
            for likeness in likenesses(self._asked.world, self._asked.question):
                found = yield from self._rounds(likeness, _NEAR)
                if found is not None and (found.answer is Answer.YES or (found.answer is Answer.UNKNOWN and self._asked.brief)):
                    self._ended = found
                    break
        return self._ended

    def patiently(self) -> Task[Finding]:
        """What ROUNDS candidates show, unless it is known already, or not worth it."""
        if self._ended is None and self._asked.brief:
            self._ended = Finding(Answer.UNKNOWN, _BRIEF)
        if self._ended is None:
            self._ended = yield from self._rounds({}, ROUNDS)
        return self._ended or Finding(Answer.UNKNOWN, f"abstraction: no states whose views agree were found in {ROUNDS} rounds")

    def _rounds(self, likeness: Likeness, rounds: int) -> Task[Finding | None]:
        """A candidate that survives replay, or NO where there is none in that likeness; None if these rounds did not decide it."""
        pool = self._goal.pool
        self._instances = self._instances or self._agreement.at(self._points)
        for _ in range(rounds):
            asked = [*self._asserted, *self._instances]
            asked = substitute(pool, asked, likeness) if likeness else asked
            answer = yield from ask(*asked, brief=self._asked.brief)
            if answer.status is Status.UNSAT:
                return NO
            if answer.model is None:
                return Finding(Answer.UNKNOWN, _BRIEF if self._asked.brief else _undecided(answer))
            values = self._values(answer.model, asked, likeness)
            refined = yield from self._refined(values)
            if refined is None:
                return _replayed(self._asked, values)
            if not refined:
                return Finding(Answer.UNKNOWN, "the solver could not compare the views of the candidate's states")
            self._instances += refined
        return None

    def _values(self, model: Mapping[str, Value], assertions: Sequence[Term], likeness: Likeness) -> dict[Term, Value]:
        """What all variables are in a model of assertions in which a likeness was put for some."""
        states = (t for body in self._asked.world.bodies.values() for t in (*body.state.values(), *body.picks.values()))
        everything = [*assertions, *states, *self._asked.executions.operands(self._asked.instruction).values()]
        values = minimised(completed(model, everything), assertions)
        values.update(zip(likeness, evaluate(likeness.values(), values, default=True), strict=True))
        return values

    def _refined(self, values: Mapping[Term, Value]) -> Task[list[Term] | None]:
        """What the values do not fulfil, as instances for the next round; None where they do, [] where a solver does not know."""
        refined = yield from _refinement(self._formula, self._goal, values)
        if refined is None and self._cell is not None:
            refined = yield from self._agreement.reaches(values, self._cell)
        if refined is None:
            refined = yield from self._agreement.gap(values)
        return refined


def _refinement(formula: Formula, goal: Term, values: Mapping[Term, Value]) -> Task[list[Term] | None]:
    """Where other choices would avoid the finding: that it must be there for those choices too. None where no choice avoids it."""
    free = [variable for variable in formula.universal if variable in values]
    if not free:
        return None
    pool = goal.pool
    known = {variable: pool.value(variable.sort, value) for variable, value in values.items() if variable not in free}
    [residue] = substitute(pool, [goal], known)
    answer = yield from ask(pool.not_(residue))
    if answer.status is Status.UNSAT:
        return None
    if answer.model is None:
        return []
    chosen = {v: pool.value(v.sort, answer.model.get(v.name, values[v])) for v in free}
    return substitute(pool, [goal], chosen)


def _replayed(asked: _Asked, values: Mapping[Term, Value]) -> Finding:
    """Execute the instruction on the constants and look whether the property holds."""
    executions, instruction, question = asked.executions, asked.instruction, asked.question
    operands = {name: constant(executions.setting, term, values[term]) for name, term in executions.operands(instruction).items()}
    states = world_of_constants(asked.world, values)
    labels = replay_labels(executions, states, instruction, question, operands, values)
    if not labels:
        return Finding(Answer.UNKNOWN, "abstraction: the candidate did not survive its replay")
    return Finding(Answer.YES, "", Candidate(states, instruction, question, operands, values, labels))


def replay_labels(
    executions: Executions,
    states: World,
    instruction: Instruction,
    question: Question,
    operands: Mapping[str, Term],
    values: Mapping[Term, Value],
) -> tuple[str, ...]:
    """The parts of a definition that hold on concrete states; choices and probes take their values from `values`."""
    tier = ConcreteTier(executions, states, instruction, dict(operands))
    return holding(tier, question, lambda variable: values.get(variable, default_value(variable.sort)))


def holding(tier: ConcreteTier, question: Question, value: Callable[[Term], Value]) -> tuple[str, ...]:
    """The parts of a definition that hold on concrete states; `value` gives choices and probes their values."""
    formula = answered_at_once(question.definition(tier))
    if formula is None:
        return ()
    assumptions = tier.assumptions()
    found = evaluate([*assumptions, *(part.term for part in formula.parts)], value)
    if not all(holds is True for holds in found[: len(assumptions)]):
        return ()
    return tuple(part.label for part, holds in zip(formula.parts, found[len(assumptions) :], strict=True) if holds is True)


def answered_at_once(task: Task[Formula]) -> Formula | None:
    """Run a definition on constants, where whatever it asks is constant; with choices open, nothing is taken for impossible."""
    try:
        next(task)
        while True:
            task.send(SolverAnswer(Status.UNKNOWN, None, "not asked", 0.0, "replay"))
    except StopIteration as end:
        formula: Formula = end.value
        return formula


def _undecided(answer: SolverAnswer) -> str:
    return answer.reason or "the solver does not know"


def _abstract(tier: Tier, goal: Term) -> bool:
    """Whether the view leaves out something that the goal is about: memory or translations that are private to a state."""
    if any(run.links for run in tier.used.values()):
        return True
    memory = f".{tier.setting.memory}"
    return any(".view." in variable.name or variable.name.endswith(memory) for variable in variables([goal]))
