"""Exception processing as both processors do it (UM 6.2): pushing words on the supervisor stack, reading a vector, tracing."""

from vmproof.lang import *
from state import *

SUPERVISOR_DATA = 0b101

# Exceptions that an instruction forces as its last step (UM 6.3.5): the saved PC is the next instruction's, and a trace follows (UM 6.3.8).
FORCED = (Cause.zero_divide, Cause.chk, Cause.trapv, Cause.trap)


def push_word(m, word):
    """To supervisor data space. With an odd stack pointer the processor would halt: that is a double bus fault (UM 5.4.4)."""
    m.a[7] = m.a[7] - 2
    m.mem.write(physical(bits[3](SUPERVISOR_DATA), m.a[7]), word)


def push(m, value):
    """A value of whole words, its most significant word at the lowest address."""
    for low in range(0, len(value), 16):
        push_word(m, value[low + 15 : low])


def go_to_vector(m, base, vector):
    """Vectors lie in supervisor data space (UM 6.2.1); each is read as two words, whose addresses wrap within the 24 bits of the bus."""
    at = base + (zext(vector, 32) << 2)
    m.pc = cat(*[m.mem.read(physical(bits[3](SUPERVISOR_DATA), at + offset), 2) for offset in (0, 2)])


def vector_number(cause, value):
    """UM table 6-2; for TRAP #n the value is n."""
    return zext(bits[6](cause), 8) + (value[7:0] if cause == Cause.trap else 0)


def enter_supervisor(m):
    """The first step of exception processing (UM 6.2.5): S is set and T cleared."""
    enter_mode(m, Mode.supervisor)
    m.trace = 0


@after_instruction
def trace(m, before):
    """UM 6.3.8: T set when an instruction begins makes a trace exception when it has ended."""
    if before.trace:
        trap(Cause.trace)
