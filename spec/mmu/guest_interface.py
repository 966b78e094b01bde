"""What a guest's machine and the VMM that stands for it have in common: page-table format, registers, and what becomes of an access.

FORMAT is 39 for Sv39 of RISC-V (Privileged Architecture 1.13, 4.4), 4 for x86 paging with four levels and 3 for PAE paging (Intel SDM,
volume 3, 4.4 and 4.5). Address space identifiers are no part of the key: they tell entries of a TLB apart, and decide no translation.
"""

from vmproof.lang import *

FORMAT = parameter(39)
RISCV = FORMAT == 39

VPN = {39: 27, 4: 36, 3: 20}[FORMAT]  # bits of the number of a virtual page
PPN = 44 if RISCV else 40  # and of a physical page
ROOT = {39: 44, 4: 40, 3: 27}[FORMAT]  # satp.PPN; CR3 without its lowest 12 bits, or 5: PAE's top table has four entries (4.4.1)
CONTROLS = 2 if RISCV else 5  # bits of control registers

Hart = unsized("Hart")
Page = unsized("Page")  # of the guest's virtual memory
ADUE = constant(bool)  # RISC-V: the hardware is to set accessed and dirty bits; else it faults for them


class RiscvKey(Record):
    """satp.PPN, the effective privilege (user or supervisor), SUM and MXR of sstatus."""

    root: bits[ROOT]
    user: bool
    SUM: bool
    MXR: bool


class X86Key(Record):
    """CR3, whether CPL is 3, CR0.WP, CR4.SMEP, CR4.SMAP, EFLAGS.AC, EFER.NXE. CR4.PSE is of no effect here; no protection keys."""

    root: bits[ROOT]
    user: bool
    WP: bool
    SMEP: bool
    SMAP: bool
    AC: bool
    NXE: bool


Key = RiscvKey if RISCV else X86Key


class Outcome(Enum):
    """What became of an access: it was made, it was denied, or it was granted and has to begin again."""

    made = 0
    denied = 1
    again = 2


class Event(Record):
    """An access of a hart to a word of a page: the `value` that was stored or loaded, else 0; the `code` of the fault, else 0."""

    hart: Hart
    page: Page
    access: Access
    offset: bits[9]
    value: bits[64]
    outcome: Outcome
    code: bits[16]
