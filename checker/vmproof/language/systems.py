"""A loaded transition system: its variables, and init, actions and properties as terms over them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vmproof.errors import InputError
from vmproof.language.budget import Budget
from vmproof.language.composition import compose
from vmproof.language.convert import Mistake, from_leaves, index_terms, to_bool
from vmproof.language.interpreter import Interpreter
from vmproof.language.machine import ActionDeclaration, Machine, Part, PropertyDeclaration
from vmproof.language.memory import MemoryModel, Physical
from vmproof.language.module import Module
from vmproof.language.outcome import Obligation, State
from vmproof.language.quantify import everywhere
from vmproof.language.recording import Recording
from vmproof.language.run import Dead
from vmproof.language.source import Source
from vmproof.language.types import (
    ArrayType,
    EnumType,
    IndexType,
    LayoutType,
    MemoryType,
    RecordType,
    StateType,
    Type,
    UnsizedType,
    array_sort,
    leaves,
)
from vmproof.language.values import Function, StateRef, Value
from vmproof.terms import BOOL, BitVecSort, Pool, Sort, SortError, Term


@dataclass(frozen=True, eq=False)
class SystemVariable:
    """One leaf of the state, or a constant (`rigid`).

    `type` is the scalar type of the leaf or of its elements; `index` has the index types of each array that it stands in, the outermost
    first. `pieces` are what stands around the brackets in its name: "cpus", ".table", ".valid" of `cpus[c].table[p, v].valid`.
    """

    path: str
    sort: Sort
    type: Type
    index: tuple[tuple[IndexType, ...], ...] = ()
    pieces: tuple[str, ...] = ()
    rigid: bool = False

    @property
    def dimensions(self) -> tuple[tuple[IndexType, ...], ...]:
        """The types of each dimension of the sort: those of a bracket are joined, unless one has no size."""
        found: list[tuple[IndexType, ...]] = []
        for bracket in self.index:
            nested = any(isinstance(part, UnsizedType) and part.size is None for part in bracket)
            found += [(part,) for part in bracket] if nested else [bracket]
        return tuple(found)


@dataclass(frozen=True, eq=False)
class Effect:
    """What an action does from a state: enabled where `guard` holds; `next` has the leaves that change.

    `kinds`: the type of a choice that is an element of an unsized type or a member of an enumeration.
    """

    guard: Term
    next: State
    choices: tuple[Term, ...]
    kinds: Mapping[Term, UnsizedType | EnumType]
    obligations: tuple[Obligation, ...]


class System:
    """A transition system over one pool; unsized types have the sizes that it was loaded with, or none."""

    def __init__(
        self, path: Path, doc: str, pool: Pool, machine: Machine, main: Module, budget: Budget, sources: tuple[Source, ...]
    ) -> None:
        self.path = path
        self.name = path.stem
        self.doc = doc
        self.pool = pool
        self.machine = machine
        self.sources = sources
        self._main = main
        self._budget = budget
        self._evaluated: set[ast.AST] | None = None
        self._latest: tuple[Mapping[str, Term], State] | None = None
        self._known: dict[object, Value] = {}
        whole = compose(machine)
        self.actions = whole.actions
        self.properties = whole.properties
        self._inits = whole.inits
        self.variables = tuple(_variables(machine))

    def state(self) -> dict[str, Term]:
        """A variable for each leaf and constant, named as its path."""
        return {item.path: self._variable(item.path, item.sort) for item in self.variables}

    def _variable(self, name: str, sort: Sort) -> Term:
        """Another system of the same pool may have a leaf of this name and of another sort."""
        while True:
            try:
                return self.pool.var(name, sort)
            except SortError:
                name += "'"

    def init(self, state: Mapping[str, Term]) -> Term:
        """The initial states: all that every @init allows, those of components at all of their indices."""
        return self.pool.and_(*(self._starts(function, part, state) for function, part in self._inits))

    def _starts(self, function: Function, part: Part | None, state: Mapping[str, Term]) -> Term:
        if part is None or not part.index:
            return self.holds(function, state, [], part)
        try:
            run = self._run(state, function, None)
            return everywhere(run, part.index, lambda index: self.holds(function, state, index, part), "forall")
        except Mistake as problem:
            raise InputError(f"@init of {part.prefix}: {problem.message}", function.module.source.place(function.node)) from None

    def parameters(self, declaration: ActionDeclaration | PropertyDeclaration) -> dict[str, Term]:
        """A variable for each parameter, by name."""
        made: dict[str, Term] = {}
        for name, kind in declaration.parameters:
            made[name] = self.pool.var(f"{declaration.name}({name})", next(leaves(kind)).sort)
        return made

    def arguments(self, declaration: ActionDeclaration | PropertyDeclaration, terms: Mapping[str, Term]) -> list[Value]:
        """Parameters as the values that a function takes."""
        return [from_leaves(kind, {"": terms[name]}.__getitem__) for name, kind in declaration.parameters]

    def holds(self, function: Function, state: Mapping[str, Term], args: list[Value], part: Part | None = None) -> Term:
        """What a function of the state says, as a Boolean term. Raises `InputError` where it gives anything else.

        `part`: whose state it is; the indices of the component stand first in `args`.
        """
        run = self._run(state, function, None)
        value = self._call(run, function, self._given(self._leaves(state), args, part))
        try:
            return to_bool(self.pool, value, f"what `{function.name}` returns")
        except Mistake as problem:
            raise InputError(problem.message, function.module.source.place(function.node), problem.hint) from None

    def value(self, function: Function, state: Mapping[str, Term], args: list[Value], part: Part | None = None) -> Term:
        """What a measure gives: bits. Raises `InputError` for anything else. `args` and `part` as for `holds`."""
        run = self._run(state, function, None)
        value = self._call(run, function, self._given(self._leaves(state), args, part))
        if not isinstance(value, Term) or not isinstance(value.sort, BitVecSort):
            raise InputError("a measure gives bits", function.module.source.place(function.node), "widen it with zext")
        return value

    def act(self, declaration: ActionDeclaration, state: Mapping[str, Term], parameters: Mapping[str, Term]) -> Effect:
        """Run an action. Raises `InputError` where its text is wrong."""
        start = self._leaves(state)
        run = self._run(start, declaration.function, Physical(""))
        run.label = declaration.name
        with suppress(Dead):
            self._call(run, declaration.function, self._given(None, self.arguments(declaration, parameters), declaration.part))
        guard = self.pool.and_(self.pool.not_(run.disabled), run.cond)
        changed = {path: term for path, term in run.state.items() if term is not start[path]}
        return Effect(guard, changed, tuple(run.choices), run.chosen_kinds, tuple(run.obligations))

    def behaviour(self) -> set[ast.AST]:
        """The statements and expressions of `sources` that the initial states and the actions consist of, with the parameters that the
        system was loaded with. Raises InputError where one of them is wrong."""
        self._evaluated = found = set[ast.AST]()
        try:
            state = self.state()
            self.init(state)
            for action in self.actions:
                self.act(action, state, self.parameters(action))
        finally:
            self._evaluated = None
        return found

    def _leaves(self, state: Mapping[str, Term]) -> State:
        """What an evaluator takes for the state; the same one as before, if it is."""
        if self._latest is None or self._latest[0] is not state:
            self._latest = state, {path: term for path, term in state.items() if path not in self.machine.constants}
        return self._latest[1]

    def _given(self, state: Mapping[str, Term] | None, args: list[Value], part: Part | None) -> list[Value]:
        """The arguments of a function: the state, or the component that the first of `args` select, and the rest."""
        if part is None:
            return [StateRef("w", state), *args]
        rest = list(args)
        places: list[Term] = []
        for array in part.arrays:
            index, rest = rest[: len(array.index)], rest[len(array.index) :]
            places += index_terms(self.pool, tuple(index), array)
        return [StateRef("w", state, part.type, part.prefix, tuple(places)), *rest]

    def _run(self, state: Mapping[str, Term], function: Function, memory: MemoryModel | None) -> Interpreter:
        """An evaluator; without `memory`, of something in which nothing happens."""
        if self._evaluated is not None:
            return Recording(self.pool, self._budget, function.module, self.machine, state, memory, self._evaluated)
        run = Interpreter(self.pool, self._budget, function.module, self.machine, dict(state), memory)
        run.known = self._known if memory is None else None
        return run

    def _call(self, run: Interpreter, function: Function, args: list[Value]) -> Value:
        try:
            with self._budget.running():
                return run.invoke(function, args, {}, function.node)
        except RecursionError:
            raise InputError(f"`{function.name}` is nested too deeply", function.module.source.place(function.node)) from None


def _variables(machine: Machine) -> list[SystemVariable]:
    found: list[SystemVariable] = []
    for name, kind in machine.state.fields.items():
        found += _leaves_of(SystemVariable(name, BOOL, kind, (), (name,)))
    for name, (kind, terms) in machine.constants.items():
        found.append(SystemVariable(name, terms[""].sort, kind, (), (name,), rigid=True))
    return found


def _leaves_of(item: SystemVariable) -> Iterator[SystemVariable]:
    """The leaves of a part of the state, each with the indices of all arrays that it stands in; `item` says where the part stands."""
    kind = item.type
    match kind:
        case ArrayType():
            for leaf in _leaves_of(replace(item, type=kind.element, index=(*item.index, kind.index), pieces=(*item.pieces, ""))):
                yield replace(leaf, sort=array_sort(kind, leaf.sort))
        case RecordType() | StateType():
            for name, inner in kind.fields.items():
                yield from _leaves_of(_below(item, name, inner))
        case LayoutType():
            for name, part in kind.fields.items():
                yield from _leaves_of(_below(item, name, part.type))
        case MemoryType():
            raise InputError(f"`{item.path}` is a memory; a system has arrays")
        case _:
            yield replace(item, sort=next(leaves(kind)).sort)


def _below(item: SystemVariable, name: str, kind: Type) -> SystemVariable:
    return replace(item, path=f"{item.path}.{name}", type=kind, pieces=(*item.pieces[:-1], f"{item.pieces[-1]}.{name}"))
