"""A ticket lock for any number of processes: who comes draws a number and waits until it is called.

D. P. Reed, R. K. Kanodia: Synchronization with eventcounts and sequencers. CACM 22(2), 1979; J. M. Mellor-Crummey, M. L. Scott: Algorithms
for scalable synchronization on shared-memory multiprocessors. ACM TOCS 9(1), 1991. Numbers are words, so they wrap around; the lock is
right as long as not all of them are in use.
"""

from vmproof.lang import *

Process = unsized("Process")
WIDTH = parameter(3)  # of a number, in bits
LAST = (1 << WIDTH) - 1
Number = bits[WIDTH]


class Where(Enum):
    away = 0
    waiting = 1
    inside = 2


class Lock(State):
    drawn: Number  # how many numbers were drawn: the next one
    called: Number  # whose turn it is
    at: array[Process, Where]
    number: array[Process, Number]


@init
def open_for_business(w):
    return w.drawn == w.called and forall(lambda p: w.at[p] == Where.away, Process)


def ahead(w, number):
    """How many are called before a number."""
    return number - w.called


def out(w):
    """How many numbers are drawn and not yet done with."""
    return w.drawn - w.called


@action
def draw(w, p: Process):
    """Fetches and increments in one step. One number always stays undrawn, or all drawn would look like none."""
    require(w.at[p] == Where.away)
    require(out(w) != LAST)
    w.number[p] = w.drawn
    w.drawn = w.drawn + 1
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


@invariant("who is inside has the number that was called")
def called_in(w, p: Process):
    return implies(w.at[p] == Where.inside, w.number[p] == w.called)


@invariant("who waits or is inside has a number that was drawn and is not done with")
def in_line(w, p: Process):
    return implies(w.at[p] != Where.away, ahead(w, w.number[p]) < out(w))


@invariant("no two processes in line have the same number")
def distinct(w, p: Process, q: Process):
    return implies(w.at[p] != Where.away and w.at[q] != Where.away and w.number[p] == w.number[q], p == q)


@invariant("each number in line is somebody's, so none is waited for in vain")
def no_gap(w, n: Number):
    return implies(ahead(w, n) < out(w), exists(lambda p: w.at[p] != Where.away and w.number[p] == n, Process))


@reachable("one process is inside while two wait")
def crowded(w, p: Process, q: Process, r: Process):
    return w.at[p] == Where.inside and w.at[q] == Where.waiting and w.at[r] == Where.waiting and q != r


def steps_left(w, p):
    """Two for each one ahead, who is to enter and to leave, of which the first may have entered; and to enter oneself."""
    entered = exists(lambda q: w.at[q] == Where.inside, Process)
    return cat(ahead(w, w.number[p]), bits[1](1)) - zext(bits[1](entered), WIDTH + 1)


@eventually("nobody waits for ever", premise=lambda w, p: w.at[p] == Where.waiting, measure=lambda w, p: steps_left(w, p))
def progress(w, p: Process):
    return w.at[p] != Where.waiting
