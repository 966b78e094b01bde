"""The types of the description language and their leaves: how a structured type is laid out as single terms.

A value of a structured type (record, layout, array of records) is kept as *leaves*, one term each, named by a dotted path. Roles, equality
and differences are decided leaf by leaf, so that FS of mstatus is a thing of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property

from vmproof.terms import BOOL, ArraySort, BitVecSort, Sort, UninterpretedSort


class Role(Enum):
    """What a field of the state is to a program (LANGUAGE.md, "An ISA description")."""

    USER = "user"
    MODE = "mode"
    CONTROL = "control"
    STATUS = "status"
    PLATFORM = "platform"
    EXTERNAL = "external"
    MEMORY = "memory"


@dataclass(frozen=True)
class RoleValue:
    """What `role.control` and its like stand for in a description; `least` only for `role.mode`."""

    role: Role
    least: EnumMember | int | None = None

    @property
    def least_code(self) -> int:
        """The code of the least privileged mode; 0 where none is named."""
        return self.least.value if isinstance(self.least, EnumMember) else int(self.least or 0)


@dataclass(frozen=True)
class BoolType:
    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class BitsType:
    width: int

    def __str__(self) -> str:
        return f"bits[{self.width}]"


@dataclass(frozen=True, eq=False)
class EnumType:
    """An enumeration; `width` is the least number of bits (at least one) that holds every member's value."""

    name: str
    members: dict[str, int]
    width: int

    def __str__(self) -> str:
        return self.name

    def member(self, name: str) -> EnumMember:
        return EnumMember(self, name, self.members[name])

    def name_of(self, value: int) -> str:
        return next((name for name, code in self.members.items() if code == value), str(value))

    @property
    def total(self) -> bool:
        """Whether every pattern of `width` bits is a member."""
        return len(set(self.members.values())) == 1 << self.width


@dataclass(frozen=True)
class EnumMember:
    type: EnumType
    name: str
    value: int

    def __str__(self) -> str:
        return f"{self.type.name}.{self.name}"


@dataclass(frozen=True)
class LayoutField:
    name: str
    hi: int
    lo: int
    role: RoleValue | None
    enum: EnumType | None

    @property
    def type(self) -> BitsType | EnumType:
        return self.enum or BitsType(self.hi - self.lo + 1)


@dataclass(frozen=True, eq=False)
class LayoutType:
    """Named bit fields of a word. Bits that no field names read as zero, and writes to them are dropped."""

    name: str
    width: int
    fields: dict[str, LayoutField]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class RecordType:
    name: str
    fields: dict[str, Type]

    @cached_property
    def leaf_count(self) -> int:
        return sum(leaf_count(kind) for kind in self.fields.values())

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class UnsizedType:
    """`unsized("Process")`: elements that are only ever compared. With `size` None a proof covers any number of them."""

    name: str
    size: int | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def width(self) -> int:
        """Bits that hold an element; 0 where there is no size."""
        return 0 if self.size is None else max(1, (self.size - 1).bit_length())

    @property
    def sort(self) -> Sort:
        return UninterpretedSort(self.name) if self.size is None else BitVecSort(self.width)


IndexType = BitsType | EnumType | BoolType | UnsizedType


@dataclass(frozen=True)
class ArrayType:
    """`array[index, element]`; a tuple of index types is one index, their bits joined, the first one leftmost."""

    index: tuple[IndexType, ...]
    element: Type

    def __str__(self) -> str:
        inner = ", ".join(map(str, self.index))
        return f"array[{f'({inner})' if len(self.index) > 1 else inner}, {self.element}]"

    @property
    def nested(self) -> bool:
        """Whether an index has no size: the array is then one array for each of its indices, the first outermost."""
        return any(isinstance(part, UnsizedType) and part.size is None for part in self.index)

    @property
    def index_width(self) -> int:
        return sum(scalar_width(part) for part in self.index)


@dataclass(frozen=True)
class MemoryType:
    """`memory[address, cell]`: cells of `cell` bits; accesses of several cells are little endian unless `big`."""

    address: int
    cell: int
    big: bool = False

    def __str__(self) -> str:
        return f"memory[bits[{self.address}], bits[{self.cell}]{', big' if self.big else ''}]"


@dataclass(frozen=True, eq=False)
class StateType:
    """The state of a machine or system. `roles` holds what the class body says after `=`, by field name.

    As the type of another state's field it makes its system a component; its leaves are laid out like a record's.
    """

    name: str
    fields: dict[str, Type]
    roles: dict[str, RoleValue]
    lines: dict[str, int] = field(default_factory=dict)

    @cached_property
    def leaf_count(self) -> int:
        return sum(leaf_count(kind) for kind in self.fields.values())

    def __str__(self) -> str:
        return self.name


Type = BoolType | BitsType | EnumType | LayoutType | RecordType | ArrayType | MemoryType | UnsizedType | StateType

ACCESS = EnumType("Access", {"read": 0, "write": 1, "fetch": 2}, 2)


@dataclass(frozen=True)
class Leaf:
    """One term of a type: its path below the value ("" for the value itself), sort, enum or unsized type, and role if it has one."""

    path: str
    sort: Sort
    enum: EnumType | None = None
    role: RoleValue | None = None
    unsized: UnsizedType | None = None


def scalar_width(kind: Type) -> int:
    """The number of bits of a scalar type; a bool counts as one."""
    match kind:
        case BoolType():
            return 1
        case BitsType() | EnumType() | LayoutType() | UnsizedType():
            return kind.width
        case _:
            raise TypeError(f"{kind} is no scalar")


def leaves(kind: Type) -> Iterator[Leaf]:
    """The leaves of `kind`, in order of declaration."""
    match kind:
        case BoolType():
            yield Leaf("", BOOL)
        case BitsType():
            yield Leaf("", BitVecSort(kind.width))
        case EnumType():
            yield Leaf("", BitVecSort(kind.width), kind)
        case UnsizedType():
            yield Leaf("", kind.sort, unsized=kind)
        case LayoutType():
            for part in kind.fields.values():
                yield Leaf(part.name, BitVecSort(part.hi - part.lo + 1), part.enum, part.role)
        case RecordType() | StateType():
            for name, inner in kind.fields.items():
                for leaf in leaves(inner):
                    yield replace(leaf, path=join(name, leaf.path))
        case ArrayType():
            for leaf in leaves(kind.element):
                yield replace(leaf, sort=array_sort(kind, leaf.sort))
        case MemoryType():
            yield Leaf("", ArraySort(BitVecSort(kind.address), BitVecSort(kind.cell)), None, RoleValue(Role.MEMORY))


def array_sort(kind: ArrayType, element: Sort) -> Sort:
    """The sort of an array of this type whose elements are of one sort."""
    if not kind.nested:
        return ArraySort(BitVecSort(kind.index_width), element)
    sort = element
    for part in reversed(kind.index):
        sort = ArraySort(index_sort(part), sort)
    return sort


def index_sort(part: IndexType) -> Sort:
    """The sort of one index of a nested array."""
    return part.sort if isinstance(part, UnsizedType) else BitVecSort(scalar_width(part))


def leaf_count(kind: Type) -> int:
    """How many leaves a type has; cheap for types that share parts."""
    match kind:
        case LayoutType():
            return len(kind.fields)
        case RecordType() | StateType():
            return kind.leaf_count
        case ArrayType():
            return leaf_count(kind.element)
        case _:
            return 1


def component_of(kind: Type | None) -> StateType | None:
    """The state of the component that a field of this type is, or whose array it is; None for any other field."""
    while isinstance(kind, ArrayType):
        kind = kind.element
    return kind if isinstance(kind, StateType) else None


def leaf_type(kind: Type, path: str) -> Type | None:
    """The type at a dotted path below `kind`, or None where there is none; a part of an array is no such type."""
    name, _, rest = path.partition(".")
    match kind:
        case RecordType() | StateType() if name in kind.fields:
            return leaf_type(kind.fields[name], rest)
        case LayoutType() if name in kind.fields:
            return leaf_type(kind.fields[name].type, rest)
        case StateType():
            return None
        case _:
            return kind if not path else None


def join(prefix: str, path: str) -> str:
    """A dotted path below a prefix, either of which may be empty."""
    return f"{prefix}.{path}" if prefix and path else prefix or path
