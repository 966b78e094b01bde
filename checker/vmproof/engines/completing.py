"""Models of executions, found without what is said of the initial state beside them, which is completed afterwards.

A system may have much in its state that no step reads: a specification's side, tied to the rest from the start. A search for an execution
need not look at it; whether there is such an initial state is asked of one execution at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from vmproof.engines.asking import Asker
from vmproof.engines.equated import equated, equation
from vmproof.solvers import Answer, Status
from vmproof.terms import ArraySort, BitVecSort, Sort, Term, conjuncts, default_value, reachable, substitute, variables

_LARGE = 1000  # nodes of what may be left for later; less is no trouble
_WRITTEN_OUT = 8  # bits of the index of an array that is no memory
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
        pool, model = apart[0].pool, found.model
        known = {term: pool.value(term.sort, model[term.name]) for term in variables(rest) if term.name in model}
        left = substitute(pool, apart, known)
        # Much of what an initial state is said to be may be of a memory that this execution does not read.
        empty = {term: default_value(term.sort) for term in variables(left) if _is_large(term.sort)}
        for chosen, patience in [(empty, _BRIEF)] * bool(empty) + [({}, _PATIENCE)]:
            values = {term: pool.value(term.sort, value) for term, value in chosen.items()}
            other = asker.check(*_solved(substitute(pool, left, values)), most=patience)
            if other.model is not None:
                return replace(found, model={**{term.name: value for term, value in chosen.items()}, **other.model, **model})
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


def _is_large(sort: Sort) -> bool:
    """Whether a sort is one of arrays with more elements than one would write out: of a memory."""
    return isinstance(sort, ArraySort) and isinstance(sort.index, BitVecSort) and sort.index.width > _WRITTEN_OUT


def _solved(terms: Sequence[Term]) -> list[Term]:
    """The terms, in which what is said to be a value is that value wherever it stands: most of one execution's state follows so."""
    parts, given = conjuncts(terms), list[Term]()
    while values := equated(parts):
        given += [part for part in parts if equation(part) is not None]
        parts = conjuncts(substitute(parts[0].pool, [part for part in parts if equation(part) is None], values))
    return parts + given
