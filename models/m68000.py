"""The Motorola MC68000, with storage that tells supervisor from user references.

Sources: M68000PM/AD rev. 1, the Programmer's Reference Manual (PRM), and M68000UM rev. 9, the User's Manual (UM). Instructions are in
m68k/, each named after its page in PRM section 4 or 6. Left out: interrupts, bus errors and reset, which come from outside the processor.
"""

from vmproof.lang import *
from m68k.state import *
from m68k.exceptions import *
from m68k.ea import *
from m68k.moves import *
from m68k.arithmetic import *
from m68k.logic import *
from m68k.shifts import *
from m68k.flow import *
from m68k.system import *


class Machine(State):
    """PRM 1.1 and 1.3. The status register is made of trace, mode, ipm and ccr."""

    pc: bits[32]
    d: array[bits[3], bits[32]]
    a: array[bits[3], bits[32]]  # a[7] is the stack pointer of the present mode
    ccr: Ccr
    mode: Mode = role.mode(least=Mode.user)
    trace: bits[1] = role.control
    ipm: bits[3] = role.control  # interrupt priority mask
    other_sp: bits[32] = role.control  # the stack pointer of the mode that is not the present one
    devices: bits[8] = role.external  # what RESET resets
    mem: memory[bits[25], bits[8], big]  # FC2 and 24 bits of address


@trap_entry
def enter(m, cause: Cause, value: bits[36]):
    """Status register and program counter go to the supervisor stack (UM 6.2.4); address errors save more.

    `value` is R/W, FC and the address; or n of TRAP #n.
    """
    word, traced = status_register(m), m.trace
    enter_supervisor(m)
    if cause == Cause.address_error:
        # How far beyond the instruction's first word the saved PC is, 2 to 10 bytes, is not documented (UM 6.3.9.1).
        push(m, m.pc + choose(bits[32]))
        push(m, word)
        push(m, choose(bits[16]))  # the instruction register
        push(m, value[31:0])
        push(m, cat(choose(bits[11]), value[35], bits[1](0), value[34:32]))  # R/W, I/N = 0: an instruction was being processed, FC
    else:
        push(m, m.next_pc if cause in FORCED else m.pc)
        push(m, word)
    go_to_vector(m, bits[32](0), vector_number(cause, value))
    if traced and cause in FORCED:  # then the trace exception, before the first instruction of the handler (UM 6.3.8)
        push(m, m.pc)
        push(m, status_register(m))
        go_to_vector(m, bits[32](0), vector_number(Cause.trace, value))


@instruction("0100 0000 11 ea", mnemonic="MOVE from SR", asm="move.w sr, {ea}", ea=data_alterable(2))
def move_from_sr(m, ea):
    """Not privileged on this processor (PRM 4, MOVE from SR). A destination in memory is read first, which nothing shows."""
    write(m, ea, 2, status_register(m))


@instruction("0100 1110 0111 0011", mnemonic="RTE", asm="rte")
def rte(m):
    supervisor_only(m)
    word, to = pull(m, 2), pull(m, 4)
    set_status_register(m, word)
    m.pc = to


@scenario("supervisor guest in user mode")
class SupervisorInUser:
    """Both guest modes run in user mode; the VMM passes the guest's trace bit on and keeps its own stack pointer usable."""

    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}
    timing = []  # the processor has no clock that a program could read

    def host(real, guest):
        return real.trace == guest.trace and real.other_sp[0] == 0
