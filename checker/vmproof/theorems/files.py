"""Reading theorem files: strict, since a misspelt key would prove something else than what is meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from vmproof.data import library, models
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError, Place
from vmproof.language.suggest import suggest
from vmproof.solvers.backends import BACKENDS
from vmproof.theorems.positions import Positions
from vmproof.theorems.theorem import EXPECTATIONS, METHODS, NONINTERFERENCE, REFINEMENT, RELATING, VIRTUALIZE, Change, Theorem

MOST_BYTES = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
_NEEDED = ("claim", "subject", "method", "expect")
_KEYS = (
    *("claim", "subject", "refines", "mapping", "policy", "prove", "method", "expect"),
    *("bound", "steps", "timeout", "solver", "sizes", "examples", "parameters", "mutate", "scenario", "critical"),
)
_OF_SYSTEMS = ("bound", "steps", "sizes", "examples", "parameters")
_OF_MACHINES = ("scenario", "critical")
_OF_METHOD = {"refines": REFINEMENT, "mapping": REFINEMENT, "policy": NONINTERFERENCE}
_CONDITIONS = ("output consistency", "local respect", "step consistency")
_BOUNDED = ("induction", "bmc", "k-induction", "liveness", "auto", *RELATING)
_THEOREMS = ("virtualizable", "hybrid", "recursive", "equivalence", "resource_control", "efficiency")
_CHANGE = ("action", "function", "drop", "replace", "by")
_LARGEST = 1 << 62


def theorem_files(folder: str | None) -> list[Path]:
    """The theorem files of a folder: the given one, `proofs` in the current folder if it has any, or the library's. Raises InputError."""
    chosen = Path(folder) if folder is not None else Path("proofs")
    if folder is not None and not chosen.is_dir():
        raise InputError(f"there is no folder {folder}")
    found = sorted(chosen.glob("*.toml")) if chosen.is_dir() else []
    if found or folder is not None:
        return found
    return sorted((library() / "proofs").glob("*.toml"))


def read_theorems(files: Sequence[Path]) -> list[Theorem]:
    """All theorems of the files, in their order. Raises InputError, with file and line, for the first that is wrong."""
    found: dict[str, Theorem] = {}
    for path in files:
        for theorem in read_file(path):
            if theorem.name in found:
                other = found[theorem.name].place
                raise InputError(f"there are two theorems `{theorem.name}`; the other is at {other}", theorem.place)
            found[theorem.name] = theorem
    return list(found.values())


def select(theorems: Sequence[Theorem], names: Sequence[str]) -> list[Theorem]:
    """The theorems that are named: by their own names, by their file's, or by a pattern of these (`frames-*`). All for no names."""
    if not names:
        return list(theorems)
    chosen: set[str] = set()
    for name in names:
        stem = Path(name).stem if name.endswith(".toml") else name
        matching = {item.name for item in theorems if item.name == name or item.file == stem or fnmatchcase(item.name, name)}
        if not matching:
            known = [*(item.name for item in theorems), *(item.file for item in theorems)]
            raise InputError(f'there is no theorem "{name}"', hint=suggest(name, known) or "`vmproof prove` proves all there are")
        chosen |= matching
    return [item for item in theorems if item.name in chosen]


def read_file(path: Path) -> list[Theorem]:
    """The theorems of one file."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path} cannot be read ({(problem.strerror or str(problem)).lower()})") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"{path} has more than {MOST_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise InputError("the file is not UTF-8 text", Place(path, data[: problem.start].count(b"\n") + 1)) from None
    positions = Positions(path, text)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        message = str(problem)
        where = re.search(r"\(at line (\d+), column (\d+)\)", message)
        place = positions.line(int(where[1]), int(where[2])) if where else positions.line(text.count("\n") + 1)
        raise InputError(f"not TOML: {message.partition(' (at')[0].lower()}", place) from None
    except RecursionError:
        raise InputError("the file is nested too deeply", positions.line(1)) from None
    return [_Reader(path, positions, name, table).theorem() for name, table in tables.items()]


class _Reader:
    """Reads one table of a file."""

    def __init__(self, path: Path, positions: Positions, name: str, table: Any) -> None:
        self._path = path
        self._positions = positions
        self._name = name
        if not isinstance(table, dict):
            raise InputError(f"`{name}` stands outside a theorem", positions.at(name), "a theorem begins with its name: [frames-owned]")
        self._table: dict[str, Any] = table

    def theorem(self) -> Theorem:
        if not _NAME.match(self._name):
            raise self._wrong("the name of a theorem has letters, digits, - and _ only")
        self._known(self._table, _KEYS, ())
        for key in _NEEDED:
            if key not in self._table:
                raise self._wrong(f"the theorem `{self._name}` has no `{key}`")
        method = self._one_of("method", METHODS)
        machine = method == VIRTUALIZE
        for key in _OF_SYSTEMS if machine else _OF_MACHINES:
            if key in self._table:
                raise self._wrong(f'`{key}` says nothing where the method is "{method}"', key)
        for key, needing in _OF_METHOD.items():
            if key in self._table and method != needing:
                raise self._wrong(f'`{key}` says nothing where the method is "{method}"', key)
            if key not in self._table and method == needing:
                raise self._wrong(f'the theorem `{self._name}` has no `{key}`, which "{method}" needs')
        bound = self._integer("bound")
        if bound is not None and method not in _BOUNDED:
            raise self._wrong(f'`bound` says nothing where the method is "{method}"', "bound")
        if "steps" in self._table and method != "bmc":
            raise self._wrong(f'`steps` says nothing where the method is "{method}"', "steps")
        if "steps" in self._table and bound is not None:
            raise self._wrong("`bound` says nothing where `steps` names the actions", "bound")
        return Theorem(
            name=self._name,
            claim=self._text("claim"),
            subject=self._file("subject"),
            refines=self._file("refines") if method == REFINEMENT else None,
            relation=self._file("mapping" if method == REFINEMENT else "policy") if method in RELATING else None,
            prove=self._proved(method),
            method=method,
            expect=Verdict(self._one_of("expect", [verdict.value for verdict in EXPECTATIONS])),
            bound=bound,
            steps=self._names("steps", repeated=True) if "steps" in self._table else (),
            timeout=self._seconds(),
            solver=self._one_of("solver", list(BACKENDS)) if "solver" in self._table else None,
            sizes=self._integers("sizes"),
            examples=self._integers("examples"),
            parameters=self._integers("parameters"),
            scenario=self._text("scenario") if "scenario" in self._table else None,
            critical=self._names("critical") if "critical" in self._table else None,
            change=self._change() if "mutate" in self._table else None,
            place=self._positions.at(self._name),
            keys={key: self._positions.at(self._name, key) for key in self._table},
        )

    def _wrong(self, message: str, *keys: str, hint: str = "") -> InputError:
        return InputError(message, self._positions.at(self._name, *keys), hint)

    def _known(self, table: Mapping[str, Any], keys: Sequence[str], inside: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                what = f"`{'.'.join(inside)}`" if inside else "a theorem"
                hint = suggest(key, keys) or f"it has {', '.join(keys)}"
                raise self._wrong(f"{what} has no key `{key}`", *inside, key, hint=hint)

    def _text(self, key: str) -> str:
        value = self._table[key]
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(f"`{key}` is a text", key)
        return value.strip()

    def _one_of(self, key: str, values: Sequence[str]) -> str:
        value = self._text(key)
        if value not in values:
            raise self._wrong(f'`{key}` is not "{value}"', key, hint=suggest(value, values) or f"it is one of {', '.join(values)}")
        return value

    def _names(self, key: str, repeated: bool = False) -> tuple[str, ...]:
        value = self._table[key]
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self._wrong(f"`{key}` is a list of names", key)
        if len(set(value)) != len(value) and not repeated:
            raise self._wrong(f"`{key}` names one thing twice", key)
        return tuple(value)

    def _proved(self, method: str) -> tuple[str, ...]:
        names = self._names("prove") if "prove" in self._table else ()
        if "prove" in self._table and not names:
            raise self._wrong("`prove` names nothing", "prove", hint="leave it out to prove all properties")
        if method == REFINEMENT and names:
            raise self._wrong(f'`prove` says nothing where the method is "{method}"', "prove")
        known = {VIRTUALIZE: ("theorem", _THEOREMS, "machines"), NONINTERFERENCE: ("condition", _CONDITIONS, "two runs")}
        for name in names if method in known else ():
            what, all_of_them, of = known[method]
            if name not in all_of_them:
                hint = suggest(name, all_of_them) or f"there are {', '.join(all_of_them)}"
                raise self._wrong(f"there is no {what} `{name}` on {of}", "prove", hint=hint)
        return names

    def _integer(self, key: str) -> int | None:
        value = self._table.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST):
            raise self._wrong(f"`{key}` is a whole number", key)
        return value

    def _integers(self, key: str) -> dict[str, int]:
        value = self._table.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(item, int) and not isinstance(item, bool) for item in value.values()):
            raise self._wrong(f"`{key}` gives numbers to names", key, hint=f"{key} = {{ Process = 3 }}")
        return dict(value)

    def _seconds(self) -> float | None:
        value = self._table.get("timeout")
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9):
            raise self._wrong("`timeout` is a number of seconds", "timeout")
        return None if value is None else float(value)

    def _file(self, key: str) -> Path:
        """A file that the theorem names: from the folder that holds `proofs/` on, beside the theorem file, or in the library."""
        name = self._text(key)
        folder = self._path.resolve().parent
        for root in (folder.parent, folder, library()):
            if (root / name).is_file():
                return root / name
        near = suggest(name, [path.relative_to(library()).as_posix() for path in (*models(), *(library() / "spec").rglob("*.py"))])
        raise self._wrong(f"there is no file {name}", key, hint=near)

    def _change(self) -> Change:
        table = self._table["mutate"]
        if not isinstance(table, dict):
            raise self._wrong("`mutate` is a table", "mutate", hint='mutate = { action = "map_page", drop = "w.owner[frame] = pid" }')
        self._known(table, _CHANGE, ("mutate",))
        if not all(isinstance(value, str) and (value.strip() or key == "by") for key, value in table.items()):
            raise self._wrong("`mutate` holds texts", "mutate")
        given = {key: str(value) for key, value in table.items()}
        if ("action" in given) == ("function" in given):
            raise self._wrong("`mutate` names one `action`, or one `function`", "mutate")
        if ("drop" in given) == ("replace" in given) or ("replace" in given) != ("by" in given):
            raise self._wrong("`mutate` says what to `drop`, or what to `replace` `by` what", "mutate")
        return Change(
            given.get("action") or given["function"],
            given.get("drop", "").strip(),
            given.get("replace", "").strip(),
            given.get("by", "").strip(),
            self._positions.at(self._name, "mutate"),
        )
