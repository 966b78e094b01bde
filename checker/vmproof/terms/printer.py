"""Text of terms, and a digest of their structure; neither depends on the order in which a pool made them."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from zlib import crc32

from .dag import reachable
from .sorts import BOOL
from .term import Op, Term

COMMUTATIVE = frozenset({Op.AND, Op.EQ, Op.ADD, Op.MUL, Op.BVAND, Op.BVOR, Op.BVXOR})

# The representation of a term, for error messages and debuggers, shows so many nodes.
SHOWN = 40


def leaf(term: Term) -> str:
    """A constant or variable: true, #x0f (a multiple of 4 bits), #b101, a variable's name, Sort!3."""
    if term.op is Op.VAR:
        return str(term.data)
    if term.sort is BOOL:
        return "true" if term.data else "false"
    if term.width:
        return f"#x{term.data:0{term.width // 4}x}" if term.width % 4 == 0 else f"#b{term.data:0{term.width}b}"
    return f"{term.sort}!{term.data}"


def head(term: Term) -> str:
    """The operator with what it needs beside its arguments."""
    if term.op is Op.EXTRACT:
        return f"extract {term.data[0]} {term.data[1]}"
    if term.op is Op.SEXT:
        return f"sign_extend {term.width}"
    if term.op is Op.ARRAY:
        return f"const-array {term.sort}"
    return term.op.value


def digests(terms: Iterable[Term]) -> dict[Term, bytes]:
    """For `terms` and all below them a digest of the structure, sorts included; equal in every pool and every run."""
    result: dict[Term, bytes] = {}
    sorts: dict[int, bytes] = {}
    for term in reachable(terms):
        sort = sorts.get(id(term.sort))
        if sort is None:
            sort = sorts[id(term.sort)] = str(term.sort).encode()
        parts = [result[arg] for arg in term.args]
        if term.op in COMMUTATIVE:
            parts.sort()
        text = term.op.value if term.data is None else f"{term.op.value} {term.data!r}"
        result[term] = blake2b(b"\0".join((text.encode(), sort, *parts)), digest_size=16).digest()
    return result


def fingerprint(terms: Iterable[Term]) -> str:
    """A key, in hexadecimal, that equals another's only if the terms have the same structure, names and sorts, in order."""
    wanted = list(terms)
    known = digests(wanted)
    return blake2b(b"".join(known[term] for term in wanted), digest_size=16).hexdigest()


def to_text(term: Term) -> str:
    """The term in prefix notation; a term that occurs more than once is named %1, %2, ... on a line of its own before.

    Equal terms of different pools give equal text. Variables are shown without their sorts (`fingerprint` has them).
    """
    args = _ordered(reachable([term]))
    uses: dict[Term, int] = {}
    for ordered in args.values():
        for arg in ordered:
            uses[arg] = uses.get(arg, 0) + 1
    shared = {node for node, count in uses.items() if count > 1 and node.args}
    names: dict[Term, str] = {}
    lines: list[str] = []
    for node in _shared_order(term, args, shared):
        text = _expression(node, args, names)
        if node is term:
            lines.append(text)
        else:
            names[node] = f"%{len(names) + 1}"
            lines.append(f"{names[node]} = {text}")
    return "\n".join(lines)


def _ordered(nodes: list[Term]) -> dict[Term, tuple[Term, ...]]:
    """The arguments of each node; those of a commutative one as variables by name, then others by structure, then constants.

    Structure is compared by a hash that is the same in each run (of integers only, and the hash of a name is its CRC-32):
    two arguments that it cannot tell apart keep their order.
    """
    keys: dict[Term, tuple[int, str, int]] = {}
    result: dict[Term, tuple[Term, ...]] = {}
    numbers = {op: number for number, op in enumerate(Op)}
    for node in nodes:
        args = node.args
        if not args:
            text = leaf(node)
            keys[node] = (0 if node.op is Op.VAR else 2, text, crc32(text.encode()))
            continue
        if node.op in COMMUTATIVE:
            if len(args) != 2:
                args = tuple(sorted(args, key=keys.__getitem__))
            elif keys[args[1]] < keys[args[0]]:
                args = (args[1], args[0])
        result[node] = args
        keys[node] = (1, "", hash((numbers[node.op], node.width, node.data or 0, *[keys[arg][2] for arg in args])))
    return result


def _shared_order(term: Term, args: dict[Term, tuple[Term, ...]], shared: set[Term]) -> list[Term]:
    """The shared terms, each after those it uses, in the order of a walk from the left; `term` is the last."""
    order: list[Term] = []
    done: set[Term] = set()
    pending: list[tuple[Term, bool]] = [(term, False)]
    while pending:
        node, finished = pending.pop()
        if finished:
            order.append(node)
            continue
        if node in done:
            continue
        done.add(node)
        if node is term or node in shared:
            pending.append((node, True))
        pending.extend((arg, False) for arg in reversed(args.get(node, ())) if arg.args)
    return order


def _expression(term: Term, args: dict[Term, tuple[Term, ...]], names: dict[Term, str]) -> str:
    """The text of one term, where what is below it is written out unless it has a name."""
    pieces: list[str] = []
    pending: list[Term | str] = [term]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            pieces.append(node)
        elif node in names:
            pieces.append(names[node])
        elif not node.args:
            pieces.append(leaf(node))
        else:
            pieces.append(f"({head(node)}")
            pending.append(")")
            for arg in reversed(args[node]):
                pending.append(arg)
                pending.append(" ")
    return "".join(pieces)


def brief(term: Term) -> str:
    """The term in prefix notation, cut after SHOWN nodes; for messages."""
    pieces: list[str] = []
    pending: list[Term | str] = [term]
    count = 0
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            pieces.append(node)
            continue
        count += 1
        if count > SHOWN:
            pieces.append("...")
        elif not node.args:
            pieces.append(leaf(node))
        else:
            pieces.append(f"({head(node)}")
            pending.append(")")
            for arg in reversed(node.args):
                pending.append(arg)
                pending.append(" ")
    return "".join(pieces)
