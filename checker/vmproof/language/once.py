"""A translation that a description asks for itself, executed once in a state of variables; each call is an instance of that.

A walk through page tables is some ten thousand terms. An instruction that names a translation itself (HLV, LDRT) asks for one or two, and
they differ in little but the address.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmproof.errors import InputError
from vmproof.language.convert import Mistake
from vmproof.language.memory import Physical
from vmproof.language.types import ACCESS, EnumMember, EnumType
from vmproof.language.values import EnumValue, Function, StateRef, Value
from vmproof.terms import Pool, Sort, Term, substitute

if TYPE_CHECKING:
    from vmproof.language.calls import Calls

Shape = tuple[object, ...]
"""What tells calls apart that are no instances of one: the function, static arguments, and the sorts of the others."""


@dataclass(frozen=True, eq=False)
class Template:
    """A call in a state of variables: where it traps, with what, the address that it gives, and the leaves that it changes.

    `instances` are what its terms are with other terms in the place of those variables: one instruction is executed in several ways.
    """

    fault: Term
    cause: Term | None
    value: Mapping[str, Term] | None
    address: Term
    changed: Mapping[str, Term]
    instances: dict[tuple[Term, ...], Mapping[Term, Term]] = field(default_factory=dict)

    def instance(self, mapping: Mapping[Term, Term]) -> Mapping[Term, Term]:
        """What each of its terms is with these terms in the place of the variables."""
        key = tuple(mapping.values())
        if key not in self.instances:
            parts = [self.fault, self.address, *self.changed.values(), *(self.value or {}).values()]
            parts += [] if self.cause is None else [self.cause]
            self.instances[key] = dict(zip(parts, substitute(self.fault.pool, parts, mapping), strict=True))
        return self.instances[key]


def translated_once(run: Calls, function: Function, args: list[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Term | None:
    """The address that a call of the translation gives, its traps and effects taken over; None where it must be executed itself.

    That is so on numbers, where most of a walk never comes to be, and of any state but the running one.
    """
    machine = run.machine
    assert machine is not None
    if machine.memory is None or machine.memory_name is None or not args or not isinstance(args[0], StateRef) or not args[0].running:
        return None
    if all(term.is_const for value in (*args[1:], *kwargs.values()) if (term := term_of(value)) is not None):
        return None
    paths = [path for path in run.state if path in machine.registers or path in ("pc", machine.memory_name)]
    names = {path: run.pool.var(f"$once.{path}", run.state[path].sort) for path in paths}
    of_any_kind = [_any_kind(run.pool, value) for value in args], {name: _any_kind(run.pool, value) for name, value in kwargs.items()}
    found = _template(run, function, *of_any_kind, node, names) or _template(run, function, args, kwargs, node, names)
    if found is None:
        return None
    template, terms = found
    mapping = {variable: run.state[path] for path, variable in names.items()}
    replaced = template.instance(mapping | dict(zip(places_of(terms), terms, strict=True)))
    value_of = None if template.value is None else {path: replaced[term] for path, term in template.value.items()}
    run.trap_if(replaced[template.fault], None if template.cause is None else replaced[template.cause], value_of, memory=True)

    def write() -> None:
        for path, term in template.changed.items():
            run.set_entry(path, replaced[term])

    run.effect(write)
    return replaced[template.address]


def _template(
    run: Calls, function: Function, args: list[Value], kwargs: Mapping[str, Value], node: ast.AST, names: Mapping[str, Term]
) -> tuple[Template, list[Term]] | None:
    """What a call is an instance of, and the terms that it is given; None if it cannot be one."""
    assert run.machine is not None
    templates = run.machine.templates
    given = [*args[1:], *kwargs.values()]
    shape: list[object] = [id(function.node), tuple(kwargs)]
    for value in given:
        kind = described(value)
        if kind is None:
            return None
        shape.append(kind)
    key = tuple(shape)
    terms = [term for value in given if (term := term_of(value)) is not None]
    if key not in templates:
        try:
            templates[key] = _made(run, function, args, kwargs, node, names, places_of(terms))
        except (InputError, Mistake):
            templates[key] = None  # the call itself says what is wrong, if it is
    template = templates[key]
    return None if template is None else (template, terms)


def _made(
    run: Calls,
    function: Function,
    args: list[Value],
    kwargs: Mapping[str, Value],
    node: ast.AST,
    names: Mapping[str, Term],
    places: list[Term],
) -> Template:
    machine = run.machine
    assert machine is not None
    assert machine.memory_name is not None
    apart = type(run)(run.pool, run.budget, run.module, machine, dict(names), Physical(machine.memory_name))
    left = iter(places)
    inner: list[Value] = [args[0], *(placed(value, left) for value in args[1:])]
    named = {name: placed(value, left) for name, value in kwargs.items()}
    tried = apart.captured_attempt(function, inner, named, node)
    cause, value = apart.merged_trap(tried.traps)
    assert machine.memory is not None
    address = apart.physical_address(tried.value) if tried.returned else run.pool.bv(0, machine.memory.address)
    changed = {path: term for path, term in apart.state.items() if term is not names[path]}
    return Template(tried.fault, cause, value, address, changed)


def _any_kind(pool: Pool, value: Value) -> Value:
    """A kind of access as a value that is not known while reading: a walk differs in little between them."""
    return EnumValue(ACCESS, pool.bv(value.value, ACCESS.width)) if isinstance(value, EnumMember) and value.type is ACCESS else value


def places_of(terms: Iterable[Term]) -> list[Term]:
    """A variable for each of the terms of a call."""
    return [term.pool.var(f"$once.{number}.{term.sort}", term.sort) for number, term in enumerate(terms)]


def term_of(value: Value) -> Term | None:
    """The term that a value is, or that it holds; None of a static value."""
    if isinstance(value, EnumValue):
        return value.term
    return value if isinstance(value, Term) else None


def described(value: Value) -> EnumType | Sort | tuple[object, ...] | None:
    """What is known of a value while reading: all of a static one, the type of another; None of what is neither a term nor static."""
    match value:
        case EnumValue():
            return value.type
        case Term():
            return value.sort
        case EnumMember():
            return value.type, value.value
        case bool() | int() | str():
            return type(value), value
        case _:
            return ("none",) if value is None else None


def placed(value: Value, left: Iterator[Term]) -> Value:
    """The value with the next of some variables in the place of its term."""
    if isinstance(value, EnumValue):
        return EnumValue(value.type, next(left))
    return next(left) if isinstance(value, Term) else value
