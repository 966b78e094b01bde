"""RV64 with a candidate extension: the address-space identifier of satp, readable by user programs.

A runtime system keeps caches for each address space, and reads which one it is in from a CSR instead of calling the operating system:
`asid`, number 0xCC0, holds satp.ASID, and in a virtual machine vsatp.ASID. As its number says it is read-only and open to all modes (Priv.
2.1); 0xCC0 to 0xCFF is custom space (Priv. table 2.1).
"""

from vmproof.lang import *
from models.rv64 import *


def read_asid(m):
    return zext(m.vsatp.ASID if virtual(m.mode) else m.satp.ASID, 64)


@instruction(
    "110011000000 source.field source.immediate 01 rd[5] 1110011",
    mnemonic="asid", asm="csrrw x{rd}, asid, {source}", source=SOURCE,
)  # fmt: skip
def csrrw_asid(m, rd, source):
    """Writes, so it is illegal."""
    exchange(m, rd, source, 0xCC0, no_check, read_asid, nothing)


for name, code, merged in CHANGES:

    @instruction(
        f"110011000000 source.field source.immediate {code} rd[5] 1110011",
        name=f"{name}_asid", mnemonic="asid", asm=f"{name} x{{rd}}, asid, {{source}}", source=SOURCE,
    )  # fmt: skip
    def csrr_asid(m, rd, source):
        change(m, rd, source, 0xCC0, no_check, read_asid, nothing, merged)
