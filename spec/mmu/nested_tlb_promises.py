"""What `nested_tlb.py` promises beside what the guest sees: the hardware has an answer, and a fence or a move takes no more than it must.

For the mapping that shows what the guest sees, `nested_tlb_as_architecture.py`.
"""

from vmproof.lang import *
from spec.mmu import nested_tlb_claims
from spec.mmu.fences import is_global, region
from spec.mmu.guest_access import comes_to, marked, place
from spec.mmu.guest_interface import ADUE
from spec.mmu.result import Reason
from spec.mmu.riscv import SV39, decode
from spec.mmu.shadow_spec import registers

# What it offers. A walk goes on, unless the page that it needs is in no frame: then the VMM brings it in.


@offers("set_registers")
def to_registers(w, g):
    return True


@offers("access", "page_fault", "mark")
def to_a_hit(w, g, h, t, p, kind, offset, value):
    """What a line answers is for its page, in its address space, or in all if its mapping is global. If it lets the access be made, it has
    been combined with a frame; if it wants marks, the leaf still is in memory."""
    line, key, vpn = w.tlb[h, t], w.cpu[h], w.vpn[p]
    formed, reason, leaf, page = comes_to(line.walk, vpn, kind, key)
    table, index = place(line.walk, vpn)
    granted, fresh = reason == Reason.none, marked(leaf, kind) == leaf
    return (
        formed
        and line.vpn == vpn
        and (line.asid == key.asid or is_global(line.walk))
        and implies(granted and fresh, line.found and (kind == Access.write or g.memory[page, offset] == value))
        and implies(granted and not fresh and ADUE, nested_tlb_claims.backed(w, table) and g.memory[table, index] == leaf)
    )


@offers("begin", "bring_in")
def to_a_miss(w, g, h, page, to):
    return page == w.cpu[h].root and not w.used[to]


@offers("go_on", "bring_in")
def to_a_pointer(w, g, h, t, page, to):
    walk = w.tlb[h, t].walk
    entry = walk.e2 if walk.depth == 1 else walk.e1
    reason, leaf, _ = decode(SV39, entry, 1, 21, registers(w.cpu[h], False))
    on = (walk.depth == 1 or walk.depth == 2) and reason == Reason.none and not leaf
    return on and page == entry[53:10] and not w.used[to]


@offers("combine", "bring_in")
def to_a_leaf(w, g, h, t, page, to):
    line, maps = w.tlb[h, t], False
    for depth, entry, level, low in ((1, line.walk.e2, 2, 30), (2, line.walk.e1, 1, 21), (3, line.walk.e0, 0, 12)):
        reason, leaf, _ = decode(SV39, entry, level, low, registers(w.cpu[h], False))
        maps = maps or (line.walk.depth == depth and reason == Reason.none and leaf)
    _, _, _, behind = comes_to(line.walk, line.vpn, Access.read, w.cpu[h])
    return maps and page == behind and not w.used[to]


# What its steps come to.


@ensures("evict")
def dropped(w, after, h, t, depth):
    """What goes on behind the pointers of a global mapping is good for nothing without the entry that makes it global."""
    left = after.tlb[h, t].walk.depth
    return left < w.tlb[h, t].walk.depth and (left == depth or left == 0)


@ensures("go_on")
def further(w, after, h, t):
    return after.tlb[h, t].walk.depth == w.tlb[h, t].walk.depth + 1


@ensures("take_out")
def away(w, after, page):
    return not nested_tlb_claims.backed(after, page)


@ensures("move", "take_out")
def freed(w, after, page):
    return not after.used[w.host[page]]


@ensures("move", "bring_in")
def there(w, after, page, to):
    return nested_tlb_claims.backed(after, page) and after.host[page] == to


@ensures("scribble")
def scribbled(w, after, frame, index, value):
    return after.memory[frame][index] == value


# And what they leave alone.


@ensures("sfence")
def not_named(w, after, h, one_page, p, one_asid, asid, hart: nested_tlb_claims.Hart, t: nested_tlb_claims.Slot):
    """A fence takes nothing of another hart, of another address space than it names or of a global mapping then, nor of pages that share no
    leaf with the one it names; and of this one it leaves the pointers."""
    line, left = w.tlb[hart, t], after.tlb[hart, t]
    others = hart != h or (one_asid and (line.asid != asid or is_global(line.walk)))
    apart = one_page and region(line.walk.depth, line.vpn) != region(line.walk.depth, w.vpn[p])
    leaf_only = left.walk.depth == line.walk.depth or left.walk.depth + 1 == line.walk.depth
    return implies(one_page and not is_global(line.walk), leaf_only) and implies(others or apart, left == line)


@ensures("move", "take_out")
def elsewhere(w, after, page, h: nested_tlb_claims.Hart, t: nested_tlb_claims.Slot):
    """What leads to other frames stays combined, and what was read of the guest's tables stays in any case."""
    line, left = w.tlb[h, t], after.tlb[h, t]
    return left.walk == line.walk and implies(line.frame != w.host[page], left == line)
