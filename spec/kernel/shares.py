"""A kernel that gives every process a share of the page frames from the start: what one does with its share, no other notices."""

from vmproof.lang import *

Pid = unsized("Pid")
Page = unsized("Page")
Frame = unsized("Frame")


class Entry(Record):
    valid: bool
    frame: Frame


class World(State):
    share: array[Frame, Pid]  # whose frame it is, for ever
    used: array[Frame, bool]
    table: array[(Pid, Page), Entry]


@init
def boot(w):
    return forall(lambda frame: not w.used[frame], Frame) and forall(lambda p, v: not w.table[p, v].valid, Pid, Page)


@action
def map_page(w, pid: Pid, page: Page, frame: Frame):
    require(w.share[frame] == pid)
    require(not w.used[frame])
    require(not w.table[pid, page].valid)
    w.used[frame] = True
    w.table[pid, page] = Entry(valid=True, frame=frame)


@action
def unmap_page(w, pid: Pid, page: Page):
    pte = w.table[pid, page]
    require(pte.valid)
    w.used[pte.frame] = False
    w.table[pid, page].valid = False


@invariant("a process reaches frames of its own share only")
def own(w, pid: Pid, page: Page):
    pte = w.table[pid, page]
    return implies(pte.valid, w.share[pte.frame] == pid and w.used[pte.frame])


@invariant("no two mappings share a frame")
def unshared(w, pid: Pid, page: Page, other: Pid, elsewhere: Page):
    a, b = w.table[pid, page], w.table[other, elsewhere]
    return implies(a.valid and b.valid and a.frame == b.frame, pid == other and page == elsewhere)


@reachable("two processes hold memory at once")
def two_at_once(w, a: Frame, b: Frame):
    return w.used[a] and w.used[b] and w.share[a] != w.share[b]
