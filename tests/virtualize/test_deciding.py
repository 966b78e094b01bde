"""Questions that are given up soon, and what a search learns before it fixes its bits: less is asked, and nothing is claimed of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.engines.verdict import Verdict
from vmproof.language import Instruction, load_text
from vmproof.solvers import Answer as SolverAnswer
from vmproof.solvers import SolverPool, Status
from vmproof.virtualize.asking import Ask, Asker, T, Task
from vmproof.virtualize.classify import Classified, Classifier
from vmproof.virtualize.decide import Finding, decide
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.result import Answer
from vmproof.virtualize.round import Round, refutations
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.worlds import Worlds

MACHINE = """
from vmproof.lang import *

class Mode(Enum):
    user = 0
    supervisor = 1

class Cause(Enum):
    privileged = 0

class Machine(State):
    pc: bits[8]
    r: array[bits[1], bits[8]]
    mode: Mode = role.mode(least=Mode.user)
    mask: bits[8] = role.control
    quiet: bits[1] = role.control
    old_pc: bits[8] = role.control
    old_mode: Mode = role.control

@trap_entry
def enter(m, cause: Cause):
    m.old_pc, m.old_mode, m.mode = m.pc, m.mode, Mode.supervisor

@instruction("0000 rd[1] 000")
def plain(m, rd):
    m.r[rd] = m.r[rd] + 1

@instruction("0100 rd[1] 000")
def read_nothing(m, rd):
    m.r[rd] = m.mask if m.r[rd] * m.r[rd] == 2 else 0  # no square is 2 modulo 256

@instruction("0001 rd[1] 000")
def read_mask(m, rd):
    m.r[rd] = m.mask

@instruction("0010 rd[1] 000")
def swap_mask(m, rd):
    m.r[rd], m.mask = m.mask, m.r[rd]

@instruction("0011 rd[1] 000")
def guarded(m, rd):
    if m.mode == Mode.user and m.quiet == 1:
        trap(Cause.privileged)
    m.r[rd] = m.mask

@scenario("all in user mode")
class InUser:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}
    search = ["quiet"]

    def host(real, guest):
        return HOST
"""
BRIEF = "not searched for long, as the instruction is sensitive in any case"


def described(host: str = "True") -> Setting:
    description = load_text(MACHINE.replace("HOST", host), Path("small.py"))
    return Setting(description, description.scenarios[0])


def instruction(setting: Setting, name: str) -> Instruction:
    found = setting.description.instruction(name)
    assert found is not None
    return found


def cut_short(task: Task[T]) -> Task[T]:
    """The task, none of whose brief searches comes to an end in time."""
    try:
        request = next(task)
        while True:
            if isinstance(request, Ask) and request.brief:
                request = task.send(SolverAnswer(Status.UNKNOWN, None, "timeout", 0.0, "z3"))
            else:
                request = task.send((yield request))
    except StopIteration as end:
        result: T = end.value
        return result


def decided(name: str, brief: bool, in_time: bool = True) -> Finding:
    """Whether the instruction is critical."""
    setting = described()
    task = decide(Executions(setting), Worlds(setting).pair(), instruction(setting, name), Question("critical", "g", "r"), brief=brief)
    with SolverPool(1) as solvers:
        return Asker(solvers).result(task if in_time else cut_short(task))


@pytest.mark.parametrize("brief", [False, True])
def test_a_brief_search_that_ends_finds_what_a_long_one_finds(brief: bool) -> None:
    found = decided("read_mask", brief)
    assert found.answer is Answer.YES
    assert found.candidate is not None


def test_a_brief_search_that_is_given_up_leaves_it_open() -> None:
    """That there is a candidate over the view is known by then; it is neither YES without a replay nor NO without a proof."""
    found = decided("read_mask", brief=True, in_time=False)
    assert (found.answer, found.reason, found.candidate) == (Answer.UNKNOWN, BRIEF, None)
    assert decided("read_mask", brief=False, in_time=False).answer is Answer.YES


def test_what_is_proved_without_a_search_is_proved_in_brief() -> None:
    assert decided("plain", brief=True, in_time=False).answer is Answer.NO
    assert decided("read_nothing", brief=True, in_time=False).answer is Answer.NO


def classified(name: str) -> Classified:
    setting = described()
    task = Classifier(Executions(setting), Worlds(setting)).classify(instruction(setting, name), theorems=False)
    with SolverPool(2) as solvers:
        return Asker(solvers).result(cut_short(task))


def test_only_what_no_verdict_hangs_on_is_searched_in_brief() -> None:
    """Behaviour of an instruction that changes control is open then; of one that is not sensitive otherwise it is searched for."""
    kinds = ("control_sensitive", "behaviour_sensitive", "critical")
    swap = classified("swap_mask")
    assert [swap.of(kind).answer for kind in kinds] == [Answer.YES, Answer.UNKNOWN, Answer.YES]
    assert swap.of("behaviour_sensitive").reason == BRIEF
    read = classified("read_mask")
    assert [read.of(kind).answer for kind in kinds] == [Answer.NO, Answer.YES, Answer.YES]


def refuted(host: str, names: tuple[str, ...]) -> Round:
    setting = described(host)
    with SolverPool(2) as solvers:
        return refutations(setting, Asker(solvers), [instruction(setting, name) for name in names])


def test_what_refutes_a_setting_whose_bits_are_open() -> None:
    """A pair of states for each critical instruction, with a value of the bit that they refute; premises are not looked at."""
    found = refuted("True", ("plain", "guarded", "swap_mask"))
    assert found.setting.fixed == {}
    assert {name: premise.verdict for name, premise in found.premises.items()} == {"states": Verdict.PROVED}
    assert [one.instruction.name for one in found.classified] == ["plain", "guarded", "swap_mask"]
    answers = [{name: finding.answer for name, finding in one.findings.items()} for one in found.classified]
    no, yes = Answer.NO, Answer.YES
    assert answers == [
        {"critical": no, "resource_control": no},
        {"critical": yes, "resource_control": no},
        {"critical": yes, "resource_control": yes},
    ]
    guarded = found.classified[1].of("critical").candidate
    assert guarded is not None
    assert guarded.world.body("r").state["quiet"].value == 0


def test_without_states_nothing_is_refuted() -> None:
    found = refuted("guest.mode != guest.mode", ("swap_mask",))
    assert found.vacuous
    assert found.classified == []
