"""A loaded transition system: its variables, and init, actions and properties as terms over them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vmproof.errors import InputError
from vmproof.language.budget import Budget
from vmproof.language.convert import Mistake, from_leaves, to_bool
from vmproof.language.interpreter import Interpreter
from vmproof.language.machine import ActionDeclaration, Machine, PropertyDeclaration
from vmproof.language.memory import Physical
from vmproof.language.module import Module
from vmproof.language.outcome import Obligation, State
from vmproof.language.run import Dead
from vmproof.language.source import Source
from vmproof.language.types import ArrayType, BitsType, EnumType, LayoutType, MemoryType, RecordType, Type, join, leaves
from vmproof.language.values import Function, StateRef, Value
from vmproof.terms import BitVecSort, Pool, Sort, Term


@dataclass(frozen=True, eq=False)
class SystemVariable:
    """One leaf of the state, or a constant (`rigid`).

    `type` is the scalar type of the leaf or of an array's elements; `index` are the types of the array's indices.
    """

    path: str
    sort: Sort
    type: Type
    index: tuple[Type, ...] = ()
    rigid: bool = False


@dataclass(frozen=True, eq=False)
class Effect:
    """What an action does from a state: enabled where `guard` holds; `next` has the leaves that change."""

    guard: Term
    next: State
    choices: tuple[Term, ...]
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
        self.actions: tuple[ActionDeclaration, ...] = tuple(machine.actions)
        self.properties: tuple[PropertyDeclaration, ...] = tuple(machine.properties)
        self.variables = tuple(_variables(machine))

    def state(self) -> dict[str, Term]:
        """A variable for each leaf and constant, named as its path."""
        return {item.path: self.pool.var(item.path, item.sort) for item in self.variables}

    def init(self, state: Mapping[str, Term]) -> Term:
        """The initial states: all that every @init allows."""
        return self.pool.and_(*(self.holds(function, state, []) for function in self.machine.inits))

    def parameters(self, declaration: ActionDeclaration | PropertyDeclaration) -> dict[str, Term]:
        """A variable for each parameter, by name."""
        made: dict[str, Term] = {}
        for name, kind in declaration.parameters:
            made[name] = self.pool.var(f"{declaration.name}({name})", next(leaves(kind)).sort)
        return made

    def arguments(self, declaration: ActionDeclaration | PropertyDeclaration, terms: Mapping[str, Term]) -> list[Value]:
        """Parameters as the values that a function takes."""
        return [from_leaves(kind, {"": terms[name]}.__getitem__) for name, kind in declaration.parameters]

    def holds(self, function: Function, state: Mapping[str, Term], args: list[Value]) -> Term:
        """What a function of the state says, as a Boolean term. Raises `InputError` where it gives anything else."""
        run = self._run(state, function)
        value = self._call(run, function, [StateRef("w", self._leaves(state)), *args])
        try:
            return to_bool(self.pool, value, f"what `{function.name}` returns")
        except Mistake as problem:
            raise InputError(problem.message, function.module.source.place(function.node), problem.hint) from None

    def value(self, function: Function, state: Mapping[str, Term], args: list[Value]) -> Term:
        """What a measure gives: bits. Raises `InputError` for anything else."""
        run = self._run(state, function)
        value = self._call(run, function, [StateRef("w", self._leaves(state)), *args])
        if not isinstance(value, Term) or not isinstance(value.sort, BitVecSort):
            raise InputError("a measure gives bits", function.module.source.place(function.node), "widen it with zext")
        return value

    def act(self, declaration: ActionDeclaration, state: Mapping[str, Term], parameters: Mapping[str, Term]) -> Effect:
        """Run an action. Raises `InputError` where its text is wrong."""
        start = self._leaves(state)
        run = self._run(start, declaration.function)
        run.label = declaration.name
        with suppress(Dead):
            self._call(run, declaration.function, [StateRef("w"), *self.arguments(declaration, parameters)])
        guard = self.pool.and_(self.pool.not_(run.disabled), run.cond)
        changed = {path: term for path, term in run.state.items() if term is not start[path]}
        return Effect(guard, changed, tuple(run.choices), tuple(run.obligations))

    def _leaves(self, state: Mapping[str, Term]) -> State:
        return {path: term for path, term in state.items() if path not in self.machine.constants}

    def _run(self, state: Mapping[str, Term], function: Function) -> Interpreter:
        memory = Physical(self.machine.memory_name or "")
        return Interpreter(self.pool, self._budget, function.module, self.machine, dict(state), memory)

    def _call(self, run: Interpreter, function: Function, args: list[Value]) -> Value:
        try:
            with self._budget.running():
                return run.invoke(function, args, {}, function.node)
        except RecursionError:
            raise InputError(f"`{function.name}` is nested too deeply", function.module.source.place(function.node)) from None


def _variables(machine: Machine) -> list[SystemVariable]:
    found: list[SystemVariable] = []
    for name, kind in machine.state.fields.items():
        found += _leaves_of(name, kind)
    for name, (kind, terms) in machine.constants.items():
        found.append(SystemVariable(name, terms[""].sort, kind, rigid=True))
    return found


def _leaves_of(name: str, kind: Type) -> list[SystemVariable]:
    """The leaves of a field with the scalar types that the elements have; arrays of arrays keep the outer indices first."""
    if isinstance(kind, ArrayType):
        inner = _leaves_of("", kind.element)
        sorts = {leaf.path: leaf.sort for leaf in leaves(kind)}
        return [SystemVariable(join(name, item.path), sorts[item.path], item.type, (*kind.index, *item.index)) for item in inner]
    if isinstance(kind, MemoryType):
        raise InputError(f"`{name}` is a memory; a system has arrays")
    found: list[SystemVariable] = []
    for leaf in leaves(kind):
        scalar: Type = leaf.enum if isinstance(leaf.enum, EnumType) else _scalar(kind, leaf.path)
        found.append(SystemVariable(join(name, leaf.path), leaf.sort, scalar))
    return found


def _scalar(kind: Type, path: str) -> Type:
    """The type of the leaf of a type at a path."""

    if isinstance(kind, RecordType):
        first, _, rest = path.partition(".")
        return _scalar(kind.fields[first], rest)
    if isinstance(kind, LayoutType):
        part = kind.fields[path]
        return BitsType(part.hi - part.lo + 1)
    return kind
