"""Systems made of other systems: the composed system is the one that a person would write out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.engines.bmc import bmc
from vmproof.engines.explicit import Exploration, explore
from vmproof.engines.induction import induction
from vmproof.engines.kinduction import kinduction
from vmproof.engines.liveness import liveness
from vmproof.engines.reading import transition_system
from vmproof.engines.replay import replay
from vmproof.engines.system import Kind, TransitionSystem
from vmproof.engines.verdict import Verdict
from vmproof.formats.naming import Naming
from vmproof.formats.trace import shown
from vmproof.language.loader import load_system
from vmproof.solvers import SolverPool
from vmproof.theorems.edits import apply
from vmproof.theorems.mutation import system_mutants
from vmproof.theorems.theorem import Change

LOCK = '''\
"""A lock that processes may want."""

from vmproof.lang import *

Process = unsized("Process")
NOBODY = constant(Process)


class Lock(State):
    holder: Process
    waiting: array[Process, bool]


@init
def free(w):
    return w.holder == NOBODY and forall(lambda p: not w.waiting[p], Process)


@action
def ask(w, p: Process):
    require(p != NOBODY)
    w.waiting[p] = True


@fair
@action
def take(w, p: Process):
    require(w.waiting[p] and w.holder == NOBODY)
    w.holder = p
    w.waiting[p] = False


@fair
@action
def release(w):
    w.holder = NOBODY


@invariant("nobody waits in vain")
def somebody(w, p: Process):
    return implies(w.waiting[p], p != NOBODY)


@reachable("a process holds the lock")
def held(w, p: Process):
    return w.holder == p and p != NOBODY


@eventually("the lock is released again", premise=lambda w: w.holder != NOBODY)
def released(w):
    return w.holder == NOBODY
'''

DIAL = '''\
"""A dial that is turned up to its end."""

from vmproof.lang import *

END = parameter(3)


class Dial(State):
    n: bits[3]
    on: bool


@init
def low(d):
    return d.n == 0 and not d.on


@action
def turn(d, by: bits[1]):
    require(d.n + zext(by, 3) < END)
    d.n = d.n + zext(by, 3) + 1
    d.on = True


@action
def off(d):
    require(d.on)
    d.on = False


@invariant("it stays in its range")
def in_range(d):
    return d.n <= END
'''

DIALS = "from vmproof.lang import *\nfrom . import dial\n\n\n"
DOORS = '''\
from vmproof.lang import *
from . import lock

Door = unsized("Door")


class Doors(State):
    locks: array[Door, lock.Lock]
'''

PAIR = '''\
from vmproof.lang import *
from . import dial


class Pair(State):
    left: dial.Dial = joint(dial.turn)
    right: dial.Dial
    spare: bits[1]


@init
def start(s):
    return s.spare == 0


@action
def both(s, by: bits[1]):
    """The right one goes on by one where the left one is turned."""
    dial.turn(s.left, by)
    dial.turn(s.right, 0)
    s.spare = by
'''

PAIR_BY_HAND = '''\
from vmproof.lang import *


class Pair(State):
    left: bits[3]
    left_on: bool
    right: bits[3]
    right_on: bool
    spare: bits[1]


@init
def start(s):
    return s.left == 0 and s.right == 0 and not s.left_on and not s.right_on and s.spare == 0


@action
def both(s, by: bits[1]):
    require(s.left + zext(by, 3) < 3 and s.right < 3)
    s.left = s.left + zext(by, 3) + 1
    s.right = s.right + 1
    s.left_on, s.right_on = True, True
    s.spare = by


@action
def left_off(s):
    require(s.left_on)
    s.left_on = False


@action
def right_turn(s, by: bits[1]):
    require(s.right + zext(by, 3) < 3)
    s.right = s.right + zext(by, 3) + 1
    s.right_on = True


@action
def right_off(s):
    require(s.right_on)
    s.right_on = False
'''


def written(folder: Path, **files: str) -> Path:
    """The folder's path to `whole.py` beside the other files."""
    for name, text in {"lock": LOCK, "dial": DIAL, **files}.items():
        (folder / f"{name}.py").write_text(text)
    return folder / "whole.py"


def system(folder: Path, text: str, sizes: dict[str, int] | None = None, **files: str) -> TransitionSystem:
    return transition_system(load_system(written(folder, whole=text, **files), sizes))


def searched(made: TransitionSystem) -> Exploration:
    found = explore(made, made.properties, symmetry=False)
    assert found.complete
    return found


def test_a_whole_is_the_product_written_by_hand(tmp_path: Path) -> None:
    whole, flat = system(tmp_path, PAIR), system(tmp_path, PAIR_BY_HAND)
    assert [action.name for action in whole.actions] == ["both", "left.off", "right.turn", "right.off"]
    composed, by_hand = searched(whole), searched(flat)
    assert (composed.states, composed.transitions) == (by_hand.states, by_hand.transitions)
    assert composed.states > 20
    assert {item.property: item.verdict for item in composed.answers} == {
        "left.in_range": Verdict.PROVED,
        "right.in_range": Verdict.PROVED,
    }


def test_components_that_share_nothing_multiply(tmp_path: Path) -> None:
    alone = searched(system(tmp_path, DIAL))
    whole = searched(system(tmp_path, f"{DIALS}class Both(State):\n    a: dial.Dial\n    b: dial.Dial\n"))
    assert whole.states == alone.states**2
    assert whole.transitions == 2 * alone.states * alone.transitions


def test_an_array_is_one_component_for_each_index(tmp_path: Path) -> None:
    alone = searched(system(tmp_path, DIAL))
    text = f'{DIALS}Cpu = unsized("Cpu")\n\n\nclass Rack(State):\n    dials: array[Cpu, dial.Dial]\n'
    made = system(tmp_path, text, {"Cpu": 3})
    found = searched(made)
    assert (found.states, found.transitions) == (alone.states**3, 3 * alone.states**2 * alone.transitions)
    assert [(action.name, [item.name for item in action.parameters]) for action in made.actions] == [
        ("dials.turn", ["cpu", "by"]),
        ("dials.off", ["cpu"]),
    ]
    reduced = explore(made, made.properties)
    assert reduced.states < found.states  # the elements are interchangeable


def test_arrays_of_arrays_and_components_of_components(tmp_path: Path) -> None:
    room = f"{DIALS}class Room(State):\n    dials: array[bits[1], dial.Dial]\n    lit: bool\n"
    room += "\n\n@action\ndef switch(r, index: bits[1]):\n    dial.off(r.dials[index])\n    r.lit = not r.lit\n"
    text = "from vmproof.lang import *\nfrom . import room\n\n\nclass House(State):\n    rooms: array[bits[1], array[bool, room.Room]]\n"
    text += "    last: bits[1]\n\n\n@action\ndef all_off(h, i: bits[1], floor: bool):\n"
    text += "    room.switch(h.rooms[i][floor], i)\n    h.last = i\n"
    made = system(tmp_path, text, room=room)
    assert {action.name: [item.name for item in action.parameters] for action in made.actions} == {
        "all_off": ["i", "floor"],
        "rooms.switch": ["index2", "index3", "index"],
        "rooms.dials.turn": ["index", "index2", "index3", "by"],
        "rooms.dials.off": ["index", "index2", "index3"],
    }
    with SolverPool(timeout=20) as pool:
        assert [answer.verdict for answer in induction(made, made.properties, pool=pool)] == [Verdict.PROVED]


KERNEL = '''\
"""A kernel that hands out frames under a lock."""

from vmproof.lang import *
from spec.kernel import frames
from . import lock

mutex = lock(Process=frames.Pid, NOBODY=frames.FREE)


class Kernel(State):
    memory: frames.World = joint(frames.map_page)
    guard: mutex.Lock


@action
def map_page(s, page: frames.Page, frame: frames.Frame):
    frames.map_page(s.memory, s.guard.holder, page, frame)


@reachable("a process that has memory waits for the lock")
def wants_more(s, frame: frames.Frame):
    return s.memory.owner[frame] != frames.FREE and s.guard.waiting[s.memory.owner[frame]]
'''
SIZES = {"Pid": 2, "Page": 1, "Frame": 2}


def test_invariants_of_components_are_proved_of_the_whole_for_any_number(tmp_path: Path) -> None:
    made = system(tmp_path, KERNEL)
    assert {item.name for item in made.properties if item.kind is Kind.ALWAYS} == {
        "memory.owned",
        "memory.unshared",
        "memory.accounted",
        "guard.somebody",
    }
    with SolverPool(timeout=20) as pool:
        answers = induction(made, [item for item in made.properties if item.kind is Kind.ALWAYS], pool=pool)
    assert {answer.verdict for answer in answers} == {Verdict.PROVED}


def test_bound_types_leave_no_others(tmp_path: Path) -> None:
    loaded = load_system(written(tmp_path, whole=KERNEL))
    assert set(loaded.machine.unsized) == {"Pid", "Page", "Frame"}
    assert set(loaded.machine.constants) == {"FREE"}


def test_all_engines_take_composed_systems(tmp_path: Path) -> None:
    made = system(tmp_path, KERNEL, SIZES)
    truth = {answer.property: answer for answer in searched(made).answers}
    expected = dict.fromkeys(truth, Verdict.PROVED) | {"memory.two_at_once": Verdict.REFUTED}  # of two processes, one is nobody
    assert {name: answer.verdict for name, answer in truth.items()} == expected
    invariants = [item for item in made.properties if item.kind is Kind.ALWAYS]
    wants = next(item for item in made.properties if item.name == "wants_more")
    released = next(item for item in made.properties if item.name == "guard.released")
    with SolverPool(timeout=20) as pool:
        assert {answer.verdict for answer in kinduction(made, invariants, pool=pool, bound=2)} == {Verdict.PROVED}
        [answer] = bmc(made, [wants], pool=pool, bound=4)
        assert answer.trace is not None
        assert [step.action for step in answer.trace.steps] == ["guard.ask", "guard.take", "map_page", "guard.ask"]
        assert replay(made, answer.trace, wants, answer.parameters) is None
        unfair = system(tmp_path, KERNEL, SIZES, lock=LOCK.replace("@fair\n@action\ndef release", "@action\ndef release"))
        [lasso] = liveness(unfair, [item for item in unfair.properties if item.name == released.name], pool=pool, bound=4)
        assert lasso.verdict is Verdict.REFUTED


def test_fairness_is_that_of_each_component(tmp_path: Path) -> None:
    made = system(tmp_path, DOORS, {"Door": 2, "Process": 2})
    answers = {answer.property: answer.verdict for answer in searched(made).answers}
    assert answers == {"locks.somebody": Verdict.PROVED, "locks.held": Verdict.PROVED, "locks.released": Verdict.PROVED}
    selfish = system(tmp_path, DOORS.replace("lock.Lock]", "lock.Lock] = joint(lock.release)"), {"Door": 2, "Process": 2})
    [released] = [answer for answer in searched(selfish).answers if answer.property == "locks.released"]
    assert released.verdict is Verdict.REFUTED  # nothing calls what only joint steps take


def test_induction_over_any_number_of_components(tmp_path: Path) -> None:
    text = f"{DOORS}\n\n@action\ndef hand_over(s, a: Door, b: Door, p: lock.Process):\n    require(a != b and s.locks[a].holder == p)\n"
    text += "    lock.release(s.locks[a])\n    lock.take(s.locks[b], p)\n"
    made = system(tmp_path, text)
    [somebody] = [item for item in made.properties if item.kind is Kind.ALWAYS]
    with SolverPool(timeout=20) as pool:
        [answer] = induction(made, [somebody], pool=pool)
        assert answer.verdict is Verdict.PROVED
        broken = system(tmp_path, text, lock=LOCK.replace("    require(p != NOBODY)\n    w.waiting", "    w.waiting"))
        [answer] = induction(broken, [item for item in broken.properties if item.name == somebody.name], pool=pool)
        assert answer.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("joint", "actions"),
    [
        ("", ["step", "a.turn", "a.off"]),
        (" = joint(dial.off)", ["step", "a.turn"]),
        (" = joint(dial.turn, dial.off)", ["step"]),
        (" = joint()", ["step"]),
    ],
)
def test_joint_actions_are_not_interleaved(joint: str, actions: list[str], tmp_path: Path) -> None:
    text = f"{DIALS}class One(State):\n    a: dial.Dial{joint}\n"
    text += "\n\n@action\ndef step(s, by: bits[1]):\n    if s.a.n == 0:\n        dial.turn(s.a, by)\n    else:\n        dial.off(s.a)\n"
    made = system(tmp_path, text)
    assert [action.name for action in made.actions] == actions
    if len(actions) == 1:  # 0 off; 1 or 2 on; then off, where `off` disables the step
        assert searched(made).states == 5


def test_parameters_are_shared_or_bound(tmp_path: Path) -> None:
    text = f"{DIALS}short = dial(END=1)\n\n\nclass Two(State):\n    a: dial.Dial\n    b: short.Dial\n"
    whole = system(tmp_path, text)
    short = searched(transition_system(load_system(tmp_path / "dial.py", parameters={"END": 1})))
    assert searched(whole).states == searched(transition_system(load_system(tmp_path / "dial.py"))).states * short.states
    set_to = transition_system(load_system(tmp_path / "whole.py", parameters={"END": 2}))
    two = searched(transition_system(load_system(tmp_path / "dial.py", parameters={"END": 2})))
    assert searched(set_to).states == two.states * short.states


def test_a_file_of_types_is_one_for_all_that_import_it(tmp_path: Path) -> None:
    kinds = 'from vmproof.lang import *\n\nProcess = unsized("Process")\nNOBODY = constant(Process)\n'
    lock = LOCK.replace('Process = unsized("Process")\nNOBODY = constant(Process)\n', "from kinds import *\n")
    text = "from vmproof.lang import *\nfrom . import lock\nfrom kinds import Process\n\n\nclass W(State):\n    l: lock.Lock\n"
    text += "    last: Process\n\n\n@action\ndef note(w):\n    w.last = w.l.holder\n"
    loaded = load_system(written(tmp_path, whole=text, lock=lock, kinds=kinds))
    assert set(loaded.machine.unsized) == {"Process"}
    assert [item.name for item in transition_system(loaded).actions] == ["note", "l.ask", "l.take", "l.release"]


def test_the_whole_reads_and_writes_fields_of_its_components(tmp_path: Path) -> None:
    text = f"{DIALS}class One(State):\n    a: array[bits[1], dial.Dial] = joint()\n"
    text += "\n\ndef higher(d):\n    return d.n + 1\n\n\n@action\ndef step(s, i: bits[1]):\n    part = s.a[i]\n"
    text += "    require(part.n < 2)\n    part.n = higher(part)\n"
    text += "    s.a[~i].on = True\n    part.n += 0\n"
    assert searched(system(tmp_path, text)).states == 9  # n of each is 0 to 2; one is on where the other has left 0


def test_names_of_components_in_traces_and_mutants(tmp_path: Path) -> None:
    path = written(tmp_path, whole=KERNEL)
    loaded = load_system(path, SIZES)
    made = transition_system(loaded)
    found = explore(made, [item for item in made.properties if item.name == "guard.held"])
    [answer] = found.answers
    assert answer.trace is not None
    trace = shown(Naming(loaded), answer.trace, "guard.held", answer.parameters)
    assert [step.action for step in trace.steps] == ["guard.ask", "guard.take"]
    assert set(trace.steps[1].changes) == {"guard.holder", f"guard.waiting[{trace.steps[0].parameters['p']}]"}
    mutants = system_mutants(loaded)
    assert {(mutant.path.name, mutant.function) for mutant in mutants} == {
        ("whole.py", "map_page"),
        *(("lock.py", name) for name in ("free", "ask", "take", "release")),
        *(("frames.py", name) for name in ("boot", "map_page", "unmap_page")),
    }
    changed, text = apply(Change("frames.map_page", drop="w.owner[frame] = pid"), loaded.sources)
    assert changed.path.name == "frames.py"
    assert text != "\n".join(changed.lines)
