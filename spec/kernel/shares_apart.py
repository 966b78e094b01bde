"""Who may learn what of the kernel in `shares.py`: a process of its own pages and frames, and of nothing else."""

from vmproof.lang import *
from spec.kernel import shares


@may_flow
def apart(source: shares.Pid, to: shares.Pid):
    return source == to


@observes
def pages(w: shares.World, who: shares.Pid, page: shares.Page):
    return w.table[who, page]


@observes
def frames(w: shares.World, who: shares.Pid, frame: shares.Frame):
    mine = w.share[frame] == who
    return mine, mine and w.used[frame]


@acts_for("map_page", "unmap_page")
def caller(w, pid):
    return pid
