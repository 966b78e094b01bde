"""The architecture of a guest that fences before it uses what it has changed, seen as its machine without a TLB."""

from vmproof.lang import *
from spec.mmu import guest_architecture, guest_immediate
from spec.mmu.shadow_spec import register_file


@abstraction
def seen(w: guest_architecture.Guest, g: guest_immediate.Guest):
    g.memory = w.memory
    g.vpn = w.vpn
    g.cpu = array(lambda h: register_file(w.cpu[h].root, w.cpu[h].user, cat(w.cpu[h].MXR, w.cpu[h].SUM)))
    g.last = w.last


@simulates("set_registers")
def set_registers(w, g, h, root, user, SUM, MXR):
    guest_immediate.set_registers(g, h, root, user, cat(MXR, SUM))


@simulates("device_write")
def device_write(w, g, page, index, value):
    guest_immediate.write(g, page, index, value)


@simulates("access")
def access(w, g, h, p, kind, offset, value):
    guest_immediate.access(g, h, p, kind, offset, value)


@simulates("mark")
def mark(w, g, h, p, kind, offset):
    guest_immediate.mark(g, h, p, kind, offset)
