"""What a result depends on, as a key: every file that is read, the theorem's options, and the versions of all that takes part."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from vmproof import __version__
from vmproof.data import library
from vmproof.theorems.theorem import Theorem

_LIBRARY = ("spec", "models")
_SOLVERS = ("z3-solver", "bitwuzla", "cvc5", "numpy")


def theorem_key(theorem: Theorem, timeout: float, solver: str, files: Files | None = None) -> str:
    """A digest that equals another's only if both theorems ask the same of the same texts. Name, claim and folder do not count.

    `files`: what is known of files that are taken not to change meanwhile.
    """
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
    files = files or Files()
    texts = {path.resolve(): text for path, text in theorem.texts.items()}
    roots = {"": theorem.subject, "refines": theorem.refines, "relation": theorem.relation}
    read = [files.digest(role, root, texts) for role, root in roots.items() if root is not None]
    return hashlib.blake2b(json.dumps([options, versions(), read]).encode(), digest_size=20).hexdigest()


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


class Files:
    """Files that theorems read: each is read once, and what it may import is looked for once."""

    def __init__(self) -> None:
        self._contents: dict[Path, tuple[bytes, tuple[str, ...]]] = {}
        self._digests: dict[tuple[str, Path], str] = {}

    def digest(self, role: str, named: Path, texts: Mapping[Path, str]) -> str:
        """A digest of a file that a theorem names in some role and of every file that it may import, by the name under which it is
        imported. `texts` stand in for files, by their resolved paths.

        All places where an import may be found count, whether there is a file or not: one that appears later changes the digest.
        """
        known = self._digests.get((role, named)) if not texts else None
        if known is not None:
            return known
        digest = hashlib.blake2b(digest_size=20)
        seen: set[Path] = set()
        tried: set[Path] = set()
        pending = [(role, named.resolve())]
        root, shared = named.resolve().parent, library().resolve()
        while pending:
            name, path = pending.pop()
            if path in seen:
                continue
            seen.add(path)
            content, imports = self._read(path, texts)
            digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
            for found in imports:
                parts = found.split(".")
                places = [path.parent, root, *([shared] if parts[0] in _LIBRARY else [])]
                for number, folder in enumerate(places):
                    place = folder.joinpath(*parts[:-1], f"{parts[-1]}.py")
                    if place not in tried:
                        tried.add(place)
                        pending.append((f"{found} {number}", place.resolve()))
        if not texts:
            self._digests[role, named] = digest.hexdigest()
        return digest.hexdigest()

    def _read(self, path: Path, texts: Mapping[Path, str]) -> tuple[bytes, tuple[str, ...]]:
        """What a file holds, nothing where there is none, and the dotted names that it may import."""
        if path in texts:
            content = texts[path].encode()
            return content, _imports(content)
        if path not in self._contents:
            content = path.read_bytes() if path.is_file() else b""
            self._contents[path] = content, _imports(content)
        return self._contents[path]


def _imports(content: bytes) -> tuple[str, ...]:
    """The dotted names of the files that a text may import, sorted: those that names are taken from, and those imported as a whole."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()  # nothing is read of such a file
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module != "vmproof.lang":
            before = [node.module] if node.module else []
            found.update(before)
            found.update(".".join([*before, alias.name]) for alias in node.names if alias.name != "*")
    return tuple(sorted(found))
