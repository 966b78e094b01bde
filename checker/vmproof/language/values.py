"""Values of the description language while it is read: static Python values, terms, and the few structured dynamic ones.

Static: int, bool, str, None, tuple, dict, EnumMember, types, functions. Dynamic: a `Term` (bits or bool) and the classes below.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vmproof.language.types import (
    ArrayType,
    BitsType,
    BoolType,
    EnumMember,
    EnumType,
    LayoutType,
    MemoryType,
    RecordType,
    RoleValue,
    StateType,
    Type,
    UnsizedType,
)
from vmproof.terms import Term

if TYPE_CHECKING:
    from vmproof.language.forms import Forms
    from vmproof.language.module import Module

Value = Any  # a value of the language; the evaluator dispatches on its class


@dataclass(frozen=True, eq=False)
class EnumValue:
    """A dynamic member of an enumeration; `term` has the enumeration's width."""

    type: EnumType
    term: Term


@dataclass(frozen=True, eq=False)
class ElementValue:
    """An element of an unsized type."""

    type: UnsizedType
    term: Term


@dataclass(frozen=True, eq=False)
class Constant:
    """What `constant(type)` gives until the name that it is assigned to is known."""

    type: Type


@dataclass(frozen=True, eq=False)
class Setting:
    """What `parameter(default)` gives until the name that it is assigned to is known."""

    default: int


@dataclass(frozen=True, eq=False)
class Unsized:
    """What `unsized("Process")` gives until the name that it is assigned to is known."""

    name: str


@dataclass(frozen=True, eq=False)
class Signed:
    """A bit vector that `signed(...)` marked: comparison, shift, division and extension treat it as two's complement."""

    term: Term


@dataclass(frozen=True, eq=False)
class IntChoice:
    """Integers that met under dynamic conditions before a width was known; they adapt where they meet bits.

    `cases` has each integer once, with its condition; exactly one of the conditions holds.
    """

    cases: tuple[tuple[int, Term], ...]


@dataclass(frozen=True, eq=False)
class Fields:
    """A copy of a record or layout value: its parts by name."""

    type: RecordType | LayoutType
    parts: Mapping[str, Value]


@dataclass(frozen=True, eq=False)
class ArrayCopy:
    """A copy of an array or memory: a term for each leaf of its element, by the leaf's path."""

    type: ArrayType | MemoryType
    terms: Mapping[str, Term]


@dataclass(frozen=True, eq=False)
class Bulk:
    """A whole array given by a function from its indices to its elements; it becomes terms where its type is known."""

    element: Callable[[tuple[Value, ...]], Value]
    define: Callable[[ArrayType, Callable[[tuple[Value, ...]], Value]], Mapping[str, Term]]  # for indices without a size


@dataclass(frozen=True, eq=False)
class FormTag:
    """Which form of a forms operand an encoding has: compared with the names of the forms only.

    `family` are the names before `only` and `without`: a form that was left out is simply never the one.
    """

    operand: str
    names: tuple[str, ...]
    term: Term
    family: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FormsOperand:
    """An operand with forms, in an instruction's body: `.form` and the fields of its forms."""

    name: str
    forms: Forms
    tag: FormTag
    fields: Mapping[str, Term]


@dataclass(frozen=True, eq=False)
class Namespace:
    """A bag of named values (`role`, the result of `attempt`), read only."""

    name: str
    members: Mapping[str, Value]


@dataclass(frozen=True, eq=False)
class StateRef:
    """The state, as `m` in an instruction. `name` selects which one ("" the running state; "before", "real", "guest" are snapshots).

    Of a component: `type` is its own state, whose leaf `x` is the leaf `prefix.x` of the whole, at the indices `places` where the
    component is one of an array. `type` None is the whole.
    """

    name: str
    state: Mapping[str, Term] | None = None  # None: the running state of the evaluator
    type: StateType | None = None
    prefix: str = ""
    places: tuple[Term, ...] = ()

    @property
    def running(self) -> bool:
        return self.state is None


@dataclass(frozen=True, eq=False)
class Components:
    """An array of components before it is indexed: `type` is the array's, the rest as in StateRef."""

    owner: StateRef
    type: ArrayType
    prefix: str


@dataclass(eq=False)
class SystemFile:
    """A file of another system, imported as a whole: `frames` in `frames.World`.

    `read` reads it with the unsized types, constants and parameters that are given by name, the others being its own. It is read when a
    name of it is used: a file that is only bound leaves none of its own types and constants in the whole.
    """

    name: str
    read: Callable[[Mapping[str, Value]], Module]
    bindings: Mapping[str, Value] = field(default_factory=dict)
    used: bool = False

    @property
    def loaded(self) -> bool:
        """Whether it has been read: one that is only bound is not."""
        return "_module" in vars(self)

    @property
    def module(self) -> Module:
        """The file's names. Raises `Mistake` or `InputError` where the file is wrong."""
        self.used = True
        return self._module

    @cached_property
    def _module(self) -> Module:
        return self.read(self.bindings)

    def load(self) -> None:
        """Read the file now. Raises as `module`."""
        _ = self.module

    def bind(self, bindings: Mapping[str, Value]) -> SystemFile:
        """The file with what is given by name in the place of its own. Raises as `module`."""
        self.used = True
        made = SystemFile(self.name, self.read, {**self.bindings, **bindings})
        made.load()
        return made


@dataclass(frozen=True, eq=False)
class Joint:
    """What `joint(...)` gives: the actions of a component that happen in joint steps only; None for all of them."""

    actions: tuple[Function, ...] | None


@dataclass(frozen=True, eq=False)
class ActionCall:
    """An action that is named by a call, and does not happen: on which state, with which arguments after that."""

    function: Function
    state: StateRef
    arguments: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class MemoryRef:
    """The physical memory of a state, as `m.mem`."""

    owner: StateRef
    path: str
    type: MemoryType


@dataclass(frozen=True, eq=False)
class BoundMethod:
    """`m.load`, `m.store`, `m.mem.read`, `EA.only`: a method of the language bound to what stands before the dot."""

    owner: Value
    name: str


@dataclass(frozen=True, eq=False)
class Builtin:
    """A function of the language; `call` takes the evaluator, positional and keyword arguments, and the call's node for its place."""

    name: str
    call: Callable[..., Value]


@dataclass(frozen=True, eq=False)
class Function:
    """A function of a description: its node, where its free names are looked up, and the loop values of the turn that defined it."""

    name: str
    node: ast.FunctionDef | ast.Lambda
    module: Module
    captured: Mapping[str, Value] = field(default_factory=dict)
    kind: str = ""  # "instruction", "translation", "trap_entry", "fetch", "legal" ...
    types: dict[str, Value] = field(default_factory=dict, repr=False)  # what its annotations mean, once it has been called

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters, keyword-only ones last."""
        spec = self.node.args
        return tuple(parameter.arg for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs))

    @cached_property
    def positional(self) -> int:
        """How many arguments may be given by position."""
        return len(self.node.args.posonlyargs) + len(self.node.args.args)

    @cached_property
    def defaults(self) -> Mapping[str, ast.expr]:
        """The default of each parameter that has one."""
        spec = self.node.args
        names = self.parameters[: self.positional]
        found = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
        found |= {p.arg: d for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
        return found

    @cached_property
    def annotations(self) -> Mapping[str, ast.expr]:
        """The annotation of each parameter that has one; `return` for the result's."""
        spec = self.node.args
        found = {p.arg: p.annotation for p in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs) if p.annotation is not None}
        result = getattr(self.node, "returns", None)
        return found if result is None else {**found, "return": result}


@dataclass(frozen=True)
class Unusable:
    """What a name holds after branches that do not agree about it; using it is an error with this reason."""

    reason: str


def article(kind: object) -> str:
    """The name of a type with its article."""
    name = str(kind)
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def describe(value: Value) -> str:
    """What a value is, in the words of an error message."""
    match value:
        case bool():
            return "a bool"
        case int() | IntChoice():
            return "an integer"
        case str():
            return "a string"
        case None:
            return "nothing"
        case tuple():
            return f"a tuple of {len(value)}"
        case dict():
            return "a dictionary"
        case Term():
            sort = str(value.sort) if not hasattr(value.sort, "width") else f"bits[{value.sort.width}]"
            return "a bool" if sort.lower().startswith("bool") else sort
        case Signed():
            return f"signed bits[{value.term.width}]"
        case EnumValue() | ElementValue() | Fields() | ArrayCopy():
            return article(value.type)
        case Bulk():
            return "an array"
        case FormTag() | FormsOperand():
            return "an operand with forms"
        case StateRef():
            return "the state" if value.type is None else f"the component {value.prefix}"
        case Components():
            return f"an array of components {value.prefix}"
        case Joint():
            return "joint(...)"
        case SystemFile():
            return f"the file {value.name}"
        case UnsizedType():
            return f"the type {value}"
        case MemoryRef():
            return "the memory"
        case Function() | Builtin() | BoundMethod():
            return f"the function {value.name}"
        case Namespace():
            return value.name
        case range():
            return f"a range of {len(value)}"
        case RoleValue():
            return "a role"
        case BoolType() | BitsType() | EnumType() | LayoutType() | RecordType() | ArrayType() | MemoryType() | StateType() | EnumMember():
            return f"the type {value}" if not isinstance(value, EnumMember) else str(value)
        case enum.Enum():
            return f"`{value}`"
        case _:
            return {"Forms": "forms of an operand", "FormSpec": "a form", "Scenario": "a scenario"}.get(type(value).__name__, "this")


def weight(value: Value, limit: int) -> int:
    """How many parts a nested tuple has, counted up to just beyond `limit`: a part that stands in two places counts twice."""
    stack = [value]
    count = 0
    while stack and count <= limit:
        item = stack.pop()
        count += 1
        if isinstance(item, tuple):
            stack.extend(item[: limit + 1])
    return count
