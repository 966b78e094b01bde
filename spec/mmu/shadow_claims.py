"""What is claimed of shadow paging with write-protected tables.

What the guest's architecture allows is said by the walk of `riscv.py`, which the VMM does not use.
"""

from vmproof.lang import *
from spec.mmu.shadow_spec import architecture, grant, permits
from spec.mmu.shadow import *


def guest_memory(words, host):
    """Entries as the guest's physical memory holds them."""
    return lambda place, size: words[host[place[55:12]], place[11:3]]


def allows(w, key, vpn, access, frame):
    """The guest's architecture lets the access reach the frame, and finds accessed and dirty bits set."""
    found, _ = architecture(key, vpn, access, False, guest_memory(w.memory, w.host))
    ppn = found.pa[55:12]
    return found.ok and backed(w, ppn) and w.host[ppn] == frame


@invariant("what a hart's TLB lets the guest do, the guest's tables allow now")
def sound(w, h: Hart, p: Page, access: Access):
    entry = w.tlb[h, w.space[h], p]
    return implies(permits(entry, access), allows(w, w.cpu[h], w.vpn[p], access, entry.frame))


@invariant("what the shadow lets the guest do in a space, the entries that it was made from grant, accessed and dirty bits included")
def granted(w, s: Space, p: Page, access: Access):
    origin, vpn = w.origin[s, p], w.vpn[p]
    entries = origin.e2, origin.e1, origin.e0
    return implies(permits(w.shadow[s, p], access), grant(w.key[s], vpn, access, origin.depth, entries, origin.ppn))


@invariant("a hart runs in a space of the guest's registers")
def placed(w, h: Hart):
    return w.key[w.space[h]] == w.cpu[h]


@invariant("a TLB holds nothing but entries of the shadow")
def cached(w, h: Hart, s: Space, p: Page):
    entry, shadow = w.tlb[h, s, p], w.shadow[s, p]
    return implies(
        entry.valid,
        shadow.valid
        and entry.frame == shadow.frame
        and implies(entry.r, shadow.r)
        and implies(entry.w, shadow.w)
        and implies(entry.x, shadow.x),
    )


@invariant("the entries that an entry was made from are what the tables hold, and the VMM guards these")
def traced(w, s: Space, p: Page):
    origin, vpn = w.origin[s, p], w.vpn[p]
    return implies(
        w.shadow[s, p].valid,
        origin.depth != 0
        and stands(w, w.key[s].root, origin.t2)
        and w.memory[origin.t2, vpn[26:18]] == origin.e2
        and (origin.depth > 1) == (origin.e2[3:1] == 0)
        and implies(origin.depth > 1, stands(w, origin.e2[53:10], origin.t1) and w.memory[origin.t1, vpn[17:9]] == origin.e1)
        and implies(origin.depth > 1, (origin.depth > 2) == (origin.e1[3:1] == 0))
        and implies(origin.depth > 2, stands(w, origin.e1[53:10], origin.t0) and w.memory[origin.t0, vpn[8:0]] == origin.e0),
    )


def stands(w, ppn, frame):
    return backed(w, ppn) and w.host[ppn] == frame and w.guarded[frame]


@invariant("nothing lets the guest write to a guarded frame")
def protected(w, s: Space, p: Page):
    entry = w.shadow[s, p]
    return implies(entry.valid and entry.w, not w.guarded[entry.frame])


@invariant("an entry leads to the frame that backs the guest's page")
def led(w, s: Space, p: Page):
    entry, ppn = w.shadow[s, p], w.origin[s, p].ppn
    return implies(entry.valid, backed(w, ppn) and w.host[ppn] == entry.frame)


@invariant("a fault is reflected exactly when the guest's own walk denies the access")
def reflected(w):
    found, _ = architecture(w.handled.key, w.vpn[w.handled.page], w.handled.access, ADUE, guest_memory(w.before, w.before_host))
    return implies(w.handled.happened, w.handled.reflected == (not found.ok))


@invariant("a fault changes in memory what the guest's own walk changes, and what is stored, if the VMM does that; and nothing else")
def changed(w, frame: Frame, index: bits[9]):
    found, updates = architecture(w.handled.key, w.vpn[w.handled.page], w.handled.access, ADUE, guest_memory(w.before, w.before_host))
    expected = w.before[frame, index]
    for _, _, update in updates:
        if update.done and w.before_host[update.place[55:12]] == frame and update.place[11:3] == index:
            expected = update.new
    if w.handled.emulated and w.before_host[found.pa[55:12]] == frame and w.handled.offset == index:
        expected = w.handled.value
    return implies(
        w.handled.happened,
        w.after[frame, index] == expected and implies(w.handled.emulated, found.ok and w.handled.access == Access.write),
    )


@reachable("the guest writes to a page by a TLB")
def written(w, h: Hart, p: Page):
    return permits(w.tlb[h, w.space[h], p], Access.write)
