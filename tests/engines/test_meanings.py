"""Quantifiers below quantifiers and bulk updates with quantified elements, said of other states: refinement and noninterference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vmproof.engines.induction import induction
from vmproof.engines.noninterference import Policy, noninterference
from vmproof.engines.reading import transition_system
from vmproof.engines.refinement import Matching, refinement
from vmproof.engines.system import Parameter, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool
from vmproof.terms import bitvec

GRAPH = """
from vmproof.lang import *

Node = unsized("Node")


class Graph(State):
    edge: array[(Node, Node), bool]
    safe: array[Node, bool]
    whole: bool


@init
def start(w):
    return not w.whole and forall(lambda a: not w.safe[a] and exists(lambda b: w.edge[a, b], Node), Node)


@action
def spread(w):
    w.safe = array(lambda a: forall(lambda b: implies(w.edge[a, b], w.safe[b]), Node))


@action
def look(w):
    w.whole = forall(lambda a: exists(lambda b: w.edge[a, b] and w.safe[b], Node), Node)


@action
def cut(w, a: Node, b: Node):
    require(exists(lambda c: c != b and w.edge[a, c], Node))
    w.edge[a, b] = False
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[SolverPool]:
    with SolverPool(timeout=20) as made:
        yield made


def read(folder: Path, name: str, text: str) -> TransitionSystem:
    path = folder / f"{name}.py"
    return transition_system(load_system(path, texts={path.resolve(): text}))


@pytest.mark.parametrize(
    ("original", "changed", "failing"),
    [
        ("", "", set()),
        ("w.edge[a, b], w.safe[b]", "w.edge[b, a], w.safe[b]", {"spread"}),
        ("c != b and w.edge[a, c]", "w.edge[a, c]", {"cut"}),
    ],
)
def test_a_system_refines_itself_and_nothing_that_quantifies_otherwise(
    pool: SolverPool, tmp_path: Path, original: str, changed: str, failing: set[str]
) -> None:
    assert original in GRAPH
    concrete, abstract = read(tmp_path, "graph", GRAPH.replace(original, changed, 1) if original else GRAPH), read(tmp_path, "above", GRAPH)
    matched = {action.name: [Matching(action.name, {item.name: item.term for item in action.parameters})] for action in concrete.actions}
    answers = refinement(concrete, abstract, concrete.state, matched, pool=pool)
    assert {answer.property for answer in answers if answer.verdict is not Verdict.PROVED} == failing
    assert len(answers) == 4


def test_what_is_quantified_is_said_of_both_runs(pool: SolverPool, tmp_path: Path) -> None:
    """Who sees all of the state learns nothing more; who does not see `edge` learns of it by what is safe and what can be cut."""
    system = read(tmp_path, "graph", GRAPH)
    p, state = system.pool, system.state
    [node] = {item.term.sort for action in system.actions for item in action.parameters}
    one, two = p.fresh("one", node), p.fresh("two", node)
    edge, safe = p.select(p.select(state["edge"], one), two), p.select(state["safe"], one)
    me, source = p.fresh("me", bitvec(1)), p.fresh("source", bitvec(1))

    terms = {"edge": edge, "safe": safe, "whole": state["whole"]}

    def unproved(action: str, *seen: str) -> set[str]:
        policy = Policy(
            domain=Parameter("me", me),
            source=source,
            flows=p.true,
            observations=tuple(terms[name] for name in seen),
            acting={item.name: p.bv(0, 1) for item in system.actions},
            places=(Parameter("one", one), Parameter("two", two)),
        )
        part = replace(system, actions=tuple(item for item in system.actions if item.name == action))
        answers = noninterference(part, policy, pool=pool)
        assert len(answers) == 3
        return {answer.property for answer in answers if answer.verdict is not Verdict.PROVED}

    for action in system.actions:
        assert unproved(action.name, *terms) == set()
    assert unproved("spread", "safe", "whole") == {"step consistency of spread"}
    assert unproved("cut", "safe", "whole") == {"output consistency of cut"}


def test_updates_that_follow_each_other_take_no_recursion(pool: SolverPool, tmp_path: Path) -> None:
    update = "    w.safe = array(lambda a: forall(lambda b: implies(w.edge[a, b], w.safe[b]), Node))\n"
    assert update in GRAPH
    many = "    for turn in range(500):\n        w.safe = array(lambda a: w.safe[a] and not w.edge[a, a])\n"
    never = '\n\n@invariant("nothing is safe")\ndef never(w, a: Node):\n    return not w.safe[a]\n'
    system = read(tmp_path, "graph", GRAPH.replace(update, many) + never)
    [answer] = induction(system, system.properties, pool=pool)
    assert answer.verdict is Verdict.PROVED
