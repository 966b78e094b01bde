"""That `@legal` is kept, and what else a description owes: the premise of every query (LANGUAGE.md, "An ISA description").

Legal states are assumed everywhere, so a description must show that it stays among them: every instruction that completes and every trap
entry leads from a legal state to a legal one. Bits that become a member of an enumeration must be one, and a divisor must not be zero where
the description does not say what division gives then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmproof.engines.verdict import Verdict
from vmproof.language import Instruction, Outcome, State
from vmproof.solvers import Status
from vmproof.terms import Term, variables
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.world import is_false


@dataclass(frozen=True)
class Kept:
    """Whether one instruction keeps the description's promises; `reason` says which it breaks."""

    instruction: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, eq=False)
class _Claim:
    """What must not be possible in a legal state, and the sentence for it."""

    broken: Term
    sentence: str


def keeps(executions: Executions, instruction: Instruction) -> Task[Kept]:
    """Whether the instruction, and the entries of its traps, lead from legal states to legal ones and meet its obligations."""
    setting = executions.setting
    pool = setting.pool
    last = ""
    for exact in (False, True):  # over functions for the view first; what that cannot exclude is asked of the description's own memory
        initial, outcome, entered = executions.anywhere(instruction, exact)
        claims = [claim for claim in _claims(setting, initial, outcome, entered) if not is_false(claim.broken)]
        if not claims:
            return Kept(instruction.name, Verdict.PROVED)
        assumed = [setting.description.legal(initial), executions.valid(instruction)]
        answer = yield from ask(*assumed, pool.or_(*(claim.broken for claim in claims)))
        if answer.status is Status.UNSAT:
            return Kept(instruction.name, Verdict.PROVED)
        last = answer.reason
        if answer.status is Status.UNKNOWN or not exact:
            continue
        for claim in claims:
            alone = yield from ask(*assumed, claim.broken)
            if alone.status is Status.SAT:
                return Kept(instruction.name, Verdict.REFUTED, f"{instruction.name} {claim.sentence}")
    return Kept(instruction.name, Verdict.UNKNOWN, f"whether {instruction.name} keeps the legal states is undecided: {last}")


def _claims(setting: Setting, initial: State, outcome: Outcome, entered: list[State]) -> list[_Claim]:
    pool = setting.pool
    claims = [
        _Claim(pool.and_(outcome.completes, _illegal(setting, initial, outcome.state)), "leaves the legal states"),
        *(_Claim(pool.and_(item.guard, pool.not_(item.claim)), f"has {item.sentence}") for item in outcome.obligations),
    ]
    for trap, after in zip(outcome.traps, entered, strict=True):
        claims.append(_Claim(pool.and_(trap.guard, _illegal(setting, initial, after)), "leaves the legal states by its trap"))
    return claims


def _illegal(setting: Setting, initial: Mapping[str, Term], after: Mapping[str, Term]) -> Term:
    """That a state is not legal; false without asking where nothing that `@legal` reads has changed."""
    legal = setting.description.legal(initial)
    read = set(variables([legal]))
    if all(after[path] is term for path, term in initial.items() if term in read):
        return setting.pool.false
    return setting.pool.not_(setting.description.legal(after))
