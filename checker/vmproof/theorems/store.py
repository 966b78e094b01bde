"""Entries on disk, by key: written whole or not at all, so that processes may share a folder and be killed at any time."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from vmproof.errors import InputError

_LEFT_OVER = 24 * 3600.0
"""Seconds after which an unfinished file belongs to nobody any more."""


def default_folder() -> Path:
    """The user's cache folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "vmproof"


class Store:
    """A folder of JSON objects by key, a hexadecimal digest. What cannot be read is not there; what cannot be written is not kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def open(cls, name: str | None) -> Store:
        """The store in a folder that the user names, or in the default one. Raises InputError where a named one cannot be written."""
        if name is None:
            store = cls(default_folder())
            store._clean()
            return store
        folder = Path(name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as problem:
            raise InputError(f"the cache cannot be kept in {name} ({(problem.strerror or str(problem)).lower()})") from None
        store = cls(folder)
        store._clean()
        return store

    @property
    def folder(self) -> Path:
        return self._folder

    def get(self, key: str) -> dict[str, Any] | None:
        """The entry of a key, if it is there and whole."""
        try:
            data = json.loads(self._path(key).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(data, dict) or data.get("key") != key or not isinstance(data.get("value"), dict):
            return None
        value: dict[str, Any] = data["value"]
        return value

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Keep an entry. Another process may keep one for the same key at the same time: either stays, whole."""
        path = self._path(key)
        made = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, made = tempfile.mkstemp(prefix=".new-", dir=path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"key": key, "value": value}, file)
            os.replace(made, path)
        except OSError:
            if made:
                Path(made).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.json"

    def _clean(self) -> None:
        """Remove what processes that were killed have left unfinished."""
        limit = time.time() - _LEFT_OVER
        try:
            for path in self._folder.glob("??/.new-*"):
                if path.stat().st_mtime < limit:
                    path.unlink(missing_ok=True)
        except OSError:
            return
