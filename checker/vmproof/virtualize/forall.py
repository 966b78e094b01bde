"""Questions with two quantifiers: is there something that nothing answers? Counterexample-guided: solvers see free variables only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from vmproof.solvers import Status
from vmproof.terms import ArraySort, BitVecSort, Op, Term, Value, conjuncts, default_value, reachable, substitute, variables
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.concrete import completed
from vmproof.virtualize.world import World

ROUNDS = 48


@dataclass(frozen=True, eq=False)
class Unanswered:
    """What the search found: SAT with values for which nothing answers, UNSAT (everything has an answer) or UNKNOWN with the reason."""

    status: Status
    values: Mapping[Term, Value] | None = None
    reason: str = ""


def unanswered(
    world: World,
    premises: Sequence[Term],
    answer: Term,
    inner: Iterable[Term],
    first: Mapping[Term, Term] | None = None,
    rounds: int = ROUNDS,
) -> Task[Unanswered]:
    """Whether some values satisfy the world's constraints and the premises while no value of the `inner` variables satisfies `answer`.

    `first` is a guess at the inner variables, as terms over the others. Later guesses keep of it what need not be changed, and are
    constants else.
    """
    pool = answer.pool
    inner = set(inner)
    base = dict(first or {})
    if base and set(variables([answer])) & inner <= set(base):
        # often the guess is right, and each conjunct of the answer is a small question of its own
        for claim in conjuncts(substitute(pool, conjuncts([answer]), base)):
            goal = pool.not_(claim)
            holds = yield from ask(*world.relevant([goal, *premises]), *premises, goal)
            if holds.status is not Status.UNSAT:
                break
        else:
            return Unanswered(Status.UNSAT)
    hidden, read = _without_arrays(answer, inner)
    if not base:
        # what the answer itself determines need not be guessed
        hidden = _solved(hidden, read)
    unknowns = [variable for variable in variables([hidden]) if variable in read]
    tried: list[Term] = []
    if base:
        tried += substitute(pool, [hidden], {v: base[v] for v in unknowns if v in base} | _defaults(unknowns, base))
    for _ in range(rounds):
        outer = yield from ask(*world.constraints, *premises, *(pool.not_(guess) for guess in tried))
        if outer.model is None:
            return Unanswered(outer.status, None, outer.reason)
        values = completed(outer.model, [*world.constraints, *premises, hidden, *base.values()])
        fixed = {v: pool.value(v.sort, value) for v, value in values.items() if v not in read}
        [instance] = substitute(pool, [hidden], fixed)
        kept = [v for v in unknowns if v in base]
        same = [pool.eq(v, substitute(pool, [base[v]], fixed)[0]) for v in kept]
        found = yield from ask(instance, *same)
        if found.model is None and same:
            kept = []
            found = yield from ask(instance)
        if found.status is Status.UNSAT:
            return Unanswered(Status.SAT, values)
        if found.model is None:
            return Unanswered(Status.UNKNOWN, None, found.reason)
        model = completed(found.model, unknowns)
        guess = {v: base[v] if v in kept else pool.value(v.sort, model[v]) for v in unknowns}
        tried += substitute(pool, [hidden], guess)
    return Unanswered(Status.UNKNOWN, None, f"abstraction: no pattern in {rounds} rounds")


def nothing_answers(answer: Term, inner: Iterable[Term], values: Mapping[Term, Value]) -> Task[Status]:
    """Whether no value of the `inner` variables satisfies `answer` where the others have these values: UNSAT says so."""
    pool = answer.pool
    hidden, read = _without_arrays(answer, set(inner))
    fixed = {v: pool.value(v.sort, values.get(v, default_value(v.sort))) for v in variables([hidden]) if v not in read}
    [instance] = substitute(pool, [hidden], fixed)
    found = yield from ask(instance)
    return found.status


def _defaults(unknowns: Iterable[Term], base: Mapping[Term, Term]) -> dict[Term, Term]:
    """Zero for what a first guess leaves open."""
    return {v: v.pool.value(v.sort, False if not v.width else 0) for v in unknowns if v not in base}


def _without_arrays(answer: Term, inner: set[Term]) -> tuple[Term, set[Term]]:
    """Reads of inner arrays as variables of their own, equal where the indices are (Ackermann): a few values answer more than a memory."""
    pool = answer.pool
    arrays = {variable for variable in variables([answer]) if variable in inner and isinstance(variable.sort, ArraySort)}
    seen: dict[Term, dict[Term, Term]] = {array: {} for array in arrays}
    replaced = True
    while replaced:  # an element that is read may come out of a choice or a store only when what it is read at is known
        replaced, done = False, dict[Term, Term]()
        for term in reachable([answer]):
            args = tuple([done[arg] for arg in term.args])
            if term.op is Op.SELECT and args[0] in arrays and arrays.isdisjoint(variables([args[1]])):
                values = seen[args[0]]
                done[term] = values.setdefault(args[1], pool.var(f"read.{args[0].name}.{len(values)}", term.sort))
                replaced = True
            else:
                done[term] = term if args == term.args else pool.rebuild(term, args)
        answer = done[answer]
    same = [
        pool.implies(pool.eq(index, other), pool.eq(value, beside))
        for values in seen.values()
        for (index, value), (other, beside) in combinations(values.items(), 2)
    ]
    return pool.and_(answer, *same), inner.union(*(values.values() for values in seen.values()))


def _solved(answer: Term, inner: set[Term]) -> Term:
    """The answer with inner variables replaced that one of its conjuncts determines (`x == t`, also under a zero extension)."""
    pool = answer.pool
    for _ in range(len(inner)):
        for claim in conjuncts([answer]):
            found = _definition(claim, inner)
            if found is not None:
                variable, term = found
                [answer] = substitute(pool, [answer], {variable: term})
                break
        else:
            return answer
    return answer


def _definition(claim: Term, inner: set[Term]) -> tuple[Term, Term] | None:
    if claim.op is not Op.EQ:
        return None
    pool = claim.pool
    for side, other in (claim.args, claim.args[::-1]):
        if side in inner and side not in variables([other]):
            return side, other
        if side.op is Op.CONCAT and isinstance(other.sort, BitVecSort):
            low = 0
            for part in reversed(side.args):
                if part in inner and part not in variables([other]):
                    return part, pool.extract(other, low + part.width - 1, low)
                low += part.width
    return None
