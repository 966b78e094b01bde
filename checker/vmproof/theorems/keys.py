"""What a result depends on, as a key: every file that is read, the theorem's options, and the versions of all that takes part."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from vmproof import __version__
from vmproof.data import library
from vmproof.theorems.theorem import Theorem

_IMPORT = re.compile(rb"^[ \t]*from[ \t]+([\w.]+)[ \t]+import", re.MULTILINE)
_LIBRARY = ("spec", "models")
_SOLVERS = ("z3-solver", "bitwuzla", "cvc5", "numpy")


def theorem_key(theorem: Theorem, timeout: float, solver: str) -> str:
    """A digest that equals another's only if both theorems ask the same of the same texts. Name, claim and folder do not count."""
    options: dict[str, Any] = {
        "prove": sorted(theorem.prove),
        "method": theorem.method,
        "expect": theorem.expect.value,
        "bound": theorem.bound,
        "timeout": timeout,
        "sizes": dict(sorted(theorem.sizes.items())),
        "parameters": dict(sorted(theorem.parameters.items())),
        "scenario": theorem.scenario,
        "critical": theorem.critical,
        "solver": solver,
        "change": [theorem.change.function, theorem.change.drop, theorem.change.replace, theorem.change.by] if theorem.change else None,
    }
    digest = hashlib.blake2b(digest_size=20)
    digest.update(json.dumps([options, versions()]).encode())
    texts = {path.resolve(): text for path, text in theorem.texts.items()}
    for name, path in _files(theorem.subject):
        content = texts[path].encode() if path in texts else path.read_bytes() if path.is_file() else b""
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


def _files(subject: Path) -> Iterator[tuple[str, Path]]:
    """The subject and every file that it may import, by the name under which it is imported.

    All places where an import may be found count, whether there is a file or not: one that appears later changes the key.
    """
    seen: set[Path] = set()
    pending = [("", subject.resolve())]
    roots = [subject.resolve().parent]
    while pending:
        name, path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        yield name, path
        if not path.is_file():
            continue
        for found in sorted({match.decode(errors="replace") for match in _IMPORT.findall(path.read_bytes())}):
            if found == "vmproof.lang":
                continue
            parts = found.split(".")
            places = [path.parent, *roots, *([library().resolve()] if parts[0] in _LIBRARY else [])]
            for number, root in enumerate(places):
                pending.append((f"{found} {number}", root.joinpath(*parts[:-1], f"{parts[-1]}.py").resolve()))
