"""Processor state and trap of the third-generation machine (Popek and Goldberg 1974, section 2)."""

from vmproof.lang import *


class Mode(Enum):
    user = 0
    supervisor = 1


class Cause(Enum):
    privileged = 0  # a privileged instruction in user mode
    memory = 1      # an address outside the relocation-bounds window, or outside storage
    call = 2        # supervisor call
    undefined = 3   # no such operation


class Machine(State):
    """S = <E, M, P, R>: storage, mode, program counter, relocation-bounds register (base, bound); and four registers to compute with."""

    pc: bits[8]
    r: array[bits[2], bits[8]]
    mode: Mode = role.mode(least=Mode.user)
    base: bits[8] = role.control
    bound: bits[8] = role.control
    storage: bits[9] = role.platform  # q: cells of storage that this machine has
    mem: memory[bits[8], bits[8]]


@legal
def storage_holds_both_psws(m):
    """An address has eight bits; the trap needs the first eight cells."""
    return 8 <= m.storage <= 256


@fetch
def next_word(m: Machine):
    return m.load(m.pc)


@trap_entry
def enter(m: Machine, cause: Cause, value: bits[8]):
    """The PSW <M, P, R> goes to E[0], here cells 0 to 3, the new one comes from E[1], here cells 4 to 7; both are physical."""
    for cell, word in enumerate((m.pc, zext(bits[1](m.mode), 8), m.base, m.bound)):
        m.mem[cell] = word
    m.pc, m.mode, m.base, m.bound = m.mem[4], Mode(m.mem[5][0]), m.mem[6], m.mem[7]


@undefined
def no_such_operation(m: Machine, word: bits[8]):
    trap(Cause.undefined, word)


def supervisor_only(m):
    """What makes an instruction privileged: it traps in user mode, whatever its operands (section 2)."""
    if m.mode != Mode.supervisor:
        trap(Cause.privileged, 0)
