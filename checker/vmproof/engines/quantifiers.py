"""Queries with universal statements, decided by instances at ground terms: unsatisfiable instances are a proof, a model is a candidate.

The instances are found from the models of those made so far (Y. Ge, L. de Moura: "Complete Instantiation for Quantified Formulas in
Satisfiability Modulo Theories", CAV 2009): elements that a model does not tell apart are represented by one term, and a statement is
instantiated where the model makes it false. It is only tried where something reads what it speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from vmproof.engines.asking import Task
from vmproof.engines.domains import scalar, sort_size
from vmproof.engines.inlined import inlined
from vmproof.engines.meanings import Meanings
from vmproof.engines.reads import Pattern, Read, joined, patterns, reads_of
from vmproof.engines.system import Defined, Quantified, TransitionSystem
from vmproof.solvers import Answer, Status
from vmproof.terms import ArraySort, BitVecSort, BoolSort, Evaluator, Op, Sort, Term, Value, default_value, evaluate, variables
from vmproof.terms import reachable as below

_AT_ONCE = 48  # a statement with at most so many instances at the terms of the question has all of them made before the first query
_TRIED = 2048  # valuations tried in a model, of one statement
_ADDED = 24  # instances that one statement adds for one model
_ROUNDS = 80  # queries about one question
_LAYERS = 8  # how often elements that only other instances name are followed in one model
_LARGE = 200  # a hypothesis without variables of so many nodes waits for a model in which it is false
_SMALL = 16  # a sort of at most so many values is instantiated at all of them


@dataclass(eq=False)
class Universal:
    """`body` holds for all values of `bound`; `origin` says whose hypothesis it is ("" for what the system's own terms mean).

    `nested`: the body has markers of its own that depend on `bound`, so that a model says nothing of it. `reads` are those of the body,
    `patterns` the reads that it is matched by, `free` the bound variables that no read has: they take all terms of their sort. `named`
    are the terms that the body compares a bound variable with: the statement matters there, too, even if nothing is read there yet.
    `parts` are bound variables that are one part of an index of several, which no pattern sees: they take all terms, too.
    """

    bound: tuple[Term, ...]
    body: Term
    origin: str
    nested: bool
    reads: tuple[Read, ...] = ()
    patterns: list[Pattern] = field(default_factory=list)
    free: tuple[Term, ...] = ()
    named: dict[Term, list[Term]] = field(default_factory=dict)
    parts: frozenset[Term] = frozenset()
    first: tuple[Term, ...] | None = None  # where it is instantiated before the first query; None: wherever it matters
    made: set[tuple[Term, ...]] = field(default_factory=set)
    evaluator: Evaluator | None = None

    def __post_init__(self) -> None:
        self.reads = tuple(dict.fromkeys(read for term in below([self.body]) for read in reads_of(term)))
        self.patterns = patterns(self.bound, self.reads)
        matched = {term for pattern in self.patterns for term in pattern.bound}
        self.free = tuple(term for term in self.bound if term not in matched)
        several = [index for read in self.reads for index in read.indices if index.op is Op.CONCAT]
        self.parts = frozenset(matched).intersection(part for index in several for part in index.args)
        for term in below([self.body]):
            if term.op is Op.EQ:
                for one, other in (term.args, reversed(term.args)):
                    if one in matched and matched.isdisjoint(variables([other])):
                        self.named.setdefault(one, []).append(other)


class Instances:
    """A question that grows: ground assertions, and universal statements of which instances are asserted.

    The markers and arrays that a system explains are explained to the solver when they occur: a marker is true only where its body is (at
    every instance), and false only where its body fails for some new elements.
    """

    def __init__(self, system: TransitionSystem) -> None:
        self._pool = system.pool
        self._meanings = Meanings(system.pool, system.quantified, system.defined, self.constant)
        self._statements: list[Universal] = []
        self._ground: dict[Sort, dict[Term, None]] = {}
        self._reads: dict[Term, dict[tuple[Term, ...], None]] = {}  # the indices at which each array variable is read
        self._seen: set[Term] = set()
        self._known: set[Term] = set()
        self._count = 0
        self.assertions: list[Term] = []
        self.used: set[str] = set()  # whose hypotheses have instances among the assertions

    def constant(self, name: str, sort: Sort) -> Term:
        """A new element of a sort; the names depend on the order of the calls only."""
        self._count += 1
        return self._pool.var(f"{name}#{self._count}:{sort}", sort)

    def rename(self, terms: Iterable[Term], mapping: Mapping[Term, Term]) -> list[Term]:
        """Terms with variables replaced; a marker or array that depends on these is replaced by another one with the new meaning."""
        return self._meanings.rename(terms, mapping)

    def inlined(self, terms: Iterable[Term]) -> list[Term]:
        """Terms in which the elements of arrays that the system explains stand for themselves."""
        return inlined(terms, self._meanings, self._pool)

    def depends(self, terms: Iterable[Term]) -> set[Term]:
        """The variables in terms and in what explains the markers and arrays in them."""
        return self._meanings.depends(terms)

    def assume(self, term: Term) -> None:
        """Assert a ground term, and explain what occurs in it."""
        if term.op is Op.AND:
            for part in term.args:
                self.assume(part)
            return
        if term.is_const and term.value is True:
            return
        [term] = self._meanings.rename([term], {})
        self.assertions.append(term)
        item = self._meanings.get(term)
        if isinstance(item, Quantified) and term not in self._known:  # it is true, so that nothing is needed that makes it false
            self._known.add(term)
            self.state(item.bound, item.body, "")
        self._scan(term)

    def state(self, bound: Sequence[Term], body: Term, origin: str, named: Sequence[Term] | None = None, at_once: bool = False) -> None:
        """State that `body` holds for all values of `bound`.

        A large hypothesis is asserted of the terms `named` first, if they are of the sorts of `bound`; without variables, and unless
        `at_once`, it waits for a model that it excludes.
        """
        if not bound and not (origin and not at_once and _large(body)):
            self.used.add(origin)
            self.assume(body)
            return
        if bound and body.op is Op.AND:  # each part by what it speaks of itself: an instance of one needs nothing that another one reads
            for part in body.args:
                needed = self._meanings.depends([part])
                self.state([term for term in bound if term in needed], part, origin, named, at_once)
            return
        ranged = set(bound)
        [body] = self._meanings.rename([body], {})
        inner = self._meanings.occurring([body])
        nested = [name for name in inner if not ranged.isdisjoint(self._meanings.free(name))]
        statement = Universal(tuple(bound), body, origin, bool(nested))
        if named is not None and [term.sort for term in bound] == [term.sort for term in named] and _large(body):
            statement.first = tuple(named)
        self._statements.append(statement)
        for name in inner:
            if name not in nested and name not in self._known:
                self._explain(name)

    def _scan(self, root: Term) -> None:
        pending = [root]
        while pending:
            term = pending.pop()
            if term in self._seen:
                continue
            self._seen.add(term)
            pending.extend(reversed(term.args))
            if not isinstance(term.sort, ArraySort | BoolSort) and term.op is not Op.ITE:
                self._ground.setdefault(term.sort, {})[term] = None
            for read in reads_of(term):
                self._reads.setdefault(read.array, {})[read.indices] = None
            if term in self._meanings and term not in self._known:
                self._explain(term)

    def _explain(self, name: Term) -> None:
        self._known.add(name)
        item, pool = self._meanings.get(name), self._pool
        if isinstance(item, Quantified):
            self.state(item.bound, pool.implies(name, item.body), "")
            [example] = self.rename([item.body], {b: self.constant(b.name.partition("#")[0], b.sort) for b in item.bound})
            self.assume(pool.or_(name, pool.not_(example)))
        else:
            assert isinstance(item, Defined)
            assert isinstance(name.sort, ArraySort)
            element = name
            for index in item.bound if name.sort.index == item.bound[0].sort else (pool.concat(*item.bound),):
                element = pool.select(element, index)
            self.state(item.bound, pool.eq(element, item.body), "")

    def begin(self) -> None:
        """Make the instances of all statements that matter at only a few terms."""
        for statement in list(self._statements):
            if not statement.bound:  # a large hypothesis about the state as a whole: most questions are about something else
                continue
            if statement.first is not None:
                self._instance(statement, statement.first)
                continue
            instances = list(islice(self._matches(statement, self._reads, self._terms), _AT_ONCE + 1))
            if not statement.nested and len(instances) <= _AT_ONCE:
                for terms in instances:
                    self._instance(statement, terms)

    def decide(self) -> Task[Answer]:
        """Whether all of it can be true: UNSAT is a proof that it cannot, SAT a candidate that no instance is seen to exclude."""
        self.begin()
        for _ in range(_ROUNDS):
            answer = yield tuple(self.assertions)
            if answer.model is None or not self.refine(answer.model):
                return answer
        return Answer(Status.UNKNOWN, None, f"induction: undecided after {_ROUNDS} rounds of instantiation", 0.0, "")

    def refine(self, model: Mapping[str, Value]) -> bool:
        """Add instances that are false in a model; False if no statement is seen to be false in it."""
        picture = _Picture(model)
        for sort in {bound.sort for statement in self._statements for bound in statement.bound}:
            for term in self._terms(sort):
                picture.name(term)
            if not picture.named.get(sort):  # every sort has an element
                picture.name(self.constant("some", sort))
        for array, places in self._reads.items():
            for indices in places:
                picture.read(array, indices)
        for _ in range(_LAYERS):
            added, known = False, picture.size
            for statement in list(self._statements):
                for terms in self._violated(statement, picture):
                    added = self._instance(statement, terms) or added
            if added or picture.size == known:
                return added
        return False

    def _violated(self, statement: Universal, picture: _Picture) -> list[tuple[Term, ...]]:
        """Where a statement is false in a model. What it reads where it is true is read from then on, too."""
        matches = islice(self._matches(statement, picture.reads, picture.terms), _TRIED)
        if statement.nested:
            return list(islice((terms for terms in matches if terms not in statement.made), _ADDED))
        if statement.evaluator is None:
            places = [index for read in statement.reads for index in read.indices]
            statement.evaluator = Evaluator([statement.body, *places])
        found: list[tuple[Term, ...]] = []
        fixed = {v: picture.value(v) for v in variables([statement.body, *(i for read in statement.reads for i in read.indices)])}
        for terms in list(matches):
            values = {**fixed, **{bound: picture.value(term) for bound, term in zip(statement.bound, terms, strict=True)}}
            holds, *places_read = statement.evaluator.run(values)
            if holds is not True:
                found.append(terms)
                if len(found) == _ADDED:
                    break
                continue
            position = 0
            for read in statement.reads:
                here = tuple(places_read[position : position + len(read.indices)])
                position += len(read.indices)
                if not picture.knows(read.array, here):
                    indices = self.rename(read.indices, dict(zip(statement.bound, terms, strict=True)))
                    picture.read(read.array, tuple(indices))
        return found

    def _matches(
        self, statement: Universal, reads: Mapping[Term, Iterable[tuple[Term, ...]]], terms: Callable[[Sort], list[Term]]
    ) -> Iterator[tuple[Term, ...]]:
        """Where a statement matters: at the indices of reads that its patterns match."""
        parts: list[tuple[tuple[Term, ...], Sequence[tuple[Term, ...]]]] = []
        for pattern in statement.patterns:
            places = dict.fromkeys(
                tuple(indices[at] for at in positions) for array, positions in pattern.reads for indices in reads.get(array, ())
            )
            places.update(dict.fromkeys(product(*(statement.named.get(term, ()) for term in pattern.bound))))
            if all(_small(term.sort) or term in statement.parts for term in pattern.bound):
                places.update(dict.fromkeys(product(*(terms(term.sort) for term in pattern.bound))))
            parts.append((pattern.bound, list(places)))
        parts += [((term,), [(value,) for value in terms(term.sort)]) for term in statement.free]
        return joined(statement.bound, parts)

    def _terms(self, sort: Sort) -> list[Term]:
        """The terms that a statement is instantiated at: all values of a small sort, else the ground terms that occur."""
        if _small(sort):
            return [self._pool.value(sort, scalar(sort, number)) for number in range(sort_size(sort))]
        return list(self._ground.get(sort, {}))

    def _instance(self, statement: Universal, terms: tuple[Term, ...]) -> bool:
        if terms in statement.made:
            return False
        statement.made.add(terms)
        [body] = self.rename([statement.body], dict(zip(statement.bound, terms, strict=True)))
        self.used.add(statement.origin)
        self.assume(body)
        return True


class _Picture:
    """What a model says: one term for each element that terms name, and at which elements arrays are read."""

    def __init__(self, model: Mapping[str, Value]) -> None:
        self._model = model
        self._values: dict[Term, Value] = {}
        self._at: set[tuple[Term, tuple[Value, ...]]] = set()
        self.named: dict[Sort, dict[Value, Term]] = {}
        self.reads: dict[Term, list[tuple[Term, ...]]] = {}

    @property
    def size(self) -> int:
        """How many reads are known."""
        return len(self._at)

    def value(self, term: Term) -> Value:
        """The value of a ground term."""
        if term not in self._values:
            [self._values[term]] = evaluate([term], self._variable)
        return self._values[term]

    def _variable(self, variable: Term) -> Value:
        known = self._model.get(variable.name)
        return default_value(variable.sort) if known is None else known

    def name(self, term: Term) -> Term:
        """The term that stands for the element that `term` is."""
        return self.named.setdefault(term.sort, {}).setdefault(self.value(term), term)

    def terms(self, sort: Sort) -> list[Term]:
        """A term for each element of a sort that has one."""
        return list(self.named.get(sort, {}).values())

    def knows(self, array: Term, values: tuple[Value, ...]) -> bool:
        """Whether an array is read at these elements."""
        return (array, values) in self._at

    def read(self, array: Term, indices: tuple[Term, ...]) -> None:
        """An array is read there."""
        place = (array, tuple(self.value(index) for index in indices))
        if place not in self._at:
            self._at.add(place)
            self.reads.setdefault(array, []).append(tuple(self.name(index) for index in indices))


def _large(body: Term) -> bool:
    return len(list(islice(below([body]), _LARGE))) == _LARGE


def _small(sort: Sort) -> bool:
    return isinstance(sort, BoolSort) or (isinstance(sort, BitVecSort) and sort_size(sort) <= _SMALL)
