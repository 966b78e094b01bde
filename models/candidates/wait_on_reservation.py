"""RV64 with a candidate extension: hints that wait for a store to the reservation set, as Zawrs 1.01 has them.

A program that polls a word reserves it with LR and then gives the hart a hint to idle until somebody writes there. Each may end at any
time, for any reason. WRS.STO waits for a short time at most. WRS.NTO waits without a limit, until an interrupt at least; mstatus.TW
limits its wait below M-mode, and hstatus.VTW in a virtual machine.
"""

from vmproof.lang import *
from models.rv64 import *


@instruction("000000001101 00000 000 00000 1110011", name="wrs.nto", asm="wrs.nto")
def wrs_nto(m):
    """Traps where its wait is limited and has not ended by then; unlike WFI it waits in U-mode too."""
    if m.reserved and not choose(bool):
        if m.mode != Mode.M and m.mstatus.TW:
            illegal(m)
        if virtual(m.mode) and m.hstatus.VTW:
            virtual_instruction(m)
        wait()


@instruction("000000011101 00000 000 00000 1110011", name="wrs.sto", asm="wrs.sto")
def wrs_sto(m):
    """Ends by itself, so that nothing of it is seen but time."""


@scenario("S-mode guest in U-mode, with mstatus.TW to be chosen")
class WithTimeout(SupervisorInUser):
    search = ["mstatus.TW"]
