"""Memory as a program addresses it: accumulators, relocation, effective addresses (System Reference Manual 1.2, 1.3, 2.15)."""

from vmproof.lang import *
from words import *

INDIRECTIONS = 3  # The processor follows indirect words without end. Here three are followed; nothing is said of longer chains.


@translation
def relocate(m, va: bits[18], access: Access) -> bits[18]:
    """2.15: in user mode the left eight bits, the block, are compared with the protection register and added to the relocation register."""
    block = va[17:10]
    if m.mode == Mode.user and block > m.protection:
        trap(Cause.memory, zext(va, 36))
    real = block + m.relocation if m.mode == Mode.user else block
    if zext(real, 9) >= m.storage:
        trap(Cause.memory, zext(va, 36))
    return cat(real, va[9:0])


@legal
def core_is_installed(m):
    return 1 <= m.storage <= 256


def contents(m, address):
    """C(E): locations 0 to 17 octal are the accumulators, in both modes, never relocated."""
    return m.ac[address[3:0]] if address < 16 else m.load(address)


def deposit(m, address, word):
    if address < 16:
        m.ac[address[3:0]] = word
    else:
        m.store(address, word)


@fetch
def next_instruction(m):
    """A program may run in the accumulators."""
    return contents(m, m.pc)


def indexed(m, word):
    """Y, or the sum of Y and an index register. As SIMH has it, the sum has 36 bits, so its left half is the index register's."""
    return immediate(right(word)) + m.ac[index(word)] if index(word) != 0 else word


def address_word(m, word):
    """The last word of the effective address calculation (1.2): E is its right half; JRSTF restores flags from its left half."""
    for _ in range(INDIRECTIONS):
        last = indexed(m, word)
        if not indirect(word):
            return last
        word = contents(m, right(last))
    require(not indirect(word))
    return indexed(m, word)
