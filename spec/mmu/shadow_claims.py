"""What is claimed of shadow paging with write-protected tables, beside that it refines `guest_immediate.py`.

What the guest's architecture allows is said by the walks of `riscv.py` and `x86.py`, which the VMM does not use.
"""

from vmproof.lang import *
from spec.mmu.shadow_spec import architecture, grant, pointer, permits
from spec.mmu.shadow import *
from spec.mmu.shadow_tables import frame, root_page


@invariant("what a hart's TLB lets the guest do, the guest's tables allow now, and have accessed and dirty bits set for it")
def sound(w, h: Hart, p: Page, access: Access):
    entry = w.tlb[h, w.space[h], p]
    found, _ = architecture(w.cpu[h], w.vpn[p], access, False, lambda place, size: guest_word(w, place[PPN + 11 : 12], place[11:3]))
    ppn = found.pa[PPN + 11 : 12]
    return implies(permits(entry, access), found.ok and backed(w, ppn) and w.host[ppn] == entry.frame)


@invariant("what the shadow lets the guest do in a space, the entries that it was made from grant, accessed and dirty bits included")
def granted(w, s: Space, p: Page, access: Access):
    origin = w.origin[s, p]
    entries = tuple(step.entry for step in steps_of(origin))
    return implies(permits(w.shadow[s, p], access), grant(w.key[s], w.vpn[p], access, origin.depth, entries, origin.ppn))


@invariant("a hart runs in a space of the guest's registers")
def placed(w, h: Hart):
    return w.key[w.space[h]] == w.cpu[h]


@invariant("a TLB holds nothing but entries of the shadow")
def cached(w, h: Hart, s: Space, p: Page):
    return implies(w.tlb[h, s, p].valid, w.tlb[h, s, p] == w.shadow[s, p])


@invariant("the entries that an entry was made from are what the tables hold, and the VMM guards these")
def traced(w, s: Space, p: Page):
    origin, key = w.origin[s, p], w.key[s]
    page, holds = root_page(key), origin.depth != 0
    for number, (step, index) in enumerate(zip(steps_of(origin), indices(key, w.vpn[p]))):
        there = backed(w, page) and w.host[page] == step.table and w.guarded[step.table] and w.memory[step.table][index] == step.entry
        holds = holds and implies(origin.depth > number, there)
        if number < LEVELS - 1:
            holds = holds and implies(origin.depth > number, (origin.depth > number + 1) == pointer(step.entry, LEVELS - 1 - number))
        page = frame(step.entry)
    return implies(w.shadow[s, p].valid, holds)


@invariant("nothing lets the guest write to a guarded frame")
def protected(w, s: Space, p: Page):
    entry = w.shadow[s, p]
    return implies(entry.valid and entry.w, not w.guarded[entry.frame])


@invariant("an entry leads to the frame that backs the guest's page")
def led(w, s: Space, p: Page):
    entry, ppn = w.shadow[s, p], w.origin[s, p].ppn
    return implies(entry.valid, backed(w, ppn) and w.host[ppn] == entry.frame)


@reachable("the guest writes to a page by a TLB")
def written(w, h: Hart, p: Page):
    return permits(w.tlb[h, w.space[h], p], Access.write)
