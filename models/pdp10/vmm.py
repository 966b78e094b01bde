"""How a VMM fits a guest into real core. Both its modes run in user mode, relocated by `start` blocks."""

from vmproof.lang import *
from words import *

JSR = 0o264000  # operation code, no accumulator, no index, not indirect


def is_jsr(word):
    """To a place in the VMM's own first block, above the locations that the processor itself uses."""
    return left(word) == JSR and 0o100 <= right(word) <= 0o1776


def relocated(real, guest, start):
    """The first block of real core is the VMM's.

    A guest in executive mode addresses its core from 0 up, all of it. In user mode its own registers are in force,
    cut where its core ends. A guest's monitor that has a segment begin beyond its core, or wrap round the end of the
    address space, has no place in one register pair: its user programs would be interpreted.
    """
    blocks = zext(guest.protection, 9) + 1
    room = guest.storage - zext(guest.relocation, 9)
    size = zext(real.protection, 9) + 1
    return (
        start >= 1
        and zext(start, 9) + guest.storage <= real.storage
        and (
            real.relocation == start and size == guest.storage
            if guest.mode == Mode.executive
            else zext(guest.relocation, 9) < guest.storage
            and zext(guest.relocation, 9) + blocks <= 256
            and real.relocation == guest.relocation + start
            and size == (blocks if blocks < room else room)
        )
        and is_jsr(real.mem[0o41])
        and is_jsr(real.mem[0o42])
        and right(real.mem[0o41]) != right(real.mem[0o42])
    )
