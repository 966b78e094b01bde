"""Changed texts of descriptions: a statement left out, a piece of a line written otherwise. No file is touched."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from vmproof.errors import InputError
from vmproof.language.source import Source
from vmproof.language.suggest import suggest
from vmproof.theorems.theorem import Change


def without(source: Source, statement: ast.stmt) -> str:
    """The file with `pass` in place of a statement; the lines that follow keep their numbers."""
    return rewritten(source, statement, "pass")


def rewritten(source: Source, node: ast.stmt | ast.expr, text: str) -> str:
    """The file with `text` in place of a node; the lines that follow keep their numbers where the node is a statement."""
    lines = list(source.lines)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before = lines[first].encode()[: node.col_offset].decode()
    after = lines[last].encode()[node.end_col_offset or 0 :].decode()
    padding = [""] * (last - first) if isinstance(node, ast.stmt) else []
    lines[first : last + 1] = [f"{before}{text}{after}", *padding]
    return "\n".join(lines)


def shown(source: Source, node: ast.AST) -> str:
    """The source line that a node begins on."""
    line: int = getattr(node, "lineno", 1)
    return source.lines[line - 1].strip() if line <= len(source.lines) else ""


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements of a body, those inside others too, in order."""
    for statement in body:
        yield statement
        for part in ("body", "orelse"):
            yield from statements(getattr(statement, part, []))
        for case in getattr(statement, "cases", []):
            yield from statements(case.body)


def apply(change: Change, sources: Sequence[Source]) -> tuple[Source, str]:
    """The file that a change touches and its new text. Raises InputError where the change does not fit the subject."""
    functions = [(source, node) for source in sources for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)]
    named = [(source, node) for source, node in functions if change.function in (node.name, f"{source.path.stem}.{node.name}")]
    if not named:
        hint = suggest(change.function, [node.name for _, node in functions])
        raise InputError(f"the subject has no function `{change.function}`", change.place, hint)
    source, function = named[0]
    return source, _dropped(change, source, function) if change.drop else _exchanged(change, source, function)


def _dropped(change: Change, source: Source, function: ast.FunctionDef) -> str:
    wanted = _canonical(change.drop)
    if wanted is None:
        raise InputError(f"`{change.drop}` is no statement", change.place)
    candidates = {statement: ast.unparse(statement) for statement in statements(function.body)}
    matching = [statement for statement, text in candidates.items() if text == wanted]
    if len(matching) != 1:
        problem = "does not stand" if not matching else f"stands {len(matching)} times"
        hint = suggest(wanted, candidates.values())
        raise InputError(f"`{change.drop}` {problem} in `{change.function}`", change.place, hint)
    return without(source, matching[0])


def _exchanged(change: Change, source: Source, function: ast.FunctionDef) -> str:
    first, last = function.lineno - 1, function.end_lineno or function.lineno
    body = "\n".join(source.lines[first:last])
    count = body.count(change.replace)
    if count != 1:
        problem = "does not stand" if not count else f"stands {count} times"
        raise InputError(f"`{change.replace}` {problem} in `{change.function}`", change.place)
    return "\n".join([*source.lines[:first], body.replace(change.replace, change.by), *source.lines[last:]])


def _canonical(text: str) -> str | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return ast.unparse(tree.body[0]) if len(tree.body) == 1 else None
