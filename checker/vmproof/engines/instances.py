"""Actions with their parameters fixed, compiled to programs over columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmproof.engines.domains import combinations, departures, valuations
from vmproof.engines.packing import Packing
from vmproof.engines.scalars import Scalars, Unsupported
from vmproof.engines.system import Action, Parameter, Property, TransitionSystem, Variable
from vmproof.engines.vector import Column, Program
from vmproof.terms import Op, Term, Value

MOST_INSTANCES = 20_000


@dataclass(frozen=True)
class Instance:
    """An action with a value for each parameter and choice.

    `owner` is the number of the action and parameters together: instances that differ in choices only share it. `cost` is how many
    parameters and choices are away from their default.
    """

    action: Action
    values: tuple[Value, ...]
    owner: int
    cost: int
    changed: tuple[int, ...]  # cells
    program: Program  # the new values of `changed`, then for each of `checked` whether its new value is one of its values
    checked: tuple[int, ...]

    @property
    def parameters(self) -> dict[str, Value]:
        """The values by name."""
        inputs = (*self.action.parameters, *self.action.choices)
        return {item.name: value for item, value in zip(inputs, self.values, strict=True)}


class OutOfDomain(Exception):
    """An action gives a cell a value that is none of its type; the message is one sentence."""


class Model:
    """A system compiled for explicit search: cells, packing, instances, formulas."""

    def __init__(self, system: TransitionSystem) -> None:
        """Raises Unsupported where the system cannot be represented."""
        self.system = system
        self.scalars = Scalars(system)
        self.packing = Packing(self.scalars.cells)
        self.instances: list[Instance] = []
        guards: list[Term] = []
        owners: dict[tuple[str, tuple[Value, ...]], int] = {}
        self.fair_owners: dict[int, str] = {}
        total = sum(combinations((*action.parameters, *action.choices)) for action in system.actions)
        if total > MOST_INSTANCES:
            raise Unsupported(f"the actions have {total} combinations of parameters, more than {MOST_INSTANCES}")
        for number, action in enumerate(system.actions):
            inputs = (*action.parameters, *action.choices)
            for values in valuations(inputs):
                given = {item.term: value for item, value in zip(inputs, values, strict=True)}
                guard = self.scalars.formula(action.guard, given)
                owner = owners.setdefault((f"{number}", values[: len(action.parameters)]), len(owners))
                if action.fair:
                    self.fair_owners[owner] = action.name
                if guard is self.scalars.pool.false:
                    continue
                guards.append(guard)
                self.instances.append(self._instance(action, values, owner, given))
        self.guards = Program(guards)
        self.owners = len(owners)

    def _instance(self, action: Action, values: tuple[Value, ...], owner: int, given: Mapping[Term, Value]) -> Instance:
        updates = self.scalars.updates(action.next, given)
        pool, cells = self.scalars.pool, self.scalars.cells
        checked = [n for n, term in updates.items() if not _within(term, cells[n].size, self.scalars)]
        rigid = [n for n in updates if cells[n].variable.rigid]
        fits = [pool.ult(updates[n], pool.bv(cells[n].size, updates[n].width)) for n in checked]
        fits += [pool.eq(updates[n], cells[n].term) for n in rigid]
        names = {item.name: value for item, value in zip((*action.parameters, *action.choices), values, strict=True)}
        return Instance(
            action, values, owner, departures(names), tuple(updates), Program([*updates.values(), *fits]), (*checked, *rigid)
        )

    def cell_numbers(self, program: Program) -> list[int]:
        """The cells that a program needs, in its order."""
        return [self.scalars.by_term[term].number for term in program.inputs]

    def columns(self, program: Program, words: Sequence[Column]) -> list[Column]:
        """The inputs of a program, from packed states."""
        return [self.packing.unpack(words, number) for number in self.cell_numbers(program)]

    def holds(self, term: Term, words: Sequence[Column], given: Mapping[Term, Value]) -> Column:
        """In which states a formula of the system holds, with its parameters given."""
        program = Program([self.scalars.formula(term, given)])
        [result] = program.run(self.columns(program, words))
        return np.broadcast_to(result, len(words[0]))

    def state(self, words: Sequence[int]) -> dict[str, Value]:
        """A packed state, by path."""
        return self.scalars.values(self.packing.numbers(words))

    def over_parameters(self, claim: Property, join: Callable[..., Term]) -> Term:
        """A property's formula for all of its parameters' values, joined by conjunction or disjunction."""
        total = combinations(claim.parameters)
        if total > MOST_INSTANCES:
            raise Unsupported(f"{claim.name} has {total} combinations of parameters, more than {MOST_INSTANCES}")
        return join(*(self.scalars.formula(claim.term, given) for given in given_values(claim.parameters)))

    def step(self, instance: Instance, words: list[Column], inputs: list[Any]) -> list[Column]:
        """The states after an instance; `words` are overwritten. Raises OutOfDomain."""
        results = instance.program.run(inputs)
        count = len(instance.changed)
        for cell, fits in zip(instance.checked, results[count:], strict=True):
            if not np.all(fits):
                raise OutOfDomain(self._misfit(instance, self.scalars.cells[cell].variable, self.scalars.cells[cell].name))
        return self.packing.update(words, dict(zip(instance.changed, results[:count], strict=True)))

    @staticmethod
    def _misfit(instance: Instance, variable: Variable, name: str) -> str:
        if variable.rigid:
            return f"{instance.action.name} changes the constant {name}"
        return f"{instance.action.name} gives {name} a value that is not below {variable.domain}"


def given_values(parameters: Sequence[Parameter]) -> list[dict[Term, Value]]:
    """The values of the parameters' variables, for each valuation."""
    terms = [item.term for item in parameters]
    return [dict(zip(terms, values, strict=True)) for values in valuations(parameters)]


def _within(term: Term, size: int, scalars: Scalars) -> bool:
    """Whether a term is plainly below `size`, by its form: a constant, a cell of as many values, or a choice of such."""
    if not term.width or size >= 1 << term.width:
        return True
    pending, seen = [term], {term}
    while pending:
        item = pending.pop()
        if item.op is Op.ITE:
            fresh = [branch for branch in item.args[1:] if branch not in seen]
            seen.update(fresh)
            pending.extend(fresh)
        elif item.is_const:
            if int(str(item.value)) >= size:
                return False
        elif item not in scalars.by_term or scalars.by_term[item].size > size:
            return False
    return True
