"""Peterson's lock for two processes.

G. L. Peterson: Myths about the mutual exclusion problem. Information Processing Letters 12(3), 1981. Each line of his program that reads or
writes what the two share is an action.
"""

from vmproof.lang import *


class Where(Enum):
    away = 0
    asking = 1
    waiting = 2
    inside = 3


class Lock(State):
    at: array[bits[1], Where]
    wants: array[bits[1], bool]
    turn: bits[1]


@init
def start(w):
    return forall(lambda i: w.at[i] == Where.away and not w.wants[i], bits[1])


@action
def idle(w):
    """Nobody has to come: without this step, an execution could not go on while one waits and the other stays away."""


@action
def ask(w, i: bits[1]):
    require(w.at[i] == Where.away)
    w.wants[i] = True
    w.at[i] = Where.asking


@fair
@action
def give_way(w, i: bits[1]):
    require(w.at[i] == Where.asking)
    w.turn = ~i
    w.at[i] = Where.waiting


@fair
@action
def enter(w, i: bits[1]):
    require(w.at[i] == Where.waiting)
    require(not w.wants[~i] or w.turn == i)
    w.at[i] = Where.inside


@fair
@action
def leave(w, i: bits[1]):
    require(w.at[i] == Where.inside)
    w.wants[i] = False
    w.at[i] = Where.away


@invariant("two processes are never inside at once")
def exclusion(w):
    return not (w.at[0] == Where.inside and w.at[1] == Where.inside)


@reachable("a process is inside while the other one waits")
def contended(w, i: bits[1]):
    return w.at[i] == Where.inside and w.at[~i] == Where.waiting


@eventually("who waits gets in", premise=lambda w, i: w.at[i] == Where.waiting)
def progress(w, i: bits[1]):
    return w.at[i] == Where.inside
