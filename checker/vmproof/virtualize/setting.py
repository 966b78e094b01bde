"""A description under one scenario, preprocessed: which fields are shared, who owns what, which modes run in which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import islice

from vmproof.errors import InputError
from vmproof.language import Description, Field, Instruction, Located, Outcome, Role, Scenario, State, Trap
from vmproof.language.memory import CELLS, MemoryModel
from vmproof.language.stages import Stages
from vmproof.terms import BOOL, ArraySort, BitVecSort, Op, Pool, Sort, Substitution, Term, Value, reachable, variables
from vmproof.virtualize.walks import Walker, denied

GUEST = "guest"
REAL = "real"
READ, WRITE, FETCH = 0, 1, 2
ACCESSES = {READ: "read", WRITE: "write", FETCH: "fetch"}

ModeValue = tuple[int, ...]

_LARGE = 2000
"""Nodes of a translation, from which on it is looked at mode by mode."""

_FEW = 4
"""Bits of a leaf that has few values."""

_CANONICAL = "s"
_SHARED = "u"


@dataclass(frozen=True)
class Touch:
    """A virtual address that an execution translates: its term, the access code, the number of cells, the state it is made in, and when."""

    va: Term
    access: int
    size: int
    registers: tuple[tuple[str, Term], ...]
    guard: Term


class Setting:
    """What all questions about one description and one of its scenarios have in common.

    `fixed` gives search bits (leaf paths of the real state) the values that the VMM has chosen; `promoted` are the status fields that count
    as control (THEORY, "Status"); `updating` says that walks write (accessed, dirty, modified bits); `partial` says that the real mode
    cannot realise the whole view, so that what it gives up memory-traps. `bare` is what a guest sets its own registers to, by guest leaf
    path, where it is shown that a guest and a real state which agree then have the same view with any others (`own_tables`). `known` are
    states that exist, by the names of variables; None until they are needed (`known_states`).
    """

    def __init__(self, description: Description, scenario: Scenario) -> None:
        self.description = description
        self.scenario = scenario
        self.pool = description.pool
        self.fields: dict[str, Field] = {field.path: field for field in description.fields}
        self.modes: tuple[Field, ...] = tuple(description.mode_fields)
        self.runs: dict[ModeValue, ModeValue] = dict(scenario.runs)
        self.domain: tuple[ModeValue, ...] = tuple(self.runs)
        self.image: tuple[ModeValue, ...] = tuple(dict.fromkeys(self.runs.values()))
        self.unmoved: tuple[ModeValue, ...] = tuple(mode for mode, real in self.runs.items() if mode == real)
        self.own: dict[str, str] = dict(scenario.own)
        self.own_mode: bool = scenario.own_mode
        self.fixed: dict[str, int] = {}
        self.promoted: set[str] = set()
        self._translations: dict[tuple[int, int, str], tuple[Located, list[tuple[Term, str | None]]]] = {}
        self._sizes: dict[tuple[int, int, str], bool] = {}
        self._settled: dict[object, tuple[Located, list[tuple[Term, str | None]]]] = {}
        self._instances: dict[object, Located] = {}
        self.partial = False
        self.bare: Mapping[str, Term] | None = None
        self.known: tuple[Mapping[str, Value], ...] | None = None
        mode_paths = {field.path for field in self.modes}
        self.mode_paths = tuple(field.path for field in self.modes)
        self.memory = description.memory.path if description.memory is not None else None
        if self.own_mode and len(self.image) != len(self.domain):
            raise InputError(f"scenario {scenario.name} names the mode as the guest's own, but two guest modes run in one real mode")
        self.user = tuple(f.path for f in description.fields if f.role is Role.USER and f.path not in mode_paths)
        self.twins = tuple(guest for guest, real in self.own.items() if guest == real)
        self.shared = frozenset((*self.user, *self.twins))
        unmoved = not self.own_mode or all(guest == real for guest, real in self.runs.items())
        anywhere, state = self.pool.var("$anywhere", self.va_sort), self.canonical(False)
        self.updating = any(self.translate(state, anywhere, access).updates is not self.pool.false for access in ACCESSES)
        self.symmetric = not self.updating and unmoved and all(guest == real for guest, real in self.own.items())
        self.translation_reads: frozenset[str] = description.translations.reads if description.has_translation else frozenset()

    def fixing(self, values: Mapping[str, int]) -> Setting:
        """The setting in which the VMM has chosen these values of the search bits, and of which nothing is known yet."""
        other = copy(self)  # translations are made without a look at the search bits: they stay common to both
        other.fixed, other.promoted, other.partial, other.bare, other.known = dict(values), set(), False, None, None
        return other

    # fields

    def owned(self, kind: str) -> frozenset[str]:
        """The leaf paths that hold the guest's own control in a guest or a real state (the mode aside)."""
        return frozenset(self.own if kind == GUEST else self.own.values())

    def control(self, kind: str) -> tuple[str, ...]:
        """The leaf paths, modes aside, whose change counts as a change of control that is not the guest's own."""
        owned = self.owned(kind)
        governing = (Role.CONTROL, Role.EXTERNAL, Role.PLATFORM)
        return tuple(
            f.path
            for f in self.description.fields
            if f.path not in self.mode_paths and f.path not in owned and (f.role in governing or f.path in self.promoted)
        )

    def status(self, kind: str) -> tuple[str, ...]:
        """The leaf paths of status that is neither the guest's own nor shown."""
        owned = self.owned(kind)
        return tuple(
            f.path for f in self.description.fields if f.role is Role.STATUS and f.path not in owned and f.path not in self.promoted
        )

    def sort(self, path: str) -> Sort:
        return self.fields[path].sort

    def variable(self, prefix: str, path: str) -> Term:
        """The variable of a leaf: one for all states where the leaf is shared, else one for each prefix."""
        return self.pool.var(f"{_SHARED if path in self.shared else prefix}.{path}", self.sort(path))

    # modes

    def in_modes(self, state: Mapping[str, Term], modes: Iterable[ModeValue]) -> Term:
        """Whether a state's mode is one of these."""
        return self.pool.or_(*(self.is_mode(state, mode) for mode in modes))

    def is_mode(self, state: Mapping[str, Term], mode: ModeValue) -> Term:
        pool = self.pool
        return pool.and_(*(pool.eq(state[f.path], pool.value(f.sort, v)) for f, v in zip(self.modes, mode, strict=True)))

    def real_mode(self, guest: Mapping[str, Term]) -> dict[str, Term]:
        """The mode fields of a real state that carries a guest in this guest's mode."""
        return self._mode_of(guest, self.runs)

    def guest_mode(self, guest: Mapping[str, Term]) -> dict[str, Term]:
        """The mode fields of a guest in one of the domain's modes, written as a choice among these."""
        return self._mode_of(guest, {mode: mode for mode in self.domain})

    def _mode_of(self, guest: Mapping[str, Term], runs: Mapping[ModeValue, ModeValue]) -> dict[str, Term]:
        pool = self.pool
        result: dict[str, Term] = {}
        for position, f in enumerate(self.modes):
            values = [pool.value(f.sort, runs[mode][position]) for mode in self.domain]
            term = values[-1]
            for mode, value in zip(reversed(self.domain[:-1]), reversed(values[:-1]), strict=True):
                term = pool.ite(self.is_mode(guest, mode), value, term)
            result[f.path] = term
        return result

    def mode_name(self, mode: ModeValue) -> str:
        """A mode as the description writes it."""
        names = [f.enum.name_of(value) if f.enum is not None else str(value) for f, value in zip(self.modes, mode, strict=True)]
        if len(names) == 1:
            return names[0]
        return ", ".join(f"{f.path} = {name}" for f, name in zip(self.modes, names, strict=True))

    # the description, wrapped

    def canonical(self, with_cells: bool) -> State:
        """The state that instructions are executed in once; its private variables are then replaced by those of each state asked about."""
        state = {path: self.variable(_CANONICAL, path) for path in self.fields}
        if with_cells:
            state[CELLS] = self.cells()
        return state

    def private(self, name: str, sort: Sort) -> Term:
        """A function private to a state, in the canonical execution."""
        return self.pool.var(f"{_CANONICAL}.{name}", sort)

    def placing(self, state: Mapping[str, Term], functions: str) -> Substitution:
        """What puts a state in the place of the canonical one, with the private functions that go by this name."""
        canonical = self.canonical(False)
        mapping = {canonical[path]: term for path, term in state.items() if path in canonical and canonical[path] is not term}
        private = f"{_CANONICAL}.view."

        def placed(variable: Term) -> Term:
            if not variable.name.startswith(private):
                return variable
            return self.pool.var(f"{functions}.{variable.name.removeprefix(_CANONICAL + '.')}", variable.sort)

        return Substitution(self.pool, mapping, placed)

    def cells(self) -> Term:
        """The cells of the view, shared by all states, as an array indexed by the number of the cell."""
        assert self.description.memory is not None
        return self.pool.var(f"{_SHARED}.{CELLS}", self.description.memory.sort)

    def physical(self, kind: str) -> Walker:
        """The memory model of exact executions in a guest's or a real state."""
        return Walker(self.memory or "", partial(self.translate, kind=None if self.symmetric else kind), denies=kind == GUEST)

    def execute(self, instruction: Instruction, state: State, operands: dict[str, Term], memory: MemoryModel) -> Outcome:
        return self.description.execute(instruction, state, operands, memory)

    def enter(self, trap: Trap, memory: MemoryModel) -> State:
        """The state after the entry of a trap."""
        return self.description.enter(trap, memory)[0]

    def translate(self, state: State, va: Term, access: int, size: int = 1, kind: str | None = None, stage: str = "") -> Located:
        """The description's own translation in a state; no fault and the same address where it has none.

        Where it is a state of a question, `kind` says what its mode may be. With `stage` the stage of the translation is functions of that
        name, if it has one.
        """
        if not self.description.has_translation:
            return Located(self.pool.false, None, None, va, self.pool.false)
        size = size if self.description.machine.translation_takes_size else 1
        found: Located | None = None
        which = (access, size, stage if stage and self.stages is not None else "")
        for mode in reversed(self._possible(state, kind) if self._large(which) else ()):
            fixed = {f.path: self.pool.value(f.sort, value) for f, value in zip(self.modes, mode, strict=True)}
            here = self._translated({**state, **fixed}, va, which)
            found = here if found is None else chosen(self.pool, self.is_mode(state, mode), here, found)
        return found if found is not None else self._translated(state, va, which)

    @property
    def stages(self) -> Stages | None:
        """The stage of the translation as functions, if it has one."""
        return self.description.translations.stages

    def _large(self, which: tuple[int, int, str]) -> bool:
        """Whether the translation walks page tables, so that it pays to leave out what the modes at hand do not do."""
        if which not in self._sizes:
            self._sizes[which] = len(list(islice(reachable(self._general(which)[0].terms), _LARGE))) == _LARGE
        return self._sizes[which]

    def _possible(self, state: State, kind: str | None) -> tuple[ModeValue, ...]:
        """The modes that a state of a question may have, if its mode is written as a choice among constants or is anything; else none.

        What other modes translate by need not be looked at then.
        """
        known = dict.fromkeys({GUEST: self.domain, REAL: self.image}.get(kind or "", (*self.domain, *self.image)))
        for position, path in enumerate(self.mode_paths):
            if state[path].op is Op.VAR:
                continue
            values = constants(state[path])
            if values is None:
                return ()
            known = {mode: None for mode in known if mode[position] in values}
            if not values <= {mode[position] for mode in known}:
                return ()
        return tuple(known)

    def _translated(self, state: State, va: Term, which: tuple[int, int, str]) -> Located:
        """The translation instantiated, from one in which what is constant in the state has been put in its place already."""
        general, free = self._general(which)
        paths = [path for _, path in free if path is not None]
        settled = tuple((path, state[path]) for path in paths if state[path].is_const or not variables([state[path]]))
        first = tuple((path, term) for path, term in settled if self._governing(path))
        for known in (first, settled):
            if (which, known) not in self._settled:
                self._settled[which, known] = _settled(general, free, dict(known))
            general, free = self._settled[which, known]
        special, open_ = general, free
        mapping = {variable: va if path is None else state[path] for variable, path in open_}
        key = (special.fault, special.address, special.updates, tuple(mapping.items()))
        if key not in self._instances:
            self._instances[key] = special.substituted(mapping)
        return self._instances[key]

    def _governing(self, path: str) -> bool:
        """Whether a leaf has few values, and decides which parts of the translation there are: modes, and how the machine is built."""
        sort, role = self.sort(path), self.fields[path].role
        return role in (Role.MODE, Role.PLATFORM) and (sort == BOOL or (isinstance(sort, BitVecSort) and sort.width <= _FEW))

    def seen(self, kind: str, state: State, va: Term, access: int, size: int = 1, stage: str = "") -> Located:
        """An address as the view of a guest's or a real state has it; with `stage`, as `translate`."""
        found = self.translate(state, va, access, size, kind, stage)
        return denied(self.pool, found) if kind == GUEST else found

    def _general(self, which: tuple[int, int, str]) -> tuple[Located, list[tuple[Term, str | None]]]:
        if which not in self._translations:
            self._translations[which] = self._translation(*which)
        return self._translations[which]

    def _translation(self, access: int, size: int, stage: str) -> tuple[Located, list[tuple[Term, str | None]]]:
        """The translation in a state of variables, and these variables with the leaf paths they stand for (None: the address)."""
        general = self.description.translations
        if stage and self.stages is not None:
            found = general.staged(access).substituted(self.stages.named(stage))
        else:
            found = general.of(access, size)
        paths = {variable: path for path, variable in general.state.items()}
        occurring = variables(found.terms)
        return found, [(variable, paths.get(variable)) for variable in occurring if variable is general.va or variable in paths]

    @property
    def va_sort(self) -> BitVecSort:
        """The sort of virtual addresses."""
        return BitVecSort(max(self.description.virtual_width, 1))

    @property
    def pa_width(self) -> int:
        """The width of a cell's address."""
        return self.description.physical_width

    @property
    def page(self) -> int:
        """The bits of an address that translation leaves as they are; 0 where each cell is translated by itself."""
        return self.description.machine.translation_page

    @property
    def translated(self) -> bool:
        return self.description.has_translation

    def key_registers(self, kind: str) -> tuple[str, ...]:
        """The registers that the shared view takes beside the address: what translation reads and the guest owns, by leaf path.

        They are equal in both states to begin with, and an instruction may change them without a trap. An array of them is taken whole,
        so a large one counts as the VMM's. A guest's and a real state's are in one order.
        """
        mine = [path for path in self.fields if path in self.user or path in self.own]
        mine = [path for path in mine if not self.translation_reads.isdisjoint((path, self.own.get(path, path)))]
        if self.own_mode:
            mine += [path for path in self.mode_paths if path in self.translation_reads]
        return tuple(path if kind == GUEST else self.own.get(path, path) for path in mine if self._small(path))

    def unmoded_registers(self) -> tuple[str, ...]:
        """The registers that the shared view takes, as a guest names them, its mode aside."""
        return tuple(path for path in self.key_registers(GUEST) if path not in self.mode_paths)

    def vmm_registers(self, kind: str) -> tuple[str, ...]:
        """The registers that translation reads and that the shared view does not take."""
        keys = self.key_registers(kind)
        return tuple(path for path in self.translation_reads if path not in keys and path != self.memory)

    def in_registers(self, kind: str, state: State, registers: Mapping[str, Term]) -> State:
        """The state with other registers of the guest's own, which are named as in a guest, and may be the mode."""
        named = dict(registers)
        if kind == REAL:
            modes = {path: named.pop(path) for path in self.mode_paths if path in named}
            named = {self.own.get(path, path): term for path, term in named.items()}
            if modes:
                named.update(self.real_mode({**state, **modes}))
        return {**state, **named}

    def _small(self, path: str) -> bool:
        sort = self.sort(path)
        return not isinstance(sort, ArraySort) or (_width(sort.index) <= 4 and not isinstance(sort.element, ArraySort))

    def word(self, terms: Sequence[Term]) -> Term | None:
        """Registers joined into one bit vector, arrays element by element; None for none."""
        pool = self.pool
        parts: list[Term] = []
        for term in terms:
            if isinstance(term.sort, ArraySort):
                width = _width(term.sort.index)
                parts += [pool.select(term, pool.bv(i, width)) for i in range(1 << width)]
            else:
                parts.append(term)
        bits = [part if part.width else pool.ite(part, pool.bv(1, 1), pool.bv(0, 1)) for part in parts]
        if not bits:
            return None
        return bits[0] if len(bits) == 1 else pool.concat(*bits)


def _settled(
    general: Located, free: list[tuple[Term, str | None]], known: Mapping[str, Term]
) -> tuple[Located, list[tuple[Term, str | None]]]:
    """A translation with what is known of some leaves in their place, and the variables that are left."""
    special = general.substituted({variable: known[path] for variable, path in free if path is not None and path in known})
    occurring = set(variables(special.terms))
    return special, [(variable, path) for variable, path in free if variable in occurring]


def chosen(pool: Pool, condition: Term, one: Located, other: Located) -> Located:
    """Where an access goes, of two places."""

    def either(here: Term | None, there: Term | None) -> Term | None:
        if here is None or there is None:
            return here if there is None else there
        return pool.ite(condition, here, there)

    return Located(
        pool.ite(condition, one.fault, other.fault),
        either(one.cause, other.cause),
        either(one.value, other.value),
        pool.ite(condition, one.address, other.address),
        pool.ite(condition, one.updates, other.updates),
    )


def constants(term: Term) -> set[int] | None:
    """The values of a choice among constants; None for any other term."""
    found: set[int] = set()
    pending, seen = [term], {term}
    while pending:
        node = pending.pop()
        if node.is_const:
            found.add(int(node.value))  # type: ignore[arg-type]
        elif node.op is Op.ITE:
            pending += [part for part in node.args[1:] if part not in seen]
            seen.update(node.args[1:])
        else:
            return None
    return found


def _width(sort: Sort) -> int:
    return sort.width if isinstance(sort, BitVecSort) else 99
