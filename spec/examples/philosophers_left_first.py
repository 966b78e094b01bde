"""Dining philosophers who each take the left fork first and wait for the right one.

E. W. Dijkstra: Hierarchical ordering of sequential processes. Acta Informatica 1, 1971, where this is the solution that does not work.
"""

from vmproof.lang import *


class Philosopher(Enum):
    """Around the table, and the fork to the left of each. The fork to the right is the neighbour's."""

    plato = 0
    aristotle = 1
    aquinas = 2
    hume = 3
    kant = 4


def after(p):
    return Philosopher.plato if p == Philosopher.kant else Philosopher(bits[3](p) + 1)


def before(p):
    return Philosopher.kant if p == Philosopher.plato else Philosopher(bits[3](p) - 1)


class Doing(Enum):
    thinking = 0
    hungry = 1
    waiting = 2  # with one fork
    eating = 3


class Table(State):
    doing: array[Philosopher, Doing]
    taken: array[Philosopher, bool]  # each fork


@init
def laid(t):
    return forall(lambda p: t.doing[p] == Doing.thinking and not t.taken[p], Philosopher)


@fair
@action
def get_hungry(t, p: Philosopher):
    require(t.doing[p] == Doing.thinking)
    t.doing[p] = Doing.hungry


@fair
@action
def take_left(t, p: Philosopher):
    require(t.doing[p] == Doing.hungry and not t.taken[p])
    t.taken[p] = True
    t.doing[p] = Doing.waiting


@fair
@action
def take_right(t, p: Philosopher):
    require(t.doing[p] == Doing.waiting and not t.taken[before(p)])
    t.taken[before(p)] = True
    t.doing[p] = Doing.eating


@fair
@action
def finish(t, p: Philosopher):
    require(t.doing[p] == Doing.eating)
    t.taken[p] = False
    t.taken[before(p)] = False
    t.doing[p] = Doing.thinking


@invariant("neighbours never eat at once")
def exclusion(t, p: Philosopher):
    return not (t.doing[p] == Doing.eating and t.doing[after(p)] == Doing.eating)


@eventually("somebody eats again and again", premise=lambda t: forall(lambda p: t.doing[p] != Doing.eating, Philosopher))
def no_deadlock(t):
    return exists(lambda p: t.doing[p] == Doing.eating, Philosopher)
