"""The states that a question is about: guests, the real states that carry them, and what ties them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from vmproof.language import State
from vmproof.language.memory import CELLS
from vmproof.terms import BOOL, Op, Pool, Term, conjuncts, substitute, variables
from vmproof.virtualize.setting import GUEST, REAL, Setting


@dataclass(frozen=True, eq=False)
class Body:
    """One state. `partner` is the name of the guest that a real state carries; `picks` are the VMM's for that pair.

    `functions` is the name that its private functions go by, if that is not its own: states with equal VMM-owned fields share them.
    """

    name: str
    kind: str
    state: State
    partner: str | None = None
    picks: Mapping[str, Term] = field(default_factory=dict)
    functions: str = ""


class World:
    """Some states that all have the same user part, the same view and the same control of the guest's own.

    Fields that are not shared are named after the state, so that two worlds of one shape share their variables, and their queries.
    """

    def __init__(self, setting: Setting, settled: bool = True, choosing: bool = False) -> None:
        """Unless `settled`, what `host` says that a guest is stays among the constraints.

        If `choosing`, a guest's mode is written as a choice among the domain: no execution then looks at what other modes do.
        """
        self.setting = setting
        self._settled = settled
        self._choosing = choosing
        self.pool: Pool = setting.pool
        self.bodies: dict[str, Body] = {}
        self.constraints: list[Term] = []
        self.apart: set[str] = set()  # states whose view is another one than the first state's
        self._relevance: _Relevance | None = None

    def body(self, name: str) -> Body:
        return self.bodies[name]

    def guest(self, name: str, like: Mapping[str, Term] | None = None, fresh: Iterable[str] = ()) -> Body:
        """Add a guest state: legal, its mode in the domain of `runs`.

        With `like`, the fields that are not shared are taken from there, except those in `fresh`.
        """
        setting = self.setting
        state = self._fields(name, GUEST, like, fresh)
        named = setting.in_modes(state, setting.domain)
        if self._choosing:
            state.update(setting.guest_mode(state))
        body = Body(name, GUEST, state)
        self.bodies[name] = body
        self._add(setting.description.legal(state), named)
        return body

    def real(
        self,
        name: str,
        partner: str,
        like: Mapping[str, Term] | None = None,
        fresh: Iterable[str] = (),
        picks: Mapping[str, Term] | None = None,
    ) -> Body:
        """Add a real state for a guest of this world: legal, in the mode that the scenario says, `host` holds."""
        setting = self.setting
        guest = self.bodies[partner].state
        state = self._fields(name, REAL, like, fresh)
        state.update(setting.real_mode(guest))
        if self.bodies[partner].kind == REAL:  # a guest that carries a guest: its own control is in the fields of a guest
            state.update({real: guest[own] for own, real in setting.own.items()})
        for path, value in setting.fixed.items():
            state[path] = self.pool.value(setting.sort(path), bool(value) if setting.sort(path) == BOOL else value)
        own_picks = {pick: self.pool.var(f"{name}.pick.{pick}", sort) for pick, sort in setting.scenario.picks}
        chosen = own_picks if picks is None else dict(picks)
        facts = [setting.description.legal(state), setting.description.host(setting.scenario, state, guest, chosen)]
        state, facts = self._solved(name, state, facts)
        body = Body(name, REAL, state, partner, chosen)
        self.bodies[name] = body
        self._add(*facts)
        if self._settled and self.bodies[partner].kind == GUEST:
            self._settle(partner, facts[1])
        return self.bodies[name]

    def _settle(self, name: str, host: Term) -> None:
        """Put constants that `host` says a guest's own fields are (`not guest.hypervisor`) in their place: translations get small."""
        mine = {term: path for path, term in self.bodies[name].state.items() if term.op is Op.VAR and term.name == f"{name}.{path}"}
        found = [pair for fact in conjuncts([host]) if (pair := _definition(fact, mine)) is not None]
        known = {variable: term for variable, term in found if term.is_const}
        if not known:
            return
        for other, body in list(self.bodies.items()):
            state = dict(zip(body.state, substitute(self.pool, list(body.state.values()), known), strict=True))
            self.bodies[other] = replace(body, state=state)
        constraints, self.constraints = self.constraints, []
        self._add(*substitute(self.pool, constraints, known))

    def _solved(self, name: str, state: State, facts: list[Term]) -> tuple[State, list[Term]]:
        """Put what `host` says a field is (`real.trace == guest.trace`) in the field's place: most questions then need no solver."""
        mine = {term: path for path, term in state.items() if term.op is Op.VAR and term.name == f"{name}.{path}"}
        for _ in range(len(mine)):
            found = next((pair for fact in conjuncts(facts) if (pair := _definition(fact, mine)) is not None), None)
            if found is None:
                break
            variable, term = found
            if variable not in variables([term]):
                del mine[variable]
            paths = list(state)
            *values, legal, host = substitute(self.pool, [*state.values(), *facts], {variable: term})
            state, facts = dict(zip(paths, values, strict=True)), [legal, host]
        return state, facts

    def pair(self, suffix: str = "") -> tuple[Body, Body]:
        """Add a guest and a real state that carries it, called g and r with the suffix."""
        self.guest(f"g{suffix}")
        self.real(f"r{suffix}", f"g{suffix}")
        return self.bodies[f"g{suffix}"], self.bodies[f"r{suffix}"]

    def require(self, *terms: Term) -> None:
        """Assume more of the states."""
        self._add(*terms)

    def relevant(self, goals: Iterable[Term]) -> list[Term]:
        """The constraints that share variables with the goals, directly or through other constraints.

        The others cannot matter: constraints as a whole have a model (a premise of every judgement), and a model of the relevant part is
        completed by that one's values for the other variables.
        """
        if self._relevance is None:
            self._relevance = _Relevance(self.constraints)
        return self._relevance.of(goals)

    def _add(self, *terms: Term) -> None:
        known = set(self.constraints)
        self.constraints += [term for term in conjuncts(terms) if term not in known]
        self._relevance = None

    def _fields(self, name: str, kind: str, like: Mapping[str, Term] | None, fresh: Iterable[str]) -> State:
        setting = self.setting
        anew = set(fresh)
        owned = {real: guest for guest, real in setting.own.items()} if kind == REAL else {guest: guest for guest in setting.own}
        state: State = {}
        for path in setting.fields:
            if path in anew:
                state[path] = self.pool.var(f"{name}.{path}", setting.sort(path))
            elif path in owned and path not in setting.shared:
                state[path] = self.pool.var(f"own.{owned[path]}", setting.sort(path))
            elif setting.own_mode and path in setting.mode_paths and kind == GUEST:
                state[path] = self.pool.var(f"own.{path}", setting.sort(path))
            elif path in setting.shared or like is None:
                state[path] = setting.variable(name, path)
            else:
                state[path] = like[path]
        if setting.memory is not None:
            state[CELLS] = setting.cells()
        return state


def _definition(fact: Term, mine: Mapping[Term, str]) -> tuple[Term, Term] | None:
    """The variable that an equation determines, and what it is."""
    if fact.op is Op.NOT and fact.args[0] in mine:
        return fact.args[0], fact.pool.false
    if fact in mine:
        return fact, fact.pool.true
    if fact.op is Op.NOT and fact.args[0].op is Op.EQ:
        side, other = fact.args[0].args
        if side in mine and side.width == 1 and other.is_const:
            return side, side.pool.bv(1 - other.data, 1)
    if fact.op is Op.EQ:
        for side, other in (fact.args, fact.args[::-1]):
            if side in mine and side not in variables([other]):
                return side, other
            if side.op is Op.SELECT and side.args[0] in mine and side.args[1].is_const and side.args[0] not in variables([other]):
                return side.args[0], fact.pool.store(side.args[0], side.args[1], other)
    return None


class _Relevance:
    """Constraints grouped by the variables that connect them."""

    def __init__(self, constraints: list[Term]) -> None:
        self._parent: dict[Term, Term] = {}
        first: list[Term | None] = []
        for constraint in constraints:
            occurring = variables([constraint])
            for variable in occurring:
                self._join(occurring[0], variable)
            first.append(occurring[0] if occurring else None)
        self._constraints = [(item, None if of is None else self._root(of)) for item, of in zip(constraints, first, strict=True)]

    def of(self, goals: Iterable[Term]) -> list[Term]:
        roots = {self._root(variable) for variable in variables(goals) if variable in self._parent}
        # constraints that join two groups of the goal's variables do not arise: groups are already closed
        return [constraint for constraint, group in self._constraints if group is None or group in roots]

    def _root(self, term: Term) -> Term:
        root = term
        while self._parent.get(root, root) is not root:
            root = self._parent[root]
        while self._parent.get(term, term) is not root:
            self._parent[term], term = root, self._parent[term]
        return root

    def _join(self, one: Term, other: Term) -> None:
        self._parent.setdefault(one, one)
        self._parent.setdefault(other, other)
        self._parent[self._root(other)] = self._root(one)


def is_false(term: Term) -> bool:
    """Whether a Boolean term is the constant false."""
    return term.is_const and term.value is False


def is_true(term: Term) -> bool:
    """Whether a Boolean term is the constant true."""
    return term.is_const and term.value is True
