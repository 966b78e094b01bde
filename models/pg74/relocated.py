"""The VMM of the paper's proof: the guest runs in user mode, its storage moved up by k (section 4)."""

from vmproof.lang import *
from state import *


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}
    timing = []  # the machine of the paper has no clock and no interrupts

    def host(real, guest, start: bits[8]):
        """R' = (l + k, min(b, max(w - l, 0))) for a guest of w cells placed at k, above the two PSWs; the new PSW is the VMM's."""
        base, bound = zext(guest.base, 9), zext(guest.bound, 9)
        room = guest.storage - base if base < guest.storage else 0
        return (
            start >= 8
            and zext(start, 9) + guest.storage <= real.storage
            and real.base == guest.base + start
            and zext(real.bound, 9) == (bound if bound < room else room)
            and real.mem[5][0] == 1
        )
