"""What a description declares, gathered while its files are read; what an execution consults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmproof.language.convert import Mistake, to_leaf, to_leaves
from vmproof.language.encoding import Encoding
from vmproof.language.types import ArrayType, EnumMember, EnumType, IndexType, MemoryType, RoleValue, StateType, Type, UnsizedType
from vmproof.language.values import EnumValue, Function, Value, describe
from vmproof.terms import Sort, Term

if TYPE_CHECKING:
    from vmproof.errors import Place
    from vmproof.language.module import Module
    from vmproof.language.once import Shape, Template
    from vmproof.language.run import Run
    from vmproof.language.summaries import Summary


@dataclass(frozen=True, eq=False)
class Instruction:
    """One `@instruction`: its encoding, its operands as variables of the encoding, and how it is written.

    `variables` are (name, sort) of the encoding's variables ("rd", "ea.form", "ea.reg"). `classes` are the operands by which the
    description wants encodings told apart. `mnemonic` is the published instruction that it belongs to.
    """

    name: str
    mnemonic: str
    encoding: Encoding
    variables: tuple[tuple[str, Sort], ...]
    asm: str | None
    classes: tuple[str, ...]
    line: int
    doc: str
    function: Function = field(repr=False)
    place: Place | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Scenario:
    """How a guest is run (THEORY.md, "A scenario").

    `runs`: pairs (guest mode, real mode), each a tuple with a value per mode field. `own`: pairs (guest leaf, real leaf). `search`:
    leaves whose value may be chosen. `timing`: None where the description says nothing about time, else the leaves that are timing
    sources. `picks` are what `host` takes beyond the two states. `guests`: the scenario in which the guests of a guest run, if another one.
    """

    name: str
    title: str
    runs: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    own: tuple[tuple[str, str], ...] = ()
    own_mode: bool = False
    search: tuple[str, ...] = ()
    timing: tuple[str, ...] | None = None
    picks: tuple[tuple[str, Sort], ...] = ()
    guests: Scenario | None = None
    line: int = 0
    host: Function | None = field(default=None, repr=False)
    reserved: Function | tuple[tuple[int, int], ...] | None = field(default=None, repr=False)
    everywhere: Function | None = field(default=None, repr=False)
    realise: Function | None = field(default=None, repr=False)
    pick_types: tuple[tuple[str, Type], ...] = ()
    place: Place | None = field(default=None, repr=False)

    @property
    def has_reserved(self) -> bool:
        return self.reserved is not None


@dataclass(frozen=True, eq=False)
class Part:
    """Where a component stands in the whole: its leaves are those that begin with `prefix`.

    `type` is its own state; `arrays` are those that it is an element of, the outermost first.
    """

    prefix: str
    type: StateType
    arrays: tuple[ArrayType, ...] = ()

    @property
    def index(self) -> tuple[IndexType, ...]:
        """The types of the indices that select the component; empty where it is no element of an array."""
        return tuple(kind for array in self.arrays for kind in array.index)


@dataclass(frozen=True, eq=False)
class ActionDeclaration:
    """One `@action` of a system; `parameters` are chosen, of scalar types.

    `part`: the component whose action it is, None for the whole's own; the component's indices are the first parameters.
    """

    name: str
    parameters: tuple[tuple[str, Type], ...]
    fair: bool
    function: Function = field(repr=False)
    place: Place | None = field(default=None, repr=False)
    part: Part | None = None


@dataclass(frozen=True, eq=False)
class PropertyDeclaration:
    """`@invariant`, `@reachable` or `@eventually`: what is claimed, in a sentence, of a function over the state and its parameters.

    `premise` and `measure` belong to `@eventually`: from where the goal is promised, and what each fair step lowers. `part` as of an
    action. `using`: the invariants that induction proves an invariant from, besides itself; None: all. `follows`: it follows from them in
    every state.
    """

    kind: str
    name: str
    sentence: str
    parameters: tuple[tuple[str, Type], ...]
    function: Function = field(repr=False)
    premise: Function | None = field(default=None, repr=False)
    measure: Function | None = field(default=None, repr=False)
    place: Place | None = field(default=None, repr=False)
    part: Part | None = None
    using: tuple[str, ...] | None = None
    follows: bool = False


@dataclass(frozen=True, eq=False)
class RelatingDeclaration:
    """A function of a file that relates systems: `kind` is its decorator's name, `actions` are those that it speaks of, by name.

    `parameters` are the scalar ones that are not an action's: domains, and places that an observation is made at. `stutters`: the actions
    may leave the abstract state as it is.
    """

    kind: str
    actions: tuple[str, ...]
    parameters: tuple[tuple[str, Type], ...]
    function: Function = field(repr=False)
    place: Place = field(repr=False)
    stutters: bool = False


@dataclass(eq=False)
class Machine:
    """The declarations of a description. Filled by the loader; `finish` of the loader checks that it is whole."""

    name: str
    state: StateType = field(default_factory=lambda: StateType("State", {}, {}))
    mode_roles: dict[str, RoleValue] = field(default_factory=dict)
    memory_name: str | None = None
    memory: MemoryType | None = None
    legal: list[Function] = field(default_factory=list)
    translation: Function | None = None
    translation_takes_size: bool = False
    translation_page: int = 0  # an access is translated once for each page of 2 to the power of so many cells; 0: for each cell
    stage: Function | None = None  # a stage of the translation
    stage_widths: tuple[int, int] = (0, 0)  # bits of the address that it takes and of the one that it gives
    virtual_width: int = 0
    fetch: Function | None = None
    fetch_takes_address: bool = False
    fetch_low_first: bool = False  # the least significant unit of an instruction's own word comes first
    trap_entry: Function | None = None
    cause_type: EnumType | None = None
    value_type: Type | None = None
    after: Function | None = None
    undefined: Function | None = None
    instructions: list[Instruction] = field(default_factory=list)
    scenarios: list[Scenario] = field(default_factory=list)
    sizes: Mapping[str, int] = field(default_factory=dict)  # of unsized types, as whoever loads the description wants them
    settings: Mapping[str, int] = field(default_factory=dict)  # of parameters, likewise
    unsized: dict[str, UnsizedType] = field(default_factory=dict)
    constants: dict[str, tuple[Type, dict[str, Term]]] = field(default_factory=dict)
    parameters: dict[str, int] = field(default_factory=dict)
    quantified: list[tuple[Term, tuple[Term, ...], Term]] = field(default_factory=list)  # marker, bound variables, body
    defined: list[tuple[Term, tuple[Term, ...], Term]] = field(default_factory=list)  # array, index variables, element
    inits: list[Function] = field(default_factory=list)
    actions: list[ActionDeclaration] = field(default_factory=list)
    properties: list[PropertyDeclaration] = field(default_factory=list)
    relating: list[RelatingDeclaration] = field(default_factory=list)
    main: Module | None = None  # of a component: the file that was imported as a whole
    systems: dict[StateType, Machine] = field(default_factory=dict)  # by its state, each system that was read: itself, components
    joint: dict[str, frozenset[str] | None] = field(default_factory=dict)  # by field, what its component does in joint steps only
    templates: dict[Shape, Template | None] = field(default_factory=dict)  # translations that instructions name, each executed once
    summaries: dict[Shape, Summary | None] = field(default_factory=dict)  # what a translation calls; None of what has effects
    registers: tuple[str, ...] = ()  # the leaves that the translation may depend on: all but the memory and pc

    def component(self, name: str) -> Machine:
        """A machine to read a component into. Types, constants and parameters have one name in the whole, so they are kept together."""
        return Machine(
            name,
            sizes=self.sizes,
            settings=self.settings,
            unsized=self.unsized,
            constants=self.constants,
            parameters=self.parameters,
            quantified=self.quantified,
            defined=self.defined,
            systems=self.systems,
        )

    def executing(self, run: Run) -> bool:
        """Whether effects, traps and choices make sense in this run; premises and invariants have none."""
        return run.memory is not None

    def trap_arguments(self, run: Run, cause: Value, value: Value) -> tuple[Term | None, dict[str, Term] | None]:
        """Cause and value of a trap as `@trap_entry` declares them. Raises `Mistake` where they do not fit."""
        code: Term | None = None
        if self.cause_type is not None:
            if not isinstance(cause, EnumMember | EnumValue):
                raise Mistake(f"trap(...) takes a {self.cause_type} first, not {describe(cause)}")
            code = to_leaf(run.pool, cause, self.cause_type)
        info: dict[str, Term] | None = None
        if self.value_type is not None:
            info = to_leaves(run.pool, value, self.value_type)
        return code, info
