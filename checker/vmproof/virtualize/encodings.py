"""Encodings of one instruction that are judged apart: which are innocuous, and how they fall into classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from vmproof.language import Instruction
from vmproof.solvers import Status
from vmproof.terms import BitVecSort, Op, Term, reachable, substitute, variables
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.classify import SENSITIVE, Classified, Classifier, any_of, negated
from vmproof.virtualize.decide import NO, Candidate, Finding, decide
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.result import Answer, EncodingClass
from vmproof.virtualize.runs import Run
from vmproof.virtualize.world import is_false

_ROUNDS = 12
_MOST = 8
"""How many classes an instruction is split into at most before its fields are left alone."""


def innocuous_but_trapping(classifier: Classifier, one: Classified) -> Task[Finding]:
    """A class of encodings that is innocuous for all states, one of which completes on some g and traps on r.

    Encodings that the machine's trapping treats alike are one class: an immediate operand that happens to change nothing (ORI #0 to SR)
    does not make the trap of a sensitive instruction needless, since nothing but its value tells it from the others.
    """
    setting, executions = classifier.setting, classifier.executions
    instruction = one.instruction
    pool = setting.pool
    operands = executions.operands(instruction)
    fields = yield from _trapping_fields(classifier, instruction)

    def alike(candidate: Candidate) -> Term:
        return pool.and_(*(pool.eq(operands[name], candidate.operands[name]) for name in fields))

    known = (one.of(kind).candidate for kind in SENSITIVE)
    blocked = [pool.not_(alike(candidate)) for candidate in known if candidate is not None]
    question = Question("efficiency", "g", "r")
    for _ in range(_ROUNDS):
        if is_false(pool.and_(executions.valid(instruction), *blocked)):
            return NO
        finding = yield from decide(executions, classifier.worlds.pair(), instruction, question, extra=tuple(blocked))
        if finding.answer is not Answer.YES or finding.candidate is None:
            return finding
        alone = yield from classifier.classify(instruction, extra=(alike(finding.candidate),), theorems=False)
        if alone.sensitive is Answer.NO:
            return finding
        if alone.sensitive is Answer.UNKNOWN:
            return Finding(Answer.UNKNOWN, "whether the encodings that trap are innocuous is undecided")
        blocked.append(pool.not_(alike(finding.candidate)))
    return Finding(Answer.UNKNOWN, f"abstraction: more than {_ROUNDS} kinds of encodings")


def _trapping_fields(classifier: Classifier, instruction: Instruction) -> Task[tuple[str, ...]]:
    """The operand fields that decide on a real state whether the instruction traps: another value of the field lets it complete.

    None of one that executes another instruction: what it finds decides, and its own operands say only where that is.
    """
    executions = classifier.executions
    if executions.cases(instruction):
        return ()
    pool, world = classifier.setting.pool, classifier.worlds.pair()
    run = executions.run(instruction, world.body("r"), exact=False)
    traps = pool.or_(*(trapped.guard for trapped in run.traps if not trapped.memory))
    assumed = [executions.valid(instruction), *run.links]
    occurring = set(variables([traps]))
    found: list[str] = []
    for name, field in executions.operands(instruction).items():
        if field not in occurring:
            continue
        other = pool.var(f"other.{field.name}", field.sort)
        goal = [traps, *assumed, *substitute(pool, [run.plain, *assumed], {field: other})]
        answer = yield from ask(*world.relevant(goal), *goal)
        if answer.status is not Status.UNSAT:
            found.append(name)
    return tuple(found)


def split(classifier: Classifier, instruction: Instruction) -> Task[tuple[EncodingClass, ...]]:
    """The classes that the fields which decide behaviour fall into, merged where the answers agree; none where all encodings are alike."""
    setting, executions = classifier.setting, classifier.executions
    pool = setting.pool
    fields = deciding(classifier, instruction)
    if not fields:
        return ()
    operands = executions.operands(instruction)
    groups: dict[tuple[tuple[str, Answer], ...], list[Mapping[str, int]]] = {}
    for values in _assignments(classifier, instruction, fields):
        chosen = tuple(pool.eq(operands[name], pool.value(operands[name].sort, value)) for name, value in values.items())
        if is_false(pool.and_(executions.valid(instruction), *chosen)):
            continue
        alone = yield from classifier.classify(instruction, extra=chosen, theorems=False)
        answers = answers_of(classifier, alone)
        groups.setdefault(tuple(answers.items()), []).append(values)
    if len(groups) < 2:
        return ()
    return tuple(EncodingClass(_condition(instruction, members), dict(answers)) for answers, members in groups.items())


def answers_of(classifier: Classifier, one: Classified) -> dict[str, Answer]:
    """The answers to all questions about an instruction or a class of its encodings."""
    setting = classifier.setting
    privileged = negated(one.of("really").answer)
    if len(setting.unmoved) == len(setting.domain):
        strict = Answer.NOT_APPLICABLE
    elif privileged is Answer.YES:
        strict = negated(one.of("guest_traps").answer)
    else:
        strict = privileged
    existential = (*SENSITIVE, "mode_sensitive", "resource_sensitive", "user_sensitive", "critical")
    answers = {question: one.of(question).answer for question in existential}
    innocuous = negated(any_of(answers[kind] for kind in SENSITIVE))
    return {"privileged": privileged, "privileged_strict": strict, **answers, "innocuous": innocuous}


def deciding(classifier: Classifier, instruction: Instruction) -> tuple[str, ...]:
    """The operand fields that decide whether the instruction completes, or those that the description names, if they have few values."""
    executions, setting = classifier.executions, classifier.setting
    operands = executions.operands(instruction)
    if instruction.classes:
        wanted = [name for name in operands if name in instruction.classes or name.partition(".")[0] in instruction.classes]
    elif executions.cases(instruction):
        return ()
    else:
        run = executions.run(instruction, classifier.worlds.pair().body("r"), exact=False)
        guards = [run.plain, run.leaves, run.waits, run.wild, *(trapped.guard for trapped in run.traps)]
        guards += [run.state[path] for path in (*setting.mode_paths, *setting.control("real")) if path in run.changed]
        guards += _conditions(run)
        occurring = set(variables(guards))
        wanted = [name for name, term in operands.items() if term in occurring]
    few: list[str] = []
    count = 1
    for name in sorted(wanted, key=lambda name: _values(instruction, operands, name)):
        count *= _values(instruction, operands, name)
        if count > _MOST and not (instruction.classes and count <= 256):
            break
        few.append(name)
    return tuple(few)


def _conditions(run: Run) -> list[Term]:
    """What the results of a run are chosen by."""
    chosen = [run.state[path] for path in run.changed]
    return [term.args[0] for term in reachable(chosen) if term.op is Op.ITE]


def _values(instruction: Instruction, operands: Mapping[str, Term], name: str) -> int:
    counts = dict(instruction.encoding.counts)
    sort = operands[name].sort
    return counts.get(name, 1 << sort.width if isinstance(sort, BitVecSort) else 2)


def _assignments(classifier: Classifier, instruction: Instruction, fields: tuple[str, ...]) -> Iterator[dict[str, int]]:
    operands = classifier.executions.operands(instruction)
    for values in product(*(range(_values(instruction, operands, name)) for name in fields)):
        yield dict(zip(fields, values, strict=True))


def _condition(instruction: Instruction, members: list[Mapping[str, int]]) -> str:
    """The members of a class as text: one field as a list of its values, several as a list of combinations."""
    names = list(members[0])
    if len(names) == 1:
        values = [_value(instruction, names[0], member[names[0]]) for member in members]
        return f"{names[0]} = {' | '.join(values)}"
    return "; ".join(", ".join(f"{name} = {_value(instruction, name, member[name])}" for name in names) for member in members)


def _value(instruction: Instruction, name: str, value: int) -> str:
    """A value of a field; the name of a form for a form's tag."""
    operand, _, last = name.rpartition(".")
    forms = instruction.encoding.forms.get(operand)
    if last == "form" and forms is not None:
        return forms.names[value]
    return str(value) if value < 10 else hex(value)
