"""Who lives in which page frame: what isolation needs to know of a kernel's memory, and nothing of page tables."""

from vmproof.lang import *

Pid = unsized("Pid")
Page = unsized("Page")
Frame = unsized("Frame")
NOBODY = constant(Pid)


class Tenancy(State):
    tenant: array[Frame, Pid]
    page: array[Frame, Page]  # which of the tenant's pages lies there
    reached: array[(Pid, Page), bool]  # the pages that a process can use


@init
def vacant(t):
    return forall(lambda frame: t.tenant[frame] == NOBODY, Frame) and forall(lambda p, v: not t.reached[p, v], Pid, Page)


@action
def move_in(t, frame: Frame, pid: Pid, page: Page):
    """A vacant frame gets a tenant, for a page that lies nowhere else."""
    require(pid != NOBODY and t.tenant[frame] == NOBODY)
    require(forall(lambda other: not (t.tenant[other] == pid and t.page[other] == page), Frame))
    t.tenant[frame] = pid
    t.page[frame] = page
    t.reached[pid, page] = True


@action
def move_out(t, frame: Frame):
    require(t.tenant[frame] != NOBODY)
    t.reached[t.tenant[frame], t.page[frame]] = False
    t.tenant[frame] = NOBODY


@invariant("each page of a process lies in one frame at most")
def once(t, frame: Frame, other: Frame):
    return t.tenant[frame] == NOBODY or t.tenant[frame] != t.tenant[other] or t.page[frame] != t.page[other] or frame == other


@invariant("a page that lies in a frame is one that its tenant can use")
def usable(t, frame: Frame):
    return t.tenant[frame] == NOBODY or t.reached[t.tenant[frame], t.page[frame]]


@reachable("two processes live side by side")
def neighbours(t, frame: Frame, other: Frame):
    return t.tenant[frame] != NOBODY and t.tenant[other] != NOBODY and t.tenant[frame] != t.tenant[other]
