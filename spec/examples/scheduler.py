"""A scheduler of one processor: nobody who is ready gets a second slice before all others who are ready have had one.

I. Molnar's scheduler of Linux 2.6 had two such arrays, of active and of expired tasks (R. Love: Linux Kernel Development, 2005, chapter 4).
"""

from vmproof.lang import *

Task = unsized("Task")


class Scheduler(State):
    ready: array[Task, bool]  # has something to do
    expired: array[Task, bool]  # has had its slice of this round
    current: Task  # has the processor; idles if it is not ready


@init
def idle(s):
    return forall(lambda t: not s.ready[t] and s.expired[t] == (t == s.current), Task)


def runs(s, t):
    return s.current == t and s.ready[t]


@action
def wake(s, t: Task):
    require(not s.ready[t])
    s.ready[t] = True


@action
def block(s):
    """The task that runs waits for something."""
    require(s.ready[s.current])
    s.ready[s.current] = False


@fair
@action
def switch(s):
    """The clock gives the processor to a ready task that has not had its slice; if there is none, the next round begins."""
    next = choose(Task)
    require(s.ready[next])
    if not exists(lambda t: s.ready[t] and not s.expired[t], Task):
        s.expired = array(lambda t: False)
    require(not s.expired[next])
    s.expired[next] = True
    s.current = next


@invariant("whoever has the processor has no other slice in this round")
def in_slice(s):
    return s.expired[s.current]


@reachable("one task runs while another one is ready")
def shared(s, t: Task, u: Task):
    return t != u and runs(s, t) and s.ready[u]


@reachable("every task has run in this round, and waits for something")
def all_wait(s):
    return forall(lambda t: s.expired[t] and not s.ready[t], Task)


@eventually("every task that is ready runs", premise=lambda s, t: s.ready[t])
def progress(s, t: Task):
    return runs(s, t)
