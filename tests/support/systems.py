"""Small transition systems built directly over terms: a sketch to write them with, some classics, and a seeded generator."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from vmproof.engines.system import Action, Index, Kind, Parameter, Property, TransitionSystem, Variable
from vmproof.terms import BOOL, ArraySort, BitVecSort, Pool, Sort, Term, bitvec


def width_of(domain: int) -> int:
    """The least width, at least 1, that holds the values below `domain`."""
    return max(1, (domain - 1).bit_length())


def count_of(variable: Variable) -> int:
    """How many elements an array has; 1 for a scalar."""
    [count] = [index.count for index in variable.indices] or [1]
    assert count is not None
    return count


class Sketch:
    """Collects variables, actions and properties; `system(init)` gives the whole. Paths are the names of the variables."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pool = Pool()
        self.variables: list[Variable] = []
        self.actions: list[Action] = []
        self.properties: list[Property] = []

    def flag(self, path: str, rigid: bool = False) -> Term:
        """A Boolean leaf."""
        term = self.pool.var(path, BOOL)
        self.variables.append(Variable(path, term, rigid=rigid))
        return term

    def number(self, path: str, domain: int, rigid: bool = False, symmetry: str = "") -> Term:
        """A leaf that takes the values below `domain`, of the least width."""
        term = self.pool.var(path, bitvec(width_of(domain)))
        self.variables.append(Variable(path, term, domain=domain, rigid=rigid, symmetry=symmetry))
        return term

    def array(
        self, path: str, indices: int, domain: int | None, rigid: bool = False, symmetry: str = "", index_symmetry: str = ""
    ) -> Term:
        """An array of numbers below `domain`, or of Booleans for None."""
        element: Sort = BOOL if domain is None else bitvec(width_of(domain))
        term = self.pool.var(path, ArraySort(bitvec(width_of(indices)), element))
        index = Index(indices, symmetry=index_symmetry)
        self.variables.append(Variable(path, term, domain, (index,), rigid, symmetry=symmetry))
        return term

    def parameter(self, name: str, domain: int | None, symmetry: str = "") -> Parameter:
        """A parameter with the values below `domain`, or a Boolean for None; its variable is named apart from all others."""
        return Parameter(name, self.pool.fresh(f"${name}", BOOL if domain is None else bitvec(width_of(domain))), domain, symmetry=symmetry)

    def action(
        self,
        name: str,
        guard: Term,
        next: Mapping[str, Term],
        parameters: Sequence[Parameter] = (),
        choices: Sequence[Parameter] = (),
        fair: bool = False,
    ) -> Action:
        action = Action(name, tuple(parameters), guard, dict(next), tuple(choices), fair)
        self.actions.append(action)
        return action

    def always(self, name: str, term: Term, *parameters: Parameter) -> None:
        self.properties.append(Property(Kind.ALWAYS, name, f"{name} always holds", parameters, term))

    def sometimes(self, name: str, term: Term, *parameters: Parameter) -> None:
        self.properties.append(Property(Kind.SOMETIMES, name, f"{name} can happen", parameters, term))

    def eventually(self, name: str, term: Term, *parameters: Parameter, premise: Term | None = None, measure: Term | None = None) -> None:
        self.properties.append(Property(Kind.EVENTUALLY, name, f"{name} happens in the end", parameters, term, premise, measure))

    def each(self, array: Term, indices: int, value: Term) -> Term:
        """That every element of `array` is `value`."""
        assert isinstance(array.sort, ArraySort)
        assert isinstance(array.sort.index, BitVecSort)
        width = array.sort.index.width
        return self.pool.and_(*(self.pool.eq(self.pool.select(array, self.pool.bv(i, width)), value) for i in range(indices)))

    def system(self, init: Term) -> TransitionSystem:
        return TransitionSystem(self.name, self.pool, tuple(self.variables), init, tuple(self.actions), tuple(self.properties))


def counter(limit: int = 5, wraps: bool = True) -> TransitionSystem:
    """Counts from 0 to `limit` by a fair step, and then wraps or is stuck. `limit + 1` states."""
    s = Sketch("counter")
    p = s.pool
    n = s.number("n", limit + 1)
    top = p.bv(limit, n.width)
    step = p.add(n, p.bv(1, n.width))
    if wraps:
        s.action("step", p.true, {"n": p.ite(p.eq(n, top), p.bv(0, n.width), step)}, fair=True)
    else:
        s.action("step", p.ne(n, top), {"n": step}, fair=True)
    s.always("in range", p.ule(n, top))
    s.always("below the top", p.ne(n, top))  # wrong
    s.sometimes("top", p.eq(n, top))
    s.eventually("reaches the top", p.eq(n, top), measure=p.sub(top, n))
    s.eventually("returns to zero", p.eq(n, p.bv(0, n.width)), premise=p.eq(n, top))
    return s.system(p.eq(n, p.bv(0, n.width)))


def peterson(right: bool = True) -> TransitionSystem:
    """Peterson's mutual exclusion for two processes, with atomic actions; `right=False` forgets to give the other its turn."""
    s = Sketch("peterson")
    p = s.pool
    at = s.array("at", 2, 3)  # idle, waiting, critical
    turn = s.number("turn", 2)
    me = s.parameter("me", 2)
    other = p.bvnot(me.term)

    def here(place: int) -> Term:
        return p.eq(p.select(at, me.term), p.bv(place, 2))

    def go(place: int) -> Term:
        return p.store(at, me.term, p.bv(place, 2))

    s.action("request", here(0), {"at": go(1), **({"turn": other} if right else {})}, [me])
    free = p.or_(p.eq(p.select(at, other), p.bv(0, 2)), p.eq(turn, me.term))
    s.action("enter", p.and_(here(1), free), {"at": go(2)} if right else {"at": go(2), "turn": other}, [me], fair=True)
    s.action("leave", here(2), {"at": go(0)}, [me], fair=True)
    one, two = p.bv(0, 1), p.bv(1, 1)
    both = p.and_(p.eq(p.select(at, one), p.bv(2, 2)), p.eq(p.select(at, two), p.bv(2, 2)))
    s.always("mutual exclusion", p.not_(both))
    who = s.parameter("who", 2)
    s.sometimes("critical", p.eq(p.select(at, who.term), p.bv(2, 2)), who)
    s.eventually("enters", p.eq(p.select(at, who.term), p.bv(2, 2)), who, premise=p.eq(p.select(at, who.term), p.bv(1, 2)))
    return s.system(p.and_(s.each(at, 2, p.bv(0, 2)), p.eq(turn, one)))


def philosophers(seats: int = 3) -> TransitionSystem:
    """Dining philosophers who take the left fork first: they get stuck when each holds one."""
    s = Sketch("philosophers")
    p = s.pool
    width = width_of(seats)
    taken = s.array("taken", seats, None)
    forks = s.array("forks", seats, 3)  # how many each holds
    who = s.parameter("who", seats)
    right = p.ite(p.eq(who.term, p.bv(seats - 1, width)), p.bv(0, width), p.add(who.term, p.bv(1, width)))
    held = p.select(forks, who.term)
    for name, count, fork in (("left", 0, who.term), ("right", 1, right)):
        guard = p.and_(p.eq(held, p.bv(count, 2)), p.not_(p.select(taken, fork)))
        up = {"taken": p.store(taken, fork, p.true), "forks": p.store(forks, who.term, p.bv(count + 1, 2))}
        s.action(name, guard, up, [who], fair=True)
    down = p.store(p.store(taken, who.term, p.false), right, p.false)
    s.action("down", p.eq(held, p.bv(2, 2)), {"taken": down, "forks": p.store(forks, who.term, p.bv(0, 2))}, [who], fair=True)
    eater = s.parameter("eater", seats)
    s.sometimes("eats", p.eq(p.select(forks, eater.term), p.bv(2, 2)), eater)
    s.eventually("somebody eats", p.or_(*(p.eq(p.select(forks, p.bv(i, width)), p.bv(2, 2)) for i in range(seats))))
    return s.system(p.and_(s.each(taken, seats, p.false), s.each(forks, seats, p.bv(0, 2))))


def dead_end() -> TransitionSystem:
    """Two steps, then nothing: a monitor that waits for a third step blocks the future, and liveness must not overlook the end."""
    s = Sketch("dead end")
    p = s.pool
    n = s.number("n", 4)
    s.action("step", p.ult(n, p.bv(2, 2)), {"n": p.add(n, p.bv(1, 2))}, fair=True)
    s.eventually("three", p.eq(n, p.bv(3, 2)))
    s.always("below three", p.ult(n, p.bv(3, 2)))
    s.sometimes("three happens", p.eq(n, p.bv(3, 2)))
    return s.system(p.eq(n, p.bv(0, 2)))


def late(steps: int = 6) -> TransitionSystem:
    """A violation that takes `steps` steps: an induction step whose base is checked only once accepts it."""
    s = Sketch("late")
    p = s.pool
    n = s.number("n", steps + 1)
    s.action("step", p.ult(n, p.bv(steps, n.width)), {"n": p.add(n, p.bv(1, n.width))})
    s.always("not there", p.ne(n, p.bv(steps, n.width)))
    return s.system(p.eq(n, p.bv(0, n.width)))


class _Random:
    """Makes random formulas and effects over the variables of a sketch."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.sketch = Sketch(f"random {seed}")
        self.pool = self.sketch.pool

    def declare(self) -> None:
        rng = self.rng
        for number in range(rng.randint(1, 3)):
            rigid = rng.random() < 0.15
            kind = rng.choice(("flag", "number", "number", "array", "flags"))
            if kind == "flag":
                self.sketch.flag(f"f{number}", rigid)
            elif kind == "number":
                self.sketch.number(f"n{number}", rng.randint(2, 6), rigid)
            elif kind == "array":
                self.sketch.array(f"a{number}", rng.randint(2, 3), rng.randint(2, 3), rigid)
            else:
                self.sketch.array(f"b{number}", rng.randint(2, 4), None, rigid)

    def below(self, term: Term, domain: int) -> Term:
        """A number below `domain`: `term`, or 0 where that is not."""
        if domain >= 1 << term.width:
            return term
        return self.pool.ite(self.pool.ult(term, self.pool.bv(domain, term.width)), term, self.pool.bv(0, term.width))

    def resized(self, term: Term, width: int) -> Term:
        return self.pool.zext(term, width) if term.width < width else self.pool.extract(term, width - 1, 0)

    def read(self, variable: Variable, parameters: Sequence[Parameter]) -> Term:
        if not variable.indices:
            return variable.term
        return self.pool.select(variable.term, self.index(variable, parameters))

    def index(self, variable: Variable, parameters: Sequence[Parameter]) -> Term:
        count = count_of(variable)
        return self.below(self.value(width_of(count), parameters, 1), count)

    def value(self, width: int, parameters: Sequence[Parameter], depth: int) -> Term:
        """A term of `width` bits."""
        p, rng = self.pool, self.rng
        numbers = [item.term for item in parameters if item.term.width] + [v.term for v in self.sketch.variables if v.term.width]
        if depth <= 0 or rng.random() < 0.3:
            if numbers and rng.random() < 0.75:
                return self.resized(rng.choice(numbers), width)
            return p.bv(rng.randrange(1 << width), width)
        arrays = [v for v in self.sketch.variables if v.indices and v.domain is not None]
        if arrays and rng.random() < 0.3:
            return self.resized(self.read(rng.choice(arrays), parameters), width)
        a, b = self.value(width, parameters, depth - 1), self.value(width, parameters, depth - 1)
        operation = rng.choice((p.add, p.sub, p.bvand, p.bvor, p.bvxor, p.mul, p.urem, p.udiv, p.shl, p.lshr, p.ashr, p.sdiv, p.srem))
        return p.ite(self.formula(parameters, 0), a, b) if rng.random() < 0.2 else operation(a, b)

    def formula(self, parameters: Sequence[Parameter], depth: int) -> Term:
        p, rng = self.pool, self.rng
        if depth > 0 and rng.random() < 0.6:
            a, b = self.formula(parameters, depth - 1), self.formula(parameters, depth - 1)
            return rng.choice((p.and_, p.or_, p.xor, p.implies))(a, b)
        flags = [v for v in self.sketch.variables if v.domain is None]
        flags_given = [item.term for item in parameters if not item.term.width]
        pick = rng.random()
        if pick < 0.35 and (flags or flags_given):
            atom = rng.choice([self.read(v, parameters) for v in flags] + flags_given)
        else:
            width = rng.randint(1, 3)
            a, b = self.value(width, parameters, 1), self.value(width, parameters, 1)
            atom = rng.choice((p.eq, p.ne, p.ult, p.ule, p.slt))(a, b)
        return p.not_(atom) if rng.random() < 0.3 else atom

    def parameters(self, most: int) -> list[Parameter]:
        rng = self.rng
        names = ("x", "y", "z")
        return [self.sketch.parameter(names[i], rng.choice((None, 2, 3))) for i in range(rng.randint(0, most))]

    def effect(self, variable: Variable, parameters: Sequence[Parameter]) -> Term:
        p, rng = self.pool, self.rng
        value: Term
        if variable.domain is None:
            value = self.formula(parameters, 1)
        else:
            value = self.below(self.value(width_of(variable.domain), parameters, 2), variable.domain)
        if not variable.indices:
            return value
        result = p.store(variable.term, self.index(variable, parameters), value)
        if rng.random() < 0.2:
            result = p.ite(self.formula(parameters, 0), variable.term, result)
        elif rng.random() < 0.1:
            result = p.array_const(variable.sort, value)
        return result

    def act(self, name: str) -> None:
        rng = self.rng
        parameters = self.parameters(2)
        choices = [self.sketch.parameter("choice", rng.choice((None, 3)))] if rng.random() < 0.2 else []
        inputs = [*parameters, *choices]
        changed = [v for v in self.sketch.variables if not v.rigid and rng.random() < 0.7]
        next = {v.path: self.effect(v, inputs) for v in changed}
        guard = self.pool.and_(self.formula(inputs, 1), self.formula(inputs, 0)) if rng.random() < 0.9 else self.pool.true
        self.sketch.action(name, guard, next, parameters, choices, fair=rng.random() < 0.5)

    def start(self) -> Term:
        """An initial condition that fixes most leaves."""
        p, rng = self.pool, self.rng
        parts = []
        for v in self.sketch.variables:
            if rng.random() < 0.25:
                continue
            for index in range(count_of(v)):
                cell = p.select(v.term, p.bv(index, width_of(count_of(v)))) if v.indices else v.term
                value = p.bool(rng.random() < 0.5) if v.domain is None else p.bv(rng.randrange(v.domain), cell.width)
                parts.append(p.eq(cell, value))
        if rng.random() < 0.3:
            parts.append(self.formula((), 1))
        return p.and_(*parts)


def random_system(seed: int) -> TransitionSystem:
    """A small system, the same for the same seed: at most a few thousand states.

    Among them are non-total relations, dead ends, systems without an initial state, arrays, types whose size is no power of two,
    parameters, choices, rigid constants and fair actions; each has properties of all kinds, true and false ones.
    """
    make = _Random(seed)
    make.declare()
    for number in range(make.rng.randint(1, 4)):
        make.act(f"act{number}")
    sketch = make.sketch
    init = make.start()
    for number in range(2):
        parameters = make.parameters(2)
        sketch.always(f"always{number}", make.pool.or_(make.formula(parameters, 1), make.formula(parameters, 1)), *parameters)
    parameters = make.parameters(1)
    sketch.sometimes("sometimes", make.pool.and_(make.formula(parameters, 1), make.formula(parameters, 0)), *parameters)
    sketch.eventually("eventually", make.formula((), 1))
    parameters = make.parameters(1)
    sketch.eventually("leads", make.formula(parameters, 1), *parameters, premise=make.formula(parameters, 1))
    return sketch.system(init)
