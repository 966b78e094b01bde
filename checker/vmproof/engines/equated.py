"""What terms that hold say to be a certain value: a leaf, or an element of one.

Put in where it stands, it often decides a choice, and what is left is a smaller question.
"""

from __future__ import annotations

from collections.abc import Iterable

from vmproof.terms import Op, Term, conjuncts


def equated(terms: Iterable[Term]) -> dict[Term, Term]:
    """The variables, and elements of array variables, that conjuncts of the terms say to be a value, each with its value."""
    return dict(pair for part in conjuncts(terms) if (pair := equation(part)) is not None)


def equation(part: Term) -> tuple[Term, Term] | None:
    """The variable, or the element of one, that a term says to be a value, with that; None where it says something else."""
    pool = part.pool
    plain, value = part, pool.true
    if part.op is Op.NOT:
        plain, value = part.args[0], pool.false
    elif part.op is Op.EQ and _is_value(part.args[0]):
        value, plain = part.args
    elif part.op is Op.EQ and _is_value(part.args[1]):
        plain, value = part.args
    leaf = plain.op is Op.VAR or (plain.op is Op.SELECT and plain.args[0].op is Op.VAR and plain.args[1].is_const)
    return (plain, value) if leaf else None


def _is_value(term: Term) -> bool:
    """Whether a term is a value; of an array, written out element by element."""
    while term.op is Op.STORE and term.args[1].is_const and term.args[2].is_const:
        term = term.args[0]
    return term.is_const or (term.op is Op.ARRAY and term.args[0].is_const)
