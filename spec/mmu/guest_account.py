"""What every system that is seen as `guest_architecture.py` has of it as it is: all but memory, and the steps that are the guest's own."""

from vmproof.lang import *
from spec.mmu import guest_architecture


def but_memory(w, g):
    """Registers, the last access, and the account that is kept of former entries and roots."""
    g.cpu = w.cpu
    g.vpn = w.vpn
    g.last = w.last
    g.use = w.use
    g.stale = w.stale
    g.root = w.root
    g.former = w.former


@simulates("set_registers")
def set_registers(w, g, h, root, asid, user, SUM, MXR):
    guest_architecture.set_registers(g, h, root, asid, user, SUM, MXR)


@simulates("sfence")
def sfence(w, g, h, one_page, p, one_asid, asid):
    guest_architecture.sfence(g, h, one_page, p, one_asid, asid)


@offers("sfence")
def to_a_fence(w, g):
    return True


@simulates("device_write")
def device_write(w, g, page, index, value):
    guest_architecture.device_write(g, page, index, value)


def by(g, h, p, kind, offset, value, walk):
    """An access by a certain walk."""
    guest_architecture.access(g, h, p, kind, offset, value, walk.root, walk.depth, walk.e2, walk.e1, walk.e0)
