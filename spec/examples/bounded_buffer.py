"""A bounded buffer: a producer sends a stream to a consumer through a few slots, without a lock.

L. Lamport: Proving the correctness of multiprocess programs. IEEE TSE 3(2), 1977. Two counters that only grow, modulo their width, say how
many items were sent and taken; each has one writer. The slot of an item is its number modulo the number of slots.
"""

from vmproof.lang import *

Item = unsized("Item")
ORDER = parameter(1)  # there are 2^ORDER slots
WIDTH = parameter(3)  # of a counter, in bits; more than ORDER
SLOTS = 1 << ORDER
Count = bits[WIDTH]


class Buffer(State):
    slot: array[bits[ORDER], Item]
    sent: Count
    written: bool  # the producer has written a slot that is not sent yet
    taken: Count
    read: bool  # the consumer has read a slot that is not given back yet
    stream: array[Count, Item]  # what the producer is to send
    received: array[Count, Item]


@init
def empty(b):
    return b.sent == 0 and b.taken == 0 and not b.written and not b.read


def place(number):
    return number[ORDER - 1 : 0]


def inside(b):
    """How many items are in the buffer."""
    return b.sent - b.taken


def waits(b, n):
    """Whether item `n` is in the buffer."""
    return n - b.taken < inside(b)


@action
def write(b):
    require(not b.written)
    require(inside(b) < SLOTS)
    b.slot[place(b.sent)] = b.stream[b.sent]
    b.written = True


@fair
@action
def send(b):
    require(b.written)
    b.sent = b.sent + 1
    b.written = False


@fair
@action
def read(b):
    require(not b.read)
    require(inside(b) != 0)
    b.received[b.taken] = b.slot[place(b.taken)]
    b.read = True


@fair
@action
def give_back(b):
    require(b.read)
    b.taken = b.taken + 1
    b.read = False


@invariant("the consumer receives what was sent, in order")
def in_order(b, n: Count):
    return implies(n < b.taken, b.received[n] == b.stream[n])


@invariant("there are never more items in the buffer than slots")
def bounded(b):
    return inside(b) <= SLOTS


@invariant("what waits in the buffer is what was sent")
def stands(b, n: Count):
    return implies(waits(b, n), b.slot[place(n)] == b.stream[n])


@invariant("what is written but not sent stands in a slot of its own")
def prepared(b):
    return implies(b.written, inside(b) < SLOTS and b.slot[place(b.sent)] == b.stream[b.sent])


@invariant("what is read but not given back was received")
def copied(b):
    return implies(b.read, inside(b) != 0 and b.received[b.taken] == b.stream[b.taken])


@reachable("a second item waits while the consumer reads the first")
def pipelined(b):
    return inside(b) == 2 and b.read


def steps_left(b, n):
    """Two for each item up to `n`, one less if the first has been read."""
    return cat(n - b.taken, bits[1](not b.read))


@eventually("no item stays in the buffer for ever", premise=lambda b, n: waits(b, n), measure=lambda b, n: steps_left(b, n))
def delivered(b, n: Count):
    return not waits(b, n)
