"""Witnesses as files: `--save DIR` writes them, `vmproof replay` reads them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from vmproof.data import model_name, models
from vmproof.errors import InputError
from vmproof.virtualize import Judgement, Witness


def write_file(name: str, text: str) -> None:
    """Write a file that the user named. Raises InputError where that is not possible."""
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{name} cannot be written ({(problem.strerror or str(problem)).lower()})") from None


class WitnessFolder:
    """A folder for witnesses, made if need be. Raises InputError, before any work is done, where it cannot be written."""

    def __init__(self, name: str) -> None:
        self._path = Path(name)
        self._saved = 0
        probe = self._path / ".vmproof"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            probe.write_text("")
            probe.unlink()
        except OSError as problem:
            raise InputError(f"witnesses cannot be saved in {name} ({(problem.strerror or str(problem)).lower()})") from None

    def save(self, judgement: Judgement, description: Path) -> None:
        """Write every witness of a judgement, one file each, named after machine, scenario, instruction and property."""
        for witness in _all_witnesses(judgement):
            data = {**witness.to_json(), "source": source_for(description, self._path)}
            parts = (witness.machine, witness.scenario, witness.instruction, witness.property)
            path = self._path / f"{'-'.join(_safe(part) for part in parts if part)}.json"
            try:
                path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            except OSError as problem:
                raise InputError(f"{path} cannot be written ({(problem.strerror or str(problem)).lower()})") from None
            self._saved += 1

    def summary(self) -> str:
        """What was saved, and how to run it."""
        if not self._saved:
            return "No witness was found, so none was saved."
        return f"{self._saved} {'witness' if self._saved == 1 else 'witnesses'} saved in {self._path}; `vmproof replay FILE` runs one."


def source_for(path: Path, folder: Path) -> str:
    """How a file in `folder` refers to a description: by a model's name, or by the relative path."""
    resolved = path.resolve()
    return model_name(resolved) if resolved in models() else os.path.relpath(resolved, folder.resolve())


def _all_witnesses(judgement: Judgement) -> list[Witness]:
    found = [witness for verdict in judgement.instructions for witness in ([verdict.witness] if verdict.witness else [])]
    found += [witness for verdict in judgement.instructions for witness in verdict.witnesses.values()]
    found += [claim.witness for claim in (*judgement.theorems.values(), *judgement.premises.values()) if claim.witness]
    unique = {(one.instruction, one.property): one for one in reversed(found)}
    return list(reversed(unique.values()))


def _safe(part: str) -> str:
    """A piece of a file name: whatever a stranger's description calls its instructions stays inside the folder."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", part)


def read_witness(name: str) -> tuple[Witness, str]:
    """A witness and the description that it names. Raises InputError."""
    path = Path(name)
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"there is no file {name}") from None
    except IsADirectoryError:
        raise InputError(f"{name} is a directory, not a witness") from None
    except OSError as problem:
        raise InputError(f"{name} cannot be read ({(problem.strerror or str(problem)).lower()})") from None
    except UnicodeDecodeError:
        raise InputError(f"{name} is not UTF-8 text") from None
    except json.JSONDecodeError as problem:
        raise InputError(f"{name} is not JSON: line {problem.lineno}, column {problem.colno}: {problem.msg.lower()}") from None
    except RecursionError:
        raise InputError(f"{name} is nested too deeply to be a witness") from None
    if not isinstance(data, dict):
        raise InputError(f"{name} is not a witness: a witness is a JSON object")
    try:
        witness = Witness.from_json(data)
    except InputError as error:
        raise InputError(f"{name}: {error.message}") from None
    source = data.get("source")
    return witness, source if isinstance(source, str) else witness.machine


def description_of(source: str, witness: str) -> str:
    """The name of the description that a witness file refers to: a path relative to it, or the name of a model."""
    beside = Path(witness).parent / source
    return str(beside) if source.endswith(".py") else source
