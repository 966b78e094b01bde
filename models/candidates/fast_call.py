"""RV64 with a candidate extension: a system call that writes no CSR.

ECALL writes sepc, scause and stval, which the handler reads back. `ucall` saves that: it enters S-mode at stvec.BASE + 0x80, behind the
entries of vectored interrupts (Priv. 4.1.2), and leaves the address of the next instruction in t0, the alternate link register (Unpriv.
2.5); of sstatus it changes what a trap does, SPP, SPIE and SIE (Priv. 4.1.1). Only U-mode has it; a virtual machine has not. It stands in
the part of SYSTEM that is custom space open to all modes (Priv. 3.3.4).
"""

from vmproof.lang import *
from models.rv64 import *

T0 = 5


@instruction("100011 000000 00000 000 00000 1110011", asm="ucall")
def ucall(m):
    if virtual(m.mode):
        virtual_instruction(m)
    if m.mode != Mode.U:
        illegal(m)
    m.x[T0] = m.next_pc
    m.mstatus.SPP, m.mstatus.SPIE, m.mstatus.SIE = 0, m.mstatus.SIE, 0
    m.mode, m.pc = Mode.S, cat(m.stvec[63:2], bits[2](0)) + 0x80
