"""Class statements of a description: enumerations, layouts, records, the state, scenarios."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from vmproof.language.convert import is_integer, usable
from vmproof.language.expressions import Expressions
from vmproof.language.machine import Machine, Scenario
from vmproof.language.module import Module
from vmproof.language.suggest import suggest
from vmproof.language.types import (
    ArrayType,
    BitsType,
    BoolType,
    EnumMember,
    EnumType,
    LayoutField,
    LayoutType,
    MemoryType,
    RecordType,
    Role,
    RoleValue,
    StateType,
    Type,
    UnsizedType,
    component_of,
    join,
    leaf_count,
    leaf_type,
    leaves,
    scalar_width,
)
from vmproof.language.values import Function, Joint, Value, describe
from vmproof.terms import ArraySort, BitVecSort, Sort

MAX_MEMBERS = 4096
MAX_LEAVES = 4096  # terms that a state consists of
_SCENARIO_NAMES = ("runs", "own", "search", "timing", "reserved", "guests")
_SCENARIO_FUNCTIONS = ("host", "reserved", "everywhere", "realise")
_TYPES = (BoolType, BitsType, EnumType, LayoutType, RecordType, ArrayType, MemoryType, UnsizedType, StateType)


def _body(node: ast.ClassDef) -> Iterator[ast.stmt]:
    """The statements of a class body without docstrings and `pass`."""
    for statement in node.body:
        if isinstance(statement, ast.Pass) or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            continue
        yield statement


def declare_enum(run: Expressions, node: ast.ClassDef) -> EnumType:
    """`class Mode(Enum): user = 0`."""
    members: dict[str, int] = {}
    values: set[int] = set()
    for statement in _body(node):
        if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)):
            raise run.wrong(statement, "a member is written `name = number`")
        name = statement.targets[0].id
        value = usable(run.eval(statement.value))
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise run.wrong(statement.value, f"the value of a member is a number from 0 up, not {describe(value)}")
        if value.bit_length() > 64:
            raise run.wrong(statement.value, "the value of a member has at most 64 bits")
        if name in members:
            raise run.wrong(statement, f"`{name}` is a member twice")
        if value in values:
            raise run.wrong(statement, f"two members have the value {value}")
        values.add(value)
        members[name] = value
        if len(members) > MAX_MEMBERS:
            raise run.wrong(statement, f"an enumeration has at most {MAX_MEMBERS} members")
    if not members:
        raise run.wrong(node, f"the enumeration `{node.name}` has no members")
    return EnumType(node.name, members, max(1, max(members.values()).bit_length()))


def _annotated(run: Expressions, node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    seen: set[str] = set()
    for statement in _body(node):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            raise run.wrong(statement, "a field is written `name: type`")
        name = statement.target.id
        if name in seen:
            raise run.wrong(statement, f"`{name}` is a field twice")
        seen.add(name)
        yield name, statement


def declare_layout(run: Expressions, node: ast.ClassDef, width: Value) -> LayoutType:
    """`class Mstatus(Layout[64]): SIE: 1 = role.control`; a field is a bit, (high, low), or field(high, low, Enum)."""
    if not isinstance(width, int) or isinstance(width, bool) or not 1 <= width <= 4096:
        raise run.wrong(node, "Layout[n] takes a width between 1 and 4096")
    fields: dict[str, LayoutField] = {}
    used = 0
    for name, statement in _annotated(run, node):
        value = usable(run.eval(statement.annotation))
        enum: EnumType | None = None
        match value:
            case bool():
                raise run.wrong(statement.annotation, "a field of a layout is a bit number, (high, low) or field(high, low, Enum)")
            case int():
                hi = lo = value
            case (int() as hi, int() as lo):
                pass
            case (int() as hi, int() as lo, EnumType() as enum):
                if enum.width != hi - lo + 1:  # bits beyond the enumeration's would be neither checked nor kept
                    raise run.wrong(statement.annotation, f"{enum} has {enum.width} bits, the field has {hi - lo + 1}")
            case _:
                raise run.wrong(statement.annotation, "a field of a layout is a bit number, (high, low) or field(high, low, Enum)")
        if not 0 <= lo <= hi < width:
            raise run.wrong(statement.annotation, f"the bits {hi} to {lo} are not in a layout of {width} bits")
        mask = ((1 << (hi - lo + 1)) - 1) << lo
        if used & mask:
            raise run.wrong(statement.annotation, f"the field `{name}` shares bits with another one")
        used |= mask
        role = _role(run, statement)
        assert not isinstance(role, Joint)
        fields[name] = LayoutField(name, hi, lo, role, enum)
    if not fields:
        raise run.wrong(node, f"the layout `{node.name}` has no fields")
    return LayoutType(node.name, width, fields)


def _role(run: Expressions, statement: ast.AnnAssign, component: StateType | None = None) -> RoleValue | Joint | None:
    """What stands after `=`: a role, or of a component the actions that only joint steps take."""
    if statement.value is None:
        return None
    value = usable(run.eval(statement.value))
    if component is not None:
        if not isinstance(value, Joint):
            raise run.wrong(statement.value, f"after `=` of a component stands joint(...), not {describe(value)}")
        return value
    if not isinstance(value, RoleValue):
        raise run.wrong(statement.value, f"after `=` stands a role, not {describe(value)}", "role.user, role.control, role.status ...")
    return value


def _field_type(run: Expressions, statement: ast.AnnAssign) -> Type:
    value = usable(run.eval(statement.annotation))
    if not isinstance(value, _TYPES):
        raise run.wrong(statement.annotation, f"a field has a type, not {describe(value)}")
    return value


def _check_leaves(run: Expressions, node: ast.ClassDef, fields: Mapping[str, Type]) -> None:
    if sum(leaf_count(kind) for kind in fields.values()) > MAX_LEAVES:
        raise run.wrong(node, f"`{node.name}` consists of more than {MAX_LEAVES} registers")


def declare_record(run: Expressions, node: ast.ClassDef) -> RecordType:
    """`class Entry(Record): valid: bool`."""
    fields: dict[str, Type] = {}
    for name, statement in _annotated(run, node):
        if statement.value is not None:
            raise run.wrong(statement.value, "a field of a record has no role", "roles stand in the state")
        kind = _field_type(run, statement)
        if isinstance(kind, MemoryType):
            raise run.wrong(statement.annotation, "a memory stands in the state, not in a record")
        if component_of(kind) is not None:
            raise run.wrong(statement.annotation, "a component stands in the state, not in a record")
        fields[name] = kind
        _check_leaves(run, node, fields)
    if not fields:
        raise run.wrong(node, f"the record `{node.name}` has no fields")
    return RecordType(node.name, fields)


def declare_state(
    run: Expressions, node: ast.ClassDef, machine: Machine, extends: bool
) -> tuple[StateType, dict[str, RoleValue], dict[str, frozenset[str] | None]]:
    """`class Machine(State)`: fields with roles; or a class that `extends` the machine's state by fields of its own.

    Also returns the leaves that are modes with their roles, in order, and of the components what they do in joint steps only (`Machine`).
    """
    base = machine.state
    fields = dict(base.fields) if extends else {}
    roles = dict(base.roles) if extends else {}
    lines = dict(base.lines) if extends else {}
    modes = dict(machine.mode_roles) if extends else {}
    joint = dict(machine.joint) if extends else {}
    for name, statement in _annotated(run, node):
        if name in fields:
            raise run.wrong(statement, f"`{name}` is a field of `{base}` already")
        kind = _field_type(run, statement)
        component = component_of(kind)
        role = _role(run, statement, component)
        if name in ("load", "store", "instruction", "next_pc"):
            raise run.wrong(statement, f"`{name}` is a name that every state has already")
        if role is not None and isinstance(kind, MemoryType):
            raise run.wrong(statement, "the memory has no role; it is memory")
        fields[name], lines[name] = kind, statement.lineno
        _check_leaves(run, node, fields)
        if component is not None:
            _check_component(run, statement, component, machine)
            joint[name] = _joint(run, statement, component, role)
            continue
        assert not isinstance(role, Joint)
        for leaf in leaves(kind):
            own = leaf.role or role
            if isinstance(leaf.sort, ArraySort) and leaf.enum is not None and not leaf.enum.total and _index_width(leaf.sort) > 8:
                message = f"more than 256 elements of {leaf.enum}, of which some patterns are no members"
                raise run.wrong(statement.annotation, message, "give it a member for every pattern, or make the elements bits")
            if own is not None and own.role is Role.MODE:
                if extends:
                    raise run.wrong(statement, f"`{join(name, leaf.path)}` is one more mode, which what extends a state does not add")
                _check_mode(run, statement, kind, leaf.path, own)
                modes[join(name, leaf.path)] = own
        if role is not None:
            roles[name] = role
    if len(fields) == (len(base.fields) if extends else 0):
        raise run.wrong(node, f"the state `{node.name}` has no fields{' of its own' if extends else ''}")
    return StateType(node.name, fields, roles, lines), modes, joint


def _check_component(run: Expressions, statement: ast.AnnAssign, component: StateType, machine: Machine) -> None:
    """A component has the whole state of another system."""
    other = machine.systems[component]
    if other is machine:
        raise run.wrong(statement.annotation, f"`{component}` is the state of this system, which is no component of itself")
    if other.state is not component:
        raise run.wrong(statement.annotation, f"the state of {other.name} is `{other.state}`, which extends `{component}`")


def _joint(run: Expressions, statement: ast.AnnAssign, component: StateType, given: RoleValue | Joint | None) -> frozenset[str] | None:
    """The actions of a component that only joint steps take, None for all."""
    if not isinstance(given, Joint):
        return frozenset()
    for function in given.actions or ():
        if function.module.machine.state is not component:
            assert statement.value is not None
            raise run.wrong(statement.value, f"`{function.name}` is an action of {function.module.machine.state}, not of {component}")
    return None if given.actions is None else frozenset(function.name for function in given.actions)


def _index_width(sort: ArraySort) -> int:
    return sort.index.width if isinstance(sort.index, BitVecSort) else 0


def _check_mode(run: Expressions, statement: ast.AnnAssign, kind: Type, path: str, role: RoleValue) -> None:
    """A mode is one scalar, and the least privileged one is a member of its enumeration."""
    inner = leaf_type(kind, path)
    if not isinstance(inner, EnumType | BitsType | BoolType):
        raise run.wrong(statement, "a mode is an enumeration, a bool or bits")
    least = role.least
    if isinstance(least, EnumMember):
        fits = least.type is inner
    else:
        fits = least is not None and not isinstance(inner, EnumType) and 0 <= int(least) < 1 << scalar_width(inner)
    if not fits:
        raise run.wrong(statement, f"{least} is no value of {inner}")


# scenarios


def declare_scenario(
    run: Expressions, module: Module, node: ast.ClassDef, title: str, machine: Machine, base: Scenario | None = None
) -> Scenario:
    """A `@scenario` class (THEORY.md, "A scenario"); what it does not say is as in its `base`."""
    if not machine.state.fields:
        raise run.wrong(node, "a scenario comes after the State")
    given: dict[str, tuple[ast.expr, Value]] = {}
    functions: dict[str, Function] = {}
    for statement in _body(node):
        if isinstance(statement, ast.FunctionDef):
            if statement.name not in _SCENARIO_FUNCTIONS:
                raise run.wrong(statement, f"a scenario has no function `{statement.name}`", suggest(statement.name, _SCENARIO_FUNCTIONS))
            run.check_parameters(statement.name, statement)
            if statement.decorator_list:
                raise run.wrong(statement, f"`{statement.name}` of a scenario takes no decorators")
            if statement.name in functions:
                raise run.wrong(statement, f"`{statement.name}` is defined twice")
            functions[statement.name] = Function(statement.name, statement, module, dict(module.loop_names))
            continue
        if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)):
            raise run.wrong(statement, "a scenario has `runs = ...` and the like, and functions")
        name = statement.targets[0].id
        if name not in _SCENARIO_NAMES:
            raise run.wrong(statement, f"a scenario has no `{name}`", suggest(name, _SCENARIO_NAMES))
        if name in given:
            raise run.wrong(statement, f"`{name}` is given twice")
        given[name] = (statement.value, usable(run.eval(statement.value)))
    if "runs" not in given and base is None:
        raise run.wrong(node, f"the scenario `{node.name}` does not say in which mode each guest mode `runs`")
    made = replace(base or Scenario(node.name, title, ()), name=node.name, title=title, line=node.lineno, place=run.place(node))
    if "runs" in given:
        made = replace(made, runs=_runs(run, machine, *given["runs"]))
    if "own" in given:
        own, own_mode = _own(run, machine, *given["own"])
        made = replace(made, own=own, own_mode=own_mode)
    if "search" in given:
        made = replace(made, search=_leaf_names(run, machine, *given["search"]))
    if "timing" in given:
        made = replace(made, timing=_leaf_names(run, machine, *given["timing"]))
    if "reserved" in given:
        made = replace(made, reserved=_ranges(run, *given["reserved"]))
    if "guests" in given:
        place, guests = given["guests"]
        if not isinstance(guests, Scenario):
            raise run.wrong(place, f"`guests` is a scenario, not {describe(guests)}")
        made = replace(made, guests=guests)
    for name, function in functions.items():
        made = _with_function(run, made, name, function)
    return made


def _with_function(run: Expressions, scenario: Scenario, name: str, function: Function) -> Scenario:
    count = len(function.node.args.args)
    match name:
        case "host":
            picks, kinds = _picks(run, function)
            return replace(scenario, host=function, picks=picks, pick_types=kinds)
        case "reserved":
            if count not in (1, 3):
                raise run.wrong(function.node, "reserved takes (va) or (real, guest, va)")
            return replace(scenario, reserved=function)
        case _:
            if count != 3:
                raise run.wrong(function.node, f"{name} takes (real, guest, va)")
            return replace(scenario, everywhere=function) if name == "everywhere" else replace(scenario, realise=function)


def _runs(run: Expressions, machine: Machine, node: ast.expr, value: Value) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    if not isinstance(value, dict) or not value:
        raise run.wrong(node, "`runs` is a dictionary from guest modes to real modes")
    return tuple((_mode(run, machine, node, guest), _mode(run, machine, node, real)) for guest, real in value.items())


def _mode(run: Expressions, machine: Machine, node: ast.expr, value: Value) -> tuple[int, ...]:
    parts = value if isinstance(value, tuple) else (value,)
    fields = list(machine.mode_roles)
    if len(parts) != len(fields):
        raise run.wrong(
            node,
            f"a mode of this machine has {len(fields)} part{'s' * (len(fields) != 1)} ({', '.join(fields)})"
            if fields
            else "this machine has no mode",
        )
    codes = []
    for name, part in zip(fields, parts, strict=True):
        kind = leaf_type(machine.state, name)
        if isinstance(kind, EnumType):
            if not isinstance(part, EnumMember) or part.type is not kind:
                raise run.wrong(node, f"{part if isinstance(part, EnumMember) else describe(part)} is no member of {kind}")
            codes.append(part.value)
        elif isinstance(part, bool | int) and 0 <= int(part) < (1 << (kind.width if isinstance(kind, BitsType) else 1)):
            codes.append(int(part))
        else:
            raise run.wrong(node, f"{describe(part)} is no value of `{name}`")
    return tuple(codes)


def leaf_paths(machine: Machine) -> list[str]:
    """The dotted paths of all leaves of the state."""
    return list(machine_sorts(machine))


def machine_sorts(machine: Machine) -> dict[str, Sort]:
    """The sort of every leaf of the state, by path."""
    return {join(name, leaf.path): leaf.sort for name, kind in machine.state.fields.items() for leaf in leaves(kind)}


def _register(run: Expressions, machine: Machine, node: ast.expr, name: Value) -> list[str]:
    """The leaf paths that a register name or dotted path stands for."""
    if not isinstance(name, str):
        raise run.wrong(node, f"{describe(name)} where the name of a register is wanted")
    every = leaf_paths(machine)
    found = [path for path in every if path == name or path.startswith(name + ".")]
    if not found:
        raise run.wrong(node, f"no field `{name}` in {machine.state}", suggest(name, [*machine.state.fields, *every]))
    return found


def _own(run: Expressions, machine: Machine, node: ast.expr, value: Value) -> tuple[tuple[tuple[str, str], ...], bool]:
    if not isinstance(value, tuple):
        raise run.wrong(node, "`own` is a list of registers")
    pairs: list[tuple[str, str]] = []
    own_mode = False
    for item in value:
        guest, real = item if isinstance(item, tuple) and len(item) == 2 else (item, item)
        if guest == "mode" and "mode" not in machine.state.fields:
            own_mode = True
            continue
        mine, theirs = _register(run, machine, node, guest), _register(run, machine, node, real)
        sorts = machine_sorts(machine)
        if [sorts[path] for path in mine] != [sorts[path] for path in theirs]:
            raise run.wrong(node, f"`{guest}` and `{real}` have different fields")
        own_mode = own_mode or any(path in machine.mode_roles for path in mine)
        pairs += [pair for pair in zip(mine, theirs, strict=True) if pair[0] not in machine.mode_roles]
    return tuple(pairs), own_mode


def _leaf_names(run: Expressions, machine: Machine, node: ast.expr, value: Value) -> tuple[str, ...]:
    if not isinstance(value, tuple):
        raise run.wrong(node, "this is a list of register names")
    return tuple(path for name in value for path in _register(run, machine, node, name))


def _ranges(run: Expressions, node: ast.expr, value: Value) -> tuple[tuple[int, int], ...]:
    pairs = value if isinstance(value, tuple) else ()
    if not all(
        isinstance(pair, tuple) and len(pair) == 2 and all(is_integer(end) and isinstance(end, int) and end >= 0 for end in pair)
        for pair in pairs
    ) or not isinstance(value, tuple):
        raise run.wrong(node, "`reserved` is a list of (first, last) addresses, or a function")
    return tuple((low, high) for low, high in pairs)


def _picks(run: Expressions, host: Function) -> tuple[tuple[tuple[str, Sort], ...], tuple[tuple[str, Type], ...]]:
    parameters = host.node.args.args
    if len(parameters) < 2:
        raise run.wrong(host.node, "host(real, guest, ...) takes the two states first")
    picks: list[tuple[str, Sort]] = []
    kinds: list[tuple[str, Type]] = []
    for parameter in parameters[2:]:
        kind = usable(run.eval(parameter.annotation)) if parameter.annotation is not None else None
        if not isinstance(kind, BitsType | EnumType | BoolType):
            raise run.wrong(parameter, f"the pick `{parameter.arg}` needs a type: bits[n], an enumeration or bool")
        sort = next(leaves(kind)).sort
        picks.append((parameter.arg, sort))
        kinds.append((parameter.arg, kind))
    return tuple(picks), tuple(kinds)


__all__ = ["declare_enum", "declare_layout", "declare_record", "declare_scenario", "declare_state"]
