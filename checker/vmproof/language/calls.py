"""Calls: inlining functions, joining their returns, translating addresses, and trying what may trap (LANGUAGE.md, rules 1, 4 and 8)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from vmproof.errors import InputError
from vmproof.language.convert import Mistake, coerce, to_bits, to_leaves
from vmproof.language.expressions import Expressions
from vmproof.language.known import told
from vmproof.language.memory import Located
from vmproof.language.merge import merge
from vmproof.language.once import translated_once
from vmproof.language.outcome import Event, Explicit
from vmproof.language.run import Dead, Frame, RawTrap
from vmproof.language.summaries import called
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
    UnsizedType,
)
from vmproof.language.values import ActionCall, EnumValue, Function, StateRef, Value, describe
from vmproof.terms import Term

SIMPLE_TYPES = (BoolType, BitsType, EnumType, LayoutType, RecordType, ArrayType, MemoryType, UnsizedType)


@dataclass(frozen=True)
class Attempt:
    """A call whose traps did not end the path: where it trapped (relative to the path), with which traps, its value otherwise.

    `returned`: it came to an end on some path, so that its value is what the function returns.
    """

    fault: Term
    traps: list[RawTrap]
    value: Value
    returned: bool


class Calls(Expressions):
    """Calls of a description's functions. `block` and what it executes come with the statements."""

    def block(self, statements: list[ast.stmt]) -> None:
        raise NotImplementedError

    def call(self, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Inline a call; a call of the translation by the description itself is recorded (THEORY.md, "The view")."""
        self._check_callable(function, node)
        if function.kind == "action":
            self._check_part(function, args, node)
            if self.named is not None:
                given = self.arguments(function, args, kwargs, node)
                self.named.append(ActionCall(function, args[0], tuple(given[name] for name in function.parameters[1:])))
                return None
        if self._names_translation(function):
            return self._explicit_translation(function, args, kwargs, node)
        if self.stages is not None:
            if self.machine is not None and function is self.machine.stage:
                return self.stages.called(self, args, kwargs, node)
        elif self.translating and self.machine is not None:
            return called(self, function, args, kwargs, node)
        return told(self, function, args, kwargs, node)

    def _names_translation(self, function: Function) -> bool:
        """Whether a call of this function is a translation that an instruction names itself."""
        machine = self.machine
        return machine is not None and function is machine.translation and machine.executing(self) and not self.translating

    def _check_callable(self, function: Function, node: ast.AST) -> None:
        if function.kind == "instruction":
            raise self.wrong(node, f"`{function.name}` is an instruction; instructions are not called")

    def _check_part(self, function: Function, args: list[Value], node: ast.AST) -> None:
        """A joint step: an action is called on the state that it is an action of."""
        machine, own = function.module.machine, function.module.machine.state
        part = args[0] if args else None
        if not isinstance(part, StateRef):
            given = f", not {describe(part)}" if args else ""
            raise self.wrong(node, f"the action `{function.name}` takes first the {machine.name}.{own} that it changes{given}")
        kind = self.state_type(part)
        if kind is not own:
            other = machine.systems[kind].name
            raise self.wrong(node, f"`{function.name}` is an action of {machine.name}.{own}, and this is of {other}.{kind}")
        if not part.running or self.memory is None:
            raise self.wrong(node, f"the action `{function.name}` is called where nothing happens", "only actions call actions")

    def invoke(self, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Run a function's body in a frame of its own and join its returns."""
        if len(self.frames) > self.budget.call_depth:
            raise self.wrong(node, f"calls are nested more than {self.budget.call_depth} deep")
        outer = self.module
        names = self.arguments(function, args, kwargs, node)
        self.sites.append(f"{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0)}")
        inside = function.kind == "translation"
        self.translating += inside
        try:
            self.module = function.module
            with self.call_frame(function, names) as frame:
                if isinstance(function.node, ast.Lambda):
                    return self.eval(function.node.body)
                return self._body(function, function.node, frame)
        finally:
            self.module = outer
            self.translating -= inside
            self.sites.pop()

    def _body(self, function: Function, node: ast.FunctionDef, frame: Frame) -> Value:
        try:
            self.block(node.body)
            if frame.returns and any(value is not None for _, value in frame.returns):
                raise self.wrong(node, f"`{function.name}` returns a value on some paths only")
            frame.returns.append((self.point(), None))
        except Dead:
            if not frame.returns:
                raise
        self.join_all([point for point, _ in frame.returns])
        value = frame.returns[-1][1]
        for point, other in reversed(frame.returns[:-1]):
            if (other is None) != (value is None):
                raise self.wrong(node, f"`{function.name}` returns a value on some paths only")
            try:
                value = merge(self.pool, point.taken, other, value)
            except Mistake as problem:
                raise self.wrong(node, f"the returns of `{function.name}` do not agree: {problem.message}") from None
        if node.returns is not None and value is not None:
            kind = self._types(function)["return"]
            if isinstance(kind, SIMPLE_TYPES):
                try:
                    return coerce(self.pool, value, kind)
                except Mistake as problem:
                    message = f"`{function.name}` returns {describe(value)}: {problem.message}"
                    raise self.wrong(node.returns, message, problem.hint) from None
        return value

    def annotation(self, node: ast.expr) -> Value:
        """The value of an annotation; None for a quoted one, which is for the reader."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return None
        return self.eval(node)

    @contextmanager
    def _outside(self, function: Function) -> Iterator[None]:
        """Evaluate where the function was defined: the names of the calling function do not count."""
        module, self.module = self.module, function.module
        self.frames.append(Frame(function, {}, self.frame.base))
        try:
            yield
        finally:
            self.frames.pop()
            self.module = module

    def _types(self, function: Function) -> Mapping[str, Value]:
        """What the annotations of a function mean; they are evaluated once, where the function was defined."""
        if len(function.types) < len(function.annotations):
            with self._outside(function):
                for name, annotation in function.annotations.items():
                    function.types[name] = self.annotation(annotation)
        return function.types

    def arguments(self, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> dict[str, Value]:
        names = function.parameters
        if len(args) > function.positional:
            count = f"{function.positional} argument{'s' * (function.positional != 1)}"
            raise self.wrong(node, f"`{function.name}` takes {count}, not {len(args)}")
        given: dict[str, Value] = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name not in names:
                raise self.wrong(node, f"`{function.name}` has no parameter `{name}`")
            if name in given:
                raise self.wrong(node, f"`{function.name}` is given `{name}` twice")
            given[name] = value
        if len(given) < len(names):
            absent = [name for name in names if name not in given]
            missing = [name for name in absent if name not in function.defaults]
            if missing:
                raise self.wrong(node, f"`{function.name}` needs an argument for `{missing[0]}`")
            with self._outside(function):
                for name in absent:
                    given[name] = self.eval(function.defaults[name])
        for name, kind in self._types(function).items():
            if isinstance(kind, SIMPLE_TYPES) and name != "return" and not isinstance(given[name], StateRef):
                try:
                    given[name] = coerce(self.pool, given[name], kind)
                except Mistake as problem:
                    raise self.wrong(node, f"`{name}` of `{function.name}` is {kind}: {problem.message}", problem.hint) from None
        return given

    # trying

    def attempt(self, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Attempt:
        """`attempt(f, ...)`: as a call, but what traps gives a result; a translation tried so is recorded like one that is called."""
        self._check_callable(function, node)
        if not self._names_translation(function):
            return self.captured_attempt(function, args, kwargs, node)
        path, untouched = self.path, self._untouched()
        tried = self.captured_attempt(function, args, kwargs, node)
        address = self.physical_address(tried.value) if tried.returned else None
        self._record(function, args, kwargs, path, self.pool.and_(path, tried.fault), address, untouched)
        return tried

    def captured_attempt(self, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Attempt:
        """Call a function so that its traps do not end the path. Where it trapped, its effects are dropped."""
        before = (self.state, self.kept, self.cond, self.taken)
        outer_traps, self.traps = self.traps, []
        marks = (len(self.events), len(self.translations), len(self.obligations))
        path = self.path
        self.frames.append(Frame(None, self.frame.names, self.pool.true))
        self.cond = self.taken = self.pool.true
        self.attempting += 1
        value: Value = None
        returned = False
        after = before[:2]
        try:
            value = self.invoke(function, args, kwargs, node)
            after, returned = (self.state, self.kept), True
        except Dead:
            pass
        finally:
            self.attempting -= 1
            self.frames.pop()
            caught, self.traps = self.traps, outer_traps
            self.state, self.kept, self.cond, self.taken = before
        self._rebase(path, marks)
        fault = self.pool.or_(*(trap.guard for trap in caught))
        if fault is not self.pool.true:
            self.state = merge_states(self, fault, before[0], after[0])
            self.kept = merge_states(self, fault, before[1], after[1])
        return Attempt(fault, caught, value, returned)

    def _rebase(self, path: Term, marks: tuple[int, int, int]) -> None:
        """Give what was recorded under a relative path its whole guard."""
        if path is self.pool.true:
            return
        for group, mark in zip((self.events, self.translations, self.obligations), marks, strict=True):
            group[mark:] = [replace(item, guard=self.pool.and_(path, item.guard)) for item in group[mark:]]  # type: ignore[index]

    # translation

    def translate(self, va: Term, access: int | Term, size: int) -> Located:
        """Where an access leads to; its kind is a code of `Access`, or a term that may be any of them."""
        machine = self.machine
        assert machine is not None
        function = machine.translation
        if function is None:
            return Located(self.pool.false, None, None, va, self.pool.false)
        kind = EnumValue(ACCESS, access) if isinstance(access, Term) else ACCESS.member(("read", "write", "fetch")[access])
        args: list[Value] = [StateRef("m"), va, kind]
        if machine.translation_takes_size:
            args.append(size)
        return self._located(function, args, function.node)

    def _located(self, function: Function, args: list[Value], node: ast.AST) -> Located:
        machine = self.machine
        assert machine is not None
        assert machine.memory is not None
        try:
            first, before = len(self.events), self.state
            tried = self.captured_attempt(function, args, {}, node)
            updates = self.written(self.events[first:], before) if self.state is not before else self.pool.false
            found = self.physical_address(tried.value) if tried.returned else self.pool.bv(0, machine.memory.address)
            cause, info = self.merged_trap(tried.traps)
        except Mistake as problem:
            place = function.module.source.place(function.node)
            raise InputError(f"`{function.name}` gives no address: {problem.message}", place, problem.hint) from None
        return Located(tried.fault, cause, None if info is None else info.get(""), found, self.pool.or_(updates, self.stage_updates))

    def written(self, events: Sequence[Event], before: Mapping[str, Term]) -> Term:
        """That something has another value than before: a cell that one of the accesses writes, or a register."""
        assert self.machine is not None
        assert self.machine.memory_name is not None
        pool, name = self.pool, self.machine.memory_name
        memory = before[name]
        cells = [pool.and_(item.guard, pool.ne(pool.select(memory, item.address), item.value)) for item in events if item.kind == "store"]
        changed = [path for path, term in self.state.items() if path != name and term is not before[path]]
        return pool.or_(*cells, *(pool.ne(self.state[path], before[path]) for path in changed))

    def physical_address(self, value: Value) -> Term:
        assert self.machine is not None
        assert self.machine.memory is not None
        return to_bits(self.pool, value, self.machine.memory.address)

    def merged_trap(self, traps: list[RawTrap]) -> tuple[Term | None, dict[str, Term] | None]:
        """Cause and value of whichever of these traps happens."""
        if not traps:
            return None, None
        cause, value = traps[-1].cause, traps[-1].value
        for trap in reversed(traps[:-1]):
            if cause is not None and trap.cause is not None:
                cause = self.pool.ite(trap.guard, trap.cause, cause)
            if value is not None and trap.value is not None:
                value = {path: self.pool.ite(trap.guard, term, value[path]) for path, term in trap.value.items()}
        return cause, value

    def _untouched(self) -> bool:
        """Whether the registers are still those that the instruction began with."""
        assert self.machine is not None
        return all(self.state[path] is self.initial[path] for path in self.machine.registers)

    def _explicit_translation(self, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        first, path, untouched = len(self.traps), self.path, self._untouched()
        address: Term | None = None
        value: Value = None
        dead = False
        try:
            value = translated_once(self, function, args, kwargs, node)
            if value is None:
                value = self.invoke(function, args, kwargs, node)
            address = self.physical_address(value)
        except Dead:
            dead = True
        fault = self.pool.or_(*(trap.guard for trap in self.traps[first:]))
        self._record(function, args, kwargs, path, fault, address, untouched)
        if dead:
            raise Dead
        return value

    def _record(
        self,
        function: Function,
        args: list[Value],
        kwargs: dict[str, Value],
        path: Term,
        fault: Term,
        address: Term | None,
        untouched: bool,
    ) -> None:
        """Note a translation that the description itself asks for."""
        machine = self.machine
        assert machine is not None
        if machine.memory is None:
            return
        names = [parameter.arg for parameter in function.node.args.args]
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        plain = len(given) <= 3 + machine.translation_takes_size
        va, access = given.get(names[1]), given.get(names[2])
        if not (isinstance(access, EnumMember | EnumValue) and access.type is ACCESS):
            return
        try:
            address_asked = to_bits(self.pool, va, machine.virtual_width)
        except Mistake:
            return
        code = to_leaves(self.pool, access, ACCESS)[""]
        found = address if address is not None else self.pool.bv(0, machine.memory.address)
        self.translations.append(Explicit(path, address_asked, code, fault, found, plain and untouched))


def merge_states(run: Calls, fault: Term, before: Mapping[str, Term], after: Mapping[str, Term]) -> dict[str, Term]:
    """The state before where `fault` holds, the one after elsewhere."""
    if before is after:
        return dict(after)
    return {path: term if term is before[path] else run.pool.ite(fault, before[path], term) for path, term in after.items()}


__all__ = ["SIMPLE_TYPES", "Attempt", "Calls", "merge_states"]
