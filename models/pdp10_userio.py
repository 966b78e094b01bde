"""The PDP-10 of `pdp10.py` with the User In-Out flag, by which a program in user mode may do input and output (manual, 2.15)."""

from vmproof.lang import *
from pdp10.processor import *


class Flags(Layout[18]):
    """The left half of a PC word (2.9), bit 0 of the word first; bit 5, User, is the mode."""

    overflow: 17
    carry0: 16
    carry1: 15
    floating_overflow: 14
    first_part_done: 13
    user_io: 11 = role.control
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


@scenario("guest in user mode without User In-Out, relocated")
class Relocated:
    runs = {Mode.executive: Mode.user, Mode.user: Mode.user}

    def host(real, guest, start: bits[8]):
        """With User In-Out on, a guest would reach the devices and halt the machine (JRST 4): the VMM keeps it off."""
        return relocated(real, guest, start) and not real.flags.user_io
