"""From the name of a file to a description, and how long that took."""

from __future__ import annotations

import time
from dataclasses import dataclass

from vmproof.data import find_description
from vmproof.language import Description, Instruction, load
from vmproof.report.notation import Notation


@dataclass(frozen=True)
class Read:
    """A description as read: `name` is what the user called it, `seconds` how long reading took."""

    name: str
    description: Description
    seconds: float

    @property
    def title(self) -> str:
        """The first line of the description's own text."""
        return first_line(self.description.doc)

    def place(self, instruction: Instruction) -> str:
        """File and line of an instruction, which may stand in a file that the description imports."""
        path = instruction.place.path if instruction.place else self.description.path
        return f"{path}:{instruction.line}"

    @property
    def notation(self) -> Notation:
        return Notation(self.description.fields)


def first_line(doc: str | None) -> str:
    """The first line of a docstring; "" for none."""
    return doc.strip().splitlines()[0].strip() if doc and doc.strip() else ""


def read(name: str) -> Read:
    """Load the description that a user names. Raises InputError."""
    began = time.perf_counter()
    description = load(find_description(name))
    return Read(name, description, time.perf_counter() - began)
