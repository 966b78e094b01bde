"""Composition: a system whose state has the states of other systems as fields is made of these, and does what they do.

A field of the whole whose type is the State of another file is a component; an array of such states is one component for each index.
Every component starts in its own initial states, takes its own steps beside the others', and claims of the whole what it claims of itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

from vmproof.language.machine import ActionDeclaration, Machine, Part, PropertyDeclaration
from vmproof.language.types import ArrayType, EnumType, IndexType, Type, UnsizedType, component_of, join
from vmproof.language.values import Function


@dataclass(frozen=True)
class Whole:
    """What a system consists of, its own first: initial conditions with the component that each is about, actions, properties."""

    inits: tuple[tuple[Function, Part | None], ...]
    actions: tuple[ActionDeclaration, ...]
    properties: tuple[PropertyDeclaration, ...]


def compose(machine: Machine) -> Whole:
    """The system that a machine's own declarations and those of its components make. Names of a component's begin with its field's.

    An action that `joint` names is left out: it happens only where another one calls it.
    """
    inits: list[tuple[Function, Part | None]] = [(function, None) for function in machine.inits]
    actions, properties = list(machine.actions), list(machine.properties)
    for part, component, joint in _parts(machine, "", ()):
        inits += [(function, part) for function in component.inits]
        for action in component.actions:
            if joint is not None and action.name not in joint:
                parameters = _parameters(part, action.parameters)
                actions.append(replace(action, name=join(part.prefix, action.name), parameters=parameters, part=part))
        for claim in component.properties:
            parameters = _parameters(part, claim.parameters)
            using = None if claim.using is None else tuple(join(part.prefix, name) for name in claim.using)
            properties.append(replace(claim, name=join(part.prefix, claim.name), parameters=parameters, part=part, using=using))
    return Whole(tuple(inits), tuple(actions), tuple(properties))


def _parts(machine: Machine, prefix: str, arrays: tuple[ArrayType, ...]) -> Iterator[tuple[Part, Machine, frozenset[str] | None]]:
    """The components of a system and theirs in turn, each with what it was read into and what it does in joint steps only."""
    for name, kind in machine.state.fields.items():
        state = component_of(kind)
        if state is None:
            continue
        part = Part(join(prefix, name), state, (*arrays, *_arrays(kind)))
        component = machine.systems[state]
        yield part, component, machine.joint[name]
        yield from _parts(component, part.prefix, part.arrays)


def _arrays(kind: Type) -> Iterator[ArrayType]:
    while isinstance(kind, ArrayType):
        yield kind
        kind = kind.element


def _parameters(part: Part, own: tuple[tuple[str, Type], ...]) -> tuple[tuple[str, Type], ...]:
    """The indices of a component by names that its own parameters do not have, then those."""
    names = {name for name, _ in own}
    found: list[tuple[str, Type]] = []
    for kind in part.index:
        name = next(each for each in _names(kind) if each not in names)
        names.add(name)
        found.append((name, kind))
    return (*found, *own)


def _names(kind: IndexType) -> Iterator[str]:
    """What an index may be called: as its type, or `index`."""
    name = kind.name.lower() if isinstance(kind, EnumType | UnsizedType) else "index"
    yield name
    yield from (f"{name}{number}" for number in count(2))
