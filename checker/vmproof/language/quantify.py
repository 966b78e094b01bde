"""What systems need beyond machines: unsized types, constants, parameters, `forall` and `exists` (LANGUAGE.md, "Values", rules 11, 12)."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from vmproof.language.convert import Mistake, from_leaves, to_bool, usable
from vmproof.language.types import BitsType, BoolType, EnumType, Type, UnsizedType
from vmproof.language.values import Builtin, Constant, Function, Setting, Value, describe
from vmproof.terms import BOOL, Term

if TYPE_CHECKING:
    from vmproof.language.interpreter import Interpreter
    from vmproof.language.machine import Machine

MAX_INSTANCES = 4096
_SCALARS = (BoolType, BitsType, EnumType, UnsizedType)


def scalar_values(run: Interpreter, kind: Type) -> list[Value]:
    """Every value of a scalar type that has few enough; raises `Mistake` for a wide one."""
    pool = run.pool
    match kind:
        case BoolType():
            return [False, True]
        case BitsType() if kind.width <= 12:
            return [pool.bv(code, kind.width) for code in range(1 << kind.width)]
        case EnumType():
            return [kind.member(name) for name in kind.members]
        case UnsizedType() if kind.size is not None:
            return [from_leaves(kind, {"": pool.bv(code, kind.width)}.__getitem__) for code in range(kind.size)]
    raise Mistake(f"{describe(kind)} has too many values to speak of all of them")


def _machine(run: Interpreter) -> Machine:
    assert run.machine is not None
    return run.machine


def _one(name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    if len(args) != 1 or kwargs:
        raise Mistake(f"{name}(...) takes one argument")
    return usable(args[0])


def _unsized(run: Interpreter, node: ast.AST, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`unsized("Process")`: a type with any number of elements."""
    name = _one("unsized", args, kwargs)
    machine = _machine(run)
    if not isinstance(name, str) or not name.isidentifier():
        raise Mistake("unsized(...) takes the name of the type")
    if name in machine.unsized:
        raise Mistake(f"there are two unsized types `{name}`")
    machine.unsized[name] = UnsizedType(name, machine.sizes.get(name))
    return machine.unsized[name]


def _constant(run: Interpreter, node: ast.AST, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`constant(type)`: a value that is arbitrary and never changes."""
    kind = _one("constant", args, kwargs)
    if not isinstance(kind, _SCALARS):
        raise Mistake(f"constant(...) takes a scalar type, not {describe(kind)}")
    return Constant(kind)


def _parameter(run: Interpreter, node: ast.AST, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`parameter(3)`: an integer that a theorem may set."""
    default = _one("parameter", args, kwargs)
    if isinstance(default, bool) or not isinstance(default, int):
        raise Mistake("parameter(...) takes the integer that holds where nobody sets another")
    return Setting(default)


def _forall(run: Interpreter, node: ast.AST, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    return quantified(run, node, [usable(arg) for arg in args], kwargs, "forall")


def _exists(run: Interpreter, node: ast.AST, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    return run.pool.not_(quantified(run, node, [usable(arg) for arg in args], kwargs, "exists"))


def quantified(run: Interpreter, node: ast.AST, args: list[Value], kwargs: Mapping[str, Value], name: str) -> Term:
    """`forall(lambda x, y: ..., X, Y)`: a conjunction where the types have sizes, else a marker that stands for it (rule 12).

    For "exists" the result is that no values satisfy the function.
    """
    if kwargs or len(args) < 2 or not isinstance(args[0], Function):
        raise Mistake(f"{name}(...) takes a function and a type for each of its parameters", f"{name}(lambda x: ..., X)")
    function, kinds = args[0], args[1:]
    for kind in kinds:
        if not isinstance(kind, _SCALARS):
            raise Mistake(f"{name}(...) ranges over scalar types, not {describe(kind)}")
    pool = run.pool
    bound: list[Term] = []
    choices: list[list[Value]] = []
    for kind in kinds:
        if isinstance(kind, UnsizedType) and kind.size is None:
            bound.append(pool.fresh("bound", kind.sort))
            choices.append([from_leaves(kind, {"": bound[-1]}.__getitem__)])
        else:
            choices.append(scalar_values(run, kind))
    count = 1
    for values in choices:
        count *= len(values)
    if count > MAX_INSTANCES:
        raise Mistake(f"{name}(...) ranges over {count} values; at most {MAX_INSTANCES} are written out")
    run.budget.collection(count)
    claims = []
    for chosen in product(*choices):
        claim = to_bool(pool, run.call(function, list(chosen), {}, node), f"what {name}(...) ranges over")
        claims.append(claim if name == "forall" else pool.not_(claim))
    whole = pool.and_(*claims)
    if not bound or whole.is_const:
        return whole
    marker = pool.fresh(name, BOOL)
    _machine(run).quantified.append((marker, tuple(bound), whole))
    return marker


QUANTIFIERS: Mapping[str, Value] = {
    "unsized": Builtin("unsized", _unsized),
    "constant": Builtin("constant", _constant),
    "parameter": Builtin("parameter", _parameter),
    "forall": Builtin("forall", _forall),
    "exists": Builtin("exists", _exists),
}
"""Names of the language that systems use."""
