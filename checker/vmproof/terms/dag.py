"""Walks over the graph below some terms; none recurses."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from .term import Op, Term

if TYPE_CHECKING:
    from .pool import Pool

_number = attrgetter("id")

def reachable(terms: Iterable[Term], stop: Container[Term] | None = None) -> list[Term]:
    """Every term below `terms` and they themselves, arguments before what uses them (in order of id).

    A term in `stop` is listed, what is below it is not (unless something else leads there).
    """
    seen = set(terms)
    pending = list(seen)
    while pending:
        term = pending.pop()
        if stop is not None and term in stop:
            continue
        for arg in term.args:
            if arg not in seen:
                seen.add(arg)
                pending.append(arg)
    return sorted(seen, key=_number)


def conjuncts(terms: Iterable[Term]) -> list[Term]:
    """The single conjuncts of some assertions, each once; what is true is none."""
    found: list[Term] = []
    pending = list(terms)[::-1]
    while pending:
        term = pending.pop()
        if term.op is Op.AND:
            pending.extend(reversed(term.args))
        elif not (term.is_const and term.value is True):
            found.append(term)
    return list(dict.fromkeys(found))


# Of so many terms that nothing is remembered of, each is walked by itself, and that is remembered; more are walked together.
SINGLY = 8


def variables(terms: Iterable[Term]) -> list[Term]:
    """The variables below `terms`, in order of id. What is below a term is remembered in its pool."""
    found: set[Term] = set()
    new: list[Term] = []
    for term in dict.fromkeys(terms):
        known = term.pool._occurring.get(term)
        if known is None:
            new.append(term)
        else:
            found.update(known)
    if len(new) > SINGLY:
        found.update(_variables_of(new))
    else:
        for term in new:
            below = term.pool._occurring[term] = _variables_of([term])
            found.update(below)
    return sorted(found, key=_number)


def _variables_of(roots: list[Term]) -> tuple[Term, ...]:
    memory = roots[0].pool._occurring
    found: set[Term] = set()
    seen = set(roots)
    pending = list(roots)
    while pending:
        term = pending.pop()
        if term.op is Op.VAR:
            found.add(term)
            continue
        for arg in term.args:
            if arg not in seen:
                seen.add(arg)
                known = memory.get(arg)
                if known is None:
                    pending.append(arg)
                else:
                    found.update(known)
    return tuple(found)


def variables_of_each(terms: Sequence[Term]) -> list[set[Term]]:
    """The variables below each of some terms that have much in common: what they share is walked once. Remembered as by `variables`."""
    bits: dict[Term, int] = {}  # the number of each variable that was met
    masks: dict[Term, int] = {}  # which variables there are below a term
    for term in reachable(terms, terms[0].pool._occurring if terms else None):
        mask = 0
        known = term.pool._occurring.get(term)
        if term.op is Op.VAR:
            mask = 1 << bits.setdefault(term, len(bits))
        elif known is not None:
            for variable in known:
                mask |= 1 << bits.setdefault(variable, len(bits))
        else:
            for arg in term.args:
                mask |= masks[arg]
        masks[term] = mask
    numbered = list(bits)
    found: dict[int, tuple[Term, ...]] = {}
    for term in terms:
        mask = masks[term]
        if mask not in found:
            found[mask] = tuple([variable for number, variable in enumerate(numbered) if mask >> number & 1])
        term.pool._occurring[term] = found[mask]
    return [set(found[masks[term]]) for term in terms]


def size(terms: Iterable[Term]) -> int:
    """How many different terms there are below `terms`, they themselves included."""
    return len(reachable(terms))


def smaller(term: Term, limit: int) -> bool:
    """Whether there are fewer than `limit` different terms below `term` and itself; looks at no more than that."""
    seen = {term}
    pending = [term]
    while pending and len(seen) < limit:
        for arg in pending.pop().args:
            if arg not in seen:
                seen.add(arg)
                pending.append(arg)
    return len(seen) < limit


def bits_of_each(word: Term, high: int, low: int, known: dict[Term, Term] | None = None) -> Term:
    """Bits of a word; those of a choice as the choice between these bits of its sides. `known` remembers what bits of a word became."""
    pool = word.pool
    asked = pool.extract(word, high, low)
    done: dict[Term, Term] = {} if known is None else known
    pending = [asked]
    while pending:
        part = pending[-1]
        if part in done:
            pending.pop()
            continue
        choice, high, low = (part.args[0], *part.data) if part.op is Op.EXTRACT else (part, part.width - 1, 0)
        if choice.op is not Op.ITE:
            done[part] = part
            continue
        condition, then, otherwise = choice.args
        then, otherwise = pool.extract(then, high, low), pool.extract(otherwise, high, low)
        if then in done and otherwise in done:
            done[part] = pool.ite(condition, done[then], done[otherwise])
        else:
            pending += (then, otherwise)
    return done[asked]


class Substitution:
    """One mapping that is applied again and again: every key (variables or any other terms) replaced, all at once, in `pool`.

    What is put in is not searched again; results are simplified as they are made, and remembered. Terms of another pool are made anew in
    `pool`; the values of `mapping` must be of `pool`. `variable` says what to put for a variable that is no key. SortError if a key and its
    value differ in sort.
    """

    def __init__(self, pool: Pool, mapping: Mapping[Term, Term], variable: Callable[[Term], Term] | None = None) -> None:
        for old, new in mapping.items():
            if (old.sort is not new.sort and old.sort != new.sort) or new.pool is not pool:
                pool._mismatch("substitution", old, new)
        self._pool = pool
        self._done = dict(mapping)
        self._variable = variable
        self._nothing = not mapping and variable is None

    def __call__(self, terms: Iterable[Term]) -> list[Term]:
        """The terms with what is put in them."""
        wanted = list(terms)
        pool, done, variable = self._pool, self._done, self._variable
        if self._nothing and all(term.pool is pool for term in wanted):
            return wanted
        rebuild = pool.rebuild
        for term in reachable(wanted, done):
            if term in done:
                continue
            args = term.args
            new_args = tuple([done[arg] for arg in args])
            if new_args != args or term.pool is not pool:
                done[term] = rebuild(term, new_args)
            elif variable is not None and term.op is Op.VAR:
                done[term] = variable(term)
            else:
                done[term] = term
        return [done[term] for term in wanted]


def substitute(pool: Pool, terms: Iterable[Term], mapping: Mapping[Term, Term]) -> list[Term]:
    """`terms` with every key of `mapping` replaced, all at once, in `pool`: a `Substitution` that is used once."""
    return Substitution(pool, mapping)(terms)
