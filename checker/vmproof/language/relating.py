"""Functions of a file that relates systems: what each must look like (spec/README.md, "One system as another", "Who learns what")."""

from __future__ import annotations

import ast

from vmproof.language.behaviour import scalar_parameters
from vmproof.language.builtins import Decorator
from vmproof.language.convert import usable
from vmproof.language.expressions import Expressions
from vmproof.language.machine import Machine, RelatingDeclaration
from vmproof.language.values import Function, describe

_STATES = {
    Decorator.ABSTRACTION: 2,
    Decorator.SIMULATES: 2,
    Decorator.OFFERS: 2,
    Decorator.ENSURES: 2,
    Decorator.OBSERVES: 1,
    Decorator.MAY_FLOW: 0,
    Decorator.ACTS_FOR: 1,
    Decorator.TELLS: 1,
}
"""How many states each kind of function takes first."""
RELATING = tuple(_STATES)
_OF_ACTIONS = (Decorator.SIMULATES, Decorator.OFFERS, Decorator.ENSURES, Decorator.ACTS_FOR, Decorator.TELLS)
_ONCE = (Decorator.ABSTRACTION, Decorator.MAY_FLOW)
_TAKES = {
    Decorator.ABSTRACTION: "the concrete state and the abstract one",
    Decorator.SIMULATES: "the concrete state, the abstract one, and parameters of the action",
    Decorator.OFFERS: "the concrete state, the abstract one, and parameters of the actions",
    Decorator.ENSURES: "the concrete state before and after a step, and parameters of the actions, or with a type of its own",
    Decorator.OBSERVES: "the state, the domain that observes, and the places where it does",
    Decorator.MAY_FLOW: "two domains",
    Decorator.ACTS_FOR: "the state and parameters of the action",
    Decorator.TELLS: "the state and parameters of the action",
}


def declare_relating(machine: Machine, run: Expressions, function: Function, node: ast.FunctionDef, kind: Decorator) -> None:
    """Take a function decorated with one of `RELATING` into the machine. Raises `InputError` where it is wrong."""
    given = node.args.args
    if node.args.vararg or node.args.kwarg or node.args.kwonlyargs or node.args.posonlyargs or node.args.defaults:
        raise run.wrong(node, f"`{node.name}` takes plain parameters without defaults")
    least = {Decorator.OBSERVES: 2, Decorator.MAY_FLOW: 2}.get(kind, _STATES[kind])
    if len(given) < least or (kind in _ONCE and len(given) != least):
        raise run.wrong(node, f"{kind} `{node.name}` takes {_TAKES[kind]}")
    if machine.state.fields:
        raise run.wrong(node, f"{kind} stands in a file that relates systems, and this one has a State of its own")
    actions = _actions(run, node, kind)
    for known in machine.relating:
        if known.kind != kind.value or kind in (Decorator.OFFERS, Decorator.ENSURES):
            continue
        if kind in _ONCE:
            raise run.wrong(node, f"there are two {kind}; the first is `{known.function.name}`")
        for name in actions:
            if name in known.actions:
                raise run.wrong(node, f"`{known.function.name}` is the {kind} of `{name}` already")
    others = [item for item in given[_STATES[kind] :] if kind not in _OF_ACTIONS or (kind is Decorator.ENSURES and item.annotation)]
    parameters = scalar_parameters(run, others)
    stutters = kind is Decorator.SIMULATES and _stutters(run, node)
    machine.relating.append(RelatingDeclaration(kind.value, actions, parameters, function, run.place(node), stutters))


def _actions(run: Expressions, node: ast.FunctionDef, kind: Decorator) -> tuple[str, ...]:
    """The actions that a decorator names."""
    decorator = node.decorator_list[0]
    if kind not in _OF_ACTIONS:
        if isinstance(decorator, ast.Call):
            raise run.wrong(decorator, f"{kind} takes no arguments")
        return ()
    if not isinstance(decorator, ast.Call) or not decorator.args or (decorator.keywords and kind is not Decorator.SIMULATES):
        raise run.wrong(decorator, f"{kind} takes the names of actions", f'{kind}("map_page")')
    names = [usable(run.eval(argument)) for argument in decorator.args]
    for argument, name in zip(decorator.args, names, strict=True):
        if not isinstance(name, str):
            raise run.wrong(argument, f"{kind} takes the names of actions, not {describe(name)}")
    if len(set(names)) != len(names):
        raise run.wrong(decorator, f"{kind} names an action twice")
    return tuple(names)


def _stutters(run: Expressions, node: ast.FunctionDef) -> bool:
    """Whether `@simulates` says that its actions may leave the abstract state as it is."""
    decorator = node.decorator_list[0]
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    for keyword in keywords:
        value = usable(run.eval(keyword.value))
        if keyword.arg != "stutters" or not isinstance(value, bool):
            raise run.wrong(keyword, "@simulates takes the names of actions, and `stutters=True`")
    return any(run.eval(keyword.value) is True for keyword in keywords)
