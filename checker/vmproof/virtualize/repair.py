"""What would have to change for a machine to become virtualizable: for each critical instruction, when it must trap, and what does it."""

from __future__ import annotations

from collections.abc import Sequence

from vmproof.language import Instruction
from vmproof.solvers import Status
from vmproof.terms import Op, Term
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.classify import Classified, Classifier
from vmproof.virtualize.decide import decide
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.result import Answer, EncodingClass, Repair
from vmproof.virtualize.setting import REAL, ModeValue

CRITICAL = Question("critical", "g", "r")


def repair(classifier: Classifier, one: Classified, classes: Sequence[EncodingClass]) -> Task[Repair]:
    """The weakest condition found, over modes and encoding classes, under which the instruction must trap; and the bits that make it."""
    setting, instruction = classifier.setting, one.instruction
    if one.of("lost").answer is Answer.YES and one.of("critical") is one.of("lost"):
        return Repair(instruction.name, instruction.mnemonic, f"{instruction.name} traps, but must keep what its trap now loses.")
    modes: list[ModeValue] = []
    for mode in setting.image:
        if len(setting.image) == 1:
            modes.append(mode)
            continue
        world = classifier.worlds.pair()
        finding = yield from decide(
            classifier.executions, world, instruction, CRITICAL, extra=(setting.is_mode(world.body("r").state, mode),), exact=False
        )
        if finding.answer is not Answer.NO:
            modes.append(mode)
    names = " or ".join(setting.mode_name(mode) for mode in modes)
    bad = [item.condition for item in classes if item.answers["critical"] is not Answer.NO]
    limited = f", where {' or '.join(bad)}," if bad and len(bad) < len(classes) else ""
    bits = yield from _bits(classifier, instruction)
    return Repair(instruction.name, instruction.mnemonic, f"{instruction.name}{limited} must trap in {names} mode.", bits)


def _bits(classifier: Classifier, instruction: Instruction) -> Task[tuple[tuple[str, int], ...]]:
    """The single control bits of the real state, left open by the VMM, that end the danger when they have one of their values."""
    setting, executions = classifier.setting, classifier.executions
    world = classifier.worlds.pair()
    real = world.body("r").state
    found: list[tuple[str, int]] = []
    for path in setting.control(REAL):
        bit = real[path]
        if (
            not _is_bit(bit)
            or bit.op is not Op.VAR
            or bit.name != f"r.{path}"
            or setting.fields[path].enum is not None
            or path not in executions.reads(instruction, REAL)
        ):
            continue
        for value in (0, 1):
            fixed = setting.pool.eq(bit, setting.pool.value(bit.sort, bool(value) if not bit.width else value))
            possible = yield from ask(*world.constraints, fixed)
            if possible.status is not Status.SAT:
                continue
            finding = yield from decide(executions, world, instruction, CRITICAL, extra=(fixed,))
            if finding.answer is Answer.NO:
                found.append((path, value))
    return tuple(found)


def _is_bit(term: Term) -> bool:
    return str(term.sort) in ("bool", "bits[1]")
