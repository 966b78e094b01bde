"""What systems need beyond machines: unsized types, constants, parameters, `forall` and `exists` (LANGUAGE.md, "Values", rules 11, 12)."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from vmproof.language.convert import Mistake, from_leaves, to_bool, usable
from vmproof.language.types import BitsType, BoolType, EnumType, Type, UnsizedType
from vmproof.language.values import Builtin, Constant, Function, Joint, Setting, Unsized, Value, describe
from vmproof.terms import BOOL, Op, Term, variables

if TYPE_CHECKING:
    from vmproof.language.interpreter import Interpreter
    from vmproof.language.machine import Machine

MAX_INSTANCES = 4096
SCALARS = (BoolType, BitsType, EnumType, UnsizedType)


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
    if not isinstance(name, str) or not name.isidentifier():
        raise Mistake("unsized(...) takes the name of the type")
    return Unsized(name)


def _constant(run: Interpreter, node: ast.AST, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`constant(type)`: a value that is arbitrary and never changes."""
    kind = _one("constant", args, kwargs)
    if not isinstance(kind, SCALARS):
        raise Mistake(f"constant(...) takes a scalar type, not {describe(kind)}")
    return Constant(kind)


def _parameter(run: Interpreter, node: ast.AST, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`parameter(3)`: an integer that a theorem may set."""
    default = _one("parameter", args, kwargs)
    if isinstance(default, bool) or not isinstance(default, int):
        raise Mistake("parameter(...) takes the integer that holds where nobody sets another")
    return Setting(default)


def _joint(run: Interpreter, node: ast.AST, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`memory: frames.World = joint(frames.map_page)`: these actions of a component happen in joint steps only; none named: all do."""
    actions = [usable(arg) for arg in args]
    for action in actions:
        if not isinstance(action, Function) or action.kind != "action":
            raise Mistake(f"joint(...) takes actions of the component, not {describe(action)}")
    if kwargs:
        raise Mistake("joint(...) takes actions of the component")
    return Joint(tuple(actions) or None)


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
        if not isinstance(kind, SCALARS):
            raise Mistake(f"{name}(...) ranges over scalar types, not {describe(kind)}")

    def claim(chosen: list[Value]) -> Term:
        held = to_bool(run.pool, run.call(function, chosen, {}, node), f"what {name}(...) ranges over")
        return held if name == "forall" else run.pool.not_(held)

    return everywhere(run, kinds, claim, name)


def everywhere(run: Interpreter, kinds: Sequence[Type], claim: Callable[[list[Value]], Term], name: str) -> Term:
    """That a claim holds for all values of scalar types; `name` is what it is called in messages and in the marker."""
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
    whole = pool.and_(*(claim(list(chosen)) for chosen in product(*choices)))
    if not bound or whole.is_const:
        return whole
    return pool.and_(*(_marked(run, over, pool.and_(*parts), name) for over, parts in _prenex(run, tuple(bound), whole).items()))


def _marked(run: Interpreter, bound: tuple[Term, ...], body: Term, name: str) -> Term:
    """What stands for "`body` holds for all values of `bound`"."""
    if not bound:
        return body
    marker = run.pool.fresh(name, BOOL)
    _machine(run).quantified.append((marker, bound, body))
    return marker


def _prenex(run: Interpreter, bound: tuple[Term, ...], whole: Term) -> dict[tuple[Term, ...], list[Term]]:
    """The parts of a conjunction, by the variables that they range over: a part that is itself quantified is so over all at once.

    An engine looks for instances of a statement by what its body reads, and reads nothing in a marker.
    """
    inner = {marker: (over, body) for marker, over, body in _machine(run).quantified}
    found: dict[tuple[Term, ...], list[Term]] = {}
    for part in whole.args if whole.op is Op.AND else (whole,):
        over, body = inner.get(part, ((), part))
        if set(bound).isdisjoint(needed(run, body)):
            found.setdefault((), []).append(part)
        else:
            found.setdefault((*bound, *over), []).append(body)
    return found


def needed(run: Interpreter, term: Term) -> set[Term]:
    """The variables that a term depends on, also by way of what its markers and arrays stand for."""
    machine = _machine(run)
    meaning = {name: body for name, _, body in (*machine.quantified, *machine.defined)}
    found: set[Term] = set()
    pending = [term]
    while pending:
        new = [name for name in variables(pending) if name not in found]
        found.update(new)
        pending = [meaning[name] for name in new if name in meaning]
    return found


QUANTIFIERS: Mapping[str, Value] = {
    "unsized": Builtin("unsized", _unsized),
    "constant": Builtin("constant", _constant),
    "parameter": Builtin("parameter", _parameter),
    "joint": Builtin("joint", _joint),
    "forall": Builtin("forall", _forall),
    "exists": Builtin("exists", _exists),
}
"""Names of the language that systems use."""
