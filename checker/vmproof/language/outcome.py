"""What one execution of an instruction can come to, as terms over the state it started from."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmproof.errors import Place
from vmproof.language.memory import Located
from vmproof.terms import Term

State = dict[str, Term]


@dataclass(frozen=True, eq=False)
class Trap:
    """A trap before its entry: under `guard`, with `cause` and `value` as the trap entry takes them (None where it takes none).

    `memory`: raised inside the translation. `state` is what survives: the state before, with the effects written inside `with kept():`.
    """

    guard: Term
    cause: Term | None
    value: dict[str, Term] | None
    memory: bool
    state: State
    next_pc: Term | None = None  # the address that follows the instruction, for the entry


@dataclass(frozen=True, eq=False)
class Explicit:
    """A translation that the instruction names itself.

    `current`: for the present mode, in a state whose registers are still the first ones.
    """

    guard: Term
    va: Term
    access: Term
    fault: Term
    address: Term
    current: bool


@dataclass(frozen=True, eq=False)
class Event:
    """One cell of a memory access, in program order. `address` is virtual unless `physical`; `value` is what was read or written."""

    guard: Term
    kind: str  # "load", "store", "fetch"
    physical: bool
    address: Term
    value: Term


@dataclass(frozen=True, eq=False)
class Obligation:
    """Something the description must make true: bits that are a member, a divisor that is not zero."""

    guard: Term
    claim: Term
    sentence: str
    place: Place


@dataclass(frozen=True, eq=False)
class Outcome:
    """All that an instruction can do from a state.

    `completes`: no trap, no unpredictable effect; then `state` is the state after, pc advanced. `traps` have mutually exclusive guards:
    at most one that is no memory trap and at most one that is. `waits`: completes, and reached `wait()`. `unpredictable`: reached
    `unpredictable()`.
    """

    completes: Term
    state: State
    traps: tuple[Trap, ...]
    waits: Term
    unpredictable: Term
    choices: tuple[Term, ...] = ()
    translations: tuple[Explicit, ...] = ()
    events: tuple[Event, ...] = ()
    obligations: tuple[Obligation, ...] = field(default=())


__all__ = ["Event", "Explicit", "Located", "Obligation", "Outcome", "State", "Trap"]
