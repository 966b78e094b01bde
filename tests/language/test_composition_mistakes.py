"""Mistakes in systems made of other systems: one sentence each, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.engines.reading import transition_system
from vmproof.errors import InputError
from vmproof.language.loader import load_system

LOCK = """\
from vmproof.lang import *


Process = unsized("Process")
NOBODY = constant(Process)


class Lock(State):
    holder: Process


@init
def free(w):
    return w.holder == NOBODY


@action
def take(w, p: Process):
    require(w.holder == NOBODY)
    w.holder = p


@action
def release(w):
    w.holder = NOBODY


@reachable("a process holds the lock")
def held(w, p: Process):
    return w.holder == p and p != NOBODY
"""

WHOLE = """\
from vmproof.lang import *
from . import lock


class Whole(State):
    one: lock.Lock
    other: lock.Lock
    n: bits[2]


@action
def swap(s, p: lock.Process):
    lock.release(s.one)
    lock.take(s.other, p)
"""


def read(folder: Path, text: str, **files: str) -> None:
    for name, each in {"lock": LOCK, "whole": text, **files}.items():
        (folder / f"{name}.py").write_text(each)
    transition_system(load_system(folder / "whole.py"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lock.take(", "lock.takke(", "whole.py:14:5: lock has no `takke`; did you mean `take`?"),
        ("take(s.other", "take(s.n", "whole.py:14:5: the action `take` takes first the lock.Lock that it changes, not bits[2]"),
        ("take(s.other, p)", "take()", "whole.py:14:5: the action `take` takes first the lock.Lock that it changes"),
        ("take(s.other", "take(s", "whole.py:14:5: `take` is an action of lock.Lock, and this is of whole.Whole"),
        (
            "s.other, p)",
            "s.one if s.n == 0 else s.other, p)",
            "whole.py:14:15: the branches disagree: the component one and the component other",
        ),
        (
            "lock.take(s.other, p)",
            "s.other = s.one",
            "whole.py:14:5: a component is not assigned as a whole; call its actions, or assign its fields",
        ),
        ("take(s.other, p)", "take(s.other, s.n)", "whole.py:14:5: `p` of `take` is Process: bits[2] where a Process is wanted"),
        (
            "import lock\n",
            "import lock\nfrom lock import Lock\n",
            "whole.py:3:1: `lock` is imported as a component, whose names stand after a dot; lock.name",
        ),
        (
            "from . import lock\n",
            "from lock import *\nfrom . import lock as l\n",
            "whole.py:3:1: `lock` is a part of this system already, and no component of it",
        ),
        (
            "import lock\n",
            'import lock\nProcess = unsized("Process")\n',
            "lock.py:4:1: there are two unsized types `Process`; a component shares what the whole has if it is bound: file(Process=...)",
        ),
        (
            "import lock\n",
            "import lock\nNOBODY = constant(bits[2])\n",
            "lock.py:5:1: there are two constants `NOBODY`; a component shares what the whole has if it is bound: file(NOBODY=...)",
        ),
        ("other: lock", "one: lock", "whole.py:7:5: `one` is a field twice"),
        ("n: bits[2]", "NOBODY: bits[2]", "whole.py:8:1: `NOBODY` is a constant and a field of Whole"),
        (
            "import lock\n",
            "import lock\nl = lock(Proces=bits[2])\n",
            "whole.py:3:5: `lock` has no unsized type, constant or parameter `Proces`; did you mean `Process`?",
        ),
        ("import lock\n", "import lock\nl = lock(Process=3)\n", "lock.py:4:1: `Process` is bound to an integer, not to a scalar type"),
        (
            "import lock\n",
            "import lock\nl = lock(NOBODY=3)\n",
            "lock.py:5:1: `NOBODY` is bound to another type: an integer where a Process is wanted",
        ),
        (
            "import lock\n",
            "import lock\nl = lock(3)\n",
            "whole.py:3:5: lock(...) takes unsized types, constants and parameters by name; lock(Name=value)",
        ),
        ("lock.release(s.one)", "lock(Process=bool)", "whole.py:13:5: lock(...) stands outside functions"),
        ("one: lock.Lock", "one: lock.Lock = joint(lock.tak)", "whole.py:6:28: lock has no `tak`; did you mean `take`?"),
        (
            "one: lock.Lock",
            "one: lock.Lock = joint(lock.held)",
            "whole.py:6:22: joint(...) takes actions of the component, not the function held",
        ),
        ("one: lock.Lock", "one: lock.Lock = role.control", "whole.py:6:22: after `=` of a component stands joint(...), not a role"),
        (
            "n: bits[2]",
            "n: bits[2] = joint()",
            "whole.py:8:18: after `=` stands a role, not joint(...); role.user, role.control, role.status ...",
        ),
        (
            "class Whole",
            "class R(Record):\n    x: lock.Lock\n\n\nclass Whole",
            "whole.py:6:8: a component stands in the state, not in a record",
        ),
        ("import lock\n", "import lok\n", "whole.py:2:1: there is no file lok.py beside this one or in the library; did you mean `lock`?"),
        (
            "import lock\n",
            "import lock\nfrom spec.kernel import fraems\n",
            "whole.py:3:1: there is no file spec/kernel/fraems.py beside this one or in the library; did you mean `frames`?",
        ),
        (
            "import lock\n",
            "import lock\nfrom spec.kernel import *\n",
            "whole.py:3:1: files are imported by name; name the files instead of `*`",
        ),
        ("n: bits[2]", "n: Whole", "whole.py:8:8: nothing is called `Whole` here; did you mean `role`?"),
        (
            "other: lock.Lock",
            "other: array[bits[1], lock.Lock]",
            "whole.py:14:5: the action `take` takes first the lock.Lock that it changes, not an array of components other",
        ),
    ],
)
def test_mistakes(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in WHOLE
    with pytest.raises(InputError) as caught:
        read(tmp_path, WHOLE.replace(old, new, 1))
    assert str(caught.value).replace(f"{tmp_path}/", "") == message


def test_a_component_of_itself(tmp_path: Path) -> None:
    back = "from vmproof.lang import *\nfrom . import whole\n\n\nclass Back(State):\n    w: whole.Whole\n"
    with pytest.raises(InputError) as caught:
        read(tmp_path, WHOLE.replace("import lock", "import lock, back").replace("n: bits[2]", "n: back.Back"), back=back)
    assert str(caught.value).replace(f"{tmp_path}/", "") == "back.py:6:8: `whole` imports this file in turn"


def test_a_machine_is_no_component(tmp_path: Path) -> None:
    text = WHOLE.replace("import lock\n", "import lock\nfrom models import pg74\n").replace("n: bits[2]", "n: pg74.Machine")
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert caught.value.message == "`pg74` describes a machine; a component is a system"


@pytest.mark.parametrize("claim", ['@invariant("nothing")', '@reachable("nothing")'])
def test_nothing_happens_in_a_claim(claim: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"{WHOLE}\n\n{claim}\ndef none(s):\n    lock.release(s.one)\n    return True\n")
    assert caught.value.message == "the action `release` is called where nothing happens"
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"{WHOLE}\n\n{claim}\ndef none(s):\n    require(s.n == 0)\n    return True\n")
    assert caught.value.message == "require(...) stands in what an instruction executes"
