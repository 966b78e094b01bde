"""What a result depends on, as a key: every file that is read, the theorem's options, and the versions of all that takes part."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from vmproof import __version__
from vmproof.data import library
from vmproof.theorems.theorem import Theorem

_LIBRARY = ("spec", "models")
_SOLVERS = ("z3-solver", "bitwuzla", "cvc5", "numpy")


def theorem_key(theorem: Theorem, timeout: float, solver: str) -> str:
    """A digest that equals another's only if both theorems ask the same of the same texts. Name, claim and folder do not count."""
    options: dict[str, Any] = {
        "prove": sorted(theorem.prove),
        "method": theorem.method,
        "expect": theorem.expect.value,
        "bound": theorem.bound,
        "steps": theorem.steps,
        "timeout": timeout,
        "sizes": dict(sorted(theorem.sizes.items())),
        "examples": dict(sorted(theorem.examples.items())),
        "parameters": dict(sorted(theorem.parameters.items())),
        "scenario": theorem.scenario,
        "critical": theorem.critical,
        "only": theorem.only,
        "solver": solver,
        "change": [theorem.change.function, theorem.change.drop, theorem.change.replace, theorem.change.by] if theorem.change else None,
    }
    digest = hashlib.blake2b(digest_size=20)
    digest.update(json.dumps([options, versions()]).encode())
    texts = {path.resolve(): text for path, text in theorem.texts.items()}
    roots = {"": theorem.subject, "refines": theorem.refines, "relation": theorem.relation}
    for name, content in (found for role, root in roots.items() if root is not None for found in _files(role, root, texts)):
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


@cache
def versions() -> str:
    """The versions of Python and the solvers, and a digest of vmproof's own text: after a change of either nothing old is believed."""
    digest = hashlib.blake2b(digest_size=16)
    package = Path(__file__).resolve().parents[1]
    for path in sorted(package.rglob("*.py")):
        if not path.is_relative_to(package / "data"):
            digest.update(f"\0{path.relative_to(package)}\0".encode() + path.read_bytes())
    installed = [f"{name} {_version(name)}" for name in _SOLVERS]
    return "; ".join([f"vmproof {__version__} {digest.hexdigest()}", f"Python {sys.version}", *installed])


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def _files(role: str, named: Path, texts: Mapping[Path, str]) -> Iterator[tuple[str, bytes]]:
    """A file that a theorem names in some role and every file that it may import, by the name under which it is imported, with its text.

    All places where an import may be found count, whether there is a file or not: one that appears later changes the key.
    """
    seen: set[Path] = set()
    pending = [(role, named.resolve())]
    root = named.resolve().parent
    while pending:
        name, path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        content = texts[path].encode() if path in texts else path.read_bytes() if path.is_file() else b""
        yield name, content
        for found in sorted(_imports(content)):
            parts = found.split(".")
            places = [path.parent, root, *([library().resolve()] if parts[0] in _LIBRARY else [])]
            for number, folder in enumerate(places):
                pending.append((f"{found} {number}", folder.joinpath(*parts[:-1], f"{parts[-1]}.py").resolve()))


def _imports(content: bytes) -> set[str]:
    """The dotted names of the files that a text may import: those that names are taken from, and those imported as a whole."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()  # nothing is read of such a file
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module != "vmproof.lang":
            before = [node.module] if node.module else []
            found.update(before)
            found.update(".".join([*before, alias.name]) for alias in node.names if alias.name != "*")
    return found
