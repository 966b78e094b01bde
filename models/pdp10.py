"""The PDP-10 with the KA10 processor, one protection and relocation register, and no use made of the User In-Out flag.

Sources: "PDP-10 System Reference Manual" (DEC-10-HGAA-D, April 1968), chapter 2; where it is silent, SIMH's KA10
(PDP10/ka10_cpu.c). Popek and Goldberg (1974, section 5) name this machine as one that hosts no VMM but a hybrid one.

Left out, as no trap or mode depends on them: byte, double and floating-point instructions, MUL, DIV, IDIV, combined
shifts, JFFO, BLT; and the second segment register pair. Overflow and push-down overflow raise interrupts, not traps.
`pdp10_userio.py` is the same machine with User In-Out.
"""

from vmproof.lang import *
from pdp10.processor import *


class Flags(Layout[18]):
    """The left half of a PC word (2.9), bit 0 of the word first; bit 5, User, is the mode, and bit 6, User In-Out, is never set."""

    overflow: 17
    carry0: 16
    carry1: 15
    floating_overflow: 14
    first_part_done: 13
    floating_underflow: 6
    no_divide: 5


class Machine(State):
    pc: bits[18]
    ac: array[bits[4], bits[36]]  # accumulators, also index registers and memory locations 0 to 17 octal
    flags: Flags
    mode: Mode = role.mode(least=Mode.user)
    protection: bits[8] = role.control  # the last block of 1024 words that a user may address
    relocation: bits[8] = role.control  # in blocks of 1024 words
    push_overflow: bool = role.status   # pushdown list overflow, shown by CONI APR
    pi_active: bool = role.control      # the priority interrupt system
    pi_channels: bits[7] = role.control
    pi_held: bits[7] = role.control
    devices: bits[36] = role.external   # everything beyond the I/O bus
    storage: bits[9] = role.platform    # blocks of core that this machine has
    mem: memory[bits[18], bits[36]]


@scenario("guest in user mode, relocated")
class Relocated:
    runs = {Mode.executive: Mode.user, Mode.user: Mode.user}

    def host(real, guest, start: bits[8]):
        return relocated(real, guest, start)
