"""Evaluation: the value of terms where the variables have given values. The simulator and the replay of traces run on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from .dag import reachable
from .semantics import BINARY, sext, to_signed
from .term import Op, Term
from .values import ArrayValue, Value, check_value, default_value, equal_values

Environment: TypeAlias = "Mapping[Term, Value] | Callable[[Term], Value]"


class UnassignedVariable(KeyError):
    """A term was evaluated in an environment that does not give one of its variables a value; pass `default=True` for 0."""

    def __str__(self) -> str:
        return f"variable {self.args[0]} has no value"


def evaluate(terms: Iterable[Term], env: Environment, default: bool = False) -> list[Value]:
    """The values of `terms` in `env`, a mapping or function from variables to values.

    A variable that a mapping lacks is False, 0 or the array of these, if `default`; else UnassignedVariable is raised.
    ValueError for a value that is none of the variable's sort.
    """
    return Evaluator(terms).run(env, default)


class Evaluator:
    """Terms that are prepared to be evaluated many times."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms = list(terms)
        order = reachable(self._terms)
        self._variables = [term for term in order if term.op is Op.VAR]
        self._constants: dict[Term, Any] = {term: term.data for term in order if term.op is Op.CONST}
        self._steps = [(term, term.args, _STEPS[term.op]) for term in order if term.op is not Op.VAR and term.op is not Op.CONST]

    def run(self, env: Environment, default: bool = False) -> list[Value]:
        """The values of the terms in `env`; see `evaluate`."""
        values = dict(self._constants)
        for variable in self._variables:
            value: Value
            if callable(env):
                value = env(variable)
            elif variable in env:
                value = env[variable]
            elif default:
                value = default_value(variable.sort)
            else:
                raise UnassignedVariable(variable.data)
            if variable.width == 0 or not isinstance(value, int) or value >> variable.width:
                try:
                    check_value(variable.sort, value)
                except ValueError as error:
                    raise ValueError(f"variable {variable.data}: {error}") from None
            values[variable] = value
        for term, args, step in self._steps:
            values[term] = step(values, args, term)
        return [values[term] for term in self._terms]


_Step: TypeAlias = "Callable[[dict[Term, Any], tuple[Term, ...], Term], Any]"


def _and(values: dict[Term, Any], args: tuple[Term, ...], term: Term) -> bool:
    return all(map(values.__getitem__, args))


def _equal(values: dict[Term, Any], args: tuple[Term, ...], term: Term) -> bool:
    a, b = values[args[0]], values[args[1]]
    return equal_values(args[0].sort, a, b) if isinstance(a, ArrayValue) else bool(a == b)


def _concat(values: dict[Term, Any], args: tuple[Term, ...], term: Term) -> int:
    result = 0
    for arg in args:
        result = result << arg.width | values[arg]
    return result


def _binary(op: Op) -> _Step:
    function = BINARY[op]
    return lambda values, args, term: function(values[args[0]], values[args[1]], term.width)


_STEPS: dict[Op, _Step] = {
    Op.NOT: lambda v, args, term: not v[args[0]],
    Op.AND: _and,
    Op.EQ: _equal,
    Op.ITE: lambda v, args, term: v[args[1]] if v[args[0]] else v[args[2]],
    Op.BVNOT: lambda v, args, term: v[args[0]] ^ ((1 << term.width) - 1),
    Op.NEG: lambda v, args, term: -v[args[0]] & ((1 << term.width) - 1),
    Op.CONCAT: _concat,
    Op.EXTRACT: lambda v, args, term: v[args[0]] >> term.data[1] & ((1 << term.width) - 1),
    Op.SEXT: lambda v, args, term: sext(v[args[0]], args[0].width, term.width),
    Op.ULT: lambda v, args, term: v[args[0]] < v[args[1]],
    Op.SLT: lambda v, args, term: to_signed(v[args[0]], args[0].width) < to_signed(v[args[1]], args[1].width),
    Op.SELECT: lambda v, args, term: v[args[0]].get(v[args[1]]),
    Op.STORE: lambda v, args, term: v[args[0]].set(v[args[1]], v[args[2]]),
    Op.ARRAY: lambda v, args, term: ArrayValue(v[args[0]]),
}
_STEPS.update({op: _binary(op) for op in BINARY})
