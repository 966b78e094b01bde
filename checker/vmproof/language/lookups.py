"""Names, attributes, elements and slices: reading parts of values (LANGUAGE.md, "Values" and rule 5)."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from vmproof.errors import InputError, Place
from vmproof.language.budget import Budget
from vmproof.language.convert import (
    Mistake,
    from_leaves,
    index_terms,
    is_bits,
    is_bool,
    is_integer,
    layout_word,
    select_at,
    to_bits,
    usable,
)
from vmproof.language.machine import Machine
from vmproof.language.memory import MemoryModel
from vmproof.language.merge import merge
from vmproof.language.module import Module
from vmproof.language.operators import binary
from vmproof.language.outcome import State
from vmproof.language.run import Run
from vmproof.language.suggest import suggest
from vmproof.language.types import ArrayType, EnumMember, EnumType, LayoutType, MemoryType, StateType, component_of, join
from vmproof.language.values import (
    ArrayCopy,
    BoundMethod,
    Components,
    EnumValue,
    Fields,
    FormsOperand,
    MemoryRef,
    Namespace,
    Signed,
    StateRef,
    SystemFile,
    Value,
    describe,
)
from vmproof.terms import Pool, Term

MEMORY_METHODS = ("read", "write")
STATE_METHODS = ("load", "store")
MAX_KEY = 1000  # parts of a dictionary's key


class Lookups(Run):
    """What names stand for here, and the parts of values.

    `module` is where the function at hand was written; `language` holds the names that the language gives.
    """

    language: Mapping[str, Value] = {}

    def __init__(
        self, pool: Pool, budget: Budget, module: Module, machine: Machine | None, state: State, memory: MemoryModel | None
    ) -> None:
        super().__init__(pool, machine, state, memory)
        self.budget = budget
        self.module = module
        self.special: Mapping[str, Term] = {}  # `m.instruction`, `m.next_pc`

    def place(self, node: ast.AST) -> Place:
        return self.module.source.place(node)

    def wrong(self, node: ast.AST, message: str, hint: str = "") -> InputError:
        return InputError(message, self.place(node), hint)

    def lookup(self, name: str) -> Value:
        """What a name stands for here; raises `Mistake` for an unknown one, with the nearest that exists."""
        frame = self.frame
        if name in frame.names:
            return usable(frame.names[name])
        function = frame.function
        if function is not None and name in function.captured:
            return usable(function.captured[name])
        if name in self.module.names:
            return usable(self.module.names[name])
        if name in self.language:
            return self.language[name]
        self.module.unknown(name)
        known = [*frame.names, *(function.captured if function else ()), *self.module.names, *self.language]
        raise Mistake(f"nothing is called `{name}` here", suggest(name, known))

    # attributes

    def attribute(self, owner: Value, name: str) -> Value:
        """`owner.name`."""
        match owner:
            case StateRef():
                return self.state_attribute(owner, name)
            case Fields():
                if name in owner.parts:
                    return owner.parts[name]
                raise Mistake(f"no field `{name}` in {owner.type}", suggest(name, owner.parts))
            case EnumType():
                if name in owner.members:
                    return owner.member(name)
                raise Mistake(f"{owner} has no member `{name}`", suggest(name, owner.members))
            case Namespace():
                if name in owner.members:
                    return owner.members[name]
                raise Mistake(f"{owner.name} has no `{name}`", suggest(name, owner.members))
            case SystemFile():
                if name in owner.module.names:
                    return owner.module.names[name]
                raise Mistake(f"{owner.name} has no `{name}`", suggest(name, owner.module.names))
            case FormsOperand():
                if name == "form":
                    return owner.tag
                if name in owner.fields:
                    return owner.fields[name]
                raise Mistake(f"no form of `{owner.name}` has a field `{name}`", suggest(name, [*owner.fields, "form"]))
            case MemoryRef() if name in MEMORY_METHODS:
                return BoundMethod(owner, name)
            case MemoryRef():
                raise Mistake(f"a memory has no `{name}`", suggest(name, MEMORY_METHODS))
        method = self.method(owner, name)
        if method is not None:
            return method
        raise Mistake(f"{describe(owner)} has no `{name}`")

    def method(self, owner: Value, name: str) -> Value | None:
        """A method of a static value that the language knows (`.only` of forms, `.items` of a dictionary)."""
        raise NotImplementedError

    def entries(self, owner: StateRef) -> Mapping[str, Term]:
        """The leaves of a state: the running one's, or a snapshot's."""
        return self.state if owner.state is None else owner.state

    def state_type(self, owner: StateRef) -> StateType:
        assert self.machine is not None
        return self.machine.state if owner.type is None else owner.type

    def leaf(self, owner: StateRef, path: str) -> Term:
        """The leaf at a path of a state; of a component's, at its own indices."""
        return select_at(self.pool, self.entries(owner)[join(owner.prefix, path)], owner.places)

    def state_attribute(self, owner: StateRef, name: str) -> Value:
        kind = self.state_type(owner)
        inner = kind.fields.get(name)
        if isinstance(inner, MemoryType):
            return MemoryRef(owner, name, inner)
        if isinstance(inner, StateType):
            return replace(owner, type=inner, prefix=join(owner.prefix, name))
        if isinstance(inner, ArrayType) and component_of(inner) is not None:
            return Components(owner, inner, join(owner.prefix, name))
        if inner is not None:
            return from_leaves(inner, lambda path: self.leaf(owner, join(name, path)))
        if name in STATE_METHODS:
            return BoundMethod(owner, name)
        if name in self.special:
            return self.special[name]
        if name in ("instruction", "next_pc"):
            raise Mistake(f"`{name}` is known only while an instruction runs")
        raise Mistake(f"no field `{name}` in {kind}", suggest(name, [*kind.fields, *STATE_METHODS, *self.special]))

    # elements

    def element(self, owner: Value, index: Value) -> Value:
        """`owner[index]` for arrays, memories, bits, tuples, dictionaries and strings."""
        match owner:
            case ArrayCopy():
                if isinstance(owner.type, MemoryType):
                    return self.pool.select(owner.terms[""], to_bits(self.pool, index, owner.type.address))
                at = index_terms(self.pool, index, owner.type)
                return from_leaves(owner.type.element, lambda path: select_at(self.pool, owner.terms[path], at))
            case Components():
                return self._component(owner, index)
            case MemoryRef():
                return self.physical(owner, to_bits(self.pool, index, owner.type.address), 1)
            case Signed():
                return self.element(owner.term, index)
            case Fields() if isinstance(owner.type, LayoutType):
                return self.element(layout_word(self.pool, owner), index)
            case Term() if is_bits(owner):
                return self._bit(owner, index)
            case tuple() | str() | range():
                return self._item(owner, index)
            case dict():
                return self._entry(owner, index)
        raise Mistake(f"{describe(owner)} has no elements")

    def _component(self, array: Components, index: Value) -> Value:
        """One of an array of components; of an array of arrays, one of the inner arrays."""
        places = (*array.owner.places, *index_terms(self.pool, index, array.type))
        inner = array.type.element
        if isinstance(inner, ArrayType):
            return replace(array, owner=replace(array.owner, places=places), type=inner)
        assert isinstance(inner, StateType)
        return replace(array.owner, type=inner, prefix=array.prefix, places=places)

    def physical(self, memory: MemoryRef, address: Term, cells: int) -> Term:
        """Read cells of a state's physical memory."""
        if memory.owner.running and self.memory is not None:
            return self.read_physical(memory.path, address, cells, memory.type.big)
        entries = self.entries(memory.owner)
        read = [self.pool.select(entries[memory.path], self._offset(address, offset)) for offset in range(cells)]
        return self.pool.concat(*(read if memory.type.big else reversed(read))) if cells > 1 else read[0]

    def _bit(self, owner: Term, index: Value) -> Value:
        if is_integer(index) and isinstance(index, int):
            if not 0 <= index < owner.width:
                raise Mistake(f"{describe(owner)} has no bit {index}")
            return self.pool.extract(owner, index, index)
        shifted = binary(self.pool, self.budget, ">>", owner, index, lambda claim, sentence: None)
        return self.pool.extract(shifted, 0, 0)

    def _item(self, owner: tuple[Value, ...] | str | range, index: Value) -> Value:
        if is_integer(index) and isinstance(index, int):
            if not -len(owner) <= index < len(owner):
                raise Mistake(f"index {index} is outside {describe(owner)}")
            return owner[index]
        if isinstance(index, bool) or is_bool(index):
            index = to_bits(self.pool, index, 1)
        if isinstance(owner, tuple) and is_bits(index):
            if len(owner) < 1 << index.width:
                raise Mistake(f"a tuple of {len(owner)} is indexed by {describe(index)}, which reaches {(1 << index.width) - 1}")
            return self.choose_by(
                [(self.pool.eq(index, self.pool.bv(at, index.width)), item) for at, item in enumerate(owner[: 1 << index.width])]
            )
        raise Mistake(f"{describe(owner)} cannot be indexed by {describe(index)}")

    def _entry(self, owner: dict[Value, Value], index: Value) -> Value:
        if isinstance(index, EnumValue):
            cases = []
            for member in (index.type.member(name) for name in index.type.members):
                if member not in owner:
                    raise Mistake(f"the dictionary has no entry for {member}")
                cases.append((self.pool.eq(index.term, self.pool.bv(member.value, index.type.width)), owner[member]))
            return self.choose_by(cases)
        check_key(index)
        if index not in owner:
            raise Mistake(f"the dictionary has no entry for {repr(index) if isinstance(index, str | int) else describe(index)}")
        return owner[index]

    def choose_by(self, cases: list[tuple[Term, Value]]) -> Value:
        """The value of the first case that holds; the last one where none of the others does."""
        result = cases[-1][1]
        for condition, value in reversed(cases[:-1]):
            if condition is self.pool.true:
                result = value
            elif condition is not self.pool.false:
                result = merge(self.pool, condition, value, result)
        return result

    def slice_of(self, owner: Value, high: Value, low: Value) -> Value:
        """`owner[high:low]`: bits, both ends included; of a tuple or string the items from the first up to the second, as in Python."""
        if isinstance(owner, tuple | str):
            if not all(end is None or (isinstance(end, int) and not isinstance(end, bool)) for end in (high, low)):
                raise Mistake("the ends of a slice are integers")
            part = owner[high:low]
            self.budget.collection(len(part))
            return part
        if isinstance(owner, Signed):
            owner = owner.term
        if isinstance(owner, Fields) and isinstance(owner.type, LayoutType):
            owner = layout_word(self.pool, owner)
        if not is_bits(owner):
            raise Mistake(f"{describe(owner)} has no slices")
        hi, lo = slice_ends(owner.width, high, low)
        return self.pool.extract(owner, hi, lo)


def slice_ends(width: int, high: Value, low: Value) -> tuple[int, int]:
    """The ends of a slice of `width` bits. Raises `Mistake` unless they are integers with 0 <= low <= high < width."""
    if not (isinstance(high, int) and isinstance(low, int) and is_integer(high) and is_integer(low)):
        raise Mistake("a slice of bits is [high:low], both integers")
    if high < low:
        raise Mistake(f"the slice [{high}:{low}] runs upwards", f"write [{low}:{high}]")
    if low < 0 or high >= width:
        raise Mistake(f"the slice [{high}:{low}] is outside bits[{width}]")
    return high, low


def check_key(value: Value) -> None:
    """Raises `Mistake` unless the value can be a key of a dictionary: known while reading, and of a size that can be compared."""
    stack = [value]
    parts = 0
    while stack:
        item = stack.pop()
        parts += 1
        if parts > MAX_KEY:
            raise Mistake(f"a key of a dictionary has at most {MAX_KEY} parts")
        if isinstance(item, tuple):
            stack.extend(item)
        elif not (item is None or isinstance(item, str | int | EnumMember)):
            raise Mistake(f"{describe(item)} is no key of a dictionary", "keys are integers, strings, members and tuples of these")
