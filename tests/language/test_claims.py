"""What a claim may say beside its sentence: its name, and what it is proved from."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.engines.reading import transition_system
from vmproof.errors import InputError
from vmproof.language.loader import load_system

TEXT = """\
from vmproof.lang import *


class W(State):
    n: bits[3]


@init
def start(w):
    return w.n == 0


@action
def step(w):
    w.n = w.n + 2


@invariant("n is even")
def even(w):
    return w.n[0] == 0


"""


def read(folder: Path, text: str, name: str = "w.py") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_loop_makes_claims_of_several_names(tmp_path: Path) -> None:
    claims = """\
for odd in (1, 3, 5):

    @invariant("n is no odd number", name=f"not_{odd}", follows=("even",))
    def other(w):
        return w.n != odd


@invariant("n is not seven", using=("even", "not_1"))
def not_seven(w):
    return w.n != 7


@reachable("n is four", name="four")
def reached(w):
    return w.n == 4


@eventually("n is two", name="two", premise=lambda w: w.n == 0)
def comes(w):
    return w.n == 2
"""
    system = transition_system(load_system(read(tmp_path, TEXT + claims)))
    assert [(item.name, item.using, item.follows) for item in system.properties] == [
        ("even", None, False),
        ("not_1", ("even",), True),
        ("not_3", ("even",), True),
        ("not_5", ("even",), True),
        ("not_seven", ("even", "not_1"), False),
        ("four", None, False),
        ("two", None, False),
    ]


def test_a_component_names_its_own_claims(tmp_path: Path) -> None:
    follows = '@invariant("n is not seven", follows=("even",))\ndef not_seven(w):\n    return w.n != 7\n'
    read(tmp_path, TEXT + follows, "part.py")
    whole = """\
from vmproof.lang import *
from . import part


class Whole(State):
    left: part.W


@action
def rest(w):
    require(w.left.n == 0)


@invariant("the left one is not five", follows=("left.even",))
def not_five(w):
    return w.left.n != 5
"""
    system = transition_system(load_system(read(tmp_path, whole, "whole.py")))
    assert {item.name: item.using for item in system.properties} == {
        "left.even": None,
        "left.not_seven": ("left.even",),
        "not_five": ("left.even",),
    }


@pytest.mark.parametrize(
    ("claims", "message", "hint"),
    [
        ('@invariant("a", name="even")\ndef f(w): return True\n', "two actions or properties are called `even`", None),
        ('@invariant("a", name="step")\ndef f(w): return True\n', "two actions or properties are called `step`", None),
        ('@invariant("a", name="7up")\ndef f(w): return True\n', "`name` is a name, not a string", None),
        ('@invariant("a", name=7)\ndef f(w): return True\n', "`name` is a name, not an integer", None),
        (
            '@invariant("a", using=("even",), follows=("even",))\ndef f(w): return True\n',
            "@invariant takes `using` or `follows`, not both",
            None,
        ),
        ('@invariant("a", using="even")\ndef f(w): return True\n', "`using` is a tuple of names of invariants, not a string", None),
        ('@invariant("a", follows=(7,))\ndef f(w): return True\n', "`follows` is a tuple of names of invariants, not a tuple of 1", None),
        ('@invariant("a", using=("evn",))\ndef f(w): return True\n', "`f` names `evn`, which is no invariant", "did you mean `even`?"),
        ('@invariant("a", follows=("step",))\ndef f(w): return True\n', "`f` names `step`, which is no invariant", None),
        (
            '@reachable("a")\ndef g(w): return True\n\n\n@invariant("a", follows=("g",))\ndef f(w): return True\n',
            "`f` names `g`, which is no invariant",
            None,
        ),
        (
            '@invariant("a", follows=("f",))\ndef f(w): return True\n',
            "`f` follows from `f`, which follows itself and does not stand before it",
            "what follows from each other proves nothing",
        ),
        (
            '@invariant("a", follows=("g",))\ndef f(w): return True\n\n\n@invariant("a", follows=("f",))\ndef g(w): return True\n',
            "`f` follows from `g`, which follows itself and does not stand before it",
            "what follows from each other proves nothing",
        ),
        ('@reachable("a", using=("even",))\ndef f(w): return True\n', "@reachable has no option `using`", None),
        ('@eventually("a", nme="b")\ndef f(w): return True\n', "@eventually has no option `nme`", "did you mean `name`?"),
    ],
)
def test_mistakes(tmp_path: Path, claims: str, message: str, hint: str | None) -> None:
    with pytest.raises(InputError) as caught:
        load_system(read(tmp_path, TEXT + claims))
    assert caught.value.message == message
    assert caught.value.place is not None
    if hint is not None:
        assert caught.value.hint == hint
