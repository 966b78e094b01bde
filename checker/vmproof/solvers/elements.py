"""Arrays that a problem only reads, each time at an index that is a value: every such element is as good as a variable of its own.

So no solver needs the theory of arrays for them, and what is said to be equal to an element can be put in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vmproof.solvers.interface import Node, Problem, Reply
from vmproof.terms import BOOL, ArraySort, ArrayValue, Op, Value, default_value


@dataclass(frozen=True)
class Element:
    """An element that became the variable `name`: of the array variable `array`, at `index`, one of those that it has by `default`."""

    name: str
    array: str
    index: Value
    default: Value


def apart(problem: Problem) -> tuple[Problem, list[Element]]:
    """The problem with variables for the elements of such arrays; what was an array is an unused constant then."""
    arrays = {row for row, node in enumerate(problem.nodes) if isinstance(problem.sorts[node.sort], ArraySort)}
    whole = _used_whole(problem, arrays)
    if whole == arrays:
        return problem, []
    taken = {str(node.data) for node in problem.nodes if node.op is Op.VAR}
    nodes, elements = list(problem.nodes), list[Element]()
    for row, node in enumerate(problem.nodes):
        if node.op is not Op.SELECT or node.args[0] in whole or nodes[node.args[0]].op is not Op.VAR:
            continue
        array, index = str(nodes[node.args[0]].data), problem.nodes[node.args[1]].data
        name = f"{array}[{index}]"
        while name in taken:
            name += "'"
        taken.add(name)
        nodes[row] = Node(Op.VAR, (), name, node.sort)
        elements.append(Element(name, array, index, default_value(problem.sorts[node.sort])))
    for row in arrays - whole:
        if nodes[row].op is Op.VAR:
            nodes[row] = Node(Op.CONST, (), True, problem.sorts.index(BOOL))
    return replace(problem, nodes=tuple(nodes)), elements


def together(reply: Reply, elements: list[Element]) -> Reply:
    """The reply with values of the arrays in place of those of their elements."""
    if reply.values is None or not elements:
        return reply
    values = dict(reply.values)
    for element in reversed(elements):  # one may be an array that has elements itself
        array = values.get(element.array, ArrayValue(element.default))
        assert isinstance(array, ArrayValue)
        values[element.array] = array.set(element.index, values.pop(element.name))
    return replace(reply, values=values)


def _used_whole(problem: Problem, arrays: set[int]) -> set[int]:
    """The rows of arrays that stand anywhere but in a read at a value."""
    found: set[int] = set()
    for node in problem.nodes:
        for position, row in enumerate(node.args):
            read = node.op is Op.SELECT and position == 0 and problem.nodes[node.args[1]].op is Op.CONST
            if row in arrays and not read:
                found.add(row)
    return found
