"""RV64 with a candidate extension: a system call that writes no CSR but sstatus and sepc.

As in `fast_call.py`, but it leaves its own address in sepc, as ECALL does, and no general register changes.
"""

from vmproof.lang import *
from models.rv64 import *
from supervisor_entry import *


@instruction("100011 000001 00000 000 00000 1110011", asm="ucall.sepc")
def ucall_sepc(m):
    """To S-mode, with the address of the call in sepc."""
    only_from_user(m)
    m.sepc = m.pc
    enter_supervisor(m)
