"""From a system in the language to the transition system that engines take."""

from __future__ import annotations

from itertools import islice, product
from math import prod

from vmproof.engines.system import Action, Defined, Index, Kind, Parameter, Property, Quantified, TransitionSystem, Variable
from vmproof.errors import InputError
from vmproof.language.machine import ActionDeclaration, PropertyDeclaration
from vmproof.language.outcome import Obligation
from vmproof.language.systems import System, SystemVariable
from vmproof.language.types import BitsType, BoolType, EnumType, IndexType, Type, UnsizedType, scalar_width
from vmproof.terms import Pool, Term, default_value

_MOST_ELEMENTS = 1 << 16


def transition_system(system: System) -> TransitionSystem:
    """The system's variables, initial states, actions and properties as terms. Raises `InputError` where its text is wrong.

    An element of an unsized type of size n is a number below n; the elements of arrays at indices that do not exist are zero for ever.
    """
    pool, state = system.pool, system.state()
    variables = tuple(_variable(item, state[item.path]) for item in system.variables)
    init = pool.and_(system.init(state), *(_domain(pool, item, state[item.path]) for item in system.variables))
    actions = tuple(_action(system, item, state) for item in system.actions)
    properties = tuple(_property(system, item, state) for item in system.properties)
    return TransitionSystem(
        name=system.name,
        pool=pool,
        variables=variables,
        init=init,
        actions=actions,
        properties=properties,
        quantified=tuple(Quantified(marker, bound, body) for marker, bound, body in system.machine.quantified),
        defined=tuple(Defined(array, bound, body) for array, bound, body in system.machine.defined),
        sizes={name: kind.size for name, kind in system.machine.unsized.items() if kind.size is not None},
    )


def obligations(system: System) -> list[Obligation]:
    """What the actions need to be true of every reachable state (bits that become a member, divisors that are not zero)."""
    state = system.state()
    return [item for action in system.actions for item in system.act(action, state, system.parameters(action)).obligations]


def count(kind: Type) -> int | None:
    """How many values a scalar type has; None where it has no size."""
    match kind:
        case BoolType():
            return 2
        case EnumType():
            return max(kind.members.values()) + 1
        case UnsizedType():
            return kind.size
        case BitsType():
            return 1 << kind.width
    return None


def value_names(kind: Type) -> tuple[str, ...]:
    """The names of the values of an enumeration or of a type with a size; none for numbers."""
    match kind:
        case EnumType():
            return tuple(kind.name_of(code) for code in range(max(kind.members.values()) + 1))
        case UnsizedType() if kind.size is not None:
            return tuple(f"{kind.name}{code}" for code in range(kind.size))
    return ()


def _symmetry(kind: Type) -> str:
    return kind.name if isinstance(kind, UnsizedType) else ""


def _variable(item: SystemVariable, term: Term) -> Variable:
    indices = tuple(_index(dimension) for dimension in item.dimensions)
    return Variable(item.path, term, count(item.type), indices, item.rigid, value_names(item.type), _symmetry(item.type))


def _index(dimension: tuple[IndexType, ...]) -> Index:
    """One dimension of an array; the indices of several types that are joined are those that the joined bits have."""
    if len(dimension) == 1:
        return Index(count(dimension[0]), value_names(dimension[0]), _symmetry(dimension[0]))
    return Index(1 << sum(scalar_width(part) for part in dimension))


def legal_value(pool: Pool, kind: Type, term: Term) -> Term:
    """That a term is a value of its type."""
    match kind:
        case EnumType() if not kind.total:
            return pool.or_(*(pool.eq(term, pool.bv(code, kind.width)) for code in sorted(set(kind.members.values()))))
        case UnsizedType() if kind.size is not None and kind.size < 1 << kind.width:
            return pool.ult(term, pool.bv(kind.size, kind.width))
    return pool.true


def _domain(pool: Pool, item: SystemVariable, term: Term) -> Term:
    """That a leaf of the initial state holds values of its type, and an array nothing at indices that do not exist.

    Raises InputError where an array is too large for that to be written out.
    """
    parts = [part for dimension in item.dimensions for part in dimension]
    if any(count(part) is None for part in parts):
        return pool.true
    values = count(item.type)
    if all(count(part) == 1 << scalar_width(part) for part in parts) and values in (None, 1 << scalar_width(item.type)):
        return pool.true
    elements = prod(1 << scalar_width(part) for part in parts)
    if elements > _MOST_ELEMENTS:
        raise InputError(
            f"{item.path} has {elements} elements, too many to be looked at one by one",
            hint="none has to be if all types of its indices and elements have 2, 4, 8 or so on values",
        )
    claims = []
    for codes in product(*(range(1 << scalar_width(part)) for part in parts)):
        given = iter(zip(codes, parts, strict=True))
        element = term
        for dimension in item.dimensions:
            pieces = [pool.bv(code, scalar_width(part)) for code, part in islice(given, len(dimension))]
            element = pool.select(element, pool.concat(*pieces))
        exists = all(code < (count(part) or 0) for code, part in zip(codes, parts, strict=True))
        nothing = pool.value(element.sort, default_value(element.sort))
        claims.append(legal_value(pool, item.type, element) if exists else pool.eq(element, nothing))
    return pool.and_(*claims)


def _parameters(declaration: ActionDeclaration | PropertyDeclaration, terms: dict[str, Term]) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, terms[name], count(kind), value_names(kind), _symmetry(kind)) for name, kind in declaration.parameters)


def _action(system: System, declaration: ActionDeclaration, state: dict[str, Term]) -> Action:
    pool = system.pool
    terms = system.parameters(declaration)
    effect = system.act(declaration, state, terms)
    legal = [legal_value(pool, kind, terms[name]) for name, kind in declaration.parameters]
    legal += [legal_value(pool, kind, term) for term, kind in effect.kinds.items()]
    choices = tuple(_choice(term, effect.kinds.get(term)) for term in effect.choices)
    return Action(
        name=declaration.name,
        parameters=_parameters(declaration, terms),
        guard=pool.and_(effect.guard, *legal),
        next=effect.next,
        choices=choices,
        fair=declaration.fair,
        place=declaration.place,
    )


def _choice(term: Term, kind: UnsizedType | EnumType | None) -> Parameter:
    if kind is None:
        return Parameter(term.name, term, 1 << term.width if term.width else 2)
    return Parameter(term.name, term, count(kind), value_names(kind), _symmetry(kind))


def _property(system: System, declaration: PropertyDeclaration, state: dict[str, Term]) -> Property:
    pool = system.pool
    terms = system.parameters(declaration)
    args = system.arguments(declaration, terms)
    kind = Kind(declaration.kind)
    part = declaration.part
    term = system.holds(declaration.function, state, args, part)
    legal = pool.and_(*(legal_value(pool, kind_, terms[name]) for name, kind_ in declaration.parameters))
    return Property(
        kind=kind,
        name=declaration.name,
        sentence=declaration.sentence,
        parameters=_parameters(declaration, terms),
        term=pool.and_(legal, term) if kind is Kind.SOMETIMES else pool.implies(legal, term),
        premise=None if declaration.premise is None else system.holds(declaration.premise, state, args, part),
        measure=None if declaration.measure is None else system.value(declaration.measure, state, args, part),
        place=declaration.place,
        using=declaration.using,
        follows=declaration.follows,
    )
