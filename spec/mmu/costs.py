"""What paging costs: the references of a TLB miss, and the exits from the guest, natively, nested, and with shadow tables.

A step reads one entry, as in `nested_hardware.py`; whether it is a leaf is for the tables to say, so any may be. What is counted is asked
by `OF`; the least `LIMIT` for which `within` holds is the cost at worst. Marking entries, and what the VMM does in an exit, count nothing.
That a change of the guest's tables is an exit, or is none, is proved of the systems themselves: `shadow_exits.py`, `diverging_exits.py`.
"""

from vmproof.lang import *

MODE = parameter(1)  # 0 native, 1 nested, 2 shadow tables behind write-protected guest tables, 3 shadow tables that may diverge
GUEST_LEVELS = parameter(3)
HOST_LEVELS = parameter(3)
OF = parameter(1)  # 0 references of a TLB hit, 1 of a miss, 2 exits of a guest's store to an entry of its tables, 3 of its fence
LIMIT = parameter(0)

NATIVE, NESTED, PROTECTED, DIVERGING = range(4)


class Doing(Enum):
    """What the guest waits for: nothing, an entry that is read, or what it asked for is done."""

    nothing = 0
    host_entry = 1
    entry = 2
    hit = 3
    miss = 4
    store = 5
    fence = 6


class Costs(State):
    """`level` and `host_level`: the tables below the one at hand. `last`: the host's tables are walked for the final address."""

    doing: Doing
    level: bits[3]
    host_level: bits[3]
    last: bool
    references: bits[8]
    exits: bits[2]


@init
def rested(s):
    return s.doing == Doing.nothing and s.level == 0 and s.host_level == 0 and not s.last and s.references == 0 and s.exits == 0


def host_tables(s, last):
    """Where there are two stages, an address of the guest's is translated first; else it is where it says."""
    s.last = last
    if MODE == NESTED:
        s.doing, s.host_level = Doing.host_entry, HOST_LEVELS - 1
    else:
        s.doing = Doing.miss if last else Doing.entry


@action
def hit(s):
    """The TLB knows the final address, whatever stages it is behind."""
    require(s.doing == Doing.nothing)
    s.doing = Doing.hit


@action
def miss(s):
    """The tables are walked from the root: the guest's, or with shadow tables the shadow's, which have as many levels."""
    require(s.doing == Doing.nothing)
    s.level = GUEST_LEVELS - 1
    host_tables(s, False)


if MODE == NESTED:

    @action
    def read_host_entry(s, leaf: bool):
        require(s.doing == Doing.host_entry and (leaf or s.host_level != 0))
        s.references = s.references + 1
        if not leaf:
            s.host_level = s.host_level - 1
        else:
            s.host_level = 0
            s.doing = Doing.miss if s.last else Doing.entry


@action
def read_entry(s, leaf: bool):
    require(s.doing == Doing.entry and (leaf or s.level != 0))
    s.references = s.references + 1
    if leaf:
        s.level = 0
    else:
        s.level = s.level - 1
    host_tables(s, leaf)


@action
def store(s):
    """The guest changes an entry of its tables. The pages that hold them are write-protected where shadow tables must follow at once."""
    require(s.doing == Doing.nothing)
    if MODE == PROTECTED:
        s.exits = s.exits + 1
    s.doing = Doing.store


@action
def fence(s):
    """The guest orders its walks after its stores. Shadow tables that diverge are brought up to date by the VMM, to which it exits."""
    require(s.doing == Doing.nothing)
    if MODE == DIVERGING:
        s.exits = s.exits + 1
    s.doing = Doing.fence


@action
def rest(s):
    """What was asked for is done, and was counted."""
    require(s.doing in (Doing.hit, Doing.miss, Doing.store, Doing.fence))
    s.doing, s.last, s.references, s.exits = Doing.nothing, False, 0, 0


@invariant("what is asked for costs no more than the limit")
def within(s):
    counted = {0: (Doing.hit, s.references), 1: (Doing.miss, s.references), 2: (Doing.store, s.exits), 3: (Doing.fence, s.exits)}
    doing, cost = counted[OF]
    return implies(s.doing == doing, zext(cost, 8) <= LIMIT)


@reachable("a walk comes to its end")
def ends(s):
    return s.doing == Doing.miss
