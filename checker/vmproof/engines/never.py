"""Whether something never happens, by induction with guesses: that leaves keep one value for ever.

What fails of the guesses is dropped, and the rest are invariants (C. Flanagan, K. R. M. Leino: "Houdini, an Annotation Assistant for
ESC/Java", FME 2001). That is enough where a change has cut off what sets a flag or fills a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmproof.engines.domains import index_count
from vmproof.engines.induction import induction
from vmproof.engines.system import Kind, Parameter, Property, TransitionSystem, Variable
from vmproof.engines.verdict import Verdict
from vmproof.solvers import SolverPool
from vmproof.terms import ArraySort, BoolSort, Term


def never(system: TransitionSystem, happening: Property, lemmas: Sequence[Property], pool: SolverPool, timeout: float) -> bool:
    """Whether induction proves that a `reachable` is true in no reachable state, with the help of invariants that are known."""
    claim = Property(Kind.ALWAYS, happening.name, happening.sentence, happening.parameters, system.pool.not_(happening.term))
    answers = induction(system, [claim, *lemmas, *_guesses(system)], pool=pool, timeout=timeout)
    return answers[0].verdict is Verdict.PROVED


def _guesses(system: TransitionSystem) -> Iterator[Property]:
    """For each flag that it is never set, or always; for each other leaf that it always is one of the constants of its type."""
    pool = system.pool
    constants = [v for v in system.variables if v.rigid]
    for variable in system.variables:
        if variable.rigid:
            continue
        parameters, element = _element(system, variable)
        if isinstance(element.sort, BoolSort):
            values = [element, pool.not_(element)]
        else:
            values = [pool.eq(element, other.term) for other in constants if other.sort == element.sort]
        for number, value in enumerate(values):
            yield Property(Kind.ALWAYS, f"{variable.path} keeps {number}", "", parameters, value)


def _element(system: TransitionSystem, variable: Variable) -> tuple[tuple[Parameter, ...], Term]:
    """A scalar of a leaf, at any indices."""
    parameters, element = [], variable.term
    for number, dimension in enumerate(variable.indices):
        assert isinstance(element.sort, ArraySort)
        index = system.pool.var(f"{variable.path}#kept {number}", element.sort.index)
        parameters.append(Parameter(f"index {number}", index, index_count(element.sort, dimension)))
        element = system.pool.select(element, index)
    return tuple(parameters), element
