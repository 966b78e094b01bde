"""From a solver's model to states of constants: complete, and with nothing in memory that does not matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from vmproof.language.memory import CELLS
from vmproof.terms import ArrayValue, Op, Term, Value, default_value, evaluate, reachable, substitute, variables
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.world import World

_NESTING = 8
"""How deeply reads may stand in the indices of reads."""


def completed(model: Mapping[str, Value], terms: Iterable[Term]) -> dict[Term, Value]:
    """Values for all variables of the terms: the model's, zero for those it does not have."""
    found: dict[Term, Value] = {}
    for variable in variables(terms):
        value = model.get(variable.name)
        found[variable] = default_value(variable.sort) if value is None else value
    return found


def minimised(values: Mapping[Term, Value], assertions: Iterable[Term]) -> dict[Term, Value]:
    """The same model with every array zero where the assertions do not look; itself where that would break them."""
    wanted = list(assertions)
    reads: dict[Term, set[Value]] = {}
    selects = [term for term in reachable(wanted) if term.op is Op.SELECT]
    indices = evaluate([term.args[1] for term in selects], values, default=True)
    for term, index in zip(selects, indices, strict=True):
        for variable in _bases(term.args[0]):
            reads.setdefault(variable, set()).add(index)
    smaller: dict[Term, Value] = {}
    for variable, value in values.items():
        if isinstance(value, ArrayValue):
            kept = {index: value.get(index) for index in reads.get(variable, ())}
            empty = default_value(variable.sort)
            assert isinstance(empty, ArrayValue)
            smaller[variable] = ArrayValue(empty.default, kept)
        else:
            smaller[variable] = value
    if all(value is True for value in evaluate(wanted, smaller, default=True)):
        return smaller
    return dict(values)


def _bases(array: Term) -> list[Term]:
    """The array variables that a read of this array may come from."""
    found: list[Term] = []
    pending, seen = [array], {array}
    while pending:
        term = pending.pop()
        if term.op is Op.VAR:
            found.append(term)
        for arg in term.args:
            if arg.sort == array.sort and arg not in seen:
                seen.add(arg)
                pending.append(arg)
    return found


def world_of_constants(world: World, values: Mapping[Term, Value]) -> World:
    """The world with every state and every pick replaced by its value."""
    setting = world.setting
    fixed = World(setting)
    fixed.apart = set(world.apart)
    for body in world.bodies.values():
        paths = [path for path in body.state if path != CELLS]
        found = evaluate([body.state[path] for path in paths], values, default=True)
        state = {path: constant(setting, body.state[path], value) for path, value in zip(paths, found, strict=True)}
        picks = {
            name: constant(setting, term, value)
            for (name, term), value in zip(body.picks.items(), evaluate(body.picks.values(), values, default=True), strict=True)
        }
        fixed.bodies[body.name] = replace(body, state=state, picks=picks)
    return fixed


def constant(setting: Setting, like: Term, value: Value) -> Term:
    """A value as a term of the same sort."""
    return setting.pool.value(like.sort, value)


def without_stores(terms: Sequence[Term]) -> list[Term]:
    """The terms with every read of an array of stores written as a choice among what was stored: no array of known contents is left."""
    if not terms:
        return []
    pool = terms[0].pool
    for _ in range(_NESTING):
        replaced: dict[Term, Term] = {}
        for term in reachable(terms):
            if term.op is Op.SELECT and term.args[0].op is Op.STORE:
                array, index = term.args
                chain: list[Term] = []
                while array.op is Op.STORE:
                    chain.append(array)
                    array = array.args[0]
                value = pool.select(array, index)
                for store in reversed(chain):
                    value = pool.ite(pool.eq(index, store.args[1]), store.args[2], value)
                replaced[term] = value
        if not replaced:
            break
        terms = substitute(pool, terms, replaced)
    return list(terms)
