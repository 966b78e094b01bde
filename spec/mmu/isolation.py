"""Several guests on several harts: who reaches which page frame, by the shadow and by the TLBs, while frames change hands.

Any number of guests, harts, frames and pages. The guests' tables say anything; what counts is what the VMM enters into its shadow, and what
TLBs still hold of it. A TLB knows guests by VMIDs only. A frame changes hands in steps: the VMM takes out the entries, asks each hart to
flush, waits until none is left that has not, and hands the frame on. Frames of the VMM, its tables among them, belong to nobody.
"""

from vmproof.lang import *

Guest = unsized("Guest")
Hart = unsized("Hart")
Frame = unsized("Frame")
Page = unsized("Page")
Vmid = unsized("Vmid")
VMM = constant(Guest)  # the owner of what is no guest's


class Entry(Record):
    valid: bool
    frame: Frame


class Machine(State):
    owner: array[Frame, Guest]
    leaving: array[Frame, bool]  # the frame is taken from its owner, but a TLB may still lead to it
    vmid: array[Guest, Vmid]  # never changes
    running: array[Hart, Guest]
    shadow: array[(Guest, Page), Entry]
    tlb: array[(Hart, Vmid, Page), Entry]
    behind: array[(Hart, Frame), bool]  # the hart was not yet flushed since the frame was taken


@init
def boot(m):
    return (
        forall(lambda f: m.owner[f] == VMM and not m.leaving[f], Frame)
        and forall(lambda g, p: not m.shadow[g, p].valid, Guest, Page)
        and forall(lambda h, v, p: not m.tlb[h, v, p].valid, Hart, Vmid, Page)
        and forall(lambda h: m.running[h] == VMM, Hart)
        and forall(lambda a, b: implies(m.vmid[a] == m.vmid[b], a == b), Guest, Guest)
    )


@action
def run(m, h: Hart, g: Guest):
    """A hart enters a guest, or the VMM; a TLB is not flushed for it."""
    m.running[h] = g


@action
def map_page(m, g: Guest, p: Page, f: Frame):
    """The VMM fills an entry of a guest's shadow, which had none, after the guest's own tables."""
    require(g != VMM and m.owner[f] == g and not m.leaving[f] and not m.shadow[g, p].valid)
    m.shadow[g, p] = Entry(valid=True, frame=f)


@action
def fill(m, h: Hart, p: Page):
    """The TLB of a hart is filled from the shadow of the guest that runs there."""
    g = m.running[h]
    require(m.shadow[g, p].valid)
    m.tlb[h, m.vmid[g], p] = m.shadow[g, p]


@action
def evict(m, h: Hart, v: Vmid, p: Page):
    m.tlb[h, v, p].valid = False


@action
def give(m, g: Guest, f: Frame):
    """The VMM gives a frame to a guest."""
    require(m.owner[f] == VMM and not m.leaving[f])
    m.owner[f] = g


@action
def take(m, f: Frame):
    """The VMM begins to take a frame back, or to remap what it backs: no entry of the shadow leads there any more."""
    require(m.owner[f] != VMM and not m.leaving[f])
    m.leaving[f] = True
    m.shadow = array(lambda g, p: Entry(valid=m.shadow[g, p].valid and m.shadow[g, p].frame != f, frame=m.shadow[g, p].frame))
    m.behind = array(lambda h, frame: frame == f or m.behind[h, frame])


@action
def flush(m, h: Hart):
    """A hart answers: it flushes its TLB."""
    m.tlb = array(lambda hart, v, p: Entry(valid=m.tlb[hart, v, p].valid and hart != h, frame=m.tlb[hart, v, p].frame))
    m.behind = array(lambda hart, f: m.behind[hart, f] and hart != h)


@action
def reuse(m, f: Frame):
    """All harts have answered: the frame is the VMM's."""
    require(m.leaving[f] and forall(lambda h: not m.behind[h, f], Hart))
    m.owner[f] = VMM
    m.leaving[f] = False


@invariant("what a guest reaches by the TLB of a hart is its own")
def isolated(m, h: Hart, p: Page):
    entry, g = m.tlb[h, m.vmid[m.running[h]], p], m.running[h]
    return implies(entry.valid, g != VMM and m.owner[entry.frame] == g)


@invariant("two guests reach no frame in common, on whichever harts they run")
def disjoint(m, h: Hart, p: Page, other: Hart, page: Page):
    a, b = m.tlb[h, m.vmid[m.running[h]], p], m.tlb[other, m.vmid[m.running[other]], page]
    return implies(a.valid and b.valid and a.frame == b.frame, m.running[h] == m.running[other])


@invariant("a shadow leads to frames of its guest that stay there")
def owned(m, g: Guest, p: Page):
    entry = m.shadow[g, p]
    return implies(entry.valid, g != VMM and m.owner[entry.frame] == g and not m.leaving[entry.frame])


@invariant("what a TLB holds of a guest is the guest's, and if it is being taken, the hart is not flushed yet")
def held(m, h: Hart, g: Guest, p: Page):
    entry = m.tlb[h, m.vmid[g], p]
    return implies(entry.valid, g != VMM and m.owner[entry.frame] == g and implies(m.leaving[entry.frame], m.behind[h, entry.frame]))


@invariant("no two guests have a VMID in common")
def told_apart(m, a: Guest, b: Guest):
    return implies(m.vmid[a] == m.vmid[b], a == b)


@reachable("a TLB still leads to a frame that is being taken")
def lingers(m, h: Hart, g: Guest, p: Page):
    entry = m.tlb[h, m.vmid[g], p]
    return entry.valid and m.leaving[entry.frame]
