"""Graphs of small systems in the language of Graphviz: every reachable state, and the actions between them."""

from __future__ import annotations

from dataclasses import replace

from vmproof.engines.explicit import explore
from vmproof.engines.search import Limits, Search
from vmproof.engines.system import TransitionSystem
from vmproof.errors import InputError
from vmproof.formats.naming import Naming, Plain
from vmproof.solvers import SolverPool

MOST_STATES = 500
"""A graph of more states is nothing that anybody could look at."""


def dot(naming: Naming, system: TransitionSystem, pool: SolverPool, seconds: float = 60.0) -> str:
    """The graph of a sized system. Raises InputError where it has too many states, or is beyond explicit search."""
    limits = replace(Limits(), states=MOST_STATES, seconds=seconds)
    explored = explore(system, [], pool=pool, limits=limits, symmetry=False, keep_edges=True)
    search = explored.search
    if search is None or not explored.complete:
        reason = search.reason if search is not None else explored.stuck.reason
        hint = f"a graph has at most {MOST_STATES} states; try smaller sizes"
        raise InputError(f"there is no graph of {system.name} ({reason})", hint=hint)
    lines = [f"digraph {_quoted(system.name)} {{", "  node [shape=box, fontname=monospace];", "  edge [fontname=monospace];"]
    initial = search.levels[1] if len(search.levels) > 1 else 0
    for number in range(search.states.count):
        style = ", style=bold" if number < initial else ""
        lines.append(f"  s{number} [label={_quoted(_label(naming, search, number))}{style}];")
    for (source, target), actions in sorted(_edges(naming, search).items()):
        lines.append(f"  s{source} -> s{target} [label={_quoted(chr(10).join(actions))}];")
    return "\n".join([*lines, "}"]) + "\n"


def _label(naming: Naming, search: Search, number: int) -> str:
    state = search.model.state(search.states.state(number))
    rigid = {leaf.path for leaf in naming.leaves if leaf.rigid}
    values = naming.summary(state, naming.constants(state))
    return "\n".join(f"{name} = {_text(value)}" for name, value in values.items() if name not in rigid)


def _edges(naming: Naming, search: Search) -> dict[tuple[int, int], list[str]]:
    assert search.edges is not None
    found: dict[tuple[int, int], dict[str, None]] = {}
    known = naming.constants(search.model.state(search.states.state(0))) if search.states.count else {}
    for source, target, label in zip(*(column.tolist() for column in search.edges.joined()), strict=True):
        instance = search.model.instances[label]
        chosen = naming.parameters(naming.actions[instance.action.name], instance.parameters, known)
        inside = ", ".join(f"{name} = {_text(value)}" for name, value in chosen.items())
        found.setdefault((source, target), {})[f"{instance.action.name}({inside})" if inside else instance.action.name] = None
    return {edge: list(actions) for edge, actions in found.items()}


def _text(value: Plain) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
