"""Who may learn what of the kernel in `in_turn.py`: a process of its own pages, and of nothing else."""

from vmproof.lang import *
from spec.kernel import in_turn


@may_flow
def apart(source: in_turn.Pid, to: in_turn.Pid):
    return source == to


@observes
def pages(w: in_turn.World, who: in_turn.Pid, page: in_turn.Page):
    return w.table[who, page]


@acts_for("map_page")
def caller(w, pid):
    return pid
