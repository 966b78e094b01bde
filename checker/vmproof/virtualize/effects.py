"""How executions end and in what two of them differ, as formulas over runs: the vocabulary of the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmproof.language import State
from vmproof.language.memory import CELLS
from vmproof.solvers import Status
from vmproof.terms import Term, variables
from vmproof.virtualize.arrays import differ
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.runs import Run, Trapped
from vmproof.virtualize.setting import ACCESSES, GUEST, REAL, Setting
from vmproof.virtualize.tiers import Tier
from vmproof.virtualize.world import Body, is_false

PROBE_VA = "probe.va"
"""The variable for an address at which two views differ."""
PROBE_PA = "probe.pa"
"""The variable for a cell of physical memory."""


@dataclass(frozen=True, eq=False)
class End:
    """One way for an execution to end other than by a trap to the VMM: the guard, the state after, and whether a trap was delivered."""

    guard: Term
    state: State
    trapped: bool = False


@dataclass(frozen=True, eq=False)
class Part:
    """One reason why a property holds: `label` names it, `term` is when."""

    label: str
    term: Term


def inside(tier: Tier, trapped: Trapped) -> Task[Term]:
    """When this trap of a real state is delivered inside the image of `runs`; false where a solver finds that it never is."""
    pool = tier.pool
    both = pool.and_(trapped.guard, trapped.inside)
    if is_false(both):
        return pool.false
    # first without the guard: the mode that a trap entry leads to is the same question for most instructions
    for goal in (trapped.inside, both):
        if goal.is_const:
            continue
        answer = yield from ask(*tier.world.relevant([goal]), goal)
        if answer.status is Status.UNSAT:
            return pool.false
    return both


def ends(tier: Tier, run: Run) -> Task[list[End]]:
    """The ways in which an execution completes (THEORY, "Trapping"): on a real state also by a trap delivered inside the image."""
    pool = tier.pool
    if run.body.kind == GUEST:
        return [End(run.plain, run.state)]
    found = [End(pool.and_(run.plain, pool.not_(run.leaves)), run.state)]
    for trapped in run.traps:
        delivered = yield from inside(tier, trapped)
        if not is_false(delivered):
            found.append(End(delivered, trapped.state, trapped=True))
    return [end for end in found if not is_false(end.guard)]


def delivered(run: Run) -> list[End]:
    """The states of a guest after the entry of each of its traps."""
    return [End(trapped.guard, trapped.state, trapped=True) for trapped in run.traps]


def completes(tier: Tier, run: Run) -> Task[Term]:
    """When an execution completes."""
    found = yield from ends(tier, run)
    return tier.pool.or_(*(end.guard for end in found))


def away(tier: Tier, run: Run) -> Task[Term]:
    """When an execution traps, not by memory: on a guest into any trap, on a real state to the VMM (or goes there directly)."""
    pool = tier.pool
    guards = [trapped.guard for trapped in run.traps if not trapped.memory]
    if run.body.kind == GUEST:
        return pool.or_(*guards)
    found = [run.leaves]
    for trapped in run.traps:
        if not trapped.memory:
            within = yield from inside(tier, trapped)
            found.append(pool.and_(trapped.guard, pool.not_(within)))
    return pool.or_(*found)


def memory_trap(tier: Tier, run: Run) -> Term:
    """When an execution memory-traps."""
    return tier.pool.or_(*(trapped.guard for trapped in run.traps if trapped.memory))


def control_changes(setting: Setting, body: Body, after: Mapping[str, Term]) -> list[Part]:
    """The changes, field by field, of the mode and of control that is not the guest's own."""
    pool = setting.pool
    found: list[Part] = []
    if any(after[path] is not body.state[path] for path in setting.mode_paths):
        if setting.own_mode:
            modes = setting.domain if body.kind == GUEST else setting.image
            found.append(Part("mode", pool.not_(setting.in_modes(after, modes))))
        else:
            found += [Part(path, pool.ne(after[path], body.state[path])) for path in setting.mode_paths]
    for path in setting.control(body.kind):
        if after[path] is not body.state[path]:
            found.append(Part(path, differ(after[path], body.state[path])))
    return [part for part in found if not is_false(part.term)]


def differences(tier: Tier, one: Body, one_after: State, other: Body, other_after: State) -> list[Part]:
    """In what two results differ: the user part, the guest's own control, the view."""
    setting, pool = tier.setting, tier.pool
    found = [Part(path, differ(one_after[path], other_after[path])) for path in setting.user]
    for guest, real in setting.own.items():
        mine, its = (guest if body.kind == GUEST else real for body in (one, other))
        found.append(Part(guest, differ(one_after[mine], other_after[its])))
    if setting.own_mode:
        found.append(Part("mode", pool.not_(_same_mode(setting, one, one_after, other, other_after))))
    if setting.memory is not None:
        found += (
            _exact_view(tier, one, one_after, other, other_after) if tier.exact else _shared_view(tier, one, one_after, other, other_after)
        )
    return [part for part in found if not is_false(part.term)]


def _same_mode(setting: Setting, one: Body, one_after: State, other: Body, other_after: State) -> Term:
    pool = setting.pool
    if one.kind == other.kind:
        return pool.and_(*(pool.eq(one_after[path], other_after[path]) for path in setting.mode_paths))
    guest, real = (one_after, other_after) if one.kind == GUEST else (other_after, one_after)
    return pool.or_(*(pool.and_(setting.is_mode(guest, mode), setting.is_mode(real, setting.runs[mode])) for mode in setting.domain))


def _shared_view(tier: Tier, one: Body, one_after: State, other: Body, other_after: State) -> list[Part]:
    """Over the shared view: other contents of cells; or possibly another view, which only the exact question can tell."""
    setting = tier.setting
    found = []
    if CELLS in one_after and CELLS in other_after:
        found.append(Part("memory", differ(one_after[CELLS], other_after[CELLS])))
    for body, after in ((one, one_after), (other, other_after)):
        moving = (*setting.vmm_registers(body.kind), *((setting.memory,) if setting.memory is not None else ()))
        for path in moving:
            if after[path] is not body.state[path]:
                found.append(Part("memory", differ(after[path], body.state[path])))
    return found


def _exact_view(tier: Tier, one: Body, one_after: State, other: Body, other_after: State) -> list[Part]:
    """Exactly: at the probe's address another permission, or another content where both may look."""
    setting, pool = tier.setting, tier.pool
    assert setting.memory is not None
    moving = (setting.memory, *setting.translation_reads)
    if all(after[path] is body.state[path] for body, after in ((one, one_after), (other, other_after)) for path in moving):
        return []
    probe = pool.var(PROBE_VA, setting.va_sort)
    found: list[Part] = []
    for access, name in ACCESSES.items():
        here = setting.seen(one.kind, one_after, probe, access)
        there = setting.seen(other.kind, other_after, probe, access)
        found.append(Part(f"{name} access", view_differs(setting, one, here.fault, other, there.fault)))
        contents = pool.ne(pool.select(one_after[setting.memory], here.address), pool.select(other_after[setting.memory], there.address))
        found.append(Part("memory", pool.and_(pool.not_(here.fault), pool.not_(there.fault), contents)))
    unreserved = pool.not_(reserved(tier, one, other, probe))
    return [Part(part.label, pool.and_(part.term, unreserved)) for part in found]


def view_differs(setting: Setting, one: Body, one_faults: Term, other: Body, other_faults: Term) -> Term:
    """Whether two permissions differ in a way that counts: where the real mode gives up part of the view, its own fault does not."""
    pool = setting.pool
    if setting.partial and one.kind != other.kind:
        guest, real = (one_faults, other_faults) if one.kind == GUEST else (other_faults, one_faults)
        return pool.and_(guest, pool.not_(real))
    return pool.ne(one_faults, other_faults)


def reserved(tier: Tier, one: Body, other: Body, va: Term) -> Term:
    """Whether an address is one that the VMM keeps for itself in a guest's address space."""
    setting, pool = tier.setting, tier.pool
    if not setting.scenario.has_reserved:
        return pool.false
    return pool.or_(*(reserved_in(setting, tier.world.bodies, body, va) for body in (one, other)))


def reserved_in(setting: Setting, bodies: Mapping[str, Body], body: Body, va: Term) -> Term:
    """The same, as one state has it: a real one by itself, a guest by the real states that carry it."""
    pool = setting.pool
    if not setting.scenario.has_reserved:
        return pool.false
    reals = [body] if body.kind == REAL else [real for real in bodies.values() if real.partner == body.name]
    return pool.or_(
        *(
            setting.description.reserved(setting.scenario, real.state, bodies[real.partner].state, va)
            for real in reals
            if real.partner is not None
        )
    )


def free_choices(on: Run, beside: Run) -> list[Term]:
    """The choices that only `on` makes: for a difference to count, none of their values may give the other result."""
    mine = _choices(on)
    its = set(_choices(beside))
    return [variable for variable in mine if variable not in its]


def _choices(run: Run) -> list[Term]:
    terms = [run.plain, run.waits, run.wild, *(trapped.guard for trapped in run.traps), *(run.state[path] for path in run.changed)]
    return [variable for variable in variables(terms) if variable.name.startswith("choice.")]
