"""Theorems as files state them: what is claimed of which subject, how it is to be proved, and what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vmproof.engines.verdict import Verdict
from vmproof.errors import Place

VIRTUALIZE = "virtualize"
REFINEMENT = "refinement"
NONINTERFERENCE = "noninterference"
RELATING = (REFINEMENT, NONINTERFERENCE)
METHODS = ("auto", "explicit", "induction", "k-induction", "bmc", "liveness", *RELATING, VIRTUALIZE)
"""How a theorem is proved: an engine for the properties of a system, the relation of a system to another one or to
a policy, or the theorems on virtualizability for a machine."""

EXPECTATIONS = (Verdict.PROVED, Verdict.REFUTED, Verdict.HOLDS_UP_TO, Verdict.VACUOUS)

DEFAULT_TIMEOUT = 120.0
"""Seconds for one theorem."""


@dataclass(frozen=True)
class Change:
    """A change of the subject that its proof must notice: in the function `function`, the statement `drop` is left out, or the text
    `replace` gives way to `by`."""

    function: str
    drop: str = ""
    replace: str = ""
    by: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Theorem:
    """One theorem. `prove`: properties of a system, or theorems of `vmproof check`; empty for all that make sense.

    `bound`: steps for `bmc` and `k-induction`; `steps`: the actions of the executions that `bmc` examines, instead. `solver`: who decides,
    None for whom the command line names. `sizes`: of unsized types; `examples`: of those that have none, where executions are searched
    beside a proof; `parameters`: what the file declares with `parameter(...)`.
    `critical`: the instructions that must be found critical, neither fewer nor more; None if that is not claimed. `texts` stand in for the
    contents of files. `only`: the instructions of a machine that are judged, all for none. `refines` is the system that the subject
    refines, and `relation` the file that says how, or which policy it keeps.
    """

    name: str
    claim: str
    subject: Path
    prove: tuple[str, ...] = ()
    method: str = "auto"
    expect: Verdict = Verdict.PROVED
    bound: int | None = None
    steps: tuple[str, ...] = ()
    timeout: float | None = None
    solver: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, int] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    scenario: str | None = None
    critical: tuple[str, ...] | None = None
    change: Change | None = None
    refines: Path | None = None
    relation: Path | None = None
    texts: Mapping[Path, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False)
    keys: Mapping[str, Place] = field(default_factory=dict, compare=False)

    @property
    def file(self) -> str:
        """The name of the file that states it, without extension."""
        return self.place.path.stem if self.place else ""
