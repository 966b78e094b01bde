"""What a VMM that is to run in itself needs besides a virtualizable machine (THEORY, "Recursive").

Its own mode is one that guests have, no register that it relies on is kept from them, and there are states of three storeys: a guest, the
real state that carries it, and one that carries that in turn. What carries a guest's guests may be another scenario than what carries the
guest (`guests`); else it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from vmproof.language import Instruction
from vmproof.language.types import Role
from vmproof.solvers import Status
from vmproof.terms import variables
from vmproof.virtualize.asking import Task, ask
from vmproof.virtualize.decide import Finding, decide
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.entry import any_entry
from vmproof.virtualize.forall import Unanswered, unanswered
from vmproof.virtualize.nearby import empty_memories
from vmproof.virtualize.premises import States, find_states
from vmproof.virtualize.result import Answer
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.world import World
from vmproof.virtualize.worlds import Worlds


def outside(setting: Setting) -> Task[States]:
    """A trap of any cause that leads to a mode which no guest of this scenario has."""
    world = World(setting)
    _, real = world.pair()
    entry = any_entry(setting, real.state)
    if entry is None:
        return States(Status.UNKNOWN, reason="the description has no trap entry")
    named, after = entry
    leads = setting.pool.not_(setting.in_modes(after, (*setting.image, *setting.domain)))
    answer = yield from ask(*world.constraints, named, leads)
    return States(answer.status, reason=answer.reason)


def leading_outside(executions: Executions, worlds: Worlds, instructions: Sequence[Instruction]) -> Task[Finding]:
    """An instruction of which some trap on a real state leads to such a mode: the VMM's own, then, is one that no guest has."""
    open_ = Finding(Answer.NO)
    for instruction in instructions:
        finding = yield from decide(executions, worlds.pair(), instruction, Question("outside", "r", "g"))
        if finding.answer is Answer.YES:
            return finding
        open_ = finding if finding.answer is Answer.UNKNOWN else open_
    return open_


def homeless(setting: Setting) -> Task[Unanswered]:
    """A guest that no VMM can carry, whatever it was built with: then `host` restricts what a guest may hold."""
    pool = setting.pool
    world = World(setting, settled=False)
    guest, real = world.pair()
    built = [path for path, field in setting.fields.items() if field.role in (Role.PLATFORM, Role.MEMORY)]
    inner = [guest.state[path] for path in built]
    inner += [v for v in variables([*real.state.values(), *real.picks.values()]) if v.name.startswith("r.")]
    needed = pool.and_(*world.constraints)
    guests = World(setting)
    guests.guest("g")
    return (yield from unanswered(guests, [], needed, inner))


def composed(setting: Setting, guests: Setting) -> Task[States]:
    """A guest, the real state that carries it, and in the scenario of a guest's `guests` one that carries that in turn.

    That the view of the last one can be that of the one between is what the realisation of `guests` says.
    """
    world = World(setting)
    _, real = world.pair()
    above = World(guests, settled=False)
    above.bodies["r"] = real
    above.real("rr", "r")
    goal = [guests.in_modes(real.state, guests.domain), *above.constraints]
    empty = empty_memories(world)
    if empty:
        found = yield from find_states(world, goal, likeness=empty)
        if found.status is Status.SAT:
            return found
    return (yield from find_states(world, goal))

