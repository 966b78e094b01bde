"""Each rule of the theory by a machine that a simpler rule judges wrongly (the machines are in tests/machines, one file a rule)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vmproof.language import load
from vmproof.virtualize import judge

MACHINES = Path(__file__).parent.parent / "machines"


@dataclass(frozen=True)
class Rule:
    """What must come out for one scenario: the critical instructions, verdicts of theorems, answers about instructions."""

    file: str
    scenario: str | None = None
    critical: tuple[str, ...] = ()
    theorems: dict[str, str] = field(default_factory=dict)
    answers: dict[tuple[str, str], str] = field(default_factory=dict)
    configurations: tuple[dict[str, int], ...] | None = None


SOUND = {"virtualizable": "proved", "equivalence": "proved", "resource_control": "proved"}
FINE = {**SOUND, "hybrid": "proved", "efficiency": "proved"}
BROKEN = {"virtualizable": "refuted"}

RULES = (
    # sensitivity and completion must meet in one pair
    Rule(
        "execute",
        theorems=FINE,
        answers={("execute", "control_sensitive"): "yes", ("execute", "privileged"): "no", ("execute", "critical"): "no"},
    ),
    Rule("trapping_read", theorems=FINE, answers={("read_base", "resource_sensitive"): "yes", ("read_base", "privileged_strict"): "yes"}),
    Rule("needless_trap", theorems=SOUND | {"efficiency": "refuted"}, answers={("read_mode", "innocuous"): "yes"}),
    # what always reaches the VMM is innocuous
    Rule("int_n", theorems=FINE, answers={("int_n", "critical"): "no", ("int_n", "privileged"): "yes"}),
    Rule(
        "always_traps",
        theorems=FINE,
        answers={("call", "innocuous"): "yes", ("call", "privileged"): "yes", ("call", "privileged_strict"): "no"},
    ),
    # translations of another mode, and of the mode that is in force
    Rule("load_as_user", critical=("load_as_user",), theorems=BROKEN | {"hybrid": "proved", "equivalence": "refuted"}),
    Rule("probe_user", critical=("probe",), theorems=BROKEN | {"hybrid": "proved", "equivalence": "refuted"}),
    Rule("probe_present", theorems=FINE),
    # views that user mode cannot realise
    Rule("mprv", theorems=SOUND | {"efficiency": "refuted"}),
    Rule("kseg", theorems=SOUND | {"efficiency": "refuted"}),
    # a bit that the walk sets in the guest's tables
    Rule("modified_bit", "Protected", theorems=FINE),
    Rule("modified_bit", "Unprotected", theorems=BROKEN | {"equivalence": "refuted"}),
    Rule("modified_bit_shown", "Protected", critical=("probe_write",), theorems=BROKEN),
    Rule("reserved", "Kept", theorems=FINE),
    Rule("reserved", "Unkept", theorems=SOUND | {"efficiency": "refuted"}),
    # transfers that are traps by another name, and one that loses the way back
    Rule("direct_entry", critical=("fast_call",), theorems=BROKEN | {"equivalence": "refuted"}),
    Rule("direct_entry_linked", theorems=FINE),
    Rule("call_gate", "AllGatesLeadOut", theorems=SOUND),
    Rule("call_gate", "AnyGates", critical=("gate_call",), theorems=BROKEN),
    Rule("delegated", "OwnVector", theorems=FINE),
    Rule("delegated", "KeptVector", critical=("call",), theorems=BROKEN),
    # status
    Rule("status_hidden", theorems=FINE),
    Rule("status_shown", critical=("accumulate", "read_dirty"), theorems=BROKEN),
    # resources
    Rule("timer", critical=("set_timer",), theorems=BROKEN | {"resource_control": "refuted"}),
    Rule("stop", critical=("stop",), theorems=BROKEN | {"resource_control": "refuted"}, answers={("stop", "waiting"): "yes"}),
    Rule("platform_size", critical=("read_size",), theorems=BROKEN),
    Rule("physical_store", critical=("store_physical",), theorems=BROKEN | {"resource_control": "refuted"}),
    Rule("tables", "Above", theorems=SOUND),
    Rule("tables", "Over", theorems={"resource_control": "refuted"}),
    # tables of the VMM's own, which it must keep out of reach
    Rule("shadowed", "Confined", theorems=FINE),
    Rule("shadowed", "Unconfined", theorems=BROKEN | {"resource_control": "refuted", "efficiency": "proved"}),
    # tables of the guest's own, which both walkers follow
    Rule("own_tables", "Nested", theorems=FINE, answers={("set_root", "innocuous"): "yes"}),
    # choices
    Rule("unpredictable_in_user", critical=("swap",), theorems=BROKEN),
    Rule("choices", critical=("undefined_in_user",), theorems=BROKEN),
    Rule("wait_or_no_op", theorems=FINE),
    # the guest's own registers
    Rule("own_pairs", "Paired", theorems=FINE),
    Rule("own_pairs", "Unpaired", critical=("read_status", "write_status"), theorems=BROKEN),
    # host configurations, minimal ones first, or none
    Rule("search_bits", "OwnMode", theorems=FINE, configurations=({"trap_window": 1, "trap_idle": 1, "trap_leave": 0},)),
    Rule("search_bits", "KeptMode", theorems=FINE, configurations=({"trap_window": 1, "trap_idle": 1, "trap_leave": 1},)),
    Rule("no_configuration", critical=("set_window", "idle"), theorems=BROKEN, configurations=()),
    Rule("trap_everything", critical=("read_mode",), theorems=BROKEN, configurations=()),
    # hybrid monitors
    Rule("hybrid_only", critical=("enter_user_mode",), theorems=BROKEN | {"hybrid": "proved"}),
    Rule(
        "user_sensitive", critical=("read_base",), theorems=BROKEN | {"hybrid": "refuted"}, answers={("read_base", "user_sensitive"): "yes"}
    ),
    # recursion
    Rule("recursive", "Timeless", theorems=FINE | {"recursive": "proved"}),
    Rule("recursive", "Silent", theorems=FINE | {"recursive": "unknown"}),
    Rule("readable_clock", theorems=FINE | {"recursive": "refuted"}),
    Rule("trapped_clock", theorems=FINE | {"recursive": "proved"}),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.file}-{rule.scenario}" if rule.scenario else rule.file)
def test_rule(rule: Rule) -> None:
    judgement = judge(load(MACHINES / f"{rule.file}.py"), scenario=rule.scenario)
    assert judgement.critical == rule.critical
    assert judgement.undecided == ()
    assert {name: str(judgement.theorems[name].verdict) for name in rule.theorems} == rule.theorems
    given = {(name, question): str(judgement.instruction(name).answer(question)) for name, question in rule.answers}
    assert given == rule.answers
    if rule.configurations is not None:
        assert judgement.host is not None
        assert tuple(dict(each) for each in judgement.host.assignments) == rule.configurations


def test_every_machine_is_judged() -> None:
    libraries = {"tiny", "window", "rings"}
    assert {path.stem for path in MACHINES.glob("*.py")} - libraries == {rule.file for rule in RULES}
