"""RV64 with a candidate extension: hints to wait for a store to the reservation set, as Zawrs 1.01 has them.

A program that polls a word reserves it with LR, and then gives the hart a hint to idle until somebody writes there. Either hint may end at
any time, for any reason. WRS.STO waits for a short time at most. WRS.NTO waits until an interrupt, if nobody writes; below M-mode
mstatus.TW limits it, in a virtual machine hstatus.VTW too. Unlike WFI it is not illegal in U-mode as such.
"""

from vmproof.lang import *
from models.rv64 import *


@instruction("000000001101 00000 000 00000 1110011", name="wrs.nto", asm="wrs.nto")
def wrs_nto(m):
    """Where its wait is limited, it traps if it does not end within the limit."""
    if m.reserved and not choose(bool):
        if m.mode != Mode.M and m.mstatus.TW:
            illegal(m)
        if virtual(m.mode) and m.hstatus.VTW:
            virtual_instruction(m)
        wait()


@instruction("000000011101 00000 000 00000 1110011", name="wrs.sto", asm="wrs.sto")
def wrs_sto(m):
    """It ends by itself, and shows nothing but time."""


@scenario("S-mode guest in U-mode, mstatus.TW to be chosen")
class WithTimeout(SupervisorInUser):
    search = ["mstatus.TW"]
