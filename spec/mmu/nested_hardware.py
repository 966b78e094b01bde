"""A nested page-table walker in small steps, as hardware is built: one register for the entry to be read next, one entry read in a step.

One memory holds the guest's tables and the host's. Each address that the guest's root and tables name, and the final one, is a guest
physical address, which the host's tables translate. What an entry means is the architecture's own (`nested_riscv.py` and others), given as
a dict of functions `unit`. Nothing here calls the walks of this folder, which are the specification.

`unit` has: `guest_root(w)` and `host_root(w)`; `tops`, the highest levels of guest and host; `guest_index(w, level)` and
`host_index(w, level)`, the offset in bytes of the entry in a table of that level; `outside(w, gpa)`, whether the host's tables do not cover
an address; `host_entry(w, pte, level)` and `guest_entry(w, pte, level)`, which give what the entry says, a record `Step`;
`host_fault(w, step)`, `guest_fault(w, step)` and `no_canonical(w)`, which give the code that is reported.
"""

from vmproof.lang import *


class Phase(Enum):
    """What the walker does next: wait for a request, read an entry of the host's or the guest's tables, or report."""

    idle = 0
    host = 1
    guest = 2
    done = 3


class Purpose(Enum):
    """For what the host's tables are walked: to find an entry of the guest's tables, or the final address."""

    table = 0
    final = 1
