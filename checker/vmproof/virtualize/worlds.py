"""The worlds that the questions of a setting are asked in, each made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vmproof.terms import substitute, variables
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.world import World

COMBINATIONS = (("g", "g2"), ("g", "r2"), ("r", "r2"))
"""Which two states a two-state question is about: each a guest or a real one, with a partner of its own."""


class Worlds:
    """Worlds by name; `unmoved` ones speak only of guest modes that run in themselves."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._made: dict[tuple[str, ...], World] = {}

    def pair(self, unmoved: bool = False) -> World:
        """g and r = f(g)."""
        return self._once(("pair", str(unmoved)), lambda world: self._pair(world, unmoved))

    def moved(self) -> World:
        """g and r = f(g) with the guest's mode one that runs in another."""

        def build(world: World) -> None:
            guest, _ = world.pair()
            setting = self.setting
            world.require(setting.in_modes(guest.state, [mode for mode in setting.domain if mode not in setting.unmoved]))

        return self._once(("moved",), build)

    def two(self, one: str, other: str, unmoved: bool = False) -> World:
        """Two pairs with equal user part, view and control of the guest's own."""

        def build(world: World) -> None:
            self._pair(world, unmoved)
            self._second(world, unmoved)

        return self._once(("two", str(unmoved)), build)

    def two_modes(self, one: str, other: str) -> World:
        """Two pairs of which the states called `one` and `other` differ in the mode only, what is the VMM's being equal."""

        def build(world: World) -> None:
            self._pair(world, False)
            like = world.body(one).state
            paths = self.setting.mode_paths
            if other == "g2":
                world.guest("g2", like=like, fresh=paths)
                world.real("r2", "g2")
            else:
                world.guest("g2")
                world.real("r2", "g2", like=like)

        return self._once(("modes", one, other), build)

    def two_resources(self, one: str, other: str) -> World:
        """Two pairs of which the states called `one` and `other` are in one mode."""

        def build(world: World) -> None:
            self._pair(world, False)
            self._second(world, False)
            if not self.setting.own_mode:
                first, second = world.body(one).state, world.body(other).state
                world.require(*(world.pool.eq(first[path], second[path]) for path in self.setting.mode_paths))

        return self._once(("resources", one, other), build)

    def beside(self, *paths: str) -> World:
        """g with two real states r and r2 that differ in these fields only."""

        def build(world: World) -> None:
            _, real = world.pair()
            second = world.real("r2", "g", like=real.state, fresh=paths, picks=real.picks)
            world.require(world.pool.or_(*(world.pool.ne(real.state[path], second.state[path]) for path in paths)))

        return self._once(("beside", *paths), build)

    def lost(self) -> World:
        """Two real states of the same VMM-owned control, whose user parts and guests' own control have nothing to do with each other."""

        def build(world: World) -> None:
            self._pair(world, False)
            _copy_with_other_user(world)

        return self._once(("lost",), build)

    def _pair(self, world: World, unmoved: bool) -> None:
        guest, _ = world.pair()
        if unmoved:
            world.require(self.setting.in_modes(guest.state, self.setting.unmoved))

    def _second(self, world: World, unmoved: bool) -> None:
        guest, _ = world.pair("2")
        if unmoved:
            world.require(self.setting.in_modes(guest.state, self.setting.unmoved))

    def _once(self, key: tuple[str, ...], build: Callable[[World], None]) -> World:
        if key not in self._made:
            world = World(self.setting, choosing=True)
            build(world)
            self._made[key] = world
        return self._made[key]


def _copy_with_other_user(world: World) -> None:
    """Add g2 and r2: as g and r in what is the VMM's, with user part, own control and own mode of their own."""
    setting, pool = world.setting, world.pool
    shared = [
        variable
        for variable in variables([term for name in ("g", "r") for path, term in world.body(name).state.items() if path in setting.fields])
        if variable.name.startswith(("u.", "own."))
    ]
    anew = {variable: pool.var(f"other.{variable.name}", variable.sort) for variable in shared}
    constraints = substitute(pool, world.constraints, anew)
    for name in ("g", "r"):
        body = world.body(name)
        paths = list(body.state)
        state = dict(zip(paths, substitute(pool, [body.state[path] for path in paths], anew), strict=True))
        partner = None if body.partner is None else "g2"
        world.bodies[f"{name}2"] = replace(body, name=f"{name}2", state=state, partner=partner, functions=name)
    world.apart.add("g2")
    world.require(*constraints)
