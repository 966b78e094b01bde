"""Where imported files are: beside the reader, beside the main file, in folders there, or in the library (LANGUAGE.md, rule 13)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vmproof.data import library
from vmproof.language.convert import Mistake
from vmproof.language.suggest import suggest

LIBRARY_FOLDERS = ("spec", "models")


def find_file(dotted: str, beside: Sequence[Path]) -> Path:
    """The file of a dotted name in one of the folders, or in the library. Raises `Mistake` where there is none."""
    found = _first(dotted, beside)
    if found is not None:
        return found
    parts = dotted.split(".")
    around = next((root.joinpath(*parts[:-1]) for root in _roots(parts, beside) if _is(root.joinpath(*parts[:-1]), folder=True)), None)
    near = suggest(parts[-1], (path.stem for path in around.glob("*.py"))) if around is not None else ""
    raise Mistake(f"there is no file {'/'.join(parts)[:200]}.py beside this one or in the library", near)


def is_folder(dotted: str, beside: Sequence[Path]) -> bool:
    """Whether a dotted name is a folder, and no file: what is imported from it are files."""
    parts = dotted.split(".")
    return _first(dotted, beside) is None and any(_is(root.joinpath(*parts), folder=True) for root in _roots(parts, beside))


def _first(dotted: str, beside: Sequence[Path]) -> Path | None:
    parts = dotted.split(".")
    candidates = (root.joinpath(*parts[:-1], parts[-1] + ".py") for root in _roots(parts, beside))
    return next((candidate for candidate in candidates if _is(candidate, folder=False)), None)


def _roots(parts: Sequence[str], beside: Sequence[Path]) -> Iterator[Path]:
    yield from beside
    if parts[0] in LIBRARY_FOLDERS:
        yield library()


def _is(path: Path, folder: bool) -> bool:
    try:
        return path.is_dir() if folder else path.is_file()
    except OSError:  # the name is too long for a file
        return False
