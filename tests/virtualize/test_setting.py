"""What is fixed of a setting, what is known of it, and what `host` says a guest is."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.language import load_text
from vmproof.solvers import SolverPool
from vmproof.terms import ArrayValue, Op, Term, Value, default_value, evaluate, variables
from vmproof.virtualize.agreement import Agreement
from vmproof.virtualize.asking import Asker
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.world import World

OWN_TABLES = Path(__file__).parents[1] / "machines" / "own_tables.py"

MACHINE = """
from vmproof.lang import *

class Mode(Enum):
    user = 0
    supervisor = 1

class Machine(State):
    pc: bits[8]
    mode: Mode = role.mode(least=Mode.user)
    mask: bits[8] = role.control
    quiet: bits[2] = role.control
    open: bool = role.control
    seen: bits[1] = role.status
    size: bits[8] = role.platform
    wide: bool = role.platform
    narrow: bits[1] = role.platform

@legal
def sized(m):
    return m.mask <= m.size

@instruction("0000 0000")
def nothing(m):
    pass

@scenario("all in user mode")
class InUser:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}
    search = ["quiet", "open"]

    def host(real, guest):
        return HOST
"""


def small(host: str = "True") -> Setting:
    description = load_text(MACHINE.replace("HOST", host), Path("small.py"))
    return Setting(description, description.scenarios[0])


def test_bits_that_a_vmm_has_chosen() -> None:
    """They are constants of real states, not of guests; of the setting with all bits open nothing is changed."""
    setting = small()
    guest, real = World(setting.fixing({"quiet": 2, "open": 1})).pair()
    assert (real.state["quiet"].value, real.state["open"].value) == (2, True)
    assert guest.state["quiet"].op is guest.state["open"].op is Op.VAR
    _, real = World(setting).pair()
    assert real.state["quiet"].op is real.state["open"].op is Op.VAR


def test_what_is_known_of_one_choice_is_not_known_of_another() -> None:
    setting = small()
    setting.promoted.add("seen")
    setting.partial, setting.bare = True, {}
    chosen = setting.fixing({"quiet": 0, "open": 0})
    assert (chosen.promoted, chosen.partial, chosen.bare) == (set(), False, None)
    assert "seen" not in chosen.control("real")
    chosen.promoted.add("seen")
    other = chosen.fixing({"quiet": 1, "open": 0})
    assert (other.promoted, other.fixed, chosen.fixed) == (set(), {"quiet": 1, "open": 0}, {"quiet": 0, "open": 0})
    assert (setting.promoted, setting.partial, setting.bare, setting.fixed) == ({"seen"}, True, {}, {})


HOST = "guest.size == 16 and not guest.wide and guest.narrow != 1 and real.mask == guest.size and real.quiet == guest.quiet"


def test_what_host_says_a_guest_is_stands_in_its_place() -> None:
    """In the guest, in whatever is said of it, and in the real state."""
    world = World(small(HOST))
    guest, real = world.pair()
    assert [guest.state[path].value for path in ("size", "wide", "narrow")] == [16, False, 0]
    assert real.state["mask"].value == 16
    assert guest.state["quiet"].op is Op.VAR  # the other side of an equation is the real one's
    left = {variable.name for variable in variables(world.constraints)}
    assert not left & {"g.size", "g.wide", "g.narrow", "r.mask"}
    pool = world.pool
    assert pool.ule(guest.state["mask"], pool.bv(16, 8)) in world.constraints


def test_each_pair_of_a_world_is_settled() -> None:
    world = World(small(HOST))
    world.pair()
    guest, _ = world.pair("2")
    assert [world.body(name).state["size"].value for name in ("g", "g2")] == [16, 16]
    assert guest.state["wide"] is world.pool.false


def test_a_world_that_is_not_settled_keeps_what_host_says() -> None:
    world = World(small(HOST), settled=False)
    guest, real = world.pair()
    assert guest.state["size"].op is guest.state["wide"].op is Op.VAR
    pool = world.pool
    assert {pool.eq(guest.state["size"], pool.bv(16, 8)), pool.not_(guest.state["wide"])} <= set(world.constraints)
    assert real.state["mask"] is guest.state["size"]


def test_a_guest_that_cannot_be_as_host_says_has_no_state() -> None:
    """What contradicts itself stays a contradiction when it is put in its place."""
    world = World(small("guest.size == 16 and guest.mask == 17"))
    world.pair()
    assert world.pool.and_(*world.constraints) is world.pool.false


NOT_BEHIND = ("m.mem[behind(m, cat(m.root[8:3], va[8:6]))]", "m.mem[cat(m.root[8:3], va[8:6])]")
"""The real walker then finds the guest's tables elsewhere than the guest does."""


def nested(*changes: tuple[str, str]) -> Setting:
    text = OWN_TABLES.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    description = load_text(text, Path("nested.py"))
    return Setting(description, description.scenarios[0])


@pytest.mark.parametrize("bare", [False, True])
def test_views_are_compared_as_the_bare_view_only_where_that_is_known(bare: bool) -> None:
    """A guest whose bare view is that of its real state, which has a table where the guest has none; at root 0 neither looks there."""
    setting = nested(NOT_BEHIND)
    pool = setting.pool
    if bare:
        setting.bare = {"root": pool.bv(0, 9), "mode": pool.bv(0, 2)}
    world = World(setting)
    guest, real = world.pair()
    entries = {0b111111000 | page: 0b10000100 | page for page in range(3)}
    given: dict[str, Value] = {"g.frames": 3, "r.mem": ArrayValue(0, {8: 0b11000000, **entries})}
    every = variables([*world.constraints, *guest.state.values(), *real.state.values()])
    values: dict[Term, Value] = {variable: given.get(variable.name, default_value(variable.sort)) for variable in every}
    assert evaluate(world.constraints, values) == [True] * len(world.constraints)
    with SolverPool(1) as solvers:
        gap = Asker(solvers).result(Agreement(world).gap(values))
    assert (gap is None) == bare
    assert bare or gap
