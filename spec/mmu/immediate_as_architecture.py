"""The machine without a TLB, seen as the guest's architecture: the entries that memory and satp hold may always be used."""

from vmproof.lang import *
from spec.mmu.guest_account import *
from spec.mmu import immediate_account
from spec.mmu.fences import Key, Walk
from spec.mmu.result import Reason
from spec.mmu.riscv import SV39, decode
from spec.mmu.shadow_spec import registers


@abstraction
def seen(w: immediate_account.Accounted, g: guest_architecture.Guest):
    g.memory = w.guest.memory
    g.cpu = array(lambda h: key(w, h))
    g.vpn = w.guest.vpn
    g.last = w.guest.last
    g.use = w.use
    g.stale = w.stale
    g.root = w.root
    g.former = w.former


def key(w, h):
    cpu = w.guest.cpu[h]
    return Key(root=cpu.root, asid=w.asid[h], user=cpu.user, SUM=cpu.SUM, MXR=cpu.MXR)


def walk_now(w, h, p):
    """The entries that a walk reads now: it goes on behind a pointer that it can use."""
    root, vpn, control = w.guest.cpu[h].root, w.guest.vpn[p], registers(key(w, h), False)
    e2 = w.guest.memory[root, vpn[26:18]]
    e1 = w.guest.memory[e2[53:10], vpn[17:9]]
    e0 = w.guest.memory[e1[53:10], vpn[8:0]]
    first, ends, _ = decode(SV39, e2, 2, 30, control)
    second, ends_too, _ = decode(SV39, e1, 1, 21, control)
    on = first == Reason.none and not ends
    further = second == Reason.none and not ends_too
    return Walk(root=root, depth=bits[2](3) if on and further else bits[2](2) if on else bits[2](1), e2=e2, e1=e1, e0=e0)


@simulates("access")
def access(w, g, h, p, kind, offset, value):
    by(g, h, p, kind, offset, value, walk_now(w, h, p))


@simulates("mark")
def mark(w, g, h, p, kind, offset):
    walk = walk_now(w, h, p)
    guest_architecture.mark(g, h, p, kind, offset, walk.root, walk.depth, walk.e2, walk.e1, walk.e0)
