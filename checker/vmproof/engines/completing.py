"""Models of executions, found without what is said of the initial state beside them, which is completed afterwards.

A system may have much in its state that no step reads: a specification's side, tied to the rest from the start. A search for an execution
need not look at it; whether there is such an initial state is asked of one execution at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from vmproof.engines.asking import Asker
from vmproof.solvers import Answer, Status
from vmproof.terms import Op, Term, conjuncts, reachable, substitute, variables

_LARGE = 1000  # nodes of what may be left for later; less is no trouble
_BRIEF = 3.0  # seconds for an execution, before another solver is asked
_PATIENCE = 30.0  # seconds for completing one execution


def completed(
    asker: Asker, initial: Sequence[Term], rest: Sequence[Term], glance: bool = False, most: float | None = None
) -> Answer:
    """Whether the terms `initial` and `rest` can all be true. `glance`: where that is hard, the answer is UNKNOWN; so it is after `most`
    seconds of any question."""
    near, apart = _parted(initial, rest)
    if not apart:
        return asker.check(*initial, *rest, most=most)
    found = asker.check(*near, *rest, most=_BRIEF) if glance else possible(asker, initial, rest, most)
    if found.status is Status.UNSAT or (glance and found.model is None):
        return found
    if found.model is not None:
        model = found.model
        known = {term: term.pool.value(term.sort, model[term.name]) for term in variables(rest) if term.name in model}
        other = asker.check(*_solved(substitute(apart[0].pool, apart, known)), most=_PATIENCE)
        if other.model is not None:
            return replace(found, model={**other.model, **model})
    return asker.check(*initial, *rest, most=most)


def possible(asker: Asker, initial: Sequence[Term], rest: Sequence[Term], most: float | None = None) -> Answer:
    """Whether `rest` can be true with what `initial` says of the variables in it: what is so is nearly always part of an execution."""
    near, apart = _parted(initial, rest)
    if not apart:
        return asker.check(*initial, *rest, most=most)
    found = asker.check(*near, *rest, most=_BRIEF)
    return asker.check(*near, *rest, most=most, other=True) if found.status is Status.UNKNOWN else found


def _parted(initial: Sequence[Term], rest: Sequence[Term]) -> tuple[list[Term], list[Term]]:
    """What `initial` says of the variables in `rest` alone, and what else it says, if that is much."""
    read = set(variables(rest))
    parts = conjuncts(initial)
    apart = [part for part in parts if not read.issuperset(variables([part]))]
    if len(list(islice(reachable(apart), _LARGE))) < _LARGE:
        return parts, []
    later = set(apart)
    return [part for part in parts if part not in later], apart


def _solved(terms: Sequence[Term]) -> list[Term]:
    """The terms, in which what is said to be a value is that value wherever it stands: most of one execution's state follows so."""
    parts, given = conjuncts(terms), list[Term]()
    while True:
        values = dict(pair for part in parts for pair in _values(part))
        if not values:
            return parts + given
        given += [part for part in parts if _values(part)]
        parts = conjuncts(substitute(parts[0].pool, [part for part in parts if not _values(part)], values))


def _values(part: Term) -> list[tuple[Term, Term]]:
    """The leaf, or the element of one, that a term says to be a value, with that; none where it says something else."""
    pool = part.pool
    plain, value = part, pool.true
    if part.op is Op.NOT:
        plain, value = part.args[0], pool.false
    elif part.op is Op.EQ and _is_value(part.args[0]):
        value, plain = part.args
    elif part.op is Op.EQ and _is_value(part.args[1]):
        plain, value = part.args
    leaf = plain.op is Op.VAR or (plain.op is Op.SELECT and plain.args[0].op is Op.VAR and plain.args[1].is_const)
    return [(plain, value)] if leaf else []


def _is_value(term: Term) -> bool:
    """Whether a term is a value; of an array, written out element by element."""
    while term.op is Op.STORE and term.args[1].is_const and term.args[2].is_const:
        term = term.args[0]
    return term.is_const or (term.op is Op.ARRAY and term.args[0].is_const)
