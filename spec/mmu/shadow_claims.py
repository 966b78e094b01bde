"""What is claimed of shadow paging with write-protected tables.

What the guest's architecture allows is said by the walk of `riscv.py`, which the VMM does not use.
"""

from vmproof.lang import *
from spec.mmu.result import marked
from spec.mmu.riscv import SV39, Control, Privilege, walk
from spec.mmu.shadow import *


def architecture(key, vpn, access, adue, words, host):
    """The guest's own walk of its tables in `words`, for the first byte of a page: `(result, updates)`."""
    control = Control(mode=Privilege.U if key.user else Privilege.S, SUM=key.SUM, MXR=key.MXR, ADUE=adue, PBMTE=False, HLVX=False)
    found, _, updates = walk(
        SV39,
        zext(cat(key.root, bits[12](0)), 64),
        sext(cat(vpn, bits[12](0)), 64),
        access,
        control,
        lambda place, size: words[host[place[55:12]], place[11:3]],
    )
    return found, updates


def allows(w, key, vpn, access, frame):
    """The guest's architecture lets the access reach the frame, and finds accessed and dirty bits set."""
    found, _ = architecture(key, vpn, access, False, w.memory, w.host)
    ppn = found.pa[55:12]
    return found.ok and backed(w, ppn) and w.host[ppn] == frame


def permits(entry, access):
    return entry.valid and (entry.x if access == Access.fetch else entry.w if access == Access.write else entry.r)


@invariant("what a hart's TLB lets the guest do, the guest's tables allow now")
def sound(w, h: Hart, p: Page, access: Access):
    entry = w.tlb[h, w.space[h], p]
    return implies(permits(entry, access), allows(w, w.cpu[h], w.vpn[p], access, entry.frame))


@invariant("what the shadow lets the guest do in a space, the guest's tables allow now")
def exact(w, s: Space, p: Page, access: Access):
    entry = w.shadow[s, p]
    return implies(permits(entry, access), allows(w, w.key[s], w.vpn[p], access, entry.frame))


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


@invariant("the VMM knows from which tables an entry comes, and guards them")
def traced(w, s: Space, p: Page):
    origin, vpn = w.origin[s, p], w.vpn[p]
    e2, e1 = w.memory[origin.t2, vpn[26:18]], w.memory[origin.t1, vpn[17:9]]
    return implies(
        w.shadow[s, p].valid,
        origin.depth != 0
        and stands(w, w.key[s].root, origin.t2)
        and (origin.depth > 1) == (e2[3:1] == 0)
        and implies(origin.depth > 1, stands(w, e2[53:10], origin.t1) and (origin.depth > 2) == (e1[3:1] == 0))
        and implies(origin.depth > 2, stands(w, e1[53:10], origin.t0)),
    )


def stands(w, ppn, frame):
    return backed(w, ppn) and w.host[ppn] == frame and w.guarded[frame]


@invariant("nothing lets the guest write to a guarded frame")
def protected(w, s: Space, p: Page):
    entry = w.shadow[s, p]
    return implies(entry.valid and entry.w, not w.guarded[entry.frame])


@invariant("entries lead to frames of the guest's")
def owned(w, s: Space, p: Page):
    entry = w.shadow[s, p]
    return implies(entry.valid, w.used[entry.frame])


@invariant("a fault is reflected exactly when the guest's own walk denies the access")
def reflected(w):
    found, _ = architecture(w.handled.key, w.vpn[w.handled.page], w.handled.access, ADUE, w.before, w.before_host)
    return implies(w.handled.happened, w.handled.reflected == (not found.ok))
