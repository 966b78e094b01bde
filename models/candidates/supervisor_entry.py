"""How the candidate system calls enter S-mode: which modes have them, and what changes but the return address."""

from vmproof.lang import *
from models.rv64 import *


def only_from_user(m):
    """U-mode has it. H has no second vector for VS-mode, so in VU-mode it is the hypervisor's to emulate (Priv. 8.6.1)."""
    if m.mode == Mode.VU:
        virtual_instruction(m)
    if m.mode != Mode.U:
        illegal(m)


def enter_supervisor(m):
    """Of sstatus what a trap from U-mode changes (Priv. 4.1.1); behind 32 entries of vectored interrupts (4.1.2)."""
    m.mstatus.SPP, m.mstatus.SPIE, m.mstatus.SIE = 0, m.mstatus.SIE, 0
    m.mode, m.pc = Mode.S, cat(m.stvec[63:2], bits[2](0)) + 0x80
