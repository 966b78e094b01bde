"""A kernel that hands out page frames in turn: which one a process gets tells how many the others took before.

This is a storage channel in the sense of B. W. Lampson, "A Note on the Confinement Problem", CACM 16(10), 1973.
"""

from vmproof.lang import *

Pid = unsized("Pid")
Page = unsized("Page")


class Entry(Record):
    valid: bool
    frame: bits[3]


class World(State):
    next: bits[3]  # the frame that is handed out next
    table: array[(Pid, Page), Entry]


@init
def boot(w):
    return w.next == 0 and forall(lambda p, v: not w.table[p, v].valid and w.table[p, v].frame == 0, Pid, Page)


@action
def map_page(w, pid: Pid, page: Page):
    require(not w.table[pid, page].valid)
    w.table[pid, page] = Entry(valid=True, frame=w.next)
    w.next = w.next + 1


@reachable("two processes hold memory at once")
def two_at_once(w, a: Pid, b: Pid, page: Page):
    return a != b and w.table[a, page].valid and w.table[b, page].valid
