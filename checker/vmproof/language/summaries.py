"""Functions without effects that a translation calls again and again, executed once in a state of variables; calls are instances of that.

A walk asks of every table that it reads whether memory protection allows it, and the answer differs in nothing but the address. What is
observed to have no effect when it is first called is executed for a second time on variables, and looked at again there; from then on a
call puts terms in the place of these variables.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmproof.language.memory import Physical
from vmproof.language.once import Shape, described, placed, places_of, term_of
from vmproof.language.run import Dead
from vmproof.language.values import EnumValue, Function, StateRef, Value
from vmproof.terms import Term, substitute, variables

if TYPE_CHECKING:
    from vmproof.language.calls import Calls

_LEAST = 150
"""Calls of fewer steps are executed anew each time."""


@dataclass(eq=False)
class Summary:
    """A call in a state of variables: its value, a term or static, and what the variables of the term stand for.

    `settled` are the terms in which only the arguments are still variables, by what stands in the place of the registers.
    """

    value: Value
    registers: tuple[tuple[Term, str], ...] = ()
    arguments: tuple[tuple[Term, int], ...] = ()
    settled: dict[tuple[Term, ...], Term] = field(default_factory=dict)

    def instance(self, run: Calls, terms: list[Term]) -> Value:
        """The value in the present state, for these arguments."""
        term = term_of(self.value)
        if term is None:
            return self.value
        here = tuple(run.state[path] for _, path in self.registers)
        if here not in self.settled:
            [self.settled[here]] = substitute(run.pool, [term], {name: put for (name, _), put in zip(self.registers, here, strict=True)})
        [found] = substitute(run.pool, [self.settled[here]], {name: terms[number] for name, number in self.arguments})
        return EnumValue(self.value.type, found) if isinstance(self.value, EnumValue) else found


@dataclass(frozen=True)
class Effects:
    """What an execution has done so far, as far as calls without effects leave it alone."""

    recorded: tuple[int, ...]
    conditions: tuple[Term, ...]
    states: tuple[Mapping[str, Term], Mapping[str, Term]]

    @classmethod
    def of(cls, run: Calls) -> Effects:
        recorded = (run.traps, run.events, run.translations, run.obligations, run.choices, run.named or ())
        return cls(tuple(map(len, recorded)), (run.cond, run.taken, run.waits, run.unpredictable, run.disabled), (run.state, run.kept))

    def same(self, run: Calls) -> bool:
        """Whether nothing has happened since."""
        now = Effects.of(run)
        pairs = zip(self.conditions, now.conditions, strict=True)
        if self.recorded != now.recorded or any(one is not other for one, other in pairs):
            return False
        return all(
            before is after or all(after[path] is term for path, term in before.items())
            for before, after in zip(self.states, now.states, strict=True)
        )


def called(run: Calls, function: Function, args: list[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
    """The value of a call while an address is translated, its effects done, if it has any; an instance of its summary, if it has one."""
    machine = run.machine
    assert machine is not None
    call = None if function.captured else _shape(function, args, kwargs)
    if call is None:
        return run.invoke(function, args, dict(kwargs), node)
    shape, terms = call
    if shape not in machine.summaries:
        before, spent = Effects.of(run), run.budget.spent
        value = run.invoke(function, args, dict(kwargs), node)
        worth = run.budget.spent - spent >= _LEAST and before.same(run)
        machine.summaries[shape] = _made(run, function, args, kwargs, node, terms) if worth else None
        return value
    summary = machine.summaries[shape]
    return run.invoke(function, args, dict(kwargs), node) if summary is None else summary.instance(run, terms)


def _shape(function: Function, args: list[Value], kwargs: Mapping[str, Value]) -> tuple[Shape, list[Term]] | None:
    """What tells the call apart from others that are no instances of one summary, and its terms; None if there is nothing to put in."""
    shape: list[object] = [function, len(args), tuple(kwargs)]
    terms: list[Term] = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, StateRef):
            if not value.running or value.prefix or value.places:
                return None
            shape.append(value.name)
            continue
        kind = described(value)
        if kind is None:
            return None
        shape.append(kind)
        term = term_of(value)
        if term is not None:
            terms.append(term)
    return None if all(term.is_const for term in terms) else (tuple(shape), terms)


def _made(
    run: Calls, function: Function, args: list[Value], kwargs: Mapping[str, Value], node: ast.AST, terms: list[Term]
) -> Summary | None:
    """The call on variables; None if there it has an effect, or its value is no term and not static."""
    machine, pool = run.machine, run.pool
    assert machine is not None
    names = {path: pool.var(f"$once.{path}", term.sort) for path, term in run.state.items()}
    places = places_of(terms)
    apart = type(run)(pool, run.budget, run.module, machine, dict(names), Physical(machine.memory_name or ""))
    apart.translating = run.translating
    left = iter(places)
    before = Effects.of(apart)
    try:
        value = apart.invoke(function, [placed(value, left) for value in args], {k: placed(v, left) for k, v in kwargs.items()}, node)
    except Dead:
        return None
    if not before.same(apart) or described(value) is None:
        return None
    term = term_of(value)
    occurring = set() if term is None else set(variables([term]))
    return Summary(
        value,
        tuple((name, path) for path, name in names.items() if name in occurring),
        tuple((place, number) for number, place in enumerate(places) if place in occurring),
    )
