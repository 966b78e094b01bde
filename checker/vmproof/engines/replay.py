"""Replay: whether a trace really is an execution of a system, and shows what is said of a property, by evaluation alone.

No solver and no engine takes part, so a mistake of either cannot pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vmproof.engines.domains import misfit, normal_value, same_value, sort_size, valuations
from vmproof.engines.result import Trace
from vmproof.engines.system import Action, Kind, Property, TransitionSystem
from vmproof.terms import Evaluator, Term, Value, evaluate

State = Mapping[str, Value]


def replay(
    system: TransitionSystem, trace: Trace, claim: Property | None = None, parameters: Mapping[str, Value] | None = None
) -> str | None:
    """None if `trace` is an execution of `system` that ends as it says; else one sentence that says what fails.

    With `claim`, the trace must also show what it is evidence of, for the values `parameters` of the claim's parameters: of an invariant,
    that its formula is false in the last state; of a reachable, that it is true there; of an eventuality, a fair execution (a loop or a
    stuck end) on which the goal is never reached after the premise held. The system must be sized.
    """
    if system.quantified or system.defined:
        return "the system has unsized types, so that its executions cannot be evaluated"
    failure = _execution(system, trace)
    if failure is None and claim is not None:
        failure = _evidence(system, trace, claim, parameters or {})
    return failure


def rerun(system: TransitionSystem, trace: Trace) -> State | None:
    """Where the steps of a trace, which may be another system's, lead from its first state; None where that state is not initial or a step
    is not possible."""
    state = trace.initial
    if evaluate([system.init], environment(system, state)) != [True]:
        return None
    actions = {action.name: action for action in system.actions}
    for step in trace.steps:
        action = actions[step.action]
        inputs = (*action.parameters, *action.choices)
        if any(item.name not in step.parameters for item in inputs):
            return None
        values = {**environment(system, state), **{item.term: step.parameters[item.name] for item in inputs}}
        possible, *after = evaluate([action.guard, *action.next.values()], values)
        if possible is not True:
            return None
        changed = dict(zip(action.next, after, strict=True))
        state = {v.path: normal_value(v, changed.get(v.path, state[v.path])) for v in system.variables}
    return state


def states_of(trace: Trace) -> list[State]:
    """The states of a trace in order, the initial one first."""
    return [trace.initial, *(step.state for step in trace.steps)]


def environment(system: TransitionSystem, state: State) -> dict[Term, Value]:
    """The values of the system's variables in a state; KeyError names the leaf that the state lacks."""
    return {variable.term: state[variable.path] for variable in system.variables}


def enabled(system: TransitionSystem, state: State) -> Iterator[tuple[Action, tuple[Value, ...]]]:
    """The actions that may happen in a state, with values of their parameters followed by those of their choices."""
    values = environment(system, state)
    for action in system.actions:
        guard = Evaluator([action.guard])
        inputs = (*action.parameters, *action.choices)
        for valuation in valuations(inputs):
            values.update(zip((item.term for item in inputs), valuation, strict=True))
            if guard.run(values) == [True]:
                yield action, valuation


def _execution(system: TransitionSystem, trace: Trace) -> str | None:
    for number, state in enumerate(states_of(trace)):
        for variable in system.variables:
            if variable.path not in state:
                return f"state {number} gives no value to {variable.path}"
            clause = misfit(variable, state[variable.path])
            if clause is not None:
                return f"in state {number}, {clause}"
    if evaluate([system.init], environment(system, trace.initial)) != [True]:
        return "the first state is not an initial state"
    states = states_of(trace)
    actions = {action.name: action for action in system.actions}
    for number, step in enumerate(trace.steps, 1):
        if step.action not in actions:
            return f"step {number} is {step.action}, which is no action of {system.name}"
        failure = _step(system, actions[step.action], step.parameters, states[number - 1], step.state)
        if failure is not None:
            return f"step {number}: {failure}"
    if trace.loop is not None:
        if not 0 <= trace.loop < len(trace.steps):
            return f"the trace returns to state {trace.loop}, which no step leaves"
        for variable in system.variables:
            if not same_value(variable, states[-1][variable.path], states[trace.loop][variable.path]):
                return f"the trace does not return to state {trace.loop}: {variable.path} differs"
    if trace.stuck:
        movable = next(enabled(system, states[-1]), None)
        if movable is not None:
            return f"the last state is not stuck: {movable[0].name} is enabled in it"
    return None


def _step(system: TransitionSystem, action: Action, parameters: Mapping[str, Value], before: State, after: State) -> str | None:
    values = environment(system, before)
    for item in (*action.parameters, *action.choices):
        if item.name not in parameters:
            return f"{action.name} has no value for {item.name}"
        value = parameters[item.name]
        if not isinstance(value, int) or not 0 <= int(value) < sort_size(item.term.sort, item.domain):
            return f"{item.name} = {value} is not one of its values"
        values[item.term] = value
    paths = list(action.next)
    allowed, *results = evaluate([action.guard, *action.next.values()], values)
    if allowed is not True:
        return f"{action.name} is not enabled"
    given = dict(zip(paths, results, strict=True))
    for variable in system.variables:
        expected = given.get(variable.path, before[variable.path])
        if variable.rigid and not same_value(variable, before[variable.path], expected):
            return f"{action.name} changes the constant {variable.path}"
        if not same_value(variable, expected, after[variable.path]):
            return f"{variable.path} is not what {action.name} makes it"
    return None


def _evidence(system: TransitionSystem, trace: Trace, claim: Property, parameters: Mapping[str, Value]) -> str | None:
    values: dict[Term, Value] = {}
    for item in claim.parameters:
        if item.name not in parameters:
            return f"{claim.name} has no value for {item.name}"
        value = parameters[item.name]
        if not isinstance(value, int) or not 0 <= int(value) < sort_size(item.term.sort, item.domain):
            return f"{item.name} = {value} is not one of its values"
        values[item.term] = value
    states = states_of(trace)

    def holds(term: Term, state: State) -> bool:
        return evaluate([term], {**environment(system, state), **values}) == [True]

    if claim.kind is Kind.ALWAYS:
        return f"the last state does not violate {claim.name}" if holds(claim.term, states[-1]) else None
    if claim.kind is Kind.SOMETIMES:
        return None if holds(claim.term, states[-1]) else f"{claim.name} does not hold in the last state"
    if trace.loop is None and not trace.stuck:
        return "the trace ends although it could go on"
    last = max((number for number, state in enumerate(states) if holds(claim.term, state)), default=-1)
    if trace.loop is not None and last >= trace.loop:
        return f"the goal of {claim.name} is reached in state {last}, which the trace returns to"
    starts = range(last + 1, len(states)) if claim.premise is not None else range(1)
    if claim.premise is None and last >= 0:
        return f"the goal of {claim.name} is reached in state {last}"
    if claim.premise is not None and not any(holds(claim.premise, states[number]) for number in starts):
        return f"the premise of {claim.name} does not hold after the goal was last reached"
    return _unfair(system, trace) if trace.loop is not None else None


def _unfair(system: TransitionSystem, trace: Trace) -> str | None:
    """What is wrong with the loop of a trace: a fair action that stays enabled in it and never happens."""
    assert trace.loop is not None
    steps = trace.steps[trace.loop :]
    always: set[tuple[str, tuple[Value, ...]]] | None = None
    for state in states_of(trace)[trace.loop : -1]:
        here = {(action.name, values[: len(action.parameters)]) for action, values in enabled(system, state) if action.fair}
        always = here if always is None else always & here
    parameters = {action.name: [item.name for item in action.parameters] for action in system.actions}
    happened = {(step.action, tuple(step.parameters[name] for name in parameters[step.action])) for step in steps}
    waiting = sorted((always or set()) - happened, key=str)
    if not waiting:
        return None
    name, chosen = waiting[0]
    shown = ", ".join(f"{key} = {value}" for key, value in zip(parameters[name], chosen, strict=True))
    return f"the loop is not fair: {name}({shown}) stays enabled in it and never happens"
