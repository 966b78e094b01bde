"""A two-level scheduler: a host gives its processor to virtual machines, and each guest gives what it gets to its own threads.

R. P. Goldberg: Survey of virtual machine research. IEEE Computer 7(6), 1974. Host and guests schedule alike (`scheduler.py`), and do not
know of each other, except that a guest without work gives up the processor (HLT exits to the host) and an interrupt for it makes it ready.
"""

from vmproof.lang import *
from . import scheduler

Guest = unsized("Guest")
Thread = unsized("Thread")
SLICE = parameter(1)  # ticks of a guest's clock in a slice of the host's

host = scheduler(Task=Guest)
guest = scheduler(Task=Thread)


class Machine(State):
    top: host.Scheduler = joint(host.wake, host.block, host.switch)
    guests: array[Guest, guest.Scheduler] = joint(guest.wake, guest.block, guest.switch)
    left: bits[4]  # ticks of the slice


@init
def fresh(m):
    return m.left == 0


def has_work(m, g):
    return exists(lambda t: m.guests[g].ready[t], Thread)


def runs(m, g, t):
    return host.runs(m.top, g) and guest.runs(m.guests[g], t)


@action
def interrupt(m, g: Guest, t: Thread):
    """A device has what a thread waits for."""
    guest.wake(m.guests[g], t)
    if not m.top.ready[g]:
        host.wake(m.top, g)


@action
def block(m):
    """The thread that runs waits for a device; a guest without others halts."""
    require(m.top.ready[m.top.current])
    guest.block(m.guests[m.top.current])
    if not has_work(m, m.top.current):
        host.block(m.top)


@fair
@action
def tick(m):
    """The clock of the guest that runs, or the host's when the slice is over or the guest has halted."""
    if m.left != 0 and m.top.ready[m.top.current]:
        guest.switch(m.guests[m.top.current])
        m.left = m.left - 1
    else:
        host.switch(m.top)
        m.left = SLICE


@invariant("the host takes a guest for ready exactly if it has a thread that is")
def known(m, g: Guest):
    return m.top.ready[g] == has_work(m, g)


@reachable("a thread runs while another one of its guest and one of another guest are ready")
def contended(m, g: Guest, t: Thread, u: Thread, other: Guest, v: Thread):
    return runs(m, g, t) and u != t and m.guests[g].ready[u] and other != g and m.guests[other].ready[v]


@eventually("every thread of every guest that is ready runs", premise=lambda m, g, t: m.guests[g].ready[t])
def progress(m, g: Guest, t: Thread):
    return runs(m, g, t)
