"""The description language: text to machines over terms. Descriptions are read, never executed."""

from vmproof.language.budget import Budget
from vmproof.language.description import Description, Field, ModeValue
from vmproof.language.lint import lint
from vmproof.language.loader import load, load_text
from vmproof.language.machine import Instruction, Scenario
from vmproof.language.memory import CELLS, Located, MemoryModel, Physical
from vmproof.language.outcome import Event, Explicit, Obligation, Outcome, State, Trap
from vmproof.language.run import Run
from vmproof.language.types import ACCESS, EnumType, Role

__all__ = [
    "ACCESS",
    "CELLS",
    "Budget",
    "Description",
    "EnumType",
    "Event",
    "Explicit",
    "Field",
    "Instruction",
    "Located",
    "MemoryModel",
    "ModeValue",
    "Obligation",
    "Outcome",
    "Physical",
    "Role",
    "Run",
    "Scenario",
    "State",
    "Trap",
    "lint",
    "load",
    "load_text",
]
