"""Deciding one question about one instruction: first over the shared view, and where that has a model, exactly (THEORY, "The view").

*Unsatisfiable* over the view is a proof for all page tables. A model of it is a candidate: the instruction is then executed with the
description's own translation on states whose views agree at the addresses that matter; from a model of that, concrete states are made,
their whole views compared, and the instruction is replayed on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vmproof.language import Instruction
from vmproof.solvers import Answer as SolverAnswer
from vmproof.solvers import Status
from vmproof.terms import Term, Value, default_value, evaluate, substitute, variables
from vmproof.virtualize.agreement import Agreement, Point
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.cases import Case
from vmproof.virtualize.concrete import completed, constant, minimised, world_of_constants
from vmproof.virtualize.definitions import Formula, Question
from vmproof.virtualize.effects import PROBE_PA, PROBE_VA
from vmproof.virtualize.result import Answer
from vmproof.virtualize.runs import ConcreteTier, Executions, Tier
from vmproof.virtualize.world import World, is_false

ROUNDS = 32
"""How often a candidate is refined before the question is given up as undecided."""


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
) -> Task[Finding]:
    """Whether the property holds for some encoding in some states of the world, `extra` assumed.

    Without `confirm` a model over the view is believed where no function private to a state occurs in it; without `exact` a candidate
    is UNKNOWN. An instruction that executes another one is judged by classes of what it executes.
    """
    undecided: Finding | None = None
    for case in executions.cases(instruction):
        finding = yield from _decide(executions, world, instruction, question, extra, likely, confirm, exact, case)
        if finding is None:
            break
        if finding.answer is Answer.YES:
            return finding
        if finding.answer is Answer.UNKNOWN:
            undecided = finding
    else:
        if executions.cases(instruction):
            return undecided or NO
    found = yield from _decide(executions, world, instruction, question, extra, likely, confirm, exact, None)
    assert found is not None, "only a case can be out of the question"
    return found


def _decide(
    executions: Executions,
    world: World,
    instruction: Instruction,
    question: Question,
    extra: tuple[Term, ...],
    likely: bool,
    confirm: bool,
    exact: bool,
    case: Case | None,
) -> Task[Finding | None]:
    """The answer for one class of words; None where it cannot be asked of it, since the states do not show that they execute one word."""
    tier = Tier(executions, world, instruction, exact=False, case=case)
    formula = yield from question.definition(tier)
    if not tier.same_word():
        return None
    goal = tier.pool.or_(*(part.term for part in formula.parts))
    if is_false(goal):
        return NO
    assumed = [*tier.assumptions(), *extra]
    answer = yield from ask(*world.relevant([goal, *assumed]), *assumed, goal, likely=likely)
    if answer.status is Status.UNSAT:
        return NO
    if answer.status is Status.UNKNOWN:
        return Finding(Answer.UNKNOWN, _undecided(answer))
    if not exact:
        return Finding(Answer.UNKNOWN, "candidate")
    if not confirm and not _abstract(tier, goal):
        return Finding(Answer.YES)
    return (yield from _confirm_exactly(executions, world, instruction, question, extra, case))


def _confirm_exactly(
    executions: Executions, world: World, instruction: Instruction, question: Question, extra: tuple[Term, ...], case: Case | None
) -> Task[Finding]:
    """The exact question, and from its models a candidate that survives replay.

    States that show one view execute one word, if they do so over the view; so they may be looked at in one case here too.
    """
    tier = Tier(executions, world, instruction, exact=True, case=case)
    pool = tier.pool
    formula = yield from question.definition(tier)
    goal = pool.or_(*(part.term for part in formula.parts))
    if is_false(goal):
        return NO
    agreement = Agreement(world)
    points = [Point.of(run.body, touch) for run in tier.used.values() for touch in run.touches]
    names = {variable.name: variable for variable in variables([goal])}
    if PROBE_VA in names:
        points.append(Point(names[PROBE_VA], ()))
    assertions = [*world.constraints, *tier.assumptions(), *extra, goal, *agreement.at(points)]
    for _ in range(ROUNDS):
        answer = yield from ask(*assertions)
        if answer.status is Status.UNSAT:
            return NO
        if answer.model is None:
            return Finding(Answer.UNKNOWN, _undecided(answer))
        everything = [*assertions, *(t for body in world.bodies.values() for t in (*body.state.values(), *body.picks.values()))]
        everything += executions.operands(instruction).values()
        values = minimised(completed(answer.model, everything), assertions)
        refined = yield from _refinement(formula, goal, values, assertions)
        if refined is None and PROBE_PA in names:
            refined = yield from agreement.reaches(values, names[PROBE_PA])
        if refined is None:
            refined = yield from agreement.gap(values)
        if refined is None:
            return _replayed(executions, world, instruction, question, values)
        if refined == []:
            return Finding(Answer.UNKNOWN, "the solver could not compare the views of the candidate's states")
        assertions += refined
    return Finding(Answer.UNKNOWN, f"abstraction: no states whose views agree were found in {ROUNDS} rounds")


def _refinement(formula: Formula, goal: Term, values: Mapping[Term, Value], assertions: list[Term]) -> Task[list[Term] | None]:
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


def _replayed(executions: Executions, world: World, instruction: Instruction, question: Question, values: Mapping[Term, Value]) -> Finding:
    """Execute the instruction on the constants and look whether the property holds."""
    setting = executions.setting
    operands = {name: constant(setting, term, values[term]) for name, term in executions.operands(instruction).items()}
    states = world_of_constants(world, values)
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
