"""The third-generation machine under a VMM that fits the guest's storage wrongly: nothing is wrong with the instructions.

Popek and Goldberg 1974, section 4: a guest may set a bound beyond the end of its storage and, on a machine of its own,
memory-traps there; beside other guests it would reach them.
"""

from vmproof.lang import *
from state import *
from relocation import *
from instructions import *


def placed(real, guest, start):
    """What is right in both: the guest lies in real storage above the PSWs, is moved by `start`, and traps reach the VMM."""
    return start >= 8 and zext(start, 9) + guest.storage <= real.storage and real.base == guest.base + start and real.mem[5][0] == 1


@scenario("the guest's bound is taken over as it is")
class Uncut:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        return placed(real, guest, start) and real.bound == guest.bound


@scenario("the guest's bound is cut one cell too late")
class OneTooFar:
    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}

    def host(real, guest, start: bits[8]):
        """The room is w - l; here it is counted as w - l + 1, its last address taken for a number of cells."""
        base, bound = zext(guest.base, 9), zext(guest.bound, 9)
        room = guest.storage - base + 1 if base < guest.storage else 0
        return placed(real, guest, start) and zext(real.bound, 9) == (bound if bound < room else room)
