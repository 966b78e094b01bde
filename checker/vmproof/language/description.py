"""A loaded ISA description: what it consists of, and its meaning as terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from vmproof.errors import InputError, Place
from vmproof.language.budget import Budget, BudgetError
from vmproof.language.convert import Mistake, from_leaves, to_bool
from vmproof.language.decoder import Decoder, check_units
from vmproof.language.encoded import length, valid, word
from vmproof.language.encoding import DONT_CARE, Encoding
from vmproof.language.forms import Forms
from vmproof.language.interpreter import Interpreter
from vmproof.language.machine import Instruction, Machine, Scenario
from vmproof.language.memory import Located, MemoryModel, Physical, Unmapped
from vmproof.language.module import Module
from vmproof.language.outcome import Event, Obligation, Outcome, State, Trap
from vmproof.language.patterns import PatternError
from vmproof.language.run import JUMPED, Dead, RawTrap
from vmproof.language.source import Source
from vmproof.language.stages import Stages
from vmproof.language.translations import Translations
from vmproof.language.types import ACCESS, EnumType, MemoryType, Role, RoleValue, Type, join, leaves
from vmproof.language.values import EnumValue, FormsOperand, FormTag, Function, StateRef, Value
from vmproof.terms import ArraySort, BitVecSort, Pool, Sort, Term, default_value, substitute, variables

ModeValue = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Field:
    """One leaf of the state: its dotted path, sort, role, enumeration (if it holds members) and source line."""

    path: str
    sort: Sort
    role: Role
    enum: EnumType | None
    line: int


class Description:
    """An ISA description as terms over one pool. States map leaf paths to terms; see `fields`."""

    access_codes: Mapping[str, int] = ACCESS.members

    def __init__(
        self, path: Path, doc: str, pool: Pool, machine: Machine, main: Module, budget: Budget, sources: tuple[Source, ...]
    ) -> None:
        self.path = path
        self.sources = sources
        self.name = path.stem
        self.doc = doc
        self.pool = pool
        self.machine = machine
        self._main = main
        self._budget = budget
        self.fields = tuple(_fields(machine))
        self.mode_fields = tuple(item for item in self.fields if item.role is Role.MODE)
        self.scenarios: tuple[Scenario, ...] = tuple(sorted(machine.scenarios, key=lambda item: not self._here(item.place)))
        self.by_path = {item.path: item for item in self.fields}
        self._claims: dict[Function, tuple[Term, dict[Term, tuple[str, str]]]] = {}
        self._claimed: dict[tuple[object, ...], Term] = {}
        self._claiming: Description | None = None
        self.instructions: tuple[Instruction, ...] = tuple(map(self._streamed, machine.instructions))

    def _here(self, place: Place | None) -> bool:
        """Whether something is declared in the description's own file, and not in one that it imports."""
        return place is not None and place.path == self._main.source.path

    @property
    def added(self) -> tuple[Instruction, ...]:
        """The instructions that the description's own file declares."""
        return tuple(item for item in self.instructions if self._here(item.place))

    def _streamed(self, item: Instruction) -> Instruction:
        """An instruction whose encoding is in the order of the stream that @fetch reads."""
        if not self.machine.fetch_low_first:
            return item
        try:
            return replace(item, encoding=item.encoding.in_parcels(self.unit_bits))
        except PatternError as problem:
            raise InputError(f"in the pattern of `{item.name}`: {problem.message}", item.place) from None

    @property
    def memory(self) -> Field | None:
        return self.by_path.get(self.machine.memory_name) if self.machine.memory_name else None

    @property
    def cell_width(self) -> int:
        """Bits of a memory cell; 8 where the machine has no memory."""
        return self.machine.memory.cell if self.machine.memory else 8

    @property
    def physical_width(self) -> int:
        """Bits of a physical address; 0 where the machine has no memory."""
        return self.machine.memory.address if self.machine.memory else 0

    @property
    def virtual_width(self) -> int:
        return self.machine.virtual_width

    @property
    def has_translation(self) -> bool:
        return self.machine.translation is not None

    @cached_property
    def translations(self) -> Translations:
        """The translation in general, of which that in a state is an instance."""
        va = self.pool.var("$translated", BitVecSort(max(self.virtual_width, 1)))
        return Translations(self.machine, self.pool, self.fresh("$translated"), va, lambda *given: self._translated(*given)[1])

    def translates_as(self, other: Description) -> None:
        """Take it that the translation means what it does in another description of the same pool, whose text for it is the same."""
        self.translations = other.translations

    def claims_as(self, other: Description) -> None:
        """Let the legal states be those of another description of the same pool with the same fields, whatever the text says."""
        self._claiming = other

    def instruction(self, name: str) -> Instruction | None:
        return next((item for item in self.instructions if item.name == name), None)

    def default_scenario(self) -> Scenario:
        """All modes run in the least privileged one (THEORY.md): what holds for a file without scenarios."""
        least = tuple(role.least_code for role in self.machine.mode_roles.values())
        modes: list[ModeValue] = [()]
        for item in self.mode_fields:
            codes = sorted(set(item.enum.members.values())) if item.enum else range(1 << _width(item.sort))
            modes = [(*mode, code) for mode in modes for code in codes]
        return Scenario("Default", "every mode in the least privileged one", tuple((mode, least) for mode in modes))

    def scenario(self, name: str | None) -> Scenario:
        """A scenario by class name, or the first one. Raises `InputError` for a name that the description does not have."""
        if name is None:
            return self.scenarios[0] if self.scenarios else self.default_scenario()
        for item in self.scenarios:
            if name in (item.name, item.title):
                return item
        known = ", ".join(item.name for item in self.scenarios) or "none"
        raise InputError(f"{self.path.name} has no scenario `{name}`; its scenarios: {known}")

    # states

    def fresh(self, prefix: str) -> State:
        """A state of variables named `prefix.path`."""
        return {item.path: self.pool.var(f"{prefix}.{item.path}", item.sort) for item in self.fields}

    def legal(self, state: Mapping[str, Term]) -> Term:
        """What holds in every state the machine can be in: `@legal`, and enum fields hold members."""
        if self._claiming is not None:
            return self._claiming.legal(state)
        claims = [self._members(item, state[item.path]) for item in self.fields if item.enum is not None and not item.enum.total]
        claims += [self._instance(function, {"m": state}, {}) for function in self.machine.legal]
        return self.pool.and_(*claims)

    def _members(self, item: Field, term: Term) -> Term:
        assert item.enum is not None
        if isinstance(term.sort, ArraySort):  # every element: at the indices there are, which are few for enumerations of registers
            index = term.sort.index
            assert isinstance(index, BitVecSort)
            if index.width > 8:
                return self.pool.true
            cells = [self.pool.select(term, self.pool.bv(at, index.width)) for at in range(1 << index.width)]
        else:
            cells = [term]
        codes = sorted(set(item.enum.members.values()))
        return self.pool.and_(
            *(self.pool.or_(*(self.pool.eq(cell, self.pool.bv(code, item.enum.width)) for code in codes)) for cell in cells)
        )

    def _instance(
        self,
        function: Function,
        states: Mapping[str, Mapping[str, Term]],
        terms: Mapping[str, Term],
        types: Mapping[str, Type] | None = None,
    ) -> Term:
        """What a predicate of the description claims of some states and terms (of the given types): executed once, on variables."""
        if function not in self._claims:
            general = {name: self.fresh(f"${name}") for name in states}
            places = {name: self.pool.var(f"${name}", term.sort) for name, term in terms.items()}
            values: list[Value] = [StateRef(name, state) for name, state in general.items()]
            for name, place in places.items():
                values.append(from_leaves(types[name], lambda path, place=place: place) if types else place)  # type: ignore[misc]
            found = {term: (name, path) for name, state in general.items() for path, term in state.items()}
            found |= {place: (name, "") for name, place in places.items()}
            claim = self._claim(function, values)[0]
            self._claims[function] = claim, {variable: found[variable] for variable in variables([claim])}
        claim, free = self._claims[function]
        mapping = {variable: states[name][path] if name in states else terms[name] for variable, (name, path) in free.items()}
        key = (function, *mapping.values())
        if key not in self._claimed:  # most of what is asked about differs in other fields
            [self._claimed[key]] = substitute(self.pool, [claim], mapping)
        return self._claimed[key]

    def _claim(self, function: Function, args: list[Value]) -> tuple[Term, list[Obligation]]:
        run = self._interpreter({}, None, function.module)
        value = self._protected(run, function, args)
        try:
            return to_bool(self.pool, value, f"what `{function.name}` returns"), run.obligations
        except Mistake as problem:
            raise InputError(problem.message, function.module.source.place(function.node), problem.hint) from None

    def _interpreter(self, state: State, memory: MemoryModel | None, module: Module | None = None) -> Interpreter:
        return Interpreter(self.pool, self._budget, module or self._main, self.machine, state, memory)

    def _protected(self, run: Interpreter, function: Function, args: list[Value]) -> Value:
        """Call a function of the description; nothing but `InputError` and `Dead` leaves it."""
        with self._guarded(function):
            return run.invoke(function, args, {}, function.node)

    @contextmanager
    def _guarded(self, function: Function) -> Iterator[None]:
        """Turn what can go wrong beyond single expressions into an `InputError` at the function."""
        place = function.module.source.place(function.node)
        try:
            with self._budget.running():
                yield
        except RecursionError:
            raise InputError(f"`{function.name}` is nested too deeply", place) from None
        except Mistake as problem:
            raise InputError(problem.message, place, problem.hint) from None
        except BudgetError as problem:
            raise InputError(str(problem), place) from None

    # what must hold for the text to have a meaning

    def claim(self, function: Function, state: Mapping[str, Term]) -> tuple[Term, list[Obligation]]:
        """What one `@legal` says of a state, and its obligations."""
        return self._claim(function, [StateRef("m", state)])

    def entry_obligations(self, trap: Trap) -> list[Obligation]:
        """The obligations of the trap entry, under the trap's guard."""
        run = self._entry(trap, None)
        return [] if run is None else [replace(item, guard=self.pool.and_(trap.guard, item.guard)) for item in run.obligations]

    def fetch_obligations(self, state: Mapping[str, Term]) -> list[Obligation]:
        return self._fetched(state, None, None)[0].obligations

    def translation_obligations(self, state: Mapping[str, Term]) -> list[Obligation]:
        """The obligations of the translation for an arbitrary address."""
        va = self.pool.var("lint#va", BitVecSort(max(self.virtual_width, 1)))
        found: list[Obligation] = []
        for access in ACCESS.members.values():
            found += self._translated(state, va, access, 1)[0].obligations
        return found

    # execution

    def physical(self) -> Physical:
        """The memory model of the description itself: its own translation over its own memory."""
        return Physical(self.machine.memory_name or "")

    def operands(self, instruction: Instruction) -> dict[str, Term]:
        """A variable for each variable of the encoding: one for all instructions that have it, so that what they do alike is one term."""
        return {name: self.pool.var(f"op.{name}.{sort}", sort) for name, sort in instruction.variables}

    def valid(self, instruction: Instruction, operands: Mapping[str, Term]) -> Term:
        """Which operand values are encodings of the instruction."""
        return valid(self.pool, instruction.encoding, operands)

    def word(self, encoding: Encoding, operands: Mapping[str, Term]) -> Term:
        """The instruction's own word or words (`m.instruction`), `base_bits` wide."""
        return word(self.pool, encoding, operands)

    def length(self, encoding: Encoding, operands: Mapping[str, Term], width: int) -> Term:
        """How many fetch cells the instruction has, as bits of `width`."""
        return length(self.pool, encoding, operands, width, self.cell_width)

    def execute(
        self, instruction: Instruction, state: Mapping[str, Term], operands: Mapping[str, Term], memory: MemoryModel | None = None
    ) -> Outcome:
        """All that the instruction can do from a state, as terms. Raises `InputError` where its text is wrong."""
        encoding = instruction.encoding
        special = {"instruction": self.word(encoding, operands)} if encoding.base else {}
        args = self._arguments(instruction, operands)
        length = self.length(encoding, operands, state["pc"].width) if "pc" in state else None
        return self._run(instruction.function, args, state, memory or self.physical(), special, length, instruction.name)

    def execute_undefined(self, word: Term, state: Mapping[str, Term], memory: MemoryModel | None = None) -> Outcome | None:
        """What an encoding that no pattern matches does; None where the description does not say."""
        function = self.machine.undefined
        if function is None:
            return None
        length = self.pool.bv(word.width // self.cell_width, state["pc"].width) if "pc" in state else None
        return self._run(function, [word], state, memory or self.physical(), {"instruction": word}, length, "undefined")

    def _arguments(self, instruction: Instruction, operands: Mapping[str, Term]) -> list[Value]:
        args: list[Value] = []
        for parameter in instruction.function.node.args.args[1:]:
            name = parameter.arg
            forms = instruction.encoding.forms.get(name)
            args.append(self._forms_operand(name, name, forms, operands) if forms is not None else operands[name])
        return args

    def _forms_operand(self, name: str, path: str, forms: Forms, operands: Mapping[str, Term]) -> FormsOperand:
        tag = FormTag(name, forms.names, operands[f"{path}.form"], forms.family)
        fields: dict[str, Value] = {}
        for key, term in operands.items():
            if key.startswith(f"{path}.") and key != f"{path}.form":
                fields[key[len(path) + 1 :]] = term
        for form in forms.alternatives:
            for inner, nested in form.nested:
                fields[inner] = self._forms_operand(inner, f"{path}.{inner}", nested, operands)
        return FormsOperand(name, forms, tag, fields)

    def _run(
        self,
        function: Function,
        args: list[Value],
        state: Mapping[str, Term],
        memory: MemoryModel,
        special: dict[str, Term],
        length: Term | None,
        label: str,
    ) -> Outcome:
        pool = self.pool
        start = {**state, JUMPED: pool.false}
        run = self._interpreter(start, memory, function.module)
        run.label = label
        following = pool.add(state["pc"], length) if length is not None else None
        run.special = special if following is None else {**special, "next_pc": following}
        try:
            self._protected(run, function, [StateRef("m"), *args])
            if following is not None:
                run.set_entry("pc", pool.ite(run.state[JUMPED], run.state["pc"], following))
            if self.machine.after is not None:
                before = dict(state)
                run.kept, run.keeping = run.state, 1
                run.label = f"{label}.after"
                self._protected(run, self.machine.after, [StateRef("m"), StateRef("before", before)])
            completes = run.cond
        except Dead:
            completes = pool.false
        final = {path: term for path, term in run.state.items() if path != JUMPED}
        return Outcome(
            completes=completes,
            state=final,
            traps=tuple(self._trap(run, group, following) for group in _by_memory(run.traps)),
            waits=pool.and_(run.waits, completes),
            unpredictable=run.unpredictable,
            choices=tuple(run.choices),
            translations=tuple(run.translations),
            events=tuple(run.events),
            obligations=tuple(run.obligations),
        )

    def _trap(self, run: Interpreter, raw: list[RawTrap], following: Term | None) -> Trap:
        pool = self.pool
        cause, value = run.merged_trap(raw)
        state = raw[-1].state
        for trap in reversed(raw[:-1]):
            state = {path: term if term is state[path] else pool.ite(trap.guard, term, state[path]) for path, term in trap.state.items()}
        kept = {path: term for path, term in state.items() if path != JUMPED}
        return Trap(pool.or_(*(trap.guard for trap in raw)), cause, value, raw[0].memory, kept, following)

    def enter(self, trap: Trap, memory: MemoryModel | None = None) -> tuple[State, tuple[Event, ...]]:
        """The state after `@trap_entry` for a trap, and the memory accesses of the entry. Without a trap entry the state stays."""
        run = self._entry(trap, memory)
        return (dict(trap.state), ()) if run is None else (run.state, tuple(run.events))

    def _entry(self, trap: Trap, memory: MemoryModel | None) -> Interpreter | None:
        """The execution of `@trap_entry` for a trap; None where the description has none."""
        function = self.machine.trap_entry
        if function is None:
            return None
        run = self._interpreter(dict(trap.state), memory or self.physical(), function.module)
        run.label = "entry"
        run.special = {} if trap.next_pc is None else {"next_pc": trap.next_pc}
        args: list[Value] = [StateRef("m")]
        if self.machine.cause_type is not None:
            args.append(
                EnumValue(self.machine.cause_type, trap.cause if trap.cause is not None else self.pool.bv(0, self.machine.cause_type.width))
            )
        if self.machine.value_type is not None:
            zeros = {leaf.path: self.pool.value(leaf.sort, default_value(leaf.sort)) for leaf in leaves(self.machine.value_type)}
            args.append(from_leaves(self.machine.value_type, (trap.value or zeros).__getitem__))
        try:
            self._protected(run, function, args)
        except Dead:
            place = function.module.source.place(function.node)
            raise InputError(f"the trap entry `{function.name}` always traps itself", place) from None
        return run

    def translate(self, state: Mapping[str, Term], va: Term, access: int, size: int = 1) -> Located:
        """The description's own translation of one cell's address in a state. `access` is a code of `Access`."""
        return self.translate_events(state, va, access, size)[0]

    def translate_events(self, state: Mapping[str, Term], va: Term, access: int, size: int = 1) -> tuple[Located, tuple[Event, ...]]:
        """As `translate`, with the physical accesses that the walk makes."""
        run, located = self._translated(state, va, access, size)
        return located, tuple(run.events)

    def _translated(
        self, state: Mapping[str, Term], va: Term, access: int | Term, size: int, stages: Stages | None = None
    ) -> tuple[Interpreter, Located]:
        function = self.machine.translation
        run = self._interpreter(dict(state), self.physical())
        run.stages = stages
        if function is None:
            return run, Located(self.pool.false, None, None, va, self.pool.false)
        with self._guarded(function):
            return run, run.translate(va, access, size)

    def fetch_unit(self, state: Mapping[str, Term], memory: MemoryModel | None = None, at: Term | None = None) -> tuple[Term, Trap | None]:
        """One unit of the instruction stream at pc (or at `at`), and the trap that fetching it may raise."""
        run, word = self._fetched(state, memory, at)
        trap = self._trap(run, run.traps, state.get("pc")) if run.traps else None
        return (self.pool.bv(0, self.unit_bits) if word is None else word), trap

    def _fetched(self, state: Mapping[str, Term], memory: MemoryModel | None, at: Term | None) -> tuple[Interpreter, Term | None]:
        """The execution of `@fetch` and the word it gives; None where it always traps."""
        function = self.machine.fetch
        if function is None:
            raise InputError(f"{self.path.name} has no @fetch, so no instruction can be read from memory")
        run = self._interpreter(dict(state), memory or self.physical(), function.module)
        run.label, run.fetching = "fetch", True
        run.special = {"next_pc": state["pc"]} if "pc" in state else {}
        args: list[Value] = [StateRef("m")]
        if self.machine.fetch_takes_address:
            if at is None and "pc" not in state:
                raise InputError("the state has no `pc: bits[n]`, the address of the instruction", function.module.source.at(1))
            args.append(state["pc"] if at is None else at)
        try:
            value = self._protected(run, function, args)
        except Dead:
            return run, None
        if not isinstance(value, Term) or not isinstance(value.sort, BitVecSort):
            raise InputError("the @fetch function must return bits", function.module.source.place(function.node))
        return run, value

    @cached_property
    def unit_bits(self) -> int:
        """Bits that one fetch reads."""
        function = self.machine.fetch
        if function is None:
            return self.cell_width
        _, word = self._fetched(self.fresh("unit"), Unmapped(self.machine.memory_name or ""), None)
        if word is None:
            raise InputError("the @fetch function must return bits", function.module.source.place(function.node))
        return word.width

    @cached_property
    def decoder(self) -> Decoder:
        """The decoder generated from the patterns. Raises `InputError` where a pattern is no whole number of fetch units."""
        for item in self.instructions:
            try:
                check_units(item.encoding, self.unit_bits)
            except PatternError as problem:
                raise InputError(f"in the pattern of `{item.name}`: {problem.message}", item.place) from None
        return Decoder([(item.name, item.encoding) for item in self.instructions], self.unit_bits)

    # scenarios

    def host(self, scenario: Scenario, real: Mapping[str, Term], guest: Mapping[str, Term], picks: Mapping[str, Term]) -> Term:
        """The relation that the VMM establishes between a real state and its guest's."""
        if scenario.host is None:
            return self.pool.true
        states = {"real": real, "guest": guest}
        return self._instance(scenario.host, states, {name: picks[name] for name, _ in scenario.pick_types}, dict(scenario.pick_types))

    def reserved(self, scenario: Scenario, real: Mapping[str, Term], guest: Mapping[str, Term], va: Term) -> Term:
        """Whether the VMM keeps this address of the guest's address space for itself."""
        match scenario.reserved:
            case None:
                return self.pool.false
            case tuple() as ranges:
                pool = self.pool
                return pool.or_(
                    *(pool.and_(pool.ule(pool.bv(low, va.width), va), pool.ule(va, pool.bv(high, va.width))) for low, high in ranges)
                )
            case function:
                related = len(function.node.args.args) == 3
                return self._instance(function, {"real": real, "guest": guest} if related else {}, {"va": va})

    def everywhere(self, scenario: Scenario, real: Mapping[str, Term], guest: Mapping[str, Term], va: Term) -> Term:
        """What the VMM's tables ensure at a virtual address, whichever it is."""
        if scenario.everywhere is None:
            return self.pool.true
        return self._instance(scenario.everywhere, {"real": real, "guest": guest}, {"va": va})

    def realise(self, scenario: Scenario, real: Mapping[str, Term], guest: Mapping[str, Term], va: Term) -> State:
        """The real state in which the VMM's tables also show what the guest sees at a virtual address."""
        function = scenario.realise
        assert function is not None
        run = self._interpreter(dict(real), self.physical(), function.module)
        self._protected(run, function, [StateRef("real"), StateRef("guest", guest), va])
        return run.state


def _fields(machine: Machine) -> list[Field]:
    found = []
    for name, kind in machine.state.fields.items():
        own: RoleValue | None = machine.state.roles.get(name)
        for leaf in leaves(kind):
            role = Role.MEMORY if isinstance(kind, MemoryType) else (leaf.role or own or RoleValue(Role.USER)).role
            found.append(Field(join(name, leaf.path), leaf.sort, role, leaf.enum, machine.state.lines.get(name, 0)))
    return found


def _by_memory(traps: list[RawTrap]) -> list[list[RawTrap]]:
    groups = [[trap for trap in traps if not trap.memory], [trap for trap in traps if trap.memory]]
    return [group for group in groups if group]


def _width(sort: Sort) -> int:
    return sort.width if isinstance(sort, BitVecSort) else 1


__all__ = ["DONT_CARE", "Description", "Field", "ModeValue"]
