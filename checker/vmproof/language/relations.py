"""A loaded file that relates systems: how one is seen as another, and who observes what, as terms over their states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vmproof.errors import InputError, Place
from vmproof.language.behaviour import check_settings, check_system
from vmproof.language.budget import Budget
from vmproof.language.convert import Mistake, from_leaves, to_bool, to_leaves
from vmproof.language.interpreter import Interpreter
from vmproof.language.machine import ActionDeclaration, Machine, Part, RelatingDeclaration
from vmproof.language.memory import Physical
from vmproof.language.module import Module
from vmproof.language.quantify import needed
from vmproof.language.run import Dead
from vmproof.language.source import Source
from vmproof.language.suggest import suggest
from vmproof.language.systems import System
from vmproof.language.types import BoolType, EnumMember, EnumType, IndexType, StateType, Type, UnsizedType, join, leaves, scalar_width
from vmproof.language.values import ActionCall, ElementValue, EnumValue, Fields, Function, Signed, StateRef, SystemFile, Value, describe
from vmproof.terms import ArraySort, BitVecSort, Pool, Term, default_value

_MOST_ELEMENTS = 1024  # of an array that is given element by element
_ABOVE = "abstract"  # what the leaves of the abstract state begin with, while a function runs


@dataclass(frozen=True, eq=False)
class NamedStep:
    """A step of the abstract system that a concrete action may be: its action, with a term for each of its parameters."""

    action: ActionDeclaration
    inputs: Mapping[str, Term]


@dataclass(frozen=True, eq=False)
class NamedOffer:
    """Actions of which exactly one is possible where `premise` holds: `parameters` are those of all of them, by name, and `inputs` what
    each action takes of them."""

    declaration: RelatingDeclaration
    parameters: Mapping[str, tuple[Type, Term]]
    premise: Term
    inputs: Mapping[str, Mapping[str, Term]]


@dataclass(frozen=True, eq=False)
class NamedEnsured:
    """What each step of an action ensures: `body` is over the state before it, its parameters, the leaves of the state `after` it, and
    further `parameters`, by name."""

    declaration: RelatingDeclaration
    action: str
    parameters: Mapping[str, tuple[Type, Term]]
    after: Mapping[str, Term]
    body: Term


@dataclass(frozen=True, eq=False)
class Observation:
    """What a domain observes: terms over the state, the domain and the places, which are parameters of `declaration` by name."""

    declaration: RelatingDeclaration
    terms: tuple[Term, ...]
    places: Mapping[str, Term]


class Relation:
    """The functions of the file, and the systems that it imports as a whole: all over one pool, with the types that they share."""

    def __init__(self, path: Path, pool: Pool, machine: Machine, main: Module, budget: Budget, sources: tuple[Source, ...]) -> None:
        self.path = path
        self.pool = pool
        self.machine = machine
        self._main = main
        self._budget = budget
        self._sources = sources
        if machine.state.fields or machine.instructions:
            raise InputError(f"{path.name} describes something of its own; a file that relates systems imports them", self.place)
        check_settings(machine, main.source)

    @property
    def place(self) -> Place:
        """The file's beginning."""
        return self._main.source.at(1)

    def of(self, kind: str) -> list[RelatingDeclaration]:
        """The functions with one decorator, such as "observes"."""
        return [item for item in self.machine.relating if item.kind == kind]

    def system(self, path: Path) -> System:
        """The system of a file that is imported as a whole. Raises `InputError` where that does not happen, or twice."""
        wanted = path.resolve()
        files = [value.module for value in self._main.names.values() if isinstance(value, SystemFile) and value.loaded]
        found = {id(module.machine): module for module in files if module.source.path.resolve() == wanted}
        if not found:
            raise InputError(f"{self.path.name} does not import {path.stem} as a whole", self.place, f"from folder import {path.stem}")
        if len(found) > 1:
            raise InputError(f"{self.path.name} has {path.stem} twice, with other types or constants", self.place)
        [module] = found.values()
        check_system(module.machine, module.source)
        return System(module.source.path, "", self.pool, module.machine, module, self._budget, self._sources)

    def action(self, declaration: RelatingDeclaration, name: str, system: System) -> ActionDeclaration:
        """The action that a function names. Raises `InputError` where there is none."""
        known = {item.name: item for item in system.actions}
        if name not in known:
            raise InputError(
                f"{system.name} has no action `{name}`", declaration.place, suggest(name, known) or f"it has {', '.join(known)}"
            )
        return known[name]

    def abstraction(self, declaration: RelatingDeclaration, concrete: System, abstract: System) -> dict[str, Term]:
        """Each leaf of the abstract state as a term over the concrete one. Raises `InputError` for a leaf that is not given."""
        unset = {
            item.path: self.pool.fresh(f"unset {item.path}", item.sort)
            for item in abstract.variables
            if item.path not in abstract.machine.constants
        }
        run = self._run(declaration.function, {join(_ABOVE, path): term for path, term in unset.items()})
        self._call(run, declaration, [self._below(concrete, declaration), self._above(abstract, declaration)])
        found = {path: run.state[join(_ABOVE, path)] for path in unset}
        shapes = {item.path: item.index for item in abstract.variables}
        for path, term in found.items():
            if needed(run, term).isdisjoint(unset.values()):
                continue
            found[path] = self._element_by_element(term, shapes[path])
            if not needed(run, found[path]).isdisjoint(unset.values()):
                raise InputError(f"`{declaration.function.name}` does not give all of `{path}`", declaration.place)
        return found

    def _element_by_element(self, array: Term, brackets: tuple[tuple[IndexType, ...], ...]) -> Term:
        """An array made of its elements at all indices that there are; itself where these have no number, or are too many."""
        if not brackets or not isinstance(array.sort, ArraySort) or not isinstance(array.sort.index, BitVecSort):
            return array
        codes = _codes(brackets[0])
        if codes is None or len(codes) > _MOST_ELEMENTS:
            return array
        nothing = self.pool.value(array.sort.element, default_value(array.sort.element))
        made = self.pool.array_const(array.sort, nothing)
        for code in codes:
            at = self.pool.bv(code, array.sort.index.width)
            made = self.pool.store(made, at, self._element_by_element(self.pool.select(array, at), brackets[1:]))
        return made

    def steps(
        self,
        declaration: RelatingDeclaration,
        action: ActionDeclaration,
        concrete: System,
        abstract: System,
        seen: Mapping[str, Term],
    ) -> list[NamedStep]:
        """The abstract steps that a function names for a concrete action; `seen` is the abstract state, as `abstraction` gives it."""
        run = self._run(declaration.function, {join(_ABOVE, path): term for path, term in seen.items()})
        run.named = []
        before = dict(run.state)
        arguments = self._arguments(declaration, action, concrete, declaration.function.parameters[2:])
        self._call(run, declaration, [self._below(concrete, declaration), self._above(abstract, declaration), *arguments])
        if any(run.state[path] is not term for path, term in before.items()):
            raise InputError(f"`{declaration.function.name}` assigns to the abstract state; it names an action of it", declaration.place)
        if not run.named:
            raise InputError(f"`{declaration.function.name}` names no action of {abstract.name}", declaration.place)
        return [self._step(declaration, call, abstract) for call in run.named]

    def offered(self, declaration: RelatingDeclaration, concrete: System, abstract: System, seen: Mapping[str, Term]) -> NamedOffer:
        """What a function says the concrete system offers; `seen` is the abstract state, as `abstraction` gives it."""
        parameters: dict[str, tuple[Type, Term]] = {}
        inputs: dict[str, Mapping[str, Term]] = {}
        for action in (self.action(declaration, name, concrete) for name in declaration.actions):
            for name, kind in action.parameters:
                made = parameters.setdefault(name, (kind, self.pool.fresh(name, next(leaves(kind)).sort)))
                if made[0] != kind:
                    said = f"the actions that `{declaration.function.name}` names have parameters `{name}` of different types"
                    raise InputError(said, declaration.place)
            inputs[action.name] = {name: parameters[name][1] for name, _ in action.parameters}
        run = self._run(declaration.function, {join(_ABOVE, path): term for path, term in seen.items()})
        given = []
        for name in declaration.function.parameters[2:]:
            if name not in parameters:
                raise InputError(
                    f"no action that `{declaration.function.name}` names has a parameter `{name}`",
                    declaration.place,
                    suggest(name, parameters),
                )
            given.append(_value(*parameters[name]))
        value = self._call(run, declaration, [self._below(concrete, declaration), self._above(abstract, declaration), *given])
        premise = self._made(declaration, lambda: to_bool(self.pool, value, f"what `{declaration.function.name}` returns"))
        return NamedOffer(declaration, parameters, premise, inputs)

    def ensured(self, declaration: RelatingDeclaration, name: str, concrete: System) -> NamedEnsured:
        """What a function says of each step of one of the actions that it names."""
        action, function = self.action(declaration, name, concrete), declaration.function
        for key, _ in declaration.parameters:
            if key in dict(action.parameters):
                said = f"`{key}` is a parameter of the action `{name}`, which has its type already"
                raise InputError(said, declaration.place, "leave out its type, or give it another name")
        parameters = {key: (kind, self.pool.fresh(key, next(leaves(kind)).sort)) for key, kind in declaration.parameters}
        named = [key for key in function.parameters[2:] if key not in parameters]
        own = dict(zip(named, self._arguments(declaration, action, concrete, named), strict=True))
        values = [own[key] if key in own else _value(*parameters[key]) for key in function.parameters[2:]]
        state, constants = concrete.machine.state, concrete.machine.constants
        after = {item.path: self.pool.fresh(f"after {item.path}", item.sort) for item in concrete.variables if item.path not in constants}
        run = self._run(function, {})
        value = self._call(run, declaration, [self._below(concrete, declaration), StateRef(function.parameters[1], after, state), *values])
        body = self._made(declaration, lambda: to_bool(self.pool, value, f"what `{function.name}` returns"))
        return NamedEnsured(declaration, action.name, parameters, after, body)

    def observation(self, declaration: RelatingDeclaration, system: System, domain: Term) -> Observation:
        """What a domain observes, at places that are variables."""
        (_, kind), *others = declaration.parameters
        places = {name: self.pool.fresh(name, next(leaves(inner)).sort) for name, inner in others}
        values = [_value(kind, domain), *(_value(inner, places[name]) for name, inner in others)]
        run = self._run(declaration.function, {})
        value = self._call(run, declaration, [self._below(system, declaration), *values])
        return Observation(declaration, tuple(self._scalars(declaration, value)), places)

    def flows(self, declaration: RelatingDeclaration, source: Term, domain: Term) -> Term:
        """That the first domain may flow to the second."""
        (_, first), (_, second) = declaration.parameters
        run = self._run(declaration.function, {})
        value = self._call(run, declaration, [_value(first, source), _value(second, domain)])
        return self._made(declaration, lambda: to_bool(self.pool, value, f"what `{declaration.function.name}` returns"))

    def acting(self, declaration: RelatingDeclaration, action: ActionDeclaration, system: System, domain: Type) -> Term:
        """The domain on whose behalf an action happens."""
        value = self._of_action(declaration, action, system)
        return self._made(declaration, lambda: to_leaves(self.pool, value, domain)[""])

    def told(self, declaration: RelatingDeclaration, action: ActionDeclaration, system: System) -> list[Term]:
        """What an action lets its domain know."""
        return self._scalars(declaration, self._of_action(declaration, action, system))

    # running a function

    def _of_action(self, declaration: RelatingDeclaration, action: ActionDeclaration, system: System) -> Value:
        run = self._run(declaration.function, {})
        arguments = self._arguments(declaration, action, system, declaration.function.parameters[1:])
        return self._call(run, declaration, [self._below(system, declaration), *arguments])

    def _run(self, function: Function, state: Mapping[str, Term]) -> Interpreter:
        return Interpreter(self.pool, self._budget, function.module, self.machine, dict(state), Physical("") if state else None)

    def _call(self, run: Interpreter, declaration: RelatingDeclaration, args: list[Value]) -> Value:
        function, value = declaration.function, None
        try:
            with self._budget.running(), suppress(Dead):
                value = run.invoke(function, args, {}, function.node)
        except RecursionError:
            raise InputError(f"`{function.name}` is nested too deeply", declaration.place) from None
        if run.choices or run.disabled is not self.pool.false:
            raise InputError(f"`{function.name}` chooses or requires something; it only reads states", declaration.place)
        return value

    def _below(self, system: System, declaration: RelatingDeclaration) -> StateRef:
        entries = {path: term for path, term in system.state().items() if path not in system.machine.constants}
        self._check_state(declaration, 0, system)
        return StateRef(declaration.function.parameters[0], entries, system.machine.state)

    def _above(self, system: System, declaration: RelatingDeclaration) -> StateRef:
        self._check_state(declaration, 1, system)
        return StateRef(declaration.function.parameters[1], None, system.machine.state, _ABOVE)

    def _check_state(self, declaration: RelatingDeclaration, number: int, system: System) -> None:
        """That a parameter for a state is annotated with the right one, if it is."""
        name = declaration.function.parameters[number]
        annotation = declaration.function.annotations.get(name)
        if annotation is None:
            return
        run = self._run(declaration.function, {})
        kind = run.annotation(annotation)
        if isinstance(kind, StateType) and kind is not system.machine.state:
            raise InputError(f"`{name}` of `{declaration.function.name}` is not the state of {system.name}", declaration.place)

    def _arguments(
        self, declaration: RelatingDeclaration, action: ActionDeclaration, system: System, wanted: Sequence[str]
    ) -> list[Value]:
        """The parameters of an action that a function takes, by name."""
        terms, kinds = system.parameters(action), dict(action.parameters)
        for name in wanted:
            if name not in kinds:
                hint = suggest(name, kinds) or (f"it has {', '.join(kinds)}" if kinds else "it has none")
                raise InputError(f"the action `{action.name}` has no parameter `{name}`", declaration.place, hint)
        return [_value(kinds[name], terms[name]) for name in wanted]

    def _step(self, declaration: RelatingDeclaration, call: ActionCall, abstract: System) -> NamedStep:
        for action in abstract.actions:
            if action.function is call.function and call.state.prefix == join(_ABOVE, action.part.prefix if action.part else ""):
                kinds = action.parameters
                inputs = self._indices(action.part, call.state.places) if action.part else []
                values = zip(call.arguments, kinds[len(inputs) :], strict=True)
                inputs += [to_leaves(self.pool, value, kind)[""] for value, (_, kind) in values]
                return NamedStep(action, {name: term for (name, _), term in zip(kinds, inputs, strict=True)})
        name = call.function.name
        raise InputError(
            f"`{name}` of {abstract.name} does not happen by itself, so `{declaration.function.name}` cannot name it", declaration.place
        )

    def _indices(self, part: Part, places: Sequence[Term]) -> list[Term]:
        """The indices of a component of an array, one for each type; those of a bracket may be joined."""
        found: list[Term] = []
        rest = list(places)
        for array in part.arrays:
            if array.nested or len(array.index) == 1:
                pieces, rest = rest[: len(array.index)], rest[len(array.index) :]
            else:
                joined, rest = rest[0], rest[1:]
                pieces, top = [], joined.width
                for kind in array.index:
                    pieces.append(self.pool.extract(joined, top - 1, top - scalar_width(kind)))
                    top -= scalar_width(kind)
            for kind, piece in zip(array.index, pieces, strict=True):
                found.append(self.pool.eq(piece, self.pool.bv(1, 1)) if isinstance(kind, BoolType) else piece)
        return found

    def _scalars(self, declaration: RelatingDeclaration, value: Value) -> list[Term]:
        """The terms that a value consists of; what is the same in all states is none."""
        match value:
            case Term():
                return [value]
            case Signed() | EnumValue() | ElementValue():
                return [value.term]
            case Fields():
                return [term for part in value.parts.values() for term in self._scalars(declaration, part)]
            case tuple():
                return [term for part in value for term in self._scalars(declaration, part)]
            case bool() | int() | str() | EnumMember():
                return []
        message = f"`{declaration.function.name}` gives {describe(value)}, not a scalar, a record or a tuple of these"
        raise InputError(message, declaration.place, "of an array it gives the element at a place, which is a further parameter")

    def _made(self, declaration: RelatingDeclaration, make: Callable[[], Term]) -> Term:
        try:
            return make()
        except Mistake as problem:
            raise InputError(problem.message, declaration.place, problem.hint) from None


def _codes(bracket: tuple[IndexType, ...]) -> list[int] | None:
    """The indices of a bracket, those of several types joined; None where one has no size."""
    found = [0]
    for kind in bracket:
        match kind:
            case UnsizedType(size=None):
                return None
            case UnsizedType(size=int() as size):
                own: Sequence[int] = range(size)
            case EnumType():
                own = sorted(set(kind.members.values()))
            case _ if scalar_width(kind) <= _MOST_ELEMENTS.bit_length():
                own = range(1 << scalar_width(kind))
            case _:
                return None
        if len(found) * len(own) > _MOST_ELEMENTS:
            return None
        found = [code << scalar_width(kind) | each for code in found for each in own]
    return found


def _value(kind: Type, term: Term) -> Value:
    return from_leaves(kind, {"": term}.__getitem__)
