"""What a change of a system changes: which initial states and steps are others, told by their terms in one pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vmproof.engines.asking import Asker, Task
from vmproof.engines.domains import index_count
from vmproof.engines.induction import Claim
from vmproof.engines.meanings import Meanings
from vmproof.engines.quantifiers import Instances
from vmproof.engines.system import Action, Defined, Quantified, TransitionSystem, Variable, domain_of
from vmproof.engines.unroll import in_range
from vmproof.solvers import Status
from vmproof.terms import ArraySort, SortError, Term, deserialize, serialize, substitute


@dataclass(frozen=True, eq=False)
class Difference:
    """An action that a change makes another one: `after` in place of `before`.

    `guard`: it is possible elsewhere. `paths` are the leaves that it gives another value. `alike`: both have the same choices, so that a
    step of one can be told to be a step of the other.
    """

    before: Action
    after: Action
    guard: bool
    paths: frozenset[str]
    alike: bool


@dataclass(frozen=True, eq=False)
class Change:
    """A system as a change makes it. `system` has the claims of the original, whatever the change makes of them, and lives in its pool;
    `before` is the original. `init`: its initial states are others."""

    before: TransitionSystem
    system: TransitionSystem
    init: bool
    actions: tuple[Difference, ...]

    @property
    def none(self) -> bool:
        """Whether nothing that the system does is another: its terms are the same."""
        return not self.init and not self.actions


def compared(original: TransitionSystem, mutant: TransitionSystem) -> Change | None:
    """What is changed from one system to the other; None where they have other leaves or actions, so that nothing can be compared."""
    if _shape(original) != _shape(mutant):
        return None
    pool = original.pool
    try:
        init, actions, quantified, defined = _moved(mutant, original)
    except SortError:  # a choice of the same name has another type
        return None
    meanings = Meanings(pool, (*original.quantified, *quantified), (*original.defined, *defined))
    before = _said(original, meanings)
    [init] = meanings.rename([init], {})
    after = replace(before, init=init, actions=tuple(_action(item, meanings) for item in actions))
    whole = [replace(item, quantified=meanings.quantified, defined=meanings.defined) for item in (before, after)]
    different = tuple(_differences(*whole))
    return Change(whole[0], whole[1], whole[0].init is not whole[1].init, different)


def _shape(system: TransitionSystem) -> object:
    leaves = [(item.path, item.sort, item.domain) for item in system.variables]
    return leaves, [(action.name, [(item.name, item.term.sort) for item in action.parameters]) for action in system.actions]


def _differences(before: TransitionSystem, after: TransitionSystem) -> Iterator[Difference]:
    for old, new in zip(before.actions, after.actions, strict=True):
        mine, others = before.after(old), before.after(new)
        paths = frozenset(path for path in mine if mine[path] is not others[path])
        alike = [(item.term, item.domain) for item in old.choices] == [(item.term, item.domain) for item in new.choices]
        if paths or old.guard is not new.guard or not alike:
            yield Difference(old, new, old.guard is not new.guard or not alike, paths, alike)


def _moved(mutant: TransitionSystem, to: TransitionSystem) -> tuple[Term, list[Action], list[Quantified], list[Defined]]:
    """What a system does, in another one's pool. Its markers and arrays, and what these range over, get names that the other has not."""
    pool = mutant.pool
    named = [term for one in mutant.quantified for term in (one.marker, *one.bound)]
    named += [term for other in mutant.defined for term in (other.array, *other.bound)]
    apart = {term: pool.var(f"{term.name}' {term.sort}", term.sort) for term in named}
    terms = [*named, *(one.body for one in mutant.quantified), *(other.body for other in mutant.defined), mutant.init]
    for action in mutant.actions:
        terms += [action.guard, *action.next.values(), *(item.term for item in action.choices)]
    there = iter(deserialize(to.pool, serialize(substitute(pool, terms, apart))))
    names = {term: next(there) for term in named}
    bodies = [next(there) for _ in (*mutant.quantified, *mutant.defined)]
    quantified = [
        Quantified(names[one.marker], tuple(names[b] for b in one.bound), body)
        for one, body in zip(mutant.quantified, bodies, strict=False)
    ]
    defined = [
        Defined(names[one.array], tuple(names[b] for b in one.bound), body)
        for one, body in zip(mutant.defined, bodies[len(quantified) :], strict=True)
    ]
    init = next(there)
    actions = []
    for action, known in zip(mutant.actions, to.actions, strict=True):
        guard, after = next(there), {path: next(there) for path in action.next}
        choices = tuple(replace(item, term=next(there)) for item in action.choices)
        actions.append(replace(known, guard=guard, next=after, choices=choices))
    return init, actions, quantified, defined


def _said(system: TransitionSystem, meanings: Meanings) -> TransitionSystem:
    """The system with one marker or array for each meaning."""
    [init] = meanings.rename([system.init], {})
    properties = tuple(replace(item, term=meanings.rename([item.term], {})[0]) for item in system.properties)
    return replace(system, init=init, actions=tuple(_action(item, meanings) for item in system.actions), properties=properties)


def _action(action: Action, meanings: Meanings) -> Action:
    guard, *after = meanings.rename([action.guard, *action.next.values()], {})
    return replace(action, guard=guard, next=dict(zip(action.next, after, strict=True)))


def same(change: Change, claims: Sequence[Claim], asker: Asker) -> bool:
    """Whether solvers prove that a changed system has the same initial states, and the same steps from all states that satisfy the claims.

    If these are invariants of the original, it has the same executions: each of its reachable states is one of the original's.
    """
    if not all(item.alike for item in change.actions):
        return False
    questions = [_starts(change)] if change.init else []
    for item in change.actions:
        questions += [_possible(change, item, claims)] if item.guard else []
        questions += [_gives(change, item, variable, claims) for variable in change.system.variables if variable.path in item.paths]
    return all(asker.run([question]) == [Status.UNSAT] for question in questions)


def _starts(change: Change) -> Task[Status]:
    system, pool = change.system, change.system.pool
    question = Instances(system)
    question.assume(in_range(system, system.state))
    question.assume(pool.ne(change.before.init, system.init))
    answer = yield from question.decide()
    return answer.status


def _somewhere(change: Change, item: Difference, claims: Sequence[Claim]) -> Instances:
    """A question about the action in some state that satisfies the claims."""
    question = Instances(change.system)
    for claim in claims:
        question.state([parameter.term for parameter in claim.parameters], claim.body, claim.name)
    question.assume(domain_of((*item.before.parameters, *item.before.choices), change.system.pool))
    return question


def _possible(change: Change, item: Difference, claims: Sequence[Claim]) -> Task[Status]:
    question = _somewhere(change, item, claims)
    question.assume(change.system.pool.ne(item.before.guard, item.after.guard))
    answer = yield from question.decide()
    return answer.status


def _gives(change: Change, item: Difference, variable: Variable, claims: Sequence[Claim]) -> Task[Status]:
    """Whether the action can give a leaf two values; where it is an array, at an index that it has."""
    system, pool = change.system, change.system.pool
    question = _somewhere(change, item, claims)
    question.assume(item.before.guard)
    old, new = (system.after(action)[variable.path] for action in (item.before, item.after))
    for dimension in variable.indices:
        assert isinstance(old.sort, ArraySort)
        index = question.constant("index", old.sort.index)
        count = index_count(old.sort, dimension)
        if count is not None and count < 1 << index.width:
            question.assume(pool.ult(index, pool.bv(count, index.width)))
        old, new = pool.select(old, index), pool.select(new, index)
    question.assume(pool.ne(old, new))
    answer = yield from question.decide()
    return answer.status
