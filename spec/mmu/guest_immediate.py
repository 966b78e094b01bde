"""A guest's machine as its architecture has it, without a TLB: each access walks the tables as memory holds them at that moment.

The walks are the manuals' (`riscv.py`, `x86.py`). This is what a VMM is to give the guest: a system that refines this one gives it. Harts
and virtual pages are of any number, and all of memory can hold tables. Accessed and dirty bits are set first, entry by entry, and then the
access is made.
"""

from vmproof.lang import *
from spec.mmu.guest_interface import ADUE, CONTROLS, PPN, ROOT, VPN, Event, Hart, Key, Outcome, Page
from spec.mmu.result import NO_UPDATE
from spec.mmu.shadow_spec import architecture, register_file


class Guest(State):
    memory: array[(bits[PPN], bits[9]), bits[64]]  # physical memory: words of pages
    vpn: array[Page, bits[VPN]]  # the number of a virtual page; never changes
    cpu: array[Hart, Key]
    last: Event  # the access that came last


@init
def power_on(w):
    """Memory and registers hold anything, and no access was made yet."""
    return w.last.outcome == Outcome.again


def walk_now(w, h, p, access):
    """The architecture's walk by the memory of now: `(result, updates)`."""
    return architecture(w.cpu[h], w.vpn[p], access, ADUE, lambda place, size: w.memory[place[PPN + 11 : 12], place[11:3]])


@action
def set_registers(w, h: Hart, root: bits[ROOT], user: bool, controls: bits[CONTROLS]):
    """The guest writes a register that its translation depends on, traps, or returns from a trap."""
    w.cpu[h] = register_file(root, user, controls)


@action
def access(w, h: Hart, p: Page, kind: Access, offset: bits[9], value: bits[64]):
    """A load, a store or a fetch: denied, and nothing else changes; or made, where accessed and dirty bits are as it needs them."""
    found, updates = walk_now(w, h, p, kind)
    if not found.ok:
        w.last = Event(hart=h, page=p, access=kind, offset=offset, value=0, outcome=Outcome.denied, code=found.code)
    else:
        require(not first_of(updates).done)
        frame = found.pa[PPN + 11 : 12]
        if kind == Access.write:
            w.memory[frame, offset] = value
        else:
            require(w.memory[frame, offset] == value)
        w.last = Event(hart=h, page=p, access=kind, offset=offset, value=value, outcome=Outcome.made, code=0)


@action
def mark(w, h: Hart, p: Page, kind: Access, offset: bits[9]):
    """An access that is granted changes the first entry that wants its accessed or dirty bit, if one does, and is interrupted then."""
    found, updates = walk_now(w, h, p, kind)
    require(found.ok)
    change = first_of(updates)
    if change.done:
        w.memory[change.place[PPN + 11 : 12], change.place[11:3]] = change.new
    w.last = Event(hart=h, page=p, access=kind, offset=offset, value=0, outcome=Outcome.again, code=0)


def first_of(updates):
    """The first update that is to be made."""
    first = NO_UPDATE
    for _, _, update in reversed(updates):
        if update.done:
            first = update
    return first


@action
def write(w, page: bits[PPN], index: bits[9], value: bits[64]):
    """A device, or somebody else, writes to memory."""
    w.memory[page, index] = value


@reachable("a store is made")
def stored(w):
    return w.last.outcome == Outcome.made and w.last.access == Access.write
