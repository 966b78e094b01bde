"""Reading a description's text: bytes to `ast`, every mistake with file, line and column, nothing executed."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from vmproof.errors import InputError, Place

MAX_BYTES = 2_000_000
MAX_DEPTH = 200  # nesting of syntax; the evaluator's own recursion is bounded by it
_LINE_END = re.compile(r"\r\n|\r|\n")  # what Python's tokenizer takes for one; `splitlines` knows more


@dataclass(frozen=True, eq=False)
class Source:
    """One file of a description: its path, its lines and its syntax tree."""

    path: Path
    lines: tuple[str, ...]
    tree: ast.Module

    def place(self, node: ast.AST) -> Place:
        """Where `node` stands; a node without a position stands at the file's beginning."""
        return self.at(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)

    def at(self, line: int, column: int = 1) -> Place:
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        if column > 1:  # ast counts bytes of UTF-8; people count characters
            column = len(text.encode()[: column - 1].decode(errors="replace")) + 1
        return Place(self.path, line, column, text)


def read_source(path: Path) -> Source:
    """Read and parse a description.

    Raises `InputError` for a file that cannot be read, is no UTF-8 text, is too large or too deeply nested, or is no Python syntax.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a description") from None
    except OSError as problem:
        raise InputError(f"{path} cannot be read ({problem.strerror or problem})") from None
    except ValueError:
        raise InputError("the name of the file contains a null character") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path} has more than {MAX_BYTES} bytes, which is the most a description may have")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise InputError("the file is not UTF-8 text", Place(path, line)) from None
    return parse(text, path)


def parse(text: str, path: Path) -> Source:
    """Parse the text of a description. Raises `InputError` where it is no Python syntax or nested too deeply."""
    lines = tuple(_LINE_END.split(text))
    if "\0" in text:
        raise InputError("the file contains a null character", Place(path, text[: text.index("\0")].count("\n") + 1))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a string is no concern of the person at the terminal
            tree = ast.parse(text)
    except SyntaxError as problem:
        line = min(max(problem.lineno or 1, 1), max(len(lines), 1))
        shown = lines[line - 1] if lines else ""
        column = min(max(problem.offset or 1, 1), len(shown) + 1)
        raise InputError(f"syntax error: {problem.msg}", Place(path, line, column, shown)) from None
    except (RecursionError, MemoryError):
        raise InputError("the text is nested too deeply to be read", Place(path, 1)) from None
    except UnicodeEncodeError:
        raise InputError("the text contains half of a surrogate pair", Place(path, 1)) from None
    except ValueError as problem:  # an integer literal beyond the interpreter's digits limit
        raise InputError(f"the text cannot be read: {str(problem).split(';')[0].lower()}", Place(path, 1)) from None
    source = Source(path, lines, tree)
    _check_depth(source)
    return source


def _check_depth(source: Source) -> None:
    stack: list[tuple[ast.AST, int]] = [(source.tree, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise InputError(f"this is nested more than {MAX_DEPTH} levels deep", source.place(node))
        stack.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
