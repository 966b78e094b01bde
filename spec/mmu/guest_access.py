"""What the entries of a walk of Sv39 come to, whatever memory holds by now.

RISC-V Privileged Architecture, version 1.13 (20240411): 4.3.2 and 4.4.
"""

from vmproof.lang import *
from spec.mmu.result import Reason
from spec.mmu.riscv import SV39, decode, may
from spec.mmu.shadow_spec import registers


def comes_to(walk, vpn, access, key):
    """What the entries of a walk come to: `(formed, reason, leaf, page)`, where `formed` says that it goes on behind pointers only."""
    control = registers(key, False)
    first, ends, _ = decode(SV39, walk.e2, 2, 30, control)
    second, ends_too, _ = decode(SV39, walk.e1, 1, 21, control)
    third, _, _ = decode(SV39, walk.e0, 0, 12, control)
    on = first == Reason.none and not ends
    further = second == Reason.none and not ends_too
    formed = walk.depth != 0 and (walk.depth > 1) == on and implies(on, (walk.depth > 2) == further)
    if walk.depth == 1:
        reason, leaf, page = first, walk.e2, cat(walk.e2[53:28], vpn[17:0])
    elif walk.depth == 2:
        reason, leaf, page = second, walk.e1, cat(walk.e1[53:19], vpn[8:0])
    else:
        reason, leaf, page = third, walk.e0, walk.e0[53:10]
    return formed, may(SV39, leaf, access, control) if reason == Reason.none else reason, leaf, page


def marked(leaf, access):
    """Step 9: A, and D for a store."""
    return leaf | (bits[64](0xC0) if access == Access.write else bits[64](0x40))


def place(walk, vpn):
    """Where the last entry stands: the table, and the index."""
    if walk.depth == 1:
        return walk.root, vpn[26:18]
    return (walk.e2[53:10], vpn[17:9]) if walk.depth == 2 else (walk.e1[53:10], vpn[8:0])
