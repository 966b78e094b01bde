"""Lists of mutants that no verdict notices, with the reasons why: what `vmproof mutate --survivors FILE` compares with what it finds."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from vmproof.errors import InputError
from vmproof.theorems.fates import Fate
from vmproof.theorems.strength import Strength


@dataclass(frozen=True)
class Survivors:
    """Reasons by the names of mutants."""

    reasons: dict[str, str]

    def unlisted(self, strength: Strength) -> list[str]:
        """The mutants that survive without a reason in the list."""
        return [item.mutant.name for item in strength.tried if item.fate is Fate.SURVIVED and item.mutant.name not in self.reasons]

    def stale(self, strength: Strength) -> list[str]:
        """The mutants in the list that do not survive, and, where all were tried, those that are none."""
        alive = {item.mutant.name for item in strength.tried if item.fate in (Fate.SURVIVED, Fate.UNDECIDED)}
        known = {item.mutant.name for item in strength.tried}
        whole = strength.sample is None and not strength.untried
        return [name for name in self.reasons if name not in alive and (whole or name in known)]


def read_survivors(path: Path) -> Survivors:
    """Read a list: tables `[[survivors]]`, each with a `reason` and `mutants`, a list of names. Raises InputError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise InputError(f"{path} cannot be read ({problem})") from None
    reasons: dict[str, str] = {}
    tables = data.pop("survivors", [])
    if data or not isinstance(tables, list):
        raise InputError(f"{path} has something else than tables `[[survivors]]`")
    for table in tables:
        reason, mutants = (table.get("reason"), table.get("mutants")) if isinstance(table, dict) else (None, None)
        if not isinstance(reason, str) or not isinstance(mutants, list) or set(table) != {"reason", "mutants"}:
            raise InputError(f"{path}: each of `[[survivors]]` has a `reason` and `mutants`")
        for name in mutants:
            if not isinstance(name, str) or name in reasons:
                raise InputError(f"{path} names a mutant twice, or by no text: {name}")
            reasons[name] = reason
    return Survivors(reasons)
