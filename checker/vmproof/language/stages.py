"""The stage of a translation as functions that nobody knows: what it says of an address is looked up in arrays that are never written.

A walk through tables that lie behind a second stage asks that stage for each of its tables, and is as large as all these walks together.
What a first stage's own tables show can be asked of any second stage: then each walk is one of a single stage. A stage is `@stage` in a
description: it takes the machine and an address first, gives an address, and traps where it refuses.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmproof.errors import InputError
from vmproof.language.memory import Physical
from vmproof.language.once import Shape, described, placed, places_of, term_of
from vmproof.language.values import Function, StateRef, Value
from vmproof.terms import ArraySort, BitVecSort, Op, Pool, Term, bits_of_each, reachable, substitute, variables

if TYPE_CHECKING:
    from vmproof.language.calls import Calls

_PREFIX = "$stage."


@dataclass(frozen=True, eq=False)
class StageFunction:
    """One of the things that a stage says: `array` at its `arguments`, which are variables, joined.

    `meaning` is what that stands for, in a state of variables.
    """

    array: Term
    arguments: tuple[Term, ...]
    meaning: Term

    @property
    def value(self) -> Term:
        """What it says of the arguments."""
        if not self.arguments:
            return self.array
        pool = self.array.pool
        parts = [term if term.width else pool.ite(term, pool.bv(1, 1), pool.bv(0, 1)) for term in self.arguments]
        return pool.select(self.array, pool.concat(*parts) if len(parts) > 1 else parts[0])

    def given(self, key: Term) -> dict[Term, Term]:
        """The arguments, by the index that they are joined to."""
        found: dict[Term, Term] = {}
        high = key.width
        for argument in self.arguments:
            width = argument.width or 1
            part = key.pool.extract(key, high - 1, high - width)
            found[argument] = part if argument.width else key.pool.eq(part, key.pool.bv(1, 1))
            high -= width
        return found


@dataclass(frozen=True, eq=False)
class Form:
    """A call of the stage on variables: whether it traps, whether it writes anything, and the address that it gives."""

    fault: Term
    updates: Term
    address: Term


class Stages:
    """What the stage of a machine says, for each form of its calls: those that differ in what is known while reading.

    An address is joined of the variables `page` and `offset`. Where it leads to is one function of its page, `frame`, for all forms: what a
    form gives that does not refuse. That all of these give the same is a claim (`differing`).
    """

    def __init__(self, pool: Pool, function: Function, widths: tuple[int, int], page: int) -> None:
        """`widths` are those of the address that it takes and of the one that it gives, `page` says how many bits of both are the same."""
        self.pool = pool
        self._function = function
        taken, given = widths
        self.page = pool.var(f"{_PREFIX}page", BitVecSort(taken - page))
        self.offset = pool.var(f"{_PREFIX}offset", BitVecSort(page)) if page else None
        self.forms: dict[Shape, Form] = {}
        self.unclear = False  # it was asked of a state that the translation had changed, or its address depends on more than the page
        self._functions: dict[Term, StageFunction] = {}
        self._frames: list[tuple[Term, Term]] = []  # for each form, whether it refuses, and the frame that it gives
        self._registers: dict[Term, str] = {}
        self.frame = pool.var(f"{_PREFIX}frame", ArraySort(self.page.sort, BitVecSort(given - page)))

    @property
    def functions(self) -> list[StageFunction]:
        """All that the stage says."""
        if not self._frames:
            return list(self._functions.values())
        meaning = self._frames[-1][1]
        for fault, frame in reversed(self._frames[:-1]):
            meaning = self.pool.ite(fault, meaning, frame)
        return [StageFunction(self.frame, (self.page,), meaning), *self._functions.values()]

    def differing(self, state: Mapping[str, Term], page: Term) -> Term:
        """That two forms of which neither refuses give different frames for a page, in a state."""
        frame = self.functions[0].meaning
        wrong = [self.pool.and_(self.pool.not_(fault), self.pool.ne(other, frame)) for fault, other in self._frames]
        mapping = {variable: state[path] for variable, path in self._registers.items() if path in state}
        return substitute(self.pool, [self.pool.or_(*wrong)], {**mapping, self.page: page})[0]

    @property
    def reads(self) -> frozenset[str]:
        """The leaves of the state that the stage depends on, the memory included."""
        occurring = variables([function.meaning for function in self.functions])
        return frozenset(self._registers[term] for term in occurring if term in self._registers)

    def address(self) -> Term:
        """The address of a call on variables."""
        return self.page if self.offset is None else self.pool.concat(self.page, self.offset)

    def of_address(self, address: Term) -> dict[Term, Term]:
        """What an address is in the place of."""
        if self.offset is None:
            return {self.page: address}
        low = self.offset.width
        return {self.page: self.pool.extract(address, address.width - 1, low), self.offset: self.pool.extract(address, low - 1, 0)}

    def named(self, name: str) -> dict[Term, Term]:
        """The functions of a state that goes by this name, in the place of the general ones."""
        arrays = [function.array for function in self.functions]
        return {array: self.pool.var(f"{name}.{array.name.removeprefix('$')}", array.sort) for array in arrays}

    def filled(self, terms: Iterable[Term], name: str, state: Mapping[str, Term]) -> list[Term]:
        """Terms with what the functions of a state by this name are in the place of what they say."""
        named = self.named(name)
        by_array = {named[function.array]: function for function in self.functions}
        registers = {variable: state[path] for variable, path in self._registers.items() if path in state}
        known = {array: substitute(self.pool, [function.meaning], registers)[0] for array, function in by_array.items()}
        done: dict[Term, Term] = {}
        asked = list(terms)
        for term in reachable(asked):
            args = tuple(done[arg] for arg in term.args)
            if term in by_array and not by_array[term].arguments:
                done[term] = known[term]
            elif term.op is Op.SELECT and term.args[0] in by_array:
                given = by_array[term.args[0]].given(args[1])
                [done[term]] = substitute(self.pool, [known[term.args[0]]], given)
            else:
                done[term] = term if args == term.args else self.pool.rebuild(term, args)
        return [done[term] for term in asked]

    def called(self, run: Calls, args: list[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """The address that a call gives. Where the stage refuses it is a memory trap, and what it writes is noted."""
        function = self._function
        values = run.arguments(function, args, dict(kwargs), node)
        state, address, *others = (values[name] for name in function.parameters)
        if not isinstance(state, StateRef) or not state.running:
            raise run.wrong(node, f"`{function.name}` is a stage of the running machine's translation")
        kinds = [described(value) for value in others]
        if None in kinds:
            raise run.wrong(node, f"`{function.name}` takes words, enumerations and what is known while reading")
        terms = [term for value in others if (term := term_of(value)) is not None and not term.is_const]
        places = places_of(terms)
        constant = tuple(term if (term := term_of(value)) is not None and term.is_const else None for value in others)
        shape = (*kinds, constant)
        if shape not in self.forms:
            left = iter(places)
            given = [value if known is not None else placed(value, left) for value, known in zip(others, constant, strict=True)]
            self.forms[shape] = self._form(run, [state, self.address(), *given], node)
        form = self.forms[shape]
        changed = {path for path, term in run.state.items() if term is not run.initial[path]}
        self.unclear |= bool(changed) and not changed.isdisjoint(self.reads)
        mapping = {**self.of_address(address), **dict(zip(places, terms, strict=True))}
        fault, updates, found = substitute(self.pool, [form.fault, form.updates, form.address], mapping)
        run.trap_if(fault, None, None, memory=True)
        run.stage_updates = self.pool.or_(run.stage_updates, self.pool.and_(run.path, updates))
        return found

    def _form(self, run: Calls, args: list[Value], node: ast.AST) -> Form:
        """The call executed on variables, with what it comes to in the arrays' places."""
        machine, pool = run.machine, self.pool
        assert machine is not None
        names = {path: pool.var(f"{_PREFIX}{path}", term.sort) for path, term in run.state.items()}
        self._registers |= {variable: path for path, variable in names.items()}
        apart = type(run)(pool, run.budget, run.module, machine, dict(names), Physical(machine.memory_name or ""))
        apart.translating = run.translating
        tried = apart.captured_attempt(self._function, args, {}, node)
        updates = apart.written(apart.events, names) if apart.state is not names else pool.false
        low = 0 if self.offset is None else self.offset.width
        found = pool.select(self.frame, self.page)
        found = found if self.offset is None else pool.concat(found, self.offset)
        address = tried.value if tried.returned and isinstance(tried.value, Term) else found
        if self.offset is not None and pool.extract(address, low - 1, 0) is not self.offset:
            name, place = self._function.name, self._function.module.source.place(self._function.node)
            raise InputError(f"`{name}` changes the lowest {low} bits of an address, which translation leaves as they are", place)
        frame = bits_of_each(address, address.width - 1, low)
        self._frames += [(tried.fault, frame)] if tried.returned else []
        self.unclear |= any(term is not self.page and term not in self._registers for term in variables([frame]))
        return Form(self._said(tried.fault), self._said(updates), found)

    def _said(self, meaning: Term) -> Term:
        """A function for what the stage says, one for all forms in which it says the same."""
        if meaning.is_const:
            return meaning
        if meaning not in self._functions:
            arguments = tuple(term for term in variables([meaning]) if term not in self._registers)
            width = sum(term.width or 1 for term in arguments)
            sort = ArraySort(BitVecSort(width), meaning.sort) if arguments else meaning.sort
            array = self.pool.var(f"{_PREFIX}{len(self._functions)}", sort)
            self._functions[meaning] = StageFunction(array, arguments, meaning)
        return self._functions[meaning].value


__all__ = ["Form", "StageFunction", "Stages"]
