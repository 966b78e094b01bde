"""That `@legal` is kept, and what else a description owes: the premise of every query (LANGUAGE.md, "An ISA description").

Legal states are assumed everywhere, so a description must show that it stays among them: every instruction that completes and every trap
entry leads from a legal state to a legal one. Bits that become a member of an enumeration must be one, and a divisor must not be zero where
the description does not say what division gives then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from vmproof.engines.verdict import Verdict
from vmproof.language import Instruction, Outcome, State
from vmproof.solvers import Status
from vmproof.terms import Op, Pool, Term, conjuncts, smaller, substitute, variables
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.entry import any_entry
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
    """What must not be possible in a legal state, that `guard` holds with `ending`, and the sentence for it."""

    guard: Term
    ending: Term
    sentence: str

    @property
    def broken(self) -> Term:
        return self.guard.pool.and_(self.guard, self.ending)


def entry_keeps(setting: Setting) -> Task[bool]:
    """Whether the entry of any trap, from any legal state, is seen to lead to a legal one: then no instruction need be looked at for it."""
    state = setting.canonical(False)
    found = any_entry(setting, state)
    if found is None:
        return True
    named, after = found
    legal = setting.description.legal(state)
    answer = yield from ask(legal, named, _illegal(setting, state, after, legal))
    return answer.status is Status.UNSAT


def keeps(executions: Executions, instruction: Instruction, entry: bool) -> Task[Kept]:
    """Whether the instruction, and the entries of its traps, lead from legal states to legal ones and meet its obligations.

    `entry` says that trap entry leads from legal states to legal ones.
    """
    setting = executions.setting
    pool = setting.pool
    last = ""
    for exact in (False, True):  # over functions for the view first; what that cannot exclude is asked of the description's own memory
        initial, outcome, entered = executions.anywhere(instruction, exact)
        ends = [trap.state for trap in outcome.traps] if entry else entered
        claims = [claim for claim in _claims(setting, initial, outcome, ends) if not is_false(claim.broken)]
        if not claims:
            return Kept(instruction.name, Verdict.PROVED)
        assumed = [setting.description.legal(initial), executions.valid(instruction)]
        if not outcome.obligations and not exact:
            endings = [claim.ending for claim in claims]
            for parts in (_chosen, _large):  # the first is one query for all instructions that write the same register
                answer = yield from ask(*assumed, pool.or_(*_without_values(pool, endings, parts)))
                if answer.status is Status.UNSAT:
                    return Kept(instruction.name, Verdict.PROVED)
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


def _claims(setting: Setting, initial: State, outcome: Outcome, ends: list[State]) -> list[_Claim]:
    """`ends` are the states after the traps, or those in which they enter."""
    pool = setting.pool
    legal = setting.description.legal(initial)
    claims = [
        _Claim(outcome.completes, _illegal(setting, initial, outcome.state, legal), "leaves the legal states"),
        *(_Claim(item.guard, pool.not_(item.claim), f"has {item.sentence}") for item in outcome.obligations),
    ]
    for trap, after in zip(outcome.traps, ends, strict=True):
        claims.append(_Claim(trap.guard, _illegal(setting, initial, after, legal), "leaves the legal states by its trap"))
    return claims


def _illegal(setting: Setting, initial: Mapping[str, Term], after: Mapping[str, Term], legal: Term) -> Term:
    """That a state is not legal, of what `@legal` claims beyond what holds in the initial state, which is `legal`."""
    pool = setting.pool
    read = set(variables([legal]))
    if all(after[path] is term for path, term in initial.items() if term in read):
        return pool.false
    held = set(conjuncts([legal]))
    return pool.not_(pool.and_(*(claim for claim in conjuncts([setting.description.legal(after)]) if claim not in held)))


_DEPTH = 4  # of choices in what is stored that are kept
_LARGE = 17  # terms below one that is not kept as it is
_REGISTER = 4  # terms below one that may be a register, or a constant


def _without_values(pool: Pool, claims: list[Term], parts: Callable[[Term], Iterator[Term]]) -> list[Term]:
    """The claims with anything for parts of what is stored into arrays: what must hold of a register seldom hangs on them."""
    anything: dict[Term, Term] = {}
    seen = set(claims)
    pending = list(claims)
    while pending:
        term = pending.pop()
        if term.op is Op.STORE:
            for part in parts(term.args[2]):
                if part not in seen:
                    seen.add(part)
                    anything[part] = pool.var(f"$stored.{len(anything)}.{part.sort}", part.sort)
        for arg in term.args:
            if arg not in seen:
                seen.add(arg)
                pending.append(arg)
    return substitute(pool, claims, anything)


def _chosen(value: Term, depth: int = _DEPTH) -> Iterator[Term]:
    """What a value is chosen from, however small, but for a register as it was; whatever the conditions are."""
    if value.op is Op.ITE and depth:
        for part in value.args[1:]:
            yield from _chosen(part, depth - 1)
    elif not smaller(value, _REGISTER):
        yield value


def _large(value: Term, depth: int = _DEPTH) -> Iterator[Term]:
    """The large parts of a value that are not choices themselves."""
    if smaller(value, _LARGE):
        return
    if value.op is Op.ITE and depth:
        for part in value.args:
            yield from _large(part, depth - 1)
    else:
        yield value
