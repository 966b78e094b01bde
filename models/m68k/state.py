"""What the MC68000 and the MC68010 have in common: modes, exceptions, the status register, the bus.

PRM is Motorola's M68000PM/AD rev. 1 (Programmer's Reference Manual), UM is M68000UM rev. 9 (the 8-/16-/32-bit User's Manual).
"""

from vmproof.lang import *


class Mode(Enum):
    """The S bit of the status register (UM 6.1): the mode is nothing else."""

    user = 0
    supervisor = 1


class Cause(Enum):
    """Exceptions by vector number (UM table 6-2). Bus errors come from outside the processor: here every address answers."""

    address_error = 3
    illegal_instruction = 4
    zero_divide = 5
    chk = 6
    trapv = 7
    privilege_violation = 8
    trace = 9
    line_a = 10
    line_f = 11
    format_error = 14  # MC68010 only
    trap = 32  # TRAP #n has vector 32 + n


class Ccr(Layout[8]):
    """The user byte of the status register (PRM 1.1.4); bits 7 to 5 read as zero."""

    X: 4
    N: 3
    Z: 2
    V: 1
    C: 0


def status_register(m):
    """T, S, the interrupt mask and the condition codes as one word (PRM 1.3.2, figure 1-8); the other bits read as zero."""
    return cat(bits[1](m.trace), bits[1](0), bits[1](m.mode), bits[2](0), m.ipm, bits[8](m.ccr))


def set_status_register(m, word):
    m.trace = word[15]
    m.ipm = word[10:8]
    m.ccr = Ccr(word[7:0])
    enter_mode(m, Mode(word[13]))


def enter_mode(m, mode):
    """A7 is the stack pointer of the mode that S names; the other one is out of reach (PRM 1.3.1, UM 6.1.3)."""
    if m.mode != mode:
        m.a[7], m.other_sp = m.other_sp, m.a[7]
    m.mode = mode


def supervisor_only(m):
    """The privileged instructions of UM 6.3.7."""
    if m.mode != Mode.supervisor:
        trap(Cause.privilege_violation)


# The bus. FC2 is the S bit, FC1 and FC0 tell program (10) from data (01) references (UM 6.1.4, table 6-1). The platform decodes FC2 as one
# more address bit, so that supervisor storage lies apart from user storage: a 68000 has no memory management of its own, and without this
# anybody could write the vectors. A reference relative to PC is one to program space, which this platform does not tell from data space.


def function_code(m, access):
    return cat(bits[1](m.mode), bits[2](2) if access == Access.fetch else bits[2](1))


def physical(code, va):
    """The place of an address under a function code: 24 address lines (A0 is in the data strobes) and FC2."""
    return cat(code[2], va[23:0])


@translation
def bus(m, va: bits[32], access: Access, size, code=None) -> bits[25]:
    """Words and long words lie at even addresses, else there is an address error (UM 6.3.10).

    `size` counts bytes, `code` stands in for the function code of the present mode.
    """
    fc = function_code(m, access) if code is None else code
    if size > 1 and va[0]:
        trap(Cause.address_error, cat(bits[1](access != Access.write), fc, va))
    return physical(fc, va)


@fetch
def extension_word(m, at: bits[32]):
    return m.load(at, 2)
