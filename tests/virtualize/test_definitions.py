"""The definitions of the theory, each on a machine of a few lines that has it and one that lacks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.language import load_text
from vmproof.virtualize import Answer, Judgement, judge

MACHINE = """
from vmproof.lang import *

class Mode(Enum):
    user = 0
    supervisor = 1

class Cause(Enum):
    privileged = 0
    call = 1
    memory = 2

class Machine(State):
    pc: bits[8]
    r: array[bits[1], bits[8]]
    mode: Mode = role.mode(least=Mode.user)
    mask: bits[8] = role.control
    quiet: bits[1] = role.control
    seen: bits[1] = role.status
    wires: bits[1] = role.external
    old_pc: bits[8] = role.control
    old_mode: Mode = role.control
    cause: Cause = role.control
    size: bits[8] = role.platform

@trap_entry
def enter(m, cause: Cause):
    m.old_pc, m.old_mode, m.cause = m.pc, m.mode, cause
    m.mode = Mode.supervisor

def supervisor_only(m):
    if m.mode == Mode.user:
        trap(Cause.privileged)

@instruction("0000 0000")
def nothing(m):
    pass

@instruction("0001 rd[1] 000")
def tested(m, rd):
    {body}

@scenario("all in user mode")
class InUser:
    runs = {runs}
{host}
"""
BOTH = "{Mode.user: Mode.user, Mode.supervisor: Mode.user}"


def judged(body: str, host: str = "", runs: str = BOTH, only: tuple[str, ...] | None = None) -> Judgement:
    text = MACHINE.replace("{body}", "\n    ".join(body.splitlines())).replace("{runs}", runs).replace("{host}", host)
    return judge(load_text(text, Path("small.py")), only=only)


def answers(body: str, *questions: str, host: str = "") -> list[str]:
    verdict = judged(body, host).instruction("tested")
    return [str(verdict.answer(question)) for question in questions]


def test_privileged_weak_and_strict() -> None:
    questions = ("privileged", "privileged_strict", "innocuous")
    assert answers("supervisor_only(m)\nm.mask = m.r[rd]", *questions) == ["yes", "yes", "no"]
    assert answers("trap(Cause.call)", *questions) == ["yes", "no", "yes"]
    assert answers("m.r[rd] = m.r[rd] + 1", *questions) == ["no", "no", "yes"]


def test_strict_does_not_apply_where_every_mode_runs_in_itself() -> None:
    verdict = judged("supervisor_only(m)", runs="{Mode.user: Mode.user}").instruction("tested")
    assert verdict.privileged_strict is Answer.NOT_APPLICABLE


@pytest.mark.parametrize("body", ["m.mask = m.r[rd]", "m.wires = 1", "m.mode = Mode.user", "supervisor_only(m)\nm.mask = m.r[rd]"])
def test_control_sensitive(body: str) -> None:
    assert answers(body, "control_sensitive") == ["yes"]


def test_a_trapping_execution_does_not_count_as_a_change_of_control() -> None:
    assert answers("m.mask = m.r[rd]\ntrap(Cause.call)", "control_sensitive", "innocuous") == ["no", "yes"]


def test_behaviour_by_the_mode_alone() -> None:
    questions = ("behaviour_sensitive", "mode_sensitive", "resource_sensitive", "user_sensitive", "critical")
    assert answers("m.r[rd] = 1 if m.mode == Mode.user else 0", *questions) == ["yes", "yes", "no", "no", "yes"]


def test_behaviour_in_one_mode() -> None:
    questions = ("behaviour_sensitive", "mode_sensitive", "resource_sensitive", "user_sensitive", "critical")
    assert answers("m.r[rd] = m.mask", *questions) == ["yes", "no", "yes", "yes", "yes"]


def test_what_the_platform_is_built_with_is_a_resource() -> None:
    assert answers("m.r[rd] = m.size", "mode_sensitive", "resource_sensitive") == ["no", "yes"]


def test_trap_sensitive() -> None:
    body = "if m.mode == Mode.supervisor and m.r[rd] == 0:\n    trap(Cause.call)"
    assert answers(body, "trap_sensitive", "critical") == ["yes", "yes"]
    assert answers("if m.r[rd] == 0:\n    trap(Cause.call)", "trap_sensitive", "innocuous") == ["no", "yes"]


def test_waiting_is_critical_where_it_does_not_trap() -> None:
    assert answers("wait()", "waiting", "critical") == ["yes", "yes"]
    assert answers("supervisor_only(m)\nwait()", "waiting", "critical") == ["yes", "no"]


def test_a_host_that_makes_equal_what_is_read_mends_it() -> None:
    host = "    def host(real, guest):\n        return real.mask == guest.mask"
    assert answers("m.r[rd] = m.mask", "resource_sensitive", "critical", host=host) == ["yes", "no"]


def test_a_host_that_no_longer_holds_afterwards_is_a_difference() -> None:
    host = "    def host(real, guest):\n        return real.seen == guest.seen"
    assert answers("m.seen = 1 if m.mode == Mode.user else 0", "critical", host=host) == ["yes"]


def test_status_that_nothing_shows_is_free_to_change() -> None:
    assert judged("m.seen = 1").status_as_control == ()
    assert answers("m.seen = 1", "control_sensitive", "critical") == ["no", "no"]
    judgement = judged("m.r[rd] = zext(m.seen, 8)\nm.seen = 1")
    assert judgement.status_as_control == ("seen",)
    assert judgement.critical == ("tested",)


def test_hybrid_is_about_modes_that_run_in_themselves() -> None:
    judgement = judged("m.mode = Mode.user")
    assert judgement.theorems["virtualizable"].verdict is Verdict.REFUTED
    assert judgement.theorems["hybrid"].verdict is Verdict.PROVED
    nowhere = judged("pass", runs="{Mode.supervisor: Mode.user}")
    assert nowhere.theorems["hybrid"].verdict is Verdict.VACUOUS


def test_no_real_state_makes_everything_vacuous() -> None:
    judgement = judged("pass", host="    def host(real, guest):\n        return guest.mode != guest.mode")
    assert {theorem.verdict for theorem in judgement.theorems.values()} == {Verdict.VACUOUS}
    assert judgement.theorems["virtualizable"].reason.startswith("No real state can carry a guest in mode user")


def test_a_needless_trap_refutes_efficiency_only() -> None:
    judgement = judged("if m.mode == Mode.user and m.quiet == 1:\n    trap(Cause.privileged)\nm.r[rd] = 0")
    assert judgement.critical == ("tested",)  # a guest may set `quiet` to make it trap
    host = "    def host(real, guest):\n        return real.quiet == 1 and guest.quiet == 0"
    judgement = judged("if m.mode == Mode.user and m.quiet == 1:\n    trap(Cause.privileged)\nm.r[rd] = 0", host)
    assert judgement.theorems["virtualizable"].verdict is Verdict.PROVED
    assert judgement.theorems["efficiency"].verdict is Verdict.REFUTED
    assert judgement.theorems["efficiency"].instructions == ("tested",)


def test_a_direct_transfer_out_of_the_image_is_a_trap_if_it_keeps_the_way_back() -> None:
    assert answers("m.old_pc = m.pc\nm.pc = 128\nm.mode = Mode.supervisor", "privileged", "critical") == ["yes", "no"]
    assert answers("m.pc = 128\nm.mode = Mode.supervisor", "privileged", "critical") == ["yes", "yes"]


def test_repair_names_the_bit_that_the_description_has() -> None:
    judgement = judged("if m.mode == Mode.user and m.quiet == 1:\n    trap(Cause.privileged)\nm.r[rd] = m.mask")
    assert [repair.bits for repair in judgement.repair] == [(("quiet", 1),)]
    assert judgement.repair[0].condition == "tested must trap in user mode."


def test_encodings_are_judged_apart() -> None:
    verdict = judged("if rd == 1:\n    m.r[0] = m.mask").instruction("tested")
    assert {(one.condition, one.answers["critical"]) for one in verdict.classes} == {("rd = 0", Answer.NO), ("rd = 1", Answer.YES)}


def test_only_restricts_the_instructions() -> None:
    assert [one.name for one in judged("m.mask = 0", only=("nothing",)).instructions] == ["nothing"]
    with pytest.raises(InputError, match=r"^small\.py has no instruction `nought`$"):
        judged("pass", only=("nought",))
