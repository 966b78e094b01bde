"""Executions: every instruction is executed once in a canonical state; its runs in the states of a question are instances of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from vmproof.language import Explicit, Instruction, Located, Outcome, State, Trap
from vmproof.language.memory import CELLS, MemoryModel
from vmproof.language.run import Run as LanguageRun
from vmproof.terms import Op, Substitution, Term, size, smaller, substitute, variables
from vmproof.virtualize.cases import Case, decoded, divided
from vmproof.virtualize.setting import ACCESSES, GUEST, REAL, Setting, Touch
from vmproof.virtualize.view import View
from vmproof.virtualize.walks import Walker
from vmproof.virtualize.world import Body, is_false


@dataclass(frozen=True, eq=False)
class Trapped:
    """One trap of a run, under `guard`, with the state after its entry; `inside`: that state's mode is one the guests run in.

    `kept` is the state that its entry starts from: the one before, with the effects that survive the trap.
    """

    guard: Term
    memory: bool
    cause: Term | None
    value: Mapping[str, Term] | None
    state: State
    inside: Term
    kept: State


@dataclass(frozen=True, eq=False)
class Run:
    """One instruction executed in one state, as terms over that state.

    `plain`: it completes without a trap, with `state` after it. `leaves`: it does so and is then in a mode that no guest runs in.
    `wild`: it has reached `unpredictable()`. `links` are facts about the view that follow from what the instruction itself translates,
    and that `decoded`, the word that it executes, belongs to the case in which it is looked at.
    """

    body: Body
    plain: Term
    state: State
    leaves: Term
    traps: tuple[Trapped, ...]
    waits: Term
    wild: Term
    choices: frozenset[Term]
    links: tuple[Term, ...] = ()
    touches: tuple[Touch, ...] = ()
    decoded: Term | None = None

    @cached_property
    def changed(self) -> tuple[str, ...]:
        """The state entries that completion may change."""
        return tuple(path for path, term in self.state.items() if term is not self.body.state.get(path))


class Recorder(Walker):
    """The exact memory model, noting which virtual addresses an execution translates."""

    def __init__(self, setting: Setting, kind: str) -> None:
        super().__init__(setting.memory or "", setting.translate, denies=kind == GUEST)
        self._keys = setting.key_registers(kind)
        self._recording = True
        self.used = False  # whether an address was translated
        self.touches: dict[tuple[object, ...], Touch] = {}

    def locate(self, run: LanguageRun, va: Term, access: int, size: int) -> Located:
        self.used = True
        registers = tuple((path, run.state[path]) for path in self._keys)
        if self._recording:
            key = (va, access, size, registers)
            known = self.touches.get(key)
            guard = run.path if known is None else run.pool.or_(known.guard, run.path)
            self.touches[key] = Touch(va, access, size, registers, guard)
        return super().locate(run, va, access, size)

    def stop(self) -> None:
        """From now on (in trap entry) record nothing."""
        self._recording = False


@dataclass(eq=False)
class _Canonical:
    """An instruction executed in the canonical state of one kind and one memory model."""

    outcome: Outcome
    initial: State
    links: tuple[Term, ...]
    touches: tuple[Touch, ...]
    entered: list[State]
    decoded: Term | None = None

    @cached_property
    def completed(self) -> list[tuple[str, Term]]:
        """What completion changes."""
        return self._changes(self.outcome.state)

    @cached_property
    def trapped(self) -> list[tuple[list[tuple[str, Term]], list[tuple[str, Term]]]]:
        """What has changed when each trap comes, and after its entry."""
        return [(self._changes(trap.state), self._changes(after)) for trap, after in zip(self.outcome.traps, self.entered, strict=True)]

    def _changes(self, state: State) -> list[tuple[str, Term]]:
        return [(path, term) for path, term in state.items() if term is not self.initial.get(path)]

    @cached_property
    def terms(self) -> list[Term]:
        """All terms of the execution."""
        outcome = self.outcome
        terms = [outcome.completes, outcome.waits, outcome.unpredictable, *self.links]
        terms += [term for _, term in self.completed]
        terms += _ends(zip(outcome.traps, self.entered, strict=True), self.touches)
        terms += [] if self.decoded is None else [self.decoded]
        return list(dict.fromkeys(terms))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields whose variables occur in them."""
        occurring = set(variables(self.terms))
        return frozenset(path for path, variable in self.initial.items() if variable in occurring)


def _ends(traps: Iterable[tuple[Trap, State]], touches: Iterable[Touch]) -> list[Term]:
    """All terms of traps, with the states after their entries, and of the translations that an execution makes."""
    terms: list[Term] = []
    for trap, after in traps:
        terms += _of_trap(trap, (*after.values(), *trap.state.values()))
    return terms + _of_touches(touches)


def _of_trap(trap: Trap, states: Iterable[Term]) -> list[Term]:
    return [trap.guard, *states, *(trap.value or {}).values(), *([] if trap.cause is None else [trap.cause])]


def _of_touches(touches: Iterable[Touch]) -> list[Term]:
    return [term for touch in touches for term in (touch.va, touch.guard, *(term for _, term in touch.registers))]


class Executions:
    """The canonical executions of a setting, made when they are first needed.

    They do not depend on what search bits are fixed to: `like` are those of another setting of the same scenario.
    """

    def __init__(self, setting: Setting, like: Executions | None = None) -> None:
        self.setting = setting
        self._operands: dict[str, dict[str, Term]] = {} if like is None else like._operands
        self._valid: dict[str, Term] = {} if like is None else like._valid
        self._made: dict[tuple[str, str, bool], _Canonical] = {} if like is None else like._made
        self._aside: dict[tuple[str, bool], Outcome] = {}  # executions without a look at memory, which are the same on a guest and really
        self._special: dict[tuple[str, str, bool, Case], _Canonical] = {}
        self._cases: dict[str, tuple[Case, ...]] = {}
        self._placings: dict[tuple[object, ...], Substitution] = {}
        self._runs: dict[tuple[str, bool, tuple[Term, ...], str, Case | None], Run] = {}
        self._entries: dict[object, tuple[Trap, State]] = {}
        self.telling: tuple[int, str] | None = None  # which known states the last candidate was like, but for which register
        self.restorable: dict[object, bool] = {}  # whether an entry keeps all that is the guest's, by cause and value

    def operands(self, instruction: Instruction) -> dict[str, Term]:
        """The variables that stand for the operand fields; the same in all states, for it is one encoding that is executed."""
        if instruction.name not in self._operands:
            self._operands[instruction.name] = self.setting.description.operands(instruction)
        return self._operands[instruction.name]

    def valid(self, instruction: Instruction) -> Term:
        """The encodings that exist."""
        if instruction.name not in self._valid:
            self._valid[instruction.name] = self.setting.description.valid(instruction, self.operands(instruction))
        return self._valid[instruction.name]

    def run(self, instruction: Instruction, body: Body, exact: bool, case: Case | None = None) -> Run:
        """The run of an instruction in a state of a world; exact with the description's own translation, else over the view."""
        key = (instruction.name, exact, tuple(body.state.values()), body.name, case)
        if key not in self._runs:
            canonical = self._canonical(instruction, body.kind, exact)
            if case is not None:
                canonical = self._specialised(instruction, body.kind, exact, case, canonical)
            self._runs[key] = self._instance(canonical, body)
        return self._runs[key]

    def cases(self, instruction: Instruction) -> tuple[Case, ...]:
        """The classes of words that an instruction executes; none unless it decodes the same word wherever it is executed."""
        if instruction.name not in self._cases:
            self._cases[instruction.name] = self._divided(instruction)
        return self._cases[instruction.name]

    def _divided(self, instruction: Instruction) -> tuple[Case, ...]:
        first = decoded(self._canonical(instruction, GUEST, exact=False).terms)
        if first is None:
            return ()
        kinds = (GUEST,) if self.setting.symmetric else (GUEST, REAL)
        others = [decoded(self._canonical(instruction, kind, exact).terms) for exact in (False, True) for kind in kinds]
        alike = all(one is not None and one[1] == first[1] for one in others)
        return tuple(divided(first[1])) if alike else ()

    def reads(self, instruction: Instruction, kind: str) -> frozenset[str]:
        """The fields that the execution depends on."""
        return self._canonical(instruction, kind, exact=False).reads

    def ends(self, instruction: Instruction) -> list[list[Term]]:
        """What an instruction does in any guest state: how it may end, each beginning with the condition under which it does.

        Equal lists of two descriptions mean the same.
        """
        ends: list[list[Term]] = []
        for exact in (False, True):
            found = self._canonical(instruction, GUEST, exact)
            outcome = found.outcome
            traps = [_ends([(trap, after)], ()) for trap, after in zip(outcome.traps, found.entered, strict=True)]
            ends += [[outcome.completes, *outcome.state.values(), *found.links], [outcome.waits], [outcome.unpredictable], *traps]
            if not outcome.translations:
                break  # where accesses lead is a matter of the view, but for those that the instruction translates itself
        return ends

    def touches_memory(self, instruction: Instruction) -> bool:
        """Whether an access of the instruction may trap."""
        return any(trap.memory for trap in self._canonical(instruction, GUEST, exact=False).outcome.traps)

    def moving(self, instruction: Instruction) -> int:
        """How much completion may do to what a guest's view hangs on, the mode and the registers of translation: the size of the terms."""
        found, setting = self._canonical(instruction, GUEST, exact=False), self.setting
        after, paths = found.outcome.state, {*setting.mode_paths, *setting.translation_reads} - {setting.memory}
        return size([after[path] for path in paths if path in after and after[path] is not found.initial[path]])

    def anywhere(self, instruction: Instruction, exact: bool) -> tuple[State, Outcome, list[State]]:
        """The execution in an arbitrary state: that state, the outcome, and the states after the entries of its traps."""
        found = self._canonical(instruction, GUEST, exact)
        return found.initial, found.outcome, found.entered

    def concrete(self, instruction: Instruction, body: Body, operands: dict[str, Term]) -> Run:
        """The run in a state of constants, executed anew: what candidates are replayed with."""
        setting = self.setting
        memory = setting.physical(body.kind)
        state = {path: term for path, term in body.state.items() if path != CELLS}
        outcome = setting.execute(instruction, state, operands, memory)
        traps = tuple(self._trapped(trap, setting.enter(trap, memory)) for trap in outcome.traps)
        return self._run(body, outcome, outcome.state, traps, (), ())

    def _canonical(self, instruction: Instruction, kind: str, exact: bool) -> _Canonical:
        setting = self.setting
        kind = GUEST if setting.symmetric else kind
        key = (instruction.name, kind, exact)
        if key not in self._made:
            initial = setting.canonical(with_cells=not exact and setting.memory is not None)
            memory: Recorder | View = Recorder(setting, kind) if exact else View(setting, kind, initial)
            outcome = self._aside.get((instruction.name, exact))
            if outcome is None:
                outcome = setting.execute(instruction, initial, self.operands(instruction), memory)
                if not memory.used and not outcome.translations:
                    self._aside[instruction.name, exact] = outcome
            links: tuple[Term, ...] = ()
            touches: tuple[Touch, ...] = ()
            if isinstance(memory, Recorder):
                memory.stop()
                touches = tuple(memory.touches.values()) + tuple(_explicit_touches(setting, kind, initial, outcome.translations))
            elif isinstance(memory, View):
                links = tuple(_links(setting, kind, memory, initial, outcome.translations))
            entered = [self._entered(trap, memory, kind, initial) for trap in outcome.traps]
            self._made[key] = _Canonical(outcome, initial, links, touches, entered)
        return self._made[key]

    def _specialised(self, instruction: Instruction, kind: str, exact: bool, case: Case, general: _Canonical) -> _Canonical:
        """An execution that finds a word of this class."""
        setting = self.setting
        key = (instruction.name, GUEST if setting.symmetric else kind, exact, case)
        if key in self._special:
            return self._special[key]
        found = decoded(general.terms)
        assert found is not None, "cases are made of what is decoded"
        subject = found[0]
        mapping, assumed = case.replacing(subject, case.word(setting.pool, subject.width, f"executed.{instruction.name}"))
        replaced = dict(zip(general.terms, substitute(setting.pool, general.terms, mapping), strict=True))
        known = replaced.get

        def state(before: State) -> State:
            return {path: known(term, term) for path, term in before.items()}

        traps = tuple(
            replace(
                trap,
                guard=replaced[trap.guard],
                cause=None if trap.cause is None else replaced[trap.cause],
                value=None if trap.value is None else {path: replaced[term] for path, term in trap.value.items()},
                state=state(trap.state),
            )
            for trap in general.outcome.traps
        )
        outcome = replace(
            general.outcome,
            completes=replaced[general.outcome.completes],
            state=state(general.outcome.state),
            traps=traps,
            waits=replaced[general.outcome.waits],
            unpredictable=replaced[general.outcome.unpredictable],
        )
        touches = [
            Touch(replaced[t.va], t.access, t.size, tuple((path, replaced[term]) for path, term in t.registers), replaced[t.guard])
            for t in general.touches
        ]
        made = _Canonical(
            outcome,
            general.initial,
            (assumed, *(replaced[link] for link in general.links)),
            tuple(touch for touch in touches if not is_false(touch.guard)),
            [state(after) for after in general.entered],
            subject,
        )
        self._special[key] = made
        return made

    def _entered(self, trap: Trap, memory: MemoryModel, kind: str, initial: State) -> State:
        """The state after a trap's entry, which is executed once for all traps that find the VMM's registers as they were."""
        setting, pool = self.setting, self.setting.pool
        exact = not isinstance(memory, View)
        if any(trap.state[path] is not initial[path] for path in setting.vmm_registers(kind)):
            return setting.enter(trap, memory)
        key = (kind, exact, trap.cause is None, tuple(trap.value or ()), trap.value is None, trap.next_pc is None)
        if key not in self._entries:
            state = {path: pool.var(f"$entered.{path}", term.sort) for path, term in trap.state.items()}
            state |= {path: initial[path] for path in setting.vmm_registers(kind)}
            general = Trap(
                pool.true,
                None if trap.cause is None else pool.var("$entered$cause", trap.cause.sort),
                None if trap.value is None else {p: pool.var(f"$entered$value.{p}", term.sort) for p, term in trap.value.items()},
                False,
                state,
                None if trap.next_pc is None else pool.var("$entered$next_pc", trap.next_pc.sort),
            )
            over: MemoryModel = setting.physical(kind) if exact else View(setting, kind, state)
            self._entries[key] = (general, setting.enter(general, over))
        general, after = self._entries[key]
        mapping = {general.state[path]: term for path, term in trap.state.items()}
        for variable, term in ((general.cause, trap.cause), (general.next_pc, trap.next_pc)):
            if variable is not None and term is not None:
                mapping[variable] = term
        for path, term in (trap.value or {}).items():
            mapping[(general.value or {})[path]] = term
        return dict(zip(after, substitute(pool, after.values(), mapping), strict=True))

    def _instance(self, canonical: _Canonical, body: Body) -> Run:
        """Replace the canonical state's variables by the body's terms; what the state excludes at first sight is left out."""
        outcome, pool = canonical.outcome, self.setting.pool
        placing = self._placing(body)

        def excluded(guard: Term) -> bool:
            return _excluded(guard, placing)

        completes = pool.false if excluded(outcome.completes) else outcome.completes
        possible = [(trap, *ends) for trap, ends in zip(outcome.traps, canonical.trapped, strict=True) if not excluded(trap.guard)]
        touched = [touch for touch in canonical.touches if not excluded(touch.guard)]
        links = [link for link in canonical.links if not excluded(pool.not_(link))]
        after = [] if completes is pool.false else canonical.completed
        terms = [completes, outcome.waits, outcome.unpredictable, *links, *(term for _, term in after)]
        for trap, before, entered in possible:
            terms += _of_trap(trap, (term for _, term in (*before, *entered)))
        terms += _of_touches(touched)
        terms += [] if canonical.decoded is None else [canonical.decoded]
        terms = list(dict.fromkeys(terms))
        replaced = dict(zip(terms, placing(terms), strict=True))

        def moved(changes: list[tuple[str, Term]]) -> State:
            """A state of the canonical execution in this body."""
            return body.state | {path: replaced[term] for path, term in changes}

        final = moved(after)
        traps = tuple(
            self._trapped(
                Trap(
                    replaced[trap.guard],
                    None if trap.cause is None else replaced[trap.cause],
                    None if trap.value is None else {path: replaced[term] for path, term in trap.value.items()},
                    trap.memory,
                    moved(before),
                    trap.next_pc,
                ),
                moved(entered),
            )
            for trap, before, entered in possible
            if not is_false(replaced[trap.guard])
        )
        touches = tuple(
            Touch(replaced[t.va], t.access, t.size, tuple((path, replaced[term]) for path, term in t.registers), replaced[t.guard])
            for t in touched
        )
        instance = Outcome(
            completes=replaced[completes],
            state=final,
            traps=(),
            waits=replaced[outcome.waits],
            unpredictable=replaced[outcome.unpredictable],
            choices=outcome.choices,
        )
        run = self._run(body, instance, final, traps, tuple(replaced[link] for link in links), touches)
        return run if canonical.decoded is None else replace(run, decoded=replaced[canonical.decoded])

    def _placing(self, body: Body) -> Substitution:
        """What puts a body in the place of the canonical state: one for all executions, which have most of their terms in common."""
        key = (body.functions or body.name, *body.state.values())
        if key not in self._placings:
            self._placings[key] = self.setting.placing(body.state, body.functions or body.name)
        return self._placings[key]

    def _trapped(self, trap: Trap, after: State) -> Trapped:
        setting = self.setting
        return Trapped(trap.guard, trap.memory, trap.cause, trap.value, after, setting.in_modes(after, setting.image), trap.state)

    def _run(
        self, body: Body, outcome: Outcome, final: State, traps: tuple[Trapped, ...], links: tuple[Term, ...], touches: tuple[Touch, ...]
    ) -> Run:
        setting, pool = self.setting, self.setting.pool
        moved = any(final[path] is not body.state[path] for path in setting.mode_paths)
        leaves = pool.and_(outcome.completes, pool.not_(setting.in_modes(final, setting.image))) if moved else pool.false
        return Run(
            body, outcome.completes, final, leaves, traps, outcome.waits, outcome.unpredictable, frozenset(outcome.choices), links, touches
        )


def _excluded(guard: Term, placing: Substitution) -> bool:
    """Whether a condition is false in a state by small parts of it: then nothing that it guards need be looked at."""
    if smaller(guard, _GLANCE):
        return is_false(placing([guard])[0])
    if guard.op is Op.AND:
        return any(_excluded(part, placing) for part in guard.args)
    if guard.op is Op.NOT and guard.args[0].op is Op.AND:
        return all(_excluded(guard.pool.not_(part), placing) for part in guard.args[0].args)
    return False


_GLANCE = 17
"""What has fewer terms below it is looked at first."""


def _links(setting: Setting, kind: str, view: View, initial: State, translations: tuple[Explicit, ...]) -> list[Term]:
    """A translation that the instruction names itself, in the present mode, agrees with the view; so do two of them about cells.

    Where the real mode gives up part of the view (`partial`), or walks set bits, an access that a translation allows may be missing there.
    """
    pool = setting.pool
    current = [explicit for explicit in translations if explicit.current]
    found: list[Term] = []
    located = [view.at(initial, explicit.va, explicit.access, 1) for explicit in current]
    for explicit, place in zip(current, located, strict=True):
        fact = pool.eq(explicit.fault, place.fault)
        if setting.partial or setting.updating or setting.scenario.has_reserved:
            fact = pool.implies(explicit.fault, place.fault)
        found.append(pool.implies(explicit.guard, fact))
    for i, (one, here) in enumerate(zip(current, located, strict=True)):
        for other, there in zip(current[:i], located[:i], strict=True):
            both = pool.and_(one.guard, other.guard, pool.not_(here.fault), pool.not_(there.fault))
            same = pool.eq(pool.eq(one.address, other.address), pool.eq(here.address, there.address))
            found.append(pool.implies(both, same))
    return found


def _explicit_touches(setting: Setting, kind: str, initial: State, translations: tuple[Explicit, ...]) -> list[Touch]:
    registers = tuple((path, initial[path]) for path in setting.key_registers(kind))
    return [Touch(explicit.va, access, 1, registers, explicit.guard) for explicit in translations for access in ACCESSES]
