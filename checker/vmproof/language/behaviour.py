"""Declarations of a system: initial states, actions, properties, constants (LANGUAGE.md; `frames.py` shows them together)."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Sequence

from vmproof.errors import InputError
from vmproof.language.builtins import Decorator
from vmproof.language.composition import compose
from vmproof.language.convert import Mistake, coerce, from_leaves, usable
from vmproof.language.expressions import Expressions
from vmproof.language.machine import ActionDeclaration, Machine, PropertyDeclaration
from vmproof.language.quantify import SCALARS
from vmproof.language.source import Source
from vmproof.language.suggest import suggest
from vmproof.language.types import BitsType, BoolType, EnumType, Type, UnsizedType, leaves
from vmproof.language.values import Constant, Function, Setting, Unsized, Value, describe

SYSTEM_DECORATORS = (
    Decorator.INIT,
    Decorator.ACTION,
    Decorator.FAIR,
    Decorator.INVARIANT,
    Decorator.REACHABLE,
    Decorator.EVENTUALLY,
)
_PROPERTIES = (Decorator.INVARIANT, Decorator.REACHABLE, Decorator.EVENTUALLY)
_REASONS = ("using", "follows")
_FUNCTIONS = ("premise", "measure")
_OPTIONS: dict[Decorator, tuple[str, ...]] = {
    Decorator.INVARIANT: ("name", *_REASONS),
    Decorator.REACHABLE: ("name",),
    Decorator.EVENTUALLY: ("name", *_FUNCTIONS),
}
_NAME = re.compile(r"[A-Za-z]\w*")


def named(run: Expressions, name: str, value: Constant | Setting | Unsized) -> Value:
    """A constant, parameter or unsized type, now that it has a name, or what is bound to that name. Raises `Mistake` for a second one."""
    machine = run.machine
    assert machine is not None
    run.module.settable.append(name)
    if name in run.module.bindings:
        return _bound(run, name, value, run.module.bindings[name])
    match value:
        case Setting():
            _check_new("parameters", name, machine.parameters)
            machine.parameters[name] = machine.settings.get(name, value.default)
            return machine.parameters[name]
        case Unsized():
            _check_new("unsized types", value.name, machine.unsized)
            machine.unsized[value.name] = UnsizedType(value.name, machine.sizes.get(value.name))
            return machine.unsized[value.name]
    _check_new("constants", name, machine.constants)
    terms = {leaf.path: run.pool.var(name, leaf.sort) for leaf in leaves(value.type)}
    machine.constants[name] = (value.type, terms)
    return from_leaves(value.type, terms.__getitem__)


def _check_new(kind: str, name: str, known: Container[str]) -> None:
    if name in known:
        raise Mistake(f"there are two {kind} `{name}`", f"a component shares what the whole has if it is bound: file({name}=...)")


def _bound(run: Expressions, name: str, declared: Constant | Setting | Unsized, value: Value) -> Value:
    """What the whole gives a component for one of its own types, constants and parameters."""
    match declared:
        case Unsized() if isinstance(value, SCALARS):
            return value
        case Setting() if isinstance(value, int) and not isinstance(value, bool):
            return value
        case Constant():
            try:
                return coerce(run.pool, value, declared.type)
            except Mistake as problem:
                raise Mistake(f"`{name}` is bound to another type: {problem.message}", problem.hint) from None
    wanted = "an integer" if isinstance(declared, Setting) else "a scalar type"
    raise Mistake(f"`{name}` is bound to {describe(value)}, not to {wanted}")


def declare_behaviour(machine: Machine, run: Expressions, function: Function, node: ast.FunctionDef, kinds: Sequence[Value]) -> None:
    """Take a function decorated with @init, @action (and @fair), @invariant, @reachable or @eventually into the machine."""
    if not machine.state.fields:
        raise run.wrong(node, f"`{node.name}` comes after the State")
    main = [kind for kind in kinds if kind is not Decorator.FAIR]
    if len(main) > 1:
        raise run.wrong(node, f"`{node.name}` has more than one decorator")
    if node.args.vararg or node.args.kwarg or node.args.kwonlyargs or node.args.defaults or not node.args.args:
        raise run.wrong(node, f"`{node.name}` takes the state, then plain parameters without defaults")
    fair = Decorator.FAIR in kinds
    chosen: Value = main[0] if main else Decorator.ACTION
    if not isinstance(chosen, Decorator):
        raise run.wrong(node, f"`{node.name}` has a decorator that is none of the language's")
    kind: Decorator = chosen
    if fair and kind is not Decorator.ACTION:
        raise run.wrong(node, "@fair stands above an action")
    calls = {each_kind: each for each_kind, each in zip(kinds, node.decorator_list, strict=True) if isinstance(each, ast.Call)}
    if kind not in _PROPERTIES:
        if calls:
            raise run.wrong(node, f"{next(iter(calls))} takes no arguments")
        if kind is Decorator.INIT:
            if len(node.args.args) != 1:
                raise run.wrong(
                    node, f"@init `{node.name}` takes the state only", "an initial state for any value is written with forall(...)"
                )
            machine.inits.append(function)
            return
        _unused(machine, run, node, node.name)
        machine.actions.append(ActionDeclaration(node.name, scalar_parameters(run, node.args.args[1:]), fair, function, run.place(node)))
        return
    if kind not in calls:
        raise run.wrong(node, f"{kind} takes the sentence that it claims", f'{kind}("no two processes share a frame")')
    declared = _property(run, function, node, kind, calls[kind])
    _unused(machine, run, node, declared.name)
    machine.properties.append(declared)


def _unused(machine: Machine, run: Expressions, node: ast.FunctionDef, name: str) -> None:
    if name in {item.name for item in machine.actions} | {item.name for item in machine.properties}:
        raise run.wrong(node, f"two actions or properties are called `{name}`")


def _property(run: Expressions, function: Function, node: ast.FunctionDef, kind: Decorator, call: ast.Call) -> PropertyDeclaration:
    sentence = usable(run.eval(call.args[0])) if len(call.args) == 1 else None
    if not isinstance(sentence, str) or not sentence.strip():
        raise run.wrong(call, f"{kind} takes the sentence that it claims")
    given: dict[str, Value] = {}
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in _OPTIONS[kind]:
            raise run.wrong(keyword, f"{kind} has no option `{keyword.arg}`", suggest(str(keyword.arg), _OPTIONS[kind]))
        given[keyword.arg] = usable(run.eval(keyword.value))
        wanted = _unfit(keyword.arg, given[keyword.arg])
        if wanted:
            raise run.wrong(keyword, f"`{keyword.arg}` is {wanted}, not {describe(given[keyword.arg])}")
    if all(option in given for option in _REASONS):
        raise run.wrong(call, f"{kind} takes `using` or `follows`, not both")
    name, reasons = given.get("name", node.name), given.get("follows", given.get("using"))
    premise, measure = given.get("premise"), given.get("measure")
    assert isinstance(name, str)
    assert premise is None or isinstance(premise, Function)
    assert measure is None or isinstance(measure, Function)
    using = tuple(str(item) for item in reasons) if isinstance(reasons, tuple) else None
    return PropertyDeclaration(
        kind.value,
        name,
        sentence,
        scalar_parameters(run, node.args.args[1:]),
        function,
        premise,
        measure,
        run.place(node),
        using=using,
        follows="follows" in given,
    )


def _unfit(option: str, value: Value) -> str:
    """What an option takes, if it does not take this value."""
    if option in _FUNCTIONS:
        return "" if isinstance(value, Function) else "a function of the state"
    if option in _REASONS:
        fits = isinstance(value, tuple) and all(isinstance(item, str) for item in value)
        return "" if fits else "a tuple of names of invariants"
    return "" if isinstance(value, str) and _NAME.fullmatch(value) else "a name"


def scalar_parameters(run: Expressions, parameters: Sequence[ast.arg]) -> tuple[tuple[str, Type], ...]:
    """The names and types of parameters of a function. Raises `InputError` for one without a scalar type."""
    found: list[tuple[str, Type]] = []
    for parameter in parameters:
        kind = usable(run.eval(parameter.annotation)) if parameter.annotation is not None else None
        if not isinstance(kind, BoolType | BitsType | EnumType | UnsizedType):
            raise run.wrong(
                parameter, f"the parameter `{parameter.arg}` needs a scalar type: bits[n], bool, an enumeration or an unsized type"
            )
        found.append((parameter.arg, kind))
    return tuple(found)


def check_system(machine: Machine, source: Source) -> None:
    """Raises `InputError` where a system lacks something, and as `check_settings`."""
    start = source.at(1)
    if machine.relating:
        raise InputError("this file relates systems and is none", start, "a theorem names it as its `mapping` or `policy`")
    if not machine.state.fields:
        raise InputError("the system has no State", start, "a system's variables are a class with base State")
    if machine.instructions:
        raise InputError("this is the description of a machine, not a system", start, "judge it with `vmproof check`")
    whole = compose(machine)
    if not whole.inits:
        raise InputError("the system has no @init", start, "say which states it begins in")
    if not whole.actions:
        raise InputError("the system has no @action", start)
    for name in machine.constants:
        if name in machine.state.fields:
            raise InputError(f"`{name}` is a constant and a field of {machine.state}", source.at(machine.state.lines[name]))
    _check_reasons(whole.properties)
    check_settings(machine, source)


def _check_reasons(properties: Sequence[PropertyDeclaration]) -> None:
    """Raises `InputError` where a claim names what is no invariant, or follows from one that is not known to hold without it."""
    invariants = {claim.name: claim for claim in properties if claim.kind == Decorator.INVARIANT.value}
    earlier: set[str] = set()
    for claim in properties:
        for name in claim.using or ():
            if name not in invariants:
                raise InputError(f"`{claim.name}` names `{name}`, which is no invariant", claim.place, suggest(name, invariants))
            if claim.follows and invariants[name].follows and name not in earlier:
                problem = f"`{claim.name}` follows from `{name}`, which follows itself and does not stand before it"
                raise InputError(problem, claim.place, "what follows from each other proves nothing")
        earlier.add(claim.name)


def check_settings(machine: Machine, source: Source) -> None:
    """Raises `InputError` where sizes and parameters name what the file does not have."""
    for name, size in machine.sizes.items():
        if name not in machine.unsized:
            raise InputError(f"{source.path.name} has no unsized type `{name}`", None, suggest(name, machine.unsized))
        if not 1 <= size <= 1 << 16:
            raise InputError(f"the size of `{name}` is {size}; it is between 1 and 65536")
    for name in machine.settings:
        if name not in machine.parameters:
            raise InputError(f"{source.path.name} has no parameter `{name}`", None, suggest(name, machine.parameters))
