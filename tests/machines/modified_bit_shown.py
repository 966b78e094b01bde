"""The machine of `modified_bit.py` with an instruction that asks whether a store is allowed, as PROBEW of the VAX does.

The write protection by which the VMM learns of modified pages is shown to the guest.
"""

from vmproof.lang import *
from modified_bit import *


@instruction("0110 rd[2] rs[2]")
def probe_write(m, rd, rs):
    """Checks the protection and sets no bit."""
    entry = m.mem[entry_at(m, m.r[rs][7:6])]
    m.r[rd] = 1 if m.mode == Mode.supervisor or allowed(m, entry, Access.write) else 0
