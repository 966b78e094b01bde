"""Which fault a VAX reports for a page of system space: what the walk of `vax.py` says, against the rule as the manual puts it.

VAX Architecture Reference Manual, chapter 4. Software that keeps information in entries that are not valid, as pagers and VMMs do, relies
on protection being checked first: who may not access the page never learns whether it is there.
"""

from vmproof.lang import *
from spec.mmu.result import Reason
from spec.mmu.vax import Control, Mode, walk

# Table 4-1, code by code: for kernel, executive, supervisor and user, what they may do: nothing, read, or read and write.
NONE, R, W = 0, 1, 3
PROTECTION = (
    (NONE, NONE, NONE, NONE),  # NA
    (NONE, NONE, NONE, NONE),  # reserved
    (W, NONE, NONE, NONE),  # KW
    (R, NONE, NONE, NONE),  # KR
    (W, W, W, W),  # UW
    (W, W, NONE, NONE),  # EW
    (W, R, NONE, NONE),  # ERKW
    (R, R, NONE, NONE),  # ER
    (W, W, W, NONE),  # SW
    (W, W, R, NONE),  # SREW
    (W, R, R, NONE),  # SRKW
    (R, R, R, NONE),  # SR
    (W, W, W, R),  # URSW
    (W, W, R, R),  # UREW
    (W, R, R, R),  # URKW
    (R, R, R, R),  # UR
)


class Vax(State):
    words: array[bits[62], bits[32]]
    SBR: bits[30]
    SLR: bits[22]
    asked: bool
    vpn: bits[21]
    mode: Mode
    access: Access
    ok: bool
    reason: Reason
    pfn: bits[21]


@init
def boot(m):
    return not m.asked and m.SBR[1:0] == 0


@action
def ask(m, vpn: bits[21], mode: Mode, access: Access):
    """An access to a page of system space."""
    control = Control(mode=mode, SLR=m.SLR, P0BR=0, P0LR=0, P1BR=0, P1LR=0)
    va = zext(cat(bits[2](2), vpn, bits[9](0)), 64)
    found, _, _ = walk(zext(m.SBR, 64), va, access, control, lambda place, size: m.words[place[63:2]])
    m.asked, m.vpn, m.mode, m.access = True, vpn, mode, access
    m.ok, m.reason, m.pfn = found.ok, found.reason, found.pa[29:9]


@action
def store(m, at: bits[62], value: bits[32]):
    """The system changes its memory; the last question is history."""
    m.words[at] = value
    m.asked = False


def entry(m):
    """The page's entry."""
    return m.words[zext(m.SBR[29:2], 62) + zext(m.vpn, 62)]


def granted(code, mode, access):
    rights = bits[2](0)
    for number, modes in enumerate(PROTECTION):
        for who, what in enumerate(modes):
            if code == number and bits[2](mode) == who:
                rights = bits[2](what)
    return rights[1] if access == Access.write else rights[0]


@invariant("beyond the length, and where protection denies, there is an access control violation, valid or not; else validity decides")
def in_order(m):
    pte = entry(m)
    beyond = zext(m.vpn, 22) >= m.SLR
    allowed = granted(pte[30:27], m.mode, m.access)
    denied = m.reason == Reason.not_writable or m.reason == Reason.not_readable
    return implies(
        m.asked,
        (m.reason == Reason.length) == beyond
        and denied == (not beyond and not allowed)
        and (m.reason == Reason.invalid) == (not beyond and allowed and not pte[31])
        and m.ok == (not beyond and allowed and pte[31] == 1)
        and implies(m.ok, m.pfn == pte[20:0]),
    )


@reachable("a page that is not valid is denied by its protection")
def denied_invalid(m):
    return m.asked and not entry(m)[31] and m.reason == Reason.not_readable


@reachable("a page that is not valid is reported as that")
def reported(m):
    return m.asked and m.reason == Reason.invalid
