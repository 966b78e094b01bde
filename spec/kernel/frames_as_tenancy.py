"""The page tables of `frames.py`, seen as the tenancy of page frames."""

from vmproof.lang import *
from spec.kernel import frames
from spec.kernel import tenancy

homes = tenancy(Pid=frames.Pid, Page=frames.Page, Frame=frames.Frame, NOBODY=frames.FREE)


@abstraction
def seen(w: frames.World, t: homes.Tenancy):
    t.tenant = w.owner
    t.page = w.place
    t.reached = array(lambda pid, page: w.table[pid, page].valid)


@simulates("map_page")
def move_in(w, t, pid, page, frame):
    homes.move_in(t, frame, pid, page)


@simulates("unmap_page")
def move_out(w, t, pid, page):
    homes.move_out(t, w.table[pid, page].frame)
