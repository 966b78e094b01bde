"""Where the description of RV64 and QEMU differ after an instruction."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.rv64_cases import BASE, Case, background
from tests.support.rv64_qemu import Qemu
from tests.support.rv64_state import Machine, machine, predict
from vmproof.language.types import LayoutType

ADUE = 1 << 61
IGNORED = ("mcycle", "minstret", "mtime", "hart", "reservation", "mode")


@dataclass(frozen=True)
class Difference:
    """One field in which the two disagree."""

    case: Case
    cause: str
    field: str
    described: int
    emulated: int
    after: Machine  # as described

    def __str__(self) -> str:
        return f"{self.case} ({self.cause or 'completes'}): {self.field} is {self.described:#x}, in the emulator {self.emulated:#x}"


def visible(state: Machine) -> dict[str, int]:
    """All that is compared, by name."""
    fields = machine().machine.state
    assert fields is not None
    found = {"pc": state.pc, "mode": state.mode}
    found |= {f"x{number}": value for number, value in enumerate(state.x)}
    for name, value in state.words.items():
        kind = fields.fields[name]
        if isinstance(kind, LayoutType):
            found |= {f"{name}.{part.name}": value >> part.lo & (2 << part.hi - part.lo) - 1 for part in kind.fields.values()}
        elif name not in IGNORED:
            found[name] = value
    for number, (entry, at) in enumerate(zip(state.pmpcfg, state.pmpaddr, strict=True)):
        found |= {f"pmpcfg{number}": entry, f"pmpaddr{number}": at}
    found.pop("menvcfg.ADUE", None)
    found.pop("henvcfg.ADUE", None)
    if "mideleg" in found:
        found["mideleg"] &= 0x222  # what else is delegated can only be read (8.4.2)
    return found


def differences(case: Case, qemu: Qemu) -> list[Difference] | None:
    """Where the two disagree, or None where an access leaves the RAM that both have."""
    said = predict(case.start, case.all_cells(), background(), BASE, case.steps)
    if said.outside or (said.step.cause.endswith("access_fault") and not case.start.pmp):
        return None
    shown = qemu.run(case.start, case.cells, case.code, case.steps)
    ours, theirs = visible(said.after), visible(shown.after)
    if said.after.words["htinst"] == case.start.words["htinst"]:
        del ours["htinst"]  # QEMU does not let the debugger set it
    found = [
        Difference(case, said.step.cause, name, value, theirs[name], said.after)
        for name, value in ours.items()
        if name in theirs and theirs[name] != value
    ]
    known = case.all_cells()
    blank = background()
    stores = {at: cell for at, cell in said.stores.items() if known.get(at, blank[at - BASE]) != cell}
    for at in sorted(stores.keys() | shown.stores.keys()):
        ours_at, theirs_at = said.stores.get(at, known.get(at, blank[at - BASE])), shown.stores.get(at, known.get(at, blank[at - BASE]))
        if ours_at != theirs_at:
            found.append(Difference(case, said.step.cause, f"memory {at:#x}", ours_at, theirs_at, said.after))
    return found
