"""The Motorola MC68010: what differs from the MC68000 (PRM 1.3, appendix A; UM 6.4), with the same storage.

MOVE from SR is privileged and MOVE from CCR stands in for it in user programs; exceptions go through a vector base register and leave
a format word, which RTE checks; MOVES, MOVEC, RTD and BKPT are new.
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
    vbr: bits[32] = role.control  # vector base (PRM 1.3.3)
    sfc: bits[3] = role.control  # function codes of MOVES (PRM 1.3.4)
    dfc: bits[3] = role.control
    devices: bits[8] = role.external  # what RESET resets
    mem: memory[bits[25], bits[8], big]  # FC2 and 24 bits of address


def push_format(m, format, vector):
    """Format and vector offset (UM 6.2.4, table 6-4)."""
    push(m, cat(bits[4](format), zext(vector, 12) << 2))


@trap_entry
def enter(m, cause: Cause, value: bits[36]):
    """Frames of format $0, or $8 after an address error (UM 6.2.4). `value`: R/W, FC, address; or n of TRAP #n."""
    word, traced = status_register(m), m.trace
    vector = vector_number(cause, value)
    enter_supervisor(m)
    if cause == Cause.address_error:
        push_fault(m, value)
        push_format(m, 8, vector)
        push(m, m.pc + choose(bits[32]))  # 2 to 10 bytes further, undocumented (UM 6.3.9.1)
    else:
        push_format(m, 0, vector)
        push(m, m.next_pc if cause in FORCED else m.pc)
    push(m, word)
    go_to_vector(m, m.vbr, vector)
    if traced and cause in FORCED:  # then the trace exception, before the first instruction of the handler (UM 6.3.8)
        push_format(m, 0, vector_number(Cause.trace, value))
        push(m, m.pc)
        push(m, status_register(m))
        go_to_vector(m, m.vbr, vector_number(Cause.trace, value))


def push_fault(m, value):
    """The upper 25 words of format $8 (UM 6.3.9.2, figure 6-8), three of them unwritten; what the internal ones hold is not documented."""
    for word in range(16):
        push(m, choose(bits[16]))  # internal information
    for buffer in range(3):
        push(m, choose(bits[16]))  # instruction input, data input, data output buffer
        m.a[7] = m.a[7] - 2
    push(m, value[31:0])
    # Special status word (figure 6-9): RR 0 (the processor is to rerun the cycle), IF, DF, RM, HB, BY; then R/W and FC.
    program = bits[1](value[33:32] == 0b10)
    push(m, cat(bits[2](0), program, value[35] & ~program, choose(bits[3]), value[35], choose(bits[5]), value[34:32]))


@instruction("0100 0000 11 ea", mnemonic="MOVE from SR", asm="move.w sr, {ea}", ea=data_alterable(2))
def move_from_sr(m, ea):
    """Privileged from the MC68010 on (PRM 6, MOVE from SR)."""
    supervisor_only(m)
    write(m, ea, 2, status_register(m))


@instruction("0100 0010 11 ea", mnemonic="MOVE from CCR", asm="move.w ccr, {ea}", ea=data_alterable(2))
def move_from_ccr(m, ea):
    """The condition codes as a word, its upper byte zero (PRM 4, MOVE from CCR)."""
    write(m, ea, 2, zext(bits[8](m.ccr), 16))


@instruction("0100 1110 0111 0011", mnemonic="RTE", asm="rte")
def rte(m):
    """UM 6.4: a format that is not $0 or $8 is a format error, and the frame stays. $8 continues the instruction from internal state."""
    supervisor_only(m)
    sp = m.a[7]
    word, to, format = m.load(sp, 2), m.load(sp + 2, 4), m.load(sp + 6, 2)[15:12]
    if format == 8:
        unpredictable()
    if format != 0:
        trap(Cause.format_error)
    m.a[7] = sp + 8
    set_status_register(m, word)
    m.pc = to


@instruction("0100 1110 0111 0100 + d16[16]", mnemonic="RTD", asm="rtd #{d16:signed}")
def rtd(m, d16):
    m.pc = pull(m, 4)
    m.a[7] = m.a[7] + sext(d16, 32)


@instruction("0100 1000 0100 1 n[3]", mnemonic="BKPT", asm="bkpt #{n}")
def bkpt(m, n):
    """A breakpoint cycle on the bus, then an illegal instruction exception (PRM 4, BKPT; UM 6.3.6)."""
    trap(Cause.illegal_instruction)


@instruction("0100 1110 0111 1010 + ad[1] rn[3] rc[12]", mnemonic="MOVEC", asm="movec ${rc:x3}, {ad:d|a}{rn}")
def movec_from(m, ad, rn, rc):
    """PRM 6, MOVEC: a register that the processor does not have is an illegal instruction."""
    supervisor_only(m)
    match rc:
        case 0x000:
            value = zext(m.sfc, 32)
        case 0x001:
            value = zext(m.dfc, 32)
        case 0x800:
            value = m.other_sp  # the user stack pointer
        case 0x801:
            value = m.vbr
        case _:
            trap(Cause.illegal_instruction)
    if ad:
        m.a[rn] = value
    else:
        m.d[rn] = value


@instruction("0100 1110 0111 1011 + ad[1] rn[3] rc[12]", mnemonic="MOVEC", asm="movec {ad:d|a}{rn}, ${rc:x3}")
def movec_to(m, ad, rn, rc):
    supervisor_only(m)
    value = m.a[rn] if ad else m.d[rn]
    match rc:
        case 0x000:
            m.sfc = value[2:0]
        case 0x001:
            m.dfc = value[2:0]
        case 0x800:
            m.other_sp = value
        case 0x801:
            m.vbr = value
        case _:
            trap(Cause.illegal_instruction)


def places(m, at, access, size, code):
    """Where the bytes of an access under a function code of its own lie."""
    return tuple(bus(m, at + offset, access, size if offset == 0 else 1, code) for offset in range(size))


for size, suffix, ss, immediate, after in SIZES:

    @instruction(
        "0000 1110 {ss} ea + ad[1] rn[3] 0 -----------",
        name=f"moves_{suffix}_load", mnemonic="MOVES", asm=f"moves.{suffix} {{ea}}, {{ad:d|a}}{{rn}}", ea=memory_alterable(size),
    )  # fmt: skip
    def moves_load(m, ea, ad, rn):
        """From the address space that SFC names; words and bytes are sign-extended into an address register (PRM 6, MOVES)."""
        supervisor_only(m)
        at = places(m, address(m, ea, size, 4), Access.read, size, m.sfc)
        value = cat(*(m.mem[place] for place in at))
        move_pointer(m, ea, size)
        if ad:
            m.a[rn] = sext(value, 32)
        else:
            m.d[rn][8 * size - 1 : 0] = value

    @instruction(
        "0000 1110 {ss} ea + ad[1] rn[3] 1 -----------",
        name=f"moves_{suffix}_store", mnemonic="MOVES", asm=f"moves.{suffix} {{ad:d|a}}{{rn}}, {{ea}}", ea=memory_alterable(size),
    )  # fmt: skip
    def moves_store(m, ea, ad, rn):
        """To the address space that DFC names. What An gives with (An)+ or -(An) of the same An is undefined (PRM 6, MOVES)."""
        supervisor_only(m)
        value = (m.a[rn] if ad else m.d[rn])[8 * size - 1 : 0]
        if ad and ea.reg == rn and ea.form in ("postinc", "predec"):
            value = choose(bits[8 * size])
        for offset, place in enumerate(places(m, address(m, ea, size, 4), Access.write, size, m.dfc)):
            low = 8 * (size - 1 - offset)
            m.mem[place] = value[low + 7 : low]
        move_pointer(m, ea, size)


@scenario("supervisor guest in user mode")
class SupervisorInUser:
    """Both guest modes run in user mode; the VMM passes the guest's trace bit on and keeps its own stack pointer and vector base even."""

    runs = {Mode.user: Mode.user, Mode.supervisor: Mode.user}
    timing = []  # the processor has no clock that a program could read

    def host(real, guest):
        return real.trace == guest.trace and real.other_sp[0] == 0 and real.vbr[0] == 0
