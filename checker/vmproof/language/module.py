"""One file of a description while it is read: its source and the names it has defined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmproof.language.convert import Mistake
from vmproof.language.values import Unusable

if TYPE_CHECKING:
    from vmproof.language.machine import Machine
    from vmproof.language.source import Source
    from vmproof.language.values import Value

FOLLOWS = "what this needs is wrong itself"
"""The message of a mistake that only follows from another one; nobody is shown it beside that other one."""


@dataclass(eq=False)
class Module:
    """A file: `names` are what it has defined or imported so far, `lines` where each was defined (for "defined twice").

    `machine` is what it was read into. `bindings` replace unsized types, constants and parameters of a component's file by name;
    `settable` are the names of those that it has.
    """

    source: Source
    machine: Machine
    bindings: Mapping[str, Value] = field(default_factory=dict)
    settable: list[str] = field(default_factory=list)
    declares: bool = False  # it, or a file that it imports, has a state or decorated functions: it is a part of one machine
    names: dict[str, Value] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    turn: int = 0  # how many module-level loops are open
    loop_names: dict[str, Value] = field(default_factory=dict)  # what those loops have set, kept by functions defined in them
    incomplete: bool = False  # an import of all names of a file failed, so names may be missing

    def unknown(self, name: str) -> None:
        """Raises `Mistake` for a name that may be missing since an import failed."""
        if self.incomplete:
            raise Mistake(FOLLOWS)

    def failed(self, names: list[str]) -> None:
        """The statement that would have defined these names is wrong: using them is no further mistake."""
        for name in names:
            self.names.setdefault(name, Unusable(FOLLOWS))
