"""The third-generation machine with an unprivileged store of the relocation register, as SGDT and SIDT of the 80286 store theirs."""

from vmproof.lang import *
from base import *


@instruction("0101 rd[2] 00", asm="store_relocation (r{rd})")
def store_relocation(m, rd):
    """Stores the base of R, so shows how far a guest was moved."""
    m.store(m.r[rd], m.base)
