"""What the markers and arrays of a system stand for, and what becomes of them where a term is said of another state.

A marker says something of the state that it was made in; said of another state, another marker takes its place. The meaning of one may
have others in it, to any depth: a quantifier below a quantifier, a bulk update whose elements are quantified. Two that mean the same, but
for the names of what they range over, become one: what need not be told apart takes no proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from vmproof.engines.system import Defined, Quantified
from vmproof.terms import Pool, Sort, Term, substitute, variables

Meaning: TypeAlias = "Quantified | Defined"


class Meanings:
    """Markers and arrays by name, each with its meaning; they grow as terms are renamed.

    `fresh` makes the name of a new one, of a sort; None: one that the pool does not have yet.
    """

    def __init__(
        self,
        pool: Pool,
        quantified: Sequence[Quantified],
        defined: Sequence[Defined],
        fresh: Callable[[str, Sort], Term] | None = None,
    ) -> None:
        self._pool = pool
        self._fresh = fresh or pool.fresh
        self._items: dict[Term, Meaning] = {item.array: item for item in defined}
        self._items.update((item.marker, item) for item in quantified)
        self._free: dict[Term, frozenset[Term]] = {}
        self._heights: dict[Term, int] = {}
        self._renamed: dict[tuple[Term, frozenset[tuple[Term, Term]]], Term] = {}
        self._made: dict[tuple[Sort, tuple[Term, ...], Term], Term] = {}

    @property
    def quantified(self) -> tuple[Quantified, ...]:
        """The markers, those that renaming has made included."""
        return tuple(item for item in self._items.values() if isinstance(item, Quantified))

    @property
    def defined(self) -> tuple[Defined, ...]:
        """The arrays, those that renaming has made included."""
        return tuple(item for item in self._items.values() if isinstance(item, Defined))

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def get(self, name: Term) -> Meaning | None:
        """What a marker or array stands for; None for any other term."""
        return self._items.get(name)

    def rename(self, terms: Iterable[Term], mapping: Mapping[Term, Term]) -> list[Term]:
        """Terms with variables replaced; a marker or array that depends on these is replaced by another one with the new meaning."""
        wanted = list(terms)
        whole = {**mapping, **{name: self._said_of(name, mapping) for name in self._in(wanted)}}
        return substitute(self._pool, wanted, whole) if whole else wanted

    def free(self, name: Term) -> frozenset[Term]:
        """The variables that the meaning of a marker or array depends on, by way of others too."""
        for item in self.occurring([name]) if name not in self._free else ():
            if item not in self._free:
                meaning, found = self._items[item], set[Term]()
                for variable in variables([meaning.body]):
                    found |= self._free.get(variable, {variable})
                self._free[item] = frozenset(found.difference(meaning.bound))
        return self._free[name]

    def depends(self, terms: Iterable[Term]) -> set[Term]:
        """The variables in terms and in what explains the markers and arrays in them."""
        wanted = list(terms)
        return set(variables([*wanted, *(self._items[name].body for name in self.occurring(wanted))]))

    def occurring(self, terms: Iterable[Term]) -> list[Term]:
        """The markers and arrays in terms and in what these mean, each after those that its own meaning has in it."""
        found: dict[Term, None] = {}
        pending = [(name, False) for name in self._in(terms)]
        while pending:
            name, done = pending.pop()
            if done:
                found[name] = None
            elif name not in found:
                pending.append((name, True))
                pending += [(inner, False) for inner in self._in([self._items[name].body])]
        return list(found)

    def _said_of(self, name: Term, mapping: Mapping[Term, Term]) -> Term:
        """The marker or array that has the meaning of `name` where variables are replaced; what it ranges over itself is not."""
        wanted = self._key(name, mapping)
        pending = [wanted]
        while pending:
            key = pending[-1]
            if key in self._renamed:
                pending.pop()
                continue
            item, bound = self._items[key[0]], self._bound(key[0])
            inside = {**dict(key[1]), **dict(zip(item.bound, bound, strict=True))}
            inner = {other: self._key(other, inside) for other in self._in([item.body])}
            missing = [other for other in inner.values() if other not in self._renamed]
            if missing:
                pending += missing
                continue
            whole = {**inside, **{other: self._renamed[found] for other, found in inner.items()}}
            [body] = substitute(self._pool, [item.body], whole)
            self._renamed[key] = self._meaning(key[0], bound, body)
        return self._renamed[wanted]

    def _key(self, name: Term, mapping: Mapping[Term, Term]) -> tuple[Term, frozenset[tuple[Term, Term]]]:
        """A marker or array with what is replaced in its meaning."""
        free = self.free(name)
        return name, frozenset((variable, term) for variable, term in mapping.items() if variable in free)

    def _bound(self, name: Term) -> tuple[Term, ...]:
        """What a meaning ranges over, by names that depend on its height only."""
        height = self._height(name)
        return tuple(self._pool.var(f"?{height}.{number}:{b.sort}", b.sort) for number, b in enumerate(self._items[name].bound))

    def _meaning(self, name: Term, bound: tuple[Term, ...], body: Term) -> Term:
        """The marker or array of a meaning; a new one, called like `name`, where none has it yet."""
        key = (name.sort, bound, body)
        if key not in self._made:
            made = self._fresh(name.name.partition("#")[0], name.sort)
            self._items[made] = type(self._items[name])(made, bound, body)
            self._made[key] = made
            self._renamed[made, frozenset()] = made
        return self._made[key]

    def _height(self, name: Term) -> int:
        """How deep the quantifiers and arrays in a meaning are nested: what is ranged over at one height is told from that at another."""
        for item in self.occurring([name]) if name not in self._heights else ():
            if item not in self._heights:
                inside = (self._heights[inner] for inner in self._in([self._items[item].body]))
                self._heights[item] = 1 + max(inside, default=0)
        return self._heights[name]

    def _in(self, terms: Iterable[Term]) -> list[Term]:
        return [name for name in variables(terms) if name in self._items] if self._items else []
