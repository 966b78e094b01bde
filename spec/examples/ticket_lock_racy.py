"""A ticket lock whose numbers are drawn in two steps: a load, and a store of one more.

Between the two another process may draw the same number. `ticket_lock.py` fetches and increments in one step, for which the machine has to
have an instruction.
"""

from vmproof.lang import *

Process = unsized("Process")
WIDTH = parameter(3)  # of a number, in bits
Number = bits[WIDTH]


class Where(Enum):
    away = 0
    drawing = 1
    waiting = 2
    inside = 3


class Lock(State):
    drawn: Number  # how many numbers were drawn: the next one
    called: Number  # whose turn it is
    at: array[Process, Where]
    number: array[Process, Number]


@init
def open_for_business(w):
    return w.drawn == w.called and forall(lambda p: w.at[p] == Where.away, Process)


@action
def load(w, p: Process):
    require(w.at[p] == Where.away)
    w.number[p] = w.drawn
    w.at[p] = Where.drawing


@fair
@action
def store(w, p: Process):
    require(w.at[p] == Where.drawing)
    w.drawn = w.number[p] + 1
    w.at[p] = Where.waiting


@fair
@action
def enter(w, p: Process):
    require(w.at[p] == Where.waiting and w.number[p] == w.called)
    w.at[p] = Where.inside


@fair
@action
def leave(w, p: Process):
    require(w.at[p] == Where.inside)
    w.called = w.called + 1
    w.at[p] = Where.away


@invariant("two processes are never inside at once")
def exclusion(w, p: Process, q: Process):
    return implies(w.at[p] == Where.inside and w.at[q] == Where.inside, p == q)


@eventually("nobody waits for ever", premise=lambda w, p: w.at[p] == Where.waiting)
def progress(w, p: Process):
    return w.at[p] != Where.waiting
