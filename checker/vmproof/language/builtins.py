"""The names that the language gives: types, roles, functions. Decorators are handled where modules are loaded."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING

from vmproof.language.convert import (
    Mistake,
    from_leaves,
    is_bits,
    is_bool,
    is_integer,
    layout_word,
    to_bits,
    to_bool,
    to_leaf,
    to_leaves,
    usable,
)
from vmproof.language.forms import Forms, FormSpec, make_forms
from vmproof.language.patterns import PatternError
from vmproof.language.quantify import QUANTIFIERS
from vmproof.language.registry import MAX_WIDTH, Table, registering, static_integer
from vmproof.language.statics import STATIC
from vmproof.language.types import (
    ACCESS,
    ArrayType,
    BitsType,
    BoolType,
    EnumMember,
    EnumType,
    LayoutType,
    MemoryType,
    RecordType,
    Role,
    RoleValue,
    StateType,
    UnsizedType,
    leaves,
)
from vmproof.language.values import BoundMethod, Fields, Function, IntChoice, Namespace, Signed, Value, describe
from vmproof.terms import Term, default_value

if TYPE_CHECKING:
    from vmproof.language.interpreter import Interpreter
    from vmproof.language.machine import Machine

_BUILTINS: Table = {}


def _builtin(name: str) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    return registering(_BUILTINS, name)


class Transform(Enum):
    """Markers with a meaning of their own: type makers, base classes, `kept()`."""

    BITS = "bits"
    ARRAY = "array"
    MEMORY = "memory"
    KEPT = "kept"
    BIG = "big"
    ENUM = "Enum"
    LAYOUT = "Layout"
    RECORD = "Record"
    STATE = "State"

    def __str__(self) -> str:
        return self.value


class Decorator(Enum):
    """What a function or class of a description can be, written above it."""

    LEGAL = "legal"
    TRANSLATION = "translation"
    STAGE = "stage"
    FETCH = "fetch"
    TRAP_ENTRY = "trap_entry"
    AFTER = "after_instruction"
    UNDEFINED = "undefined"
    INSTRUCTION = "instruction"
    SCENARIO = "scenario"
    INIT = "init"
    ACTION = "action"
    FAIR = "fair"
    INVARIANT = "invariant"
    REACHABLE = "reachable"
    EVENTUALLY = "eventually"
    ABSTRACTION = "abstraction"
    SIMULATES = "simulates"
    OFFERS = "offers"
    ENSURES = "ensures"
    OBSERVES = "observes"
    MAY_FLOW = "may_flow"
    ACTS_FOR = "acts_for"
    TELLS = "tells"

    def __str__(self) -> str:
        return f"@{self.value}"


def subscript_type(run: Interpreter, owner: Value, node: ast.Subscript) -> Value | None:
    """The type that `bits[8]`, `array[i, e]` or `memory[a, c]` names; None where `owner` makes no types."""
    if owner not in (Transform.BITS, Transform.ARRAY, Transform.MEMORY) if isinstance(owner, Transform) else True:
        return None
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    values = [usable(run.eval(part)) for part in parts]
    if owner is Transform.BITS:
        if len(values) != 1 or not is_integer(values[0]) or not isinstance(values[0], int):
            raise Mistake("bits[n] takes one width")
        if not 1 <= values[0] <= MAX_WIDTH:
            raise Mistake(f"bits[{values[0]}]: a width is between 1 and {MAX_WIDTH}")
        return BitsType(values[0])
    if owner is Transform.MEMORY:
        big = len(values) == 3 and values[2] is Transform.BIG
        if not (len(values) == 2 or big) or not all(isinstance(value, BitsType) for value in values[:2]):
            raise Mistake("memory takes the types of its addresses and cells", "memory[bits[32], bits[8]], or with `big` after them")
        return MemoryType(values[0].width, values[1].width, big)
    if len(values) != 2:
        raise Mistake("array takes the types of its index and its elements", "array[bits[5], bits[32]]")
    index = values[0] if isinstance(values[0], tuple) else (values[0],)
    for part in index:
        if not isinstance(part, BitsType | EnumType | BoolType | UnsizedType):
            raise Mistake(f"{describe(part)} cannot index an array")
    if not isinstance(values[1], BoolType | BitsType | EnumType | LayoutType | RecordType | ArrayType | UnsizedType | StateType):
        raise Mistake(f"{describe(values[1])} cannot be an element")
    made = ArrayType(index, values[1])
    if not made.nested and made.index_width > MAX_WIDTH:
        raise Mistake(f"an index of {made.index_width} bits; a word has at most {MAX_WIDTH}")
    return made


def method_of(owner: Value, name: str) -> BoundMethod | None:
    """The methods of static values: forms and dictionaries."""
    if isinstance(owner, Forms) and name in ("only", "without"):
        return BoundMethod(owner, name)
    if isinstance(owner, dict) and name in ("items", "keys", "values"):
        return BoundMethod(owner, name)
    return None


def _bits(run: Interpreter, value: Value) -> Term:
    """Bits from anything that has a width of its own."""
    match value:
        case Signed():
            return value.term
        case Fields() if isinstance(value.type, LayoutType):
            return layout_word(run.pool, value)
        case Term() if is_bits(value):
            return value
        case Term() | bool() if is_bool(value) or isinstance(value, bool):
            return to_bits(run.pool, value, 1)
    raise Mistake(f"{describe(value)} has no width", "give it one with bits[n](...)")


# bits


@_builtin("cat")
def _cat(run: Interpreter, node: ast.AST, /, *parts: Value) -> Value:
    """The parts joined, the first one leftmost; the width is the sum."""
    if not parts:
        raise Mistake("cat(...) joins at least one value")
    words = [_bits(run, part) for part in parts]
    width = sum(word.width for word in words)
    if width > MAX_WIDTH:
        raise Mistake(f"cat(...) of {width} bits; a word has at most {MAX_WIDTH}")
    return run.pool.concat(*words) if len(words) > 1 else words[0]


@_builtin("zext")
def _zext(run: Interpreter, node: ast.AST, /, value: Value, width: Value) -> Value:
    return _extend(run, value, width, signed=False)


@_builtin("sext")
def _sext(run: Interpreter, node: ast.AST, /, value: Value, width: Value) -> Value:
    return _extend(run, value, width, signed=True)


def _extend(run: Interpreter, value: Value, width: Value, signed: bool) -> Value:
    wanted = static_integer("an extension", width, 1)
    term = _bits(run, value)
    if term.width > wanted:
        raise Mistake(f"{describe(term)} is wider than {wanted} bits", f"take a slice such as [{wanted - 1}:0]")
    return run.pool.sext(term, wanted) if signed else run.pool.zext(term, wanted)


@_builtin("signed")
def _signed(run: Interpreter, node: ast.AST, /, value: Value) -> Value:
    return value if isinstance(value, int | IntChoice) else Signed(_bits(run, value))


@_builtin("implies")
def _implies(run: Interpreter, node: ast.AST, /, premise: Value, conclusion: Value) -> Value:
    return run.pool.implies(to_bool(run.pool, premise), to_bool(run.pool, conclusion))


# effects


def _executing(run: Interpreter, name: str, within: bool = True) -> Machine:
    """The machine, where an instruction executes. `within`: what is tried or translates may do this, too."""
    if run.machine is None or not run.machine.executing(run):
        raise Mistake(f"{name}(...) stands in what an instruction executes", "nothing happens in a predicate or while reading")
    if not within and run.translating:
        raise Mistake(f"{name}(...) cannot stand in the translation")
    if not within and run.attempting:
        raise Mistake(f"{name}(...) cannot stand in what is attempted")
    return run.machine


@_builtin("trap")
def _trap(run: Interpreter, node: ast.AST, /, cause: Value = None, value: Value = 0) -> Value:
    """End the instruction; its effects but the kept ones are dropped (rule 2)."""
    machine = _executing(run, "trap")
    code, info = machine.trap_arguments(run, cause, value)
    run.trap_if(run.pool.true, code, info, bool(run.translating))
    return None


@_builtin("wait")
def _wait(run: Interpreter, node: ast.AST, /) -> Value:
    """The processor halts or idles until something outside wakes it."""
    _executing(run, "wait", within=False)
    run.waits = run.pool.or_(run.waits, run.path)
    return None


@_builtin("unpredictable")
def _unpredictable(run: Interpreter, node: ast.AST, /) -> Value:
    """Any effect within the rights of the mode, or a trap (rule 10): the path ends, and what judges the outcome knows that it did."""
    _executing(run, "unpredictable", within=False)
    run.unpredictable = run.pool.or_(run.unpredictable, run.path)
    run.die()
    return None


@_builtin("require")
def _require(run: Interpreter, node: ast.AST, /, condition: Value) -> Value:
    """Disable the whole action where the condition is false (rule 6)."""
    _executing(run, "require", within=False)
    held = to_bool(run.pool, condition)
    run.disabled = run.pool.or_(run.disabled, run.pool.and_(run.path, run.pool.not_(held)))
    run.cond = run.pool.and_(run.cond, held)
    if run.cond is run.pool.false:
        run.die()
    return None


@_builtin("choose")
def _choose(run: Interpreter, node: ast.AST, /, kind: Value) -> Value:
    """A value that nobody knows (rule 10)."""
    _executing(run, "choose")
    if run.translating:
        raise Mistake("choose(...) cannot stand in the translation")
    if not isinstance(kind, BoolType | BitsType | EnumType | LayoutType | RecordType | UnsizedType):
        raise Mistake(f"choose(...) takes a type, not {describe(kind)}")
    made: dict[str, Term] = {}
    for leaf in leaves(kind):
        term = run.choice(node, leaf)
        if leaf.enum is not None and not leaf.enum.total:
            codes = sorted(leaf.enum.members.values())
            member = run.pool.or_(*(run.pool.eq(term, run.pool.bv(code, leaf.enum.width)) for code in codes))
            term = run.pool.ite(member, term, run.pool.bv(codes[0], leaf.enum.width))
        made[leaf.path] = term
    return from_leaves(kind, made.__getitem__)


@_builtin("attempt")
def _attempt(run: Interpreter, node: ast.AST, function: Value, /, *args: Value, **kwargs: Value) -> Value:
    """Call a translation without trapping: `.ok`, `.value`, `.cause`, `.detail` (rule 4)."""
    if not isinstance(function, Function):
        raise Mistake(f"attempt(...) takes a function, not {describe(function)}")
    machine = _executing(run, "attempt")
    tried = run.attempt(function, list(args), kwargs, node)
    cause, detail = run.merged_trap(tried.traps)
    members: dict[str, Value] = {"ok": run.pool.not_(tried.fault), "value": tried.value}
    if machine.cause_type is not None:
        term = cause if cause is not None else run.pool.bv(0, machine.cause_type.width)
        members["cause"] = from_leaves(machine.cause_type, {"": term}.__getitem__)
    if machine.value_type is not None:
        zeros = {leaf.path: run.pool.value(leaf.sort, default_value(leaf.sort)) for leaf in leaves(machine.value_type)}
        members["detail"] = from_leaves(machine.value_type, (detail or zeros).__getitem__)
    return Namespace("the result of attempt(...)", members)


# encodings


@_builtin("form")
def _form(run: Interpreter, node: ast.AST, pattern: Value, /, asm: Value = None, **operands: Value) -> Value:
    if not isinstance(pattern, str) or not (asm is None or isinstance(asm, str)):
        raise Mistake("form(...) takes a pattern and asm=, both strings")
    for name, value in operands.items():
        if not isinstance(value, Forms):
            raise Mistake(f"`{name}` is {describe(value)}, not forms")
    return FormSpec(pattern, asm, operands)


@_builtin("forms")
def _forms(run: Interpreter, node: ast.AST, head: Value, /, **alternatives: Value) -> Value:
    if not isinstance(head, str):
        raise Mistake("forms(...) takes the pattern of its head, then name=form(...)")
    for name, value in alternatives.items():
        if not isinstance(value, FormSpec):
            raise Mistake(f"`{name}` is {describe(value)}, not a form")
    try:
        return make_forms(head, alternatives)
    except PatternError as problem:
        raise Mistake(str(problem)) from None


@_builtin("field")
def _field(run: Interpreter, node: ast.AST, /, hi: Value, lo: Value, kind: Value) -> Value:
    if not isinstance(kind, EnumType):
        raise Mistake("field(high, low, type) takes an enumeration")
    return (static_integer("field(...)", hi), static_integer("field(...)", lo), kind)


@_builtin("kept")
def _kept(run: Interpreter, node: ast.AST, /) -> Value:
    return Transform.KEPT


@_builtin("role.mode")
def _mode(run: Interpreter, node: ast.AST, /, least: Value = None) -> Value:
    if not isinstance(least, EnumMember | int):
        raise Mistake("role.mode(least=...) names the least privileged mode")
    return RoleValue(Role.MODE, least)


ROLES = Namespace(
    "role",
    {
        "user": RoleValue(Role.USER),
        "mode": _BUILTINS.pop("role.mode"),
        "control": RoleValue(Role.CONTROL),
        "status": RoleValue(Role.STATUS),
        "platform": RoleValue(Role.PLATFORM),
        "external": RoleValue(Role.EXTERNAL),
    },
)

LANGUAGE: Mapping[str, Value] = {
    **_BUILTINS,
    **STATIC,
    **QUANTIFIERS,
    **{str(item): item for item in Transform if item is not Transform.KEPT},
    **{item.value: item for item in Decorator},
    "bool": BoolType(),
    "role": ROLES,
    "Access": ACCESS,
}
"""Every name that `from vmproof.lang import *` brings."""

__all__ = ["LANGUAGE", "Decorator", "Transform", "method_of", "subscript_type", "to_leaf", "to_leaves"]
