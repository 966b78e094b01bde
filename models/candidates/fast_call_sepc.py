"""RV64 with a candidate extension: a system call that writes a single CSR.

As `fast_call.py`, but `ucall` leaves its own address in sepc, as ECALL does; scause and stval it leaves alone.
"""

from vmproof.lang import *
from models.rv64 import *


@instruction("100011 000001 00000 000 00000 1110011", asm="ucall.sepc")
def ucall_sepc(m):
    if virtual(m.mode):
        virtual_instruction(m)
    if m.mode != Mode.U:
        illegal(m)
    m.sepc = m.pc
    m.mstatus.SPP, m.mstatus.SPIE, m.mstatus.SIE = 0, m.mstatus.SIE, 0
    m.mode, m.pc = Mode.S, cat(m.stvec[63:2], bits[2](0)) + 0x80
