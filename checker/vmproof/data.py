"""Where the library is: the descriptions and theorems that come with vmproof."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

from vmproof.errors import InputError

_IMPORT = re.compile(r"^from ([\w.]+) import", re.MULTILINE)


def library() -> Path:
    """The folder that holds `spec/`, `models/` and `proofs/`: the wheel's own data, or the repository this package is run from."""
    package = Path(__file__).resolve().parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parents[1]


def models() -> list[Path]:
    """The machines of the library, by name: those in `models/` itself first, then the variants in its folders.

    A file that another one imports, or whose name ends in `_base`, is a part of machines and not one.
    """
    root = library() / "models"
    files = [path for path in root.rglob("*.py") if not path.stem.endswith("_base")]
    parts = {part for path in files for part in _imported(path) if part.parent != root}
    return sorted(set(files) - parts, key=lambda path: (len(path.parts), path))


def _imported(path: Path) -> set[Path]:
    """The files beside `path`, or in folders beside it, that its text imports."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return {path.parent.joinpath(*name.split(".")).with_suffix(".py") for name in _IMPORT.findall(text)}


def find_description(name: str) -> Path:
    """The description that a user names: a file, or a model by its short name (`m68000`, or `pg74/jrst1` for one in a folder).

    Raises InputError where there is neither.
    """
    if not name:
        raise InputError("the name of a file is empty")
    path = Path(name)
    if path.exists() and not path.is_dir():
        return path
    known = {model_name(model): model for model in models()}
    if name in known:
        return _from_here(known[name])
    if path.is_dir():
        raise InputError(f"{name} is a directory, not a description")
    if path.suffix:
        raise InputError(f"there is no file {name}")
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`vmproof list models` shows the models"
    raise InputError(f'there is neither a file nor a model named "{name}"', hint=hint)


def find_system(name: str) -> Path:
    """The system that a user names: a file, or one of the library by its path there (`spec/kernel/frames.py`).

    Raises InputError where there is neither.
    """
    if not name:
        raise InputError("the name of a file is empty")
    path = Path(name)
    if path.is_dir():
        raise InputError(f"{name} is a directory, not a system")
    if path.exists():
        return path
    inside = library() / name
    if not path.is_absolute() and ".." not in path.parts and inside.is_file():
        return _from_here(inside)
    known = [found.relative_to(library()).as_posix() for found in sorted((library() / "spec").rglob("*.py"))]
    near = get_close_matches(name, known, n=1)
    raise InputError(f"there is no file {name}", hint=f"did you mean `{near[0]}`?" if near else "")


def _from_here(path: Path) -> Path:
    """The path as people would type it here, if it lies below the current folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def model_name(path: Path) -> str:
    """The short name of a model: its path inside `models/`, without the extension."""
    return path.relative_to(library() / "models").with_suffix("").as_posix()
