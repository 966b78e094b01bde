"""Where the tables of a walk are: in physical memory, or behind a second stage that translates each of their addresses.

A walk finds its tables by `tables["locate"](column, address, access, implicit)`, which gives the outcome of a walk of its own. `column` is
that of the references made there (`result.py`); `implicit` is True for an access to a table. Where `tables["writes"]` holds, an entry that
was found can be changed as well; else it has to be found again, by a write. `tables["blank"]` are the references that one such walk can
make, none of them made, and `tables["still"]` its updates.
"""

from vmproof.lang import *
from spec.mmu.result import NO_REFERENCE, NO_UPDATE, allowed

# Tables in physical memory: every address is where it says.
DIRECT = {
    "writes": True,
    "locate": lambda column, address, access, implicit: (allowed(address, 0, address), (), ()),
    "blank": (),
    "still": (),
}


def behind(walk, levels, updates, writes=False):
    """Tables behind a second stage: `walk`, which reads entries at `levels` and changes those at `updates`."""
    return {
        "writes": writes,
        "locate": walk,
        "blank": tuple((level, "entry", NO_REFERENCE) for level in levels),
        "still": tuple((level, "entry", NO_UPDATE) for level in updates),
    }


def under(column, steps):
    """Steps of the second stage as they stand in the walk that needs them."""
    return tuple((column, level, step) for level, _, step in steps)
