"""Shadow paging with write-protected tables, seen as the guest's machine without a TLB.

What the hardware lets the guest do by a TLB is an access of that machine. A fault that the VMM reflects is an access that is denied
there, a store that it emulates one that is made, and a fault after which it sets a bit or fills is an access that is granted and begins
again. Nothing else that the VMM does is to be seen.
"""

from vmproof.lang import *
from spec.mmu import guest_immediate
from spec.mmu.shadow_promises import *


@abstraction
def seen(w: shadow_claims.Shadow, g: guest_immediate.Guest):
    """The guest's memory is what its pages hold, wherever the VMM keeps them."""
    g.memory = array(lambda page, index: shadow_claims.guest_word(w, page, index))
    g.vpn = w.vpn
    g.cpu = w.cpu
    g.last = w.last


@simulates("set_registers")
def set_registers(w, g, h, root, user, controls):
    guest_immediate.set_registers(g, h, root, user, controls)


@simulates("load")
def load(w, g, h, p, access, index):
    value = w.memory[w.tlb[h, w.space[h], p].frame][index]
    guest_immediate.access(g, h, p, access, index, value)


@simulates("store")
def store(w, g, h, p, index, value):
    guest_immediate.access(g, h, p, Access.write, index, value)


@simulates("reflect")
def reflect(w, g, h, p, access, offset):
    guest_immediate.access(g, h, p, access, offset, 0)


@simulates("emulate")
def emulate(w, g, h, p, offset, value):
    guest_immediate.access(g, h, p, Access.write, offset, value)


@simulates("mark", "refill")
def again(w, g, h, p, access, offset):
    guest_immediate.mark(g, h, p, access, offset)


@simulates("device")
def device(w, g, page, index, value):
    guest_immediate.write(g, page, index, value)
