"""What RV64 permits, changed in one place at a time: a sample, and the list of what no verdict notices.

The whole run is `vmproof mutate rv64 --survivors tests/models/rv64_survivors.toml` (proofs/README.md).
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.language import Description, load
from vmproof.theorems.checks import affected
from vmproof.theorems.fates import Fate, Trialled
from vmproof.theorems.machine_trials import MachineTrial, Premises
from vmproof.theorems.mutation import BRANCH, GUARD_DROPPED, MASK, PERMISSION, Mutant
from vmproof.theorems.permissions import permission_mutants
from vmproof.theorems.runner import Settings
from vmproof.theorems.survivors import read_survivors
from vmproof.theorems.theorem import VIRTUALIZE, Theorem

MODEL = Path(__file__).parents[2] / "models" / "rv64.py"
LIST = Path(__file__).parent / "rv64_survivors.toml"

PREMISES = ("states", "legality", "vectors", "trap_frames", "tables", "realisation", "view")
"""All proved of the scenarios that are used here (test_rv64_judged.py)."""


@cache
def machine() -> Description:
    return load(MODEL)


@cache
def mutants() -> tuple[Mutant, ...]:
    return tuple(permission_mutants(machine()))


def tried(name: str, scenario: str) -> Trialled:
    """The fate of a mutant in one scenario."""
    [mutant] = [each for each in mutants() if each.name == name]
    proof = Settings(timeout=120.0).proof(mutant.of(Theorem("rv64", "", MODEL, method=VIRTUALIZE), 1))
    premises = Premises(scenario, dict.fromkeys(PREMISES, Verdict.PROVED))
    return MachineTrial(proof, MODEL, {}, (premises,), affected(machine(), mutant.function)).perform()


def test_each_kind_is_found() -> None:
    found = Counter(mutant.operator for mutant in mutants())
    assert set(found) == {GUARD_DROPPED, BRANCH, MASK, PERMISSION}
    assert min(found.values()) > 100
    functions = {mutant.function for mutant in mutants()}
    assert {"check_access", "check_counter", "float_on", "read_satp", "sret", "wfi", "sfence_vma", "guest_mode", "mret"} <= functions
    assert {"write_mstatus", "write_sstatus", "write_medeleg", "environment", "vector", "has_mode", "pmp_allows", "enter"} <= functions
    assert not functions & {"zero_register", "delegation", "in_user", "in_supervisor", "as_asked"}, "claims and VMMs are not changed"


def test_what_is_listed_exists() -> None:
    names = {mutant.name for mutant in mutants()}
    listed = read_survivors(LIST).reasons
    assert [name for name in listed if name not in names] == []
    assert all(len(reason.split()) > 5 for reason in listed.values())


@pytest.mark.slow(20)
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "csr.check_access: if m.mode == Mode.U: -> pass",
            "SupervisorInUser: csrrw_sstatus: completes: no, now yes",
        ),
        (
            "csr.write_medeleg: m.medeleg = value & delegable(m) -> m.medeleg = (value)",
            "SupervisorInUser: csrrw_medeleg: keeps the legal states: proved, now refuted",
        ),
        (
            "csr.read_satp: if m.mode == Mode.S and m.mstatus.TVM: -> if (m.mode == Mode.S):",
            "SupervisorInUser: csrrw_satp: control_sensitive (g): yes, now no",
        ),
    ],
    ids=["permission", "mask", "trap-enable"],
)
def test_a_change_is_noticed(name: str, reason: str) -> None:
    found = tried(name, "SupervisorInUser")
    assert (found.fate, found.outcome.reason) == (Fate.KILLED, reason)


@pytest.mark.slow(15)
def test_what_is_listed_is_not_noticed() -> None:
    name = "csr.address_translation: return Atp(value) if has_mode(value) else old -> return Atp(value) if (not (has_mode(value))) else old"
    assert name in read_survivors(LIST).reasons
    found = tried(name, "SupervisorInUser")
    assert (found.fate, found.outcome.reason) == (Fate.SURVIVED, "differs in S, M, VS; judged: SupervisorInUser 3/3")
