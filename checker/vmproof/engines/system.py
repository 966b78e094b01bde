"""Transition systems over terms: what every engine takes. Nothing here knows the language or a solver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from vmproof.engines.equated import equated
from vmproof.errors import Place
from vmproof.terms import ArraySort, Pool, Sort, Substitution, Term

State = Mapping[str, Term]


@dataclass(frozen=True)
class Index:
    """One index of an array. `count` is how many there are, from 0 on; None: as many as its sort has values.

    `names` are theirs, for enumerations and elements of unsized types; `symmetry` is the interchangeable type whose elements they are.
    """

    count: int | None = None
    names: tuple[str, ...] = ()
    symmetry: str = ""


@dataclass(frozen=True, eq=False)
class Variable:
    """A leaf of the state. `term` is its current value. Raises ValueError unless an array has as many indices as its sort has dimensions.

    `domain` is how many values a scalar takes (0 up to it; None: all of its sort); of an array, how many values an element takes, and
    `indices` are its indices, the outermost first. `rigid`: a constant, arbitrary but fixed. `names` are the values' names, for
    enumerations and for the elements of unsized types.
    """

    path: str
    term: Term
    domain: int | None = None
    indices: tuple[Index, ...] = ()
    rigid: bool = False
    names: tuple[str, ...] = ()
    symmetry: str = ""  # the interchangeable type whose elements this holds ("" for none)

    def __post_init__(self) -> None:
        sort, depth = self.term.sort, 0
        while isinstance(sort, ArraySort):
            sort, depth = sort.element, depth + 1
        if depth != len(self.indices):
            raise ValueError(f"{self.path} has {len(self.indices)} indices, and its sort {depth}")

    @property
    def sort(self) -> Sort:
        return self.term.sort


@dataclass(frozen=True, eq=False)
class Parameter:
    """A chosen parameter of an action, or a universally quantified one of a property."""

    name: str
    term: Term
    domain: int | None = None
    names: tuple[str, ...] = ()
    symmetry: str = ""


@dataclass(frozen=True, eq=False)
class Action:
    """An action with chosen parameters: where `guard` holds it may happen, and then `next` gives the leaves that change (by path).

    `choices` are further variables of the step that nobody controls (`choose`). `fair`: weakly fair: it does not stay enabled for ever
    without happening (for each value of its parameters).
    """

    name: str
    parameters: tuple[Parameter, ...]
    guard: Term
    next: Mapping[str, Term]
    choices: tuple[Parameter, ...] = ()
    fair: bool = False
    place: Place | None = field(default=None, repr=False)


class Kind(StrEnum):
    """What is claimed of a property's formula."""

    ALWAYS = "invariant"
    SOMETIMES = "reachable"
    EVENTUALLY = "eventually"


@dataclass(frozen=True, eq=False)
class Property:
    """A formula over the state and the property's parameters (universal for an invariant, existential for a reachable).

    `measure`, for an eventuality proved by ranking: a bit vector that every fair step lowers while the goal is not reached. `premise`: the
    eventuality is claimed from each state where it holds on ("leads to"); None: from the initial states. `using`: the invariants that
    induction proves an invariant from, besides itself; None: all. `follows`: it follows from them in every state.
    """

    kind: Kind
    name: str
    sentence: str
    parameters: tuple[Parameter, ...]
    term: Term
    premise: Term | None = None
    measure: Term | None = None
    place: Place | None = field(default=None, repr=False)
    using: tuple[str, ...] | None = None
    follows: bool = False


@dataclass(frozen=True, eq=False)
class Quantified:
    """`forall` over unsized types: the Boolean variable `marker` stands for "`body` holds for all values of `bound`"."""

    marker: Term
    bound: tuple[Term, ...]
    body: Term


@dataclass(frozen=True, eq=False)
class Defined:
    """A bulk update over unsized types: the array variable `array` has the element `body` at the index `bound`, whatever that is."""

    array: Term
    bound: tuple[Term, ...]
    body: Term


@dataclass(frozen=True, eq=False)
class TransitionSystem:
    """States, initial states, actions, properties. The relation need not be total: a state in which no action is enabled is stuck.

    `init` is over the current variables. `quantified` and `defined` explain the markers and arrays that occur in the terms; they are
    empty where every type has a size. `sizes` are the sizes that unsized types were given.
    """

    name: str
    pool: Pool
    variables: tuple[Variable, ...]
    init: Term
    actions: tuple[Action, ...]
    properties: tuple[Property, ...]
    quantified: tuple[Quantified, ...] = ()
    defined: tuple[Defined, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> dict[str, Term]:
        """The current value of each leaf, by path."""
        return {variable.path: variable.term for variable in self.variables}

    def property(self, name: str) -> Property | None:
        return next((item for item in self.properties if item.name == name), None)

    @cached_property
    def taken(self) -> Mapping[Action, Substitution]:
        """For each action, how to say something of a state in which it may happen: with the values of leaves that its guard names."""
        return {action: self.exactly(action.guard) for action in self.actions}

    def exactly(self, term: Term) -> Substitution:
        """How to say something of a state of which the term is true: with the values of leaves that the term names. Markers stay, since
        they may depend on what a statement binds."""
        leaves = {variable.term for variable in self.variables}
        known = equated([term])
        return Substitution(self.pool, {leaf: known[leaf] for leaf in known if not leaves.isdisjoint([leaf, *leaf.args])})

    def after(self, action: Action) -> dict[str, Term]:
        """The whole state after an action, over the current variables and its parameters."""
        return {**self.state, **action.next}


def domain_of(parameters: Sequence[Parameter], pool: Pool) -> Term:
    """That each parameter is one of the values of its type."""
    limits = [
        pool.ult(item.term, pool.bv(item.domain, item.term.width))
        for item in parameters
        if item.domain is not None and item.term.width and item.domain < 1 << item.term.width
    ]
    return pool.and_(*limits)
