"""The machine without a TLB with address spaces and fences, which are of no effect there, and with the account of `fences.py`.

What it does is what `guest_immediate.py` does; that the architecture allows it is shown by `immediate_as_architecture.py`.
"""

from vmproof.lang import *
from spec.mmu import guest_immediate
from spec.mmu.fences import EntryUse, Root, RootUse, Use, leave, nothing_stale, order, outdate


class Accounted(State):
    guest: guest_immediate.Guest = joint(guest_immediate.set_registers, guest_immediate.access, guest_immediate.mark, guest_immediate.write)
    asid: array[guest_immediate.Hart, bits[16]]
    use: array[Use, EntryUse]
    stale: array[Use, bool]
    root: array[Root, RootUse]
    former: array[Root, bool]


@init
def reset(w):
    return nothing_stale(w)


@action
def set_registers(w, h: guest_immediate.Hart, root: bits[44], asid: bits[16], user: bool, SUM: bool, MXR: bool):
    leave(w, h, w.guest.cpu[h].root, w.asid[h])
    guest_immediate.set_registers(w.guest, h, root, user, cat(MXR, SUM))
    w.asid[h] = asid


@action
def sfence(w, h: guest_immediate.Hart, one_page: bool, p: guest_immediate.Page, one_asid: bool, asid: bits[16]):
    order(w, h, one_page, w.guest.vpn[p], one_asid, asid)


@action
def device_write(w, page: bits[44], index: bits[9], value: bits[64]):
    outdate(w, page, index, w.guest.memory[page, index])
    guest_immediate.write(w.guest, page, index, value)


@action
def access(w, h: guest_immediate.Hart, p: guest_immediate.Page, kind: Access, offset: bits[9], value: bits[64]):
    found, _ = guest_immediate.walk_now(w.guest, h, p, kind)
    frame = found.pa[55:12]
    if found.ok and kind == Access.write:
        outdate(w, frame, offset, w.guest.memory[frame, offset])
    guest_immediate.access(w.guest, h, p, kind, offset, value)


@action
def mark(w, h: guest_immediate.Hart, p: guest_immediate.Page, kind: Access, offset: bits[9]):
    _, updates = guest_immediate.walk_now(w.guest, h, p, kind)
    change = guest_immediate.first_of(updates)
    table, index = change.place[55:12], change.place[11:3]
    if change.done:
        outdate(w, table, index, w.guest.memory[table, index])
    guest_immediate.mark(w.guest, h, p, kind, offset)


@reachable("a load by an entry that was another one before")
def changed(w, h: guest_immediate.Hart, p: guest_immediate.Page, u: Use):
    found, _ = guest_immediate.walk_now(w.guest, h, p, Access.read)
    return found.ok and w.stale[u] and w.use[u].table == w.guest.cpu[h].root and w.use[u].index == w.guest.vpn[p][26:18]
