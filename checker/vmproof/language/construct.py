"""Calls that make values: types (`Entry(valid=True)`, `bits[8](x)`, `Mode(x)`) and methods (`m.load`, `m.mem.read`)."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from vmproof.language.builtins import Transform
from vmproof.language.convert import (
    MAX_BULK_INDEX,
    Mistake,
    coerce,
    from_leaves,
    is_integer,
    layout_from_word,
    layout_word,
    split_index,
    to_bits,
    to_bool,
    to_leaf,
    to_leaves,
    usable,
)
from vmproof.language.forms import Forms
from vmproof.language.patterns import PatternError
from vmproof.language.suggest import suggest
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
    array_sort,
    index_sort,
)
from vmproof.language.values import BoundMethod, Bulk, EnumValue, Fields, Function, MemoryRef, Signed, StateRef, SystemFile, Value, describe
from vmproof.terms import Term, bitvec

if TYPE_CHECKING:
    from vmproof.language.interpreter import Interpreter


def construct(run: Interpreter, kind: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Apply a type or a bound method. Raises `Mistake` for anything that cannot be called."""
    match kind:
        case BoundMethod():
            return _method(run, kind, args, kwargs)
        case BitsType():
            return to_width(run, _only(kind, args, kwargs), kind.width)
        case BoolType():
            value = _only(kind, args, kwargs)
            return bool(value) if isinstance(value, int) else to_bool(run.pool, value, "what bool(...) takes")
        case EnumType():
            return _enum(run, kind, _only(kind, args, kwargs), node)
        case LayoutType():
            return _layout(run, kind, args, kwargs)
        case RecordType():
            return _record(run, kind, args, kwargs)
        case Transform.ARRAY:
            return _bulk(run, args, kwargs, node)
        case SystemFile():
            return _bound(run, kind, args, kwargs)
    raise Mistake(f"{describe(kind)} cannot be called")


def _bound(run: Interpreter, file: SystemFile, args: list[Value], kwargs: dict[str, Value]) -> SystemFile:
    """`lock(Process=Pid)`: the file read with other types, constants and parameters."""
    if args or not kwargs:
        raise Mistake(f"{file.name}(...) takes unsized types, constants and parameters by name", f"{file.name}(Name=value)")
    if len(run.frames) > 1:
        raise Mistake(f"{file.name}(...) stands outside functions")
    return file.bind({name: usable(value) for name, value in kwargs.items()})


def _only(kind: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if len(args) != 1 or kwargs:
        raise Mistake(f"{kind}(...) takes one value")
    return usable(args[0])


def to_width(run: Interpreter, value: Value, width: int) -> Term:
    """`bits[n](value)`: bool, integer, member, layout or bits of that width as bits. Wider or narrower bits are a mistake."""
    pool = run.pool
    match value:
        case EnumMember():
            own = pool.bv(value.value, value.type.width)
        case EnumValue():
            own = value.term
        case Fields() if isinstance(value.type, LayoutType):
            own = layout_word(pool, value)
        case _:
            return to_bits(pool, value, width)
    return to_bits(pool, own, width)


def _enum(run: Interpreter, kind: EnumType, value: Value, node: ast.AST) -> Value:
    if isinstance(value, EnumMember | EnumValue) and value.type is kind:
        return value
    if is_integer(value) and isinstance(value, int):
        for name, code in kind.members.items():
            if code == value:
                return kind.member(name)
        raise Mistake(f"{value} is no member of {kind}")
    term = to_bits(run.pool, value, kind.width)
    if not kind.total:
        member = run.pool.or_(*(run.pool.eq(term, run.pool.bv(code, kind.width)) for code in kind.members.values()))
        run.oblige(member, f"bits that become a {kind} where they may be no member", run.place(node))
    return EnumValue(kind, term)


def _layout(run: Interpreter, kind: LayoutType, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if args:
        if len(args) != 1 or kwargs:
            raise Mistake(f"{kind}(...) takes one word or its fields by name")
        return layout_from_word(run.pool, kind, to_width(run, usable(args[0]), kind.width))
    for name in kwargs:
        if name not in kind.fields:
            raise Mistake(f"no field `{name}` in {kind}", suggest(name, kind.fields))
    given = {name: kwargs[name] if name in kwargs else _zero(part.type) for name, part in kind.fields.items()}
    parts = {name: to_leaf(run.pool, given[name], part.type) for name, part in kind.fields.items()}
    return from_leaves(kind, parts.__getitem__)


def _bulk(run: Interpreter, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """`array(lambda i: ...)`: all elements at once, from the state as it is now (rule 11)."""
    function = usable(args[0]) if len(args) == 1 and not kwargs else None
    if not isinstance(function, Function):
        raise Mistake("array(...) takes a function from the index to the element", "array(lambda i: ...)")
    state, made = run.state, function

    def element(index: tuple[Value, ...]) -> Value:
        present, run.state = run.state, state
        try:
            return run.call(made, list(index), {}, node)
        finally:
            run.state = present

    return Bulk(element, lambda kind, made: define_array(run, kind, made))


def define_array(run: Interpreter, kind: ArrayType, element: Callable[[tuple[Value, ...]], Value]) -> dict[str, Term]:
    """An array whose elements are not listed: new variables, with what they hold at an arbitrary index (rule 11).

    That is one whose indices have no size, and of those that have one an array with too many elements, in a file that relates systems.
    """
    machine = run.machine
    assert machine is not None
    if kind.nested:
        bound = tuple(run.pool.fresh("index", index_sort(part)) for part in kind.index)
        values: tuple[Value, ...] | None
        values = tuple(from_leaves(part, {"": term}.__getitem__) for part, term in zip(kind.index, bound, strict=True))
    else:
        whole = all(isinstance(part, BitsType | BoolType) for part in kind.index)
        if not machine.relating or not whole:
            raise Mistake(f"array(...) for an index of {kind.index_width} bits", f"at most {MAX_BULK_INDEX} bits are supported")
        bound = (run.pool.fresh("index", bitvec(kind.index_width)),)
        values = split_index(run.pool, bound[0], kind)
    assert values is not None
    made: dict[str, Term] = {}
    for path, body in to_leaves(run.pool, element(values), kind.element).items():
        made[path] = run.pool.fresh("array", array_sort(kind, body.sort))
        machine.defined.append((made[path], bound, body))
    return made


def _zero(kind: BitsType | EnumType) -> Value:
    if isinstance(kind, EnumType):
        name = next((name for name, code in kind.members.items() if code == 0), None)
        if name is None:
            raise Mistake(f"a field of {kind} has no value by default", "give it by name")
        return kind.member(name)
    return 0


def _record(run: Interpreter, kind: RecordType, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if args:
        raise Mistake(f"{kind}(...) takes its fields by name")
    for name in kwargs:
        if name not in kind.fields:
            raise Mistake(f"no field `{name}` in {kind}", suggest(name, kind.fields))
    missing = [name for name in kind.fields if name not in kwargs]
    if missing:
        raise Mistake(f"{kind}(...) needs the field `{missing[0]}`")
    return Fields(kind, {name: coerce(run.pool, kwargs[name], inner) for name, inner in kind.fields.items()})


def _method(run: Interpreter, method: BoundMethod, args: list[Value], kwargs: dict[str, Value]) -> Value:
    match method.owner:
        case StateRef():
            return _access(run, method, args, kwargs)
        case MemoryRef():
            return _physical(run, method.owner, method.name, args, kwargs)
        case Forms():
            names = [usable(arg) for arg in args]
            if kwargs or not all(isinstance(name, str) for name in names):
                raise Mistake(f".{method.name}(...) takes names of forms")
            try:
                return method.owner.only(*names) if method.name == "only" else method.owner.without(*names)
            except PatternError as problem:
                raise Mistake(problem.message) from None
        case dict():
            if args or kwargs:
                raise Mistake(f".{method.name}() takes no arguments")
            table = method.owner
            run.budget.collection(len(table))
            return tuple(table.items()) if method.name == "items" else tuple(table) if method.name == "keys" else tuple(table.values())
    raise Mistake(f"{method.name} cannot be called")


def _arguments(name: str, parameters: tuple[str, ...], needed: int, args: list[Value], kwargs: dict[str, Value]) -> dict[str, Value]:
    if len(args) > len(parameters):
        raise Mistake(f"{name} takes {len(parameters)} arguments, not {len(args)}")
    given = dict(zip(parameters, args, strict=False))
    for key, value in kwargs.items():
        if key not in parameters:
            raise Mistake(f"{name} has no parameter `{key}`", suggest(key, parameters))
        if key in given:
            raise Mistake(f"{name} is given `{key}` twice")
        given[key] = value
    for parameter in parameters[:needed]:
        if parameter not in given:
            raise Mistake(f"{name} needs an argument for `{parameter}`")
    return {key: usable(value) for key, value in given.items()}


def _access(run: Interpreter, method: BoundMethod, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`m.load(va, n)` and `m.store(va, value)`: accesses of n cells through the translation in force."""
    machine = run.machine
    if machine is None or machine.memory is None:
        raise Mistake("the state has no memory")
    assert isinstance(method.owner, StateRef)
    if not method.owner.running or run.memory is None:
        raise Mistake(f"{method.name} needs the running state")
    if run.translating:
        raise Mistake(f"{method.name} inside the translation would translate again", "use the physical memory")
    memory = machine.memory
    if method.name == "load":
        given = _arguments("load", ("address", "n", "access"), 1, args, kwargs)
        cells = _count("load", given, memory)
        va = to_bits(run.pool, given["address"], machine.virtual_width)
        return run.load(va, _access_code(given, 2 if run.fetching else 0), cells, memory.big)
    given = _arguments("store", ("address", "value", "access"), 2, args, kwargs)
    va = to_bits(run.pool, given["address"], machine.virtual_width)
    run.store(va, _cells(run, given["value"], memory), memory.cell, _access_code(given, 1), memory.big)
    return None


def _count(name: str, given: dict[str, Value], memory: MemoryType) -> int:
    cells = given.get("n", 1)
    most = max(1, min(64, 4096 // memory.cell))
    if not isinstance(cells, int) or isinstance(cells, bool) or not 1 <= cells <= most:
        raise Mistake(f"{name} takes 1 to {most} cells, known while reading")
    return cells


def _access_code(given: dict[str, Value], default: int) -> int:
    access = given.get("access")
    if access is None:
        return default
    if isinstance(access, EnumMember) and access.type is ACCESS:
        return access.value
    raise Mistake("access is Access.read, Access.write or Access.fetch")


def _cells(run: Interpreter, value: Value, memory: MemoryType) -> Term:
    """A value to be stored as a whole number of cells; an integer fills one."""
    if is_integer(value):
        return to_bits(run.pool, value, memory.cell)
    term = value.term if isinstance(value, Signed) else value
    if isinstance(value, Fields) and isinstance(value.type, LayoutType):
        term = layout_word(run.pool, value)
    if not isinstance(term, Term) or term.sort == run.pool.true.sort:
        raise Mistake(f"{describe(value)} cannot be stored", f"write bits[{memory.cell}](...)")
    if term.width % memory.cell:
        raise Mistake(f"{describe(term)} is no whole number of cells of {memory.cell} bits")
    return term


def _physical(run: Interpreter, memory: MemoryRef, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`m.mem.read(address, n)` and `m.mem.write(address, value)`: physical cells, no translation."""
    if name == "read":
        given = _arguments("read", ("address", "n"), 1, args, kwargs)
        cells = _count("read", given, memory.type)
        return run.physical(memory, to_bits(run.pool, given["address"], memory.type.address), cells)
    if not memory.owner.running:
        raise Mistake(f"`{memory.owner.name}` is a state that is only read")
    given = _arguments("write", ("address", "value"), 2, args, kwargs)
    address = to_bits(run.pool, given["address"], memory.type.address)
    run.write_physical(memory.path, address, _cells(run, given["value"], memory.type), memory.type.cell, memory.type.big)
    return None


__all__ = ["construct", "to_width"]
