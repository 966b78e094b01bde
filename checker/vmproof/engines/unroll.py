"""Executions of a sized system as terms: the state after each step is variables of its own, tied to the state before by the step taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vmproof.engines.domains import index_count, normal_value
from vmproof.engines.result import Trace, TraceStep
from vmproof.engines.system import Action, State, TransitionSystem, Variable, domain_of
from vmproof.terms import ArraySort, BitVecSort, Op, Substitution, Term, Value, evaluate, substitute

_ELEMENTWISE = 256  # arrays of at most so many elements are equated and compared element by element: no array theory is needed for it


@dataclass(frozen=True, eq=False)
class Instance:
    """An action as it may be taken in a step. `inputs`: its parameters and choices by name. `guard`: it may be taken (its inputs are values
    of their types, too); `condition`: of all actions this one is."""

    action: Action
    inputs: Mapping[str, Term]
    guard: Term
    condition: Term


@dataclass(frozen=True, eq=False)
class Step:
    """One step: one of its instances is taken, which `constraints` say, and what the state after it then is."""

    instances: tuple[Instance, ...]
    constraints: tuple[Term, ...]


class Unrolling:
    """The executions of a system from any state on, step by step; steps are made when they are first needed.

    The names of its variables hold a character that no name of a description has: the leaf `x` after 3 steps is `x@3`, the parameter `p` of
    action `a` in the step that leaves that state `a:p@3`. They depend on the system only.

    With a `schedule` the first steps are of the actions that it names, in that order.
    """

    def __init__(self, system: TransitionSystem, schedule: Sequence[Action] = ()) -> None:
        if system.quantified or system.defined:
            raise ValueError(f"{system.name} has unsized types, so that its executions cannot be unrolled")
        self.system = system
        self.schedule = tuple(schedule)
        self.pool = system.pool
        self._states: list[State] = [{v.path: self.pool.var(f"{v.path}@0", v.sort) for v in system.variables}]
        self._steps: list[Step] = []
        self._said: dict[int, Substitution] = {}

    def then(self, action: Action) -> Unrolling:
        """The executions whose steps are this one's schedule and then the action; what is made of the steps already is theirs, too."""
        longer = Unrolling(self.system, (*self.schedule, action))
        longer._states, longer._steps, longer._said = [*self._states], [*self._steps], {**self._said}
        return longer

    def state(self, k: int) -> State:
        """The leaves after `k` steps."""
        self._reach(k)
        return self._states[k]

    def step(self, k: int) -> Step:
        """The step from the state after `k` steps."""
        self._reach(k + 1)
        return self._steps[k]

    def path(self, k: int) -> list[Term]:
        """That the first `k` steps are steps of the system; the first state is any."""
        self._reach(k)
        return [term for step in self._steps[:k] for term in step.constraints]

    def at(self, k: int, terms: Iterable[Term]) -> list[Term]:
        """Terms over the current state, said of the state after `k` steps."""
        state = self.state(k)
        if k not in self._said:
            self._said[k] = Substitution(self.pool, {v.term: state[v.path] for v in self.system.variables})
        return self._said[k](terms)

    def initial(self) -> list[Term]:
        """That the first state is an initial one."""
        return [*self.at(0, [self.system.init]), self.in_range(0)]

    def in_range(self, k: int) -> Term:
        """That the leaves after `k` steps hold values of their types."""
        state = self.state(k)
        return in_range(self.system, state)

    def same(self, j: int, k: int) -> Term:
        """That the states after `j` and after `k` steps are the same."""
        before, after = self.state(j), self.state(k)
        return self.pool.and_(*(equal(v, before[v.path], after[v.path]) for v in self.system.variables if not v.rigid))

    def _reach(self, k: int) -> None:
        while len(self._steps) < k:
            self._extend()

    def _extend(self) -> None:
        pool, k = self.pool, len(self._steps)
        before = self._states[-1]
        leaves = {v.term: before[v.path] for v in self.system.variables}
        actions = self.schedule[k : k + 1] or self.system.actions
        width = max(1, (len(actions) - 1).bit_length())
        selector = pool.var(f"action:{width}@{k}", BitVecSort(width))  # two systems over one pool may differ in it
        constraints = [pool.ult(selector, pool.bv(len(actions), width)) if len(actions) < 1 << width else pool.true]
        values = dict(before)
        instances = []
        for number, action in enumerate(actions):
            inputs = {item: pool.var(f"{action.name}:{item.name}@{k}", item.term.sort) for item in (*action.parameters, *action.choices)}
            mapping = {**leaves, **{item.term: term for item, term in inputs.items()}}
            guard, limits, *after = substitute(pool, [action.guard, domain_of(list(inputs), pool), *action.next.values()], mapping)
            condition = pool.eq(selector, pool.bv(number, width)) if len(actions) > 1 else pool.true
            guard = pool.and_(guard, limits)
            constraints.append(pool.implies(condition, guard))
            for path, value in zip(action.next, after, strict=True):
                values[path] = pool.ite(condition, value, values[path])
            instances.append(Instance(action, {item.name: term for item, term in inputs.items()}, guard, condition))
        if not actions:
            constraints.append(pool.false)
        state = {}
        for v in self.system.variables:
            value = before[v.path] if v.rigid else values[v.path]
            if value is not before[v.path] and not value.is_const:
                named = pool.var(f"{v.path}@{k + 1}", v.sort)
                constraints.append(equal(v, named, value))
                value = named
            state[v.path] = value
        self._states.append(state)
        self._steps.append(Step(tuple(instances), tuple(term for term in constraints if term is not pool.true)))

    def inputs_away(self, k: int) -> list[Term]:
        """For each parameter or choice of the first `k` steps, that it is one of the action taken and is not its default, 0."""
        return [
            self.pool.and_(instance.condition, away(term))
            for step in self._steps[:k]
            for instance in step.instances
            for term in instance.inputs.values()
        ]

    def trace(self, model: Mapping[str, Value], k: int, loop: int | None = None, stuck: bool = False) -> Trace:
        """The execution of `k` steps that a model of (at least) `path(k)` describes; later states are computed from the first one."""
        system = self.system
        environment = valued(model)
        now = {v.path: normal_value(v, value) for v, value in zip(system.variables, self._values(environment, 0), strict=True)}
        initial, steps = now, []
        for number in range(k):
            instances = self._steps[number].instances
            taken = evaluate([instance.condition for instance in instances], environment, True)
            instance = instances[taken.index(True)]
            chosen = dict(zip(instance.inputs, evaluate(instance.inputs.values(), environment, True), strict=True))
            action = instance.action
            values: dict[Term, Value] = {v.term: now[v.path] for v in system.variables}
            values.update({item.term: chosen[item.name] for item in (*action.parameters, *action.choices)})
            after = dict(zip(action.next, evaluate(action.next.values(), values), strict=True))
            now = {v.path: normal_value(v, after.get(v.path, now[v.path])) for v in system.variables}
            steps.append(TraceStep(action.name, chosen, now))
        return Trace(initial, tuple(steps), loop, stuck)

    def _values(self, environment: _Model, k: int) -> list[Value]:
        state = self.state(k)
        return evaluate([state[v.path] for v in self.system.variables], environment, True)


class _Model(dict[Term, Value]):
    """A model by name as the environment of an evaluation."""

    def __init__(self, model: Mapping[str, Value]) -> None:
        super().__init__()
        self._model = model

    def __contains__(self, variable: object) -> bool:
        return isinstance(variable, Term) and variable.op is Op.VAR and variable.name in self._model

    def __getitem__(self, variable: Term) -> Value:
        return self._model[variable.name]


def valued(model: Mapping[str, Value]) -> _Model:
    """The environment of a model, which gives values by name."""
    return _Model(model)


def away(term: Term) -> Term:
    """That a scalar is not its default, 0 or False."""
    return term if not term.width else term.pool.ne(term, term.pool.bv(0, term.width))


def elements(variable: Variable, value: Term) -> list[Term]:
    """The scalars that a leaf with this value consists of; for an array that is too large to be written out, none."""
    found = [value]
    for index in variable.indices:
        sort = found[0].sort
        assert isinstance(sort, ArraySort)
        count = index_count(sort, index)
        if count is None or count * len(found) > _ELEMENTWISE or not isinstance(sort.index, BitVecSort):
            return []
        found = [value.pool.select(array, value.pool.bv(i, sort.index.width)) for array in found for i in range(count)]
    return found


def equal(variable: Variable, a: Term, b: Term) -> Term:
    """That two values of a leaf are the same; of an array, at the indices that it has."""
    pool = a.pool
    if a is b:
        return pool.true
    mine = elements(variable, a)
    return pool.and_(*(pool.eq(x, y) for x, y in zip(mine, elements(variable, b), strict=True))) if mine else pool.eq(a, b)


def in_range(system: TransitionSystem, state: State) -> Term:
    """That the leaves of a state hold values of their types; nothing is said of arrays that are too large to be written out."""
    return system.pool.and_(*(fits(v, element) for v in system.variables for element in elements(v, state[v.path])))


def fits(variable: Variable, element: Term) -> Term:
    """That a scalar of a leaf is one of the values that the leaf's type has."""
    pool, domain = element.pool, variable.domain
    if domain is None or not element.width or domain >= 1 << element.width:
        return pool.true
    return pool.ult(element, pool.bv(domain, element.width))
