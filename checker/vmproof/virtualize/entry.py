"""The entry of any trap, whichever instruction raised it: every cause of the description, with every value."""

from __future__ import annotations

from vmproof.language import State, Trap
from vmproof.language.types import leaves
from vmproof.terms import BitVecSort, Term
from vmproof.virtualize.setting import REAL, Setting


def any_entry(setting: Setting, state: State) -> tuple[Term, State] | None:
    """That a trap has a cause which the description names, and the state after its entry; None where there is no trap entry."""
    machine = setting.description.machine
    if machine.trap_entry is None:
        return None
    pool = setting.pool
    cause = None if machine.cause_type is None else pool.var("entry.cause", BitVecSort(machine.cause_type.width))
    parts = [] if machine.value_type is None else leaves(machine.value_type)
    value = {part.path: pool.var(f"entry.value.{part.path}", part.sort) for part in parts}
    named = pool.true
    if cause is not None and machine.cause_type is not None and not machine.cause_type.total:
        codes = sorted(set(machine.cause_type.members.values()))
        named = pool.or_(*(pool.eq(cause, pool.bv(code, cause.width)) for code in codes))
    following = pool.var("entry.next_pc", setting.sort("pc")) if "pc" in setting.fields else None
    trap = Trap(pool.true, cause, value or None, False, dict(state), following)
    return named, setting.enter(trap, setting.physical(REAL))
