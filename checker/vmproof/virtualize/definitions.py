"""The definitions of THEORY, "Classes of an encoding", each as a formula over the runs of one instruction in the states of a world.

The states are called g and r = f(g), and for two-state questions g2 and r2. A definition is given as the parts of a disjunction, each with
the reason it stands for. The same text serves the question over the shared view, the exact question, and the replay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmproof.terms import Op, Term, substitute, variables
from vmproof.virtualize.arrays import differ
from vmproof.virtualize.asking import Task
from vmproof.virtualize.effects import (
    PROBE_PA,
    End,
    Part,
    away,
    completes,
    control_changes,
    delivered,
    differences,
    ends,
    free_choices,
    memory_trap,
)
from vmproof.virtualize.restoring import always_restorable, departures, lost
from vmproof.virtualize.setting import GUEST, Setting
from vmproof.virtualize.tiers import ConcreteTier, Tier
from vmproof.virtualize.world import is_false


@dataclass(frozen=True, eq=False)
class Formula:
    """When a property holds: in one of the parts, whatever the choices in `universal` are."""

    parts: tuple[Part, ...]
    universal: tuple[Term, ...] = ()


Definition = Callable[[Tier], Task[Formula]]


def _formula(parts: list[Part], universal: list[Term] | None = None) -> Formula:
    return Formula(tuple(part for part in parts if not is_false(part.term)), tuple(universal or ()))


def completes_really(tier: Tier) -> Task[Formula]:
    """The opposite of privileged (weak): e completes on some r."""
    run = tier.run("r")
    done = yield from completes(tier, run)
    return _formula([Part("completes", done), Part("unpredictable", run.wild)])


def traps_in_guest(tier: Tier) -> Task[Formula]:
    """The opposite of what the strict definition adds: e traps in the guest mode itself.

    A trap that comes when the instruction has ended (the 68000's trace, which finds pc advanced) is not one that it makes.
    """
    run = tier.run("g")
    parts: list[Part] = []
    for trapped in run.traps:
        if not trapped.memory:
            under_way = tier.pool.true if "pc" not in trapped.kept else _untouched(trapped.kept["pc"], run.body.state["pc"])
            parts.append(Part("trap", tier.pool.and_(trapped.guard, under_way)))
    return _formula(parts)
    yield  # a definition is a task, though this one asks nothing


def _untouched(term: Term, variable: Term) -> Term:
    """Under which of its conditions a choice among terms is the variable itself (and not only, by chance, equal to it)."""
    pool = term.pool
    found: list[Term] = []
    pending = [(term, pool.true)]
    while pending:
        choice, condition = pending.pop()
        if choice is variable:
            found.append(condition)
        elif choice.op is Op.ITE:
            test, then, otherwise = choice.args
            pending += [(then, pool.and_(condition, test)), (otherwise, pool.and_(condition, pool.not_(test)))]
    return pool.or_(*found)


def control_sensitive(name: str) -> Definition:
    """In the state of that name e completes and changes the mode, or control that is not the guest's own."""

    def definition(tier: Tier) -> Task[Formula]:
        run = tier.run(name)
        parts: list[Part] = []
        for end in (yield from ends(tier, run)):
            parts += _guarded(tier, end.guard, control_changes(tier.setting, run.body, end.state))
        if run.body.kind == GUEST and len(tier.setting.unmoved) < len(tier.setting.domain):
            # a mode that the guest does not really have could do anything to its control
            moved = [mode for mode in tier.setting.domain if mode not in tier.setting.unmoved]
            parts.append(Part("unpredictable", tier.pool.and_(run.wild, tier.setting.in_modes(run.body.state, moved))))
        return _formula(parts)

    return definition


def behaviour_sensitive(one: str, other: str) -> Definition:
    """In both states e completes, and the results differ in u, the guest's own control or the view."""

    def definition(tier: Tier) -> Task[Formula]:
        first, second = tier.run(one), tier.run(other)
        parts: list[Part] = []
        for here in (yield from ends(tier, first)):
            for there in (yield from ends(tier, second)):
                guard = tier.pool.and_(here.guard, there.guard)
                if not is_false(guard):
                    parts += _guarded(tier, guard, differences(tier, first.body, here.state, second.body, there.state))
        for wild, tame in ((first, second), (second, first)):
            done = yield from completes(tier, tame)
            parts.append(Part("unpredictable", tier.pool.and_(wild.wild, done)))
        return _formula(parts, free_choices(second, first) or free_choices(first, second))

    return definition


def mode_sensitive(one: str, other: str) -> Definition:
    """As behaviour-sensitive. States that have nothing but their modes to differ in do differ in them: else their runs are one run."""

    def definition(tier: Tier) -> Task[Formula]:
        formula = yield from behaviour_sensitive(one, other)(tier)
        first, second = tier.run(one).body, tier.run(other).body
        modes = tier.setting.mode_paths
        if first.kind != second.kind or any(second.state[path] is not term for path, term in first.state.items() if path not in modes):
            return formula
        apart = tier.pool.or_(*(tier.pool.ne(first.state[path], second.state[path]) for path in modes))
        return _formula(_guarded(tier, apart, list(formula.parts)), list(formula.universal))

    return definition


def trap_sensitive(tier: Tier) -> Task[Formula]:
    """e traps on g, not by memory, and completes on r; a trap delivered on both sides counts where the states after it differ."""
    guest, real = tier.run("g"), tier.run("r")
    parts: list[Part] = []
    trapping = yield from away(tier, guest)
    for end in (yield from ends(tier, real)):
        if not end.trapped:
            parts.append(Part("trap", tier.pool.and_(trapping, end.guard)))
            continue
        for entry, trapped in zip(delivered(guest), guest.traps, strict=True):
            if not trapped.memory:
                parts += _guarded(
                    tier, tier.pool.and_(entry.guard, end.guard), differences(tier, guest.body, entry.state, real.body, end.state)
                )
    return _formula(parts)


def waiting(name: str) -> Definition:
    """e can reach `wait()`."""

    def definition(tier: Tier) -> Task[Formula]:
        return _formula([Part("wait", tier.run(name).waits)])
        yield  # a definition is a task, though this one asks nothing

    return definition


def critical(tier: Tier) -> Task[Formula]:
    """One pair g, r = f(g) shows that e cannot be left to the hardware (THEORY, "critical").

    Beside THEORY's list: completing on r where g memory-traps (the view is shared, so this is the instruction's own translation), and
    completing on both so that `host` no longer holds between the results.
    """
    guest, real = tier.run("g"), tier.run("r")
    setting, pool = tier.setting, tier.pool
    parts: list[Part] = []
    trapping = yield from away(tier, guest)
    for end in (yield from ends(tier, real)):
        parts += [Part(f"real control: {p.label}", pool.and_(end.guard, p.term)) for p in control_changes(setting, real.body, end.state)]
        matches = [End(guest.plain, guest.state), *(delivered(guest) if end.trapped else [])]
        for match in matches:
            guard = pool.and_(end.guard, match.guard)
            if is_false(guard):
                continue
            parts += _guarded(tier, guard, differences(tier, guest.body, match.state, real.body, end.state))
            changes = control_changes(setting, guest.body, match.state)
            parts += [Part(f"guest control: {p.label}", pool.and_(guard, p.term)) for p in changes]
            parts.append(Part("host", pool.and_(guard, pool.not_(related(tier, match.state, end.state)))))
        if not end.trapped:
            parts.append(Part("trap lost", pool.and_(end.guard, trapping)))
            parts.append(Part("memory trap lost", pool.and_(end.guard, memory_trap(tier, guest))))
    parts.append(Part("wait", real.waits))
    parts.append(Part("unpredictable", pool.and_(real.wild, pool.not_(guest.wild))))
    return _formula(parts, free_choices(guest, real))


def diagram(tier: Tier) -> Task[Formula]:
    """The commuting diagram fails: e completes on r, and not e(r) = f(e(g)), or e changes the mode or foreign control on g."""
    guest, real = tier.run("g"), tier.run("r")
    setting, pool = tier.setting, tier.pool
    parts: list[Part] = []
    for end in (yield from ends(tier, real)):
        reached: list[Term] = [guest.wild]
        for match in [End(guest.plain, guest.state), *(delivered(guest) if end.trapped else [])]:
            reached.append(match.guard)
            broken = [
                *differences(tier, guest.body, match.state, real.body, end.state),
                *(Part(f"guest control: {p.label}", p.term) for p in control_changes(setting, guest.body, match.state)),
                Part("host", pool.not_(related(tier, match.state, end.state))),
            ]
            parts += _guarded(tier, pool.and_(end.guard, match.guard), broken)
        parts.append(Part("trap lost", pool.and_(end.guard, pool.not_(pool.or_(*reached)))))
    parts.append(Part("unpredictable", pool.and_(real.wild, pool.not_(guest.wild))))
    return _formula(parts, free_choices(guest, real))


def resource_violation(tier: Tier) -> Task[Formula]:
    """e completes on r and changes the mode, the VMM's control or memory outside the view, or waits without end."""
    run = tier.run("r")
    setting, pool = tier.setting, tier.pool
    parts: list[Part] = [Part("wait", run.waits)]
    for end in (yield from ends(tier, run)):
        parts += _guarded(tier, end.guard, control_changes(setting, run.body, end.state))
        if setting.memory is not None and end.state[setting.memory] is not run.body.state[setting.memory]:
            before, after = run.body.state[setting.memory], end.state[setting.memory]
            if not tier.exact:
                parts.append(Part("memory outside the view", pool.and_(end.guard, differ(before, after))))
            else:
                cell = pool.var(PROBE_PA, before.sort.index)  # type: ignore[union-attr]
                written = pool.ne(pool.select(before, cell), pool.select(after, cell))
                parts.append(Part("memory outside the view", pool.and_(end.guard, written)))
    return _formula(parts)


def needless_trap(tier: Tier) -> Task[Formula]:
    """e completes on g and can only trap on r, memory traps aside."""
    guest, real = tier.run("g"), tier.run("r")
    pool = tier.pool
    trapping = yield from away(tier, real)
    # the guest's choices are its own here: what counts is that r traps whatever is chosen on it
    chosen = [variable for variable in variables([trapping]) if variable.name.startswith("choice.")]
    anyhow = {variable: pool.var(f"anyhow.{variable.name}", variable.sort) for variable in chosen}
    [trapping] = substitute(pool, [trapping], anyhow)
    return _formula([Part("trap", pool.and_(guest.plain, pool.not_(guest.waits), trapping))], list(anyhow.values()))


def status_shown(tier: Tier) -> Task[Formula]:
    """Two real states r and r2 of one g differ in one status field: e completes on r, and its result, or that it traps, shows the field."""
    one, other = tier.run("r"), tier.run("r2")
    pool = tier.pool
    parts: list[Part] = []
    trapping = yield from away(tier, other)
    for here in (yield from ends(tier, one)):
        parts.append(Part("trap", pool.and_(here.guard, trapping)))
        for there in (yield from ends(tier, other)):
            if here.trapped == there.trapped:
                guard = pool.and_(here.guard, there.guard)
                parts += _guarded(tier, guard, differences(tier, one.body, here.state, other.body, there.state))
            else:
                parts.append(Part("trap", pool.and_(here.guard, there.guard)))
    return _formula(parts)


def time_shown(tier: Tier) -> Task[Formula]:
    """Two real states r and r2 of one g that differ in the time only: e completes on both and the results differ in more than the time."""
    formula = yield from behaviour_sensitive("r", "r2")(tier)
    sources = tier.setting.scenario.timing or ()
    return _formula([part for part in formula.parts if part.label not in sources], list(formula.universal))


def leads_outside(tier: Tier) -> Task[Formula]:
    """A trap of e on r leads to a mode that no guest has, and that no guest runs in."""
    setting, pool = tier.setting, tier.pool
    modes = (*setting.image, *setting.domain)
    traps = tier.run("r").traps
    return _formula([Part("trap", pool.and_(one.guard, pool.not_(setting.in_modes(one.state, modes)))) for one in traps])
    yield  # a definition is a task, though this one asks nothing


def related(tier: Tier, guest_after: dict[str, Term], real_after: dict[str, Term]) -> Term:
    """Whether `host` holds between two results, for the same picks; true without asking where nothing that it reads has changed."""
    setting, pool = tier.setting, tier.pool
    guest, real = tier.world.body("g"), tier.world.body("r")
    reads_guest, reads_real = host_reads(setting)
    if all(guest_after[p] is guest.state[p] for p in reads_guest) and all(real_after[p] is real.state[p] for p in reads_real):
        return pool.true
    return setting.description.host(setting.scenario, real_after, guest_after, dict(real.picks))


def host_reads(setting: Setting) -> tuple[frozenset[str], frozenset[str]]:
    """The leaf paths of the guest and of the real state that `host` looks at."""
    pool = setting.pool
    states = [{path: pool.var(f"$host.{kind}.{path}", f.sort) for path, f in setting.fields.items()} for kind in ("g", "r")]
    picks = {name: pool.var(f"$host.pick.{name}", sort) for name, sort in setting.scenario.picks}
    names = {variable.name for variable in variables([setting.description.host(setting.scenario, states[1], states[0], picks)])}
    guest = frozenset(path for path in setting.fields if f"$host.g.{path}" in names)
    return guest, frozenset(path for path in setting.fields if f"$host.r.{path}" in names)


def lost_by_trap(tier: Tier) -> Task[Formula]:
    """Two real states r and r2 from which e goes to the VMM: equal after the trap, and before it not so in what is the guest's.

    What is the VMM's is the same in both before: the VMM knows what it put there, and resource control says that it still is. Before the
    trap is after what the instruction has already done for good (a trace trap comes when it has done all).
    """
    first = tier.run("r")
    parts: list[Part] = []
    if not isinstance(tier, ConcreteTier) and (yield from always_restorable(tier.executions, first)):
        return _formula(parts)
    second = tier.run("r2")
    for here in departures(first):
        for there in departures(second):
            parts += yield from lost(tier.setting, here, there)
    return _formula(parts)


def _guarded(tier: Tier, guard: Term, parts: list[Part]) -> list[Part]:
    return [Part(part.label, tier.pool.and_(guard, part.term)) for part in parts]


@dataclass(frozen=True)
class Question:
    """A definition asked of two states of a world: the one it is mainly about, and the one shown beside it."""

    name: str
    first: str
    second: str

    @property
    def definition(self) -> Definition:
        """The formula. KeyError for a name that is no question."""
        if self.name in ("control_sensitive", "waiting"):
            return {"control_sensitive": control_sensitive, "waiting": waiting}[self.name](self.first)
        if self.name == "mode_sensitive":
            return mode_sensitive(self.first, self.second)
        if self.name in ("behaviour_sensitive", "resource_sensitive"):
            return behaviour_sensitive(self.first, self.second)
        return _PAIR_DEFINITIONS[self.name]


_PAIR_DEFINITIONS: dict[str, Definition] = {
    "completes": completes_really,
    "guest_traps": traps_in_guest,
    "trap_sensitive": trap_sensitive,
    "critical": critical,
    "lost": lost_by_trap,
    "equivalence": diagram,
    "resource_control": resource_violation,
    "efficiency": needless_trap,
    "status": status_shown,
    "timing": time_shown,
    "outside": leads_outside,
}
