"""Whether a trap to the VMM lets the guest be restored: equal states after it imply equal user parts before it (THEORY, "Trapping")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vmproof.language import State, Trap
from vmproof.language.memory import CELLS
from vmproof.solvers import Status
from vmproof.terms import Term, conjuncts, variables
from vmproof.virtualize.arrays import differ, equal
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.effects import Part
from vmproof.virtualize.runs import Executions, Run, Trapped
from vmproof.virtualize.setting import REAL, Setting
from vmproof.virtualize.view import View
from vmproof.virtualize.world import is_false


@dataclass(frozen=True, eq=False)
class Departure:
    """One way to the VMM other than a memory trap: the states just before and after the transfer."""

    guard: Term
    before: State
    after: State
    trapped: Trapped | None = None


def departures(run: Run) -> list[Departure]:
    """The ways to the VMM that a run of a real state has, memory traps aside."""
    pool = run.plain.pool
    found = [Departure(run.leaves, run.body.state, run.state)]
    for trapped in run.traps:
        if not trapped.memory:
            found.append(Departure(pool.and_(trapped.guard, pool.not_(trapped.inside)), trapped.kept, trapped.state, trapped))
    return [departure for departure in found if not is_false(departure.guard)]


def guests_paths(setting: Setting) -> list[str]:
    """The fields of a real state that are the guest's: the user part and what is its own."""
    return [*setting.user, *setting.own.values(), *(setting.mode_paths if setting.own_mode else ())]


def lost(setting: Setting, here: Departure, there: Departure) -> Task[list[Part]]:
    """In what two real states may differ before they leave for the VMM and be equal after it."""
    pool = setting.pool
    guard = pool.and_(here.guard, there.guard)
    if is_false(guard):
        return []
    parts: list[Part] = []
    told = _Told(equal(here.after[path], there.after[path]) for path in here.after if path in there.after)
    for path in guests_paths(setting):
        differs = differ(here.before[path], there.before[path])
        if is_false(differs) or (yield from told.apart(differs)):
            continue
        parts.append(Part(path, pool.and_(guard, differs, *told.claims)))
    return [part for part in parts if not is_false(part.term)]


def always_restorable(executions: Executions, run: Run) -> Task[bool]:
    """Whether the trap entry alone shows that nothing is lost, whatever the instruction has done: the same few questions for most."""
    found = departures(run)
    if len(found) != 1 or found[0].trapped is None:
        return not found
    trapped = found[0].trapped
    setting = executions.setting
    guests = set(guests_paths(setting))
    cause = trapped.cause
    if (cause is not None and not cause.is_const) or any(
        trapped.kept[path] is not run.body.state[path] for path in setting.fields if path not in guests
    ):
        return False
    known = [term for term in (trapped.value or {}).values() if not term.is_const]
    if known:
        return False
    key = (trapped.cause, *(trapped.value or {}).values())
    if key not in executions.restorable:
        executions.restorable[key] = yield from _entry_keeps_all(executions, trapped)
    return executions.restorable[key]


def _entry_keeps_all(executions: Executions, trapped: Trapped) -> Task[bool]:
    """Whether the guest's fields before an entry with this cause follow from the state after it."""
    here, there = _generic_entry(executions, trapped)
    told = _Told(equal(here.after[path], there.after[path]) for path in here.after)
    for path in guests_paths(executions.setting):
        differs = differ(here.before[path], there.before[path])
        if (yield from told.apart(differs)):
            continue
        answer = yield from ask(differs, *told.claims)
        if answer.status is not Status.UNSAT:
            return False
    return True


def _generic_entry(executions: Executions, trapped: Trapped) -> tuple[Departure, Departure]:
    """The entry from two states that have nothing in common but what is the VMM's."""
    setting, pool = executions.setting, executions.setting.pool
    guests = set(guests_paths(setting))
    made: list[Departure] = []
    for name in ("b", "c"):
        state = {path: pool.var(f"{name if path in guests else 's'}.{path}", setting.sort(path)) for path in setting.fields}
        if setting.memory is not None:
            state[CELLS] = setting.cells()
        following = pool.var(f"{name}.$next_pc", setting.sort("pc")) if "pc" in setting.fields else None
        trap = Trap(pool.true, trapped.cause, dict(trapped.value) if trapped.value is not None else None, False, state, following)
        made.append(Departure(pool.true, state, setting.enter(trap, View(setting, REAL, state))))
    return made[0], made[1]


class _Told:
    """What is equal after two departures: `claims`, each with the variables of the guest's that it speaks of."""

    def __init__(self, equations: Iterable[Term]) -> None:
        self.claims = conjuncts(equations)
        self._guests = [
            {variable for variable in variables([claim]) if not variable.name.startswith(("r.", "s.", "view."))} for claim in self.claims
        ]

    def apart(self, differs: Term) -> Task[bool]:
        """Whether few of the claims already exclude a difference before: those that speak of nothing else of the guest's."""
        concerned = set(variables([differs]))
        plain = [claim for claim, guests in zip(self.claims, self._guests, strict=True) if guests <= concerned]
        answer = yield from ask(*plain, differs)
        return answer.status is Status.UNSAT
