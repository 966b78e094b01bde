"""States that differ in little: where a candidate's views differ as a whole, one is looked for in which most of what could differ does not.

A search over all states of a world meets one pair after the other whose views differ at yet another address. States that differ in one
register seldom do, nor do states whose translation is as plain as can be. What is found so is a candidate like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from vmproof.terms import ArraySort, Op, Term, default_value
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.setting import GUEST
from vmproof.virtualize.world import Body, World

Likeness = dict[Term, Term]
"""What to put for variables of states."""


def empty_memories(world: World) -> Likeness:
    """Memories full of zeros, where translation walks tables in memory: no table then leads anywhere, so views are small. Else nothing."""
    memory = world.setting.memory
    if memory is None or memory not in world.setting.translation_reads:
        return {}
    states = [body.state[memory] for body in world.bodies.values()]
    return {term: world.pool.value(term.sort, default_value(term.sort)) for term in states if term.op is Op.VAR}


def alike(world: World) -> Likeness:
    """All guests, and all real states, with what translation reads as in the first of them, their modes aside."""
    found: Likeness = {}
    first: dict[str, Body] = {}
    for body in world.bodies.values():
        like = first.setdefault(body.kind, body)
        for path in world.setting.vmm_registers(body.kind):
            if like is not body and path not in world.setting.mode_paths and _is_own(body.state[path], body.name, path):
                found[body.state[path]] = like.state[path]
    return found


def likenesses(world: World, question: Question) -> Iterator[Likeness]:
    """Ways to restrict the states: of what translation reads one stays open; the rest is as in the first state, or zero in all guests."""
    one, other = world.bodies.get(question.first), world.bodies.get(question.second)
    registers = [path for path in world.setting.vmm_registers(GUEST) if path not in world.setting.mode_paths]
    if one is not None and other is not None and one.kind == other.kind:
        private = {path: term for path, term in other.state.items() if path in world.setting.fields and _is_own(term, other.name, path)}
        for different in registers:
            if different in private:
                yield {
                    term: one.state[path]
                    for path, term in private.items()
                    if path != different and path not in world.setting.mode_paths and term is not one.state[path]
                }
    guests = [body for body in world.bodies.values() if body.kind == GUEST]
    for different in registers:
        yield {
            body.state[path]: world.pool.value(body.state[path].sort, default_value(body.state[path].sort))
            for body in guests
            for path in registers
            if path != different and _is_own(body.state[path], body.name, path) and not isinstance(body.state[path].sort, ArraySort)
        }


def _is_own(term: Term, name: str, path: str) -> bool:
    """Whether a field is a variable of that state alone."""
    return term.op is Op.VAR and term.name == f"{name}.{path}"
