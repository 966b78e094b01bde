"""RV64 with a candidate extension: a system call that writes no CSR but sstatus.

ECALL writes sepc, scause and stval, and the handler reads them back. `ucall` saves that: it enters S-mode at stvec.BASE + 0x80 and leaves
the address of the next instruction in t0, the alternate link register (Unpriv. 2.5), as SYSCALL of x86 leaves it in rcx. It stands in the
part of SYSTEM that is custom space of all modes (Priv. 3.3.4).
"""

from vmproof.lang import *
from models.rv64 import *
from supervisor_entry import *

T0 = 5


@instruction("100011 000000 00000 000 00000 1110011", asm="ucall")
def ucall(m):
    """To S-mode, with the return address in t0."""
    only_from_user(m)
    m.x[T0] = m.next_pc
    enter_supervisor(m)
