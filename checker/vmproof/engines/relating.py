"""From a file that relates systems to what refinement and noninterference take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vmproof.engines.noninterference import Policy
from vmproof.engines.promises import Ensured, Offer, Promise
from vmproof.engines.reading import count, legal_value, transition_system, value_names
from vmproof.engines.refinement import Matching
from vmproof.engines.system import Defined, Parameter, Quantified, TransitionSystem
from vmproof.errors import InputError
from vmproof.language.machine import RelatingDeclaration
from vmproof.language.relations import NamedEnsured, NamedOffer, Observation, Relation
from vmproof.language.systems import System
from vmproof.language.types import Type, leaves
from vmproof.terms import Term


@dataclass(frozen=True, eq=False)
class Refinement:
    """Two systems and how one is seen as the other: what `refinement` takes, and the systems as the language has them."""

    below: System
    above: System
    concrete: TransitionSystem
    abstract: TransitionSystem
    abstraction: Mapping[str, Term]
    actions: Mapping[str, Sequence[Matching | None]]
    promises: Sequence[Promise] = ()


@dataclass(frozen=True, eq=False)
class Separation:
    """A system and a policy: what `noninterference` takes. `observations` are those of the policy by their functions, with their places;
    `types` are those of the domain and of the places, by name."""

    system: System
    transitions: TransitionSystem
    policy: Policy
    observations: tuple[Observation, ...]
    types: Mapping[str, Type]


def read_refinement(relation: Relation, subject: Path, refines: Path) -> Refinement:
    """What a file says of two systems. Raises `InputError` where it is wrong or lacks something."""
    _only(relation, ("abstraction", "simulates", "offers", "ensures"), "maps one system to another")
    below, above = relation.system(subject), relation.system(refines)
    concrete, abstract = transition_system(below), transition_system(above)
    for action in abstract.actions:
        if action.choices:
            hint = "what it chooses becomes a parameter, which the mapping gives"
            raise InputError(f"the action `{action.name}` of {above.name} chooses a value", action.place, hint)
    seen = relation.abstraction(_one(relation, "abstraction"), below, above)
    actions: dict[str, list[Matching | None]] = {}
    for declaration in relation.of("simulates"):
        for name in declaration.actions:
            steps = relation.steps(declaration, relation.action(declaration, name, below), below, above, seen)
            actions[name] = [*(Matching(step.action.name, step.inputs) for step in steps), *([None] if declaration.stutters else [])]
    promises: list[Promise] = [_offer(relation.offered(declaration, below, above, seen), concrete) for declaration in relation.of("offers")]
    for declaration in relation.of("ensures"):
        promises += [_ensured(relation.ensured(declaration, name, below), concrete) for name in declaration.actions]
    constants = {v.path: v.term for v in concrete.variables if v.rigid}
    return Refinement(below, above, _complete(concrete, relation), _complete(abstract, relation), {**seen, **constants}, actions, promises)


def _offer(given: NamedOffer, concrete: TransitionSystem) -> Offer:
    declaration, name = given.declaration, given.declaration.function.name
    for action in concrete.actions:
        if action.name == name:
            raise InputError(f"`{name}` is an action of {concrete.name}; what it offers has a name of its own", declaration.place)
        if action.name in given.inputs and action.choices:
            raise InputError(f"the action `{action.name}` chooses a value; what is offered is possible or not", declaration.place)
    return Offer(name, _parameters(given.parameters), concrete.pool.and_(_legal(given.parameters, concrete), given.premise), given.inputs)


def _ensured(given: NamedEnsured, concrete: TransitionSystem) -> Ensured:
    body = concrete.pool.implies(_legal(given.parameters, concrete), given.body)
    return Ensured(given.declaration.function.name, given.action, _parameters(given.parameters), given.after, body)


def _legal(given: Mapping[str, tuple[Type, Term]], concrete: TransitionSystem) -> Term:
    return concrete.pool.and_(*(legal_value(concrete.pool, kind, term) for kind, term in given.values()))


def _parameters(given: Mapping[str, tuple[Type, Term]]) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, term, count(kind), value_names(kind)) for name, (kind, term) in given.items())


def read_separation(relation: Relation, subject: Path) -> Separation:
    """What a file says of who may learn what of a system. Raises `InputError` where it is wrong or lacks something."""
    _only(relation, ("observes", "may_flow", "acts_for", "tells"), "says who may learn what")
    system = relation.system(subject)
    transitions = transition_system(system)
    pool = relation.pool
    may_flow = _one(relation, "may_flow")
    (_, domain), (_, other) = may_flow.parameters
    observing = relation.of("observes")
    if not observing:
        raise InputError("no function says what a domain observes", relation.place, "@observes above one that takes the state and a domain")
    for declaration in (may_flow, *observing):
        kind = other if declaration is may_flow else declaration.parameters[0][1]
        if kind != domain:
            raise InputError(f"`{declaration.function.name}` speaks of {kind}, and the domains are {domain}", declaration.place)
    me = Parameter("observer", pool.fresh("observer", next(leaves(domain)).sort), count(domain), value_names(domain))
    source = pool.fresh("source", me.term.sort)
    observations = tuple(relation.observation(declaration, system, me.term) for declaration in observing)
    acting: dict[str, Term] = {}
    for declaration in relation.of("acts_for"):
        for name in declaration.actions:
            acting[name] = relation.acting(declaration, relation.action(declaration, name, system), system, domain)
    for action in transitions.actions:
        if action.name not in acting:
            hint = f'@acts_for("{action.name}") above a function that gives a domain'
            raise InputError(f"no function says on whose behalf `{action.name}` happens", relation.place, hint)
    outputs: dict[str, tuple[Term, ...]] = {}
    for declaration in relation.of("tells"):
        for name in declaration.actions:
            outputs[name] = tuple(relation.told(declaration, relation.action(declaration, name, system), system))
    places: list[Parameter] = []
    types: dict[str, Type] = {me.name: domain}
    for item in observations:
        for name, kind in item.declaration.parameters[1:]:
            shown = name if name not in types else f"{name} of {item.declaration.function.name}"
            types[shown] = kind
            places.append(Parameter(shown, item.places[name], count(kind), value_names(kind)))
    policy = Policy(
        domain=me,
        source=source,
        flows=relation.flows(may_flow, source, me.term),
        observations=tuple(term for item in observations for term in item.terms),
        acting=acting,
        places=tuple(places),
        outputs=outputs,
    )
    return Separation(system, _complete(transitions, relation), policy, observations, types)


def _only(relation: Relation, kinds: Sequence[str], what: str) -> None:
    for item in relation.machine.relating:
        if item.kind not in kinds:
            raise InputError(f"`{item.function.name}` is an @{item.kind}, which has no place in a file that {what}", item.place)


def _one(relation: Relation, kind: str) -> RelatingDeclaration:
    found = relation.of(kind)
    if not found:
        raise InputError(f"there is no @{kind} in {relation.path.name}", relation.place)
    return found[0]


def _complete(system: TransitionSystem, relation: Relation) -> TransitionSystem:
    """The system with the meaning of what the file's functions quantify and define."""
    return replace(
        system,
        quantified=tuple(Quantified(marker, bound, body) for marker, bound, body in relation.machine.quantified),
        defined=tuple(Defined(array, bound, body) for array, bound, body in relation.machine.defined),
    )
