"""Dining philosophers whose forks are clean or dirty, so that everybody who is hungry eats.

K. M. Chandy, J. Misra: The drinking philosophers problem. ACM TOPLAS 6(4), 1984, of the table in E. W. Dijkstra: Hierarchical ordering of
sequential processes. Acta Informatica 1, 1971. A fork is dirty once it was eaten with. Whoever is hungry gets the neighbour's dirty fork,
washed; a clean one is kept until its holder has eaten.
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
    eating = 2


class Table(State):
    doing: array[Philosopher, Doing]
    holder: array[Philosopher, Philosopher]  # of each fork
    dirty: array[Philosopher, bool]


@init
def laid(t):
    """All forks are dirty, and not all of them at the left of their holders: one who has none and one who has two begin the order."""
    thinking = forall(lambda p: t.doing[p] == Doing.thinking, Philosopher)
    return thinking and forall(lambda f: t.dirty[f] and t.holder[f] == (after(f) if f == Philosopher.kant else f), Philosopher)


@action
def get_hungry(t, p: Philosopher):
    require(t.doing[p] == Doing.thinking)
    t.doing[p] = Doing.hungry


def take(t, fork, p, other):
    """`p` gets a fork from its neighbour `other`."""
    require(t.doing[p] == Doing.hungry and t.holder[fork] == other)
    require(t.dirty[fork] and t.doing[other] != Doing.eating)
    t.holder[fork] = p
    t.dirty[fork] = False


@fair
@action
def take_left(t, p: Philosopher):
    take(t, p, p, after(p))


@fair
@action
def take_right(t, p: Philosopher):
    take(t, before(p), p, before(p))


def ready(t, fork, p, other):
    """Whether `p` may eat with a fork: it would have to be given to a neighbour who is hungry if it were dirty."""
    return t.holder[fork] == p and not (t.dirty[fork] and t.doing[other] == Doing.hungry)


@fair
@action
def eat(t, p: Philosopher):
    require(t.doing[p] == Doing.hungry)
    require(ready(t, p, p, after(p)) and ready(t, before(p), p, before(p)))
    t.doing[p] = Doing.eating


@fair
@action
def finish(t, p: Philosopher):
    require(t.doing[p] == Doing.eating)
    t.doing[p] = Doing.thinking
    t.dirty[p] = True
    t.dirty[before(p)] = True


@invariant("neighbours never eat at once")
def exclusion(t, p: Philosopher):
    return not (t.doing[p] == Doing.eating and t.doing[after(p)] == Doing.eating)


@invariant("whoever eats holds both forks")
def both_forks(t, p: Philosopher):
    return implies(t.doing[p] == Doing.eating, t.holder[p] == p and t.holder[before(p)] == p)


@reachable("two eat at once")
def two_eat(t, p: Philosopher, q: Philosopher):
    return p != q and t.doing[p] == Doing.eating and t.doing[q] == Doing.eating


@reachable("everybody is hungry, and nobody has two forks")
def crisis(t):
    return forall(lambda p: t.doing[p] == Doing.hungry and not (t.holder[p] == p and t.holder[before(p)] == p), Philosopher)


@reachable("everybody thinks, and the one who began without a fork has eaten")
def sated(t):
    return forall(lambda p: t.doing[p] == Doing.thinking, Philosopher) and t.holder[Philosopher.kant] == Philosopher.kant


@eventually("whoever is hungry eats", premise=lambda t, p: t.doing[p] == Doing.hungry)
def fed(t, p: Philosopher):
    return t.doing[p] == Doing.eating
