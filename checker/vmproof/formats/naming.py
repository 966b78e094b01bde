"""The states of a system as names and plain values: `table[Pid0, Page1].valid` is false. Every format and every report uses these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TypeAlias

from vmproof.engines.reading import count
from vmproof.engines.system import Action
from vmproof.engines.tworuns import OTHER
from vmproof.language.machine import ActionDeclaration, PropertyDeclaration
from vmproof.language.systems import System, SystemVariable
from vmproof.language.types import BoolType, EnumType, Type, UnsizedType, scalar_width
from vmproof.terms import ArrayValue, Value

Plain: TypeAlias = "bool | int | str"
"""A value as JSON has it: the members of enumerations and the elements of sized types by name."""

_FEW = 4  # elements of an array that are always written out
MOST_LISTED = 4096
"""Elements of an array that are looked at one by one; of a larger one only those that differ from its default."""


@dataclass(frozen=True, eq=False)
class Cell:
    """One scalar of the state: a leaf, or one element of an array. `text` is its name, `indices` one number for each bracket."""

    leaf: SystemVariable
    indices: tuple[int, ...]
    text: str


class Naming:
    """Names for the states of one system, whose unsized types have sizes."""

    def __init__(self, system: System, actions: Sequence[Action] = ()) -> None:
        """`actions`: those of the transition system, whose choices are then named, too."""
        self.system = system.name
        self.leaves = system.variables
        self.actions: dict[str, ActionDeclaration] = {item.name: item for item in system.actions}
        self.choices = {item.name: item for action in actions for item in action.choices}
        self.properties: dict[str, PropertyDeclaration] = {item.name: item for item in system.properties}

    @classmethod
    def of_two_runs(cls, system: System) -> Naming:
        """Names for the states of two runs of one system (`side_by_side`): those of the second run begin with "other "."""
        made = cls(system)
        leaves = (
            replace(leaf, path=OTHER + leaf.path, pieces=(OTHER + leaf.pieces[0], *leaf.pieces[1:]))
            for leaf in made.leaves
            if not leaf.rigid
        )
        made.leaves = (*made.leaves, *leaves)
        made.actions.update({OTHER + name: action for name, action in list(made.actions.items())})
        return made

    def constants(self, state: Mapping[str, Value]) -> dict[tuple[str, int], str]:
        """The elements of unsized types that a constant names, by type and number; none that two constants name."""
        found: dict[tuple[str, int], str] = {}
        shared: set[tuple[str, int]] = set()
        for leaf in self.leaves:
            value = state.get(leaf.path)
            if leaf.rigid and isinstance(leaf.type, UnsizedType) and isinstance(value, int):
                key = (leaf.type.name, int(value))
                if key in found:
                    shared.add(key)
                found[key] = leaf.path
        return {key: name for key, name in found.items() if key not in shared}

    def cells(self, state: Mapping[str, Value], known: Mapping[tuple[str, int], str]) -> Iterator[tuple[Cell, Value]]:
        """Every scalar of a state with its value; of large arrays those elements that differ from the default."""
        for leaf in self.leaves:
            for indices, (value,) in _elements(leaf, [state[leaf.path]]):
                yield Cell(leaf, indices, self._name(leaf, indices, known)), value

    def changes(
        self, before: Mapping[str, Value], after: Mapping[str, Value], known: Mapping[tuple[str, int], str]
    ) -> dict[str, tuple[Plain, Plain]]:
        """What differs between two states: by name, the values before and after."""
        found: dict[str, tuple[Plain, Plain]] = {}
        for leaf in self.leaves:
            for indices, (old, new) in _elements(leaf, [before[leaf.path], after[leaf.path]]):
                if old != new:
                    found[self._name(leaf, indices, known)] = (self.plain(leaf.type, old, known), self.plain(leaf.type, new, known))
        return found

    def plain(self, kind: Type, value: Value, known: Mapping[tuple[str, int], str] | None = None) -> Plain:
        """A value of a scalar type: truth values and numbers as they are, members and elements by name."""
        if isinstance(value, ArrayValue):
            raise ValueError("an array is written element by element")
        match kind:
            case BoolType():
                return bool(value)  # an index comes as a number
            case EnumType():
                return kind.name_of(int(value))
            case UnsizedType():
                return (known or {}).get((kind.name, int(value)), f"{kind.name}{int(value)}")
        return value

    def parameters(
        self, declaration: ActionDeclaration | PropertyDeclaration, values: Mapping[str, Value], known: Mapping[tuple[str, int], str]
    ) -> dict[str, Plain]:
        """Values of parameters by name, in the order of the declaration; what an action chose by itself follows."""
        kinds = dict(declaration.parameters)
        named = {name: self.plain(kind, values[name], known) for name, kind in kinds.items() if name in values}
        for name, value in values.items():
            if name not in kinds and not isinstance(value, ArrayValue):
                place = _place(name)
                named[name if place in named else place] = self._chosen(name, value, known)
        return named

    def _chosen(self, name: str, value: bool | int, known: Mapping[tuple[str, int], str]) -> Plain:
        """The value of a choice: a member or an element by name."""
        item = self.choices.get(name)
        if item is None or not item.names:
            return value
        return known.get((item.symmetry, int(value)), item.names[int(value)])

    def summary(self, state: Mapping[str, Value], known: Mapping[tuple[str, int], str]) -> dict[str, Plain]:
        """A state in few lines: `owner[*]` is the value of all elements that do not follow by themselves."""
        grouped: dict[str, list[tuple[Cell, Plain]]] = {}
        for cell, value in self.cells(state, known):
            grouped.setdefault(cell.leaf.path, []).append((cell, self.plain(cell.leaf.type, value, known)))
        found: dict[str, Plain] = {}
        for leaf in self.leaves:
            cells = grouped.get(leaf.path, [])
            if leaf.rigid and isinstance(leaf.type, UnsizedType):
                number = state[leaf.path]
                found[leaf.path] = self.plain(leaf.type, number)
            elif not leaf.index:
                found[cells[0][0].text] = cells[0][1]
            elif 1 < len(cells) <= _FEW and len({value for _, value in cells}) > 1:
                found.update((cell.text, value) for cell, value in cells)
            else:
                usual = self._usual(leaf, state[leaf.path], cells, known)
                found[_every(leaf)] = usual
                found.update((cell.text, value) for cell, value in cells if value != usual)
        return found

    def _usual(self, leaf: SystemVariable, value: Value, cells: list[tuple[Cell, Plain]], known: Mapping[tuple[str, int], str]) -> Plain:
        if cells and _count(leaf) <= MOST_LISTED:
            return Counter(shown for _, shown in cells).most_common(1)[0][0]
        while isinstance(value, ArrayValue):
            value = value.default
        return self.plain(leaf.type, value, known)

    def _name(self, leaf: SystemVariable, indices: tuple[int, ...], known: Mapping[tuple[str, int], str]) -> str:
        inside = []
        for group, code in zip(leaf.index, indices, strict=True):
            inside.append(", ".join(str(_written(self.plain(part, value, known))) for part, value in _split(group, code)))
        return _joined(leaf, inside)


def _place(choice: str) -> str:
    """A choice named by the place of its `choose` in the text, without the calls that led there: "choose at 75:16"."""
    return f"choose at {choice.rpartition('/')[2].rpartition('.')[2]}"


def _every(leaf: SystemVariable) -> str:
    """The name that stands for all elements: `table[*, *].valid`."""
    return _joined(leaf, [", ".join("*" for _ in group) for group in leaf.index])


def _joined(leaf: SystemVariable, inside: Sequence[str]) -> str:
    return leaf.pieces[0] + "".join(f"[{bracket}]{piece}" for bracket, piece in zip(inside, leaf.pieces[1:], strict=True))


def _count(leaf: SystemVariable) -> int:
    """How many elements there are; 1 for a leaf that is no array."""
    return prod(count(part) or 1 for group in leaf.index for part in group)


def _written(value: Plain) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _split(group: tuple[Type, ...], code: int) -> list[tuple[Type, Value]]:
    """The indices that one index of several parts holds, the first leftmost."""
    found: list[tuple[Type, Value]] = []
    for part in reversed(group):
        width = scalar_width(part)
        found.append((part, code & ((1 << width) - 1)))
        code >>= width
    return found[::-1]


def _elements(leaf: SystemVariable, values: Sequence[Value], depth: int = 0) -> Iterator[tuple[tuple[int, ...], Sequence[Value]]]:
    """The elements of a leaf in several states at once, with their indices; of a large array those that one of the states lists."""
    if depth == len(leaf.index):
        yield (), values
        return
    arrays = [value for value in values if isinstance(value, ArrayValue)]
    for index in _indices(leaf.index[depth], arrays, _count(leaf) > MOST_LISTED):
        for rest, found in _elements(leaf, [array.get(index) for array in arrays], depth + 1):
            yield (index, *rest), found


def _indices(group: tuple[Type, ...], arrays: Sequence[ArrayValue], large: bool) -> list[int]:
    """The indices of one bracket that are looked at, joined as the term has them."""
    if large:
        return sorted({int(index) for array in arrays for index in array.entries if not isinstance(index, ArrayValue)})
    codes = []
    for parts in product(*(range(count(part) or 1) for part in group)):
        code = 0
        for part, index in zip(group, parts, strict=True):
            code = code << scalar_width(part) | index
        codes.append(code)
    return codes
