"""Findings in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from vmproof.terms import ArrayValue, evaluate
from vmproof.virtualize.setting import GUEST, Setting
from vmproof.virtualize.world import Body


def mode_of(setting: Setting, body: Body) -> str:
    """The mode of a state of constants, by name; empty for a machine without modes."""
    values = evaluate([body.state[path] for path in setting.mode_paths], {}, default=True)
    return setting.mode_name(tuple(0 if isinstance(value, ArrayValue) else int(value) for value in values)) if values else ""


def sentence(setting: Setting, question: str, labels: Sequence[str], first: Body, second: Body) -> str:
    """One sentence on what a witness shows."""
    label = labels[0] if labels else ""
    where, there = (f"{_kind(body)}{_in(setting, body)}" for body in (first, second))
    shown = ", ".join(dict.fromkeys(labels))
    match question:
        case "critical" | "equivalence" | "trap_sensitive":
            return _pair(setting, label, shown, first, second)
        case "control_sensitive":
            return f"It completes {where} and changes {shown}."
        case "waiting":
            return f"It waits {where}."
        case "behaviour_sensitive" | "mode_sensitive" | "resource_sensitive":
            return f"With equal user part and view it completes {where} and {there}, and the results differ in {shown}."
        case "resource_control":
            if label == "wait":
                return f"It waits {where} without a trap, so the VMM never gets the processor back."
            return f"It completes {where} and changes {shown}, which is the VMM's."
        case "efficiency":
            return f"It is innocuous and completes {where}, and traps {there}."
        case "lost":
            return f"Its trap to the VMM loses {shown}: two states that differ in it are equal after the trap."
        case "status":
            return f"It completes {where} and shows {shown}."
        case "timing":
            return f"It completes {where} without a trap and shows the time."
        case _:
            return f"It completes {where}."


def _pair(setting: Setting, label: str, shown: str, guest: Body, real: Body) -> str:
    modes = f"{_kind(real)}{_in(setting, real)}"
    virtual = f"{_kind(guest)}{_in(setting, guest)}"
    if label in ("trap lost", "trap"):
        return f"It traps {virtual}, and completes {modes}: the trap is lost."
    if label == "memory trap lost":
        return f"It memory-traps {virtual}, and completes {modes}."
    if label == "wait":
        return f"It waits {modes} without a trap."
    if label == "unpredictable":
        return f"It is unpredictable {modes}, and not {virtual}."
    if label == "host":
        return f"It completes {virtual} and {modes}, and the results are no longer related as the VMM keeps them."
    if label.startswith("guest control: "):
        what = label.removeprefix("guest control: ")
        return f"It completes {modes}, but {virtual} it changes {what}, which the VMM does not see."
    if label.startswith("real control: "):
        return f"It completes {modes} and changes {label.removeprefix('real control: ')}, which is the VMM's."
    return f"It completes {virtual} and {modes}, and the results differ in {shown}."


def _kind(body: Body) -> str:
    return "on the guest's machine" if body.kind == GUEST else "on the real machine"


def _in(setting: Setting, body: Body) -> str:
    name = mode_of(setting, body)
    return f" in {name} mode" if name and "=" not in name else f" in mode {name}" if name else ""
